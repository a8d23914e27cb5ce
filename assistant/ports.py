"""What the core needs from outside, as small as it comes. Each port has a real adapter in `adapters/` and a fake in `tests/fakes.py`."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

import numpy as np
import numpy.typing as npt

from assistant.types import Chunk, Rate, Usage

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
class Message:
    """One message to a chat model."""

    role: Literal["system", "user"]
    content: str


@dataclass(frozen=True, slots=True)
class Completion:
    """What a chat model returned to one request, unchecked. `model` is its name as the provider gives it; `usage` is None where none was
    reported. `ended`: whether it said all it wanted, ran into the limit, or declined."""

    text: str
    model: str
    usage: Usage | None
    ended: Literal["complete", "cut", "declined"] = "complete"


Hear = Callable[[str], None]


class ChatModel(Protocol):
    """A language model behind a network. One call is one request: repeating, booking and checking are not its business."""

    @property
    def name(self) -> str:
        """As the operator named it, `provider:model`."""
        ...

    @property
    def provider(self) -> str: ...

    @property
    def model(self) -> str: ...

    async def complete(
        self, messages: Sequence[Message], *, most_tokens: int, schema: Mapping[str, object] | None = None, hear: Hear | None = None
    ) -> Completion:
        """`schema` is the JSON Schema of the reply where it is to be JSON. With `hear` the reply is streamed: every piece of text is given
        to it as it comes, in order. Raises ModelFailed; when cancelled, the connection is closed."""
        ...


class Moderator(Protocol):
    """Says what is not to be asked or answered here."""

    @property
    def provider(self) -> str: ...

    @property
    def model(self) -> str: ...

    async def flagged(self, texts: Sequence[str]) -> list[str | None]:
        """For each text what speaks against it, in a word or two, or None. Raises ModelFailed."""
        ...


class Prices(Protocol):
    """What a call costs."""

    @property
    def version(self) -> str: ...

    def rate(self, provider: str, model: str, input_tokens: int) -> Rate | None:
        """Of a call with so many tokens of input (some models cost more for long ones), or None where it is not known. Never a guess
        of 0."""
        ...
