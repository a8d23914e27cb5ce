"""The HTTP door: one application around one Assistant, given to it."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.metadata import version

from fastapi import FastAPI

from api.http import problems
from api.http.doors import Doors
from api.http.openai_chat import openai_router
from api.http.openapi import describe
from api.http.room import Room
from api.http.routes import router
from api.http.schemas import Problem
from api.http.shield import Shield
from api.monitoring.drift import Drift
from api.monitoring.logs import RequestLog
from api.monitoring.metrics import Metrics
from api.monitoring.requests import Watch
from assistant.answering import Assistant

# So many collections of the middle generation before a full one; Python's own number is 10.
_SELDOM = 100
# Seconds from one that is made to the next.
_COLLECTED = 60.0


def create_app(assistant: Assistant, doors: Doors | None = None) -> FastAPI:
    """The caller opens and closes the Assistant; the application warms it up before it takes its first request. Without `doors` everybody
    is the local user."""

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        await assistant.warm_up()
        _settle()
        collecting = asyncio.create_task(_collect_every(_COLLECTED))
        yield
        collecting.cancel()

    app = FastAPI(
        title="Footnote",
        version=version("footnote"),
        summary="Answers from the company's own documents, with verbatim quotes, or a refusal.",
        lifespan=lifespan,
        responses={"4XX": {"model": Problem}, "5XX": {"model": Problem}},
    )
    app.state.assistant = assistant
    app.state.doors = doors = doors or Doors()
    app.state.room = room = Room(doors.most_at_work, lambda: assistant.with_models)
    app.state.metrics = metrics = Metrics(assistant, Drift(assistant.ledger.path))
    assistant.ledger.listen(metrics.finished)
    app.include_router(router)
    app.include_router(openai_router)
    problems.install(app)
    describe(app)
    app.add_middleware(Shield, room, loopback_only=doors.loopback_only)
    app.add_middleware(Watch, (metrics.served, RequestLog()))
    return app


async def _collect_every(seconds: float) -> None:
    """Where little is asked a full collection might not come for an hour, and an old generation with its open file would hang on until
    then, held by what is left of a request that read it."""
    while True:
        await asyncio.sleep(seconds)
        gc.collect()


def _settle() -> None:
    """While a full collection looks through all objects, everything stands still. So it leaves out what is loaded by now and stays (models,
    index, libraries: more than half a million objects, a quarter of a second), and comes seldom: hundreds of open streams are 300,000 more,
    which took a fifth of a second every five, for next to nothing that was found."""
    gc.collect()
    gc.freeze()
    young, middle, _ = gc.get_threshold()
    gc.set_threshold(young, middle, _SELDOM)
