"""Adds up what many replies of one side are worth and cost: what a choice between two models is made by."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from assistant.replay_compare import Side, sum_of


@dataclass(frozen=True, slots=True)
class Totals:
    """Of one side of many replays. `ungrounded` is the share of the sentences written that grounding dropped, `usd_per_question` the mean,
    `seconds_p50` the median; None where there is nothing to take it of. `usd` is None as soon as one question's is."""

    questions: int
    answered: int
    refused: dict[str, int]
    degraded: int
    sentences: int
    dropped: int
    ungrounded: float | None
    quotes: int
    quotes_same: int
    calls: int
    input_tokens: int
    output_tokens: int
    usd: float | None
    usd_per_question: float | None
    estimated: bool
    seconds_p50: float | None


def totals(sides: Sequence[Side]) -> Totals:
    said, dropped = sum(len(side.sentences) for side in sides), sum(len(side.dropped) for side in sides)
    usd = sum_of(side.usd for side in sides)
    times = [side.milliseconds for side in sides if side.milliseconds is not None]
    return Totals(
        questions=len(sides),
        answered=sum(side.outcome == "answer" for side in sides),
        refused=dict(Counter(side.outcome for side in sides if side.outcome != "answer")),
        degraded=sum(side.degraded for side in sides),
        sentences=said,
        dropped=dropped,
        ungrounded=dropped / (said + dropped) if said + dropped else None,
        quotes=sum(len(side.quotes) for side in sides),
        quotes_same=sum(side.quotes_same for side in sides),
        calls=sum(side.calls for side in sides),
        input_tokens=sum(side.input_tokens for side in sides),
        output_tokens=sum(side.output_tokens for side in sides),
        usd=usd,
        usd_per_question=usd / len(sides) if usd is not None and sides else None,
        estimated=any(side.estimated for side in sides),
        seconds_p50=median(times) / 1000 if times else None,
    )
