"""What stands beside the text of Office files: comments, page headers and footers, diagrams, hidden columns."""

from __future__ import annotations

import io
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.errors import ParseError
from ingest.parsing import FileParser
from ingest.parsing.cells import tables
from ingest.parsing.draft import Draft
from ingest.parsing.margins import add_comments, add_heads_and_feet
from ingest.parsing.office import xlsx
from ingest.types import ParsedDocument
from tests.unit.test_parsing_office import W, office


def parsed(name: str, data: bytes) -> ParsedDocument:
    return FileParser().parse(name, data)


def shown(document: ParsedDocument) -> list[tuple[str, int, str]]:
    return [(b.kind, b.level, document.text[b.start : b.end]) for b in document.blocks]


# Word

R = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
PACKAGE = "http://schemas.openxmlformats.org/package/2006"
KIND = "application/vnd.openxmlformats-officedocument.wordprocessingml"
SECTION = '<w:sectPr><w:headerReference w:type="{}" r:id="r1"/><w:footerReference w:type="default" r:id="r2"/>{}</w:sectPr>'


def word(section: str = "", **parts: str) -> bytes:
    """A document with one paragraph; `parts` are the contents of comments, endnotes, settings, header1 and footer1."""
    relations = "".join(
        f'<Relationship Id="{number}" Type="{R}/{kind}" Target="{target}"/>'
        for number, kind, target in (
            ("r1", "header", "header1.xml"),
            ("r2", "footer", "/word/footer1.xml"),
            ("r3", "comments", "comments.xml"),
        )
    )
    roots = {"header1": "hdr", "footer1": "ftr"}
    body = f"<w:p><w:r><w:t>The text of version 3.</w:t></w:r></w:p>{section}"
    return office(
        {
            "[Content_Types].xml": f"""<Types xmlns="{PACKAGE}/content-types">
                <Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>
                <Default Extension="xml" ContentType="application/xml"/>
                <Override PartName="/word/document.xml" ContentType="{KIND}.document.main+xml"/>
                <Override PartName="/word/header1.xml" ContentType="{KIND}.header+xml"/>
                <Override PartName="/word/footer1.xml" ContentType="{KIND}.footer+xml"/></Types>""",
            "_rels/.rels": f"""<Relationships xmlns="{PACKAGE}/relationships">
                <Relationship Id="r1" Type="{R}/officeDocument" Target="word/document.xml"/></Relationships>""",
            "word/_rels/document.xml.rels": f'<Relationships xmlns="{PACKAGE}/relationships">{relations}</Relationships>',
            "word/document.xml": f'<w:document xmlns:w="{W}" xmlns:r="{R}"><w:body>{body}</w:body></w:document>',
            **{
                f"word/{name}.xml": f'<w:{roots.get(name, name)} xmlns:w="{W}" xmlns:v="urn:v">{content}</w:{roots.get(name, name)}>'
                for name, content in ({"header1": "", "footer1": ""} | {"comments": ""} | parts).items()
            },
        }
    )


def paragraph(*runs: str) -> str:
    return f"<w:p>{''.join(f'<w:r>{run}</w:r>' for run in runs)}</w:p>"


def said(words: str) -> str:
    return paragraph(f"<w:t>{words}</w:t>")


def test_word_comments_stand_at_the_end_with_their_authors() -> None:
    comments = f"""<w:comment w:id="1" w:author="Ann">{said("Is this")}{said("right?")}</w:comment>
        <w:comment w:id="2">{said("Yes.")}</w:comment><w:comment w:id="3" w:author="Bob"/>
        <w:comment w:id="4" w:author="Eve"><w:p><w:del><w:r><w:delText>old</w:delText></w:r></w:del></w:p></w:comment>"""

    assert shown(parsed("a.docx", word(comments=comments)))[1:] == [
        ("heading", 2, "Comments"),
        ("paragraph", 0, "Ann: Is this right?"),
        ("paragraph", 0, "Yes."),
    ]


def test_word_endnotes_follow_the_text() -> None:
    notes = f'<w:endnote w:type="separator">{said("---")}</w:endnote><w:endnote w:id="1">{said("See the law.")}</w:endnote>'

    assert parsed("a.docx", word(endnotes=notes)).text == "The text of version 3.\n\nSee the law."


