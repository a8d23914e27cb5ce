"""Times retrieval as the index grows: `python -m bench.scale [--sizes 1000,10000,100000]`. Prints a Markdown table.

The index is made up in this process: chunks of the sample company's text in which every sixth word is another one, so that the
vocabulary grows as it does in real text, in documents of ten, with random unit vectors. Its readers may read all of it, a half and a
tenth. The sample's questions are asked one after the other, after a few to warm up, and embedded by the bundled model. Each cell is
p50 / p95: `retrieval` is `embed` and `search` with the query's statistics; `dense`, `lexical` and `fusion` are what `search` is made of,
run once more by themselves. Memory is what the index adds to the process, its chunks' texts included.
"""

from __future__ import annotations

import argparse
import random
import resource
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeVar

import numpy as np

from assistant.evaluation.measures import percentile
from assistant.features import features
from assistant.gate import Gate, load_gate
from assistant.ports import Embedder, Vector
from assistant.retrieval import lexical
from assistant.retrieval.audience import Audiences
from assistant.retrieval.dense import cosines
from assistant.retrieval.fusion import fuse
from assistant.retrieval.search import SearchIndex, build_index, query_stats, search
from assistant.types import LOCAL, Chunk, Filters, Principal
from bench.retrieval import SAMPLE, chunks_of, read_rows

DIMENSIONS = 384
PER_DOCUMENT = 10
ALTERED = 1 / 6
WARM_UP = 20
RETRIEVED = 20
STEPS = ("retrieval", "embed", "search", "dense", "lexical", "fusion", "gate")
TENTH, HALF, REST = ("tenth",), ("half",), ("rest",)
READERS = {
    "all": LOCAL,
    "50 %": Principal("half", frozenset(TENTH + HALF)),
    "10 %": Principal("tenth", frozenset(TENTH)),
}
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Timed:
    """Milliseconds of each question, by step."""

    steps: dict[str, list[float]]

    def taken(self, step: str, work: Callable[[], T]) -> T:
        began = time.perf_counter()
        result = work()
        self.steps.setdefault(step, []).append((time.perf_counter() - began) * 1000)
        return result


def made_up(size: int, originals: Sequence[Chunk], seed: int = 0) -> Iterator[Chunk]:
    """Chunks in documents of `PER_DOCUMENT`; a document in ten is for `TENTH`, four for `HALF`, five for `REST`."""
    chance = random.Random(seed)
    for number in range(size):
        document = number // PER_DOCUMENT
        groups = TENTH if document % 10 == 0 else HALF if document % 10 < 5 else REST
        original = originals[chance.randrange(len(originals))]
        words = [_other(chance, size) if chance.random() < ALTERED else word for word in original.text.split()]
        text, name = " ".join(words), f"{document:06}"
        identity = f"{chance.getrandbits(64):016x}"
        yield replace(
            original, id=identity, document_id=name, source=f"{name}.md", start=number, end=number + len(text), text=text, groups=groups
        )


def _other(chance: random.Random, size: int) -> str:
    """A word of a made-up vocabulary with Zipf's distribution: the rank of a word is the exponential of a number drawn evenly."""
    rank = int((5 * size) ** chance.random())
    return "".join("bdfglmnprstvz"[rank // 13**i % 13] + "aeiou"[rank // 5**i % 5] for i in range(4))


def made_up_index(size: int, originals: Sequence[Chunk]) -> SearchIndex:
    chunks = sorted(made_up(size, originals), key=lambda chunk: chunk.id)
    vectors = np.random.default_rng(0).standard_normal((size, DIMENSIONS), dtype=np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    return build_index(chunks, vectors)


def time_questions(index: SearchIndex, questions: Sequence[str], principal: Principal, embedder: Embedder) -> Timed:
    gate, timed = load_gate(), Timed({})
    for question in questions[:WARM_UP]:
        _time_one(Timed({}), index, question, principal, embedder, gate)
    for question in questions:
        _time_one(timed, index, question, principal, embedder, gate)
    return timed


def _time_one(timed: Timed, index: SearchIndex, question: str, principal: Principal, embedder: Embedder, gate: Gate) -> None:
    began = time.perf_counter()
    vector: Vector = timed.taken("embed", lambda: embedder.embed([question])[0])
    hits = timed.taken("search", lambda: search(index, question, vector, principal, Filters(), RETRIEVED))
    stats = query_stats(index, question, principal)
    timed.steps.setdefault("retrieval", []).append((time.perf_counter() - began) * 1000)
    timed.taken("gate", lambda: gate.probability(features(question, stats, hits, index.analyzer)))
    readers = index.audiences.of(principal)
    cosine = timed.taken("dense", lambda: cosines(index.vectors, vector, readers.mask))
    bm25 = timed.taken("lexical", lambda: lexical.bm25(index.lexical, index.analyzer.terms(question), readers))
    timed.taken("fusion", lambda: fuse(cosine, bm25, index.layout, readers.mask))


def resident() -> float:
    """Megabytes of memory that this process holds now."""
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * resource.getpagesize() / 1e6


def first_question(index: SearchIndex, principal: Principal) -> float:
    """Milliseconds to count what an asker may read, which the first question of such an asker pays."""
    fresh = Audiences(index.layout, index.lexical)
    began = time.perf_counter()
    fresh.of(principal)
    return (time.perf_counter() - began) * 1000


def rows(size: int, originals: Sequence[Chunk], questions: Sequence[str], embedder: Embedder) -> Iterator[str]:
    before = resident()
    index = made_up_index(size, originals)
    memory = resident() - before
    for name, principal in READERS.items():
        first = first_question(index, principal)
        steps = time_questions(index, questions, principal, embedder).steps
        cells = [f"{percentile(steps[step], 50):.1f} / {percentile(steps[step], 95):.1f}" for step in STEPS]
        yield f"| {size:,} | {name} | {' | '.join(cells)} | {first:.1f} | {memory:,.0f} |"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sizes", default="1000,10000,100000", help="numbers of chunks")
    sizes = [int(size) for size in parser.parse_args().sizes.split(",")]
    from assistant.adapters.sentence_transformers import SentenceTransformerEmbedder

    originals, questions = chunks_of(SAMPLE), [str(row["question"]) for row in read_rows(SAMPLE / "questions.jsonl")]
    print(f"| chunks | readable | {' | '.join(f'{step}, ms' for step in STEPS)} | new audience, ms | index, MB |")
    print("|---" * (len(STEPS) + 4) + "|")
    for size in sizes:
        for row in rows(size, originals, questions, SentenceTransformerEmbedder()):
            print(row, flush=True)


if __name__ == "__main__":
    main()
