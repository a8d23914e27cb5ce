"""The documents of one generation, with their parsed texts and where their chunks lie, in SQLite: written by one ingest, read by the
questions after it.

It says what the generation's chunk index and lexical index must hold: each chunk can be made from it, and has a digest of all that is
stored of it, so that two generations, or an index and what it should be, are compared without reading texts.
"""

from __future__ import annotations

import hashlib
import json
import sqlite3
import threading
from collections.abc import Collection, Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import date, datetime
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import Literal

from assistant.errors import IndexBroken
from assistant.types import Chunk, Document, Principal, Span

REBUILD = "Build the index anew: `ingest PATH`."

_SCHEMA = """
CREATE TABLE IF NOT EXISTS documents (
    id TEXT PRIMARY KEY, source TEXT NOT NULL UNIQUE, title TEXT NOT NULL, text TEXT NOT NULL, content_hash TEXT NOT NULL,
    updated TEXT NOT NULL, groups TEXT NOT NULL, owner TEXT, url TEXT, effective TEXT, expires TEXT, supersedes TEXT NOT NULL
) STRICT;
CREATE TABLE IF NOT EXISTS chunks (
    id TEXT PRIMARY KEY, document_id TEXT NOT NULL REFERENCES documents (id), start INTEGER NOT NULL, "end" INTEGER NOT NULL,
    headings TEXT NOT NULL, page INTEGER, leads TEXT NOT NULL, digest TEXT NOT NULL
) STRICT;
CREATE INDEX IF NOT EXISTS chunks_by_document ON chunks (document_id);
CREATE TABLE IF NOT EXISTS files (
    source TEXT PRIMARY KEY, file_hash TEXT NOT NULL, fingerprint TEXT NOT NULL, status TEXT NOT NULL, error TEXT, warnings TEXT NOT NULL
) STRICT;
"""
_COLUMNS = "id, source, title, text, content_hash, updated, groups, owner, url, effective, expires, supersedes"


@dataclass(frozen=True, slots=True)
class ChunkPlace:
    """Where a chunk lies in its document's parsed text."""

    id: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class FileRecord:
    """What the last ingest made of a file: enough to know whether it has to be parsed again. Where the file could not be read, or was
    too much for the parser's limits, `file_hash` is empty: it is tried again. `warnings` say what of it is not in the text."""

    source: str
    file_hash: str
    fingerprint: str
    status: Literal["parsed", "empty", "failed"]
    error: str | None
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class DocumentState:
    """What there is to tell two versions of a document apart: what no chunk says, and the digests of the chunks, in their order."""

    expires: str | None
    supersedes: str
    chunks: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Edition:
    """What a document's metadata says of its time: from which day it holds, which is the last one, and what it takes the place of."""

    id: str
    source: str
    title: str
    groups: tuple[str, ...] = ()
    owner: str | None = None
    effective: date | None = None
    expires: date | None = None
    supersedes: tuple[str, ...] = ()


