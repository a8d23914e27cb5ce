"""Files made to hurt, read as an ingest reads them: each is read or fails in clear words within the limits, and the next one is read."""

from __future__ import annotations

import io
import re
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping
from functools import cache

import pytest

from assistant.errors import ParseError
from ingest.parsing import SUPPORTED
from ingest.sandbox import SandboxedParser

SECONDS = 30
MEMORY = 150 * 2**20
DEPTH = 100_000
MEGABYTE = 1_000_000

LIMITS = "took longer|needs more than 150 MiB|crashed"
ENTITIES = '<!DOCTYPE x [<!ENTITY e0 "ha">' + "".join(f'<!ENTITY e{i} "{f"&e{i - 1};" * 10}">' for i in range(1, 12)) + "]>"
SECRET = '<!DOCTYPE x [<!ENTITY e11 SYSTEM "file:///etc/passwd">]>'
W = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'
S = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
R = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
P = "http://schemas.openxmlformats.org/package/2006"
TYPE = "application/vnd.openxmlformats-officedocument"


def archive(parts: Mapping[str, str | bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, content in parts.items():
            packed.writestr(name, content)
    return buffer.getvalue()


def office(main: str, kind: str, content: str | bytes, more: Mapping[str, str | bytes]) -> bytes:
    defaults = '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
    types = f'<Types xmlns="{P}/content-types">{defaults}<Override PartName="/{main}" ContentType="{TYPE}.{kind}.main+xml"/></Types>'
    rels = f'<Relationships xmlns="{P}/relationships"><Relationship Id="r1" Type="{R}/officeDocument" Target="{main}"/></Relationships>'
    return archive({"[Content_Types].xml": types, "_rels/.rels": rels, main: content, **more})


def word(body: str | bytes, before: str = "", more: Mapping[str, str | bytes] | None = None) -> bytes:
    text = body.encode() if isinstance(body, str) else body
    content = f"{before}<w:document {W}><w:body>".encode() + text + b"</w:body></w:document>"
    return office("word/document.xml", "wordprocessingml.document", content, more or {})


def book(rows: str, before: str = "", after: str = "") -> bytes:
    more = {
        "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{P}/relationships"><Relationship Id="r1" Type="{R}/worksheet" '
        'Target="worksheets/sheet1.xml"/></Relationships>',
        "xl/worksheets/sheet1.xml": f'{before}<worksheet xmlns="{S}"><sheetData>{rows}</sheetData>{after}</worksheet>',
    }
    content = f'<workbook xmlns="{S}" xmlns:r="{R}"><sheets><sheet name="S" sheetId="1" r:id="r1"/></sheets></workbook>'
    return office("xl/workbook.xml", "spreadsheetml.sheet", content, more)


def said_to_be(data: bytes, name: str, size: int) -> bytes:
    """An archive whose directory states another unpacked size of a part."""
    changed = bytearray(data)
    at = changed.find(b"PK\x01\x02")
    while changed[at + 46 : at + 46 + len(name)] != name.encode():
        at = changed.find(b"PK\x01\x02", at + 4)
    struct.pack_into("<I", changed, at + 24, size)
    return bytes(changed)


def pdf(*objects: bytes) -> bytes:
    written, places = b"%PDF-1.7\n", []
    for number, content in enumerate(objects, 1):
        places.append(len(written))
        written += b"%d 0 obj\n%s\nendobj\n" % (number, content)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    end = b"trailer<</Size %d/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF" % (len(objects) + 1, len(written))
    return written + b"xref\n0 %d\n0000000000 65535 f \n%s" % (len(objects) + 1, table) + end


def stream(content: bytes, entries: bytes = b"") -> bytes:
    packed = zlib.compress(content, 9)
    return b"<</Length %d/Filter/FlateDecode%s>>stream\n%s\nendstream" % (len(packed), entries, packed)


def page(content: bytes, *objects: bytes, resources: bytes = b"", box: bytes = b"0 0 600 800") -> bytes:
    """A PDF of one page; further objects are numbered from 5."""
    return pdf(
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Count 1/Kids[3 0 R]>>",
        b"<</Type/Page/Parent 2 0 R/MediaBox[%s]/Contents 4 0 R/Resources<<%s>>>>" % (box, resources),
        stream(content),
        *objects,
    )


def many_pages() -> bytes:
    kids = b" ".join([b"3 0 R"] * 100_000)
    first = b"<</Type/Catalog/Pages 2 0 R>>", b"<</Type/Pages/Count 100000/Kids[%s]>>" % kids
    return pdf(*first, b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 9 9]>>")


def png(side: int) -> bytes:
    """A black picture, a third of a megabyte at 50,000 by 50,000."""

    def part(kind: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    header = struct.pack(">IIBBBBB", side, side, 1, 0, 0, 0, 0)
    rows = zlib.compress(b"\0" * ((1 + side // 8) * side), 9)
    return b"\x89PNG\r\n\x1a\n" + part(b"IHDR", header) + part(b"IDAT", rows) + part(b"IEND", b"")


@cache
def bomb() -> bytes:
    """A Word document of 600 MB that is packed into two."""
    return word(paragraphs(600 * MEGABYTE))


def paragraphs(size: int) -> bytes:
    one = b"<w:p><w:r><w:t>aaaaaaaaaa</w:t></w:r></w:p>"
    return one * (size // len(one))


def nested(levels: int) -> bytes:
    """A message in a message in a message."""
    message = b"Subject: innermost\n\ntext"
    for level in range(levels):
        message = b'Subject: %d\nContent-Type: multipart/mixed; boundary="b%d"\n\n--b%d\nContent-Type: message/rfc822\n\n%s\n--b%d--\n' % (
            level, level, level, message, level,
        )  # fmt: skip
    return message


def aliases() -> bytes:
    """Front matter whose value is written out 2 ** 60 times."""
    levels = b"".join(b"k%d: &k%d [*k%d, *k%d]\n" % (i, i, i - 1, i - 1) for i in range(1, 60))
    return b"---\nk0: &k0 x\n" + levels + b"effective: *k59\n---\ntext"


FORM = b"/Type/XObject/Subtype/Form/BBox[0 0 600 800]/Resources<</XObject<</X %d 0 R>>>>"
PICTURE = b"/Type/XObject/Subtype/Image/Width %d/Height %d/BitsPerComponent 1/ColorSpace/DeviceGray"
TABLE = 'xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0" xmlns:text="urn:oasis:names:tc:opendocument:xmlns:text:1.0" ' \
    'xmlns:table="urn:oasis:names:tc:opendocument:xmlns:table:1.0"'  # fmt: skip
RAW = ("include:: /etc/passwd", "csv-table:: x\n   :file: /etc/passwd", "raw:: html\n   :file: /etc/passwd")

# How a file is made, and what it is told: an expression for its error, or for its text.
FILES: Mapping[str, tuple[Callable[[], bytes], str]] = {
    "zip bomb.docx": (bomb, "unpacks to more than 500 MB"),
    "zip bomb in one part.docx": (lambda: word(paragraphs(210 * MEGABYTE)), "unpacks to more than 200 MB"),
    "zip bomb that lies.docx": (lambda: said_to_be(bomb(), "word/document.xml", 1000), "damaged"),
    "zip bomb within.docx": (lambda: word(paragraphs(100), more={"word/x.docx": bomb()}), "aaaaaaaaaa"),
    "tree bomb.docx": (lambda: word(paragraphs(120 * MEGABYTE)), LIMITS),
    "entities.docx": (lambda: word("<w:p><w:r><w:t>&e11;</w:t></w:r></w:p>", ENTITIES), "damaged"),
    "entities.xlsx": (lambda: book('<row r="1"><c r="A1" t="inlineStr"><is><t>&e11;</t></is></c></row>', ENTITIES), "damaged"),
    "a file as an entity.docx": (lambda: word("<w:p><w:r><w:t>x&e11;</w:t></w:r></w:p>", SECRET), "damaged|^x$"),
    "a file as an entity.xlsx": (lambda: book('<row r="1"><c r="A1" t="inlineStr"><is><t>x&e11;</t></is></c></row>', SECRET), "damaged"),
    "deep.docx": (lambda: word("<w:sdt>" * DEPTH + "</w:sdt>" * DEPTH), "damaged"),
    "far cell.xlsx": (lambda: book('<row r="1048576"><c r="XFD1048576"><v>1</v></c></row>'), LIMITS + "|1"),
    "merged.xlsx": (lambda: book("", after='<mergeCells><mergeCell ref="A1:ZZ1048576"/></mergeCells>'), LIMITS + "|^S?$"),
    "deep.html": (lambda: b"<div>" * DEPTH + b"x", "nests elements"),
    "spans.html": (lambda: b"<table><tr>" + b"<td rowspan=65000 colspan=1000>x" * 1000 + b"<tr><td>y" * 2000, "x | x"),
    "deep.md": (lambda: b">" * DEPTH + b" x", "^$|x"),
    "brackets.md": (lambda: b"[" * 40_000 + b"x" + b"]" * 40_000, "x"),
    "templates.md": (lambda: b"{%" * 100_000, "{%"),
    "aliases.md": (aliases, "more than 10,000 values"),
    "deep front matter.md": (lambda: b"---\na: " + b"[" * DEPTH + b"\n---\nx", "front matter"),
    "heading.md": (lambda: b"# " + b"a" * 10 * MEGABYTE + b"\n\nx", "aaa"),
    "deep.json": (lambda: b"[" * DEPTH + b"]" * DEPTH, "nest|deep"),
    "deep.rtf": (lambda: b"{\\rtf1 " + b"{" * DEPTH + b"x" + b"}" * DEPTH + b"}", "nests groups"),
    "binary.rtf": (lambda: b"{\\rtf1 {\\pict\\bin2000000000 xxxx}}", "^$|damaged"),
    "files of others.rst": (lambda: "\n\n".join(f".. {what}" for what in RAW).encode() + b"\n\ntext", "text"),
    "substitutions.rst": (lambda: b"".join(b".. |s%d| replace:: |s%d| |s%d|\n" % (i, i + 1, i + 1) for i in range(25)) + b"\n|s0|", ""),
    "one character.txt": (lambda: b"a" * 49 * MEGABYTE, "a"),
    "empty lines.txt": (lambda: b"x" + b"\n" * 40 * MEGABYTE + b"y", LIMITS + "|x"),
    "many columns.csv": (lambda: (b",".join(b"c%d" % i for i in range(300_000)) + b"\n") * 2, "c299999"),
    "quotes.csv": (lambda: b'"' * 10 * MEGABYTE, "no table"),
    "nested.eml": (lambda: nested(50), "^49"),
    "headers.eml": (lambda: b"Subject: " + b"=?utf-8?q?a?= " * 100_000 + b"\n\nx", LIMITS + "|a"),
    "many pages.pdf": (many_pages, LIMITS + "|^$"),
    "pages in a ring.pdf": (lambda: pdf(b"<</Type/Catalog/Pages 2 0 R>>", b"<</Type/Pages/Count 9/Kids[2 0 R 2 0 R]>>"), "damaged|^$"),
    "forms in a ring.pdf": (
        lambda: page(b"/X Do " * 1000, stream(b"/X Do " * 10, FORM % 5), resources=b"/XObject<</X 5 0 R>>"),
        LIMITS + "|^$",
    ),
    "large picture.pdf": (
        lambda: page(
            b"600 0 0 800 0 0 cm /X Do",
            stream(b"\0" * 312_500_000, PICTURE % (50_000, 50_000)),
            resources=b"/XObject<</X 5 0 R>>",
        ),
        LIMITS + "|^$",
    ),
    "large page.pdf": (
        lambda: page(b"/X Do", stream(b"\0", PICTURE % (1, 1)), resources=b"/XObject<</X 5 0 R>>", box=b"0 0 1000000 1000000"),
        LIMITS + "|^$",
    ),
    "picture bomb.png": (lambda: png(50_000), "pixels|picture"),
    "repeated.ods": (
        lambda: archive({
            "mimetype": "application/vnd.oasis.opendocument.spreadsheet",
            "content.xml": f'<office:document-content {TABLE}><office:body><office:spreadsheet><table:table table:name="S">'
            '<table:table-row table:number-rows-repeated="1048576"><table:table-cell table:number-columns-repeated="16384"><text:p>x'
            "</text:p></table:table-cell></table:table-row></table:table></office:spreadsheet></office:body></office:document-content>",
        }),
        LIMITS + "|x|more than",
    ),
    "blanks.odt": (
        lambda: archive({
            "mimetype": "application/vnd.oasis.opendocument.text",
            "content.xml": f'{ENTITIES}<office:document-content {TABLE}><office:body><office:text><text:p>a<text:s text:c="2000000000"/>'
            "&e11;</text:p></office:text></office:body></office:document-content>",
        }),
        "damaged|a",
    ),
}  # fmt: skip


@pytest.fixture(scope="module")
def parser() -> Iterator[SandboxedParser]:
    with SandboxedParser(1, SECONDS, MEMORY) as sandbox:
        yield sandbox


@pytest.mark.timeout(4 * SECONDS)
@pytest.mark.parametrize("name", FILES)
def test_a_file_made_to_hurt_is_read_or_refused_and_the_next_one_is_read(parser: SandboxedParser, name: str) -> None:
    make, outcome = FILES[name]
    try:
        said = parser.parse(name, make()).text
    except ParseError as error:
        said = str(error)

    assert "root:" not in said
    assert re.search(outcome, said[: 10 * MEGABYTE]), said[:300]
    assert parser.parse("next.md", b"# Next\n\ntext").title == "Next"


def test_they_are_of_many_formats() -> None:
    assert {name[name.rindex(".") :] for name in FILES} <= set(SUPPORTED)
