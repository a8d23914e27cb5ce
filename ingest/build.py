"""Builds a generation aside from a seed and what changed, checks it, and publishes it.

Nothing here touches the published generation: until `publish` replaces CURRENT, a crash leaves an unfinished folder that nobody
reads and that the next ingest sweeps away.
"""

from __future__ import annotations

import os
import secrets
import shutil
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from assistant.documents import ChunkPlace, DocumentStore, FileRecord
from assistant.generation import Home, Manifest, open_snapshot, write_manifest
from assistant.ports import ChunkStore, Vectors
from assistant.retrieval import lexical
from assistant.retrieval.analysis import Analyzer
from assistant.types import Chunk, Document
from ingest.check import check


@dataclass(frozen=True, slots=True)
class Changes:
    """What separates a generation from its seed. A changed document is removed and added; `vectors` has a row for each chunk added."""

    added: tuple[tuple[Document, tuple[Chunk, ...]], ...]
    vectors: Vectors
    removed: tuple[str, ...]
    files: tuple[FileRecord, ...]

    @property
    def chunks(self) -> list[Chunk]:
        return [chunk for _, chunks in self.added for chunk in chunks]


def new_id() -> str:
    """Sorts by time; the random end keeps two ingests of one second apart."""
    return f"{datetime.now(UTC):%Y%m%dT%H%M%S}-{secrets.token_hex(3)}"


def build(home: Home, store: ChunkStore, manifest: Manifest, seed: str | None, changes: Changes) -> Manifest:
    """Makes the generation that `manifest` names, beginning as a copy of `seed`. Returns the manifest with its counts.

    Raises IndexBroken when the seed cannot be read, or when what was built does not pass the check.
    """
    folder = home.generation(manifest.id)
    folder.mkdir(parents=True)
    if seed is not None:
        store.copy(seed, manifest.id)
        shutil.copyfile(home.generation(seed) / "documents.sqlite", folder / "documents.sqlite")
    with closing(DocumentStore.create(folder / "documents.sqlite")) as documents:
        stale = [place.id for document_id in changes.removed for place in documents.chunks_of(document_id)]
        documents.write([(document, _places(chunks)) for document, chunks in changes.added], changes.removed, changes.files)
        documents.vacuum()
        count = documents.count()
    with closing(store.open(manifest.id)) as index:
        index.remove(stale)
        index.add(changes.chunks, changes.vectors)
        chunks, _ = index.load()
    analyzer = Analyzer()
    lexical.save(lexical.build([analyzer.terms(chunk.indexed_text) for chunk in chunks]), folder / "lexical.npz")
    built = replace(manifest, documents=count, chunks=len(chunks))
    write_manifest(folder, built)
    check(open_snapshot(home, manifest.id, store))
    return built


def publish(home: Home, generation: str) -> None:
    """From here on every request is answered from this generation. Survives a loss of power: files and folder are synced."""
    temporary = home.current_file.with_suffix(".tmp")
    with temporary.open("w", encoding="ascii") as file:
        file.write(generation)
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(home.current_file)
    folder = os.open(home.folder, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def sweep(home: Home, store: ChunkStore, keep: Sequence[str]) -> None:
    """Takes away every generation that is not to be kept: those before the previous one, and what a crash left unfinished."""
    for folder in home.generations.iterdir() if home.generations.exists() else ():
        if folder.name not in keep:
            store.drop(folder.name)
            shutil.rmtree(folder, ignore_errors=True)


def _places(chunks: Sequence[Chunk]) -> list[ChunkPlace]:
    return [ChunkPlace(chunk.id, chunk.start, chunk.end) for chunk in chunks]
