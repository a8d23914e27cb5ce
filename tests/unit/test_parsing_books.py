"""OpenDocument files and e-books: what becomes a block, what is left out, what is refused and how."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Callable, Mapping
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assistant.errors import ParseError
from ingest.parsing import FileParser
from ingest.parsing.opendocument import odp, ods, odt
from ingest.parsing.text import epub
from ingest.types import ParsedDocument
from tests.blocks import damaged, well_formed

NAMES = " ".join(
    f'xmlns:{short}="urn:oasis:names:tc:opendocument:xmlns:{name}:1.0"'
    for short, name in {
        "office": "office",
        "text": "text",
        "table": "table",
        "style": "style",
        "draw": "drawing",
        "meta": "meta",
        "presentation": "presentation",
        "manifest": "manifest",
    }.items()
)
DC = 'xmlns:dc="http://purl.org/dc/elements/1.1/"'
MIME = "application/vnd.oasis.opendocument."


def shape(document: ParsedDocument) -> list[tuple[str, int, str]]:
    assert well_formed(document)
    return [(b.kind, b.level, document.text[b.start : b.end]) for b in document.blocks]


def packed(parts: Mapping[str, str | bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def opendocument(kind: str, body: str, *, styles: str = "", automatic: str = "", meta: str = "", **parts: str) -> bytes:
    return packed(
        {
            "mimetype": MIME + kind,
            "content.xml": f"<office:document-content {NAMES}><office:automatic-styles>{automatic}</office:automatic-styles>"
            f"<office:body><office:{kind}>{body}</office:{kind}></office:body></office:document-content>",
            "styles.xml": f"<office:document-styles {NAMES}><office:styles>{styles}</office:styles></office:document-styles>",
            "meta.xml": f"<office:document-meta {NAMES} {DC}><office:meta>{meta}</office:meta></office:document-meta>",
        }
        | dict(parts)
    )


def text(body: str, **others: str) -> bytes:
    return opendocument("text", body, **others)


def p(words: str, style: str = "") -> str:
    return f'<text:p text:style-name="{style}">{words}</text:p>'


def h(words: str, level: int, more: str = "") -> str:
    return f'<text:h text:outline-level="{level}" {more}>{words}</text:h>'


def items(*contents: str, more: str = "") -> str:
    return f"<text:list {more}>{''.join(f'<text:list-item>{content}</text:list-item>' for content in contents)}</text:list>"


def row(*cells: str, more: str = "") -> str:
    return f"<table:table-row {more}>{''.join(f'<table:table-cell>{cell}</table:table-cell>' for cell in cells)}</table:table-row>"


STYLES = """<style:style style:family="paragraph" style:name="Title"/><style:style style:family="paragraph" style:name="Subtitle"/>
    <style:style style:family="paragraph" style:name="Clause" style:default-outline-level="3"/>
    <style:style style:family="paragraph" style:name="Table_20_Heading"/>
    <style:style style:family="text" style:name="Hidden"><style:text-properties text:display="none"/></style:style>"""
OWN = """<style:style style:family="paragraph" style:name="P1" style:parent-style-name="Title"/>
    <style:style style:family="paragraph" style:name="P2" style:parent-style-name="Clause"/>
    <style:style style:family="paragraph" style:name="P3" style:parent-style-name="Table_20_Heading"/>
    <style:style style:family="paragraph" style:name="Loop" style:parent-style-name="Loop"/>
    <style:style style:family="text" style:name="T1" style:parent-style-name="Hidden"/>"""
META = """<dc:title>Leave rules</dc:title><meta:user-defined meta:name="Owner">People team</meta:user-defined>
    <meta:user-defined meta:name="groups">hr; finance</meta:user-defined>
    <meta:user-defined meta:name="effective" meta:value-type="date">2026-01-31T00:00:00</meta:user-defined>
    <meta:user-defined meta:name="Project">Apollo</meta:user-defined>"""


def written_text() -> bytes:
    body = (
        p("Leave", "P1")
        + h("Annual", 2)
        + p("Staff get<text:s/>25<text:tab/>days<text:line-break/>off.", "Loop")
        + items(p("One") + p("and more") + items(p("Deep")), p("Two"))
        + p("By style", "P2")
    )
    return text(body, styles=STYLES, automatic=OWN, meta=META)


def test_opendocument_headings_lists_and_properties() -> None:
    document = odt.read(written_text())

    assert document.title == "Leave rules"
    assert document.front_matter == {"owner": "People team", "groups": ["hr", "finance"], "effective": "2026-01-31T00:00:00"}
    assert shape(document) == [
        ("heading", 1, "Leave"),
        ("heading", 2, "Annual"),
        ("paragraph", 0, "Staff get 25 days off."),
        ("list_item", 1, "One and more"),
        ("list_item", 2, "Deep"),
        ("list_item", 1, "Two"),
        ("heading", 3, "By style"),
    ]


def test_opendocument_groups_that_mean_nothing_are_passed_on() -> None:
    def property_(name: str, value: str) -> str:
        return f'<meta:user-defined meta:name="{name}">{value}</meta:user-defined>'

    assert odt.read(text(p("x"), meta=property_("groups", " ; "))).front_matter == {"groups": None}
    with pytest.raises(ParseError, match='"groups" is given twice'):
        odt.read(text(p("x"), meta=property_("groups", "hr") + property_("Groups", "it")))


COMMENT = "<office:annotation><dc:creator xmlns:dc='dc'>Ann</dc:creator><text:p>remark</text:p></office:annotation>"


@pytest.mark.parametrize(
    ("body", "shown"),
    [
        ("<text:tracked-changes><text:deletion>" + p("gone") + "</text:deletion></text:tracked-changes>" + p("kept"), "kept"),
        (p('seen<text:span text:style-name="T1"> hidden</text:span><text:hidden-text>x</text:hidden-text>.'), "seen."),
        (p('<text:hidden-paragraph text:is-hidden="true"/>hidden') + p("seen"), "seen"),
        (f'<text:section text:display="none">{p("hidden")}</text:section><text:section>{p("seen")}</text:section>', "seen"),
        (p(f"said{COMMENT}."), "said.\n\nComments\n\nAnn: remark"),
        ("<text:section text:display='none'>" + p(f"x{COMMENT}") + "</text:section>" + p("y"), "y"),
        (f"<text:table-of-content><text:index-body>{p('Leave 3')}</text:index-body></text:table-of-content>" + p("x"), "x"),
        (p("<text:ruby><text:ruby-base>base</text:ruby-base><text:ruby-text>over</text:ruby-text></text:ruby>"), "base"),
        (
            p(f"a<text:note><text:note-citation>1</text:note-citation><text:note-body>{p('note')}</text:note-body></text:note>b") + p("c"),
            "ab\n\nc\n\nnote",
        ),
        (
            p(f"anchor<draw:frame><draw:text-box>{p('in a box')}</draw:text-box></draw:frame> on") + p("next"),
            "anchor on\n\nin a box\n\nnext",
        ),
        (f"<draw:g><draw:custom-shape>{p('drawn')}</draw:custom-shape></draw:g>", "drawn"),
        (f'<text:numbered-paragraph text:level="2">{p("item")}</text:numbered-paragraph>', "item"),
    ],
)
def test_what_opendocument_texts_leave_out_and_what_they_move(body: str, shown: str) -> None:
    assert odt.read(text(body, styles=STYLES, automatic=OWN)).text == shown


LIST = """<text:list-style style:name="L"><text:list-level-style-number text:level="1" style:num-format="1" style:num-suffix="."/>
    <text:list-level-style-number text:level="2" style:num-format="1" text:display-levels="2"/>
    <text:list-level-style-number text:level="3" style:num-format="a" style:num-prefix="(" style:num-suffix=")" text:start-value="3"/>
    <text:list-level-style-bullet text:level="4"/></text:list-style>"""
OUTLINE = """<text:outline-style><text:outline-level-style text:level="1" style:num-format="I"/>
    <text:outline-level-style text:level="2" style:num-format="1" text:display-levels="2"/>
    <text:outline-level-style text:level="3" style:num-format=""/></text:outline-style>"""


def test_opendocument_numbers_are_those_that_the_program_draws() -> None:
    named = 'text:style-name="L"'
    body = (
        h("Scope", 1)
        + h("People", 2)
        + h("Term", 2)
        + h("Unnumbered", 2, 'text:is-list-header="true"')
        + h("Plain", 3)
        + h("Rules", 1)
        + items(
            p("one") + items(p("two"), p("three") + items(p("four"), p("five") + items(p("dot")))), p("six"), more=f'{named} xml:id="x"'
        )
        + p("Between")
        + items(p("seven"), more=f'{named} text:continue-numbering="true"')
        + items(p("new"), more=named)
        + items(p("eight"), more=f'{named} text:continue-list="x"')
        + items(items(p("below nothing")), more=named)
        + f"<text:list {named}><text:list-header>{p('header')}</text:list-header>"
        f'<text:list-item text:start-value="9">{p("nine")}</text:list-item></text:list>'
    )

    assert [words for _, _, words in shape(odt.read(text(body, styles=LIST + OUTLINE)))] == [
        "I Scope",
        "I.1 People",
        "I.2 Term",
        "Unnumbered",
        "Plain",
        "II Rules",
        "1. one",
        "1.1 two",
        "1.2 three",
        "(c) four",
        "(d) five",
        "dot",
        "2. six",
        "Between",
        "3. seven",
        "1. new",
        "4. eight",
        "1.1 below nothing",
        "header",
        "9. nine",
    ]


def test_opendocument_tables() -> None:
    covered = "<table:covered-table-cell/>"
    table = (
        f"<table:table><table:table-header-rows>{row(p('Year'), p('Days'), p('Pay'))}</table:table-header-rows>"
        '<table:table-row><table:table-cell table:number-columns-spanned="2">'
        f"{p('All')}{p('years')}</table:table-cell>{covered}<table:table-cell>{items(p('x'))}</table:table-cell></table:table-row>"
        '<table:table-row><table:table-cell table:number-columns-repeated="2">'
        f"{p('same')}</table:table-cell></table:table-row></table:table>"
    )
    by_style = f"<table:table>{row(p('A', 'P3'), p('B', 'P3'))}{row(p('1'), p('2'))}</table:table>"
    frame = f"<table:table>{row(p('Framed') + h('Inside', 2))}</table:table>"

    assert shape(odt.read(text(table + by_style + frame, styles=STYLES, automatic=OWN))) == [
        ("table_header", 0, "Year | Days | Pay"),
        ("table_row", 0, "All years | | x"),
        ("table_row", 0, "same | same"),
        ("table_header", 0, "A | B"),
        ("table_row", 0, "1 | 2"),
        ("paragraph", 0, "Framed"),
        ("heading", 2, "Inside"),
    ]


def test_repeated_cells_and_rows_have_a_limit() -> None:
    wide = f'<table:table-cell table:number-columns-repeated="999999999">{p("x" * 100)}</table:table-cell>'
    sheet = f'<table:table table:name="S"><table:table-row table:number-rows-repeated="999999999">{wide}</table:table-row></table:table>'

    assert len(ods.read(opendocument("spreadsheet", sheet)).text) < 20_000
    assert len(odt.read(text(f"<table:table><table:table-row>{wide}</table:table-row></table:table>")).text) < 20_000


def written_sheets() -> bytes:
    date = '<table:table-cell office:value-type="date" office:date-value="{}">' + p("31.01.25") + "</table:table-cell>"
    rows = (
        row(p("Band"), p("Secret"), p("From"))
        + f"<table:table-row><table:table-cell>{p('A')}</table:table-cell><table:table-cell>{p('x')}</table:table-cell>"
        + date.format("2025-01-31T00:00:00")
        + date.format("2025-01-31T14:30:00")
        + '</table:table-row><table:table-row table:number-rows-repeated="1048000">'
        '<table:table-cell table:number-columns-repeated="16384"/></table:table-row>'
        + row(p("filtered"), more='table:visibility="filter"')
        + row(p("End"))
    )
    columns = (
        '<table:table-column/><table:table-column table:visibility="collapse"/><table:table-column table:number-columns-repeated="9"/>'
    )
    hidden = '<style:style style:family="table" style:name="H"><style:table-properties table:display="false"/></style:style>'
    return opendocument(
        "spreadsheet",
        f'<table:table table:name="Rates">{columns}{rows}</table:table><table:table table:name="Empty"/>'
        f'<table:table table:name="Hidden" table:style-name="H">{row(p("secret"))}</table:table>',
        automatic=hidden,
        meta=META,
    )


def test_opendocument_sheets_as_a_person_sees_them() -> None:
    document = ods.read(written_sheets())

    assert document.front_matter["owner"] == "People team"
    assert shape(document) == [
        ("heading", 1, "Rates"),
        ("table_header", 0, "Band | From"),
        ("table_row", 0, "A | 2025-01-31 | 2025-01-31 14:30"),
        ("table_row", 0, "End"),
    ]


def written_slides() -> bytes:
    def frame(kind: str, content: str, more: str = "") -> str:
        return f'<draw:frame presentation:class="{kind}" {more}><draw:text-box>{content}</draw:text-box></draw:frame>'

    empty = frame("outline", p("Click here"), 'presentation:placeholder="true"')
    hidden = """<style:style style:family="drawing-page" style:name="H">
        <style:drawing-page-properties presentation:visibility="hidden"/></style:style>"""
    return opendocument(
        "presentation",
        f"<draw:page>{frame('outline', items(p('Book early') + items(p('By train'))))}{frame('title', p('Travel'))}"
        f"{frame('footer', p('Acme'))}{empty}"
        f"<presentation:notes><draw:page-thumbnail/>{frame('notes', p('Say why.'))}</presentation:notes></draw:page>"
        f'<draw:page draw:style-name="H">{frame("title", p("Hidden"))}</draw:page>'
        f"<draw:page><draw:frame><table:table>{row(p('A'), p('B'))}</table:table></draw:frame></draw:page>",
        automatic=hidden,
    )


def test_opendocument_slides() -> None:
    document = odp.read(written_slides())

    assert [(b.page, *rest) for b, rest in zip(document.blocks, shape(document), strict=True)] == [
        (1, "heading", 1, "Travel"),
        (1, "list_item", 1, "Book early"),
        (1, "list_item", 2, "By train"),
        (1, "paragraph", 0, "Say why."),
        (3, "table_row", 0, "A | B"),
    ]


def book(pages: dict[str, str | bytes], *, spine: str = "", metadata: str = "", **parts: str) -> bytes:
    manifest = "".join(
        f'<item id="i{at}" href="{name}" media-type="application/xhtml+xml" properties="{"nav" if name == "nav.xhtml" else ""}"/>'
        for at, name in enumerate(pages)
    )
    references = spine or "".join(f'<itemref idref="i{at}"/>' for at in range(len(pages)))
    return packed(
        {
            "mimetype": "application/epub+zip",
            "META-INF/container.xml": '<container xmlns="urn:oasis:names:tc:opendocument:xmlns:container"><rootfiles>'
            '<rootfile full-path="OEBPS/book.opf"/></rootfiles></container>',
            "OEBPS/book.opf": f'<package xmlns="http://www.idpf.org/2007/opf" {DC}><metadata>{metadata}</metadata>'
            f"<manifest>{manifest}</manifest><spine>{references}</spine></package>",
        }
        | {f"OEBPS/{name}": content for name, content in pages.items()}
        | dict(parts)
    )


def written_book() -> bytes:
    return book(
        {
            "nav.xhtml": "<html><body><h1>Contents</h1></body></html>",
            "one%20two.xhtml": "<html/>",
            "one two.xhtml": '<?xml version="1.0" encoding="utf-8"?><html><head><title/><script src="x"/></head><body>'
            '<h1>First</h1><a id="x"/><p>Words<br/>here.</p><div/></body></html>',
            "latin.xhtml": "<?xml version='1.0' encoding='iso-8859-2'?><html><body><p>P\u0159\u00edli\u0161</p></body></html>".encode(
                "iso-8859-2"
            ),
        },
        metadata='<dc:title>The handbook</dc:title><meta name="owner" content="People team"/><meta name="cover" content="c"/>',
        spine='<itemref idref="i0"/><itemref idref="i3"/><itemref idref="i1"/><itemref idref="i1"/><itemref idref="gone"/>',
    )


def test_book_pages_in_reading_order() -> None:
    document = epub.read(written_book())

    assert (document.title, document.front_matter, document.warnings) == ("The handbook", {"owner": "People team"}, ())
    assert shape(document) == [("paragraph", 0, "Příliš"), ("heading", 1, "First"), ("paragraph", 0, "Words here.")]


def test_book_pages_that_are_not_there_are_named() -> None:
    content = zipfile.ZipFile(io.BytesIO(book({"a.xhtml": "<p>Words</p>", "../../b.xhtml": "", "http://x.org/c.xhtml": "", "d.xhtml": ""})))
    without = packed({name: content.read(name) for name in content.namelist() if name.endswith((".opf", ".xml", "a.xhtml", "mimetype"))})

    document = epub.read(without)

    assert document.text == "Words"
    assert document.warnings == ("Pages that the book lists but does not hold are not in the text: ../b.xhtml, /c.xhtml, OEBPS/d.xhtml.",)


@pytest.mark.parametrize(
    ("method", "locked"),
    [
        ("http://www.w3.org/2001/04/xmlenc#aes256-cbc", True),
        ("http://www.idpf.org/2008/embedding", False),
        ("http://ns.adobe.com/pdf/enc#RC", False),
    ],
)
def test_books_with_copy_protection_are_refused_but_not_those_with_protected_fonts(method: str, locked: bool) -> None:
    encryption = f'<encryption><EncryptedData><EncryptionMethod Algorithm="{method}"/></EncryptedData></encryption>'
    data = book({"a.xhtml": "<p>Words</p>"}, **{"META-INF/encryption.xml": encryption})

    if locked:
        with pytest.raises(ParseError, match="Get a copy without DRM"):
            epub.read(data)
    else:
        assert epub.read(data).text == "Words"


def repacked(data: bytes, changes: dict[str, str | bytes | None]) -> bytes:
    """The archive with parts changed, or, where None, left out."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()} | changes
    return packed({name: content for name, content in parts.items() if content is not None})


