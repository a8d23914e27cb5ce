from __future__ import annotations

from contextlib import closing
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from assistant.documents import ChunkPlace, DocumentStore, FileRecord
from assistant.errors import IndexBroken
from assistant.types import LOCAL, Document, Principal
from tests.builders import document

STAFF = Principal("ann", frozenset({"staff"}))


def store(path: Path, *documents: Document) -> DocumentStore:
    made = DocumentStore.create(path / "documents.sqlite")
    files = [FileRecord(d.source, "hash", "print", "parsed", None) for d in documents]
    made.write([(d, [ChunkPlace(f"{d.id}-0", 0, 5)]) for d in documents], (), files)
    return made


def test_a_document_comes_back_as_it_was(tmp_path: Path) -> None:
    full = replace(
        document(groups=("hr", "board")),
        owner="people@northlight.example",
        url="https://intranet.example/leave",
        effective=date(2026, 1, 1),
        expires=date(2027, 1, 1),
        supersedes=("hr/leave-2024.md",),
    )
    with closing(store(tmp_path, full)) as documents:
        assert documents.get(full.id, LOCAL) == full
        assert documents.by_source(full.source, LOCAL) == full
        assert documents.chunks_of(full.id) == [ChunkPlace(f"{full.id}-0", 0, 5)]


def test_what_one_may_not_read_does_not_exist(tmp_path: Path) -> None:
    secret, open_to_all = document("hr/bands.md", groups=("hr",)), document("hr/leave.md")
    with closing(store(tmp_path, secret, open_to_all)) as documents:
        assert documents.get(secret.id, STAFF) is None
        assert documents.by_source(secret.source, STAFF) is None
        assert documents.listed(STAFF) == [open_to_all]
        assert documents.listed(LOCAL) == [secret, open_to_all]


def test_a_page_is_full_although_some_may_not_be_read(tmp_path: Path) -> None:
    everything = [document(f"{number}.md", groups=("hr",) if number % 2 else ()) for number in range(10)]
    with closing(store(tmp_path, *everything)) as documents:
        page = documents.listed(STAFF, limit=3)
        rest = documents.listed(STAFF, after=page[-1].source, limit=3)

    assert [d.source for d in page + rest] == ["0.md", "2.md", "4.md", "6.md", "8.md"]


def test_writing_replaces_documents_and_the_record_of_files(tmp_path: Path) -> None:
    old, kept = document("a.md", "old words"), document("b.md")
    with closing(store(tmp_path, old, kept)) as documents:
        new = replace(old, text="new words")
        documents.write([(new, [ChunkPlace("n", 0, 9)])], [old.id], [FileRecord("a.md", "h2", "p", "parsed", None)])

        assert documents.get(old.id, LOCAL) == new
        assert documents.chunk_counts() == {old.id: 1, kept.id: 1}
        assert list(documents.files()) == ["a.md"]


def test_a_vacuumed_file_no_longer_holds_what_was_removed(tmp_path: Path) -> None:
    old = document("a.md", "a very particular sentence")
    with closing(store(tmp_path, old)) as documents:
        documents.write([], [old.id], [])
        documents.vacuum()

    assert b"particular" not in (tmp_path / "documents.sqlite").read_bytes()


@pytest.mark.parametrize("content", [None, b"", b"no database, but long enough to be looked at as one " * 20])
def test_a_missing_or_foreign_file_is_told(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "documents.sqlite"
    if content is not None:
        path.write_bytes(content)

    with pytest.raises(IndexBroken, match="Build the index anew"):
        DocumentStore.open(path)