class DocumentStore:
    """Raises IndexBroken when the file is missing or no store of ours. Safe to read from several threads."""

    def __init__(self, connection: sqlite3.Connection, path: Path) -> None:
        connection.row_factory = sqlite3.Row
        self._connection = connection
        self._path = path
        self._lock = threading.Lock()

    @classmethod
    def open(cls, path: Path) -> DocumentStore:
        try:
            connection = sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True, check_same_thread=False)
            connection.execute("SELECT count(*) FROM documents")
        except sqlite3.Error as error:
            raise IndexBroken(f"{path} cannot be read: {error}. {REBUILD}") from error
        return cls(connection, path)

    def close(self) -> None:
        self._connection.close()

    def count(self) -> int:
        return int(self._rows("SELECT count(*) FROM documents")[0][0])

    def get(self, document_id: str, principal: Principal) -> Document | None:
        """The document, None where there is none or the principal may not read it: the two are not told apart."""
        return next((d for d in self._documents("WHERE id = ?", (document_id,)) if principal.may_read(d.groups)), None)

    def by_source(self, source: str, principal: Principal) -> Document | None:
        return next((d for d in self._documents("WHERE source = ?", (source,)) if principal.may_read(d.groups)), None)

    def listed(self, principal: Principal, after: str = "", limit: int = 100) -> list[Document]:
        """In order of source, beginning behind `after`. Read page by page: the texts of a whole company need not fit into memory."""
        found: list[Document] = []
        while len(found) < limit:
            page = self._documents("WHERE source > ? ORDER BY source LIMIT ?", (after, limit))
            found += [document for document in page if principal.may_read(document.groups)]
            if len(page) < limit:
                break
            after = page[-1].source
        return found[:limit]

    def each(self) -> Iterator[Document]:
        """Every document, one at a time in memory."""
        for (document_id,) in self._rows("SELECT id FROM documents ORDER BY source"):
            yield from self._documents("WHERE id = ?", (document_id,))

    def editions(self) -> list[Edition]:
        """Of every document, in order of source. Read once for a generation: what a document says of itself stands behind its text."""
        rows = self._rows("SELECT id, source, title, groups, owner, effective, expires, supersedes FROM documents ORDER BY source")
        return [_edition(row) for row in rows]

    def chunks_of(self, document_id: str) -> list[ChunkPlace]:
        rows = self._rows('SELECT id, start, "end" FROM chunks WHERE document_id = ? ORDER BY start', (document_id,))
        return [ChunkPlace(*row) for row in rows]

    def chunk_counts(self) -> dict[str, int]:
        """How many chunks each document has, by document id."""
        rows = self._rows("SELECT document_id, count(*) FROM chunks GROUP BY document_id")
        return {row[0]: row[1] for row in rows}

    def states(self) -> dict[str, DocumentState]:
        """What each document is, by source."""
        joined = (
            "SELECT source, expires, supersedes, digest FROM chunks JOIN documents ON documents.id = document_id "
            "ORDER BY source, start, chunks.id"
        )
        grouped = ((source, list(rows)) for source, rows in groupby(self._rows(joined), key=itemgetter("source")))
        return {source: DocumentState(rows[0][1], rows[0][2], tuple(row[3] for row in rows)) for source, rows in grouped}

    def files(self) -> dict[str, FileRecord]:
        rows = self._rows("SELECT source, file_hash, fingerprint, status, error, warnings FROM files")
        return {row[0]: FileRecord(row[0], row[1], row[2], row[3], row[4], tuple(json.loads(row[5]))) for row in rows}

    def digests(self) -> dict[str, str]:
        """The digest of every chunk by its id, in order of the ids."""
        return {row[0]: row[1] for row in self._rows("SELECT id, digest FROM chunks ORDER BY id")}

    def chunks(self, ids: Collection[str] | None = None) -> Iterator[Chunk]:
        """The chunks of these ids, or all, document by document; one document's text at a time is in memory."""
        wanted = None if ids is None else set(ids)
        places = 'SELECT document_id, id, start, "end", headings, page, leads FROM chunks ORDER BY document_id, start'
        for document_id, rows in groupby(self._rows(places), key=itemgetter("document_id")):
            mine = [row for row in rows if wanted is None or row["id"] in wanted]
            for document in self._documents("WHERE id = ?", (document_id,)) if mine else ():
                yield from (_chunk(document, row) for row in mine)

    def _documents(self, where: str, values: tuple[object, ...]) -> list[Document]:
        return [_document(row) for row in self._rows(f"SELECT {_COLUMNS} FROM documents {where}", values)]

    def _rows(self, statement: str, values: tuple[object, ...] = ()) -> list[sqlite3.Row]:
        try:
            with self._lock, closing(self._connection.execute(statement, values)) as cursor:
                return cursor.fetchall()
        except sqlite3.DatabaseError as error:
            raise IndexBroken(f"{self._path} cannot be read: {error}. {REBUILD}") from error


