"""Opaque places in a listing."""

from __future__ import annotations

import base64
import binascii
import json

from assistant.errors import InvalidRequest


def encode(*key: str) -> str:
    return base64.urlsafe_b64encode(json.dumps(key).encode()).decode().rstrip("=")


def decode(cursor: str, length: int) -> tuple[str, ...]:
    """The key of `length` strings that `encode` was given. Raises InvalidRequest for anything else."""
    try:
        key = json.loads(base64.urlsafe_b64decode(cursor.encode() + b"=" * (-len(cursor) % 4)))
    except (binascii.Error, ValueError):
        key = None
    if not isinstance(key, list) or len(key) != length or not all(isinstance(part, str) for part in key):
        raise InvalidRequest("cursor", "is not one that this server gave")
    return tuple(key)
