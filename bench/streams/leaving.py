"""Clients that leave at every moment of a stream, and what is still there when they are gone."""

from __future__ import annotations

import random
import sqlite3
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

from bench.streams.client import Asked, Leave
from bench.streams.provider import number_of


def leaves(count: int, seconds: float, seed: int = 0) -> Iterator[Leave]:
    """A quarter each: before anything came, just after the evidence, while sentences come, just before or after the end of an answer that
    takes `seconds`. Half of them rudely."""
    chance = random.Random(seed)
    for turn in range(count):
        rudely = chance.random() < 0.5
        yield (
            Leave(chance.uniform(0, 0.1), "asked", rudely),
            Leave(chance.uniform(0, 0.1), "evidence", rudely),
            Leave(chance.uniform(0.1, 0.9) * seconds, "evidence", rudely),
            Leave(chance.uniform(0.95, 1.05) * seconds, "evidence", rudely),
        )[turn % 4]


def noticed(asked: Iterable[Asked], served: Sequence[Mapping[str, Any]]) -> list[float]:
    """For each client that left, the seconds until the provider saw its own connection closed; none where it was not asked, or had ended
    before."""
    left = {one.number: one.moments["left"] for one in asked if "left" in one.moments}
    return [one["ended"] - left[one["number"]] for one in served if one["cancelled"] and one["number"] in left]


def booked(traces: Path, numbers: Iterable[int]) -> dict[str, Any]:
    """What the ledger says of these questions: how they ended, and for each number the errors of its calls (None: it went well)."""
    wanted = set(numbers)
    with closing(sqlite3.connect(f"file:{traces}?mode=ro", uri=True)) as db:
        questions = {trace: number_of(f"Question: {text}") for trace, text in db.execute("SELECT id, question FROM traces")}
        outcomes = Counter(o for trace, o in db.execute("SELECT id, outcome FROM traces") if questions[trace] in wanted)
        calls: dict[int | None, list[str | None]] = {}
        for trace, error in db.execute("SELECT trace_id, error FROM calls"):
            calls.setdefault(questions.get(trace), []).append(error)
    return {
        "outcomes": outcomes,
        "calls": {number: errors for number, errors in calls.items() if number in wanted},
        "without a question": len(calls.get(None, [])),
    }
