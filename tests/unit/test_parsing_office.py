"""Word, PowerPoint, Excel, CSV and PDF: what becomes a block, what is left out, what is refused and how."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable
from contextlib import suppress
from datetime import date
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assistant.errors import ParseError
from ingest.parsing import FileParser
from ingest.parsing.office import docx, pptx, xlsx
from ingest.parsing.pages import pdf
from ingest.parsing.text import delimited
from ingest.types import ParsedDocument
from tests.blocks import damaged, well_formed
from tests.compound import Tree, compound
from tests.pictures import Script


def shape(document: ParsedDocument) -> list[tuple[str, int, str]]:
    return [(b.kind, b.level, document.text[b.start : b.end]) for b in document.blocks]


def office(parts: dict[str, str]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return buffer.getvalue()


W = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
STRICT = "http://purl.oclc.org/ooxml/wordprocessingml/main"
NOTES = """<w:footnote w:type="separator"><w:p><w:r><w:t>---</w:t></w:r></w:p></w:footnote>
    <w:footnote w:id="1"><w:p><w:r><w:t>A note.</w:t></w:r></w:p></w:footnote>"""
STYLES = """<w:style w:type="paragraph" w:styleId="a"><w:name w:val="heading 2"/></w:style>
    <w:style w:type="paragraph" w:styleId="b"><w:name w:val="Clause"/><w:basedOn w:val="a"/></w:style>
    <w:style w:type="paragraph" w:styleId="c"><w:name w:val="Part"/><w:pPr><w:outlineLvl w:val="2"/></w:pPr></w:style>
    <w:style w:type="paragraph" w:styleId="d"><w:name w:val="Based on itself"/><w:basedOn w:val="d"/></w:style>"""


def word(body: str, namespace: str = W, notes: str = "", styles: str = "") -> bytes:
    relations = "http://schemas.openxmlformats.org/package/2006/relationships"
    kinds = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    if namespace == STRICT:
        kinds = "http://purl.oclc.org/ooxml/officeDocument/relationships"
    kind = "application/vnd.openxmlformats-officedocument.wordprocessingml"
    return office(
        {
            "[Content_Types].xml": f"""<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">
                <Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>
                <Override PartName="/word/document.xml" ContentType="{kind}.document.main+xml"/>
                <Override PartName="/word/styles.xml" ContentType="{kind}.styles+xml"/>
                <Override PartName="/word/footnotes.xml" ContentType="{kind}.footnotes+xml"/></Types>""",
            "_rels/.rels": f"""<Relationships xmlns="{relations}">
                <Relationship Id="r1" Type="{kinds}/officeDocument" Target="word/document.xml"/></Relationships>""",
            "word/_rels/document.xml.rels": f"""<Relationships xmlns="{relations}">
                <Relationship Id="r1" Type="{kinds}/styles" Target="styles.xml"/></Relationships>""",
            "word/document.xml": f'<w:document xmlns:w="{namespace}"><w:body>{body}</w:body></w:document>',
            "word/styles.xml": f'<w:styles xmlns:w="{namespace}">{styles}</w:styles>',
            "word/footnotes.xml": f'<w:footnotes xmlns:w="{namespace}">{notes}</w:footnotes>',
        }
    )


def paragraph(text: str, properties: str = "") -> str:
    return f"<w:p><w:pPr>{properties}</w:pPr><w:r><w:t>{text}</w:t></w:r></w:p>"


def row(*cells: str) -> str:
    return f"<w:tr>{''.join(f'<w:tc>{cell}</w:tc>' for cell in cells)}</w:tr>"


def written_word() -> bytes:
    import docx as python_docx

    document = python_docx.Document()
    document.core_properties.title = "Leave policy"
    document.sections[0].header.paragraphs[0].text = "Page header"
    document.add_heading("Leave", 0)
    document.add_heading("Annual", 2)
    document.add_paragraph("Staff get 25 days.")
    document.add_paragraph("One", style="List Bullet")
    document.add_paragraph("Deep", style="List Bullet 2")
    document.add_paragraph("Ask", style="List Number")
    document.add_paragraph("Wait", style="List Number")
    table = document.add_table(3, 2)
    for row, cells in zip(table.rows, (("Grade", "Days"), ("A", "25"), ("B", "")), strict=True):
        row.cells[0].text, row.cells[1].text = cells
    table.cell(1, 0).merge(table.cell(2, 0))
    buffer = io.BytesIO()
    document.save(buffer)
    return buffer.getvalue()


def test_word_headings_lists_and_tables() -> None:
    document = docx.read(written_word())

    assert document.title == "Leave policy"
    assert shape(document) == [
        ("heading", 1, "Leave"),
        ("heading", 2, "Annual"),
        ("paragraph", 0, "Staff get 25 days."),
        ("list_item", 1, "One"),
        ("list_item", 2, "Deep"),
        ("list_item", 1, "1. Ask"),
        ("list_item", 1, "2. Wait"),
        ("table_header", 0, "Grade | Days"),
        ("table_row", 0, "A B | 25"),
        ("heading", 2, "Page headers and footers"),
        ("paragraph", 0, "Page header"),
    ]


@pytest.mark.parametrize("namespace", [W, STRICT])
def test_word_leaves_out_what_is_deleted_or_hidden_and_keeps_text_boxes(namespace: str) -> None:
    body = """<w:p><w:del><w:r><w:delText>old</w:delText></w:r></w:del><w:ins><w:r><w:t>new</w:t></w:r></w:ins>
        <w:r><w:rPr><w:vanish/></w:rPr><w:t>hidden</w:t></w:r><w:r><w:tab/><w:t>text</w:t></w:r></w:p>
        <w:p><w:r><w:Choice><w:txbxContent><w:p><w:r><w:t>in a box</w:t></w:r></w:p></w:txbxContent></w:Choice>
        <w:Fallback><w:txbxContent><w:p><w:r><w:t>in a box</w:t></w:r></w:p></w:txbxContent></w:Fallback></w:r></w:p>
        <w:sdt><w:sdtContent><w:p><w:r><w:t>in a control</w:t></w:r></w:p></w:sdtContent></w:sdt>"""

    document = docx.read(word(body, namespace, NOTES))

    assert document.text == "new text\n\nin a box\n\nin a control\n\nA note."


def test_word_boxes_stand_behind_their_paragraph_in_order() -> None:
    box = "<w:r><w:pict><w:txbxContent>{}</w:txbxContent></w:pict></w:r>"
    inner = f"<w:p><w:r><w:t>one</w:t></w:r>{box.format(paragraph('two'))}</w:p>"
    body = f"<w:p>{box.format(inner)}{box.format(paragraph('three'))}<w:r><w:t>anchor</w:t></w:r></w:p>{paragraph('next')}"

    assert docx.read(word(body)).text.split("\n\n") == ["anchor", "one", "two", "three", "next"]


def test_word_headings_of_own_styles_and_of_outline_levels() -> None:
    body = (
        paragraph("Built-in", '<w:pStyle w:val="a"/>')
        + paragraph("Based on it", '<w:pStyle w:val="b"/>')
        + paragraph("By its style", '<w:pStyle w:val="c"/>')
        + paragraph("By itself", '<w:outlineLvl w:val="3"/>')
        + paragraph("Text.", '<w:outlineLvl w:val="9"/>')
    )

    assert shape(docx.read(word(body, styles=STYLES))) == [
        ("heading", 2, "Built-in"),
        ("heading", 2, "Based on it"),
        ("heading", 3, "By its style"),
        ("heading", 4, "By itself"),
        ("paragraph", 0, "Text."),
    ]


def test_word_tables_keep_columns_and_frames_are_opened() -> None:
    joined = '<w:tcPr><w:vMerge w:val="{}"/></w:tcPr>'
    table = (
        '<w:tbl><w:tblPr><w:tblLook w:firstRow="1"/></w:tblPr><w:tblGrid><w:gridCol/><w:gridCol/></w:tblGrid>'
        + row(paragraph("Year"), paragraph("2025"))
        + row(joined.format("restart") + paragraph("Both"), paragraph("1"))
        + row(joined.format("continue") + paragraph(""), paragraph("2"))
        + f"<w:tr><w:trPr><w:del/></w:trPr><w:tc>{paragraph('gone')}</w:tc><w:tc>{paragraph('gone')}</w:tc></w:tr></w:tbl>"
    )
    frame = f"<w:tbl><w:tblGrid><w:gridCol/></w:tblGrid>{row(paragraph('Framed') + table)}</w:tbl>"

    assert shape(docx.read(word(frame))) == [
        ("paragraph", 0, "Framed"),
        ("table_header", 0, "Year | 2025"),
        ("table_row", 0, "Both | 1"),
        ("table_row", 0, "| 2"),
    ]


def test_how_word_text_looks_does_not_matter_and_a_style_without_a_name_is_damage() -> None:
    assert docx.read(word('<w:p><w:r><w:rPr><w:b w:val="maybe"/></w:rPr><w:t>Bold?</w:t></w:r></w:p>')).text == "Bold?"
    with pytest.raises(ValueError, match="pStyle"):
        docx.read(word(paragraph("Text", "<w:pStyle/>")))


def test_word_formulas_are_their_letters() -> None:
    letters = "<m:r><m:t>a</m:t></m:r><m:sup><m:r><m:t>2</m:t></m:r></m:sup>"
    formula = f'<m:oMathPara xmlns:m="urn:m"><m:oMath><m:sSup>{letters}</m:sSup></m:oMath></m:oMathPara>'

    assert docx.read(word(f"<w:p><w:r><w:t>Pay is </w:t></w:r>{formula}</w:p>")).text == "Pay is a2"


def test_a_word_paragraph_over_two_pages_stays_whole() -> None:
    body = "<w:p><w:r><w:t>Before </w:t><w:lastRenderedPageBreak/><w:t>after.</w:t></w:r></w:p>"

    assert docx.read(word(body)).text == "Before after."


def written_slides() -> bytes:
    from pptx import Presentation
    from pptx.chart.data import CategoryChartData
    from pptx.enum.chart import XL_CHART_TYPE
    from pptx.util import Inches

    show = Presentation()
    slide = show.slides.add_slide(show.slide_layouts[1])
    slide.shapes.title.text = "Travel"
    frame = slide.placeholders[1].text_frame
    frame.text = "Book early"
    deeper = frame.add_paragraph()
    deeper.text, deeper.level = "By train", 1
    slide.notes_slide.notes_text_frame.text = "Say why."
    second = show.slides.add_slide(show.slide_layouts[5])
    second.shapes.title.text = "Costs"
    size = (Inches(1), Inches(1), Inches(3), Inches(2))
    table = second.shapes.add_table(2, 2, *size).table
    for (row, column), text in {(0, 0): "Band", (0, 1): "Limit", (1, 0): "A", (1, 1): "100"}.items():
        table.cell(row, column).text = text
    data: Any = CategoryChartData()  # type: ignore[no-untyped-call]  # python-pptx leaves it untyped
    data.categories = ["2024", "2025"]
    data.add_series("Trips", (1.5, 2))
    second.shapes.add_chart(XL_CHART_TYPE.COLUMN_CLUSTERED, *size, data)
    hidden = show.slides.add_slide(show.slide_layouts[5])
    hidden.shapes.title.text = "Hidden"
    hidden.element.set("show", "0")
    buffer = io.BytesIO()
    show.save(buffer)
    return buffer.getvalue()


def test_slides_with_notes_tables_and_charts() -> None:
    document = pptx.read(written_slides())

    assert [(b.page, *rest) for b, rest in zip(document.blocks, shape(document), strict=True)] == [
        (1, "heading", 1, "Travel"),
        (1, "list_item", 1, "Book early"),
        (1, "list_item", 2, "By train"),
        (1, "paragraph", 0, "Say why."),
        (2, "heading", 1, "Costs"),
        (2, "table_header", 0, "Band | Limit"),
        (2, "table_row", 0, "A | 100"),
        (2, "table_header", 0, "| Trips"),
        (2, "table_row", 0, "2024 | 1.5"),
        (2, "table_row", 0, "2025 | 2"),
    ]
    assert document.title == "Travel"


def written_book() -> bytes:
    from openpyxl import Workbook  # type: ignore[import-untyped]  # openpyxl ships no types

    book = Workbook()
    sheet = book.active
    sheet.title = "Rates"
    for row in (
        ["Rates of 2025"],
        ["Band", "Secret", "From", "Share", "Pay"],
        ["A", "x", date(2025, 1, 31), 0.125, -1234.5],
        [None],
        ["End"],
    ):
        sheet.append(row)
    sheet["D3"].number_format, sheet["E3"].number_format = "0%", '#,##0.00 "EUR"'
    sheet.column_dimensions["B"].hidden = True
    other = book.create_sheet("Hidden")
    other.append(["secret"])
    other.sheet_state = "hidden"
    book.create_sheet("Empty")
    buffer = io.BytesIO()
    book.save(buffer)
    return buffer.getvalue()


def test_workbook_as_a_person_sees_it() -> None:
    assert shape(xlsx.read(written_book())) == [
        ("heading", 1, "Rates"),
        ("paragraph", 0, "Rates of 2025"),
        ("table_header", 0, "Band | From | Share | Pay"),
        ("table_row", 0, "A | 2025-01-31 | 13% | -1,234.50 EUR"),
        ("table_row", 0, "End"),
    ]


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
def test_separated_values(separator: str) -> None:
    source = f'Name{separator}Days\n"Smith{separator}J"{separator}25\n\n"Two\nlines"{separator}"3,5"\n'

    assert shape(delimited.read(source.encode())) == [
        ("table_header", 0, "Name | Days"),
        ("table_row", 0, f"Smith{separator}J | 25".replace("\t", " ")),
        ("table_row", 0, "Two lines | 3,5"),
    ]


def test_separated_numbers_have_no_header() -> None:
    assert {kind for kind, _, _ in shape(delimited.read(b"1,2\n3,4\n"))} == {"table_row"}


def written_pdf(password: str | None = None) -> bytes:
    from reportlab.lib.pagesizes import A4  # type: ignore[import-untyped]  # reportlab ships no types
    from reportlab.pdfgen.canvas import Canvas  # type: ignore[import-untyped]  # reportlab ships no types

    buffer = io.BytesIO()
    canvas = Canvas(buffer, pagesize=A4, encrypt=password)
    canvas.setTitle("Leave policy")
    for page in range(1, 5):
        canvas.setFont("Helvetica", 11)
        canvas.drawString(72, 800, f"Acme handbook, page {page}")
        canvas.setFont("Helvetica", 18)
        canvas.drawString(72, 760, f"Part {'ABCD'[page - 1]}")
        canvas.setFont("Helvetica", 11)
        for line, text in enumerate(
            (f"Staff of part {'ABCD'[page - 1]} get twenty-five days of annu-", "al leave in every year of their work.")
        ):
            canvas.drawString(72, 720 - 14 * line, text)
        canvas.drawString(72, 660, "A new paragraph with annual leave.")
        canvas.showPage()
    canvas.save()
    return bytes(buffer.getvalue())


def read_pdf(data: bytes) -> ParsedDocument:
    return pdf.read(data, Script().tools)


def test_pdf_paragraphs_headings_pages_and_hyphens() -> None:
    document = read_pdf(written_pdf())

    assert document.title == "Leave policy"
    assert [(b.page, *rest) for b, rest in zip(document.blocks, shape(document), strict=True)][3:6] == [
        (2, "heading", 1, "Part B"),
        (2, "paragraph", 0, "Staff of part B get twenty-five days of annual leave in every year of their work."),
        (2, "paragraph", 0, "A new paragraph with annual leave."),
    ]
    assert "handbook" not in document.text


def test_a_bold_line_of_the_same_size_is_a_heading() -> None:
    from reportlab.pdfgen.canvas import Canvas

    buffer = io.BytesIO()
    canvas = Canvas(buffer)
    for at, font, text in [
        (700, "Helvetica-Bold", "3.2 Supplements"),
        (686, "Helvetica", "The supplements are paid monthly, as a share of the base salary."),
        (672, "Helvetica", "They end with the assignment."),
    ]:
        canvas.setFont(font, 11)
        canvas.drawString(72, at, text)
    canvas.save()

    parsed = read_pdf(buffer.getvalue())

    assert [(b.kind, parsed.text[b.start : b.end]) for b in parsed.blocks] == [
        ("heading", "3.2 Supplements"),
        ("paragraph", "The supplements are paid monthly, as a share of the base salary. They end with the assignment."),
    ]


def test_pdf_without_text_is_empty_and_with_a_password_refused() -> None:
    from reportlab.pdfgen.canvas import Canvas

    buffer = io.BytesIO()
    canvas = Canvas(buffer)
    canvas.rect(10, 10, 100, 100)
    canvas.save()

    assert read_pdf(buffer.getvalue()).text == ""
    with pytest.raises(ParseError, match="password"):
        read_pdf(written_pdf("secret"))


@pytest.mark.parametrize(
    ("name", "data", "words"),
    [
        ("pdf.docx", written_pdf, "A new paragraph"),
        ("word.pdf", written_word, "Staff get 25 days."),
        ("word.txt", written_word, "Staff get 25 days."),
        ("page.txt", lambda: b"<!DOCTYPE html><html><body><p>From the web</p></body></html>", "From the web"),
        ("NAME.PPTX", written_slides, "Book early"),
    ],
)
def test_a_file_with_another_ending_is_read_as_what_it_is(name: str, data: Callable[[], bytes], words: str) -> None:
    assert words in FileParser().parse(name, data()).text


RIGHTS: Tree = {"\x06DataSpaces": {"TransformInfo": {"DRMEncryptedTransform": {"\x06Primary": b"x"}}}}


def locked(archive: bytes) -> bytes:
    """The archive with the mark of encryption on its first part."""
    at = archive.index(b"PK\x01\x02") + 8
    return archive[:at] + b"\x01" + archive[at + 1 :]


@pytest.mark.parametrize(
    ("name", "data", "message"),
    [
        ("picture.pdf", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", "damaged"),
        ("text.docx", b"just words", r"ends in \.docx but is none"),
        ("zip.xlsx", office({"a.txt": "x"}), "a ZIP archive"),
        ("book.docx", office({"mimetype": "application/epub+zip"}), "damaged"),
        ("locked.xlsx", compound({"EncryptedPackage": b"x", "EncryptionInfo": b"x"}), "protected by a password. Save a copy without"),
        ("rights.docx", compound({"EncryptedPackage": b"x", **RIGHTS}), "an Office document under rights management"),
        ("locked.docx", locked(office({"word/document.xml": "<x/>"})), "protected by a password. Save a copy without"),
        ("other.docx", compound({"CONTENTS": b"x"}), "an old Office document, which is not read"),
        ("cut.doc", compound({"WordDocument": b"x"})[:600], "a damaged Office document"),
        ("cut.docx", written_word()[:2000], "damaged"),
        ("broken.docx", office({"word/document.xml": "<w:p"}), "damaged"),
        ("broken.pdf", b"%PDF-1.7\nnothing", "damaged"),
        ("unknown.xyz", b"x", "Supported: .bmp"),
        ("empty.pdf", b"", ""),
    ],
)
def test_what_cannot_be_read_says_why(name: str, data: bytes, message: str) -> None:
    if not message:
        assert FileParser().parse(name, data) == ParsedDocument("", ())
    else:
        with pytest.raises(ParseError, match=message):
            FileParser().parse(name, data)


SOUND = {
    ".docx": written_word(),
    ".pptx": written_slides(),
    ".xlsx": written_book(),
    ".pdf": written_pdf(),
}


@pytest.mark.parametrize("suffix", SOUND)
@settings(max_examples=25)
@given(data=st.data())
def test_damaged_files_give_a_document_or_a_parse_error(suffix: str, data: st.DataObject) -> None:
    with suppress(ParseError):
        assert well_formed(FileParser().parse(f"damaged{suffix}", damaged(data, SOUND[suffix])))
