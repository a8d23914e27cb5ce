"""Makes a request until it succeeds, time is up, or every model was tried.

A failure that may pass is tried again after a pause: what the provider asks for (Retry-After), else exponential with full jitter (Brooker,
"Exponential Backoff And Jitter", 2015). What does not pass, or asks for too long a pause, goes to the next model. Once a sentence of the
reply was shown, nothing is tried again: another reply would contradict it.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from assistant.errors import ModelFailed, ModelUnavailable
from assistant.model_calls.account import Account
from assistant.model_calls.breaker import Breaker
from assistant.model_calls.deadline import Deadline
from assistant.ports import ChatModel, Completion, Message
from assistant.types import Purpose

if TYPE_CHECKING:
    from tenacity import RetryCallState

LONGEST_PAUSE = 10.0
LEAST = 0.05
LONGEST_REPLY = 100_000
# Our own mistakes, which say nothing of how the model is.
_OUR_FAULT = ("bad_request", "endless")


@dataclass(frozen=True, slots=True)
class Request:
    """What a model is asked. `schema` is that of the reply, where it is to be JSON."""

    messages: Sequence[Message]
    purpose: Purpose
    most_tokens: int
    schema: Mapping[str, object] | None = None


class Ear(Protocol):
    """Hears a reply as it comes."""

    @property
    def committed(self) -> bool:
        """Some of what was heard has left the house."""
        ...

    def begin(self) -> None:
        """Another attempt: what was heard of the one before is void."""
        ...

    def hear(self, piece: str) -> None: ...


class Caller:
    """The models in the order in which they are asked, up to `attempts` times each where they fail in passing, for `timeout` seconds each
    time. Breakers are shared by all questions."""

    def __init__(self, models: Sequence[ChatModel], timeout: float, attempts: int) -> None:
        self._models = [(model, Breaker()) for model in models]
        self._timeout = timeout
        self._attempts = attempts

    @property
    def name(self) -> str:
        """Of the first model."""
        return self._models[0][0].name

    @property
    def names(self) -> str:
        return "|".join(model.name for model, _ in self._models)

    async def ask(self, request: Request, account: Account, deadline: Deadline, ear: Ear | None = None) -> Completion:
        """The reply of the first model that gives one; what it is worth is not looked at. With an ear it is streamed. Raises
        ModelUnavailable when there is none, and ModelFailed when it broke off after some of it had left the house."""
        failures = []
        for position, (model, breaker) in enumerate(self._models):
            until = time.monotonic() + deadline.remaining() / (len(self._models) - position)
            try:
                return await self._repeatedly(_Line(model, breaker, account, until, ear), request)
            except ModelFailed as failed:
                if ear is not None and ear.committed:
                    raise
                failures.append(str(failed))
        raise ModelUnavailable(" ".join(failures))

    async def _repeatedly(self, line: _Line, request: Request) -> Completion:
        from tenacity import AsyncRetrying, retry_if_exception

        if not line.breaker.lets_through():
            raise ModelFailed("resting", f"{line.model.name} failed again and again, and is left alone for a while.", passing=False)

        def ends(state: RetryCallState) -> bool:
            return state.attempt_number >= self._attempts or line.runs_out(state)

        retrying = AsyncRetrying(stop=ends, wait=_pause, retry=retry_if_exception(line.may_pass), reraise=True)
        return await retrying(self._once, line, request)

    async def _once(self, line: _Line, request: Request) -> Completion:
        """One request, booked whatever comes of it."""
        seconds = min(self._timeout, line.left)
        if seconds < LEAST:
            raise ModelFailed("timeout", f"No time is left for {line.model.name}.", passing=False, worked=False)
        entry = await line.account.begin(line.model, request.purpose, request.messages)
        heard = _Heard(line.ear)
        try:
            async with asyncio.timeout(seconds):
                completion = await line.model.complete(
                    request.messages, most_tokens=request.most_tokens, schema=request.schema, hear=heard.hear if line.ear else None
                )
        except (TimeoutError, ModelFailed, asyncio.CancelledError) as error:
            failed = _failed(error, line.model.name)
            line.account.settle_failed(entry, failed, heard.characters)
            if isinstance(error, asyncio.CancelledError):
                raise
            if failed.error not in _OUR_FAULT:
                line.breaker.failed()
            raise failed from None  # vendors quote keys and prompts in their errors
        line.breaker.succeeded()
        line.account.settle(entry, completion)
        return completion


@dataclass(frozen=True, slots=True)
class _Line:
    """One model, for one request, until a moment of the monotonic clock."""

    model: ChatModel
    breaker: Breaker
    account: Account
    until: float
    ear: Ear | None

    @property
    def left(self) -> float:
        return self.until - time.monotonic()

    def runs_out(self, state: RetryCallState) -> bool:
        """Whether the pause before the next attempt would take all the time that is left."""
        return state.upcoming_sleep > min(LONGEST_PAUSE, self.left - LEAST)

    def may_pass(self, error: BaseException) -> bool:
        return isinstance(error, ModelFailed) and error.passing and not (self.ear is not None and self.ear.committed)


class _Heard:
    """Counts what an ear hears in one attempt, and ends what does not end."""

    def __init__(self, ear: Ear | None) -> None:
        self.characters = 0
        self._ear = ear
        if ear is not None:
            ear.begin()

    def hear(self, piece: str) -> None:
        self.characters += len(piece)
        if self.characters > LONGEST_REPLY:
            raise ModelFailed("endless", "The model's reply does not end.", passing=False)
        if self._ear is not None:
            self._ear.hear(piece)


def _failed(error: BaseException, name: str) -> ModelFailed:
    if isinstance(error, ModelFailed):
        return error
    word, why = ("cancelled", "nobody waits any more") if isinstance(error, asyncio.CancelledError) else ("timeout", "it took too long")
    return ModelFailed(word, f"{name} did not answer ({word}): {why}.", passing=word == "timeout")


def _pause(state: RetryCallState) -> float:
    """Seconds: what the provider asks for, or else exponential with full jitter."""
    from tenacity import wait_random_exponential

    error = state.outcome.exception() if state.outcome else None
    if isinstance(error, ModelFailed) and error.retry_after is not None:
        return error.retry_after
    return wait_random_exponential(multiplier=0.5, max=LONGEST_PAUSE)(state)