MANIFEST = f'<manifest:manifest {NAMES}><manifest:file-entry manifest:media-type="{MIME}text" manifest:full-path="/"/></manifest:manifest>'
LOCKED = f"<manifest:manifest {NAMES}><manifest:file-entry><manifest:encryption-data/></manifest:file-entry></manifest:manifest>"


@pytest.mark.parametrize(
    ("name", "data", "words"),
    [
        ("a.odt", written_text, "25 days"),
        ("a.docx", written_text, "25 days"),
        ("a.txt", written_sheets, "Band"),
        ("a.odt", written_slides, "Book early"),
        ("a.epub", written_book, "First"),
        ("a.odt", lambda: repacked(written_text(), {"mimetype": None}), "a ZIP archive"),
        ("a.epub", lambda: repacked(written_book(), {"mimetype": None}), "First"),
        ("a.odt", lambda: repacked(written_text(), {"mimetype": MIME + "text-template"}), "25 days"),
        ("a.odt", lambda: packed({"META-INF/manifest.xml": MANIFEST, "content.xml": "<x/>"}), "damaged"),
        ("a.odt", lambda: text(p("x"), **{"META-INF/manifest.xml": LOCKED}), "Save a copy without the password"),
        ("a.odt", lambda: packed({"mimetype": MIME + "graphics"}), "an OpenDocument drawing"),
        ("a.odt", lambda: text("<text:p>"), "damaged"),
        ("a.odt", lambda: b"words", r"ends in \.odt but is none"),
        ("a.epub", lambda: packed({"mimetype": "application/epub+zip"}), "damaged"),
    ],
)
def test_what_a_package_is_read_as_and_how_it_is_refused(name: str, data: Callable[[], bytes], words: str) -> None:
    try:
        shown = FileParser().parse(name, data()).text
    except ParseError as error:
        shown = str(error)
    assert re.search(words, shown)


