"""The HTTP door: one application around one Assistant, given to it."""

from __future__ import annotations

import gc
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.metadata import version

from fastapi import FastAPI

from api.http import problems
from api.http.routes import router
from api.http.schemas import Problem
from assistant.answering import Assistant


def create_app(assistant: Assistant) -> FastAPI:
    """The caller opens and closes the Assistant; the application warms it up before it takes its first request."""

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        await assistant.warm_up()
        _settle()
        yield

    app = FastAPI(
        title="Footnote",
        version=version("footnote"),
        summary="Answers from the company's own documents, with verbatim quotes, or a refusal.",
        lifespan=lifespan,
        responses={"4XX": {"model": Problem}, "5XX": {"model": Problem}},
    )
    app.state.assistant = assistant
    app.include_router(router)
    problems.install(app)
    return app


def _settle() -> None:
    """What is loaded by now stays: models, index, libraries, more than half a million objects. Each full collection would look through all
    of them, and everything stands still meanwhile, for a quarter of a second and more."""
    gc.collect()
    gc.freeze()
