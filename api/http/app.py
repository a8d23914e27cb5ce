"""The HTTP door: one application around one Assistant, given to it."""

from __future__ import annotations

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
