"""The self-check that a generation passes before it is published: nothing that it would say is untrue, nothing is missing or left over."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import closing
from itertools import islice

import numpy as np

from assistant.documents import DocumentStore, digest_of
from assistant.errors import IndexBroken
from assistant.generation import Home, Manifest, read_lexical, read_manifest
from assistant.ports import ChunkIndex, ChunkStore
from assistant.retrieval import lexical
from assistant.retrieval.analysis import Analyzer

_UNIT = 1e-3
_PAGE = 1000
_WORDS = 8


def check(home: Home, store: ChunkStore, manifest: Manifest, fresh: Collection[str] | None = None) -> None:
    """Holds the parts of a generation against each other: the ids of all chunks, and text, vector and words of the chunks `fresh`, or of
    all. Raises IndexBroken naming the first three faults."""
    faults = list(_faults(home, store, manifest, fresh))
    if faults:
        more = f" and {len(faults) - 3} more" if len(faults) > 3 else ""
        raise IndexBroken(f"The index of generation {manifest.id} does not pass its check: {' '.join(faults[:3])}{more}")


def look_over(home: Home, store: ChunkStore, generation: str) -> None:
    """The part of the check that costs next to nothing: is everything there?"""
    check(home, store, read_manifest(home.generation(generation)), ())


def _faults(home: Home, store: ChunkStore, manifest: Manifest, fresh: Collection[str] | None) -> Iterator[str]:
    words = read_lexical(home.lexical(manifest.id))
    with closing(DocumentStore.open(home.documents(manifest.id))) as documents, closing(store.open(manifest.id)) as index:
        digests, held = documents.digests(), index.ids()
        expected = (manifest.documents, manifest.chunks, manifest.chunks)
        if (documents.count(), len(digests), words.size) != expected:
            counted = (documents.count(), len(digests), words.size)
            yield f"It holds {counted} documents, chunks and lexical entries, its manifest says {expected}."
            return
        if held != list(digests):
            lost, stray = len(digests.keys() - set(held)), len(set(held) - digests.keys())
            yield f"{lost} chunks are missing in the chunk index, {stray} belong to no document."
            return
        yield from _chunk_faults(documents, index, words, digests, digests.keys() if fresh is None else fresh)


def _chunk_faults(
    documents: DocumentStore, index: ChunkIndex, words: lexical.LexicalIndex, digests: Mapping[str, str], ids: Collection[str]
) -> Iterator[str]:
    ordinals = {chunk_id: number for number, chunk_id in enumerate(digests)}
    analyzer = Analyzer()
    pages = documents.chunks(ids)
    while page := list(islice(pages, _PAGE)):
        stored, vectors = index.load([chunk.id for chunk in page])
        lengths = np.linalg.norm(vectors, axis=1)
        for chunk, found, length in zip(page, stored, lengths, strict=True):
            if digest_of(chunk) != digests[chunk.id] or found != chunk:
                yield f"A chunk of {chunk.source} is not what its document holds at {chunk.start}."
            if not abs(length - 1) < _UNIT:
                yield f"{chunk.source} has a vector of length {length:.3f}."
            if not _found_again(analyzer.terms(chunk.indexed_text), ordinals[chunk.id], words):
                yield f"A chunk of {chunk.source} is not found by its own words."


def _found_again(terms: Sequence[str], ordinal: int, words: lexical.LexicalIndex) -> bool:
    """Whether the lexical index leads from a chunk's words to the chunk, with the right counts."""
    return words.lengths[ordinal] == len(terms) and all(_counted(words, term, ordinal) == terms.count(term) for term in _some(terms))


def _some(terms: Sequence[str]) -> list[str]:
    """A few of the terms, spread over the text."""
    distinct = list(dict.fromkeys(terms))
    return distinct[:: max(1, len(distinct) // _WORDS)]


def _counted(words: lexical.LexicalIndex, term: str, ordinal: int) -> int:
    chunks, counts = lexical.postings(words, term)
    at = int(np.searchsorted(chunks, ordinal))
    return int(counts[at]) if at < len(chunks) and chunks[at] == ordinal else 0
