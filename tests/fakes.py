"""Stand-ins with behaviour for the ports, fast enough for thousands of cases. Each passes the same contract tests as the real one."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterable, Sequence
from decimal import Decimal

import numpy as np

from assistant.errors import IndexBroken
from assistant.ports import ModelAnswer, Vectors
from assistant.types import Call, Chunk, Claim, Evidence, Usage

DIMENSIONS = 64


class FakeEmbedder:
    """Hashes words into a unit vector, so that texts with common words are near each other. Counts what it embedded."""

    model_id = "fake@1"

    def __init__(self) -> None:
        self.embedded = 0

    def embed(self, texts: Sequence[str]) -> Vectors:
        self.embedded += len(texts)
        rows = np.zeros((len(texts), DIMENSIONS), dtype=np.float32)
        for row, text in zip(rows, texts, strict=True):
            for word in re.findall(r"\w+", text.lower()) or ["nothing"]:
                digest = hashlib.sha256(word.encode()).digest()
                row[digest[0] % DIMENSIONS] += 1 if digest[1] % 2 else -1
            row /= np.linalg.norm(row) or 1
            if not row.any():
                row[0] = 1
        return rows


class MemoryChunkIndex:
    """Chunks and vectors in a dictionary."""

    def __init__(self, rows: dict[str, tuple[Chunk, Vectors]]) -> None:
        self._rows = rows

    def add(self, chunks: Sequence[Chunk], vectors: Vectors) -> None:
        self._rows.update({chunk.id: (chunk, vector) for chunk, vector in zip(chunks, vectors, strict=True)})

    def remove(self, chunk_ids: Iterable[str]) -> None:
        for chunk_id in chunk_ids:
            self._rows.pop(chunk_id, None)

    def ids(self) -> list[str]:
        return sorted(self._rows)

    def load(self, ids: Sequence[str]) -> tuple[list[Chunk], Vectors]:
        if not self._rows.keys() >= set(ids):
            raise IndexBroken("Some chunks are not there.")
        rows = [self._rows[chunk_id] for chunk_id in ids]
        vectors = np.stack([vector for _, vector in rows]) if rows else np.empty((0, 0), dtype=np.float32)
        return [chunk for chunk, _ in rows], vectors

    def close(self) -> None:
        pass


class MemoryChunkStore:
    """All generations' chunks in this process; what one holder writes another sees. With three kept, it uses up a spare."""

    def __init__(self, kept: int = 2) -> None:
        self.kept = kept
        self.generations: dict[str, dict[str, tuple[Chunk, Vectors]]] = {}

    def create(self, generation: str) -> MemoryChunkIndex:
        return MemoryChunkIndex(self.generations.setdefault(generation, {}))

    def open(self, generation: str) -> MemoryChunkIndex:
        if generation not in self.generations:
            raise IndexBroken(f"There is no generation {generation}.")
        return MemoryChunkIndex(self.generations[generation])

    def derive(self, target: str, latest: str, spare: str | None) -> str:
        if self.kept > 2 and spare in self.generations:
            self.generations[target] = self.generations.pop(spare)
            return spare
        if latest not in self.generations:
            raise IndexBroken(f"There is no generation {latest}.")
        self.generations[target] = dict(self.generations[latest])
        return latest

    def drop(self, generation: str) -> None:
        self.generations.pop(generation, None)


class FakePrices:
    """A millionth of a dollar a token for every model but `unknown`."""

    version = "fake-prices 1"

    def usd(self, provider: str, model: str, usage: Usage) -> Decimal | None:  # noqa: ARG002  # the port names the provider
        if model == "unknown":
            return None
        return Decimal(usage.input_tokens + usage.output_tokens) / 1_000_000


class FakeReranker:
    """Scores a text by how many of the query's words it holds."""

    def score(self, query: str, texts: Sequence[str]) -> list[float]:
        words = set(query.lower().split())
        return [float(len(words & set(text.lower().split()))) for text in texts]


class FakeChatModel:
    """Says what `write` makes of question and evidence, and books 10 tokens in and 5 out for each call. What `write` raises, it raises."""

    name = "fake:model"

    def __init__(self, write: Callable[[str, Sequence[Evidence]], Sequence[Claim]]) -> None:
        self._write = write
        self.objections: list[str | None] = []

    async def answer(self, question: str, evidence: Sequence[Evidence], objection: str | None = None) -> ModelAnswer:
        self.objections.append(objection)
        usage = Usage(input_tokens=10, output_tokens=5)
        call = Call("model", "fake", "answer", 1.0, usage, FakePrices().usd("fake", "model", usage), FakePrices.version)
        return ModelAnswer(tuple(self._write(question, evidence)), (call,), prompt="fake-prompt")


def first_sentence(_: str, evidence: Sequence[Evidence]) -> list[Claim]:
    """An honest model: quotes the beginning of the best passage."""
    best = evidence[0]
    sentence = best.chunk.text.split("\n")[0].strip()
    return [Claim(sentence, best.marker, sentence)]
