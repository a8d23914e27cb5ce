"""Pictures and scans: which are looked at, in what order their lines are read, what is refused before it is unpacked."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageDraw
from pytest_socket import disable_socket

from assistant.errors import ParseError
from ingest.parsing import FileParser
from ingest.parsing.pages import flow, pdf, picture
from ingest.parsing.pages.layout import lines_of
from ingest.parsing.pages.ocr import models
from ingest.parsing.tools import SeenLine
from ingest.types import ParsedDocument
from tests.blocks import well_formed
from tests.pictures import LETTER, Script, both, drawn, encoded, line, pdf_of, placed

PROSE = "Every employee who works in the building has read this sentence"


@pytest.fixture(scope="module")
def parser() -> FileParser:
    return FileParser()


def shape(document: ParsedDocument) -> list[tuple[str, str]]:
    return [(block.kind, document.text[block.start : block.end]) for block in document.blocks]


def read(*seen: SeenLine) -> list[tuple[str, str]]:
    return shape(flow.document(lines_of(seen, 1)))


def column(words: str, left: float, top: float = 0, count: int = 4) -> list[SeenLine]:
    return [line(f"{words} {number} of the column", left, top + 24 * number) for number in range(count)]


def test_columns_are_read_one_after_the_other() -> None:
    seen = [line("A heading over both of the columns", 100, 0, height=34), *column("Left", 0, 60), *column("Right", 300, 71)]

    (_, heading), (_, left), (_, right) = read(*reversed(seen))

    assert heading == "A heading over both of the columns"
    assert left == " ".join(f"Left {n} of the column" for n in range(4))
    assert right == " ".join(f"Right {n} of the column" for n in range(4))


def test_a_grid_is_a_table_and_its_words_stay_in_their_rows() -> None:
    rows = [("Grade", "Days"), ("A", "25"), ("B", "27"), ("", "3")]
    seen = [line(cell, 200 * x, 30 * y) for y, row in enumerate(rows) for x, cell in enumerate(row) if cell]
    seen += [line("12", 400, 30), line("13", 400, 60), line("14", 400, 90)]

    assert read(*seen) == [
        ("table_row", "Grade | Days"),
        ("table_row", "A | 25 | 12"),
        ("table_row", "B | 27 | 13"),
        ("table_row", "| 3 | 14"),
    ]
    assert read(*seen, line("Other", 400, 0))[0] == ("table_header", "Grade | Days | Other")


def test_a_wide_grid_is_no_columns_and_six_columns_are() -> None:
    grid = [line(f"r{y}c{x}", 120 * x, 30 * y) for y in range(5) for x in range(9)]
    page = [line(f"Column {x} of a newspaper, line {y}", 340 * x, 24 * y + 7 * x) for y in range(9) for x in range(6)]

    assert read(*grid) == [("table_row", " | ".join(f"r{y}c{x}" for x in range(9))) for y in range(5)]
    assert [text[:8] for _, text in read(*page)] == [f"Column {x}" for x in range(6)]


def test_pieces_of_a_line_are_joined_and_a_lone_row_is_a_line() -> None:
    assert read(line("2026", 66, 3, height=18), line("year", 0), line("of", 44)) == [("paragraph", "year of 2026")]
    assert read(line("Signed:", 0), line("HSE, Leiden", 400)) == [("paragraph", "Signed: HSE, Leiden")]


def test_paragraphs_end_at_gaps_and_at_short_lines() -> None:
    seen = [line(PROSE, 0, 0), line("and the next.", 0, 24), line(PROSE, 0, 48), line(PROSE, 0, 110)]

    assert [text for _, text in read(*seen)] == [f"{PROSE} and the next.", PROSE, PROSE]


def test_headings_are_clearly_larger() -> None:
    seen = [line("Leave policy", 0, 0, height=40), line("Slightly larger", 0, 60, height=23), line(PROSE, 0, 90), line(PROSE, 0, 114)]

    assert [kind for kind, _ in read(*seen)] == ["heading", "paragraph", "paragraph"]


def test_what_runs_up_the_margin_stands_last_and_parts_nothing() -> None:
    seen = [*column("left", 50), line("Form 12 of 2026", 0, 0, width=20, height=90)]

    assert read(*seen) == [("paragraph", " ".join(f"left {n} of the column" for n in range(4))), ("paragraph", "Form 12 of 2026")]


boxes = st.tuples(st.floats(0, 900), st.floats(0, 900), st.floats(1, 500), st.floats(1, 80))


@settings(max_examples=200)
@given(st.lists(boxes, max_size=25))
def test_every_line_is_read_once_however_they_lie(places: list[tuple[float, float, float, float]]) -> None:
    seen = [SeenLine(f"w{n}w", left, top, left + width, top + height, 0.9) for n, (left, top, width, height) in enumerate(places)]

    document = flow.document(lines_of(seen, 1))

    assert well_formed(document)
    assert sorted(document.text.replace("|", " ").split()) == sorted(f"w{n}w" for n in range(len(places)))


@pytest.mark.parametrize(
    ("kind", "options"),
    [("PNG", {}), ("JPEG", {}), ("TIFF", {}), ("BMP", {}), ("GIF", {}), ("WEBP", {}), ("TIFF", {"mode": "1"}), ("JPEG", {"mode": "CMYK"})],
)
def test_each_kind_of_picture_is_looked_at_on_white_paper(kind: str, options: dict[str, str]) -> None:
    eyes = Script([line("Hello")])

    document = picture.read(encoded(drawn().convert(options.get("mode", "RGB")), kind), eyes.tools)

    assert document.text == "Hello"
    assert [(seen.mode, seen.size) for seen in eyes.seen] == [("RGB", (700, 240))]
    assert eyes.seen[0].getpixel((5, 5)) == pytest.approx((255, 255, 255), abs=3)
    assert eyes.alive == 1


def test_pages_of_a_tiff_are_counted_and_its_thumbnails_left_out() -> None:
    eyes = Script([line("One")], [], [line("Three")])
    small = drawn()
    small.encoderinfo = {"tiffinfo": {254: 1}}
    data = encoded(drawn(), "TIFF", save_all=True, append_images=[drawn(), drawn(), small])

    document = picture.read(data, eyes.tools)

    assert [(block.page, document.text[block.start : block.end]) for block in document.blocks] == [(1, "One"), (3, "Three")]
    assert len(eyes.seen) == 3


def test_an_animation_is_its_first_picture_and_orientation_is_honoured() -> None:
    eyes, turned = Script(), Image.Exif()
    turned[0x112] = 6

    picture.read(encoded(drawn(), "GIF", save_all=True, append_images=[drawn(["Other"])]), eyes.tools)
    picture.read(encoded(drawn(), "JPEG", exif=turned), eyes.tools)

    assert [seen.size for seen in eyes.seen] == [(700, 240), (240, 700)]


@pytest.mark.parametrize(("ink", "paper"), [("black", (255, 255, 255)), ("white", (0, 0, 0))])
def test_what_is_transparent_becomes_paper_that_shows_the_ink(ink: str, paper: tuple[int, int, int]) -> None:
    eyes, logo = Script(), Image.new("RGBA", (100, 40), (0, 0, 0, 0))
    ImageDraw.Draw(logo).line((10, 20, 90, 20), fill=ink, width=4)

    picture.read(encoded(logo), eyes.tools)

    assert eyes.seen[0].getpixel((5, 5)) == paper


def test_sixteen_bits_are_seen_from_the_darkest_to_the_lightest() -> None:
    eyes, grey = Script(), Image.new("I;16", (40, 20), 2000)
    grey.putpixel((3, 3), 1000)

    picture.read(encoded(grey), eyes.tools)

    assert eyes.seen[0].getpixel((3, 3)) == (0, 0, 0)
    assert eyes.seen[0].getpixel((9, 9)) == (255, 255, 255)


def claimed(width: int, height: int) -> bytes:
    """A PNG that claims a size and holds no pixel."""
    header = b"IHDR" + struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + header + struct.pack(">I", zlib.crc32(header)) + b"\0\0\x99\0IDAT"


@pytest.mark.parametrize(("width", "height"), [(70_000, 4), (9_000, 9_000), (10_000, 9_500), (100_000, 100_000)])
def test_a_picture_of_too_many_pixels_is_refused_before_it_is_unpacked(width: int, height: int) -> None:
    with pytest.raises(ParseError, match=r"million.*Save it smaller"):
        FileParser().parse("bomb.png", claimed(width, height))


def test_large_pictures_are_made_smaller() -> None:
    eyes = Script()

    picture.read(encoded(Image.new("L", (7000, 6000), "white"), "PNG"), eyes.tools)

    assert eyes.seen[0].size == (3500, 3000)


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "TIFF", "GIF", "WEBP", "BMP"])
@settings(max_examples=15)
@given(data=st.data())
def test_damaged_pictures_give_a_document_or_a_parse_error(parser: FileParser, kind: str, data: st.DataObject) -> None:
    whole = bytearray(encoded(drawn(size=(60, 40)), kind))
    for at in data.draw(st.lists(st.integers(0, len(whole) - 1), min_size=1, max_size=6)):
        whole[at] = data.draw(st.integers(0, 255))
    damaged = bytes(whole[: data.draw(st.integers(12, len(whole)))])

    with suppress(ParseError):
        assert well_formed(parser.parse(f"damaged.{kind.lower()}", damaged))


def scan(_: Any = None) -> Callable[[Any], None]:
    return placed(drawn(size=(1240, 1754)))


def written(canvas: Any) -> None:
    for number in range(12):
        canvas.drawString(72, 780 - 14 * number, f"{PROSE}, number {number}.")


def stamp(canvas: Any) -> None:
    canvas.drawString(400, 820, "Received 3 May 2026")


def hidden(canvas: Any) -> None:
    text = canvas.beginText(72, 780)
    text.setTextRenderMode(3)
    text.textLine("What the scanner's own recognition wrote")
    canvas.drawText(text)


def test_only_pages_without_a_text_layer_are_looked_at() -> None:
    eyes = Script([line(LETTER[1])])

    document = pdf.read(pdf_of(written, scan(), written), eyes.tools)

    assert [(block.page, document.text[block.start : block.end]) for block in document.blocks][1] == (2, LETTER[1])
    assert [seen.size for seen in eyes.seen] == [(1653, 2339)]
    assert (eyes.alive, document.warnings) == (1, ())


def test_a_stamp_on_a_scan_does_not_hide_it_and_is_not_read_twice() -> None:
    eyes = Script([line(LETTER[1]), line("Received 3 May 2026", 0, 500)])

    document = pdf.read(pdf_of(both(scan(), stamp)), eyes.tools)

    assert shape(document) == [("paragraph", LETTER[1]), ("paragraph", "Received 3 May 2026")]
    corner = eyes.seen[0].crop((1100, 0, 1653, 110))
    assert corner.getextrema() == ((255, 255), (255, 255), (255, 255))


def test_a_scan_that_was_recognised_before_is_not_looked_at() -> None:
    eyes = Script()

    assert pdf.read(pdf_of(both(hidden, scan())), eyes.tools).text == "What the scanner's own recognition wrote"
    assert eyes.seen == []


def test_a_picture_beside_text_stands_where_it_belongs() -> None:
    eyes = Script([line("Visitors"), line("1204", 0, 60)])
    below = "The count was made by hand."
    page = both(written, placed(drawn(), 72, 300, 400, 140), lambda canvas: canvas.drawString(72, 200, below))

    document = pdf.read(pdf_of(page), eyes.tools)

    assert [text for _, text in shape(document)][1:] == ["Visitors", "1204", below]
    assert {block.kind for block in document.blocks} == {"paragraph"}
    assert eyes.seen[0].size == pytest.approx((1111, 389), abs=3)


def test_ornaments_and_pictures_under_text_are_not_looked_at() -> None:
    eyes = Script()
    dense = both(placed(drawn(), 60, 600, 500, 200), written)

    pdf.read(pdf_of(both(written, placed(drawn(), 500, 800, 60, 30)), dense), eyes.tools)

    assert eyes.seen == []


def test_a_scan_in_strips_is_one_page() -> None:
    eyes = Script([line("Hello")])
    strips = [placed(drawn(size=(1240, 88)), 0, 842 - 42.1 * (number + 1), 595, 42.1) for number in range(20)]

    assert pdf.read(pdf_of(both(stamp, *strips)), eyes.tools).text == "Hello\n\nReceived 3 May 2026"
    assert len(eyes.seen) == 1


def test_pages_that_could_not_be_recognised_are_named() -> None:
    rule = pdf_of(written, scan(), lambda canvas: canvas.line(72, 700, 500, 700))

    assert pdf.read(rule, Script().tools).warnings == ("Page 2 holds a picture without text that could be recognised.",)
    nothing = pdf.read(pdf_of(scan()), Script().tools)
    assert (nothing.text, nothing.blocks, len(nothing.warnings)) == ("", (), 1)


def test_letters_that_cannot_be_told_are_looked_at() -> None:
    """Glyphs without a name and without a map, as in fonts cut down to what a document uses."""
    font = (
        b"<</Type/Font/Subtype/Type3/FontBBox[0 0 9 9]/FontMatrix[.1 0 0 .1 0 0]/FirstChar 1/LastChar 2/Widths[9 9]"
        b"/CharProcs<</g1 5 0 R/g2 5 0 R>>/Encoding<</Type/Encoding/Differences[1/g1/g2]>>>>"
    )
    parts = [
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Kids[3 0 R]/Count 1/MediaBox[0 0 595 842]>>",
        b"<</Type/Page/Parent 2 0 R/Contents 4 0 R/Resources<</Font<</F "
        + font
        + b"/H<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>>>>>>>",
        stream(b"BT /F 20 Tf 72 700 Td <0102010201020102> Tj /H 9 Tf 72 40 Td (7) Tj ET"),
        stream(b"9 0 0 0 9 9 d1 0 0 7 7 re f"),
    ]
    eyes = Script([line("What the glyphs look like")])

    assert pdf.read(assembled(parts), eyes.tools).text == "What the glyphs look like"
    assert eyes.seen[0].convert("L").getextrema() == (0, 255)


def stream(content: bytes) -> bytes:
    return b"<</Length %d>>stream\n" % len(content) + content + b"\nendstream"


def assembled(parts: list[bytes]) -> bytes:
    return b"%PDF-1.4\n" + b"".join(b"%d 0 obj\n%s\nendobj\n" % numbered for numbered in enumerate(parts, 1)) + b"trailer<</Root 1 0 R>>"


def test_a_pdf_of_too_many_scans_is_to_be_split() -> None:
    small = placed(drawn(["x"], (40, 40)))

    with pytest.raises(ParseError, match="501 of its pages"):
        pdf.read(pdf_of(*[small] * 501), Script().tools)


def test_a_bomb_inside_a_pdf_is_left_unopened() -> None:
    eyes = Script()

    document = pdf.read(pdf_of(placed(Image.new("L", (50_001, 2_000)))), eyes.tools)

    assert document.warnings == ("Page 1 holds a picture of more than 100 million pixels, which was not looked at.",)
    assert eyes.seen == []


def test_a_turned_picture_is_recognised_without_a_network() -> None:
    disable_socket(allow_unix_socket=True)

    document = FileParser().parse("letter.png", encoded(drawn().rotate(90, expand=True)))

    assert document.text == "\n\n".join((LETTER[0], " ".join(LETTER[1:])))


def test_a_model_that_is_missing_or_altered_is_not_used(tmp_path: Any) -> None:
    (tmp_path / "PP-OCRv6_det_small.onnx").write_bytes(b"another model")

    with pytest.raises(ParseError, match=r"PP-OCRv6_det_small\.onnx.*missing or altered"):
        models(tmp_path)
