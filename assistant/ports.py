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

    def ids(self) -> list[str]:
        """The ids of all chunks, ascending."""
        ...

    def load(self, ids: Sequence[str]) -> tuple[list[Chunk], Vectors]:
        """These chunks with their vectors, in the order of the ids. One that is not there raises IndexBroken."""
        ...

    def close(self) -> None: ...


class ChunkStore(Protocol):
    """The chunk indexes of all generations, each under its generation's id."""

    @property
    def kept(self) -> int:
        """How many generations are worth keeping, the published one included."""
        ...

    def create(self, generation: str) -> ChunkIndex:
        """A new one, empty."""
        ...

    def open(self, generation: str) -> ChunkIndex:
        """Raises IndexBroken where there is none, or none that can be read."""
        ...

    def derive(self, target: str, latest: str, spare: str | None) -> str:
        """Makes `target` hold what `latest` holds, or what `spare` holds where that is cheaper to have: it is used up then. Returns which.
        None of them may be open for writing."""
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
