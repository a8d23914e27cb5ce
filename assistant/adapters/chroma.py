"""The durable store of a generation's chunks and vectors: Chroma, embedded in a folder or on a server.

Chroma is written by one ingest and read whole when a generation is opened; questions are answered from that snapshot by exact
search under a permission mask (docs/adr/0002). Its traps, each met here: it merges metadata on upsert, so every key is always sent;
it takes 5,461 rows a batch and returns 32,766, so both are paged; its default embedding function downloads, so there is none.
"""

from __future__ import annotations

import json
import shutil
import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from datetime import date
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar, cast
from urllib.parse import urlsplit

import numpy as np

from assistant.documents import REBUILD
from assistant.errors import IndexBroken, IndexUnavailable
from assistant.ports import Vectors
from assistant.types import Chunk, Span

if TYPE_CHECKING:
    from chromadb.api import ClientAPI
    from chromadb.api.client import Client

_BATCH = 2000
_COLLECTION = "chunks"
_DATABASE = "chroma.sqlite3"
T = TypeVar("T")


class EmbeddedChroma:
    """Chunk indexes in folders below FOOTNOTE_HOME, one Chroma each. A copy is cheap (0.1 s for 100 MB) and leaves the original alone, so
    no spare is needed."""

    kept = 2

    def __init__(self, generations: Path) -> None:
        self._generations = generations

    def create(self, generation: str) -> ChromaIndex:
        self._folder(generation).mkdir(parents=True)
        return ChromaIndex(self._client(generation), _COLLECTION, new=True)

    def open(self, generation: str) -> ChromaIndex:
        if not (self._folder(generation) / _DATABASE).is_file():
            raise IndexBroken(f"{self._folder(generation)} holds no Chroma. {REBUILD}")
        return ChromaIndex(self._client(generation), _COLLECTION)

    def derive(self, target: str, latest: str, spare: str | None) -> str:  # noqa: ARG002  # the port offers one
        """A question's process may be opening the original, which writes to its database; SQLite's own copy is never torn."""
        old, new = self._folder(latest), self._folder(target)
        shutil.copytree(old, new, ignore=shutil.ignore_patterns(f"{_DATABASE}*"))
        try:
            original = sqlite3.connect(f"{(old / _DATABASE).absolute().as_uri()}?mode=ro", uri=True)
            with closing(original), closing(sqlite3.connect(new / _DATABASE)) as copy:
                original.backup(copy)
        except sqlite3.DatabaseError as error:
            raise IndexBroken(f"{old / _DATABASE} cannot be copied: {error}. {REBUILD}") from error
        return latest

    def drop(self, generation: str) -> None:
        shutil.rmtree(self._folder(generation), ignore_errors=True)

    def _folder(self, generation: str) -> Path:
        return self._generations / generation / "chroma"

    def _client(self, generation: str) -> ClientAPI:
        import chromadb
        from chromadb.config import Settings

        with _translated():
            return chromadb.PersistentClient(str(self._folder(generation)), settings=Settings(anonymized_telemetry=False))


class ChromaServer:
    """Chunk indexes as collections of a Chroma server, named `footnote-` and the generation's id.

    A collection can be copied only chunk by chunk, which costs in proportion to the corpus. So a generation that nobody is answered from
    any more is kept as a spare: it is renamed, and brought up to date by what changed since.
    """

    kept = 3

    def __init__(self, url: str) -> None:
        self._url = url

    def create(self, generation: str) -> ChromaIndex:
        with _translated():
            return ChromaIndex(self._connect(), self._name(generation), new=True)

    def open(self, generation: str) -> ChromaIndex:
        with _translated():
            return ChromaIndex(self._connect(), self._name(generation))

    def derive(self, target: str, latest: str, spare: str | None) -> str:
        if spare is not None and self._rename(spare, target):
            return spare
        with closing(self.open(latest)) as old, closing(self.create(target)) as new:
            ids = old.ids()
            for part in _batches(ids, _BATCH):
                new.add(*old.load(part))
        return latest

    def drop(self, generation: str) -> None:
        from chromadb.errors import NotFoundError

        with _translated():
            client = self._connect()
            try:
                client.delete_collection(self._name(generation))
            except NotFoundError:
                pass
            finally:
                _close(client)

    def _rename(self, spare: str, target: str) -> bool:
        from chromadb.errors import NotFoundError

        with _translated():
            client = self._connect()
            try:
                client.get_collection(self._name(spare), embedding_function=None).modify(name=self._name(target))
            except NotFoundError:
                return False
            finally:
                _close(client)
        return True

    def _connect(self) -> ClientAPI:
        import chromadb
        from chromadb.config import Settings

        address = urlsplit(self._url)
        secure = address.scheme == "https"
        settings = Settings(anonymized_telemetry=False)
        return chromadb.HttpClient(address.hostname or "", address.port or (443 if secure else 80), ssl=secure, settings=settings)

    @staticmethod
    def _name(generation: str) -> str:
        return f"footnote-{generation}"


