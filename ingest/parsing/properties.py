"""What a document's own properties state of it."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import fields

from assistant.errors import ParseError
from ingest.types import Metadata

KEYS = frozenset(field.name for field in fields(Metadata))
_SEVERAL = frozenset(["groups", "supersedes"])


def stated(properties: Iterable[tuple[str | None, str | None]]) -> dict[str, object]:
    """Front matter from properties by name, as people add them to a file in their office program: those that are metadata, the rest
    left out. Groups and superseded files stand between ";" or ",". A key without a value states nothing, but groups without one are
    passed on as None, because the writer may have meant anything. Raises ParseError where a key is given twice."""
    found: dict[str, object] = {}
    for name, value in properties:
        key = (name or "").strip().lower()
        if key not in KEYS:
            continue
        if key in found:
            raise ParseError(f'The document property "{key}" is given twice. Keep one.')
        text = (value or "").strip()
        parts = [part.strip() for part in re.split("[;,]", text) if part.strip()]
        found[key] = (parts if key in _SEVERAL else text) or None
    return found
