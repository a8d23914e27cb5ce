"""Sends one reply as its behaviour says, and keeps its record: what is sent is noted before the client can have it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from typing import Any

from assistant.types import Usage
from tests.fake_openai import shapes
from tests.fake_openai.behaviour import Behaviour, Fault
from tests.fake_openai.bill import Served, full_usage, usage_so_far
from tests.fake_openai.http import LAST_CHUNK, Pen, chunk, head
from tests.fake_openai.replies import prompt_of

Pause = Callable[[float], Awaitable[None]]
Told = Mapping[str, Any] | None
_JSON = {"content-type": "application/json"}
_EVENTS = {"content-type": "text/event-stream; charset=utf-8", "transfer-encoding": "chunked"}


class Delivery:
    """Of one reply. `pause` waits for so many seconds, or until the test says to go on. `free` and `chat` return whether the connection is
    kept."""

    def __init__(self, behaviour: Behaviour, record: Served, pen: Pen, pause: Pause) -> None:
        self._behaviour = behaviour
        self._record = record
        self._pen = pen
        self._pause = pause

    async def free(self, text: str) -> bool:
        """What is not charged for: this text, or what stands in its place."""
        behaviour = self._behaviour
        await self._pause(behaviour.delay)
        if behaviour.status != 200:
            text = shapes.error(behaviour)
        return await self._whole(text if behaviour.body is None else behaviour.body, None)

    async def chat(self, request: Mapping[str, Any], name: str) -> bool:
        """A chat completion, streamed where the request says so. `name` is its id."""
        behaviour = self._behaviour
        if behaviour.body is not None or behaviour.status != 200:
            return await self.free("")
        prompt = prompt_of(request)
        content = behaviour.refusal or behaviour.write(prompt)
        said = shapes.pieces(content)
        full = behaviour.usage or full_usage(prompt, len(said))
        self._record.usage = usage_so_far(full, 0)
        await self._pause(behaviour.delay)
        if behaviour.part <= 0:
            return False
        if request.get("stream"):
            asked = bool((request.get("stream_options") or {}).get("include_usage"))
            return await self._stream(said, full, name, asked=asked)
        return await self._completion(content, said, full, name)

    async def _completion(self, content: str, said: list[str], full: Usage, name: str) -> bool:
        behaviour, record = self._behaviour, self._record
        for seconds in (self._gap(said) * len(said), *behaviour.pauses.values()):
            await self._pause(seconds)
        if behaviour.endless:
            return await self._endless_body(full)
        record.pieces, record.usage = len(said), full
        told = behaviour.tells(full)
        if behaviour.fault and behaviour.fault.kind == "error":
            return await self._whole(shapes.error(behaviour), None)
        return await self._whole(shapes.completion(behaviour, content, name, record.model, told), told)

    async def _whole(self, text: str, told: Told) -> bool:
        behaviour, body = self._behaviour, text.encode()
        kind = behaviour.fault.kind if behaviour.fault else None
        part = 0.5 if kind in ("cut", "torn") else behaviour.part
        if part <= 0:
            return False
        if kind == "garbled":
            body = body[: len(body) // 2]
        await self._pen.write(head(behaviour.status, {**_JSON, **behaviour.headers, "content-length": str(len(body))}))
        if part < 1:
            await self._pen.write(body[: int(len(body) * part)])
            return False
        await self._pen.write(body[:-1])
        await self._pen.finish(body[-1:], lambda: self._done(told))
        return True

    async def _endless_body(self, full: Usage) -> bool:
        await self._pen.write(head(200, {**_JSON, "transfer-encoding": "chunked"}))
        while True:
            self._count(full)
            await self._pen.write(chunk(self._behaviour.endless.encode()))

    async def _stream(self, said: list[str], full: Usage, name: str, *, asked: bool) -> bool:
        behaviour, told = self._behaviour, self._behaviour.tells(full)
        fault, gap = self._fault(len(said)), self._gap(said)
        await self._pen.write(head(200, {**_EVENTS, **behaviour.headers}))
        for at, event in enumerate(shapes.events(behaviour, said, name, self._record.model, asked=asked, told=told)):
            if fault and fault.at == at:
                if fault.kind != "garbled":
                    return await self._break_off(fault, event)
                event = replace(event, data=event.data[: len(event.data) // 2])
            await self._wait_for(event, gap)
            if event.kind == "done":
                await self._pen.finish(_sent(event.data) + LAST_CHUNK, lambda: self._done(self._record.reported))
                return True
            self._note(event, full, told)
            await self._pen.write(_sent(event.data))
        await self._pen.finish(LAST_CHUNK, lambda: self._done(self._record.reported))
        return True

    def _fault(self, pieces: int) -> Fault | None:
        """A stream of which a part arrives is cut within its pieces."""
        return Fault("cut", 1 + int(pieces * self._behaviour.part)) if self._behaviour.part < 1 else self._behaviour.fault

    async def _break_off(self, fault: Fault, event: shapes.Event) -> bool:
        if fault.kind == "error":
            await self._pen.write(_sent(shapes.error(self._behaviour)) + LAST_CHUNK)
            return True
        if fault.kind == "torn":
            await self._pen.write(_sent(event.data)[: len(event.data) // 2])
        return False

    def _gap(self, said: list[str]) -> float:
        """Seconds between two pieces."""
        return self._behaviour.lasts / max(len(said) - 1, 1) or self._behaviour.pieces_every

    async def _wait_for(self, event: shapes.Event, gap: float) -> None:
        sent = self._record.pieces
        # A loop that never waits would not see that the client has left.
        await asyncio.sleep(gap if event.kind == "piece" and sent else 0)
        if event.kind in ("piece", "finish"):
            await self._pause(self._behaviour.pauses.get(sent, 0))

    def _note(self, event: shapes.Event, full: Usage, told: Told) -> None:
        if event.kind == "piece":
            self._count(full)
        elif event.kind == "finish":
            self._record.usage = full
        elif event.kind == "usage":
            self._record.reported = told

    def _count(self, full: Usage) -> None:
        self._record.pieces += 1
        self._record.usage = usage_so_far(full, self._record.pieces)

    def _done(self, told: Told) -> None:
        self._record.reported = told
        self._record.complete = True


def _sent(data: str) -> bytes:
    return chunk(f"data: {data}\n\n".encode())
