"""What the core needs from outside, as small as it comes. Each port has a real adapter in `adapters/` and a fake in `tests/fakes.py`."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Protocol

import numpy as np
import numpy.typing as npt

from assistant.types import Call, Chunk, Claim, Evidence, Usage

Vector = npt.NDArray[np.float32]
Vectors = npt.NDArray[np.float32]


class Embedder(Protocol):
    """Turns texts into unit vectors. `model_id` names model and revision, so that vectors of two models never mix."""

    @property
    def model_id(self) -> str: ...

    def embed(self, texts: Sequence[str]) -> Vectors:
        """One row per text, shape (len(texts), dimensions), each of length 1."""
        ...


class ChunkIndex(Protocol):
    """The durable store of one generation's chunks and vectors."""

    def add(self, chunks: Sequence[Chunk], vectors: Vectors) -> None: ...

    def remove(self, chunk_ids: Iterable[str]) -> None: ...

    def load(self) -> tuple[list[Chunk], Vectors]:
        """Every chunk with its vector, in the order of the chunks' ids."""
        ...

    def close(self) -> None: ...


class ChunkStore(Protocol):
    """The chunk indexes of all generations, each under its generation's id."""

    def open(self, generation: str) -> ChunkIndex:
        """Opens it; a new one is empty."""
        ...

    def copy(self, source: str, target: str) -> None:
        """Makes `target` hold what `source` holds. Neither may be open."""
        ...

    def drop(self, generation: str) -> None:
        """Forgets it, if it is there."""
        ...


class Reranker(Protocol):
    """Scores each text against the query; higher is better, no fixed range."""

    def score(self, query: str, texts: Sequence[str]) -> list[float]: ...


@dataclass(frozen=True, slots=True)
class ModelAnswer:
    """What a chat model proposed, unchecked, and every call that it took."""

    claims: tuple[Claim, ...]
    calls: tuple[Call, ...]
    prompt: str


class ChatModel(Protocol):
    """Writes claims from evidence.

    Raises ModelUnavailable, with the calls already paid, when no attempt brought a usable reply.
    """

    @property
    def name(self) -> str: ...

    async def answer(self, question: str, evidence: Sequence[Evidence], objection: str | None = None) -> ModelAnswer:
        """`objection` says what was wrong with the model's last try, when it is asked again."""
        ...


class Prices(Protocol):
    """What a call costs."""

    @property
    def version(self) -> str: ...

    def usd(self, provider: str, model: str, usage: Usage) -> Decimal | None:
        """Dollars, or None where the price is not known. Never a guess of 0."""
        ...
