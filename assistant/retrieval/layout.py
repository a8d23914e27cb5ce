"""Where the chunks stand: which document each belongs to, which chunks are its neighbours, who may read it.

Chunks come in any order (the store gives them by id), so the order within a document is worked out here, once for a generation.
"""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from assistant.types import Chunk, Filters, Principal

Mask = npt.NDArray[np.bool_]
Scores = npt.NDArray[np.float32]
Ordinals = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Layout:
    """`documents[document[c]]` is the source of chunk `c` and the groups that may read it. `order` lists the chunks document by
    document, and document `d` begins at `order[starts[d]]`. `before[c]` and `after[c]` are the chunk's neighbours in its document; where
    there is none, the number of chunks.

    A document's chunks have the same groups; were it not so, each set of groups would count as a document of its own, so that no
    chunk is ever beside one that somebody who reads it may not read.
    """

    documents: tuple[tuple[str, tuple[str, ...]], ...]
    document: Ordinals
    order: Ordinals
    starts: Ordinals
    before: Ordinals
    after: Ordinals


def lay_out(chunks: Sequence[Chunk]) -> Layout:
    numbers: dict[tuple[str, tuple[str, ...]], int] = {}
    numbered = [numbers.setdefault((chunk.source, chunk.groups), len(numbers)) for chunk in chunks]
    document = np.asarray(numbered, dtype=np.int64)
    places = np.asarray([chunk.start for chunk in chunks], dtype=np.int64)
    order = np.lexsort((places, document)).astype(np.int64)
    starts = np.searchsorted(document[order], np.arange(len(numbers)))
    return Layout(tuple(numbers), document, order, starts, *_neighbours(document, order))


def _neighbours(document: Ordinals, order: Ordinals) -> tuple[Ordinals, Ordinals]:
    before, after = np.full_like(order, len(order)), np.full_like(order, len(order))
    same = document[order[1:]] == document[order[:-1]]
    before[order[1:][same]], after[order[:-1][same]] = order[:-1][same], order[1:][same]
    return before, after


def readable(layout: Layout, principal: Principal) -> Mask:
    """Which chunks the principal may read, shape (chunks,)."""
    return _flags([principal.may_read(groups) for _, groups in layout.documents])[layout.document]


def admitted(layout: Layout, filters: Filters, principal: Principal) -> Mask:
    """Which chunks lie in the named sources, shape (chunks,); all where none is named.

    A name that is a source that the principal may read is that source, whatever marks it contains; any other is a glob over the whole
    path: `*` and `**` stand for any characters, `/` included, `?` for one, `[…]` for one of a set.
    """
    if not filters.sources:
        return np.ones(len(layout.document), dtype=np.bool_)
    known = {source for source, groups in layout.documents if principal.may_read(groups)}
    exact = known.intersection(filters.sources)
    globs = [re.compile(fnmatch.translate(name)) for name in filters.sources if name not in known]
    return _flags([source in exact or any(glob.match(source) for glob in globs) for source, _ in layout.documents])[layout.document]


def _flags(values: list[bool]) -> Mask:
    return np.asarray(values, dtype=np.bool_)


def best_of_document(layout: Layout, scores: Scores) -> Scores:
    """For each chunk the best score in its document, its own included."""
    if not len(layout.starts):
        return scores
    return np.asarray(np.maximum.reduceat(scores[layout.order], layout.starts)[layout.document], dtype=np.float32)


def best_neighbour(layout: Layout, scores: Scores) -> Scores:
    """For each chunk the better score of the one before and the one after it in its document, 0 where it stands alone."""
    or_none = np.append(scores, np.float32(0))
    return np.maximum(or_none[layout.before], or_none[layout.after])
