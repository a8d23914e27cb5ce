"""Makes the Word, PowerPoint, Excel, PDF and mail files of the sample company from readable sources.

    python data/make_office_files.py [--to FOLDER]

`data/sources/hr/code-of-conduct.docx.md` becomes `hr/code-of-conduct.docx` below FOLDER (default: `data/policies`). In a
workbook a heading of level 1 is a sheet; in a slide deck headings of level 1 and 2 begin a slide (forms of a source: `source_text`).

Running it twice gives the same bytes: dates are fixed and archives are written uncompressed (zlib's output differs between builds).
"""

from __future__ import annotations

import argparse
import hashlib
import io
import re
import zipfile
from collections.abc import Callable
from datetime import UTC, date, datetime, time
from email.message import EmailMessage
from email.utils import format_datetime
from pathlib import Path

import docx
from docx.document import Document
from docx.enum.style import WD_STYLE_TYPE
from docx.text.paragraph import Paragraph as WordParagraph
from openpyxl import Workbook  # type: ignore[import-untyped]  # openpyxl ships no types
from openpyxl.styles import Font  # type: ignore[import-untyped]  # the same
from PIL import Image, ImageDraw, ImageFont
from pptx import Presentation
from pptx.slide import Slide
from pptx.util import Cm, Pt
from reportlab.lib import colors  # type: ignore[import-untyped]  # reportlab ships no types
from reportlab.lib.pagesizes import A4  # type: ignore[import-untyped]  # the same
from reportlab.lib.styles import ParagraphStyle  # type: ignore[import-untyped]  # the same
from reportlab.lib.utils import ImageReader  # type: ignore[import-untyped]  # the same
from reportlab.pdfgen.canvas import Canvas  # type: ignore[import-untyped]  # the same
from reportlab.platypus import ListFlowable, Paragraph, SimpleDocTemplate, Spacer, Table  # type: ignore[import-untyped]  # the same
from source_text import Block, Grid, Heading, Items, Note, Source, Text, as_html, as_plain, marked_up, plain, read_source, sections

HERE = Path(__file__).resolve().parent
STAMP = datetime(2026, 11, 1, 9, 0, tzinfo=UTC)
ZIP_STAMP = (2026, 11, 1, 9, 0, 0)
PAGE_PIXELS = (827, 1169)  # A4 at 100 dots an inch


def stored(archive: bytes) -> bytes:
    """The same archive with fixed dates, uncompressed; a save date in its properties is replaced."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(archive)) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as new:
        for name in old.namelist():
            content = old.read(name)
            if name == "docProps/core.xml":
                stamp = f">{STAMP:%Y-%m-%dT%H:%M:%SZ}</dcterms:".encode()
                content = re.sub(rb">[^<]*</dcterms:", stamp, content)
            new.writestr(zipfile.ZipInfo(name, ZIP_STAMP), content)
    return out.getvalue()


def make_docx(source: Source) -> bytes:
    document = docx.Document()
    drop_ballast(document)
    document.core_properties.title, document.core_properties.author = source.title, "Northlight Instruments"
    for block in source.blocks:
        match block:
            case Heading(level, text):
                document.add_heading(text, level)
            case Items(ordered, items):
                for item in items:
                    add_runs(document.add_paragraph(style="List Number" if ordered else "List Bullet"), item)
            case Grid(rows):
                table = document.add_table(len(rows), len(rows[0]), style="Table Grid")
                for r, row in enumerate(rows):
                    for c, cell in enumerate(row):
                        table.cell(r, c).text = plain(cell)
            case Text(text) | Note(text):
                add_runs(document.add_paragraph(), text)
    return saved(document.save)


def drop_ballast(document: Document) -> None:
    """The template's hundred unused table styles and their second copy for Word 2010 are nine tenths of the file."""
    for style in [s for s in document.styles if s.type == WD_STYLE_TYPE.TABLE and s.name != "Table Grid"]:
        style.delete()
    for key in [key for key, rel in document.part.rels.items() if rel.reltype.endswith("/stylesWithEffects")]:
        del document.part.rels[key]


