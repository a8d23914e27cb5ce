"""What the gate learns from: questions asked of an index, with what the gate would see of each.

One index for each evaluation set and for the sample company, and small ones cut out of them. Three kinds of questions:

    answerable   and the evidence is among the hits (where retrieval missed it, the question teaches nothing)
    near miss    asked about these documents, but they do not answer it
    absent       asked of another set's documents
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import numpy.typing as npt

from assistant.evaluation.measures import Passage, Row, recall
from assistant.features import CONSIDERED, features
from assistant.ports import Embedder
from assistant.retrieval.search import SearchIndex, build_index, query_stats, search
from assistant.types import LOCAL, Filters
from bench.retrieval import make_index, read_rows

LEARNED = ("handbook", "squad2", "clapnq", "mtrag", "obliqa", "sample")
UNSEEN = ("policyqa", "conditionalqa")
ABSENT_EACH = 80
SMALL_INDEXES = 20
SMALL_DOCUMENTS = 5
SMALL_QUESTIONS = 6
KIND_WEIGHTS = {"answerable": 0.6, "near miss": 0.2, "absent": 0.2}

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


def weights(found: Sequence[Example]) -> Numbers:
    """Every set counts alike, and in it every kind as KIND_WEIGHTS says, however many questions there are."""
    groups = [(example.corpus, example.kind) for example in found]
    counts = {group: groups.count(group) for group in set(groups)}
    raw = np.array([KIND_WEIGHTS[kind] / counts[corpus, kind] for corpus, kind in groups])
    return np.asarray(raw / raw.mean())
