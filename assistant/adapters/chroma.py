"""The durable store of a generation's chunks and vectors: Chroma, embedded in a folder or on a server.

Chroma is written by one ingest and read whole when a generation is opened; questions are answered from that snapshot by exact
search under a permission mask (docs/adr/0002). Its traps, each met here: it merges metadata on upsert, so every key is always sent;
it takes 5,461 rows a batch and returns 32,766, so both are paged; its default embedding function downloads, so there is none.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from datetime import date
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar, cast
from urllib.parse import urlsplit

import numpy as np

from assistant.errors import IndexBroken, IndexUnavailable
from assistant.ports import Vectors
from assistant.types import Chunk, Span

if TYPE_CHECKING:
    from chromadb.api import ClientAPI
    from chromadb.api.client import Client

_BATCH = 2000
T = TypeVar("T")


class EmbeddedChroma:
    """Chunk indexes in folders below FOOTNOTE_HOME, one Chroma each: a generation is copied by copying its closed folder."""

    def __init__(self, generations: Path) -> None:
        self._generations = generations

    def open(self, generation: str) -> ChromaIndex:
        import chromadb
        from chromadb.config import Settings

        with _translated():
            client = chromadb.PersistentClient(str(self._folder(generation)), settings=Settings(anonymized_telemetry=False))
        return ChromaIndex(client, "chunks")

    def copy(self, source: str, target: str) -> None:
        shutil.copytree(self._folder(source), self._folder(target))

    def drop(self, generation: str) -> None:
        shutil.rmtree(self._folder(generation), ignore_errors=True)

    def _folder(self, generation: str) -> Path:
        return self._generations / generation / "chroma"


class ChromaServer:
    """Chunk indexes as collections of a Chroma server, named `footnote-` and the generation's id."""

    def __init__(self, url: str) -> None:
        self._url = url

    def open(self, generation: str) -> ChromaIndex:
        with _translated():
            return ChromaIndex(self._connect(), self._name(generation))

    def copy(self, source: str, target: str) -> None:
        with closing(self.open(source)) as old, closing(self.open(target)) as new:
            new.add(*old.load())

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

    def __init__(self, client: ClientAPI, collection: str) -> None:
        self._client = client
        with _translated():
            self._collection = client.get_or_create_collection(
                collection, embedding_function=None, configuration={"hnsw": {"space": "cosine"}}
            )

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

    def load(self) -> tuple[list[Chunk], Vectors]:
        chunks: list[Chunk] = []
        vectors: list[Vectors] = []
        with _translated():
            for offset in range(0, self._collection.count(), _BATCH):
                page = self._collection.get(limit=_BATCH, offset=offset, include=["documents", "metadatas", "embeddings"])
                chunks += map(_chunk, page["ids"], page["documents"] or [], page["metadatas"] or [])
                vectors.append(np.asarray(page["embeddings"], dtype=np.float32))
        order = sorted(range(len(chunks)), key=lambda row: chunks[row].id)
        stacked = np.concatenate(vectors)[order] if vectors else np.empty((0, 0), dtype=np.float32)
        return [chunks[row] for row in order], stacked

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
    except (ChromaError, KeyError, json.JSONDecodeError) as error:
        raise IndexBroken(f"Chroma cannot read the index: {error}. Build it anew: `ingest PATH`.") from error
    except (httpx.HTTPError, ValueError, ConnectionError) as error:
        raise IndexUnavailable(f"The Chroma server does not answer: {error}. Check FOOTNOTE_CHROMA_URL.") from error


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
