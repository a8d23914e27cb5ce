"""What is read of a folder, what is passed over, and that nothing disappears."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from assistant.errors import NothingToIngest, ParseError
from ingest.folder import (
    DEEPEST,
    HIDDEN,
    IGNORED,
    LINK_INSIDE,
    LINK_OUT,
    METADATA,
    SPECIAL,
    TEMPORARY,
    UNSUPPORTED,
    read_file,
    read_given_file,
    source_of,
    walk,
)


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


@pytest.mark.parametrize(
    ("name", "source"),
    [("a\nb.md", "a\\nb.md"), ("a\x1b[2Jb.md", "a\\x1b[2Jb.md"), ("a\u202edm.md", "a\\u202edm.md"), ("a\\nb.md", "a\\\\nb.md")],
)
def test_a_name_that_would_forge_a_report_is_listed_with_its_error(tmp_path: Path, name: str, source: str) -> None:
    make(tmp_path, f"{name[:-3]}/x.md", name)

    found = walk(tmp_path).files

    assert {file.source for file in found} == {source, f"{source[:-3]}/x.md"}
    assert all("Rename it" in str(file.error) for file in found)


def test_no_two_files_have_the_same_source(tmp_path: Path) -> None:
    names = [b"caf\xe9.md", rb"caf\xe9.md", rb"caf\\xe9.md", "caf\xe9.md".encode(), "cafe\u0301.md".encode(), b"Caf.md", b"caf.md"]
    for name in names:
        Path(os.fsdecode(os.fsencode(tmp_path) + b"/" + name)).touch()

    found = walk(tmp_path).files

    assert len({file.source for file in found}) == len(names)
    assert {file.source for file in found if file.error is None} == {"caf\xe9.md", "cafe\u0301.md", "Caf.md", "caf.md"}


def test_a_folder_beyond_reach_is_listed_with_its_error(tmp_path: Path) -> None:
    descriptor = os.open(tmp_path, os.O_RDONLY)
    for _ in range(20):  # more than the system takes as one path
        os.mkdir("n" * 250, dir_fd=descriptor)
        descriptor, above = os.open("n" * 250, os.O_RDONLY, dir_fd=descriptor), descriptor
        os.close(above)
    os.close(descriptor)
    deep = "/".join("d" * (DEEPEST + 1))
    make(tmp_path, f"{deep}/x.md", f"{deep[2:]}/y.md")

    found = walk(tmp_path).files

    assert [file.error is None for file in found] == [False, True, False]
    assert all("lies too deep" in str(file.error) for file in (found[0], found[2]))


class TestIgnoring:
    def test_what_the_patterns_fit_is_counted_and_not_read(self, tmp_path: Path) -> None:
        make(tmp_path, "a.md", "old/b.md", "old/c/d.md", "hr/draft-1.md", "hr/final.md", "hr/draft-keep.md", ".hidden.md", "x.raw")
        (tmp_path / ".footnoteignore").write_text("old/\ndraft-*\n*.raw\n", encoding="utf-8")
        (tmp_path / "hr/.footnoteignore").write_text("!draft-keep.md\n", encoding="utf-8")

        found = walk(tmp_path)

        assert [f.source for f in found.files] == ["a.md", "hr/draft-keep.md", "hr/final.md"]
        assert found.passed_over == {HIDDEN: 1, IGNORED: 3, METADATA: 2}
        assert found.unsupported == ()

    @pytest.mark.parametrize("content", [b"caf\xe9", b"[", b"!"])
    def test_where_they_cannot_be_understood_nothing_below_is_read(self, tmp_path: Path, content: bytes) -> None:
        make(tmp_path, "a.md", "hr/b.md", "hr/c/d.md")
        (tmp_path / "hr/.footnoteignore").write_bytes(content)
        (tmp_path / "hr/c/.footnoteignore").write_bytes(b"!d.md")

        found = walk(tmp_path).files

        assert [(f.source, f.error is None) for f in found] == [("a.md", True), ("hr/b.md", False), ("hr/c/d.md", False)]
        assert str(found[1].error).startswith("hr/.footnoteignore ")
        assert found[1].error == found[2].error

    def test_neither_where_they_cannot_be_read(self, tmp_path: Path) -> None:
        make(tmp_path, "outside", "root/a.md")
        (tmp_path / "root/.footnoteignore").symlink_to(tmp_path / "outside")
        (tmp_path / "folder/b.md").parent.mkdir()
        make(tmp_path, "folder/b.md", "folder/.footnoteignore/x")

        for root in ("root", "folder"):
            (file,) = walk(tmp_path / root).files
            assert ".footnoteignore cannot be read" in str(file.error)


class TestReading:
    def test_a_file_of_the_folder_is_read(self, tmp_path: Path) -> None:
        make(tmp_path, "hr/a.md")

        assert read_file(tmp_path, tmp_path / "hr/a.md") == read_given_file(tmp_path / "hr/a.md") == b"text"

    def test_a_root_that_is_a_link_is_read(self, tmp_path: Path) -> None:
        make(tmp_path / "real", "a.md")
        (tmp_path / "link").symlink_to(tmp_path / "real")

        assert read_file(tmp_path / "link", tmp_path / "link/a.md") == b"text"

    def test_a_link_that_took_the_place_of_a_file_or_folder_is_not_followed(self, tmp_path: Path) -> None:
        make(tmp_path, "root/hr/a.md", "root/hr/b.md", "secret/a.md")
        first, second = walk(tmp_path / "root").files
        second.path.unlink()
        second.path.symlink_to(tmp_path / "secret/a.md")

        with pytest.raises(ParseError, match="symbolic link"):
            read_file(tmp_path / "root", second.path)

        (tmp_path / "root/hr").rename(tmp_path / "moved")
        (tmp_path / "root/hr").symlink_to(tmp_path / "secret")
        with pytest.raises(ParseError, match="symbolic link"):
            read_file(tmp_path / "root", first.path)

    def test_no_way_leads_up(self, tmp_path: Path) -> None:
        make(tmp_path, "root/a.md", "b.md")

        with pytest.raises(ParseError, match="leads out of the folder"):
            read_file(tmp_path / "root", tmp_path / "root/../b.md")

    @pytest.mark.timeout(20)
    def test_what_became_a_pipe_a_folder_or_a_device_is_refused(self, tmp_path: Path) -> None:
        os.mkfifo(tmp_path / "pipe.md")
        (tmp_path / "folder.md").mkdir()

        for path in (tmp_path / "pipe.md", tmp_path / "folder.md"):
            with pytest.raises(ParseError, match="no regular file"):
                read_file(tmp_path, path)
            with pytest.raises(ParseError, match="no regular file"):
                read_given_file(path)
        with pytest.raises(ParseError, match="no regular file"):
            read_file(Path("/"), Path("/dev/zero"))

    def test_a_file_that_vanished_says_so(self, tmp_path: Path) -> None:
        with pytest.raises(ParseError, match="is gone"):
            read_file(tmp_path, tmp_path / "gone.md")

    def test_a_file_that_is_too_large_says_so(self, tmp_path: Path) -> None:
        with (tmp_path / "large.txt").open("wb") as file:
            file.truncate(60_000_000)

        with pytest.raises(ParseError, match="60 MB; at most 50 MB"):
            read_file(tmp_path, tmp_path / "large.txt")

    @pytest.mark.skipif(os.geteuid() == 0, reason="root may open every file")
    def test_a_file_that_may_not_be_read_says_so(self, tmp_path: Path) -> None:
        make(tmp_path, "a.md")
        (tmp_path / "a.md").chmod(0)

        with pytest.raises(ParseError, match="Permission denied"):
            read_file(tmp_path, tmp_path / "a.md")


def test_a_hard_link_is_a_file_like_any_other(tmp_path: Path) -> None:
    make(tmp_path, "a.md")
    os.link(tmp_path / "a.md", tmp_path / "b.md")

    assert [file.source for file in walk(tmp_path).files] == ["a.md", "b.md"]


def test_a_root_that_is_no_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(NothingToIngest, match="is no folder"):
        walk(tmp_path / "nowhere")
