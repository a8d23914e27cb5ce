"""What is told of a question while it is being answered: where it is looked up, then each sentence as soon as it is proven."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from assistant.compose import Said
from assistant.types import Chunk, Citation


@dataclass(frozen=True, slots=True)
class Place:
    """A part of a document that is being read for the answer."""

    source: str
    title: str
    headings: tuple[str, ...]
    page: int | None

    @classmethod
    def of(cls, found: Chunk | Citation) -> Place:
        return cls(found.source, found.title, found.headings, found.page)


@dataclass(frozen=True, slots=True)
class Found:
    """The evidence, best first; each place once."""

    places: tuple[Place, ...]


Event = Found | Said
Tell = Callable[[Event], None]
