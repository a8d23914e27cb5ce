"""Makers for tests on documents' times and contradictions: an index of a few passages, a question asked of it, an answer in extracts."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date

import numpy as np

from assistant.documents import Edition
from assistant.extract import extract
from assistant.ground import ground
from assistant.ports import Vectors
from assistant.retrieval.search import build_index, query_stats
from assistant.retrieve import Material
from assistant.standing import Editions
from assistant.types import LOCAL, Chunk, Evidence, Hit, Principal, Statement

TODAY = date(2026, 11, 25)
OTHERS = ("Tea is free.", "The office in Oslo has a garden.", "Rent is paid in advance.", "Laptops are replaced after four years.")


def alike(texts: Sequence[str]) -> Vectors:
    """An embedding in which all texts mean the same, so that words alone decide."""
    return np.ones((len(texts), 1), dtype=np.float32)


def apart(texts: Sequence[str]) -> Vectors:
    """An embedding in which no two texts mean the same."""
    return np.eye(len(texts), dtype=np.float32)


def edition(source: str, effective: date | None = None, supersedes: Sequence[str] = (), **more: object) -> Edition:
    return replace(Edition(f"id-{source}", source, source.removesuffix(".md"), effective=effective, supersedes=tuple(supersedes)), **more)  # type: ignore[arg-type]  # the fields of an Edition, by name


def passage(text: str, source: str, headings: tuple[str, ...] = (), start: int = 0) -> Chunk:
    return Chunk(f"{source}:{start}", f"id-{source}", source, source.removesuffix(".md"), headings, start, start + len(text), text)


def hits(*passages: Chunk, scores: Sequence[float] = ()) -> list[Hit]:
    return [Hit(chunk, scores[rank - 1] if scores else 1 - rank / 100, rank) for rank, chunk in enumerate(passages, 1)]


def material(question: str, *passages: Chunk, aside: Sequence[Chunk] = ()) -> Material:
    """The passages as evidence, under the markers 1, 2, …"""
    everything = [*passages, *aside, *(passage(text, f"other-{n}.md") for n, text in enumerate(OTHERS))]
    index = build_index(everything, alike([""] * len(everything)))
    evidence = tuple(Evidence(hit.rank, hit) for hit in hits(*passages))
    return Material(question, alike([""])[0], evidence, query_stats(index, question, LOCAL), index.analyzer)


def extracts(asked: Material, embed: Callable[[Sequence[str]], Vectors] = alike) -> tuple[Statement, ...]:
    claims = extract(asked.question, asked.evidence, asked.stats, asked.analyzer, asked.vector, embed)
    return ground(claims, asked.evidence, asked.question).statements


@dataclass(frozen=True)
class Company:
    """Its documents' editions, as somebody sees them on a day."""

    editions: Sequence[Edition]
    reader: Principal = LOCAL
    day: date = TODAY

    def standing(self, source: str, day: date | None = None):  # type: ignore[no-untyped-def]  # Standing, as Editions gives it
        return Editions(self.editions).standing(source, self.reader, day or self.day)
