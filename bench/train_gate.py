"""Trains the gate, and shows what it does: `python -m bench.train_gate FOLDER --vectors FOLDER [--write assistant/gate.json]`.

FOLDER holds the evaluation sets. The gate learns from sets whose licences allow it and the sample company's (`bench/gate_examples.py`);
policyqa and conditionalqa stay unseen and are only measured. Its penalty is strong and its features few: what tells the training sets apart
better otherwise does worse on sets that were left out.

Figures on the training sets are out of fold, by document; "set left out" is what a gate says of a set that it learnt nothing from.
"""

from __future__ import annotations

import argparse
import json
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
from sklearn.linear_model import LogisticRegression  # type: ignore[import-untyped]  # ships no annotations
from sklearn.model_selection import GroupKFold  # type: ignore[import-untyped]  # ships no annotations

from assistant.ports import Embedder
from bench.gate_examples import KIND_WEIGHTS, LEARNED, UNSEEN, Example, Numbers, examples, weights
from bench.gate_report import answered_by_evidence, calibration_error, mean_share, promises, reliability, report
from bench.retrieval import VectorStore, folder_of

FOLDS = 5
STRENGTH = 0.003
ANSWERED = 0.882
RELATED = 0.99
FEWEST = 200


def matrix(found: Sequence[Example], names: Sequence[str]) -> Numbers:
    return np.array([[example.features[name] for name in names] for example in found])


@dataclass(frozen=True, slots=True)
class Line:
    """A slope and an offset on the logit (Platt, 1999): the order of questions stays, the probabilities become true."""

    slope: float
    offset: float

    def of(self, probabilities: Numbers) -> Numbers:
        return np.asarray(1 / (1 + np.exp(-(self.slope * np.log(probabilities / (1 - probabilities)) + self.offset))))


def calibration(found: Sequence[Example], probabilities: Numbers) -> Line:
    """Fitted to probabilities that are out of fold, of all questions: those, too, whose evidence was not found."""
    logits = np.log(probabilities / (1 - probabilities)).reshape(-1, 1)
    fitted = LogisticRegression(C=1e6).fit(logits, answered_by_evidence(found), sample_weight=weights(found))
    return Line(float(fitted.coef_[0, 0]), float(fitted.intercept_[0]))


@dataclass(frozen=True, slots=True)
class Model:
    names: tuple[str, ...]
    mean: Numbers
    scale: Numbers
    weight: Numbers
    intercept: float

    def probability(self, found: Sequence[Example]) -> Numbers:
        return np.asarray(1 / (1 + np.exp(-(self.intercept + (matrix(found, self.names) - self.mean) / self.scale @ self.weight))))

    def recalibrated(self, line: Line) -> Model:
        return Model(self.names, self.mean, self.scale, self.weight * line.slope, self.intercept * line.slope + line.offset)


def fit(found: Sequence[Example]) -> Model:
    names = tuple(found[0].features)
    values = matrix(found, names)
    mean, scale = values.mean(axis=0), values.std(axis=0)
    scale[scale == 0] = 1.0
    regression = LogisticRegression(C=STRENGTH, max_iter=2000)
    regression.fit((values - mean) / scale, [example.kind == "answerable" for example in found], sample_weight=weights(found))
    return Model(names, mean, scale, regression.coef_[0], float(regression.intercept_[0]))


def teaches(example: Example) -> bool:
    return example.kind != "answerable" or example.found


def out_of_fold(found: Sequence[Example]) -> Numbers:
    """Each example's probability under a model that saw no question on its document."""
    probabilities = np.zeros(len(found))
    for seen, held in GroupKFold(FOLDS).split(found, groups=[example.document for example in found]):
        model = fit([found[i] for i in seen if teaches(found[i])])
        probabilities[held] = model.probability([found[i] for i in held])
    return probabilities


def left_out(found: Sequence[Example]) -> Numbers:
    """Each example's probability under a model that saw no question of its set."""
    probabilities = np.zeros(len(found))
    for name in {example.corpus for example in found}:
        held = np.array([example.corpus == name for example in found])
        model = fit([example for example in found if example.corpus != name and teaches(example)])
        probabilities[held] = model.probability([example for example in found if example.corpus == name])
    return probabilities


