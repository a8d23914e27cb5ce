"""BM25 over an inverted index whose statistics are those of an audience.

The number of chunks, their average length and a term's document frequency are counted among the chunks that the asker may read,
at the time of the query. So a score says nothing about a chunk that he may not read: it is the score that an index of the
permitted chunks alone would give.

Robertson and Zaragoza, "The Probabilistic Relevance Framework: BM25 and Beyond", 2009.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

Mask = npt.NDArray[np.bool_]
Scores = npt.NDArray[np.float32]

K1 = 0.6
B = 0.75


@dataclass(frozen=True, slots=True)
class LexicalIndex:
    """`postings[offsets[t]:offsets[t + 1]]` are the ordinals of the chunks with the term `t`, ascending; `frequencies` stands
    beside it. `lengths[c]` counts the terms of chunk `c`."""

    vocabulary: dict[str, int]
    offsets: npt.NDArray[np.int64]
    postings: npt.NDArray[np.int32]
    frequencies: npt.NDArray[np.int32]
    lengths: npt.NDArray[np.int32]

    @property
    def size(self) -> int:
        return len(self.lengths)


@dataclass(frozen=True, slots=True)
class Audience:
    """The chunks that one asker may read, and what BM25 needs to know of them together: how many they are, and how much each one's
    length weakens a term in it."""

    mask: Mask
    size: int
    norms: Scores


def build(term_lists: Sequence[Sequence[str]]) -> LexicalIndex:
    """An index of chunks given as their terms, in the chunks' order."""
    vocabulary: dict[str, int] = {}
    term_ids: list[int] = []
    chunk_ids: list[int] = []
    counts: list[int] = []
    for ordinal, terms in enumerate(term_lists):
        for term, count in Counter(terms).items():
            term_ids.append(vocabulary.setdefault(term, len(vocabulary)))
            chunk_ids.append(ordinal)
            counts.append(count)
    terms_array = np.asarray(term_ids, dtype=np.int64)
    order = np.argsort(terms_array, kind="stable")
    offsets = np.zeros(len(vocabulary) + 1, dtype=np.int64)
    np.cumsum(np.bincount(terms_array, minlength=len(vocabulary)), out=offsets[1:])
    return LexicalIndex(
        vocabulary,
        offsets,
        np.asarray(chunk_ids, dtype=np.int32)[order],
        np.asarray(counts, dtype=np.int32)[order],
        np.asarray([len(terms) for terms in term_lists], dtype=np.int32),
    )


def audience(index: LexicalIndex, mask: Mask) -> Audience:
    """What an asker's permissions make of the index; worth keeping between his questions."""
    size = int(np.count_nonzero(mask))
    total = int(index.lengths[mask].sum(dtype=np.int64))
    average = np.float32(total / size if total else 1)
    return Audience(mask, size, np.float32(K1 * (1 - B)) + np.float32(K1 * B) / average * index.lengths.astype(np.float32))


def postings(index: LexicalIndex, term: str) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.int32]]:
    """The chunks that hold a term and how often, over the whole index."""
    ordinal = index.vocabulary.get(term)
    if ordinal is None:
        return index.postings[:0], index.frequencies[:0]
    part = slice(index.offsets[ordinal], index.offsets[ordinal + 1])
    return index.postings[part], index.frequencies[part]


def idf(index: LexicalIndex, term: str, readers: Audience) -> float:
    """How rare a term is in what the audience may read: ln(1 + (N - df + 0.5) / (df + 0.5)), never negative. A term that does
    not occur there is as rare as can be."""
    return _rarity(int(np.count_nonzero(readers.mask[postings(index, term)[0]])), readers)


def _rarity(frequency: int, readers: Audience) -> float:
    return math.log1p((readers.size - frequency + 0.5) / (frequency + 0.5))


def bm25(index: LexicalIndex, terms: Sequence[str], readers: Audience) -> Scores:
    """The score of every chunk for the query, shape (chunks,); 0 for one that may not be read. A repeated term counts once."""
    scores = np.zeros(index.size, dtype=np.float32)
    for term in dict.fromkeys(terms):
        chunks, frequencies = postings(index, term)
        permitted = readers.mask[chunks]
        chunks, counts = chunks[permitted], frequencies[permitted].astype(np.float32)
        weight = np.float32((K1 + 1) * _rarity(len(chunks), readers))
        scores[chunks] += weight * counts / (counts + readers.norms[chunks])
    return scores


def ideal_bm25(index: LexicalIndex, terms: Sequence[str], readers: Audience) -> float:
    """What a chunk of average length would score that holds every term once: the yardstick for a query's best score."""
    return float(sum(idf(index, term, readers) for term in dict.fromkeys(terms)))


def save(index: LexicalIndex, path: Path) -> None:
    """Writes a `.npz` without pickles; terms are kept in the order of their numbers, as UTF-8 between line feeds."""
    words = np.frombuffer("\n".join(index.vocabulary).encode(), dtype=np.uint8)
    with path.open("wb") as file:
        np.savez(file, words=words, offsets=index.offsets, postings=index.postings, frequencies=index.frequencies, lengths=index.lengths)


def load(path: Path) -> LexicalIndex:
    """Reads what `save` wrote. Raises OSError, KeyError or ValueError where the file is not such a one."""
    with np.load(path, allow_pickle=False) as stored:
        text = stored["words"].tobytes().decode()
        vocabulary = {word: i for i, word in enumerate(text.split("\n"))} if text else {}
        return LexicalIndex(vocabulary, stored["offsets"], stored["postings"], stored["frequencies"], stored["lengths"])
