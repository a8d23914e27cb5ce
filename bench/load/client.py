"""Asks over bare sockets that stay open, so that the one who measures costs little beside what is measured."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import count
from urllib.parse import urlsplit

ASK = "/v1/ask"
HEALTH = "/healthz"
OK = 200
TURNED_AWAY = 503
LONGEST_WAIT = 60.0
# uvicorn closes a connection that was idle for five seconds.
_KEPT = 4.0
_REFUSED = b'"kind":"refusal"'


@dataclass(frozen=True, slots=True)
class Asked:
    """One request as its client saw it, by the monotonic clock. `ending` is the status, or the kind of error that came in its place;
    `late` is by how many seconds it was sent after its time."""

    at: float
    until: float
    ending: int | str
    size: int = 0
    refused: bool = False
    retry_after: float = 0.0
    late: float = 0.0

    @property
    def milliseconds(self) -> float:
        return (self.until - self.at) * 1000


def questions(url: str, texts: Sequence[str]) -> Iterator[bytes]:
    """Requests that ask, without an end. Each pass has one blank more at a question's end: to the gate it is the same question, to what
    remembers the vectors of texts another one."""
    for blanks in count():
        for text in texts:
            body = json.dumps({"question": text + " " * blanks}).encode()
            yield _head("POST", ASK, url, "content-type: application/json", f"content-length: {len(body)}") + body


def health(url: str) -> bytes:
    """A request after which the connection is closed: whoever looks comes anew."""
    return _head("GET", HEALTH, url, "connection: close")


def _head(method: str, path: str, url: str, *headers: str) -> bytes:
    return "\r\n".join([f"{method} {path} HTTP/1.1", f"host: {urlsplit(url).netloc}", *headers, "", ""]).encode()


class Line:
    """A connection that is opened with the first request, and again where it was closed."""

    def __init__(self, url: str) -> None:
        self._to = urlsplit(url)
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None
        self._used = 0.0

    async def send(self, request: bytes, late: float = 0.0) -> Asked:
        began = time.monotonic()
        try:
            async with asyncio.timeout(LONGEST_WAIT):
                status, headers, body = await self._exchange(request)
        except (OSError, EOFError, TimeoutError) as error:
            self.close()
            return Asked(began, time.monotonic(), type(error).__name__, late=late)
        self._used = time.monotonic()
        if headers.get("connection") == "close":
            self.close()
        return Asked(began, self._used, status, len(body), _REFUSED in body, float(headers.get("retry-after", "0")), late)

    def close(self) -> None:
        if self._streams:
            self._streams[1].close()
            self._streams = None

    async def _exchange(self, request: bytes) -> tuple[int, dict[str, str], bytes]:
        if time.monotonic() - self._used > _KEPT:
            self.close()
        if self._streams is None:
            self._streams = await asyncio.open_connection(self._to.hostname, self._to.port)
        reader, writer = self._streams
        writer.write(request)
        status, headers = read_head(await reader.readuntil(b"\r\n\r\n"))
        return status, headers, await reader.readexactly(int(headers.get("content-length", "0")))


def read_head(head: bytes) -> tuple[int, dict[str, str]]:
    """The status and the headers, whose names are in small letters."""
    first, *rest = head.decode("latin-1").rstrip("\r\n").split("\r\n")
    fields = (line.partition(":") for line in rest)
    return int(first.split(" ")[1]), {name.lower(): value.strip() for name, _, value in fields}
