"""A chat model through LangChain. Retries are made here and not in the client, so that every request is booked, failed ones too."""

from __future__ import annotations

import asyncio
import json
import time
import warnings
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from assistant.adapters.chat_failures import Failure, failure, vendor_errors
from assistant.errors import ModelUnavailable, SettingsError
from assistant.model_reply import CUT, REFUSED, REPLY_SCHEMA, UNREADABLE, Unusable, read_reply
from assistant.ports import ModelAnswer, Prices
from assistant.prompting import Message, render
from assistant.types import Call, Claim, Evidence, Usage

if TYPE_CHECKING:
    from tenacity import RetryCallState

_OPENAI = ("openai", "azure_openai")
_LONGEST_WAIT = 10.0
# What some models or servers refuse, by the words in which they do; it is then left out.
_OPTIONAL = {"temperature": ("temperature",), "schema": ("response_format", "json_schema", "structured output")}

Reply = tuple[Claim, ...] | Unusable


class _Failed(Exception):
    def __init__(self, failure: Failure, at_once: bool) -> None:
        super().__init__(failure.error)
        self.failure = failure
        self.at_once = at_once


class LangChainChatModel:
    """Implements `assistant.ports.ChatModel`.

    `name` is what init_chat_model takes ("openai:gpt-5-mini"); key and address come from the provider's own environment variables
    (OPENAI_API_KEY, OPENAI_BASE_URL) unless given. `timeout` is seconds for one request, `attempts` how often a request is made that
    fails in passing. Raises SettingsError where the name, the provider's package or its key is missing.
    """

    def __init__(
        self,
        name: str,
        prices: Prices,
        *,
        timeout: float = 30.0,
        attempts: int = 3,
        max_output_tokens: int = 4000,
        temperature: float = 0.0,
        api_key: str | None = None,
        base_url: str | None = None,
    ) -> None:
        self._name = name
        self._prices = prices
        self._timeout = timeout
        self._attempts = attempts
        given = {"max_tokens": max_output_tokens, "api_key": api_key, "base_url": base_url}
        self._arguments: dict[str, Any] = {key: value for key, value in given.items() if value is not None}
        self._wanted: dict[str, Any] = {"temperature": temperature, "schema": REPLY_SCHEMA}
        chat = self._connect()
        self._model = str(getattr(chat, "model_name", None) or getattr(chat, "model", name))
        package = type(chat).__module__.partition(".")[0].removeprefix("langchain_")
        self._provider = name.removesuffix(self._model).rstrip(":") or package
        if self._provider in _OPENAI:  # LangChain shares one pool of connections among all event loops, which a second one cannot use
            self._arguments["default_headers"] = {"Connection": "close"}

    @property
    def name(self) -> str:
        return self._name

    async def answer(self, question: str, evidence: Sequence[Evidence], objection: str | None = None) -> ModelAnswer:
        """Asks, and once more where the reply cannot be used."""
        calls: list[Call] = []
        messages = render(question, evidence, objection)
        reply = await self._ask(messages, "answer", calls)
        if isinstance(reply, Unusable):
            messages = render(question, evidence, " ".join(filter(None, (objection, reply.objection))))
            reply = await self._ask(messages, "repair", calls)
        if isinstance(reply, Unusable):
            message = f"{self._name} gave no usable reply ({reply.error}), twice: try again, or set FOOTNOTE_MODEL to another model."
            raise ModelUnavailable(message, tuple(calls))
        return ModelAnswer(reply, tuple(calls), "\n\n".join(f"{message.role}:\n{message.content}" for message in messages))

    async def _ask(self, messages: Sequence[Message], purpose: str, calls: list[Call]) -> Reply:
        from tenacity import AsyncRetrying, retry_if_exception, stop_after_attempt

        retrying = AsyncRetrying(stop=stop_after_attempt(self._attempts), wait=_pause, retry=retry_if_exception(_may_pass), reraise=True)
        try:
            return await retrying(self._call, messages, purpose, calls)
        except _Failed as failed:
            found = failed.failure
            message = f"{self._name} did not answer ({found.error}): {found.what_to_do}."
        raise ModelUnavailable(message, tuple(calls))  # outside the handler: vendors quote keys and prompts in their errors

    async def _call(self, messages: Sequence[Message], purpose: str, calls: list[Call]) -> Reply:
        """One request, booked in `calls` whatever comes of it."""
        started = time.perf_counter()
        reply: Reply | Failure
        usage: Usage | None = None
        model = self._model
        try:
            raw, text = await self._request(messages)
            usage, model = _reported_usage(raw.usage_metadata), str(raw.response_metadata.get("model_name") or model)[:200]
            reply = REFUSED if raw.additional_kwargs.get("refusal") else read_reply(text)
        except vendor_errors() as error:
            completion = getattr(error, "completion", None)  # the OpenAI client raises what was cut or filtered
            usage = _completion_usage(completion)
            reply = _stopped(completion) if completion is not None else failure(error)
        error_word = None if isinstance(reply, tuple) else reply.error
        milliseconds = (time.perf_counter() - started) * 1000
        usd = self._prices.usd(self._provider, model, usage) if usage is not None else None
        calls.append(Call(model, self._provider, purpose, milliseconds, usage, usd, self._prices.version, error_word))
        if not isinstance(reply, Failure):
            return reply
        if reply.error == "unreadable":
            return UNREADABLE
        raise _Failed(reply, at_once=reply.error == "bad_request" and self._leave_out(reply.detail))

    async def _request(self, messages: Sequence[Message]) -> tuple[Any, str]:
        """The model's message, and the text in it that should be the reply."""
        from langsmith import tracing_context

        chat = self._connect()
        if "schema" in self._wanted:
            chat = _structured(chat, self._provider)
        with tracing_context(enabled=False):  # a LANGSMITH_TRACING left in the environment must not send documents away
            async with asyncio.timeout(self._timeout):
                result = await chat.ainvoke([(message.role, message.content) for message in messages])
        if not isinstance(result, dict):
            return result, result.text
        raw, parsed = result["raw"], result["parsed"]
        return raw, json.dumps(parsed) if isinstance(parsed, dict) and "sentences" in parsed else raw.text

    def _connect(self) -> Any:
        from langchain.chat_models import init_chat_model

        options = {key: value for key, value in self._wanted.items() if key != "schema"}
        try:
            return init_chat_model(self._name or " ", **{"max_retries": 0, **self._arguments, **options})
        except ImportError as error:
            raise SettingsError(f"FOOTNOTE_MODEL={self._name}: the provider's package is missing. {error}") from None
        except vendor_errors() as error:
            raise SettingsError(_unset(self._name, error)) from None

    def _leave_out(self, refusal: str) -> bool:
        """Stops asking for what the server says it does not take; whether there was such a thing."""
        for option, words in _OPTIONAL.items():
            if option in self._wanted and any(word in refusal.lower() for word in words):
                del self._wanted[option]
                return True
        return False


