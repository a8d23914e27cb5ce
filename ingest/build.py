"""The second half of a new generation: chunks with vectors in the store, and the lexical index, brought from a seed to what the
generation's documents say.

Nothing here touches the published generation: until `publish` replaces CURRENT, a crash leaves an unfinished folder that nobody
reads and that the next ingest sweeps away.
"""

from __future__ import annotations

import os
import secrets
import shutil
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import TypeVar

import numpy as np

from assistant.documents import DocumentStore
from assistant.errors import IndexBroken
from assistant.generation import Home, read_lexical
from assistant.ports import ChunkIndex, ChunkStore, Embedder, Vectors
from assistant.retrieval import lexical
from assistant.retrieval.analysis import ANALYSIS, Analyzer
from assistant.types import Chunk
from ingest.embedding_cache import EmbeddingCache
from ingest.survey import Progress

WINDOW = 8000
_WORTH_TIMING = 200  # chunks: below, starting the model is most of the time
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Delta:
    """What leads from one set of chunks to another: ids that go, and ids that come or are not what they were."""

    gone: tuple[str, ...]
    new: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Built:
    """`fresh` are the chunks that were put in, `embedded` how many of them the model saw, `rate` how many of these a second, where they
    were enough to tell."""

    fresh: tuple[str, ...]
    embedded: int
    rate: float | None


def delta(old: Mapping[str, str], new: Mapping[str, str]) -> Delta:
    """Both are digests of chunks by id, as `DocumentStore.digests` gives them."""
    gone = tuple(chunk_id for chunk_id in old if chunk_id not in new)
    return Delta(gone, tuple(chunk_id for chunk_id, digest in new.items() if old.get(chunk_id) != digest))


@dataclass(frozen=True, slots=True)
class Builder:
    """Builds what `documents.sqlite` of a generation calls for."""

    home: Home
    store: ChunkStore
    embedder: Embedder
    progress: Progress

    def build(self, generation: str, seed: str | None, spare: str | None) -> Built:
        """With a seed only the difference is written. Raises IndexBroken when the seed is not what it should be."""
        with closing(DocumentStore.open(self.home.documents(generation))) as documents:
            wanted = documents.digests()
            base = None if seed is None else self.store.derive(generation, seed, spare)
            held = self._held(base)
            difference = delta(held, wanted)
            additions = lexical.Additions()
            with closing(self.store.open(generation) if base else self.store.create(generation)) as index:
                if base and index.ids() != list(held):
                    raise IndexBroken("The chunk index does not hold the chunks that its documents have.")
                index.remove(difference.gone)
                embedded, seconds = self._add(index, documents, difference.new, wanted, additions)
            lexical.save(self._words(base, documents, held, wanted, additions), self.home.lexical(generation))
        return Built(difference.new, embedded, embedded / seconds if embedded >= _WORTH_TIMING else None)

    def _words(
        self, base: str | None, documents: DocumentStore, held: Mapping[str, str], wanted: Mapping[str, str], added: lexical.Additions
    ) -> lexical.LexicalIndex:
        """The lexical index, from that of the base where the same code made its terms."""
        old = read_lexical(self.home.lexical(base)) if base else lexical.build([])
        if old.analysis == ANALYSIS:
            return lexical.merge(old, _moved(held, wanted), added)
        everything, analyzer, ordinals = lexical.Additions(), Analyzer(), _ordinals(wanted)
        for chunk in documents.chunks():
            everything.add(ordinals[chunk.id], analyzer.entries(chunk.indexed_text))
        return lexical.merge(lexical.build([]), np.empty(0, dtype=np.int64), everything)

    def _held(self, base: str | None) -> dict[str, str]:
        if base is None:
            return {}
        with closing(DocumentStore.open(self.home.documents(base))) as documents:
            return documents.digests()

    def _add(
        self, index: ChunkIndex, documents: DocumentStore, new: Sequence[str], wanted: Mapping[str, str], additions: lexical.Additions
    ) -> tuple[int, float]:
        """Returns how many chunks were embedded, and in how many seconds."""
        analyzer, ordinals = Analyzer(), _ordinals(wanted)
        embedded, seconds, done = 0, 0.0, 0
        with closing(EmbeddingCache(self.home.embeddings)) as cache:
            for chunks in windows(documents.chunks(new), WINDOW):
                started = time.monotonic()
                vectors, count = self._vectors(cache, chunks, done, len(new))
                seconds += time.monotonic() - started
                index.add(chunks, vectors)
                for chunk in chunks:
                    additions.add(ordinals[chunk.id], analyzer.entries(chunk.indexed_text))
                embedded, done = embedded + count, done + len(chunks)
                self.progress("embedding chunks", done, len(new))
        return embedded, seconds

    def _vectors(self, cache: EmbeddingCache, chunks: Sequence[Chunk], done: int, total: int) -> tuple[Vectors, int]:
        def told(more: int) -> None:
            self.progress("embedding chunks", done + more, total)

        return cache.vectors([chunk.indexed_text for chunk in chunks], self.embedder, told)


def windows(chunks: Iterator[Chunk], size: int) -> Iterator[list[Chunk]]:
    while window := list(islice(chunks, size)):
        yield window


def new_id(latest: str | None) -> str:
    """Sorts by time, and behind the latest even where the clock was set back; the random end keeps two homes on one server apart."""
    now = datetime.now(UTC)
    made = f"{now:%Y%m%dT%H%M%S}-{now:%f}{secrets.token_hex(2)}"
    return made if latest is None or made > latest else f"{latest}-{secrets.token_hex(2)}"


def publish(home: Home, generation: str) -> None:
    """From here on every request is answered from this generation. Survives a loss of power: what it needs is on the disk before it is
    named, and the name itself when this returns."""
    for path in home.generation(generation).rglob("*"):
        _sync(path)
    _sync(home.generation(generation))
    _sync(home.generations)
    temporary = home.current_file.with_suffix(".tmp")
    temporary.write_text(generation, encoding="ascii")
    _sync(temporary)
    temporary.replace(home.current_file)
    _sync(home.folder)


def discard(home: Home, store: ChunkStore, generation: str) -> None:
    """Takes a generation away, its folder last: as long as that is there, the next ingest knows what else there may be."""
    store.drop(generation)
    shutil.rmtree(home.generation(generation), ignore_errors=True)


def sweep(home: Home, store: ChunkStore, keep: Sequence[str]) -> None:
    """Takes away every generation that is not to be kept."""
    for folder in home.generations.iterdir() if home.generations.exists() else ():
        if folder.name not in keep:
            discard(home, store, folder.name)


def _moved(old: Mapping[str, str], new: Mapping[str, str]) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    """Where each old chunk stands in the new order, -1 where it is not as it was."""
    ordinals = _ordinals(new)
    return np.asarray([ordinals[i] if new.get(i) == digest else -1 for i, digest in old.items()], dtype=np.int64)


def _ordinals(digests: Mapping[str, str]) -> dict[str, int]:
    return {chunk_id: number for number, chunk_id in enumerate(digests)}


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
