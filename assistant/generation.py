"""Where a generation lies and how it is opened: one published state of the index, never changed after it was published.

FOOTNOTE_HOME/
├── CURRENT                  the id of the published generation, replaced atomically
├── generations/<id>/
│   ├── manifest.json        what it was built from, and what it must hold
│   ├── documents.sqlite     each document with its parsed text
│   ├── lexical.npz          the inverted index over the chunks
│   └── chroma/              chunks and vectors (on a Chroma server: the collection `footnote-<id>`)
├── embeddings.sqlite        vectors by content, so that a generation can be built again without embedding
├── traces.sqlite            what was asked, answered and paid
├── keys.json                who may ask over HTTP
└── audit.jsonl              who looked at what others asked
"""

from __future__ import annotations

import json
import threading
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass
from pathlib import Path
from zipfile import BadZipFile

import numpy as np

from assistant.documents import REBUILD, DocumentStore, digest_of
from assistant.errors import IndexBroken, IndexMissing, IndexUnavailable
from assistant.ports import ChunkIndex, ChunkStore, Vectors
from assistant.retrieval import lexical
from assistant.retrieval.analysis import ANALYSIS
from assistant.retrieval.search import SearchIndex, build_index
from assistant.standing import Editions
from assistant.types import Chunk


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a generation was built from. `pipeline` names the parsers' and the chunker's code, `embeddings` the model, and `rate` is how
    many chunks a second were embedded when many last were: what a plan reckons with. `previous` was published when this one was built."""

    id: str
    root: str
    created: str
    embeddings: str
    pipeline: str
    documents: int
    chunks: int
    rate: float | None = None
    previous: str | None = None


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A generation in memory, for questions. `digests` has one for each chunk of the index, by its id and in its order; `editions` say when
    each document holds."""

    manifest: Manifest
    index: SearchIndex
    documents: DocumentStore
    digests: Mapping[str, str]
    editions: Editions

    @property
    def generation(self) -> str:
        return self.manifest.id


