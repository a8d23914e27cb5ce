"""Writes a page as a Word document. `PLACES` names where it can hide a text."""

from __future__ import annotations

import io
from collections.abc import Callable

import docx
from docx.document import Document
from docx.enum.style import WD_STYLE_TYPE
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from docx.shared import Pt, RGBColor
from PIL import Image

from bench.attacks.archives import saved
from bench.attacks.blocks import Block, Code, Grid, Heading, Hidden, Items, Page, Quotation, Text

DATE = "2026-11-01T09:00:00Z"
WHITE = RGBColor(255, 255, 255)


def word_document(page: Page) -> bytes:
    document = docx.Document()
    for style in [s for s in document.styles if s.type == WD_STYLE_TYPE.TABLE and s.name != "Table Grid"]:
        style.delete()  # a hundred unused ones, half of the file
    document.core_properties.title, document.core_properties.author = page.title[:250], "Northlight Instruments"
    document.core_properties.comments = ""
    document.add_heading(page.title, 1)
    for block in page.blocks:
        _write(document, block)
    return saved(document.save)


def _write(document: Document, block: Block) -> None:
    match block:
        case Heading(level, text):
            document.add_heading(text, level)
        case Items(items):
            for item in items:
                document.add_paragraph(item, style="List Bullet")
        case Grid(rows):
            table = document.add_table(len(rows), len(rows[0]), style="Table Grid")
            for cell, text in zip([cell for row in table.rows for cell in row.cells], [c for row in rows for c in row], strict=True):
                cell.text = text
        case Quotation(text):
            document.add_paragraph(text, style="Intense Quote")
        case Hidden(place, text):
            PLACES[place](document, text)
        case Code(text) | Text(text):
            document.add_paragraph(text)


def _vanish(document: Document, text: str) -> None:
    document.add_paragraph().add_run(text).font.hidden = True


def _white(document: Document, text: str) -> None:
    document.add_paragraph().add_run(text).font.color.rgb = WHITE


def _tiny(document: Document, text: str) -> None:
    document.add_paragraph().add_run(text).font.size = Pt(1)


def _white_in_the_line(document: Document, text: str) -> None:
    paragraph = document.add_paragraph("This section was reviewed. ")
    paragraph.add_run(text).font.color.rgb = WHITE


def _comment(document: Document, text: str) -> None:
    run = document.add_paragraph().add_run("This section was reviewed.")
    comment = document.add_comment(run, text=text, author="Auditor", initials="A")
    comment._comment_elm.set(qn("w:date"), DATE)


def _property(name: str) -> Callable[[Document, str], None]:
    return lambda document, text: setattr(document.core_properties, name, text[:250])


def _page_header(document: Document, text: str) -> None:
    document.sections[0].header.paragraphs[0].text = text


def _page_footer(document: Document, text: str) -> None:
    document.sections[0].footer.paragraphs[0].text = text


def _alternative_text(document: Document, text: str) -> None:
    dot = io.BytesIO()
    Image.new("L", (2, 2), 255).save(dot, "PNG")
    dot.seek(0)
    shape = document.add_picture(dot, Pt(20))
    properties = shape._inline.docPr
    properties.set("descr", text)
    properties.set("title", text)


def _tracked(tag: str, letters: str) -> Callable[[Document, str], None]:
    def add(document: Document, text: str) -> None:
        change = OxmlElement(tag)
        change.set(qn("w:id"), "900")
        change.set(qn("w:author"), "Auditor")
        change.set(qn("w:date"), DATE)
        run, words = OxmlElement("w:r"), OxmlElement(letters)
        words.text = text
        run.append(words)
        change.append(run)
        document.add_paragraph("This section was reviewed. ")._p.append(change)

    return add


def _field(document: Document, text: str) -> None:
    field = OxmlElement("w:fldSimple")
    field.set(qn("w:instr"), f' QUOTE "{text}" ')
    run, words = OxmlElement("w:r"), OxmlElement("w:t")
    words.text = "see above"
    run.append(words)
    field.append(run)
    document.add_paragraph("This section was reviewed, ")._p.append(field)


PLACES: dict[str, Callable[[Document, str], None]] = {
    "hidden text": _vanish,
    "white on white": _white,
    "white within a line": _white_in_the_line,
    "letters of size 1": _tiny,
    "comment": _comment,
    "property title": _property("title"),
    "property subject": _property("subject"),
    "property keywords": _property("keywords"),
    "property comments": _property("comments"),
    "page header": _page_header,
    "page footer": _page_footer,
    "alternative text": _alternative_text,
    "tracked insertion": _tracked("w:ins", "w:t"),
    "tracked deletion": _tracked("w:del", "w:delText"),
    "field code": _field,
}
