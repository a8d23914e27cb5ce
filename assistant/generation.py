"""Where a generation lies and how it is opened: one published state of the index, never changed after it was published.

FOOTNOTE_HOME/
├── CURRENT                  the id of the published generation, replaced atomically
├── generations/<id>/
│   ├── manifest.json        what it was built from, and what it must hold
│   ├── documents.sqlite     each document with its parsed text
│   ├── lexical.npz          the inverted index over the chunks
│   └── chroma/              chunks and vectors (on a Chroma server: the collection `footnote-<id>`)
├── embeddings.sqlite        vectors by content, so that a generation can be built again without embedding
└── traces.sqlite            what was asked, answered and paid
"""

from __future__ import annotations

import json
import threading
from contextlib import closing
from dataclasses import asdict, dataclass
from pathlib import Path
from zipfile import BadZipFile

from assistant.documents import REBUILD, DocumentStore
from assistant.errors import IndexBroken, IndexMissing, IndexUnavailable
from assistant.ports import ChunkStore
from assistant.retrieval import lexical
from assistant.retrieval.search import SearchIndex


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a generation was built from. `pipeline` names the parsers' and the chunker's code, `embeddings` the model."""

    id: str
    root: str
    created: str
    embeddings: str
    pipeline: str
    documents: int
    chunks: int


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A generation in memory, for questions."""

    manifest: Manifest
    index: SearchIndex
    documents: DocumentStore

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

    def generation(self, generation: str) -> Path:
        return self.generations / generation

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


def open_snapshot(home: Home, generation: str, chunk_store: ChunkStore) -> Snapshot:
    """Reads a generation whole. Raises IndexBroken when a part is missing or the parts do not belong together."""
    folder = home.generation(generation)
    manifest = read_manifest(folder)
    with closing(chunk_store.open(generation)) as store:
        chunks, vectors = store.load()
    words = _read_lexical(folder / "lexical.npz")
    documents = DocumentStore.open(folder / "documents.sqlite")
    held = (documents.count(), len(chunks), words.size)
    expected = (manifest.documents, manifest.chunks, manifest.chunks)
    if held != expected:
        documents.close()
        raise IndexBroken(f"{folder} holds {held} documents, chunks and lexical entries, its manifest says {expected}. {REBUILD}")
    return Snapshot(manifest, SearchIndex(tuple(chunks), vectors, words), documents)


def _read_lexical(path: Path) -> lexical.LexicalIndex:
    try:
        return lexical.load(path)
    except (OSError, ValueError, KeyError, EOFError, BadZipFile) as error:
        raise IndexBroken(f"{path} cannot be read: {error}. {REBUILD}") from error


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
        generation = self._home.current()
        if generation is None:
            raise IndexMissing("Nothing was ingested yet. Run `ingest PATH` on the folder that holds the documents.")
        with self._lock:
            if self._snapshot is None or self._snapshot.generation != generation:
                self._snapshot = self._open(generation)
            return self._snapshot

    def _open(self, generation: str) -> Snapshot:
        made_with = read_manifest(self._home.generation(generation)).embeddings
        if made_with != self._embeddings:
            raise IndexUnavailable(
                f"The index was made with the embedding model {made_with}, questions are embedded with {self._embeddings}. "
                "Set FOOTNOTE_EMBEDDINGS as it was, or run `ingest PATH` to embed the documents anew."
            )
        return open_snapshot(self._home, generation, self._chunk_store)