def add_runs(paragraph: WordParagraph, text: str) -> None:
    for i, piece in enumerate(text.split("*")):
        paragraph.add_run(piece).italic = i % 2 == 1


def saved(save: Callable[[io.BytesIO], object]) -> bytes:
    out = io.BytesIO()
    save(out)
    return stored(out.getvalue())


def make_pptx(source: Source) -> bytes:
    deck = Presentation()
    deck.core_properties.title, deck.core_properties.author = source.title, "Northlight Instruments"
    for i, (title, blocks) in enumerate(sections(source.blocks, 2)):
        has_grid = any(isinstance(b, Grid) for b in blocks)
        slide = deck.slides.add_slide(deck.slide_layouts[0 if i == 0 else 5 if has_grid else 1])
        slide.shapes[0].text_frame.text = title
        fill_slide(slide, blocks)
    return saved(deck.save)


def fill_slide(slide: Slide, blocks: list[Block]) -> None:
    """Text into the body, or below the table where there is one; notes into the notes page."""
    lines = [plain(item) for b in blocks if isinstance(b, Items | Text) for item in (b.items if isinstance(b, Items) else [b.text])]
    grids = [b for b in blocks if isinstance(b, Grid)]
    for grid in grids:
        shape = slide.shapes.add_table(len(grid.rows), len(grid.rows[0]), Cm(1.5), Cm(4), Cm(22), Cm(1.1 * len(grid.rows)))
        for r, row in enumerate(grid.rows):
            for c, cell in enumerate(row):
                shape.table.cell(r, c).text = plain(cell)
                shape.table.cell(r, c).text_frame.paragraphs[0].font.size = Pt(14)
    if lines:
        body = slide.shapes.add_textbox(Cm(1.5), Cm(14), Cm(22), Cm(3)) if grids else slide.placeholders[1]
        frame = body.text_frame
        frame.word_wrap, frame.text = True, "\n".join(lines)
        for paragraph in frame.paragraphs:
            paragraph.font.size = Pt(20)
    for note in (b for b in blocks if isinstance(b, Note)):
        frame = slide.notes_slide.notes_text_frame
        if frame is not None:
            frame.text = plain(note.text)


def make_xlsx(source: Source) -> bytes:
    book = Workbook()
    book.remove(book.active)
    book.properties.title, book.properties.creator, book.properties.created = source.title, "Northlight Instruments", STAMP
    for title, blocks in sections(source.blocks, 1):
        sheet = book.create_sheet(title)
        for block in blocks:
            if isinstance(block, Grid):
                sheet.append([])
                for i, row in enumerate(block.rows):
                    sheet.append([plain(c) if i == 0 else number_or_text(c) for c in row])
                for cell in sheet[sheet.max_row - len(block.rows) + 1]:
                    cell.font = Font(bold=True)
                    sheet.column_dimensions[cell.column_letter].width = 24
                sheet.append([])
            elif isinstance(block, Text):
                for line in block.text.splitlines():
                    sheet.append([plain(line)])
    return saved(book.save)


def number_or_text(cell: str) -> int | float | str:
    if re.fullmatch(r"\d+", cell):
        return int(cell)
    return float(cell) if re.fullmatch(r"\d+\.\d+", cell) else plain(cell)


BODY = ParagraphStyle("body", fontName="Helvetica", fontSize=10.5, leading=15, spaceAfter=7)
CELL = ParagraphStyle("cell", parent=BODY, fontSize=9.5, leading=12, spaceAfter=0)
HEADINGS = {
    level: ParagraphStyle(
        f"heading{level}", BODY, fontName="Helvetica-Bold", fontSize=size, leading=size * 1.3, spaceBefore=9, keepWithNext=1
    )
    for level, size in ((1, 20), (2, 14), (3, 11.5), (4, 10.5))
}

GRID = (
    ("GRID", (0, 0), (-1, -1), 0.5, colors.grey),
    ("BACKGROUND", (0, 0), (-1, 0), colors.lightgrey),
    ("VALIGN", (0, 0), (-1, -1), "TOP"),
)


