"""Limits on measures, so that an evaluation can stand as a gate behind each ingest."""

from __future__ import annotations

import difflib
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from assistant.errors import InvalidRequest
from assistant.evaluation.summary import MEASURES


@dataclass(frozen=True, slots=True)
class Threshold:
    """What a measure must not be: `under` the bound, or `over` it. Equal is good enough."""

    name: str
    side: Literal["under", "over"]
    bound: float


def read_thresholds(under: Sequence[str], over: Sequence[str]) -> tuple[Threshold, ...]:
    """From `evidence@4000c=0.7` and the like. Raises InvalidRequest that names the option, and the measures there are."""
    return (*(_read(text, "under") for text in under), *(_read(text, "over") for text in over))


def _read(text: str, side: Literal["under", "over"]) -> Threshold:
    option, (name, _, number) = f"--fail-{side}", text.partition("=")
    if name not in MEASURES:
        near = difflib.get_close_matches(name, MEASURES, n=1)
        hint = f" Did you mean {near[0]}?" if near else ""
        raise InvalidRequest(option, f"{name} is no measure.{hint} There are {', '.join(MEASURES)}")
    try:
        bound = float(number)
    except ValueError:
        bound = math.nan
    if not math.isfinite(bound):
        raise InvalidRequest(option, f"{text} needs a number: {name}=0.7")
    return Threshold(name, side, bound)


def missed(thresholds: Sequence[Threshold], measures: Mapping[str, float | None]) -> Iterator[str]:
    """A line for each threshold that does not hold. One that could not be measured does not hold: a gate that saw nothing stays shut."""
    for one in thresholds:
        value = measures[one.name]
        if value is None:
            yield f"{one.name} was not measured: no question has what it needs (wanted: not {one.side} {one.bound:g})."
        elif value < one.bound if one.side == "under" else value > one.bound:
            yield f"{one.name} is {value:g}, {one.side} {one.bound:g}."
