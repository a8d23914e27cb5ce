"""Fits the weights of the sentence scorer, and shows what they do: `python -m bench.train_extract FOLDER --vectors FOLDER`.

FOLDER holds the evaluation sets. A question's candidates are the sentences of what the product retrieves for it; those that lie at
least half in the gold evidence are the good ones. The weights maximise the probability that a softmax over a question's candidates
gives to its good ones together (conditional logit, McFadden, 1974), with an L2 penalty, every set counting alike. They are written to
`assistant/extract.json`, which ships. Only measured are policyqa and conditionalqa, which are for research alone, and mtrag, whose
evidence is whole passages: with it, or with obliqa, the sets that were left out came out no better.

Figures on a set that was learned from are those of weights fitted without it.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize  # type: ignore[import-untyped]  # ships no annotations

from assistant.compose import text_of
from assistant.evaluation.measures import Passage, Row, judge, percentile, share_inside
from assistant.extract import EMBEDDED, extract
from assistant.extraction_signals import SIGNALS, Candidate, candidates
from assistant.features import features
from assistant.gate import load_gate
from assistant.ground import ground
from assistant.ports import Embedder
from assistant.retrieval.analysis import Analyzer
from assistant.retrieval.search import QueryStats, SearchIndex, query_stats, search
from assistant.retrieve import EVIDENCE
from assistant.rewrite import standalone
from assistant.types import LOCAL, Evidence, Filters
from bench.retrieval import VectorStore, make_index, read_rows, turns

LEARNED = ("handbook", "squad2", "clapnq")
UNSEEN = ("policyqa", "conditionalqa", "mtrag")
WEIGHTS = Path(__file__).parents[1] / "assistant" / "extract.json"
POOL = 16
GOOD = 0.5
PENALTY = 0.01

Numbers = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Case:
    """An answerable question with what was retrieved for it. `signals` has a row for each of the `POOL` sentences that are compared and
    a column for each of SIGNALS; `good` says which of them answer. `passes`: the gate would let it be answered."""

    row: Row
    question: str
    vector: npt.NDArray[np.float32]
    evidence: tuple[Evidence, ...]
    stats: QueryStats
    analyzer: Analyzer
    passes: bool
    signals: Numbers
    good: npt.NDArray[np.bool_]


def cases(folder: Path, embedder: Embedder) -> Iterator[Case]:
    """Of each question that has gold evidence, asked as a user would ask it."""
    index, gate = make_index(folder, embedder), load_gate()
    rows = [row for row in read_rows(folder / "questions.jsonl") if row["answerable"] and row["evidence"]]
    asked = [standalone(str(row["question"]), turns(row)) for row in rows]
    for row, question, vector in zip(rows, asked, embedder.embed(asked), strict=True):
        hits = search(index, question, vector, LOCAL, Filters(), EVIDENCE)
        stats = query_stats(index, question, LOCAL)
        passes = gate.decide(gate.probability(features(question, stats, hits, index.analyzer))) == "pass"
        evidence = tuple(Evidence(hit.rank, hit) for hit in hits)
        signals, good = _compared(row, question, vector, evidence, stats, index, embedder)
        yield Case(row, question, vector, evidence, stats, index.analyzer, passes, signals, good)


def _compared(
    row: Row,
    question: str,
    vector: npt.NDArray[np.float32],
    evidence: Sequence[Evidence],
    stats: QueryStats,
    index: SearchIndex,
    embedder: Embedder,
) -> tuple[Numbers, npt.NDArray[np.bool_]]:
    """Signals and labels of the sentences that share most with the question, by no fitted weights, so that none comes in by the back."""
    found = sorted(candidates(question, evidence, stats, index.analyzer), key=_plain, reverse=True)[:POOL]
    cosines = embedder.embed([candidate.in_place for candidate in found]) @ vector
    signals = [[*(c.signals[name] for name in SIGNALS[:-1]), cosine] for c, cosine in zip(found, cosines, strict=True)]
    good = [share_inside(row, Passage(c.evidence.chunk.source, c.span.text)) >= GOOD for c in found]
    return np.array(signals, dtype=float), np.array(good)


def _plain(candidate: Candidate) -> float:
    return sum(candidate.signals[name] for name in ("words", "place_words", "words_before", "retrieval"))


def fit(sets: Sequence[Sequence[Case]]) -> dict[str, float]:
    """The weights, per unit of each signal."""
    taught = [[case for case in part if case.good.any()] for part in sets]
    lessons = [(case, 1 / len(part) / len(taught)) for part in taught for case in part]
    scale = np.concatenate([case.signals for case, _ in lessons]).std(axis=0) + 1e-9

    def loss(weights: Numbers) -> tuple[float, Numbers]:
        total, gradient = PENALTY * float(weights @ weights), 2 * PENALTY * weights
        for case, mass in lessons:
            signals = case.signals / scale
            odds = np.exp(signals @ weights - (signals @ weights).max())
            every, good = odds / odds.sum(), odds * case.good / (odds * case.good).sum()
            total += mass * float(np.log(odds.sum() / (odds * case.good).sum()))
            gradient = gradient + mass * ((every - good) @ signals)
        return total, gradient

    found = minimize(loss, np.zeros(len(SIGNALS)), jac=True, method="L-BFGS-B").x / scale
    return {name: round(float(weight), 2) for name, weight in zip(SIGNALS, found, strict=True)}


def top1(case: Case, weights: Mapping[str, float]) -> float:
    """Does the sentence that comes first answer? As in the product, only the best by words are compared by cosine."""
    by_name = np.array([weights[name] for name in SIGNALS])
    words = case.signals[:, :-1] @ by_name[:-1]
    best = np.argsort(-words, kind="stable")[:EMBEDDED]
    return float(case.good[best[np.argmax(words[best] + by_name[-1] * case.signals[best, -1])]])


def answer(case: Case, weights: Mapping[str, float], embedder: Embedder) -> dict[str, float]:
    """The whole answer, judged."""
    claims = extract(case.question, case.evidence, case.stats, case.analyzer, case.vector, embedder.embed, weights)
    text, citations = text_of(ground(claims, case.evidence).statements)
    judged = judge(case.row, [Passage(citation.source, citation.quote) for citation in citations], text)
    return judged | {"characters": sum(len(citation.quote) for citation in citations)}


def line(name: str, found: Sequence[Case], weights: Mapping[str, float], embedder: Embedder) -> str:
    """A row of the table. What the answer is worth is averaged over the questions that pass the gate."""
    judged = [answer(case, weights, embedder) for case in found if case.passes]
    first = np.mean([top1(case, weights) for case in found])
    reachable = np.mean([case.good.any() for case in found])
    means = " | ".join(f"{np.mean([one[measure] for one in judged]):.3f}" for measure in ("right", "precision", "recall"))
    lengths = " | ".join(f"{percentile([one['characters'] for one in judged], share):.0f}" for share in (50, 95))
    return f"| {name} | {len(found)} | {reachable:.3f} | {first:.3f} | {len(judged)} | {means} | {lengths} |"


def report(sets: Mapping[str, Sequence[Case]], weights: Mapping[str, float], embedder: Embedder) -> Iterator[str]:
    """The table; a set that was learned from is judged by weights fitted without it."""
    yield "| set | questions | an answer is compared | top-1 | answered | right when answered | precision | recall | quoted p50 | p95 |"
    yield "|---|---|---|---|---|---|---|---|---|---|"
    for name in LEARNED:
        yield line(f"{name}, left out", sets[name], fit([sets[other] for other in LEARNED if other != name]), embedder)
    for name in UNSEEN:
        yield line(f"{name}, unseen", sets[name], weights, embedder)


def write(path: Path, sets: Mapping[str, Sequence[Case]], weights: Mapping[str, float], embeddings: str) -> None:
    """The weights with where they come from, as `assistant.extract` reads them."""
    learned = {name: sum(bool(case.good.any()) for case in sets[name]) for name in LEARNED}
    stored = {"trained": datetime.now(UTC).date().isoformat(), "by": "bench/train_extract.py", "embeddings": embeddings}
    path.write_text(json.dumps(stored | {"questions": learned, "weights": weights}, indent=2) + "\n", encoding="utf-8")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, help="the evaluation sets")
    parser.add_argument("--vectors", type=Path, required=True, help="where vectors are kept between runs")
    parser.add_argument("--out", type=Path, default=WEIGHTS, help="where the weights go")
    arguments = parser.parse_args()
    from assistant.adapters.sentence_transformers import SentenceTransformerEmbedder

    embedder = VectorStore(SentenceTransformerEmbedder(), arguments.vectors)
    sets = {name: list(cases(arguments.folder / name, embedder)) for name in (*LEARNED, *UNSEEN)}
    weights = fit([sets[name] for name in LEARNED])
    for row in report(sets, weights, embedder):
        print(row, flush=True)
    write(arguments.out, sets, weights, embedder.model_id)


if __name__ == "__main__":
    main()
