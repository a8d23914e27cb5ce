from __future__ import annotations

from decimal import Decimal

from assistant.costs import add_up, add_up_by, cost_of
from tests.builders import call


def test_nothing_called_costs_nothing() -> None:
    assert cost_of((), "prices 1").usd == 0


def test_a_question_costs_the_sum_of_its_calls() -> None:
    cost = cost_of((call(Decimal("0.1")), call(Decimal("0.2"), error="timeout")), "prices 1")

    assert (cost.usd, cost.calls, cost.input_tokens, cost.output_tokens) == (Decimal("0.3"), 2, 200, 40)


def test_one_unknown_price_makes_the_question_unknown() -> None:
    assert cost_of((call(Decimal("0.1")), call(None)), "prices 1").usd is None


def row(day: str, usd: str | None, error: str | None = None) -> dict[str, str | int | None]:
    return {"day": day, "usd": usd, "error": error, "input_tokens": 100, "output_tokens": None}


def test_a_sum_counts_what_it_could_not_add() -> None:
    total = add_up([row("1", "0.1"), row("1", None), row("2", "0.25", error="cut")])

    assert (total.usd, total.calls, total.unknown, total.failed, total.input_tokens) == (Decimal("0.35"), 3, 1, 1, 300)


def test_days_add_up_to_the_whole() -> None:
    rows = [row("2026-11-02", "0.1"), row("2026-11-01", "0.2"), row("2026-11-02", "0.3")]

    by_day = add_up_by(rows, lambda call: str(call["day"]))

    assert list(by_day) == ["2026-11-01", "2026-11-02"]
    assert sum(paid.usd or 0 for paid in by_day.values()) == add_up(rows).usd


def test_a_sum_of_nothing_known_is_unknown() -> None:
    assert add_up([row("1", None), row("1", None)]).usd is None
    assert add_up([]).usd == 0