def make_pdf(source: Source) -> bytes:
    if source.head.get("scan"):
        return make_scan(source)
    out = io.BytesIO()
    layout = SimpleDocTemplate(
        out, pagesize=A4, invariant=1, pageCompression=0, title=source.title, author="Northlight Instruments", leftMargin=70, rightMargin=70
    )
    layout.build([flow for block in source.blocks for flow in flowables(block)], onFirstPage=draw_footer, onLaterPages=draw_footer)
    return out.getvalue()


def flowables(block: Block) -> list[object]:
    match block:
        case Heading(level, text):
            return [Paragraph(marked_up(text, "i"), HEADINGS[level])]
        case Items(ordered, items):
            lines = [Paragraph(marked_up(item, "i"), BODY) for item in items]
            return [ListFlowable(lines, bulletType="1" if ordered else "bullet", bulletFontSize=10)]
        case Grid(rows):
            cells = [[Paragraph(marked_up(c, "i"), CELL) for c in row] for row in rows]
            return [Table(cells, repeatRows=1, style=GRID), Spacer(1, 8)]
        case Text(text) | Note(text):
            return [Paragraph(marked_up(text, "i"), BODY)]


def draw_footer(canvas: Canvas, layout: SimpleDocTemplate) -> None:
    canvas.setFont("Helvetica", 8)
    canvas.drawString(70, 40, f"Northlight Instruments, {layout.title}, page {canvas.getPageNumber()}")


def make_scan(source: Source) -> bytes:
    """A page as a scanner leaves it: grey, slightly rotated, an image without text."""
    page = Image.new("L", PAGE_PIXELS, 246)
    pen, top = ImageDraw.Draw(page), 120
    for block in source.blocks:
        size = 30 if isinstance(block, Heading) else 20
        lines = block.text.splitlines() if isinstance(block, Heading | Text) else []
        for line in lines:
            pen.text((90, top), line, fill=40, font=ImageFont.load_default(size))
            top += int(size * 1.6)
        top += 24
    out = io.BytesIO()
    canvas = Canvas(out, pagesize=A4, invariant=1)
    canvas.drawImage(ImageReader(page.rotate(1.4, fillcolor=246)), 0, 0, *A4)
    canvas.save()
    return out.getvalue()


def make_eml(source: Source) -> bytes:
    head, message = source.head, EmailMessage()
    day = head["date"]
    if not isinstance(day, date):
        raise ValueError(f"{source.name}: `date` in the front matter must be an ISO date")
    message["From"], message["To"], message["Subject"] = str(head["from"]), str(head["to"]), str(head["subject"])
    message["Date"] = format_datetime(datetime.combine(day, time(9, 0), UTC))
    message["Message-ID"] = f"<{hashlib.sha256(source.name.encode()).hexdigest()[:16]}@northlight.example>"
    message.set_content("\n\n".join(as_plain(b) for b in source.blocks) + "\n", cte="quoted-printable")
    if head.get("html"):
        body = "\n".join(as_html(b) for b in source.blocks)
        message.add_alternative(f"<html><body>\n{body}\n</body></html>\n", subtype="html", cte="quoted-printable")
        message.set_boundary("=_northlight_alternative")
    return message.as_bytes()


MAKERS: dict[str, Callable[[Source], bytes]] = {
    ".docx": make_docx,
    ".eml": make_eml,
    ".pdf": make_pdf,
    ".pptx": make_pptx,
    ".xlsx": make_xlsx,
}


def make_all(sources: Path, target: Path) -> list[str]:
    """Makes every file; returns their paths below the target."""
    names = []
    for path in sorted(sources.rglob("*.md")):
        name = path.relative_to(sources).as_posix().removesuffix(".md")
        made = target / name
        made.parent.mkdir(parents=True, exist_ok=True)
        made.write_bytes(MAKERS[made.suffix](read_source(path, name)))
        names.append(name)
    return names


def main() -> None:
    parser = argparse.ArgumentParser(description="Make the sample company's office files from data/sources.")
    parser.add_argument("--to", type=Path, default=HERE / "policies", help="folder to write into (default: data/policies)")
    for name in make_all(HERE / "sources", parser.parse_args().to):
        print(name)


if __name__ == "__main__":
    main()