def test_word_page_heads_say_what_the_text_does_not() -> None:
    field = [
        '<w:fldChar w:fldCharType="begin"/>',
        "<w:instrText> PAGE </w:instrText>",
        '<w:fldChar w:fldCharType="separate"/>',
        "<w:t>7</w:t>",
    ]
    number = paragraph("<w:t>Page </w:t>", *field, '<w:fldChar w:fldCharType="end"/>', "<w:t> of 9</w:t>")
    cells = "".join(f"<w:tc>{said(words)}</w:tc>" for words in ("Internal", "Owner: HR"))
    mark = '<w:p><w:r><w:pict><v:shape><v:textpath string="DRAFT"/></v:shape></w:pict></w:r></w:p>'
    saved = '<w:p><w:fldSimple w:instr=" SAVEDATE "><w:r><w:t>1 May</w:t></w:r></w:fldSimple></w:p>'
    header = said("Leave policy") + said("version 3.") + f"<w:tbl><w:tr>{cells}</w:tr></w:tbl>" + mark

    document = parsed("a.docx", word(SECTION.format("default", ""), header1=header, footer1=number + said("Leave policy") + saved))

    assert shown(document)[1:] == [
        ("heading", 2, "Page headers and footers"),
        ("paragraph", 0, "Leave policy"),
        ("paragraph", 0, "Internal | Owner: HR"),
        ("paragraph", 0, "DRAFT"),
    ]
    assert document.title is None


def test_a_field_that_stands_does_not_vanish_with_the_number_of_the_page() -> None:
    field = '<w:fldChar w:fldCharType="{}"/>'
    number = [field.format("begin"), "<w:instrText>PAGE</w:instrText>", field.format("separate"), "<w:t>7</w:t>", field.format("end")]
    owner = [
        field.format("begin"),
        "<w:instrText>DOCPROPERTY x</w:instrText>",
        field.format("separate"),
        "<w:t>Legal</w:t>",
        field.format("end"),
    ]

    document = parsed("a.docx", word(SECTION.format("default", ""), header1=paragraph(*number, *owner, "<w:t> department</w:t>")))

    assert document.text.endswith("Legal department")


@pytest.mark.parametrize(
    ("kind", "title_page", "facing", "appears"),
    [
        ("default", "", "", True),
        ("first", "", "", False),
        ("first", "<w:titlePg/>", "", True),
        ("first", '<w:titlePg w:val="0"/>', "", False),
        ("even", "", "", False),
        ("even", "", "<w:evenAndOddHeaders/>", True),
    ],
)
def test_word_page_heads_that_do_not_appear_are_left_out(kind: str, title_page: str, facing: str, appears: bool) -> None:
    data = word(SECTION.format(kind, title_page), header1=said("A head"), settings=facing)

    assert ("A head" in parsed("a.docx", data).text) == appears


@pytest.mark.parametrize("line", ["12", "Page 3 of 9", "- 4 -", "Seite 2 von 7", "p. 5", "Página 1", ""])
def test_a_number_of_a_page_says_nothing(line: str) -> None:
    draft = Draft()
    add_heads_and_feet(draft, [line])

    assert draft.document().text == ""


@given(st.lists(st.tuples(st.none() | st.text(max_size=5), st.text(max_size=20)), max_size=4))
def test_comments_without_words_add_nothing(comments: list[tuple[str | None, str]]) -> None:
    draft = Draft()
    add_comments(draft, comments)
    document = draft.document()

    assert (not document.text) or len(document.blocks) > 1


# PowerPoint


def slides(show: Any) -> bytes:
    buffer = io.BytesIO()
    show.save(buffer)
    return buffer.getvalue()


def related(part: Any, name: str, kind: str, content: str) -> str:
    from pptx.opc.package import Part
    from pptx.opc.packuri import PackURI

    found = Part(PackURI(name), "application/xml", part.package, content.encode())
    return str(part.relate_to(found, f"{R}/{kind}"))


def one_slide() -> tuple[Any, Any]:
    from pptx import Presentation

    show = Presentation()
    slide = show.slides.add_slide(show.slide_layouts[5])
    slide.shapes.title.text = "Travel"
    return show, slide


