"""Measures retrieval in this process, without a server: `python -m bench.retrieval SET... --vectors FOLDER`.

A SET is a folder with `corpus/` and `questions.jsonl`. The searcher is the product's own, with its own settings; vectors are kept
in the given folder between runs, so that only what changed is embedded again.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import sqlite3
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from assistant.evaluation.measures import Passage, Row, scores, source_of
from assistant.evaluation.questions import turns as turns
from assistant.ports import Embedder, Vectors
from assistant.retrieval.search import SearchIndex, build_index, search
from assistant.types import LOCAL, Chunk, Document, Filters
from ingest.chunking import chunk_document
from ingest.folder import FolderFile
from ingest.metadata import load_folder_metadata
from ingest.parsing import FileParser
from ingest.prepare import prepare
from ingest.survey import Seen
from ingest.types import Block, ParsedDocument

BATCH = 256
SAMPLE = Path(__file__).parents[1] / "data" / "eval"


class VectorStore:
    """An embedder that remembers its vectors in a SQLite file, by model and text. Any thread may use it, one at a time."""

    def __init__(self, embedder: Embedder, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._embedder = embedder
        self._rows = sqlite3.connect(folder / "vectors.sqlite", timeout=60, check_same_thread=False)
        self._rows.execute("CREATE TABLE IF NOT EXISTS vectors (key TEXT PRIMARY KEY, vector BLOB)")

    @property
    def model_id(self) -> str:
        return self._embedder.model_id

    def embed(self, texts: Sequence[str]) -> Vectors:
        keys = [hashlib.sha256(f"{self.model_id}\0{text}".encode()).hexdigest() for text in texts]
        missing = sorted({k: t for k, t in zip(keys, texts, strict=True) if not self._get(k)}.items(), key=lambda item: len(item[1]))
        for start in range(0, len(missing), BATCH):
            part = missing[start : start + BATCH]
            vectors = self._embedder.embed([text for _, text in part])
            rows = [(key, vector.tobytes()) for (key, _), vector in zip(part, vectors, strict=True)]
            self._rows.executemany("INSERT OR REPLACE INTO vectors VALUES (?, ?)", rows)
            self._rows.commit()
        return np.stack([np.frombuffer(self._get(key), dtype=np.float32) for key in keys])

    def _get(self, key: str) -> bytes:
        row = self._rows.execute("SELECT vector FROM vectors WHERE key = ?", (key,)).fetchone()
        return bytes(row[0]) if row else b""


def folder_of(sets: Path, name: str) -> Path:
    """Where a set lies: among the sets, or in this repository for the sample company's."""
    return SAMPLE if name == "sample" else sets / name


def chunks_of(folder: Path) -> list[Chunk]:
    """The corpus as the ingest would cut it; files that cannot be read are left out. Of a `corpus.jsonl` each line is a document."""
    corpus = folder / "corpus"
    if (corpus / "corpus.jsonl").exists():
        return [chunk for row in read_rows(corpus / "corpus.jsonl") for chunk in _abstract(row)]
    folders, parser = load_folder_metadata(corpus), FileParser()
    chunks: list[Chunk] = []
    for path in sorted(p for p in corpus.rglob("*") if p.is_file()):
        chunks += prepare(Seen(FolderFile(path.relative_to(corpus).as_posix(), path), ""), corpus, folders, parser).chunks
    return chunks


def _abstract(row: Row) -> list[Chunk]:
    source, text = f"{row['id']}.txt", str(row["text"])
    document = Document(source, source, str(row["title"]), text, "", datetime(2000, 1, 1, tzinfo=UTC))
    return chunk_document(document, ParsedDocument(text, (Block("paragraph", 0, len(text)),)))


def read_rows(path: Path) -> list[Row]:
    with path.open(encoding="utf-8") as file:
        return [json.loads(line) for line in file if line.strip()]


def make_index(folder: Path, embedder: Embedder) -> SearchIndex:
    chunks = chunks_of(folder)
    return build_index(chunks, embedder.embed([chunk.indexed_text for chunk in chunks]))


def measure(index: SearchIndex, rows: Sequence[Row], embedder: Embedder, field: str, *, scope: bool = False) -> dict[str, float]:
    """The mean of each measure over the answerable questions, and the milliseconds a search took, once the question is embedded."""
    rows = [row for row in rows if row["answerable"]]
    queries = [str(row.get(field) or row["question"]) for row in rows]
    vectors = embedder.embed(queries)
    totals: dict[str, list[float]] = {}
    began = time.perf_counter()
    found = [
        search(index, query, vector, LOCAL, _filters(row, scope=scope), 50 if "qrels" in row else 20)
        for row, query, vector in zip(rows, queries, vectors, strict=True)
    ]
    milliseconds = (time.perf_counter() - began) * 1000 / max(len(rows), 1)
    for row, hits in zip(rows, found, strict=True):
        for name, value in scores(row, [Passage(hit.chunk.source, hit.chunk.text) for hit in hits]).items():
            totals.setdefault(name, []).append(value)
    means = {name: round(sum(values) / len(values), 4) for name, values in totals.items()}
    return {"chunks": len(index.chunks), "questions": len(rows), **means, "ms": round(milliseconds, 2)}


def _filters(row: Row, *, scope: bool) -> Filters:
    return Filters((source_of(row["scope"]),)) if scope and row.get("scope") else Filters()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("sets", nargs="+", type=Path)
    parser.add_argument("--vectors", type=Path, required=True, help="where vectors are kept between runs")
    parser.add_argument("--field", default="question", help="which field to ask: question, question_titled, question_standalone …")
    parser.add_argument("--scope", action="store_true", help="search in the question's document alone")
    arguments = parser.parse_args()
    from assistant.adapters.sentence_transformers import SentenceTransformerEmbedder

    embedder = VectorStore(SentenceTransformerEmbedder(), arguments.vectors)
    for folder in arguments.sets:
        index, rows = make_index(folder, embedder), read_rows(folder / "questions.jsonl")
        found = measure(index, rows, embedder, arguments.field, scope=arguments.scope)
        print(json.dumps({"set": folder.name, "field": arguments.field, **found}))


if __name__ == "__main__":
    main()
