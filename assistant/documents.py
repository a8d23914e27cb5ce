"""The documents of one generation, with their parsed texts, in SQLite: written by one ingest, read by the questions after it."""

from __future__ import annotations

import json
import sqlite3
import threading
from collections.abc import Iterable, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Literal

from assistant.errors import IndexBroken
from assistant.types import Document, Principal

REBUILD = "Build the index anew: `ingest PATH`."

_SCHEMA = """
CREATE TABLE IF NOT EXISTS documents (
    id TEXT PRIMARY KEY, source TEXT NOT NULL UNIQUE, title TEXT NOT NULL, text TEXT NOT NULL, content_hash TEXT NOT NULL,
    updated TEXT NOT NULL, groups TEXT NOT NULL, owner TEXT, url TEXT, effective TEXT, expires TEXT, supersedes TEXT NOT NULL
) STRICT;
CREATE TABLE IF NOT EXISTS chunks (
    id TEXT PRIMARY KEY, document_id TEXT NOT NULL REFERENCES documents (id), start INTEGER NOT NULL, "end" INTEGER NOT NULL
) STRICT;
CREATE INDEX IF NOT EXISTS chunks_by_document ON chunks (document_id);
CREATE TABLE IF NOT EXISTS files (
    source TEXT PRIMARY KEY, file_hash TEXT NOT NULL, fingerprint TEXT NOT NULL, status TEXT NOT NULL, error TEXT
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
    """What the last ingest made of a file: enough to know whether it has to be parsed again."""

    source: str
    file_hash: str
    fingerprint: str
    status: Literal["parsed", "empty", "failed"]
    error: str | None


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

    @classmethod
    def create(cls, path: Path) -> DocumentStore:
        """Opens it for writing; it may exist."""
        connection = sqlite3.connect(path, check_same_thread=False)
        connection.executescript(_SCHEMA)
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

    def chunks_of(self, document_id: str) -> list[ChunkPlace]:
        rows = self._rows('SELECT id, start, "end" FROM chunks WHERE document_id = ? ORDER BY start', (document_id,))
        return [ChunkPlace(*row) for row in rows]

    def chunk_counts(self) -> dict[str, int]:
        """How many chunks each document has, by document id."""
        rows = self._rows("SELECT document_id, count(*) FROM chunks GROUP BY document_id")
        return {row[0]: row[1] for row in rows}

    def files(self) -> dict[str, FileRecord]:
        return {row[0]: FileRecord(*row) for row in self._rows("SELECT source, file_hash, fingerprint, status, error FROM files")}

    def write(
        self, documents: Iterable[tuple[Document, Sequence[ChunkPlace]]], removed: Iterable[str], files: Iterable[FileRecord]
    ) -> None:
        """One transaction: takes out the removed document ids, puts the documents in, and makes `files` the whole record."""
        with self._lock, self._connection as db:
            gone = [(document_id,) for document_id in removed]
            db.executemany("DELETE FROM chunks WHERE document_id = ?", gone)
            db.executemany("DELETE FROM documents WHERE id = ?", gone)
            for document, places in documents:
                db.execute(f"INSERT INTO documents ({_COLUMNS}) VALUES ({', '.join('?' * 12)})", _row(document))
                db.executemany("INSERT INTO chunks VALUES (?, ?, ?, ?)", [(p.id, document.id, p.start, p.end) for p in places])
            db.execute("DELETE FROM files")
            db.executemany(
                "INSERT INTO files VALUES (?, ?, ?, ?, ?)", [(f.source, f.file_hash, f.fingerprint, f.status, f.error) for f in files]
            )

    def vacuum(self) -> None:
        """What was deleted leaves the file, too."""
        self._connection.execute("VACUUM")

    def _documents(self, where: str, values: tuple[object, ...]) -> list[Document]:
        return [_document(row) for row in self._rows(f"SELECT {_COLUMNS} FROM documents {where}", values)]

    def _rows(self, statement: str, values: tuple[object, ...] = ()) -> list[sqlite3.Row]:
        try:
            with self._lock, closing(self._connection.execute(statement, values)) as cursor:
                return cursor.fetchall()
        except sqlite3.DatabaseError as error:
            raise IndexBroken(f"{self._path} cannot be read: {error}. {REBUILD}") from error


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
        effective=date.fromisoformat(row["effective"]) if row["effective"] else None,
        expires=date.fromisoformat(row["expires"]) if row["expires"] else None,
        supersedes=tuple(json.loads(row["supersedes"])),
    )
