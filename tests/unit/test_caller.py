"""Requests within time and budget, over fake models: what is tried again, what goes to the next model, and what is booked of it all."""

from __future__ import annotations

import asyncio
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from decimal import Decimal
from pathlib import Path

import pytest

from assistant.errors import ModelFailed, ModelUnavailable
from assistant.model_calls import caller as module
from assistant.model_calls.account import Account, Budget
from assistant.model_calls.breaker import FAILURES
from assistant.model_calls.caller import Caller, Request
from assistant.model_calls.deadline import Deadline
from assistant.ports import Completion, Message
from assistant.traces import Ledger
from assistant.types import Usage
from tests.builders import trace
from tests.fakes import FakeChatModel, FakePrices

REQUEST = Request([Message("user", "How much leave? " * 10)], "answer", 100)
IN = 40  # tokens of the request, as reckoned


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    made = Ledger(tmp_path / "traces.sqlite")
    yield made
    made.close()


@pytest.fixture
def account(ledger: Ledger) -> Account:
    return Account(ledger, FakePrices(), Budget(), "t1", "ann")


def failing(
    error: str = "server_error", times: int = 10**9, *, passing: bool = True, worked: bool = False, retry_after: float | None = 0.0
) -> FakeChatModel:
    """Fails so many times, then answers "yes"."""
    left = iter(range(times))

    def write(_: str) -> str:
        if next(left, None) is not None:
            raise ModelFailed(error, f"It did not answer ({error}).", passing=passing, worked=worked, retry_after=retry_after)
        return "yes"

    return FakeChatModel(write)


def stalling(seconds: float = 30.0, model: str = "slow") -> FakeChatModel:
    class Stalling(FakeChatModel):
        async def complete(self, *_: object, **__: object) -> Completion:
            await asyncio.sleep(seconds)
            return Completion("late", self.model, Usage(10, 5))

    return Stalling(str, model)


async def ask(account: Account, *models: FakeChatModel, each: float = 5.0, attempts: int = 3, seconds: float = 10.0) -> str:
    return (await Caller(models, each, attempts).ask(REQUEST, account, Deadline.of_question(seconds))).text


async def test_what_passes_is_tried_again_and_every_attempt_is_booked(account: Account, ledger: Ledger) -> None:
    assert await ask(account, failing(times=2)) == "yes"

    assert [(call.error, call.usd) for call in account.calls] == [
        ("server_error", Decimal(0)), ("server_error", Decimal(0)), (None, Decimal("0.000015")),
    ]  # fmt: skip
    await asyncio.wrap_future(ledger.record(trace("t1")))  # what was booked before is written then
    assert [(row["error"], row["outcome"]) for row in ledger.calls()] == [(call.error, "answer") for call in account.calls]


async def test_what_stays_is_not_tried_again(account: Account) -> None:
    with pytest.raises(ModelUnavailable, match="unauthorized"):
        await ask(account, failing("unauthorized", passing=False))

    assert len(account.calls) == 1


async def test_the_next_model_is_asked_and_all_failures_are_told(account: Account) -> None:
    second = FakeChatModel(lambda _: "from the second", "second")

    assert await ask(account, failing(), second, attempts=2) == "from the second"
    assert [call.model for call in account.calls] == ["model", "model", "second"]
    with pytest.raises(ModelUnavailable, match=r"server_error.*unauthorized"):
        await ask(account, failing(), failing("unauthorized", passing=False))


async def test_a_pause_that_is_too_long_is_not_waited_for(account: Account) -> None:
    started = time.perf_counter()
    with pytest.raises(ModelUnavailable):
        await ask(account, failing("rate_limited", retry_after=60.0))
    assert await ask(account, failing("rate_limited", retry_after=60.0), FakeChatModel(lambda _: "other")) == "other"

    assert time.perf_counter() - started < 1
    assert len(account.calls) == 3