def operating_point(found: Sequence[Example], probabilities: Numbers, share: float) -> float:
    """The highest threshold, in steps of 0.01, at which this share of the answerable questions still passes."""
    steps = [step / 100 for step in range(1, 100)]
    return max((t for t in steps if mean_share(found, probabilities, t) >= share), default=steps[0])


def operating_points(found: Sequence[Example], probabilities: Numbers) -> list[dict[str, float]]:
    """Where the gate could stand, from open to shut: of the answered the share that is wrong, because the evidence is missing or was not
    found, never less than at a point further shut; and the share of the answerable that is answered.

    One more wrong answer is counted than there was (conformal risk control: Angelopoulos et al., 2022). Where fewer than `FEWEST` are
    answered nothing is promised.
    """
    mass, right = weights(found), answered_by_evidence(found)
    points: list[dict[str, float]] = []
    worst = 0.0
    for step in range(98, 0, -2):
        answered = probabilities >= step / 100
        if answered.sum() < FEWEST:
            continue
        worst = max(worst, float((mass[answered & ~right].sum() + 1) / (mass[answered].sum() + 1)))
        coverage = mean_share(found, probabilities, step / 100)
        points.append({"answerable_from": step / 100, "wrong": round(worst, 4), "coverage": round(coverage, 4)})
    return points[::-1]


def stored(
    model: Model,
    found: Sequence[Example],
    thresholds: tuple[float, float],
    error: float,
    points: Sequence[Mapping[str, float]],
    embeddings: str,
    date: str,
) -> dict[str, object]:
    """What `assistant.gate.load_gate` reads, with where it comes from."""
    counts: dict[str, dict[str, int]] = {}
    for example in found:
        kinds = counts.setdefault(example.corpus, dict.fromkeys(KIND_WEIGHTS, 0))
        kinds[example.kind] += 1
    return {
        "trained": date,
        "by": "bench/train_gate.py",
        "embeddings": embeddings,
        "examples": counts,
        "calibration_error": round(error, 4),
        "answerable_from": thresholds[0],
        "related_from": thresholds[1],
        "operating_points": points,
        "intercept": round(model.intercept, 4),
        "coefficients": {
            name: {"mean": round(float(mean), 4), "scale": round(float(scale), 4), "weight": round(float(weight), 4)}
            for name, mean, scale, weight in zip(model.names, model.mean, model.scale, model.weight, strict=True)
        },
    }


def train(folder: Path, embedder: Embedder, date: str) -> dict[str, object]:
    """Prints the tables; returns what is to be stored."""
    every = list(examples({name: folder_of(folder, name) for name in (*LEARNED, *UNSEEN)}, embedder, random.Random(0)))
    learned = [example for example in every if example.corpus in LEARNED]
    unseen = [example for example in every if example.corpus in UNSEEN]
    raw = out_of_fold(learned)
    line = calibration(learned, raw)
    held_out = line.of(raw)
    model = fit([example for example in learned if teaches(example)]).recalibrated(line)
    thresholds = operating_point(learned, held_out, ANSWERED), operating_point(learned, held_out, RELATED)
    error, points = calibration_error(learned, held_out), operating_points(learned, held_out)
    print(f"Out of fold. Calibration error {error:.3f}; thresholds {thresholds}.", *report(learned, held_out, thresholds[0]), sep="\n")
    print("\nSet left out.", *report(learned, line.of(left_out(learned)), thresholds[0]), sep="\n")
    print("\nReliability, out of fold.", *reliability(learned, held_out), sep="\n")
    print("\nUnseen sets.", *report(unseen, model.probability(unseen), thresholds[0]), sep="\n")
    print("\nOperating points.", *promises(points), sep="\n")
    return stored(model, learned, thresholds, error, points, embedder.model_id, date)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, help="the evaluation sets")
    parser.add_argument("--vectors", type=Path, required=True, help="where vectors are kept between runs")
    parser.add_argument("--write", type=Path, help="the file to write the trained gate to")
    arguments = parser.parse_args()
    from assistant.adapters.sentence_transformers import SentenceTransformerEmbedder

    embedder = VectorStore(SentenceTransformerEmbedder(), arguments.vectors)
    gate = train(arguments.folder, embedder, datetime.now(UTC).date().isoformat())
    if arguments.write:
        arguments.write.write_text(json.dumps(gate, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
