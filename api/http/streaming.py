"""A reply as server-sent events while it comes, in the words of a script: Footnote's own are `evidence`, each `sentence` when it is proven,
then `done` with the whole reply.

What is wrong with the request or the index is told before the stream begins, with its status. Where the client goes away, answering is
cancelled, and with it the call to the model.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from http import HTTPStatus
from typing import Any, Protocol

import structlog
from fastapi import Request
from fastapi.responses import StreamingResponse
from fastapi.sse import format_sse_event
from pydantic import BaseModel
from starlette.types import Receive, Scope, Send

from api.http.problems import problem_of
from api.http.schemas import EvidenceEvent, PlaceOut, ReplyOut, SentenceEvent
from assistant.answering import Assistant
from assistant.events import Event, Found
from assistant.types import Question, Reply

# Proxies and clients give up on a connection that says nothing for long. Seconds.
HEARTBEAT = 10.0
_HEADERS = {"cache-control": "no-cache", "x-accel-buffering": "no"}
# What each event is, for the description of the API.
EVENT = {"type": "object", "properties": {"event": {"type": "string"}, "data": {"type": "string"}}, "required": ["data"]}
STREAMED: dict[int | str, dict[str, Any]] = {
    HTTPStatus.OK: {
        "description": "The reply; with `stream`, events whose data are an EvidenceEvent, SentenceEvents and the reply.",
        "content": {"text/event-stream": {"schema": EVENT}},
    }
}
log = structlog.get_logger()


class Script(Protocol):
    """How a stream is written: what stands at its beginning, what an event becomes (nothing, where it is not told), how it ends."""

    def begin(self) -> bytes: ...

    def event(self, event: Event) -> bytes: ...

    def end(self, reply: Reply) -> bytes: ...

    def failure(self, error: BaseException) -> bytes: ...


class Events:
    """The script of `/v1/ask`."""

    def begin(self) -> bytes:
        return b""

    def event(self, event: Event) -> bytes:
        if isinstance(event, Found):
            return _written("evidence", EvidenceEvent(evidence=[PlaceOut.model_validate(place) for place in event.places]))
        return _written("sentence", SentenceEvent.model_validate(event))

    def end(self, reply: Reply) -> bytes:
        return _written("done", ReplyOut.model_validate(reply))

    def failure(self, error: BaseException) -> bytes:
        return format_sse_event(event="error", data_str=problem_of(error).problem.model_dump_json())


async def streamed(core: Assistant, question: Question, script: Script) -> StreamingResponse:
    """Answering begins at once. Sending it raises what `Assistant.ask` does, where nothing was sent yet."""
    events: asyncio.Queue[Event | None] = asyncio.Queue()
    answering = asyncio.create_task(core.ask(question, events.put_nowait))
    answering.add_done_callback(lambda _: events.put_nowait(None))
    return _Stream(events, answering, script)


class _Stream(StreamingResponse):
    """`events` end with None, when `answering` does. Whether the client leaves is looked for from the beginning: Starlette's stream does
    so once there is something to send, and a follow-up may have been with a model by then."""

    def __init__(self, events: asyncio.Queue[Event | None], answering: asyncio.Task[Reply], script: Script) -> None:
        self._events = events
        self._answering = answering
        self._script = script
        super().__init__(self._sent(), media_type="text/event-stream", headers=_HEADERS)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self._state = Request(scope).state
        leaving = asyncio.create_task(self.listen_for_disconnect(receive))
        leaving.add_done_callback(lambda _: self._answering.cancel())
        try:
            self._first = await self._events.get()
            if self._first is None and not self._answering.cancelled():
                await self._answering
            await self.stream_response(send)
        finally:
            leaving.cancel()

    async def _sent(self) -> AsyncIterator[bytes]:
        event, written = self._first, self._script.begin()
        while event is not None:
            yield written + self._script.event(event)
            written = b""
            waiting = asyncio.ensure_future(self._events.get())
            while not (await asyncio.wait({waiting}, timeout=HEARTBEAT))[0]:
                yield b": still answering\n\n"
            event = waiting.result()
        if not self._answering.cancelled():
            yield written + self._end()

    def _end(self) -> bytes:
        if (error := self._answering.exception()) is None:
            reply = self._answering.result()
            self._state.trace_id = reply.trace_id
            return self._script.end(reply)
        log.error("stream failed", exc_info=error)
        return self._script.failure(error)


def _written(name: str, data: BaseModel) -> bytes:
    return format_sse_event(event=name, data_str=data.model_dump_json())
