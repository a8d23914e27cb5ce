"""The server that runs on this FOOTNOTE_HOME, if there is one: asked instead of loading everything again."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from assistant.errors import FootnoteError, InvalidRequest
from assistant.generation import Home

_CONNECT = 1.0
_ANSWER = 300.0


@contextmanager
def announced(home: Path, url: str) -> Iterator[None]:
    """Leaves word of this server in FOOTNOTE_HOME while it runs."""
    file = Home(home).server_file
    file.write_text(json.dumps({"url": url, "pid": os.getpid()}), encoding="utf-8")
    try:
        yield
    finally:
        file.unlink(missing_ok=True)


def post(home: Path, path: str, body: dict[str, Any]) -> dict[str, Any] | None:
    """The server's reply, None where none runs, or it wants a key: whoever may read its files needs none. Raises what the server's problem
    says."""
    url = _url(home)
    if url is None:
        return None
    import httpx

    try:
        with httpx.Client(base_url=url, timeout=httpx.Timeout(_ANSWER, connect=_CONNECT), trust_env=False) as client:
            response = client.post(path, json=body)
            reply: dict[str, Any] = response.json()
    except (httpx.TransportError, ValueError):
        return None
    if response.status_code == httpx.codes.UNAUTHORIZED:
        return None
    if response.status_code == httpx.codes.UNPROCESSABLE_ENTITY:
        first = reply["errors"][0]
        raise InvalidRequest(first["field"], first["message"])
    if response.is_error:
        raise FootnoteError(reply["detail"])
    return reply


def _url(home: Path) -> str | None:
    try:
        return str(json.loads(Home(home).server_file.read_text(encoding="utf-8"))["url"])
    except (OSError, ValueError, KeyError):
        return None
