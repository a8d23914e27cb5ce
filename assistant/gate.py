"""The gate: a calibrated probability that the retrieved evidence answers the question, and what follows from it.

A logistic regression over `features`; its coefficients, and where they come from, stand in `gate.json` beside this module. The gate
settles what is clearly absent for nothing; near misses are left to grounding. Where it stands is the operator's to choose: each of its
operating points says what was wrong there, and what was answered, out of fold.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Literal

from assistant.errors import SettingsError

Decision = Literal["pass", "insufficient_evidence", "no_evidence"]


@dataclass(frozen=True, slots=True)
class Coefficient:
    """One feature's weight, per standard deviation (`scale`) from its `mean` in training."""

    mean: float
    scale: float
    weight: float


@dataclass(frozen=True, slots=True)
class OperatingPoint:
    """Where questions are answered from this probability on: the share of the answered that the evidence does not answer (with what chance
    may add, as in conformal risk control), and the share of the answerable that are answered."""

    answerable_from: float
    wrong: float
    coverage: float


@dataclass(frozen=True, slots=True)
class Gate:
    """From `answerable_from` on, the evidence is given to the answerer; below `related_from`, it is not even about the question.
    `points` are where it could stand instead, from the most open to the most shut."""

    intercept: float
    coefficients: Mapping[str, Coefficient]
    answerable_from: float
    related_from: float
    points: tuple[OperatingPoint, ...] = ()

    def probability(self, features: Mapping[str, float]) -> float:
        """In (0, 1). Raises KeyError where a feature that it was trained with is missing."""
        logit = self.intercept + sum(c.weight * (features[name] - c.mean) / c.scale for name, c in self.coefficients.items())
        return 1 / (1 + math.exp(-max(-30.0, min(30.0, logit))))

    def decide(self, probability: float) -> Decision:
        if probability >= self.answerable_from:
            return "pass"
        return "insufficient_evidence" if probability >= self.related_from else "no_evidence"

    def at_most(self, wrong: float) -> Gate:
        """This gate where at most this share of the answers is wrong, as open as that allows. Raises SettingsError where no point is that
        safe."""
        point = most_open(self.points, wrong)
        if point is None:
            least = math.ceil(100 * min((point.wrong for point in self.points), default=1.0)) / 100
            message = f"the gate can promise no less than {least:.2f}. docs/evaluation.md shows why."
            raise SettingsError(f"FOOTNOTE_MOST_WRONG={wrong:g}: {message}")
        return replace(self, answerable_from=point.answerable_from, related_from=min(self.related_from, point.answerable_from))


def most_open(points: Iterable[OperatingPoint], wrong: float) -> OperatingPoint | None:
    """Of the points where at most this share is wrong the one that answers most, None where there is none."""
    return max((point for point in points if point.wrong <= wrong), key=lambda point: point.coverage, default=None)


def load_gate(path: Traversable | None = None) -> Gate:
    """The gate that was trained for this product, or one from another file of the same form (see `bench/train_gate.py`)."""
    stored = json.loads((path or files("assistant") / "gate.json").read_text(encoding="utf-8"))
    coefficients = {name: Coefficient(**values) for name, values in stored["coefficients"].items()}
    points = tuple(OperatingPoint(**values) for values in stored["operating_points"])
    return Gate(stored["intercept"], coefficients, stored["answerable_from"], stored["related_from"], points)
