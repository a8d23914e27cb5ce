"""What each part of retrieval and of the gate is worth, by leaving it out: `python -m bench.ablation FOLDER --vectors FOLDER`.

FOLDER holds the evaluation sets. Of retrieval, evidence@4000c of at most 300 questions of each set (nDCG@10 of scifact); of the gate, the
mean AUROC out of fold and, in brackets, of the sets that were left out. Vectors are kept between runs; the first run embeds every chunk
twice, with the adapted model and without.
"""

from __future__ import annotations

import argparse
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from assistant.evaluation.measures import Passage, Row, mean, ndcg, recall, within
from assistant.ports import Embedder, Vector
from assistant.retrieval import fusion, lexical
from assistant.retrieval.dense import cosines
from assistant.retrieval.layout import Scores, best_neighbour, best_of_document
from assistant.retrieval.phrases import shares_held
from assistant.retrieval.search import PHRASE, SearchIndex, bm25_of_meanings
from assistant.types import LOCAL
from bench.gate_examples import LEARNED, Example, examples
from bench.gate_report import auroc_of
from bench.retrieval import VectorStore, folder_of, make_index, read_rows
from bench.train_gate import left_out, out_of_fold

ASKED = {
    "handbook": ("question", "question_titled"),
    "policyqa": ("question",),
    "conditionalqa": ("question",),
    "squad2": ("question",),
    "obliqa": ("question",),
    "mtrag": ("question_standalone",),
    "scifact": ("question",),
}
CHARACTERS = 4000
MOST_ROWS = 300


@dataclass(frozen=True, slots=True)
class Parts:
    """Which parts of retrieval are at work."""

    vectors: bool = True
    words: bool = True
    document: bool = True
    neighbours: bool = True
    abbreviations: bool = True
    phrases: bool = True


WITHOUT = {
    "everything": Parts(),
    "without vectors": Parts(vectors=False),
    "without words": Parts(words=False),
    "without the document's best": Parts(document=False),
    "without neighbours": Parts(neighbours=False),
    "without abbreviations": Parts(abbreviations=False),
    "without phrases": Parts(phrases=False),
}


def scored(index: SearchIndex, query: str, vector: Vector, parts: Parts) -> Scores:
    """The score of every chunk, made as `assistant.retrieval.search` makes it, of these parts."""
    readers = index.audiences.of(LOCAL)
    cosine = np.maximum(cosines(index.vectors, vector, readers.mask), 0) if parts.vectors else np.zeros(len(index.chunks), dtype=np.float32)
    words = _words(index, query, parts) if parts.words else np.zeros(len(index.chunks), dtype=np.float32)
    own = fusion.COSINE * cosine + (1 - fusion.COSINE) * words
    found = own
    if parts.document:
        best = fusion.DOCUMENT_COSINE * best_of_document(index.layout, cosine)
        found = found + best + fusion.DOCUMENT_BM25 * best_of_document(index.layout, words)
    return found + fusion.NEIGHBOUR * best_neighbour(index.layout, own) if parts.neighbours else found


def _words(index: SearchIndex, query: str, parts: Parts) -> Scores:
    readers, terms = index.audiences.of(LOCAL), index.analyzer.terms(query)
    found = bm25_of_meanings(index, terms, readers) if parts.abbreviations else lexical.bm25(index.lexical, terms, readers)
    share = found / np.float32(lexical.ideal_bm25(index.lexical, terms, readers) or 1)
    phrases = shares_held(query, index.chunks, index.lexical, readers.mask, index.analyzer) if parts.phrases else None
    return share if phrases is None else share + np.float32(PHRASE) * phrases


def worth(index: SearchIndex, rows: Sequence[Row], field: str, embedder: Embedder, parts: Parts) -> float:
    asked = [row for row in rows if row["answerable"] and row.get(field)]
    asked = random.Random(0).sample(asked, min(MOST_ROWS, len(asked)))
    vectors = embedder.embed([row[field] for row in asked])
    return mean(_found(index, row, scored(index, row[field], vector, parts)) for row, vector in zip(asked, vectors, strict=True))


def _found(index: SearchIndex, row: Row, scores: Scores) -> float:
    count = 50 if "qrels" in row else 20
    best = sorted(np.argpartition(-scores, count)[:count].tolist(), key=lambda i: -scores[i])
    passages = [Passage(index.chunks[i].source, index.chunks[i].text) for i in best]
    if "qrels" in row:
        return ndcg(row["qrels"], [passage.source.removesuffix(".txt") for passage in passages])
    return recall(row, within(passages, CHARACTERS))


def retrieval_table(folder: Path, adapted: Embedder, plain: Embedder) -> Iterator[str]:
    columns = [(name, field) for name, fields in ASKED.items() for field in fields]
    found: dict[str, list[float]] = {name: [] for name in (*WITHOUT, "without the adaptation")}
    for name in ASKED:
        rows = read_rows(folder / name / "questions.jsonl")
        index, unadapted = make_index(folder / name, adapted), make_index(folder / name, plain)
        for field in ASKED[name]:
            for variant, parts in WITHOUT.items():
                found[variant].append(worth(index, rows, field, adapted, parts))
            found["without the adaptation"].append(worth(unadapted, rows, field, plain, Parts()))
    yield "| retrieval | " + " | ".join(f"{name} `{field}`" for name, field in columns) + " |"
    yield "|---|" + "---|" * len(columns)
    for variant, values in found.items():
        yield f"| {variant} | " + " | ".join(f"{value:.3f}" for value in values) + " |"


def gate_table(folder: Path, embedder: Embedder) -> Iterator[str]:
    every = list(examples({name: folder_of(folder, name) for name in LEARNED}, embedder, random.Random(0)))
    yield "| gate | AUROC absent | AUROC near miss |"
    yield "|---|---|---|"
    for gone in (None, *every[0].features):
        kept = [_without(example, gone) for example in every]
        inside, outside = auroc_of(kept, out_of_fold(kept)), auroc_of(kept, left_out(kept))
        cells = " | ".join(f"{inside[kind]:.3f} ({outside[kind]:.3f})" for kind in ("absent", "near miss"))
        yield f"| {f'without `{gone}`' if gone else 'everything'} | {cells} |"


def _without(example: Example, feature: str | None) -> Example:
    return replace(example, features={name: value for name, value in example.features.items() if name != feature})


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, help="the evaluation sets")
    parser.add_argument("--vectors", type=Path, required=True, help="where vectors are kept between runs")
    arguments = parser.parse_args()
    from assistant.adapters.sentence_transformers import SentenceTransformerEmbedder, bundled_folder

    adapted = VectorStore(SentenceTransformerEmbedder(), arguments.vectors)
    plain = VectorStore(SentenceTransformerEmbedder(str(bundled_folder())), arguments.vectors)
    for line in gate_table(arguments.folder, adapted):
        print(line, flush=True)
    for line in retrieval_table(arguments.folder, adapted, plain):
        print(line, flush=True)


if __name__ == "__main__":
    main()
