"""A reply as server-sent events: `evidence`, each `sentence` when it is proven, then `done` with the whole reply.

What is wrong with the request or the index is told before the stream begins, with its status. Where the client goes away, answering is
cancelled, and with it the call to the model.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from http import HTTPStatus
from typing import Any

import structlog
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
STREAMED: dict[int | str, dict[str, Any]] = {
    HTTPStatus.OK: {
        "description": "The reply; with `stream`, events whose data are an EvidenceEvent, SentenceEvents and the reply.",
        "content": {"text/event-stream": {"schema": {"type": "string"}}},
    }
}
log = structlog.get_logger()


async def streamed(core: Assistant, question: Question) -> StreamingResponse:
    """Answering begins at once. Sending it raises what `Assistant.ask` does, where nothing was sent yet."""
    events: asyncio.Queue[Event | None] = asyncio.Queue()
    answering = asyncio.create_task(core.ask(question, events.put_nowait))
    answering.add_done_callback(lambda _: events.put_nowait(None))
    return _Stream(events, answering)


class _Stream(StreamingResponse):
    """`events` end with None, when `answering` does. Whether the client leaves is looked for from the beginning: Starlette's stream does
    so once there is something to send, and a follow-up may have been with a model by then."""

    def __init__(self, events: asyncio.Queue[Event | None], answering: asyncio.Task[Reply]) -> None:
        self._events = events
        self._answering = answering
        super().__init__(self._sent(), media_type="text/event-stream", headers=_HEADERS)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002  # ASGI's
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
        event = self._first
        while event is not None:
            yield _of_event(event)
            waiting = asyncio.ensure_future(self._events.get())
            while not (await asyncio.wait({waiting}, timeout=HEARTBEAT))[0]:
                yield b": still answering\n\n"
            event = waiting.result()
        if not self._answering.cancelled():
            yield _of_end(self._answering)


def _of_event(event: Event) -> bytes:
    if isinstance(event, Found):
        return _written("evidence", EvidenceEvent(evidence=[PlaceOut.model_validate(place) for place in event.places]))
    return _written("sentence", SentenceEvent.model_validate(event))


def _of_end(answering: asyncio.Task[Reply]) -> bytes:
    if (error := answering.exception()) is None:
        return _written("done", ReplyOut.model_validate(answering.result()))
    log.error("stream failed", exc_info=error)
    return format_sse_event(event="error", data_str=bytes(problem_of(error).body).decode())


def _written(name: str, data: BaseModel) -> bytes:
    return format_sse_event(event=name, data_str=data.model_dump_json())
