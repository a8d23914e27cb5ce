"""Trains the gate, and shows what it does: `python -m bench.train_gate FOLDER --vectors FOLDER [--write assistant/gate.json]`.

FOLDER holds the evaluation sets. The gate learns from sets whose licences allow it and from the sample company's, one index a set, and
from small indexes cut out of them; policyqa and conditionalqa stay unseen and are only measured. Three kinds of questions:

    answerable   and the evidence is among the hits (where retrieval missed it, the question teaches nothing)
    near miss    asked about these documents, but they do not answer it
    absent       asked of another set's documents

Figures on the training sets are out of fold, by document.
"""

from __future__ import annotations

import argparse
import json
import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

import numpy as np
import numpy.typing as npt
from sklearn.linear_model import LogisticRegression  # type: ignore[import-untyped]  # ships no annotations
from sklearn.metrics import roc_auc_score  # type: ignore[import-untyped]  # ships no annotations
from sklearn.model_selection import GroupKFold  # type: ignore[import-untyped]  # ships no annotations

from assistant.evaluation.measures import Passage, Row, recall
from assistant.features import CONSIDERED, features
from assistant.ports import Embedder
from assistant.retrieval.search import SearchIndex, build_index, query_stats, search
from assistant.types import LOCAL, Filters
from bench.retrieval import VectorStore, folder_of, make_index, read_rows

LEARNED = ("handbook", "squad2", "clapnq", "mtrag", "obliqa", "sample")
UNSEEN = ("policyqa", "conditionalqa")
ABSENT_EACH = 80
SMALL_INDEXES = 20
SMALL_DOCUMENTS = 5
SMALL_QUESTIONS = 6
FOLDS = 5
STRENGTH = 0.01
KIND_WEIGHTS = {"answerable": 0.6, "near miss": 0.2, "absent": 0.2}
ANSWERED = 0.85
RELATED = 0.99
BINS = 10
THRESHOLDS = (0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8)

Kind = Literal["answerable", "near miss", "absent"]
Numbers = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Question:
    """`document` is the one it was written for: folds never part its questions."""

    text: str
    document: str
    answerable: bool
    row: Row


@dataclass(frozen=True, slots=True)
class Example:
    """A question asked of an index. `found`: the evidence is among the hits."""

    corpus: str
    kind: Kind
    document: str
    features: dict[str, float]
    found: bool = False
    small: bool = False


def questions(name: str, folder: Path) -> list[Question]:
    """The set's questions in a form that stands alone; those that have none are left out."""
    out = []
    for row in read_rows(folder / "questions.jsonl"):
        text = row["question"]
        if name == "mtrag":
            text = row["question_standalone"]
        elif name == "sample" and row.get("history"):
            text = ""
        elif name == "handbook" and not row["self_contained"]:
            text = row["question_titled"]
        if text:
            place = row.get("scope") or (row["evidence"][0]["doc"] if row["evidence"] else row["id"].split("<")[0])
            out.append(Question(text, f"{name}/{place}", bool(row["answerable"]), row))
    return out


def ask(
    index: SearchIndex, corpus: str, asked: Sequence[Question], embedder: Embedder, *, absent: bool, small: bool = False
) -> Iterator[Example]:
    """What the gate would see of each question on this index."""
    for question, vector in zip(asked, embedder.embed([q.text for q in asked]), strict=True):
        hits = search(index, question.text, vector, LOCAL, Filters(), CONSIDERED)
        values = features(question.text, query_stats(index, question.text, LOCAL), hits, index.analyzer)
        kind: Kind = "absent" if absent else "answerable" if question.answerable else "near miss"
        found = kind == "answerable" and recall(question.row, [Passage(h.chunk.source, h.chunk.text) for h in hits]) > 0
        yield Example(corpus, kind, question.document, values, found, small)


def small_index(index: SearchIndex, sources: set[str]) -> SearchIndex:
    rows = [i for i, chunk in enumerate(index.chunks) if chunk.source in sources]
    return build_index([index.chunks[i] for i in rows], index.vectors[rows], index.analyzer)


def examples(folders: Mapping[str, Path], embedder: Embedder, chance: random.Random) -> Iterator[Example]:
    asked = {name: questions(name, folder) for name, folder in folders.items()}
    for name, folder in folders.items():
        index = make_index(folder, embedder)
        own = asked[name]
        # An unseen set is measured with questions of all others; a gate is never trained on a question of an unseen set.
        others = [other for other in asked if other != name and (other in LEARNED or name in UNSEEN)]
        foreign = [q for other in others for q in chance.sample(asked[other], min(ABSENT_EACH, len(asked[other])))]
        yield from ask(index, name, own, embedder, absent=False)
        yield from ask(index, name, foreign, embedder, absent=True)
        for _ in range(SMALL_INDEXES):
            yield from _small(index, name, own, foreign, embedder, chance)


def _small(
    index: SearchIndex, corpus: str, own: Sequence[Question], foreign: Sequence[Question], embedder: Embedder, chance: random.Random
) -> Iterator[Example]:
    documents = chance.sample(sorted({q.document for q in own}), SMALL_DOCUMENTS)
    sources = {document.removeprefix(f"{corpus}/corpus/") for document in documents}
    part = small_index(index, sources)
    if not part.chunks:
        return
    inside = [q for q in own if q.document in documents]
    yield from ask(part, corpus, chance.sample(inside, min(SMALL_QUESTIONS, len(inside))), embedder, absent=False, small=True)
    yield from ask(part, corpus, chance.sample(foreign, SMALL_QUESTIONS), embedder, absent=True, small=True)


