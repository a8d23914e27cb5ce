"""Stand-ins with behaviour for the ports, fast enough for thousands of cases. Each passes the same contract tests as the real one."""

from __future__ import annotations

import asyncio
import hashlib
import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from decimal import Decimal

import numpy as np

from assistant.errors import IndexBroken
from assistant.ports import Completion, Hear, Message, Vectors
from assistant.types import Chunk, Rate, Usage

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
    """A dollar for a million tokens, whichever they are, for every model but `unknown`."""

    version = "fake-prices 1"

    def rate(self, provider: str, model: str, input_tokens: int) -> Rate | None:  # noqa: ARG002  # the port names them
        return None if model == "unknown" else Rate(Decimal(1), Decimal(1), Decimal(1))


class FakeReranker:
    """Scores a text by how many of the query's words it holds."""

    def score(self, query: str, texts: Sequence[str]) -> list[float]:
        words = set(query.lower().split())
        return [float(len(words & set(text.lower().split()))) for text in texts]


Write = Callable[[str], "str | Completion"]


class FakeChatModel:
    """Replies with what `write` makes of the last message, in pieces of a few characters where somebody hears it, and reports 10 tokens in
    and 5 out. What `write` raises, it raises. `prompts` holds what it was asked."""

    provider = "fake"

    def __init__(self, write: Write, model: str = "model") -> None:
        self._write = write
        self.model = model
        self.name = f"fake:{model}"
        self.prompts: list[str] = []

    async def complete(
        self, messages: Sequence[Message], *, most_tokens: int, schema: Mapping[str, object] | None = None, hear: Hear | None = None
    ) -> Completion:  # the port names what this one needs not
        del most_tokens, schema
        self.prompts.append(messages[-1].content)
        said = self._write(messages[-1].content)
        completion = said if isinstance(said, Completion) else Completion(said, self.model, Usage(input_tokens=10, output_tokens=5))
        for at in range(0, len(completion.text) if hear else 0, 7):
            await asyncio.sleep(0)
            assert hear is not None
            hear(completion.text[at : at + 7])
        return completion


def says(*sentences: tuple[str, int, str]) -> Write:
    """Always the same sentences: text, marker, quote."""
    items = [{"text": text, "quotes": [{"marker": marker, "quote": quote}]} for text, marker, quote in sentences]
    return lambda _: json.dumps({"answerable": bool(items), "sentences": items})


def first_sentence(prompt: str) -> str:
    """An honest model: quotes the beginning of the first passage."""
    found = re.search(r"<passage \[(\d+)\]>\n.*?^Text:\n(.+?)$", prompt, re.DOTALL | re.MULTILINE)
    assert found is not None
    return str(says((found[2].strip(), int(found[1]), found[2].strip()))(prompt))


class FakeModerator:
    """Flags every text that holds one of its words."""

    provider = "fake"
    model = "moderator"

    def __init__(self, *words: str) -> None:
        self._words = words
        self.seen: list[str] = []

    async def flagged(self, texts: Sequence[str]) -> list[str | None]:
        self.seen += texts
        return [next((word for word in self._words if word in text.lower()), None) for text in texts]
