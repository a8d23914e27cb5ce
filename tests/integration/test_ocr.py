"""The real engine on drawn pictures: turned, skewed, small, dark; scans; all of it in a worker without network and writable files."""

from __future__ import annotations

import pytest
from PIL import Image, ImageOps

from ingest.parsing import FileParser
from ingest.sandbox import SandboxedParser
from tests.pictures import LETTER, both, drawn, encoded, pdf_of, placed

TEXT = "\n\n".join((LETTER[0], " ".join(LETTER[1:])))


@pytest.fixture(scope="module")
def parser() -> FileParser:
    return FileParser()


@pytest.mark.parametrize("degrees", [0, 90, 180, 270, 7, -15])
def test_a_picture_is_recognised_however_it_is_turned(parser: FileParser, degrees: int) -> None:
    assert parser.parse("turned.png", encoded(drawn().rotate(degrees, expand=True, fillcolor="white"))).text == TEXT


@pytest.mark.parametrize(
    "picture",
    [drawn(letters=12, size=(350, 120)), ImageOps.invert(drawn()), drawn().resize((5600, 1920)), drawn().convert("1")],
    ids=["small", "dark", "large", "two colours"],
)
def test_a_picture_is_recognised_however_it_is_made(parser: FileParser, picture: Image.Image) -> None:
    assert parser.parse("picture.png", encoded(picture)).text == TEXT


def test_a_picture_without_text_is_empty(parser: FileParser) -> None:
    clouds = Image.effect_noise((40, 30), 90).resize((1000, 750))

    assert parser.parse("clouds.jpg", encoded(clouds, "JPEG")).text == ""
    assert parser.parse("blank.png", encoded(Image.new("L", (1, 1)))).text == ""


def test_a_table_in_a_scan_comes_as_rows(parser: FileParser) -> None:
    table = Image.new("RGB", (1240, 1754), "white")
    for number, row in enumerate([("Country", "Visitors", "Nights"), ("Austria", "1204", "35"), ("Belgium", "986", "41")]):
        for column, cell in enumerate(row):
            table.paste(drawn([cell], (300, 80), 30), (80 + 340 * column, 200 + 90 * number))

    document = parser.parse("scan.pdf", pdf_of(placed(table)))

    assert document.text == "Country | Visitors | Nights\nAustria | 1204 | 35\nBelgium | 986 | 41"
    assert [block.kind for block in document.blocks] == ["table_header", "table_row", "table_row"]
    assert {block.page for block in document.blocks} == {1}


def test_scans_are_read_in_a_worker_that_reaches_no_network_and_writes_nothing() -> None:
    stamped = both(placed(drawn(size=(1240, 1754), letters=40)), lambda canvas: canvas.drawString(400, 820, "Received 3 May 2026"))

    with SandboxedParser(1) as parser:
        document = parser.parse("scan.pdf", pdf_of(stamped, placed(Image.new("L", (300, 300), "grey"))))

    assert document.text == f"{TEXT}\n\nReceived 3 May 2026"
    assert document.warnings == ("Page 2 holds a picture without text that could be recognised.",)
