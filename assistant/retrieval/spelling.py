"""Slips of the pen in a query: a word that stands in nothing the asker may read is taken for the nearest word that does.

Near is counted in insertions, deletions, replacements and swaps of neighbours (optimal string alignment, the restricted distance of
Damerau, 1964, and Levenshtein, 1966), of words as they are spelt, since a stemmer makes of a slip a stem far from the right one. Only
words that the asker may read are looked at, so that no other can be suggested or get in the way. What is a word of English is no slip,
even where it is near another: a question about metal gets no answer from a text about mental health.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass

from rapidfuzz import process
from rapidfuzz.distance import OSA

from assistant.retrieval.analysis import SPELT, Analyzer, fold
from assistant.retrieval.english import is_english
from assistant.retrieval.lexical import Audience, LexicalIndex

SHORTEST = 5
LONG = 8
_WORD = re.compile(r"[^\W_]+(?:['\u2019][^\W_]+)*")


@dataclass(frozen=True, slots=True)
class Correction:
    """A query as it is searched for. `words` are what was taken for what: pairs of the word that was written and the one that was meant."""

    text: str
    words: tuple[tuple[str, str], ...] = ()


def spellings(index: LexicalIndex) -> tuple[str, ...]:
    """The words of the index as they are spelt, behind their mark, in alphabetical order."""
    return tuple(sorted(entry for entry in index.vocabulary if entry.startswith(SPELT)))


def correct(query: str, index: LexicalIndex, spelt: Sequence[str], readers: Audience, analyzer: Analyzer) -> Correction:
    """The query with its slips put right; itself where there are none. `spelt` is what `spellings` gives for the index."""
    words: list[tuple[str, str]] = []

    def meant(match: re.Match[str]) -> str:
        written = match.group()
        found = _nearest(fold(written), index, spelt, readers) if _is_strange(written, match.start(), index, readers, analyzer) else None
        if found is None:
            return written
        words.append((written, found))
        return found

    text = _WORD.sub(meant, query)
    return Correction(text, tuple(words))


def _is_strange(word: str, at: int, index: LexicalIndex, readers: Audience, analyzer: Analyzer) -> bool:
    """Is it no word of English, and stands in nothing that may be read? Abbreviations, codes, short forms such as `wasn't`, and names
    inside a sentence are not put right."""
    if len(word) < SHORTEST or not word.isalpha() or word.isupper() or (at and word[0].isupper()):
        return False
    terms = analyzer.terms(word)
    return bool(terms) and not any(_held(index, term, readers) for term in terms) and not is_english(fold(word))


def _nearest(word: str, index: LexicalIndex, spelt: Sequence[str], readers: Audience) -> str | None:
    """The word at the least distance, of several the one in most chunks; it begins with the same letter."""
    first = SPELT + word[:1]
    alike = spelt[bisect_left(spelt, first) : bisect_left(spelt, SPELT + chr(ord(word[0]) + 1))]
    limit = 2 if len(word) >= LONG else 1
    near = process.extract(SPELT + word, alike, scorer=OSA.distance, score_cutoff=limit, limit=None)
    found = [(distance, -frequency, entry) for entry, distance, _ in near if (frequency := _held(index, entry, readers))]
    return min(found)[2].removeprefix(SPELT) if found else None


def _held(index: LexicalIndex, entry: str, readers: Audience) -> int:
    """In how many chunks that may be read it stands."""
    ordinal = index.vocabulary.get(entry)
    return 0 if ordinal is None else int(readers.frequencies[ordinal])