class Home:
    """The folder FOOTNOTE_HOME, and the place of everything in it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @property
    def current_file(self) -> Path:
        return self.folder / "CURRENT"

    @property
    def generations(self) -> Path:
        return self.folder / "generations"

    @property
    def embeddings(self) -> Path:
        return self.folder / "embeddings.sqlite"

    @property
    def traces(self) -> Path:
        return self.folder / "traces.sqlite"

    @property
    def server_file(self) -> Path:
        return self.folder / "server.json"

    @property
    def keys(self) -> Path:
        return self.folder / "keys.json"

    @property
    def audit(self) -> Path:
        return self.folder / "audit.jsonl"

    @property
    def bans(self) -> Path:
        return self.folder / "bans.json"

    def generation(self, generation: str) -> Path:
        return self.generations / generation

    def documents(self, generation: str) -> Path:
        return self.generation(generation) / "documents.sqlite"

    def lexical(self, generation: str) -> Path:
        return self.generation(generation) / "lexical.npz"

    def complete(self) -> list[str]:
        """The generations that were built to the end, oldest first: their manifest is written last."""
        return sorted(path.parent.name for path in self.generations.glob("*/manifest.json"))

    def current(self) -> str | None:
        """The id of the published generation, None before the first ingest."""
        try:
            return self.current_file.read_text(encoding="ascii").strip() or None
        except FileNotFoundError:
            return None
        except (OSError, UnicodeDecodeError) as error:
            raise IndexBroken(f"{self.current_file} cannot be read: {error}. {REBUILD}") from error


def read_manifest(folder: Path) -> Manifest:
    """Raises IndexBroken when it is missing or no manifest of ours."""
    path = folder / "manifest.json"
    try:
        return Manifest(**json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError) as error:
        raise IndexBroken(f"{path} cannot be read: {error}. {REBUILD}") from error


def write_manifest(folder: Path, manifest: Manifest) -> None:
    (folder / "manifest.json").write_text(json.dumps(asdict(manifest), indent=1, ensure_ascii=False), encoding="utf-8")


def open_snapshot(home: Home, generation: str, chunk_store: ChunkStore, before: Snapshot | None = None) -> Snapshot:
    """Reads a generation whole; what `before` holds already is taken from there. Raises IndexBroken when a part is missing or the parts
    do not belong together."""
    manifest = read_manifest(home.generation(generation))
    words = read_lexical(home.lexical(generation))
    documents = DocumentStore.open(home.documents(generation))
    try:
        digests = documents.digests()
        _compare(home.generation(generation), manifest, (documents.count(), len(digests), words.size))
        with closing(chunk_store.open(generation)) as store:
            chunks, vectors = _load(store, digests, before)
    except IndexUnavailable:
        documents.close()
        raise
    # Words of another analysis are counted again at each opening, until the next ingest writes them anew, rather than asked in other words.
    index = SearchIndex(tuple(chunks), vectors, words) if words.analysis == ANALYSIS else build_index(chunks, vectors)
    return Snapshot(manifest, index, documents, digests, Editions(documents.editions()))


def _compare(folder: Path, manifest: Manifest, held: tuple[int, int, int]) -> None:
    expected = (manifest.documents, manifest.chunks, manifest.chunks)
    if held != expected:
        raise IndexBroken(f"{folder} holds {held} documents, chunks and lexical entries, its manifest says {expected}. {REBUILD}")


def _load(store: ChunkIndex, digests: Mapping[str, str], before: Snapshot | None) -> tuple[list[Chunk], Vectors]:
    """Every chunk with its vector, in order of the ids: from the store, or from the snapshot before where it has the same one."""
    if before is None:
        if store.ids() != list(digests):
            raise IndexBroken(f"The chunk index does not hold the chunks that the documents have. {REBUILD}")
        return _checked(store, list(digests), digests)
    known = {chunk_id: row for row, chunk_id in enumerate(before.digests)}
    fresh = [chunk_id for chunk_id, digest in digests.items() if before.digests.get(chunk_id) != digest]
    chunks, vectors = _checked(store, fresh, digests)
    pool = [*before.index.chunks, *chunks]
    rows = known | {chunk_id: len(known) + row for row, chunk_id in enumerate(fresh)}
    order = [rows[chunk_id] for chunk_id in digests]
    parts = [part for part in (before.index.vectors, vectors) if len(part)]
    return [pool[row] for row in order], np.concatenate(parts)[order] if parts else vectors


def _checked(store: ChunkIndex, ids: Sequence[str], digests: Mapping[str, str]) -> tuple[list[Chunk], Vectors]:
    """A writer may be at work on what is being read, where two more generations were published meanwhile."""
    chunks, vectors = store.load(ids)
    for chunk in chunks:
        if digest_of(chunk) != digests[chunk.id]:
            raise IndexBroken(f"A chunk of {chunk.source} is not as its document says. {REBUILD}")
    return chunks, vectors


def read_lexical(path: Path) -> lexical.LexicalIndex:
    """Raises IndexBroken when it is missing or none of ours."""
    try:
        return lexical.load(path)
    except (OSError, ValueError, KeyError, EOFError, BadZipFile) as error:
        raise IndexBroken(f"{path} is missing or damaged ({type(error).__name__}). {REBUILD}") from error


class Snapshots:
    """Gives the published generation to every request, opened once and followed when another is published.

    A request that meets a new generation waits for it to open, so that from the moment of publishing nobody is answered from the
    old one; requests under way keep the snapshot they began with. Safe to call from several threads.
    """

    def __init__(self, home: Home, chunk_store: ChunkStore, embeddings: str) -> None:
        """`embeddings` is the model that questions are embedded with; vectors of another one would be compared in vain."""
        self._home = home
        self._embeddings = embeddings
        self._chunk_store = chunk_store
        self._lock = threading.Lock()
        self._snapshot: Snapshot | None = None

    def current(self) -> Snapshot:
        """Raises IndexMissing before the first ingest, IndexBroken when what CURRENT names does not open, IndexUnavailable when it was
        made with another embedding model."""
        with self._lock:
            while self._snapshot is None or self._snapshot.generation != self._published():
                self._snapshot = self._follow(self._published())
            return self._snapshot

    def _published(self) -> str:
        generation = self._home.current()
        if generation is None:
            raise IndexMissing("Nothing was ingested yet. Run `ingest PATH` on the folder that holds the documents.")
        return generation

    def _follow(self, generation: str) -> Snapshot | None:
        """The snapshot, or None where its generation was replaced, and perhaps taken away, while it was being read."""
        try:
            snapshot = self._open(generation)
        except IndexUnavailable:
            if self._published() == generation:
                raise
            return None
        return snapshot

    def _open(self, generation: str) -> Snapshot:
        made_with = read_manifest(self._home.generation(generation)).embeddings
        if made_with != self._embeddings:
            raise IndexUnavailable(
                f"The index was made with the embedding model {made_with}, questions are embedded with {self._embeddings}. "
                "Set FOOTNOTE_EMBEDDINGS as it was, or run `ingest PATH` to embed the documents anew."
            )
        before = self._snapshot if self._snapshot and self._snapshot.manifest.embeddings == made_with else None
        return open_snapshot(self._home, generation, self._chunk_store, before)
