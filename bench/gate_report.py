"""Tables on the gate: how well it tells the kinds of questions apart, what passes at which threshold, how true its probabilities are."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
import numpy.typing as npt
from sklearn.metrics import roc_auc_score  # type: ignore[import-untyped]  # ships no annotations

from assistant.gate import OperatingPoint, most_open
from bench.gate_examples import Example, Kind, Numbers, weights

BINS = 10
THRESHOLDS = (0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8)
PROMISES = (0.1, 0.15, 0.2, 0.25, 0.3, 0.35)


def report(found: Sequence[Example], probabilities: Numbers, threshold: float) -> Iterator[str]:
    """Two tables: how well the kinds are told apart, and what passes at each threshold (answerable / near miss / absent)."""
    sets = sorted({example.corpus for example in found})
    yield "| set | answerable | near misses | absent | AUROC absent | AUROC near miss | where evidence was found | absent, 5 documents |"
    yield "|---|---|---|---|---|---|---|---|"
    for name in sets:
        good, near, absent = (_of(found, probabilities, name, kind) for kind in ("answerable", "near miss", "absent"))
        few = _auroc(_of(found, probabilities, name, "answerable", small=True), _of(found, probabilities, name, "absent", small=True))
        hit = _of(found, probabilities, name, "answerable", hit=True)
        against = " | ".join(f"{value:.3f}" for value in (_auroc(good, absent), _auroc(good, near), _auroc(hit, near), few))
        yield f"| {name} | {len(good)} | {len(near)} | {len(absent)} | {against} |"
    yield ""
    yield "| threshold | " + " | ".join(sets) + " |"
    yield "|---|" + "---|" * len(sets)
    for step in sorted({*THRESHOLDS, threshold}):
        cells = [" / ".join(f"{share(found, probabilities, n, k, step):.2f}" for k in ("answerable", "near miss", "absent")) for n in sets]
        yield f"| {step:.2f} | " + " | ".join(cells) + " |"


def reliability(found: Sequence[Example], probabilities: Numbers) -> Iterator[str]:
    """The reliability diagram as a table: of the questions given about this probability, the share that the evidence answers."""
    mass, true = weights(found), answered_by_evidence(found).astype(float)
    bins = _bins(probabilities)
    yield "| probability | share of questions | mean probability | answered by the evidence |"
    yield "|---|---|---|---|"
    for number in range(BINS):
        inside = bins == number
        if inside.any():
            shares = [float(np.average(values[inside], weights=mass[inside])) for values in (probabilities, true)]
            share = float(mass[inside].sum() / mass.sum())
            yield f"| {number / BINS:.1f} to {(number + 1) / BINS:.1f} | {share:.3f} | {shares[0]:.3f} | {shares[1]:.3f} |"


def promises(points: Sequence[Mapping[str, float]]) -> Iterator[str]:
    """What the operator may ask for, and what it costs in coverage."""
    yield "| at most wrong | answered from | answerable answered |"
    yield "|---|---|---|"
    for most in PROMISES:
        point = most_open([OperatingPoint(**values) for values in points], most)
        if point:
            yield f"| {most:.2f} | {point.answerable_from:.2f} | {point.coverage:.2f} |"
        else:
            yield f"| {most:.2f} | nowhere | – |"  # noqa: RUF001  # what a table shows where there is nothing


def answered_by_evidence(found: Sequence[Example]) -> npt.NDArray[np.bool_]:
    """Which questions the hits answer: answerable, and the evidence is among them."""
    return np.array([example.kind == "answerable" and example.found for example in found])


def mean_share(found: Sequence[Example], probabilities: Numbers, threshold: float) -> float:
    """The share of the answerable questions that pass, averaged over the sets."""
    sets = sorted({example.corpus for example in found})
    return sum(share(found, probabilities, name, "answerable", threshold) for name in sets) / len(sets)


def calibration_error(found: Sequence[Example], probabilities: Numbers) -> float:
    """Expected calibration error over bins of equal width, weighted as in training (Guo et al., 2017)."""
    mass = weights(found)
    true = answered_by_evidence(found).astype(float)
    bins = _bins(probabilities)
    gaps = [abs(float((mass * (true - probabilities))[bins == b].sum())) for b in range(BINS)]
    return sum(gaps) / float(mass.sum())


def _bins(probabilities: Numbers) -> npt.NDArray[np.int_]:
    """Which of `BINS` bins of equal width each lies in."""
    return np.asarray(np.minimum((probabilities * BINS).astype(int), BINS - 1))


def _of(found: Sequence[Example], probabilities: Numbers, corpus: str, kind: Kind, *, small: bool = False, hit: bool = False) -> Numbers:
    chosen = [(e.corpus, e.kind, e.small) == (corpus, kind, small) and (e.found or not hit) for e in found]
    return np.asarray(probabilities[np.array(chosen)])


def share(found: Sequence[Example], probabilities: Numbers, corpus: str, kind: Kind, threshold: float, *, small: bool = False) -> float:
    part = _of(found, probabilities, corpus, kind, small=small)
    return float((part >= threshold).mean()) if len(part) else float("nan")


def _auroc(positive: Numbers, negative: Numbers) -> float:
    if not len(positive) or not len(negative):
        return float("nan")
    return float(roc_auc_score([1] * len(positive) + [0] * len(negative), [*positive, *negative]))


def auroc_of(found: Sequence[Example], probabilities: Numbers) -> Mapping[Kind, float]:
    """How well answerable questions stand above the absent and above the near misses, averaged over the sets that have some."""
    means: dict[Kind, float] = {}
    for kind in ("absent", "near miss"):
        parts = [
            (_of(found, probabilities, name, "answerable"), _of(found, probabilities, name, kind)) for name in {e.corpus for e in found}
        ]
        means[kind] = float(np.mean([_auroc(*pair) for pair in parts if all(len(part) for part in pair)]))
    return means