class DocumentWriter(DocumentStore):
    """Fills the documents of a generation that nobody reads yet: a crash leaves a file that is thrown away, so nothing waits for the disk.
    What is removed leaves the file, too."""

    @classmethod
    def create(cls, path: Path) -> DocumentWriter:
        """Opens it for writing; it may exist."""
        connection = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
        connection.executescript("PRAGMA journal_mode = MEMORY; PRAGMA synchronous = OFF; PRAGMA secure_delete = ON;" + _SCHEMA + "BEGIN;")
        return cls(connection, path)

    def put(self, document: Document, chunks: Iterable[Chunk]) -> None:
        self._run(f"INSERT INTO documents ({_COLUMNS}) VALUES ({', '.join('?' * 12)})", [_row(document)])
        self._run("INSERT INTO chunks VALUES (?, ?, ?, ?, ?, ?, ?, ?)", map(_chunk_row, chunks))

    def remove(self, document_ids: Iterable[str]) -> None:
        gone = [(document_id,) for document_id in document_ids]
        self._run("DELETE FROM chunks WHERE document_id = ?", gone)
        self._run("DELETE FROM documents WHERE id = ?", gone)

    def set_files(self, files: Iterable[FileRecord]) -> None:
        """Makes these the whole record."""
        self._run("DELETE FROM files", [()])
        rows = ((f.source, f.file_hash, f.fingerprint, f.status, f.error, json.dumps(f.warnings, ensure_ascii=False)) for f in files)
        self._run("INSERT INTO files VALUES (?, ?, ?, ?, ?, ?)", rows)

    def finish(self, *, vacuum: bool = False) -> None:
        """Commits. `vacuum` writes the file anew, without the gaps that removals left."""
        self._connection.execute("COMMIT")
        if vacuum:
            self._connection.execute("VACUUM")

    def _run(self, statement: str, rows: Iterable[tuple[object, ...]]) -> None:
        with self._lock:
            self._connection.executemany(statement, rows)


def digest_of(chunk: Chunk) -> str:
    """Differs where anything that is stored of the chunk does."""
    leads = [(lead.start, lead.end, lead.text) for lead in chunk.leads]
    place = (chunk.id, chunk.document_id, chunk.source, chunk.title, chunk.headings, chunk.start, chunk.end, chunk.page)
    told = repr((place, chunk.text, leads, chunk.groups, chunk.owner, chunk.url, chunk.effective and chunk.effective.isoformat()))
    return hashlib.blake2b(told.encode(), digest_size=12).hexdigest()


def _chunk_row(chunk: Chunk) -> tuple[object, ...]:
    leads = json.dumps([(lead.start, lead.end) for lead in chunk.leads])
    headings = json.dumps(chunk.headings, ensure_ascii=False)
    return (chunk.id, chunk.document_id, chunk.start, chunk.end, headings, chunk.page, leads, digest_of(chunk))


def _chunk(document: Document, row: sqlite3.Row) -> Chunk:
    return Chunk(
        id=row["id"],
        document_id=document.id,
        source=document.source,
        title=document.title,
        headings=tuple(json.loads(row["headings"])),
        start=row["start"],
        end=row["end"],
        text=document.text[row["start"] : row["end"]],
        page=row["page"],
        leads=tuple(Span(start, end, document.text[start:end]) for start, end in json.loads(row["leads"])),
        groups=document.groups,
        owner=document.owner,
        url=document.url,
        effective=document.effective,
    )


def _row(document: Document) -> tuple[object, ...]:
    return (
        document.id,
        document.source,
        document.title,
        document.text,
        document.content_hash,
        document.updated.isoformat(),
        json.dumps(document.groups),
        document.owner,
        document.url,
        document.effective and document.effective.isoformat(),
        document.expires and document.expires.isoformat(),
        json.dumps(document.supersedes),
    )


def _edition(row: sqlite3.Row) -> Edition:
    return Edition(
        id=row["id"],
        source=row["source"],
        title=row["title"],
        groups=tuple(json.loads(row["groups"])),
        owner=row["owner"],
        effective=_day(row["effective"]),
        expires=_day(row["expires"]),
        supersedes=tuple(json.loads(row["supersedes"])),
    )


def _day(stored: str | None) -> date | None:
    return date.fromisoformat(stored) if stored else None


def _document(row: sqlite3.Row) -> Document:
    return Document(
        id=row["id"],
        source=row["source"],
        title=row["title"],
        text=row["text"],
        content_hash=row["content_hash"],
        updated=datetime.fromisoformat(row["updated"]),
        groups=tuple(json.loads(row["groups"])),
        owner=row["owner"],
        url=row["url"],
        effective=_day(row["effective"]),
        expires=_day(row["expires"]),
        supersedes=tuple(json.loads(row["supersedes"])),
    )
