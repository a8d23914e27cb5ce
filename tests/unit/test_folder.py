"""What is read of a folder, what is passed over, and that nothing disappears."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from assistant.errors import NothingToIngest
from ingest.folder import HIDDEN, LINK_INSIDE, LINK_OUT, METADATA, SPECIAL, TEMPORARY, UNSUPPORTED, source_of, walk


def make(root: Path, *names: str) -> None:
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text("text", encoding="utf-8")


def test_files_come_sorted_by_source_and_the_rest_is_counted(tmp_path: Path) -> None:
    make(tmp_path, "b.md", "a/z.TXT", "a/a.html", "a-b.md", ".git/x.md", ".hidden.md", "~$b.docx", "x.tmp", "b.md~")
    make(tmp_path, ".footnote.yaml", "a/.footnote.yaml", "photo.raw", "a/Makefile")

    found = walk(tmp_path)

    assert [f.source for f in found.files] == ["a-b.md", "a/a.html", "a/z.TXT", "b.md"]
    assert [f.path for f in found.files] == [tmp_path / f.source for f in found.files]
    assert all(f.error is None for f in found.files)
    assert found.passed_over == {HIDDEN: 2, TEMPORARY: 3, METADATA: 2, UNSUPPORTED: 2}
    assert found.unsupported == ("a/Makefile", "photo.raw")


def test_links_are_never_followed(tmp_path: Path) -> None:
    root = tmp_path / "root"
    make(root, "hr/secret.md")
    make(tmp_path, "outside/private.md")
    (root / "public.md").symlink_to(root / "hr/secret.md")
    (root / "hr/up").symlink_to(root)
    (root / "out").symlink_to(tmp_path / "outside")
    (root / "self").symlink_to(root / "self")

    found = walk(root)

    assert [f.source for f in found.files] == ["hr/secret.md"]
    assert found.passed_over == {LINK_INSIDE: 2, LINK_OUT: 2} or found.passed_over == {LINK_INSIDE: 3, LINK_OUT: 1}


def test_a_root_that_is_a_link_is_walked(tmp_path: Path) -> None:
    make(tmp_path / "real", "a.md")
    (tmp_path / "link").symlink_to(tmp_path / "real")

    assert [f.source for f in walk(tmp_path / "link").files] == ["a.md"]


def test_what_is_no_file_is_passed_over(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.md")

    assert walk(tmp_path).passed_over == {SPECIAL: 1}


@pytest.mark.skipif(os.geteuid() == 0, reason="root may open every folder")
def test_a_folder_that_cannot_be_opened_is_listed_with_its_error(tmp_path: Path) -> None:
    make(tmp_path, "locked/a.md")
    (tmp_path / "locked").chmod(0)
    try:
        (file,) = walk(tmp_path).files
    finally:
        (tmp_path / "locked").chmod(0o700)

    assert file.source == "locked"
    assert "cannot be opened" in str(file.error)


def test_a_name_that_is_no_utf8_is_listed_with_its_error(tmp_path: Path) -> None:
    path = Path(os.fsdecode(os.fsencode(tmp_path) + b"/caf\xe9.md"))
    path.write_text("text", encoding="utf-8")

    (file,) = walk(tmp_path).files

    assert file.source == source_of(path, tmp_path) == "caf\\xe9.md"
    assert "not valid UTF-8" in str(file.error)


def test_a_root_that_is_no_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(NothingToIngest, match="is no folder"):
        walk(tmp_path / "nowhere")
