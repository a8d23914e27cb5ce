"""What was paid: the calls of the ledger, added up. A call without a known price makes no sum look smaller than it is: it is counted."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from assistant.traces import Ledger
from assistant.types import Call, Cost


@dataclass(frozen=True, slots=True)
class Sum:
    """Dollars of the calls whose price is known, None where there are calls and none is; `unknown` counts those that are not."""

    usd: Decimal | None
    calls: int
    failed: int
    unknown: int
    input_tokens: int
    output_tokens: int


@dataclass(frozen=True, slots=True)
class CostReport:
    """What was paid in all, and by day (UTC) and model (`provider:model`)."""

    total: Sum
    questions: int
    by_day: dict[str, Sum]
    by_model: dict[str, Sum]


def cost_report(ledger: Ledger) -> CostReport:
    calls = ledger.calls()
    return CostReport(
        total=add_up(calls),
        questions=ledger.count(),
        by_day=add_up_by(calls, lambda call: str(call["day"])),
        by_model=add_up_by(calls, lambda call: f"{call['provider']}:{call['model']}"),
    )


def cost_of(calls: Iterable[Call], prices: str) -> Cost:
    """A question's cost: unknown as soon as one call's is."""
    booked = list(calls)
    known = [call.usd for call in booked if call.usd is not None]
    return Cost(
        usd=sum(known, Decimal(0)) if len(known) == len(booked) else None,
        input_tokens=sum(call.usage.input_tokens for call in booked if call.usage),
        output_tokens=sum(call.usage.output_tokens for call in booked if call.usage),
        calls=len(booked),
        prices=prices,
    )


def add_up(calls: Iterable[Mapping[str, Any]]) -> Sum:
    rows = list(calls)
    known = [Decimal(row["usd"]) for row in rows if row["usd"] is not None]
    return Sum(
        usd=sum(known, Decimal(0)) if known or not rows else None,
        calls=len(rows),
        failed=sum(row["error"] is not None for row in rows),
        unknown=len(rows) - len(known),
        input_tokens=sum(row["input_tokens"] or 0 for row in rows),
        output_tokens=sum(row["output_tokens"] or 0 for row in rows),
    )


def add_up_by(calls: Iterable[Mapping[str, Any]], key: Callable[[Mapping[str, Any]], str]) -> dict[str, Sum]:
    groups: dict[str, list[Mapping[str, Any]]] = {}
    for call in calls:
        groups.setdefault(key(call), []).append(call)
    return {name: add_up(groups[name]) for name in sorted(groups)}
