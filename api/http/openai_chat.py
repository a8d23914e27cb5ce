"""The two operations that OpenAI's clients call: Footnote as a model that one can chat with."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from fastapi import APIRouter, Depends, Response

from api.http.callers import Asker, Core, needs
from api.http.openai_errors import COMPLETIONS, MODELS, ErrorOut
from api.http.openai_schemas import MODEL, ChatIn, ChatOut, ModelOut, ModelsOut
from api.http.openai_shapes import chat_out, question_of
from api.http.openai_stream import Chunks
from api.http.streaming import EVENT, streamed
from api.monitoring.requests import TRACE_HEADER
from assistant.errors import NotFound

_STREAMED: dict[int | str, dict[str, Any]] = {
    HTTPStatus.OK: {
        "description": "The completion; with `stream`, events whose data are chunks of it, then `[DONE]`.",
        "content": {"text/event-stream": {"schema": EVENT}},
    }
}
openai_router = APIRouter(tags=["openai"], responses={"4XX": {"model": ErrorOut}, "5XX": {"model": ErrorOut}})


@openai_router.post(COMPLETIONS, response_model=ChatOut, responses=_STREAMED)
async def chat_completions(body: ChatIn, core: Core, asker: Asker, response: Response) -> ChatOut | Response:
    """Answers the last message of the user from the documents, with footnotes in the text, or says that they do not answer it."""
    if body.model != MODEL:
        raise NotFound(f"There is no such model here. The one that there is is called {MODEL}.")
    question = question_of(body.messages, asker)
    if body.stream:
        with_usage = body.stream_options is not None and body.stream_options.include_usage is True
        return await streamed(core, question, Chunks(with_usage=with_usage))
    reply = await core.ask(question)
    response.headers[TRACE_HEADER] = reply.trace_id
    return chat_out(reply)


@openai_router.get(MODELS, dependencies=[Depends(needs("ask"))])
async def models() -> ModelsOut:
    """The one model that there is."""
    return ModelsOut(data=[ModelOut()])
