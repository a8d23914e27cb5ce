"""Runs of eight words: how it is known whether a text is, or is not, left in some file.

A run that two documents share says nothing of either, so a document is told by the runs that no other has. Case, punctuation and
white space do not count, nor do the escapes of JSON.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

LENGTH = 8
_WORD = re.compile(r"[^\W_]+")
_ESCAPE = re.compile(r"\\(?:[nrtbf\"\\/]|u[0-9a-fA-F]{4})")
_PIECE = 8_000_000  # bytes


@dataclass(frozen=True, slots=True)
class Runs:
    """A set of runs, and the words that they are made of."""

    runs: frozenset[tuple[str, ...]]
    words: frozenset[str]

    def within(self, text: str) -> bool:
        """Whether one of the runs stands in the text."""
        return next(self._found(text), None) is not None

    def _found(self, text: str) -> Iterator[tuple[str, ...]]:
        stretch: list[str] = []
        for word in _words(text):
            if word not in self.words:
                stretch.clear()
                continue
            stretch.append(word)
            if len(stretch) >= LENGTH and tuple(stretch[-LENGTH:]) in self.runs:
                yield tuple(stretch[-LENGTH:])


def runs_of(texts: Iterable[str]) -> set[tuple[str, ...]]:
    """Every run in these texts; one of fewer words has none."""
    found: set[tuple[str, ...]] = set()
    for text in texts:
        words = list(_words(text))
        found.update(zip(*(islice(words, start, None) for start in range(LENGTH)), strict=False))
    return found


def own_runs(texts: Iterable[str], others: Iterable[str]) -> Runs:
    """The runs in `texts` that none of `others` has. `others` are gone through one at a time."""
    own = runs_of(texts)
    for text in others:
        own -= runs_of([text])
    return Runs(frozenset(own), frozenset(word for run in own for word in run))


def files_with(runs: Runs, folder: Path) -> Iterator[tuple[Path, bool]]:
    """Every file below the folder, and whether one of the runs stands in it, as bytes of UTF-8."""
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        yield path, any(runs.within(text) for text in _pieces(path))


def _pieces(path: Path) -> Iterator[str]:
    """The file as text, piece by piece; each begins with the end of the one before, so that no run is cut."""
    with path.open("rb") as file:
        rest = b""
        while piece := file.read(_PIECE):
            yield (rest + piece).decode("utf-8", "replace")
            rest = piece[-2000:]


def _words(text: str) -> Iterator[str]:
    return (match.group().lower() for match in _WORD.finditer(_ESCAPE.sub(" ", text)))