class ChromaIndex:
    """One collection. Raises IndexBroken when what is stored cannot be read, IndexUnavailable when a server does not answer."""

    def __init__(self, client: ClientAPI, collection: str, *, new: bool = False) -> None:
        self._client = client
        try:
            with _translated():
                self._collection = (
                    client.create_collection(collection, embedding_function=None, configuration={"hnsw": {"space": "cosine"}})
                    if new
                    else client.get_collection(collection, embedding_function=None)
                )
        except IndexUnavailable:
            _close(client)
            raise

    def add(self, chunks: Sequence[Chunk], vectors: Vectors) -> None:
        for rows in _batches(range(len(chunks)), _BATCH):
            part = [chunks[row] for row in rows]
            with _translated():
                self._collection.upsert(
                    ids=[chunk.id for chunk in part],
                    embeddings=vectors[rows[0] : rows[-1] + 1],
                    documents=[chunk.text for chunk in part],
                    metadatas=[_metadata(chunk) for chunk in part],
                )

    def remove(self, chunk_ids: Iterable[str]) -> None:
        for ids in _batches(chunk_ids, _BATCH):
            with _translated():
                self._collection.delete(ids=ids)

    def ids(self) -> list[str]:
        with _translated():
            return sorted(self._collection.get(include=[])["ids"])

    def load(self, ids: Sequence[str]) -> tuple[list[Chunk], Vectors]:
        chunks: list[Chunk] = []
        vectors: list[Vectors] = []
        for part in _batches(ids, _BATCH):
            with _translated():
                page = self._collection.get(ids=part, include=["documents", "metadatas", "embeddings"])
            row = {chunk_id: number for number, chunk_id in enumerate(page["ids"])}
            if len(row) < len(part):
                raise IndexBroken(f"Chroma holds {len(row)} of {len(part)} chunks. {REBUILD}")
            order = [row[chunk_id] for chunk_id in part]
            chunks += [_chunk(part[i], (page["documents"] or [])[n], (page["metadatas"] or [])[n]) for i, n in enumerate(order)]
            vectors.append(np.asarray(page["embeddings"], dtype=np.float32)[order])
        return chunks, np.concatenate(vectors) if vectors else np.empty((0, 0), dtype=np.float32)

    def close(self) -> None:
        _close(self._client)


def _close(client: ClientAPI) -> None:
    """Chroma 1.5.9 leaves open the connections of its HTTP client and of the second one inside it, for each client ever made."""
    for holder in (client, getattr(client, "_admin_client", None)):
        session = getattr(getattr(holder, "_server", None), "_session", None)
        if session is not None:
            session.close()
    cast("Client", client).close()


@contextmanager
def _translated() -> Iterator[None]:
    """Chroma's failures in our words. Its errors have three unrelated roots, ValueError among them for a server that is away."""
    import httpx
    from chromadb.errors import ChromaError

    try:
        yield
    except (ChromaError, KeyError, json.JSONDecodeError, AttributeError) as error:
        if _disk_is_full(error):
            raise IndexUnavailable("Chroma needs room on the disk that holds FOOTNOTE_HOME, also to read. Make room.") from error
        raise IndexBroken(f"Chroma cannot read the index: {error}. {REBUILD}") from error
    except (httpx.HTTPError, ValueError, ConnectionError) as error:
        raise IndexUnavailable(f"The Chroma server does not answer: {error}. Check FOOTNOTE_CHROMA_URL.") from error


def _disk_is_full(error: BaseException) -> bool:
    """Its failed start hides the cause behind an AttributeError."""
    said = " ".join(str(cause) for cause in (error, error.__context__) if cause is not None)
    return any(sign in said for sign in ("disk is full", "No space left", "disk I/O error", "File too large"))


def _metadata(chunk: Chunk) -> Mapping[str, Any]:
    return {
        "document_id": chunk.document_id,
        "source": chunk.source,
        "title": chunk.title,
        "headings": json.dumps(chunk.headings, ensure_ascii=False),
        "start": chunk.start,
        "end": chunk.end,
        "page": chunk.page or 0,
        "leads": json.dumps([[lead.start, lead.end, lead.text] for lead in chunk.leads], ensure_ascii=False),
        "groups": json.dumps(chunk.groups, ensure_ascii=False),
        "owner": chunk.owner or "",
        "url": chunk.url or "",
        "effective": chunk.effective.isoformat() if chunk.effective else "",
    }


def _chunk(chunk_id: str, text: str, data: Mapping[str, Any]) -> Chunk:
    return Chunk(
        id=chunk_id,
        document_id=data["document_id"],
        source=data["source"],
        title=data["title"],
        headings=tuple(json.loads(data["headings"])),
        start=data["start"],
        end=data["end"],
        text=text,
        page=data["page"] or None,
        leads=tuple(Span(start, end, lead) for start, end, lead in json.loads(data["leads"])),
        groups=tuple(json.loads(data["groups"])),
        owner=data["owner"] or None,
        url=data["url"] or None,
        effective=date.fromisoformat(data["effective"]) if data["effective"] else None,
    )


def _batches(items: Iterable[T], size: int) -> Iterator[list[T]]:
    rest = iter(items)
    while batch := list(islice(rest, size)):
        yield batch