def test_entities_of_a_package_are_not_expanded() -> None:
    bomb = '<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;"><!ENTITY c SYSTEM "file:///etc/passwd">]>'
    body = f"<office:body><office:text>{p('x&b;&c;')}</office:text></office:body>"
    content = f"{bomb}<office:document-content {NAMES}>{body}</office:document-content>"

    read = FileParser().parse("a.odt", repacked(written_text(), {"content.xml": content})).text

    assert "aaaa" not in read
    assert "root" not in read


SOUND = {".odt": written_text(), ".ods": written_sheets(), ".odp": written_slides(), ".epub": written_book()}


@pytest.mark.parametrize("suffix", SOUND)
@settings(max_examples=25)
@given(data=st.data())
def test_damaged_files_give_a_document_or_a_parse_error(suffix: str, data: st.DataObject) -> None:
    with suppress(ParseError):
        assert well_formed(FileParser().parse(f"damaged{suffix}", damaged(data, SOUND[suffix])))


@pytest.mark.parametrize("suffix", SOUND)
@settings(max_examples=50)
@given(data=st.data())
def test_damaged_parts_give_a_document_or_a_parse_error(suffix: str, data: st.DataObject) -> None:
    """Damaged before they are packed, so that the damage reaches the reader."""
    name = "OEBPS/book.opf" if suffix == ".epub" else "content.xml"
    with zipfile.ZipFile(io.BytesIO(SOUND[suffix])) as archive:
        words = archive.read(name).decode().split('"')
    for at in data.draw(st.lists(st.integers(0, len(words) - 1), min_size=1, max_size=6)):
        words[at] = data.draw(st.sampled_from(["", "-1", "99999999999", "\u00b2", "../../x", "text", "true", "P1", words[at] * 2]))
    with suppress(ParseError):
        assert well_formed(FileParser().parse(f"damaged{suffix}", repacked(SOUND[suffix], {name: '"'.join(words)})))
