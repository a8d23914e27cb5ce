"""What one question may spend, and has spent: every call to a model is booked before it is made, and settled when it ends."""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Protocol

from assistant.costs import usd_of
from assistant.errors import ModelFailed, ModelUnavailable
from assistant.ports import Completion, Message, Prices
from assistant.traces import Ledger
from assistant.types import Call, Purpose, Rate, Usage

# Where a provider reports no usage, tokens are reckoned from characters: English text has about four to one.
CHARACTERS_A_TOKEN = 4
UNFINISHED = "unfinished"


class Called(Protocol):
    """What a call is made to: a chat model, or a moderator."""

    @property
    def provider(self) -> str: ...

    @property
    def model(self) -> str: ...


@dataclass(frozen=True, slots=True)
class Budget:
    """Most dollars of a day (UTC), of all together and of one principal. None: no limit."""

    day: Decimal | None = None
    principal: Decimal | None = None


NO_LIMIT = Budget()


@dataclass(frozen=True, slots=True)
class Entry:
    """A call under way."""

    id: str
    called: Called
    purpose: Purpose
    created: datetime
    started: float
    input_tokens: int


class Account:
    """Of one question. `calls` are those that have ended, in the order in which they did."""

    def __init__(self, ledger: Ledger, prices: Prices, budget: Budget, trace_id: str, principal: str) -> None:
        self.calls: list[Call] = []
        self._ledger = ledger
        self._prices = prices
        self._budget = budget
        self._trace_id = trace_id
        self._principal = principal

    async def begin(self, called: Called, purpose: Purpose, messages: Sequence[Message]) -> Entry:
        """Returns when the call is booked. Raises ModelUnavailable where the budget is used up: what is checked is what was spent and is
        being spent, so that it is overspent by at most the calls that are begun at the same moment."""
        if purpose != "moderation":  # is not charged for
            await self._check_budget()
        tokens = reckoned(sum(len(message.content) for message in messages))
        entry = Entry(secrets.token_hex(12), called, purpose, datetime.now(UTC), time.perf_counter(), tokens)
        booked = self._book(self._call(entry, called.model, Usage(tokens), UNFINISHED, estimated=True))
        try:
            await asyncio.wrap_future(booked)
        except asyncio.CancelledError:
            self.settle_free(entry, "cancelled")  # it was never made
            raise
        return entry

    def settle(self, entry: Entry, completion: Completion) -> None:
        """Of a call that brought a reply, whatever it is worth."""
        usage = completion.usage or Usage(entry.input_tokens, reckoned(len(completion.text)))
        error = None if completion.ended == "complete" else completion.ended
        self._close(self._call(entry, completion.model, usage, error, estimated=completion.usage is None))

    def settle_failed(self, entry: Entry, failed: ModelFailed, heard: int = 0) -> None:
        """`heard` characters came before it failed."""
        usage = Usage(entry.input_tokens, reckoned(heard)) if failed.worked else None
        self._close(self._call(entry, entry.called.model, usage, failed.error, estimated=failed.worked))

    def settle_free(self, entry: Entry, error: str | None) -> None:
        """Of a call that the provider does not charge for."""
        self._close(self._call(entry, entry.called.model, None, error, estimated=False))

    def _close(self, call: Call) -> None:
        self.calls.append(call)
        self._book(call)

    def _book(self, call: Call) -> Future[None]:
        return self._ledger.book(call, self._trace_id, self._principal)

    def _call(self, entry: Entry, model: str, usage: Usage | None, error: str | None, *, estimated: bool) -> Call:
        rate = self._rate(entry.called, model, usage.input_tokens if usage else 0)
        usd = Decimal(0) if usage is None else usd_of(rate, usage) if rate else None
        took = (time.perf_counter() - entry.started) * 1000
        return Call(
            entry.id,
            model,
            entry.called.provider,
            entry.purpose,
            entry.created,
            took,
            usage,
            usd,
            rate,
            self._prices.version,
            error,
            estimated,
        )

    def _rate(self, called: Called, model: str, tokens: int) -> Rate | None:
        """Of the name that the provider reports (a dated version), else of the one that was called: a proxy may report anything."""
        return self._prices.rate(called.provider, model, tokens) or self._prices.rate(called.provider, called.model, tokens)

    async def _check_budget(self) -> None:
        today = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
        for most, whose in ((self._budget.day, None), (self._budget.principal, self._principal)):
            if most is not None and await asyncio.to_thread(self._ledger.spent, today, whose) >= most:
                raise ModelUnavailable("The budget of today is used up; it begins anew at midnight UTC.", "budget_exceeded")


def reckoned(characters: int) -> int:
    """Tokens of so many characters, rounded up."""
    return -(-characters // CHARACTERS_A_TOKEN)
