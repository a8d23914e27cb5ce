"""What files state of themselves in their properties: which keys count, and that groups are never lost."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

import pytest

from assistant.errors import ParseError
from ingest.metadata import FolderMetadata, metadata_for
from ingest.parsing import FileParser
from ingest.parsing.text import html
from ingest.types import ParsedDocument
from tests.unit.test_parsing_office import written_book, written_pdf, written_slides, written_word

CUSTOM = "http://schemas.openxmlformats.org/officeDocument/2006/custom-properties"
TYPES = "http://schemas.openxmlformats.org/officeDocument/2006/docPropsVTypes"


def with_properties(data: bytes, **named: str) -> bytes:
    """An Office file with the properties, given as the XML of their values."""
    import zipfile

    content = "".join(f'<property name="{name}">{value}</property>' for name, value in named.items())
    buffer = io.BytesIO(data)
    with zipfile.ZipFile(buffer, "a") as archive:
        archive.writestr("docProps/custom.xml", f'<Properties xmlns="{CUSTOM}" xmlns:vt="{TYPES}">{content}</Properties>')
    return buffer.getvalue()


def text(words: str) -> str:
    return f"<vt:lpwstr>{words}</vt:lpwstr>"


@pytest.mark.parametrize(("name", "write"), [("a.docx", written_word), ("a.pptx", written_slides), ("a.xlsx", written_book)])
def test_properties_of_office_files_are_front_matter(name: str, write: Callable[[], bytes]) -> None:
    data = with_properties(
        write(),
        Groups=text("hr; managers, board"),
        OWNER=text("hr@example.com"),
        effective="<vt:filetime>2026-01-31T00:00:00Z</vt:filetime>",
        supersedes="<vt:vector><vt:lpwstr>old.md</vt:lpwstr><vt:lpwstr>older.md</vt:lpwstr></vt:vector>",
        Colour=text("red"),
    )

    document = FileParser().parse(name, data)

    assert document.front_matter == {
        "groups": ["hr", "managers", "board"],
        "owner": "hr@example.com",
        "effective": "2026-01-31",
        "supersedes": ["old.md", "older.md"],
    }
    known, _ = metadata_for("a", document.front_matter, FolderMetadata({}))
    assert known.groups == ("hr", "managers", "board")


@pytest.mark.parametrize("value", ["<vt:lpwstr/>", text("  "), text(";"), ""])
def test_groups_without_a_value_close_the_file(value: str) -> None:
    document = FileParser().parse("a.docx", with_properties(written_word(), Groups=value))

    with pytest.raises(ParseError, match="groups"):
        metadata_for("a", document.front_matter, FolderMetadata({}))


def test_properties_that_are_damaged_or_given_twice_close_the_file() -> None:
    with pytest.raises(ParseError, match="given twice"):
        FileParser().parse("a.xlsx", with_properties(written_book(), Groups=text("hr"), groups=text("all")))
    with pytest.raises(ParseError, match="damaged"):
        FileParser().parse("a.pptx", with_properties(written_slides(), Groups="<vt:lpwstr>hr"))


def pdf(**entries: str) -> bytes:
    from reportlab.pdfbase.pdfdoc import PDFInfo, PDFString  # type: ignore[import-untyped]  # reportlab ships no types
    from reportlab.pdfgen.canvas import Canvas  # type: ignore[import-untyped]  # reportlab ships no types

    class Info(PDFInfo):  # type: ignore[misc]  # reportlab ships no types
        def format(self, document: Any) -> Any:
            from reportlab.pdfbase.pdfdoc import PDFDictionary

            stated = {"Title": PDFString("Core title"), **{name: PDFString(value) for name, value in entries.items()}}
            return PDFDictionary(stated).format(document)

    buffer = io.BytesIO()
    canvas = Canvas(buffer)
    canvas._doc.info = Info()
    canvas.drawString(72, 700, "The text of the page.")
    canvas.save()
    return bytes(buffer.getvalue())


def read_pdf(**entries: str) -> ParsedDocument:
    return FileParser().parse("a.pdf", pdf(**entries))


def test_entries_of_a_pdf_are_front_matter_and_its_title_is_its_title() -> None:
    document = read_pdf(Groups="hr, board", oWnEr="hr@example.com", Author="Ann")

    assert document.front_matter == {"groups": ["hr", "board"], "owner": "hr@example.com"}
    assert document.title == "Core title"
    assert FileParser().parse("a.pdf", written_pdf()).front_matter == {}


@pytest.mark.parametrize("name", ["Groups", "groups", "GROUPS"])
def test_groups_of_a_pdf_without_a_value_close_it(name: str) -> None:
    assert read_pdf(**{name: ""}).front_matter == {"groups": None}


def page(*metas: str) -> ParsedDocument:
    return html.from_text(f"<html><head>{''.join(metas)}</head><body><h1>Leave</h1><p>Text.</p></body></html>")


def meta(name: str, content: str) -> str:
    return f'<meta name="{name}" content="{content}">'


def test_metas_of_a_page_are_front_matter() -> None:
    document = page(meta("Groups", "hr; board"), meta("owner", "hr@example.com"), meta("owner", "second"), meta("viewport", "x"))

    assert document.front_matter == {"groups": ["hr", "board"], "owner": "hr@example.com"}


def test_what_a_page_means_otherwise_is_a_warning_and_groups_never_are() -> None:
    document = page(meta("expires", "never"), meta("effective", "2026-01-31"), meta("groups", ""))

    assert document.front_matter == {"effective": "2026-01-31", "groups": None}
    assert document.warnings == ('What the page states as "expires" is no date: "never".',)
    with pytest.raises(ParseError, match="given twice"):
        page(meta("groups", "hr"), meta("groups", "all"))