def _structured(chat: Any, provider: str) -> Any:
    """OpenAI and the servers that imitate it follow a JSON schema; other providers choose their own best way."""
    how = {"method": "json_schema", "strict": True} if provider in _OPENAI else {}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # LangChain announces that for old models it falls back to tool calls
        return chat.with_structured_output(REPLY_SCHEMA, include_raw=True, **how)


def _unset(name: str, error: Exception) -> str:
    if "api_key" in str(error).lower() or "credentials" in str(error).lower():
        return f"FOOTNOTE_MODEL={name} needs an API key: set the provider's variable (OPENAI_API_KEY for openai)."
    return f"FOOTNOTE_MODEL={name} is not known: write provider:model, for example openai:gpt-5-mini."


def _may_pass(error: BaseException) -> bool:
    return isinstance(error, _Failed) and (error.at_once or error.failure.passing)


def _pause(state: RetryCallState) -> float:
    """Seconds: what the server asks for, or else exponential backoff with full jitter; at most ten."""
    from tenacity import wait_random_exponential

    error = state.outcome.exception() if state.outcome else None
    if isinstance(error, _Failed) and error.at_once:
        return 0.0
    if isinstance(error, _Failed) and error.failure.retry_after is not None:
        return min(error.failure.retry_after, _LONGEST_WAIT)
    return wait_random_exponential(multiplier=0.5, max=_LONGEST_WAIT)(state)


def _reported_usage(metadata: Any) -> Usage | None:
    """LangChain's usage, which every provider's package fills from the provider's report; None where there was none."""
    if not metadata:
        return None
    return Usage(
        metadata["input_tokens"],
        metadata["output_tokens"],
        metadata.get("input_token_details", {}).get("cache_read") or 0,
        metadata.get("output_token_details", {}).get("reasoning") or 0,
    )


def _completion_usage(completion: Any) -> Usage | None:
    """The usage of a completion that the OpenAI client kept back because it was cut or filtered."""
    usage = getattr(completion, "usage", None)
    if usage is None:
        return None
    cached = getattr(usage.prompt_tokens_details, "cached_tokens", None)
    reasoning = getattr(usage.completion_tokens_details, "reasoning_tokens", None)
    return Usage(usage.prompt_tokens, usage.completion_tokens, cached or 0, reasoning or 0)


def _stopped(completion: Any) -> Unusable:
    return CUT if completion.choices[0].finish_reason == "length" else REFUSED
