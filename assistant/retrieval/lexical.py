"""BM25 over an inverted index whose statistics are those of an audience.

The number of chunks, their average length and a term's document frequency are counted among the chunks that the asker may read,
at the time of the query. So a score says nothing about a chunk that he may not read: it is the score that an index of the
permitted chunks alone would give.

Robertson and Zaragoza, "The Probabilistic Relevance Framework: BM25 and Beyond", 2009.
"""

from __future__ import annotations

import math
from array import array
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from assistant.retrieval.analysis import ANALYSIS, SPELT

Mask = npt.NDArray[np.bool_]
Scores = npt.NDArray[np.float32]

K1 = 0.6
B = 0.75
_ARRAYS = ("offsets", "postings", "frequencies", "lengths")


@dataclass(frozen=True, slots=True)
class LexicalIndex:
    """`postings[offsets[t]:offsets[t + 1]]` are the ordinals of the chunks with the term `t`, ascending; `frequencies` stands
    beside it. `lengths[c]` counts the terms of chunk `c`; words as they are spelt (`analysis.py`) stand among the terms and do not count.
    `analysis` names the code that made the terms."""

    vocabulary: dict[str, int]
    offsets: npt.NDArray[np.int64]
    postings: npt.NDArray[np.int32]
    frequencies: npt.NDArray[np.int32]
    lengths: npt.NDArray[np.int32]
    analysis: str = ANALYSIS

    @property
    def size(self) -> int:
        return len(self.lengths)


@dataclass(frozen=True, slots=True)
class Audience:
    """The chunks that one asker may read, and what BM25 needs to know of them together: how many they are, how much each one's
    length weakens a term in it, and in how many of them each term of the vocabulary stands."""

    mask: Mask
    size: int
    norms: Scores
    frequencies: npt.NDArray[np.int32]

    @property
    def whole(self) -> bool:
        """May everything be read?"""
        return self.size == len(self.mask)


class Additions:
    """The terms of chunks on their way into an index, twelve bytes for each term and chunk."""

    def __init__(self) -> None:
        self.vocabulary: dict[str, int] = {}
        self.terms, self.chunks, self.counts = array("i"), array("i"), array("i")
        self.lengths: dict[int, int] = {}

    def add(self, ordinal: int, terms: Sequence[str]) -> None:
        self.lengths[ordinal] = sum(not term.startswith(SPELT) for term in terms)
        for term, count in Counter(terms).items():
            self.terms.append(self.vocabulary.setdefault(term, len(self.vocabulary)))
            self.chunks.append(ordinal)
            self.counts.append(count)


def build(term_lists: Iterable[Sequence[str]]) -> LexicalIndex:
    """An index of chunks given as their terms, in the chunks' order."""
    additions = Additions()
    for ordinal, terms in enumerate(term_lists):
        additions.add(ordinal, terms)
    nothing = np.empty(0, dtype=np.int32)
    return merge(LexicalIndex({}, np.zeros(1, dtype=np.int64), nothing, nothing, nothing), np.empty(0, dtype=np.int64), additions)


def merge(old: LexicalIndex, moved: npt.NDArray[np.int64], added: Additions) -> LexicalIndex:
    """What `build` would make of the chunks that stay and those that are added, without looking at the text of those that stay.

    `moved[c]` is the new ordinal of the old chunk `c`, -1 where it goes. With those of `added` the ordinals are 0, 1, 2, ….
    """
    stays = moved[old.postings] >= 0
    old_terms = np.repeat(np.arange(len(old.vocabulary)), np.diff(old.offsets))[stays]
    words, new_words = list(old.vocabulary), list(added.vocabulary)
    # In alphabetical order: terms in the order in which they were met would retell the documents.
    vocabulary = {word: n for n, word in enumerate(sorted({*(words[t] for t in np.unique(old_terms)), *new_words}))}
    numbers = np.asarray([vocabulary.get(word, -1) for word in (*words, *new_words)], dtype=np.int32)
    terms = np.concatenate([numbers[old_terms], numbers[len(words) :][np.asarray(added.terms, dtype=np.int32)]])
    chunks = np.concatenate([moved[old.postings[stays]].astype(np.int32), np.asarray(added.chunks, dtype=np.int32)])
    counts = np.concatenate([old.frequencies[stays], np.asarray(added.counts, dtype=np.int32)])
    order = np.lexsort((chunks, terms))
    offsets = np.zeros(len(vocabulary) + 1, dtype=np.int64)
    np.cumsum(np.bincount(terms, minlength=len(vocabulary)), out=offsets[1:])
    return LexicalIndex(vocabulary, offsets, chunks[order], counts[order], _lengths(old, moved, added))