async def test_a_pause_that_is_asked_for_is_kept(account: Account) -> None:
    started = time.perf_counter()
    await ask(account, failing("rate_limited", times=1, retry_after=0.3))

    assert 0.3 <= time.perf_counter() - started < 2


async def test_no_attempt_takes_longer_than_it_may(account: Account) -> None:
    started = time.perf_counter()
    with pytest.raises(ModelUnavailable, match="timeout"):
        await ask(account, stalling(), each=0.1, attempts=2, seconds=30)

    assert time.perf_counter() - started < 3
    assert [(call.error, call.estimated, call.usage) for call in account.calls] == [("timeout", True, Usage(IN))] * 2


async def test_all_together_end_by_the_deadline_and_the_last_model_has_its_share(account: Account) -> None:
    quick = FakeChatModel(lambda _: "quick")
    started = time.perf_counter()

    assert await ask(account, stalling(), stalling(), quick, attempts=9, seconds=1.0) == "quick"
    with pytest.raises(ModelUnavailable):
        await ask(account, stalling(), stalling(model="slower"), attempts=9, seconds=0.5)
    assert time.perf_counter() - started < 1.6


async def test_without_time_nothing_is_called(account: Account) -> None:
    with pytest.raises(ModelUnavailable, match="No time"):
        await ask(account, FakeChatModel(str), seconds=0.01)

    assert account.calls == []


async def test_a_cancelled_call_is_booked_as_reckoned(account: Account, ledger: Ledger) -> None:
    task = asyncio.create_task(ask(account, stalling()))
    while not ledger.calls():  # noqa: ASYNC110  # another thread writes them
        await asyncio.sleep(0.01)
    (under_way,) = ledger.calls()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task

    assert (under_way["error"], under_way["estimated"], under_way["input_tokens"]) == ("unfinished", 1, IN)
    assert [(call.error, call.estimated, call.usage) for call in account.calls] == [("cancelled", True, Usage(IN))]


async def test_a_call_that_is_given_up_before_it_is_made_is_booked_as_free(tmp_path: Path) -> None:
    file, model = tmp_path / "traces.sqlite", FakeChatModel(lambda _: "yes")
    with closing(Ledger(file)) as ledger, closing(sqlite3.connect(file, isolation_level=None)) as other:
        account = Account(ledger, FakePrices(), Budget(), "t1", "ann")
        other.execute("BEGIN IMMEDIATE")  # the booking waits
        asking = asyncio.create_task(ask(account, model))
        await asyncio.sleep(0.05)
        asking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asking
        other.execute("COMMIT")
        await asyncio.wrap_future(ledger.record(trace("t1")))
        (booked,) = ledger.calls()

    assert model.prompts == []
    assert [(call.error, call.usage) for call in account.calls] == [("cancelled", None)]
    assert (booked["error"], booked["usd"], booked["estimated"], booked["outcome"]) == ("cancelled", "0", 0, "answer")


async def test_a_model_that_fails_again_and_again_is_left_alone(account: Account) -> None:
    model = failing()
    caller = Caller([model], 5.0, FAILURES)
    for _ in range(2):
        with pytest.raises(ModelUnavailable):
            await caller.ask(REQUEST, account, Deadline.of_question(10))

    assert len(model.prompts) == FAILURES


async def test_our_own_mistakes_do_not_break_the_circuit(account: Account) -> None:
    model = failing("bad_request", times=2 * FAILURES, passing=False)
    caller = Caller([model], 5.0, 1)
    for _ in range(2 * FAILURES):
        with pytest.raises(ModelUnavailable):
            await caller.ask(REQUEST, account, Deadline.of_question(10))

    assert (await caller.ask(REQUEST, account, Deadline.of_question(10))).text == "yes"