def test_comments_on_slides_in_both_forms() -> None:
    show, slide = one_slide()
    related(show.part, "/ppt/commentAuthors.xml", "commentAuthors", '<l><cmAuthor id="0" name="Ann"/></l>')
    related(show.part, "/ppt/authors.xml", "authors", '<l><author id="{B}" name="Bob"/></l>')
    related(slide.part, "/ppt/comments/comment1.xml", "comments", '<l><cm authorId="0"><text>Why?</text></cm></l>')
    answer = '<reply authorId="{B}"><txBody><p><r><t>Because </t></r><r><t>so.</t></r></p></txBody></reply>'
    thread = f'<l><cm authorId="{{B}}"><replyLst>{answer}</replyLst><txBody><p><r><t>True?</t></r></p></txBody></cm></l>'
    related(slide.part, "/ppt/comments/modernComment_1.xml", "comments", thread)

    document = parsed("a.pptx", slides(show))

    assert [(block.page, *rest) for block, rest in zip(document.blocks, shown(document), strict=True)] == [
        (1, "heading", 1, "Travel"),
        (1, "heading", 2, "Comments"),
        (1, "paragraph", 0, "Ann: Why?"),
        (1, "paragraph", 0, "Bob: True?"),
        (1, "paragraph", 0, "Bob: Because so."),
    ]


def test_the_words_of_a_diagram_are_a_list() -> None:
    from lxml import etree  # type: ignore[import-untyped]  # lxml ships no types
    from pptx.util import Inches

    show, slide = one_slide()
    frame = slide.shapes.add_table(1, 1, *[Inches(1)] * 4)
    words = "<t><r><t>{}</t></r></t>"
    shown_points = f'<pt>{words.format("Ask")}</pt><pt type="node">{words.format("Wait")}</pt>'
    points = f'<pt type="doc">{words.format("no")}</pt>{shown_points}<pt type="pres"/>'
    place = related(slide.part, "/ppt/diagrams/data1.xml", "diagramData", f"<dataModel><ptLst>{points}</ptLst></dataModel>")
    data = frame._element.graphic.graphicData
    data.set("uri", "http://schemas.openxmlformats.org/drawingml/2006/diagram")
    data[:] = [etree.fromstring(f'<d:relIds xmlns:d="urn:d" xmlns:r="{R}" r:dm="{place}"/>')]

    assert shown(parsed("a.pptx", slides(show)))[1:] == [("list_item", 1, "Ask"), ("list_item", 1, "Wait")]


# Excel


def test_hidden_columns_of_a_range_and_comments_in_them_stay_hidden() -> None:
    from openpyxl import Workbook  # type: ignore[import-untyped]  # openpyxl ships no types
    from openpyxl.comments import Comment  # type: ignore[import-untyped]  # openpyxl ships no types

    book = Workbook()
    sheet = book.active
    sheet.append(["Name", "Pay", "Bonus", "Site"])
    sheet.append(["Ann", 100, 200, "Leiden"])
    sheet.column_dimensions.group("B", "C", hidden=True)
    sheet["A2"].comment, sheet["C2"].comment = Comment("Ann:\nCheck the name.", "Ann"), Comment("too much", "Ann")
    thread = "[Threaded comment]\n\nYour version of Excel allows you to read it.\n\nComment:\n    Which site?"
    sheet["D1"].comment = Comment(thread, "tc={1}")
    buffer = io.BytesIO()
    book.save(buffer)

    assert shown(xlsx.read(buffer.getvalue())) == [
        ("heading", 1, "Sheet"),
        ("table_header", 0, "Name | Site"),
        ("table_row", 0, "Ann | Leiden"),
        ("heading", 2, "Comments"),
        ("paragraph", 0, "Comment: Which site?"),
        ("paragraph", 0, "Ann: Check the name."),
    ]


def test_a_cell_far_away_costs_no_more_than_a_near_one() -> None:
    from openpyxl import Workbook

    book = Workbook()
    book.active["A1"], book.active["XFD1048576"] = "near", "far"
    buffer = io.BytesIO()
    book.save(buffer)

    assert xlsx.read(buffer.getvalue()).text == "Sheet\n\nnear\n\nfar"


def test_a_table_that_is_mostly_empty_is_refused_where_it_would_fill_memory() -> None:
    rows = ({number: "x"} for number in range(5000))

    with pytest.raises(ParseError, match="more than 20,000,000 cells"):
        list(tables(rows))
