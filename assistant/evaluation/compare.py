"""What a change did: two evaluations of the same questions, question by question and as differences of means.

The interval of a difference is a paired bootstrap percentile interval (Efron, 1979; Efron and Tibshirani, 1993, An Introduction to the
Bootstrap): the questions are drawn anew, with replacement, and both evaluations are averaged over the same draw. An interval that
holds 0 says that these questions cannot tell the two apart.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from assistant.errors import InvalidRequest
from assistant.evaluation.results import Evaluation, Judged, Result
from assistant.evaluation.summary import MEANS, values

DRAWS = 2000
SEED = 0
INTERVAL = (2.5, 97.5)
EVIDENCE = "evidence@4000c"

Numbers = npt.NDArray[np.float64]
Pair = tuple[Result, Result]


@dataclass(frozen=True, slots=True)
class Change:
    """A question that fares otherwise now; `what` says how, in a few words each."""

    id: str
    question: str
    better: bool
    what: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Difference:
    """Of a mean over the questions of both evaluations: now less before, and its interval of 95 %. `questions` counts those that the
    measure is defined for in either."""

    name: str
    before: float
    now: float
    difference: float
    low: float
    high: float
    questions: int


@dataclass(frozen=True, slots=True)
class Comparison:
    """`compared` questions are the same in both; `altered` have the same id, but other words or labels; `new` and `gone` are in one
    alone."""

    date: str
    generation: str
    compared: int
    altered: int
    new: int
    gone: int
    changes: tuple[Change, ...]
    differences: tuple[Difference, ...]


def compare(before: Evaluation, now: Evaluation) -> Comparison:
    """Raises InvalidRequest where the two have no question in common."""
    old, new = ({row.id: row for row in evaluation.rows} for evaluation in (before, now))
    common = [name for name in new if name in old]
    pairs = [(old[name], new[name]) for name in common if old[name].digest == new[name].digest]
    if not pairs:
        raise InvalidRequest("--compare", "the two evaluations have no question in common that was asked and labelled alike")
    return Comparison(
        date=before.conditions.date,
        generation=before.conditions.generation,
        compared=len(pairs),
        altered=len(common) - len(pairs),
        new=len(new) - len(common),
        gone=len(old) - len(common),
        changes=tuple(change for pair in pairs if (change := change_of(pair))),
        differences=tuple(differences(pairs)),
    )


def change_of(pair: Pair) -> Change | None:
    """None where nothing that counts has changed. Where a reply and its evidence point different ways, the reply decides."""
    before, now = pair
    evidence = _moved(before.retrieval.get(EVIDENCE), now.retrieval.get(EVIDENCE))
    points = _moved(before.points, now.points)
    if not points and not evidence:
        return None
    found = {1: "evidence found", -1: "evidence lost"}.get(evidence, "")
    replied = _replied(before.reply, now.reply) if before.reply and now.reply else ""
    return Change(now.id, now.question, (points or evidence) > 0, tuple(word for word in (found, replied) if word))


def _moved(before: float | None, now: float | None) -> int:
    """1 for more now, -1 for less, 0 for no difference or none that is known."""
    return 0 if now is None or before is None else (now > before) - (now < before)


def _replied(before: Judged, now: Judged) -> str:
    then, today = _outcome(before), _outcome(now)
    return "" if then == today else f"{then} → {today}"


def _outcome(reply: Judged) -> str:
    if reply.kind == "refusal":
        return "refused"
    return "answered" if reply.right is None else "right" if reply.right else "wrong"


def differences(pairs: Sequence[Pair]) -> Iterator[Difference]:
    """For each mean that is defined in both evaluations, in the order of MEANS."""
    then, today = ([values(pair[side]) for pair in pairs] for side in (0, 1))
    chance = np.random.default_rng(SEED)
    draws = chance.multinomial(len(pairs), np.full(len(pairs), 1 / len(pairs)), size=DRAWS).astype(np.float64)
    for name in MEANS:
        old, new = _column(then, name), _column(today, name)
        if not np.isnan(old).all() and not np.isnan(new).all():
            yield _difference(name, old, new, draws)


def _column(rows: Sequence[Mapping[str, float]], name: str) -> Numbers:
    return np.array([row.get(name, np.nan) for row in rows])


def _difference(name: str, old: Numbers, new: Numbers, draws: Numbers) -> Difference:
    """`draws` has a row for each draw and a column for each question: how often it was drawn."""
    apart = _means(new, draws) - _means(old, draws)
    low, high = np.nanpercentile(apart, INTERVAL)
    before, now = float(np.nanmean(old)), float(np.nanmean(new))
    defined = int((~np.isnan(old) | ~np.isnan(new)).sum())
    return Difference(name, round(before, 4), round(now, 4), round(now - before, 4), round(float(low), 4), round(float(high), 4), defined)


def _means(column: Numbers, draws: Numbers) -> Numbers:
    """The mean in each draw; not a number in one that drew no question with a value."""
    there = ~np.isnan(column)
    drawn = draws @ there
    out = np.full(len(draws), np.nan)
    np.divide(draws @ np.where(there, column, 0.0), drawn, out=out, where=drawn > 0)
    return out