class Ear:
    """Commits after so many pieces."""

    def __init__(self, commits_after: int) -> None:
        self.heard: list[str] = []
        self._commits_after = commits_after

    @property
    def committed(self) -> bool:
        return len(self.heard) > self._commits_after

    def begin(self) -> None:
        self.heard = []

    def hear(self, piece: str) -> None:
        self.heard.append(piece)


class Breaking(FakeChatModel):
    """Breaks off once in the middle of its reply."""

    broken = False

    async def complete(self, *_: object, hear: Callable[[str], None] | None = None, **__: object) -> Completion:
        assert hear is not None
        for piece in ("one ", "two ", "three"):
            hear(piece)
            if piece == "two " and not self.broken:
                self.broken = True
                raise ModelFailed("connection", "It broke off.", passing=True)
        return Completion("one two three", self.model, Usage(10, 5))


async def test_a_stream_that_breaks_before_anything_was_shown_begins_anew(account: Account) -> None:
    ear = Ear(commits_after=2)
    await Caller([Breaking(str)], 5.0, 3).ask(REQUEST, account, Deadline.of_question(10), ear)

    assert ear.heard == ["one ", "two ", "three"]
    assert [(call.error, call.usage) for call in account.calls] == [("connection", Usage(IN, 2)), (None, Usage(10, 5))]


async def test_once_something_was_shown_nothing_is_tried_again(account: Account) -> None:
    with pytest.raises(ModelFailed, match="broke off"):
        await Caller([Breaking(str), FakeChatModel(str)], 5.0, 3).ask(REQUEST, account, Deadline.of_question(10), Ear(commits_after=1))

    assert len(account.calls) == 1


async def test_what_does_not_end_is_ended(account: Account, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "LONGEST_REPLY", 50)
    with pytest.raises(ModelUnavailable, match="does not end"):
        await Caller([FakeChatModel(lambda _: "x" * 100)], 5.0, 3).ask(REQUEST, account, Deadline.of_question(10), Ear(commits_after=99))

    assert len(account.calls) == 1


async def test_no_usage_is_reckoned_and_called_so(account: Account) -> None:
    await ask(account, FakeChatModel(lambda _: Completion("x" * 17, "model", None)))

    assert [(call.usage, call.estimated, call.usd) for call in account.calls] == [(Usage(IN, 5), True, Decimal("0.000045"))]


async def test_a_price_that_is_not_known_is_not_reckoned(account: Account) -> None:
    await ask(account, FakeChatModel(lambda _: "yes", "unknown"))

    assert [(call.usage, call.usd, call.rate) for call in account.calls] == [(Usage(10, 5), None, None)]


@pytest.mark.parametrize("budget", [Budget(day=Decimal("0.00002")), Budget(principal=Decimal("0.00002"))])
async def test_a_budget_is_overspent_by_no_more_than_what_was_under_way(ledger: Ledger, budget: Budget) -> None:
    model = FakeChatModel(lambda _: "yes")
    asked = Caller([model], 5.0, 3)
    for number in range(5):
        account = Account(ledger, FakePrices(), budget, f"t{number}", "ann")
        if number < 2:
            await asked.ask(REQUEST, account, Deadline.of_question(10))
            await asyncio.wrap_future(ledger.record(trace(f"t{number}")))  # until then it counts as reckoned
        else:
            with pytest.raises(ModelUnavailable) as caught:
                await asked.ask(REQUEST, account, Deadline.of_question(10))
            assert caught.value.reason == "budget_exceeded"

    assert len(model.prompts) == 2


async def test_a_principals_budget_is_nobody_elses(ledger: Ledger) -> None:
    budget = Budget(principal=Decimal("0.00001"))
    for who in ("ann", "bob", "cem"):
        await ask(Account(ledger, FakePrices(), budget, who, who), FakeChatModel(lambda _: "yes"))

    with pytest.raises(ModelUnavailable, match="budget"):
        await ask(Account(ledger, FakePrices(), budget, "t", "bob"), FakeChatModel(lambda _: "yes"))
