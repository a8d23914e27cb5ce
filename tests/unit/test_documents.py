from __future__ import annotations

from contextlib import closing
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from assistant.documents import ChunkPlace, DocumentState, DocumentStore, DocumentWriter, FileRecord, digest_of
from assistant.errors import IndexBroken
from assistant.types import LOCAL, Chunk, Document, Principal, Span
from tests.builders import chunk, document

STAFF = Principal("ann", frozenset({"staff"}))


def store(path: Path, *documents: Document) -> DocumentWriter:
    made = DocumentWriter.create(path / "documents.sqlite")
    for each in documents:
        made.put(each, [first_words(each)])
    made.set_files([FileRecord(d.source, "hash", "print", "parsed", None, ("page 3 is missing",)) for d in documents])
    return made


def first_words(of: Document) -> Chunk:
    return replace(
        chunk(of.text[:5], of.source),
        id=f"{of.id}-0",
        title=of.title,
        groups=of.groups,
        owner=of.owner,
        url=of.url,
        effective=of.effective,
        leads=(Span(0, 2, of.text[:2]),),
        page=4,
    )


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
        assert list(documents.chunks()) == [first_words(full)]
        assert documents.digests() == {f"{full.id}-0": digest_of(first_words(full))}


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
        documents.remove([old.id])
        documents.put(new, [first_words(new)])
        record = FileRecord("a.md", "h2", "p", "parsed", None)
        documents.set_files([record])

        assert documents.get(old.id, LOCAL) == new
        assert documents.chunk_counts() == {old.id: 1, kept.id: 1}
        assert documents.states() == {d.source: DocumentState(None, "[]", (digest_of(first_words(d)),)) for d in (new, kept)}
        assert documents.files() == {"a.md": record}
        assert [c.text for c in documents.chunks([f"{old.id}-0"])] == ["new w"]


def test_what_was_removed_is_no_longer_in_the_file(tmp_path: Path) -> None:
    """Neither a short text nor one that fills pages of its own."""
    old = [document("a.md", "a very particular sentence"), document("b.md", "a most peculiar sentence " * 2000)]
    with closing(store(tmp_path, *old, document("c.md", "what stays"))) as documents:
        documents.finish()
    held = (tmp_path / "documents.sqlite").read_bytes()
    assert (b"particular" in held, b"peculiar" in held) == (True, True)

    with closing(DocumentWriter.create(tmp_path / "documents.sqlite")) as documents:
        documents.remove([d.id for d in old])
        documents.finish()

    left = (tmp_path / "documents.sqlite").read_bytes()
    assert (b"particular" in left, b"peculiar" in left, b"what stays" in left) == (False, False, True)


@pytest.mark.parametrize(
    "change",
    [{"text": "other"}, {"groups": ("hr",)}, {"title": "T"}, {"page": 7}, {"leads": ()}, {"url": "u"}, {"effective": date(2026, 1, 1)}],
)
def test_a_digest_differs_where_anything_does(change: dict[str, Any]) -> None:
    known = first_words(document())
    assert digest_of(replace(known, **change)) != digest_of(known)
    assert digest_of(first_words(document())) == digest_of(known)


@pytest.mark.parametrize("content", [None, b"", b"no database, but long enough to be looked at as one " * 20])
def test_a_missing_or_foreign_file_is_told(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "documents.sqlite"
    if content is not None:
        path.write_bytes(content)

    with pytest.raises(IndexBroken, match="Build the index anew"):
        DocumentStore.open(path)