def _lengths(old: LexicalIndex, moved: npt.NDArray[np.int64], added: Additions) -> npt.NDArray[np.int32]:
    stay = moved >= 0
    lengths = np.zeros(int(np.count_nonzero(stay)) + len(added.lengths), dtype=np.int32)
    lengths[moved[stay]] = old.lengths[stay]
    lengths[list(added.lengths)] = list(added.lengths.values())
    return lengths


def audience(index: LexicalIndex, mask: Mask) -> Audience:
    """What an asker's permissions make of the index. It looks at every posting: keep it between his questions (`audience.py`)."""
    size = int(np.count_nonzero(mask))
    total = int(index.lengths[mask].sum(dtype=np.int64))
    average = np.float32(total / size if total else 1)
    norms = np.float32(K1 * (1 - B)) + np.float32(K1 * B) / average * index.lengths.astype(np.float32)
    return Audience(mask, size, norms, _document_frequencies(index, mask))


def _document_frequencies(index: LexicalIndex, mask: Mask) -> npt.NDArray[np.int32]:
    """Of every term, in how many of the chunks under the mask it stands."""
    before = np.zeros(len(index.postings) + 1, dtype=np.int32)
    np.cumsum(mask[index.postings], out=before[1:])
    return before[index.offsets[1:]] - before[index.offsets[:-1]]


def postings(index: LexicalIndex, term: str) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.int32]]:
    """The chunks that hold a term and how often, over the whole index."""
    ordinal = index.vocabulary.get(term)
    if ordinal is None:
        return index.postings[:0], index.frequencies[:0]
    part = slice(index.offsets[ordinal], index.offsets[ordinal + 1])
    return index.postings[part], index.frequencies[part]


def holders(index: LexicalIndex, terms: Sequence[str]) -> Mask:
    """Which chunks hold every one of the terms, over the whole index; none where there is no term."""
    held = np.zeros(index.size, dtype=np.int32)
    distinct = dict.fromkeys(terms)
    for term in distinct:
        held[postings(index, term)[0]] += 1
    return np.asarray((held == len(distinct)) & bool(distinct), dtype=np.bool_)


def idf(index: LexicalIndex, term: str, readers: Audience) -> float:
    """How rare a term is in what the audience may read: ln(1 + (N - df + 0.5) / (df + 0.5)), never negative. A term that does
    not occur there is as rare as can be."""
    ordinal = index.vocabulary.get(term)
    return _rarity(0 if ordinal is None else int(readers.frequencies[ordinal]), readers)


def _rarity(frequency: int, readers: Audience) -> float:
    return math.log1p((readers.size - frequency + 0.5) / (frequency + 0.5))


def bm25(index: LexicalIndex, terms: Sequence[str], readers: Audience) -> Scores:
    """The score of every chunk for the query, shape (chunks,); 0 for one that may not be read. A repeated term counts once."""
    scores = np.zeros(index.size, dtype=np.float32)
    for term in dict.fromkeys(terms):
        chunks, frequencies = postings(index, term)
        if not readers.whole:
            permitted = readers.mask[chunks]
            chunks, frequencies = chunks[permitted], frequencies[permitted]
        counts = frequencies.astype(np.float32)
        weight = np.float32((K1 + 1) * _rarity(len(chunks), readers))
        scores[chunks] += weight * counts / (counts + readers.norms[chunks])
    return scores


def ideal_bm25(index: LexicalIndex, terms: Sequence[str], readers: Audience) -> float:
    """What a chunk of average length would score that holds every term once: the yardstick for a query's best score."""
    return float(sum(idf(index, term, readers) for term in dict.fromkeys(terms)))


def save(index: LexicalIndex, path: Path) -> None:
    """Writes a `.npz` without pickles; terms are kept in alphabetical order, as UTF-8 between line feeds."""
    arrays = {name: getattr(index, name) for name in _ARRAYS}
    with path.open("wb") as file:
        np.savez(file, words=_bytes("\n".join(index.vocabulary)), analysis=_bytes(index.analysis), **arrays)


def load(path: Path) -> LexicalIndex:
    """Reads what `save` wrote. Raises OSError, KeyError or ValueError where the file is not such a one."""
    with np.load(path, allow_pickle=False) as stored:
        text = stored["words"].tobytes().decode()
        vocabulary = {word: i for i, word in enumerate(text.split("\n"))} if text else {}
        analysis = stored["analysis"].tobytes().decode() if "analysis" in stored else ""
        return LexicalIndex(vocabulary, **{name: stored[name] for name in _ARRAYS}, analysis=analysis)


def _bytes(text: str) -> npt.NDArray[np.uint8]:
    return np.frombuffer(text.encode(), dtype=np.uint8)
