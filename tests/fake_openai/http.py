"""As much of HTTP/1.1 as the fake needs: requests with a length, replies with a length or in chunks, connections that are kept."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http import HTTPStatus

MOST_HEADERS = 1 << 16
_PHRASES = {status.value: status.phrase for status in HTTPStatus}


@dataclass(frozen=True, slots=True)
class Request:
    """`headers` by their names in lower case."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes


async def read_request(reader: asyncio.StreamReader) -> Request | None:
    """None where the client closed the connection, or left in the middle of a request."""
    try:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in head[1:] if line)}
        body = await reader.readexactly(int(headers.get("content-length", 0)))
    except (asyncio.IncompleteReadError, ConnectionError):
        return None
    method, path, _ = head[0].split(" ", 2)
    return Request(method, path, headers, body)


def head(status: int, headers: Mapping[str, str]) -> bytes:
    reason = _PHRASES.get(status, "Overloaded")
    lines = [f"HTTP/1.1 {status} {reason}", *(f"{name}: {value}" for name, value in headers.items())]
    return "\r\n".join([*lines, "", ""]).encode("latin-1")


def chunk(data: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(data), data)


LAST_CHUNK = b"0\r\n\r\n"


class Pen:
    """Writes to a client, all at once or a byte every so many seconds. Returns when the kernel has it."""

    def __init__(self, writer: asyncio.StreamWriter, bytes_every: float) -> None:
        self._writer = writer
        self._every = bytes_every

    async def write(self, data: bytes) -> None:
        if not self._every:
            self._writer.write(data)
            await self._writer.drain()
            return
        for at in range(len(data)):
            self._writer.write(data[at : at + 1])
            await self._writer.drain()
            await asyncio.sleep(self._every)

    async def finish(self, data: bytes, note: Callable[[], None]) -> None:
        """Writes the closing bytes of a reply, noted before the client can have them."""
        note()
        await self.write(data)