def matrix(found: Sequence[Example], names: Sequence[str]) -> Numbers:
    return np.array([[example.features[name] for name in names] for example in found])


def weights(found: Sequence[Example]) -> Numbers:
    """Every set counts alike, and in it every kind as KIND_WEIGHTS says, however many questions there are."""
    groups = [(example.corpus, example.kind) for example in found]
    counts = {group: groups.count(group) for group in set(groups)}
    raw = np.array([KIND_WEIGHTS[kind] / counts[corpus, kind] for corpus, kind in groups])
    return np.asarray(raw / raw.mean())


@dataclass(frozen=True, slots=True)
class Model:
    names: tuple[str, ...]
    mean: Numbers
    scale: Numbers
    weight: Numbers
    intercept: float

    def probability(self, found: Sequence[Example]) -> Numbers:
        return np.asarray(1 / (1 + np.exp(-(self.intercept + (matrix(found, self.names) - self.mean) / self.scale @ self.weight))))


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


def mean_share(found: Sequence[Example], probabilities: Numbers, threshold: float) -> float:
    """The share of the answerable questions that pass, averaged over the sets."""
    sets = sorted({example.corpus for example in found})
    return sum(_share(found, probabilities, name, "answerable", threshold) for name in sets) / len(sets)


def operating_point(found: Sequence[Example], probabilities: Numbers, share: float) -> float:
    """The highest threshold, in steps of 0.01, at which this share of the answerable questions still passes."""
    steps = [step / 100 for step in range(1, 100)]
    return max((t for t in steps if mean_share(found, probabilities, t) >= share), default=steps[0])


def calibration_error(found: Sequence[Example], probabilities: Numbers) -> float:
    """Expected calibration error over bins of equal width, weighted as in training (Guo et al., 2017)."""
    mass = weights(found)
    true = np.array([float(example.kind == "answerable") for example in found])
    bins = np.minimum((probabilities * BINS).astype(int), BINS - 1)
    gaps = [abs(float((mass * (true - probabilities))[bins == b].sum())) for b in range(BINS)]
    return sum(gaps) / float(mass.sum())


def _of(found: Sequence[Example], probabilities: Numbers, corpus: str, kind: Kind, *, small: bool = False, hit: bool = False) -> Numbers:
    chosen = [(e.corpus, e.kind, e.small) == (corpus, kind, small) and (e.found or not hit) for e in found]
    return np.asarray(probabilities[np.array(chosen)])


def _share(found: Sequence[Example], probabilities: Numbers, corpus: str, kind: Kind, threshold: float, *, small: bool = False) -> float:
    part = _of(found, probabilities, corpus, kind, small=small)
    return float((part >= threshold).mean()) if len(part) else float("nan")


def _auroc(positive: Numbers, negative: Numbers) -> float:
    if not len(positive) or not len(negative):
        return float("nan")
    return float(roc_auc_score([1] * len(positive) + [0] * len(negative), [*positive, *negative]))


def report(found: Sequence[Example], probabilities: Numbers, threshold: float) -> Iterator[str]:
    """Two tables: how well the kinds are told apart, and what passes at each threshold (answerable / near miss / absent)."""
    sets = sorted({example.corpus for example in found})
    yield "| set | answerable | near misses | absent | AUROC absent | AUROC near miss | AUROC absent, 5 documents |"
    yield "|---|---|---|---|---|---|---|"
    for name in sets:
        good, near, absent = (_of(found, probabilities, name, kind) for kind in ("answerable", "near miss", "absent"))
        few = _auroc(_of(found, probabilities, name, "answerable", small=True), _of(found, probabilities, name, "absent", small=True))
        hit = _of(found, probabilities, name, "answerable", hit=True)
        yield f"| {name} | {len(good)} | {len(near)} | {len(absent)} | {_auroc(good, absent):.3f} | {_auroc(hit, near):.3f} | {few:.3f} |"
    yield ""
    yield "| threshold | " + " | ".join(sets) + " |"
    yield "|---|" + "---|" * len(sets)
    for step in sorted({*THRESHOLDS, threshold}):
        cells = [" / ".join(f"{_share(found, probabilities, n, k, step):.2f}" for k in ("answerable", "near miss", "absent")) for n in sets]
        yield f"| {step:.2f} | " + " | ".join(cells) + " |"


def stored(model: Model, found: Sequence[Example], thresholds: tuple[float, float], error: float, date: str) -> dict[str, object]:
    """What `assistant.gate.load_gate` reads, with where it comes from."""
    counts: dict[str, dict[str, int]] = {}
    for example in found:
        kinds = counts.setdefault(example.corpus, dict.fromkeys(KIND_WEIGHTS, 0))
        kinds[example.kind] += 1
    return {
        "trained": date,
        "by": "bench/train_gate.py",
        "embeddings": "all-MiniLM-L6-v2",
        "examples": counts,
        "calibration_error": round(error, 4),
        "answerable_from": thresholds[0],
        "related_from": thresholds[1],
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
    held_out = out_of_fold(learned)
    thresholds = operating_point(learned, held_out, ANSWERED), operating_point(learned, held_out, RELATED)
    taught = np.array([teaches(example) for example in learned])
    lessons = [example for example in learned if teaches(example)]
    model, error = fit(lessons), calibration_error(lessons, held_out[taught])
    print(f"Out of fold. Calibration error {error:.3f}; thresholds {thresholds}.", *report(learned, held_out, thresholds[0]), sep="\n")
    print("\nUnseen sets.", *report(unseen, model.probability(unseen), thresholds[0]), sep="\n")
    return stored(model, lessons, thresholds, error, date)


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
