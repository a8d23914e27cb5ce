"""Erasure: takes a document out of every generation, the embedding cache and the traces, and proves that it is gone.

The index is written anew without it, into files that never held it; every older generation is dropped, since it did. What remains is
searched for runs of eight words that only this document had.
"""

from __future__ import annotations

import shutil
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from difflib import get_close_matches
from pathlib import Path

from assistant.documents import DocumentStore, DocumentWriter
from assistant.erasure import erase_traces, names
from assistant.errors import IndexBroken, IngestError
from assistant.generation import Home, Manifest, read_manifest, write_manifest
from assistant.types import LOCAL, Document
from ingest.bans import load_bans, save_bans
from ingest.build import Builder, publish, sweep
from ingest.check import check
from ingest.embedding_cache import EmbeddingCache
from ingest.folder import read_file
from ingest.pipeline import Ingest
from ingest.prepare import document_id
from ingest.runs import Runs, files_with, own_runs
from ingest.survey import content_hash

_TRIES = 3


@dataclass(frozen=True, slots=True)
class Forgotten:
    """What was erased, and the proof: `runs` of eight words that only this document had were looked for in `files`, and not found."""

    source: str
    banned: bool
    generation: str
    documents: int
    chunks: int
    traces: int
    vectors: int
    runs: int
    files: int
    copies: tuple[str, ...]


def forget(ingest: Ingest, source: str, *, ban: bool = False) -> Forgotten:
    """Raises IngestError where there is no such document, where its file is still in the folder and is not to be banned, or where
    something of it is left in the end."""
    home = ingest.home
    with ingest.writing():
        current = home.current()
        if current is None:
            raise IngestError("Nothing was ingested yet, so there is nothing to forget.")
        versions = _versions(home, source)
        if not versions and not names(home.traces, source):
            raise IngestError(f"No generation holds a document {source}, and no trace names it.{_near(home, current, source)}")
        manifest = read_manifest(home.generation(current))
        present = _present(Path(manifest.root), source)
        if present is not None and not ban:
            raise IngestError(
                f"{source} is still in {manifest.root}: the next ingest would bring it back. "
                "Delete the file first, or add --ban to keep it out from now on."
            )
        if ban:
            hashes = frozenset({version.content_hash for version in versions} | ({present} if present else set()))
            save_bans(load_bans(home.bans).with_file(source, hashes), home.bans)
        older = home.complete()
        built, runs, copies = _rebuilt_without(ingest, manifest, source, versions, older)
        traces = erase_traces(home.traces, source, runs.within)
        vectors = _clean_cache(home, built.id)
        files = _prove(home, runs, older)
        # The older generations go last: where this is cut off, they are how it is known what to look for.
        sweep(home, ingest.store, [built.id])
    return Forgotten(source, ban, built.id, built.documents, built.chunks, traces, vectors, len(runs.runs), files, copies)


def _versions(home: Home, source: str) -> list[Document]:
    """The document as each generation has it."""
    found = [_document(home.documents(generation), source) for generation in home.complete()]
    return [document for document in found if document is not None]


def _document(path: Path, source: str) -> Document | None:
    try:
        with closing(DocumentStore.open(path)) as documents:
            return documents.by_source(source, LOCAL)
    except IndexBroken:
        return None


def _near(home: Home, generation: str, source: str) -> str:
    with closing(DocumentStore.open(home.documents(generation))) as documents:
        near = get_close_matches(source, documents.states(), n=1)
    return f" Did you mean {near[0]}?" if near else " GET /v1/documents lists what there is."


def _present(root: Path, source: str) -> str | None:
    """The hash of the file, where it is still in the folder."""
    path = root / source
    return content_hash(read_file(root, path)) if path.is_file() else None


def _rebuilt_without(
    ingest: Ingest, manifest: Manifest, source: str, versions: list[Document], older: list[str]
) -> tuple[Manifest, Runs, tuple[str, ...]]:
    """The published generation, what only the document had, and its copies. Chroma fills the gaps of its files with whatever lies in
    memory: where that happened to be words of the document, the generation is written once more."""
    for _ in range(_TRIES):
        built = _rebuild(ingest, manifest, source)
        sweep(ingest.home, ingest.store, [*older, built.id])
        runs, copies = _told_apart(ingest.home.documents(built.id), versions)
        if not any(holds for _, holds in files_with(runs, ingest.home.generation(built.id))):
            break
    return built, runs, copies


def _rebuild(ingest: Ingest, manifest: Manifest, source: str) -> Manifest:
    """Publishes a generation without the document, in files that never held it."""
    home = ingest.home
    with ingest.staging() as generation:
        path = home.documents(generation)
        shutil.copyfile(home.documents(manifest.id), path)
        with closing(DocumentWriter.create(path)) as documents:
            documents.remove([document_id(source)])
            documents.set_files([record for record in documents.files().values() if record.source != source])
            documents.finish(vacuum=True)
            counts = documents.count(), len(documents.digests())
        Builder(home, ingest.store, ingest.embedder, ingest.progress).build(generation, None, None)
        now = datetime.now(UTC).isoformat(timespec="seconds")
        made_with = ingest.embedder.model_id
        built = replace(manifest, id=generation, created=now, embeddings=made_with, documents=counts[0], chunks=counts[1], previous=None)
        check(home, ingest.store, built)
        write_manifest(home.generation(generation), built)
        publish(home, generation)
    return built


def _told_apart(path: Path, versions: list[Document]) -> tuple[Runs, tuple[str, ...]]:
    """What only the document had, and the sources of others with the same content."""
    with closing(DocumentStore.open(path)) as documents:
        texts = (text for document in documents.each() for text in (document.text, document.title))
        runs = own_runs([text for version in versions for text in (version.text, version.title)], texts)
        hashes = {version.content_hash for version in versions}
        return runs, tuple(document.source for document in documents.each() if document.content_hash in hashes)


def _clean_cache(home: Home, generation: str) -> int:
    """Leaves the vectors of what the index holds; older versions of the document may have others."""
    with closing(DocumentStore.open(home.documents(generation))) as documents, closing(EmbeddingCache(home.embeddings)) as cache:
        return cache.keep_only(chunk.indexed_text for chunk in documents.chunks())


def _prove(home: Home, runs: Runs, older: list[str]) -> int:
    """Returns how many files were searched: all but those of the older generations, which are about to go."""
    going = tuple(home.generation(generation) for generation in older)
    staying = [(path, holds) for path, holds in files_with(runs, home.folder) if not any(path.is_relative_to(g) for g in going)]
    left = [str(path) for path, holds in staying if holds and path != home.bans]
    if left:
        raise IngestError(f"Something of the document is still in {', '.join(left[:3])}. Stop what uses it, and run this again.")
    return len(staying)
