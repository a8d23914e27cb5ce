"""What was paid: the calls to models, priced and added up, exactly.

A call's dollars are our own arithmetic, from its tokens and its rate. Both are kept with it, so that every sum can be had again from the
ledger alone. A call without a known price makes no sum look smaller than it is: it is counted.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from assistant.traces import Ledger
from assistant.types import Call, Cost, Rate, Usage

# A call as the ledger gives it, by the names of its columns.
Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Sum:
    """`usd` are the dollars of the calls whose price is known; `unknown` counts the others. Where there are others and all that is known
    cost nothing (the provider turned them away), it is None. `estimated` counts the calls whose tokens are reckoned by us,
    `usd_estimated` is their part of `usd`."""

    usd: Decimal | None
    usd_estimated: Decimal
    calls: int
    failed: int
    unknown: int
    estimated: int
    input_tokens: int
    output_tokens: int
    cached_tokens: int
    reasoning_tokens: int


@dataclass(frozen=True, slots=True)
class CostReport:
    """What was paid in all, and by day (UTC), model (`provider:model`), principal, and outcome of the question.

    `usd_per_question` is the mean of all questions that are kept, those included that called no model; None where there is none, or no
    price is known."""

    total: Sum
    questions: int
    usd_per_question: Decimal | None
    by_day: dict[str, Sum]
    by_model: dict[str, Sum]
    by_principal: dict[str, Sum]
    by_outcome: dict[str, Sum]


def usd_of(rate: Rate, usage: Usage) -> Decimal:
    """Dollars. Where a report contradicts itself, no more input was cached than there was, and nothing is less than 0."""
    read = max(usage.input_tokens, 0)
    cached = min(max(usage.cached_tokens, 0), read)
    written = max(usage.output_tokens, 0)
    return ((read - cached) * rate.input + cached * rate.cached + written * rate.output) / 1_000_000


def cost_of(calls: Iterable[Call], prices: str) -> Cost:
    """A question's cost: unknown as soon as one call's is, estimated as soon as one call's is."""
    booked = list(calls)
    known = [call.usd for call in booked if call.usd is not None]
    return Cost(
        usd=sum(known, Decimal(0)) if len(known) == len(booked) else None,
        input_tokens=sum(call.usage.input_tokens for call in booked if call.usage),
        output_tokens=sum(call.usage.output_tokens for call in booked if call.usage),
        calls=len(booked),
        prices=prices,
        estimated=any(call.estimated for call in booked),
    )


def recomputed(call: Row) -> Decimal | None:
    """Dollars of a call of a trace (`Ledger.trace`), from its rate and tokens alone. A call without tokens cost nothing."""
    if call["input_tokens"] is None:
        return Decimal(0)
    if call["rate"] is None:
        return None
    rate = Rate(**{name: Decimal(dollars) for name, dollars in call["rate"].items()})
    return usd_of(rate, Usage(call["input_tokens"], call["output_tokens"], call["cached_tokens"], call["reasoning_tokens"]))


def cost_report(ledger: Ledger, principal: str | None = None) -> CostReport:
    """Of one principal's questions, or of all."""
    calls, questions = ledger.calls(principal), ledger.count(principal)
    total = add_up(calls)
    return CostReport(
        total=total,
        questions=questions,
        usd_per_question=total.usd / questions if total.usd is not None and questions else None,
        by_day=add_up_by(calls, lambda call: str(call["day"])),
        by_model=add_up_by(calls, lambda call: f"{call['provider']}:{call['model']}"),
        by_principal=add_up_by(calls, lambda call: str(call["principal"])),
        by_outcome=add_up_by(calls, lambda call: str(call["outcome"])),
    )


def add_up(calls: Iterable[Row]) -> Sum:
    rows = list(calls)
    known = [row for row in rows if row["usd"] is not None]
    paid = _dollars(known)
    return Sum(
        usd=paid if paid or len(known) == len(rows) else None,
        usd_estimated=_dollars(row for row in known if row["estimated"]),
        calls=len(rows),
        failed=sum(row["error"] is not None for row in rows),
        unknown=len(rows) - len(known),
        estimated=sum(bool(row["estimated"]) for row in rows),
        input_tokens=_tokens(rows, "input_tokens"),
        output_tokens=_tokens(rows, "output_tokens"),
        cached_tokens=_tokens(rows, "cached_tokens"),
        reasoning_tokens=_tokens(rows, "reasoning_tokens"),
    )


def add_up_by(calls: Iterable[Row], key: Callable[[Row], str]) -> dict[str, Sum]:
    groups: dict[str, list[Row]] = {}
    for call in calls:
        groups.setdefault(key(call), []).append(call)
    return {name: add_up(groups[name]) for name in sorted(groups)}


def _dollars(rows: Iterable[Row]) -> Decimal:
    return sum((Decimal(row["usd"]) for row in rows), Decimal(0))


def _tokens(rows: Iterable[Row], kind: str) -> int:
    return sum(row[kind] or 0 for row in rows)
