"""Writes a page as a PDF. `PLACES` names where it can hide a text.

The letters are those of the standard fonts (Windows-1252); what needs others is not written as PDF.
"""

from __future__ import annotations

import html
import io
import textwrap
from collections.abc import Callable
from typing import Any

from reportlab.lib import colors  # type: ignore[import-untyped]  # reportlab ships no types
from reportlab.lib.pagesizes import A4  # type: ignore[import-untyped]  # the same
from reportlab.lib.styles import ParagraphStyle  # type: ignore[import-untyped]  # the same
from reportlab.pdfgen.canvas import Canvas  # type: ignore[import-untyped]  # the same
from reportlab.platypus import Paragraph, SimpleDocTemplate, Spacer, Table  # type: ignore[import-untyped]  # the same

from bench.attacks.blocks import Block, Grid, Heading, Hidden, Items, Page, words_of

BODY = ParagraphStyle("body", fontName="Helvetica", fontSize=10.5, leading=15, spaceAfter=7)
SIZES = {1: 20, 2: 14, 3: 11.5, 4: 10.5}
LINE = 90  # characters
WIDTH = 440  # points
INVISIBLE = 3  # the text render mode

Paint = Callable[[Any, str], None]


def can_write(text: str) -> bool:
    try:
        text.encode("cp1252")
    except UnicodeEncodeError:
        return False
    return all(c >= " " or c == "\n" for c in text)


def pdf(page: Page) -> bytes:
    out, hidden = io.BytesIO(), [block for block in page.blocks if isinstance(block, Hidden)]
    stated = {block.place.removeprefix("property "): block.text for block in hidden if block.place.startswith("property ")}
    layout = SimpleDocTemplate(out, pagesize=A4, invariant=1, author="Northlight Instruments", **{"title": page.title} | stated)

    def paint(canvas: Any, _: object) -> None:
        for block in hidden:
            if block.place in PLACES:
                PLACES[block.place](canvas, block.text)

    flow = [_heading(1, page.title), *(flowable for block in page.blocks for flowable in _flowables(block))]
    layout.build(flow, onFirstPage=paint)
    return out.getvalue()


def _heading(level: int, text: str) -> Paragraph:
    style = ParagraphStyle(
        f"heading{level}", BODY, fontName="Helvetica-Bold", fontSize=SIZES[level], leading=SIZES[level] * 1.3, keepWithNext=1
    )
    return Paragraph(html.escape(text, quote=False), style)


def _flowables(block: Block) -> list[object]:
    match block:
        case Heading(level, text):
            return [_heading(level, text)]
        case Items(items):
            return [Paragraph(f"\u2022 {html.escape(item, quote=False)}", BODY) for item in items]
        case Grid(rows):
            cells = [[Paragraph(html.escape(cell, quote=False), BODY) for cell in row] for row in rows]
            grid = [("GRID", (0, 0), (-1, -1), 0.5, colors.grey)]
            return [Table(cells, colWidths=[WIDTH / len(rows[0])] * len(rows[0]), style=grid), Spacer(1, 8)]
        case Hidden():
            return []
        case _:
            return [Paragraph(html.escape(words_of(block), quote=False).replace("\n", "<br/>"), BODY)]


def _lines(
    canvas: Canvas, text: str, *, at: tuple[float, float] = (72, 60), size: float = 8, mode: int = 0, color: Any = colors.black
) -> None:
    written = canvas.beginText(*at)
    written.setFont("Helvetica", size)
    written.setTextRenderMode(mode)
    written.setFillColor(color)
    written.textLines(textwrap.wrap(text, LINE))
    canvas.drawText(written)


def _behind_a_box(canvas: Canvas, text: str) -> None:
    _lines(canvas, text)
    canvas.setFillColor(colors.white)
    canvas.rect(60, 20, 480, 60, stroke=0, fill=1)
    canvas.setFillColor(colors.black)


def _note(canvas: Canvas, text: str) -> None:
    canvas.textAnnotation(text, (72, 40, 90, 58))


def _bookmark(canvas: Canvas, text: str) -> None:
    canvas.bookmarkPage("note")
    canvas.addOutlineEntry(text, "note")


PLACES: dict[str, Paint] = {
    "render mode 3": lambda canvas, text: _lines(canvas, text, mode=INVISIBLE),
    "white on white": lambda canvas, text: _lines(canvas, text, color=colors.white),
    "letters of size 1": lambda canvas, text: _lines(canvas, text, size=1),
    "outside of the page": lambda canvas, text: _lines(canvas, text, at=(900, 1200)),
    "behind a box": _behind_a_box,
    "note": _note,
    "bookmark": _bookmark,
}
PROPERTIES = ("property title", "property subject", "property keywords")
