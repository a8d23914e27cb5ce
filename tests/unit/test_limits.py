"""How much one principal may ask."""

from __future__ import annotations

import asyncio

import pytest

from api.http.limits import Limits
from assistant.errors import TooMuch
from tests.servers import free_port


async def test_as_many_requests_as_are_allowed_and_no_more() -> None:
    limits = Limits("3/minute")
    for _ in range(3):
        await limits.request("ann")
    with pytest.raises(TooMuch, match="No more than 3 requests in a minute") as refused:
        await limits.request("ann")
    assert 50 < refused.value.retry_after <= 60
    await limits.request("ben")


async def test_the_window_moves() -> None:
    limits = Limits("2/second")
    await limits.request("ann")
    await limits.request("ann")
    with pytest.raises(TooMuch):
        await limits.request("ann")
    await asyncio.sleep(1.1)
    await limits.request("ann")


async def test_of_several_rates_each_holds() -> None:
    limits = Limits("100/second;3/day")
    for _ in range(3):
        await limits.request("ann")
    with pytest.raises(TooMuch, match="in a day"):
        await limits.request("ann")


async def test_without_a_rate_there_is_none() -> None:
    for _ in range(1000):
        await Limits().request("ann")


async def test_where_redis_does_not_answer_each_process_counts_for_itself() -> None:
    limits = Limits("1/minute", store=f"redis://127.0.0.1:{free_port()}")
    await limits.request("ann")
    with pytest.raises(TooMuch):
        await limits.request("ann")


def test_questions_at_once() -> None:
    limits = Limits(at_once=2)
    with limits.question("ann"), limits.question("ann"), limits.question("ben"), pytest.raises(TooMuch) as refused, limits.question("ann"):
        pass
    assert str(refused.value).startswith("No more than 2 questions at once")
    with limits.question("ann"):
        pass
