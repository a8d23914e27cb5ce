"""The shapes of `/v1/chat/completions` and `/v1/models`: as much of OpenAI's as an answer from documents has.

What clients send as a matter of course (temperature, the number of tokens, stop, …) has no field and is not read. What would make the reply
another one than was asked for is refused by name.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Discriminator, Field, Tag
from pydantic_core import PydanticCustomError

from api.http.schemas import ReplyOut

MODEL = "footnote"


def _nothing_but(told: str, *allowed: object) -> BeforeValidator:
    """Says in words of one's own what else is not to be had."""

    def check(value: object) -> object:
        if value not in allowed:
            raise PydanticCustomError("not_to_be_had", told)
        return value

    return BeforeValidator(check)


def _kind(content: object) -> str | None:
    if isinstance(content, str):
        return "text"
    return "parts" if isinstance(content, list) else None


class Sent(BaseModel):
    model_config = ConfigDict(extra="ignore")


class PartIn(Sent):
    type: Annotated[Literal["text"], _nothing_but("only text is read here, no pictures, sound or files", "text")]
    text: str


_Content = Annotated[
    Annotated[str, Tag("text")] | Annotated[list[PartIn], Tag("parts")],
    Discriminator(_kind, custom_error_type="no_content", custom_error_message="must be text, or a list of parts that are text"),
]


class MessageIn(Sent):
    role: Literal["system", "developer", "user", "assistant"] = Field(description="What system and developer say is not read.")
    content: _Content | None = None

    @property
    def text(self) -> str:
        if isinstance(self.content, list):
            return "\n".join(part.text for part in self.content)
        return self.content or ""


class ResponseFormatIn(Sent):
    type: Annotated[Literal["text"], _nothing_but("replies are text, no JSON", "text")]


class StreamOptionsIn(Sent):
    include_usage: bool | None = None


_NoTools = Annotated[Annotated[list[Any], Field(max_length=0)] | None, _nothing_but("no tools are called here; leave them out", None, [])]


class ChatIn(Sent):
    model: str = Field(description=f"`{MODEL}`, the only one there is.", examples=[MODEL])
    messages: list[MessageIn] = Field(
        min_length=1,
        description="The last message of the user is the question, the turns before it are the conversation.",
        examples=[[{"role": "user", "content": "How many days of annual leave do I get?"}]],
    )
    stream: bool | None = Field(default=None, strict=True, description="Send server-sent events, `chat.completion.chunk` each.")
    stream_options: StreamOptionsIn | None = None
    n: Annotated[Literal[1] | None, _nothing_but("one reply is given to a question; leave it out", 1, None)] = None
    response_format: ResponseFormatIn | None = None
    tools: _NoTools = None
    functions: _NoTools = None


class UrlCitationOut(BaseModel):
    """`content[start_index:end_index]` is the mark, in characters."""

    start_index: int
    end_index: int
    title: str
    url: str


class AnnotationOut(BaseModel):
    type: Literal["url_citation"] = "url_citation"
    url_citation: UrlCitationOut


class MessageOut(BaseModel):
    role: Literal["assistant"] = "assistant"
    content: str
    refusal: None = None
    annotations: list[AnnotationOut]


FinishReason = Literal["stop", "content_filter"]


class ChoiceOut(BaseModel):
    index: Literal[0] = 0
    message: MessageOut
    logprobs: None = None
    finish_reason: FinishReason


class UsageOut(BaseModel):
    prompt_tokens: int
    completion_tokens: int
    total_tokens: int


class ChatOut(BaseModel):
    """`footnote` is the whole reply, as `POST /v1/ask` gives it."""

    id: str
    object: Literal["chat.completion"] = "chat.completion"
    created: int
    model: str = MODEL
    choices: list[ChoiceOut]
    usage: UsageOut
    footnote: ReplyOut


class ModelOut(BaseModel):
    id: str = MODEL
    object: Literal["model"] = "model"
    created: int = Field(default=0, description="Always 0: it answers from what is published at the moment.")
    owned_by: str = MODEL


class ModelsOut(BaseModel):
    object: Literal["list"] = "list"
    data: list[ModelOut]
