"""A chat model through LangChain, one request a call: whoever calls repeats, books and reads."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Mapping, Sequence
from contextlib import aclosing
from functools import partial
from typing import Any

from assistant.adapters.chat_connections import OPENAI, Connections, connect, openai_like
from assistant.adapters.chat_failures import Failure, failure, vendor_errors
from assistant.adapters.chat_reply import ReplyParts
from assistant.errors import ModelFailed
from assistant.ports import Completion, Hear, Message

# What some models or servers refuse, by the words in which they do; it is then left out.
_OPTIONAL = {
    "temperature": ("temperature",),
    "schema": ("response_format", "json_schema", "structured output"),
    "stream_usage": ("stream_options", "include_usage"),
}


class LangChainChatModel:
    """Implements `assistant.ports.ChatModel`.

    `name` is what init_chat_model takes ("openai:gpt-5-mini"); key and address come from the provider's own environment variables
    (OPENAI_API_KEY, OPENAI_BASE_URL) unless given. Raises SettingsError where the name, the provider's package or its key is missing.
    """

    def __init__(self, name: str, *, temperature: float = 0.0, api_key: str | None = None, base_url: str | None = None) -> None:
        arguments = {key: value for key, value in {"api_key": api_key, "base_url": base_url}.items() if value is not None}
        chat = connect(name, **arguments)
        self._name = name
        self._model = str(getattr(chat, "model_name", None) or getattr(chat, "model", name))
        package = type(chat).__module__.partition(".")[0].removeprefix("langchain_")
        self._provider = name.removesuffix(self._model).rstrip(":") or package
        self._temperature = temperature
        self._wanted = frozenset(_OPTIONAL)
        make = partial(openai_like(chat), model=self._model, **arguments) if self._is_openai else partial(connect, name, **arguments)
        self._connections = Connections(make, shared=self._is_openai)

    @property
    def name(self) -> str:
        return self._name

    @property
    def provider(self) -> str:
        return self._provider

    @property
    def model(self) -> str:
        return self._model

    async def complete(
        self, messages: Sequence[Message], *, most_tokens: int, schema: Mapping[str, object] | None = None, hear: Hear | None = None
    ) -> Completion:
        """`schema` goes to OpenAI and the servers that imitate it, titled; with other providers the prompt has to ask. What a server
        refuses is left out from then on, and the request fails so that it may be made again at once."""
        from langsmith import tracing_context

        wanted = self._wanted
        chat = await self._connections.chat(**self._options(wanted, most_tokens))
        more = _response_format(chat, schema) if schema and self._is_openai and "schema" in wanted else {}
        said = [(message.role, message.content) for message in messages]
        parts = ReplyParts(self._model, says_why=self._is_openai and hear is not None, adds_up=not self._is_openai)
        with tracing_context(enabled=False):  # a LANGSMITH_TRACING left in the environment must not send documents away
            replies = chat.astream(said, **more) if hear is not None else _whole(chat.ainvoke(said, **more))
            async with aclosing(self._pieces(replies, parts, wanted)) as pieces:
                async for piece in pieces:
                    if hear is not None and piece:
                        hear(piece)
        return parts.completion()

    @property
    def _is_openai(self) -> bool:
        return self._provider in OPENAI

    def _options(self, wanted: frozenset[str], most_tokens: int) -> dict[str, Any]:
        options: dict[str, Any] = {"max_tokens": most_tokens}
        if "temperature" in wanted:
            options["temperature"] = self._temperature
        if self._is_openai:
            options["stream_usage"] = "stream_usage" in wanted
        return options

    async def _pieces(self, replies: AsyncGenerator[Any, None], parts: ReplyParts, wanted: frozenset[str]) -> AsyncGenerator[str, None]:
        found = None
        try:
            async with aclosing(replies):
                async for reply in replies:
                    yield parts.add(reply)
        except vendor_errors() as error:
            found = failure(error)
        if found is None and parts.cut_off:  # and whoever cut it closed the connection in order
            found = Failure("connection")
        if found and parts.reason is None:  # what goes wrong after the end takes nothing from the reply but its usage
            raise self._failed(found, wanted)  # outside the handler: vendors quote keys and prompts in their errors

    def _failed(self, found: Failure, wanted: frozenset[str]) -> ModelFailed:
        refused = next((option for option in _OPTIONAL if option in wanted and _refuses(found, option)), None)
        if refused is not None:
            self._wanted -= {refused}
        again = refused is not None
        return ModelFailed(
            found.error,
            f"{self._name} did not answer ({found.error}): {found.what_to_do}.",
            passing=found.passing or again,
            retry_after=0.0 if again else found.retry_after,
            worked=found.worked,
        )


async def _whole(reply: Awaitable[Any]) -> AsyncGenerator[Any, None]:
    """A reply that is not streamed, as a stream of one message."""
    yield await reply


def _response_format(chat: Any, schema: Mapping[str, object]) -> dict[str, Any]:
    """Where LangChain sees a response_format, it hands a chat completion to OpenAI's parser: that takes nearly twice the time, and
    keeps what was cut, with its usage, to itself. So it goes past LangChain, except to the Responses API, which has no such parser."""
    about = {key: schema[key] for key in ("description",) if key in schema}
    plain = {key: value for key, value in schema.items() if key not in ("title", "description")}
    wanted = {"type": "json_schema", "json_schema": {"name": schema.get("title", "reply"), **about, "schema": plain, "strict": True}}
    return {"response_format": wanted} if chat.use_responses_api else {"extra_body": {"response_format": wanted}}


def _refuses(found: Failure, option: str) -> bool:
    return found.error == "bad_request" and any(word in found.detail.lower() for word in _OPTIONAL[option])
