"""Asks for streams over bare sockets, so that hundreds of them cost the one who measures little.

A question carries a running number, so that no cache answers it and what the server and the provider did for it can be found again.
Moments are of the monotonic clock, which all processes of a machine share.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal
from urllib.parse import urlsplit

LONGEST_WAIT = 90.0
_EVENTS = ("evidence", "sentence", "done")


@dataclass(frozen=True, slots=True)
class Leave:
    """When a client goes: so many seconds after it asked, or after the first event of a kind. `rudely`: by a reset, as when a process is
    killed; else as a browser's tab is closed."""

    after: float
    since: Literal["asked", "evidence", "sentence"]
    rudely: bool


@dataclass(slots=True)
class Asked:
    """One stream as its client saw it. `moments` holds `asked`, the first event of each kind, and `left`; `late` is by how much it was
    asked after its time."""

    number: int
    late: float = 0.0
    moments: dict[str, float] = field(default_factory=dict)
    reply: dict[str, Any] | None = None
    error: str | None = None

    def since_asked(self, event: str) -> float:
        return self.moments[event] - self.moments["asked"]


async def ask(url: str, question: str, asked: Asked, leave: Leave | None = None) -> Asked:
    """Returns when the server has closed the connection, or the client has."""
    to = urlsplit(url)
    body = json.dumps({"question": question, "stream": True})
    head = f"POST /v1/ask HTTP/1.1\r\nhost: {to.netloc}\r\ncontent-type: application/json\r\ncontent-length: {len(body.encode())}"
    request = f"{head}\r\nconnection: close\r\n\r\n{body}".encode()
    asked.moments["asked"] = time.monotonic()
    try:
        async with asyncio.timeout(LONGEST_WAIT):
            loop = asyncio.get_running_loop()
            _, stream = await loop.create_connection(lambda: _Stream(request, asked, leave), to.hostname or "", to.port or 80)
            await stream.ended
    except (OSError, TimeoutError) as error:
        asked.error = type(error).__name__
    return asked


async def ask_at(url: str, numbered: Iterable[tuple[int, str]], rate: float, leaves: Sequence[Leave | None] = (None,)) -> list[Asked]:
    """One question after the other, `rate` a second, however long their answers take; each by the next of `leaves`, in turn."""
    loop = asyncio.get_running_loop()
    began, asking = loop.time(), []
    for turn, (number, question) in enumerate(numbered):
        await asyncio.sleep(began + turn / rate - loop.time())
        asked = Asked(number, late=loop.time() - began - turn / rate)
        asking.append(asyncio.create_task(ask(url, question, asked, leaves[turn % len(leaves)])))
    return list(await asyncio.gather(*asking))


class _Stream(asyncio.Protocol):
    def __init__(self, request: bytes, asked: Asked, leave: Leave | None) -> None:
        self.ended = asyncio.get_running_loop().create_future()
        self._request = request
        self._asked = asked
        self._leave = leave
        self._heard = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        transport.write(self._request)
        self._meet("asked")

    def data_received(self, data: bytes) -> None:
        now = time.monotonic()
        self._heard += data
        for event in _EVENTS:
            if event not in self._asked.moments and b"event: %b\n" % event.encode() in self._heard:
                self._asked.moments[event] = now
                self._meet(event)

    def connection_lost(self, exc: Exception | None) -> None:
        if "left" not in self._asked.moments:
            self._read(exc)
        if not self.ended.done():
            self.ended.set_result(None)

    def _meet(self, event: str) -> None:
        if self._leave and self._leave.since == event:
            asyncio.get_running_loop().call_later(self._leave.after, self._go)

    def _go(self) -> None:
        if self._transport.is_closing():
            return
        self._asked.moments["left"] = time.monotonic()
        if self._leave and self._leave.rudely:
            self._transport.abort()
        else:
            self._transport.close()

    def _read(self, exc: Exception | None) -> None:
        """What came in the end, or what came in its place."""
        status, _, rest = self._heard.partition(b"\r\n")
        _, found, done = rest.partition(b"event: done\ndata: ")
        if found and b"\n" in done:
            self._asked.reply = json.loads(done.partition(b"\n")[0])
        else:
            failed = rest.partition(b"event: error\ndata: ")[2].partition(b"\n")[0]
            self._asked.error = (failed or status).decode() or f"closed ({exc})"
