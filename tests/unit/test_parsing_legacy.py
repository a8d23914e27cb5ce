"""Office files from before 2007: what becomes a block, what is left out, and what is refused in which words."""

from __future__ import annotations

import struct
from contextlib import suppress
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assistant.errors import ParseError
from ingest.parsing import FileParser
from ingest.parsing.legacy.ppt_records import Store
from ingest.types import ParsedDocument
from tests.blocks import well_formed
from tests.compound import compound
from tests.legacy import (
    Doc,
    Paragraph,
    Sheet,
    Slide,
    parts_in_each_other,
    presentation,
    record,
    shape,
    sprm,
    summary,
    table,
    text,
    user_properties,
    workbook,
)

SUMMARY, USER = "\x05SummaryInformation", "\x05DocumentSummaryInformation"
IN_TABLE, ROW_END = sprm(0x2416), sprm(0x2416) + sprm(0x2417)
HIDDEN, DELETED = sprm(0x083C), sprm(0x0800)


def parsed(name: str, data: bytes) -> ParsedDocument:
    return FileParser().parse(name, data)


def shown(document: ParsedDocument) -> list[tuple[str, int, str]]:
    return [(b.kind, b.level, document.text[b.start : b.end]) for b in document.blocks]


def word(*paragraphs: Paragraph | str) -> Doc:
    return Doc([Paragraph(one) if isinstance(one, str) else one for one in paragraphs])


# Word


def test_word_headings_lists_and_text() -> None:
    doc = word(
        Paragraph("Leave\r", style=1),
        Paragraph("Own style\r", style=3),
        Paragraph("By outline\r", sprm(0x2640, b"\x02")),
        "Staff get 25 days.\r",
        Paragraph("First item\r", sprm(0x460B, b"\x01\x00")),
        Paragraph("Deeper\r", sprm(0x460B, b"\x01\x00") + sprm(0x260A, b"\x01")),
        Paragraph("Item by its style\r", style=4),
    )
    styles = {1: (1, 0xFFF, b""), 2: (2, 0xFFF, b""), 3: (0xFFE, 2, b""), 4: (0xFFE, 0xFFF, sprm(0x460B, b"\x05\x00"))}

    document = parsed("policy.doc", replace(doc, styles=styles).data({SUMMARY: summary("Leave policy")}))

    assert document.title == "Leave policy"
    assert shown(document) == [
        ("heading", 1, "Leave"),
        ("heading", 2, "Own style"),
        ("heading", 3, "By outline"),
        ("paragraph", 0, "Staff get 25 days."),
        ("list_item", 1, "First item"),
        ("list_item", 2, "Deeper"),
        ("list_item", 1, "Item by its style"),
    ]


@pytest.mark.parametrize("wide", [False, True])
def test_word_text_in_one_byte_and_in_two(wide: bool) -> None:
    words = "Grüße, “100 €”"

    assert parsed("a.doc", replace(word(f"{words}\r"), wide=wide).data()).text == words


def test_word_letters_of_two_halves_keep_positions() -> None:
    """Each half counts as a letter."""
    doc = replace(word("\ud83d\ude00 gone stays\r"), wide=True, looks=[(3, 8, HIDDEN)])

    assert parsed("a.doc", doc.data()).text == "\N{GRINNING FACE} stays"


def test_word_deleted_hidden_and_special_letters_are_left_out() -> None:
    doc = word("Keep gone this secret.\r", "Next\x0bline\x02 with\x1ehyphen\x01 and\x1f soft.\r")
    looks = [(5, 10, DELETED), (14, 21, HIDDEN)]

    assert parsed("a.doc", replace(doc, looks=looks).data()).text == "Keep this.\n\nNext line with-hyphen and soft."


def test_letters_of_fonts_of_signs_are_left_out() -> None:
    symbol = sprm(0x6A09, struct.pack("<HH", 1, 0xF0FC))

    assert parsed("a.doc", replace(word("(done\r"), looks=[(0, 1, symbol)]).data()).text == "done"


def test_ranges_that_go_back_do_not_repeat_text() -> None:
    looks = [(5, 10, HIDDEN), (3, 8, HIDDEN)]

    assert parsed("a.doc", replace(word("Keep gone the rest.\r"), looks=looks).data()).text == "Keep the rest."


def test_what_a_style_states_goes_before_what_it_is_based_on() -> None:
    listed, deeper = sprm(0x460B, b"\x05\x00"), sprm(0x260A, b"\x01")
    styles = {1: (0xFFE, 0xFFF, listed + sprm(0x260A, b"\x03")), 2: (0xFFE, 1, deeper)}

    assert shown(parsed("a.doc", replace(word(Paragraph("Item\r", style=2)), styles=styles).data())) == [("list_item", 2, "Item")]


def test_a_hidden_paragraph_mark_does_not_join_paragraphs() -> None:
    assert parsed("a.doc", replace(word("One\r", "Two\r"), looks=[(2, 5, HIDDEN)]).data()).text == "On\n\nwo"


def test_word_fields_show_their_result() -> None:
    linked = 'See \x13 HYPERLINK "x" \x14the \x13 REF y \x14guide\x15 here\x15 now.\r'

    assert parsed("a.doc", word(linked, "Open \x13 never closed.\r").data()).text == "See the guide here now.\n\nOpen never closed."


def test_word_tables_become_rows_and_frames_are_opened() -> None:
    row_end = Paragraph("\x07", ROW_END + sprm(0x3404))
    cells = [Paragraph(cell, IN_TABLE) for cell in ("Grade\x07", "Days\x07")]
    more = [Paragraph(cell, IN_TABLE) for cell in ("A\r", "or B\x07", "25\x07")]
    frame = [Paragraph("Framed\x07", IN_TABLE), Paragraph("\x07", ROW_END)]

    document = parsed("a.doc", word(*cells, row_end, *more, Paragraph("\x07", ROW_END), "Text.\r", *frame).data())

    assert shown(document) == [
        ("table_header", 0, "Grade | Days"),
        ("table_row", 0, "A or B | 25"),
        ("paragraph", 0, "Text."),
        ("paragraph", 0, "Framed"),
    ]


def test_a_word_row_whose_properties_lie_apart_is_a_row() -> None:
    apart = ROW_END + sprm(0x740A, struct.pack("<HH", 0, 0x20))
    cells = [Paragraph(cell, IN_TABLE) for cell in ("Grade\x07", "Days\x07", "A\x07", "25\x07")]
    end = Paragraph("\x07", sprm(0x6646, struct.pack("<I", 4)))
    data = word(*cells[:2], end, *cells[2:], Paragraph("\x07", ROW_END)).data({"Data": bytes(4) + struct.pack("<H", len(apart)) + apart})

    assert [kind for kind, _, _ in shown(parsed("a.doc", data))] == ["table_header", "table_row"]


def test_word_footnotes_comments_and_page_heads_stand_at_the_end() -> None:
    stories = ["The text.\r", "\x02A note.\r", "Policy v3\r\x13 PAGE \x149\x15\r", "\x05Wrong?\r"]
    heads = struct.pack("<10I", *[0] * 8, len(stories[2]), len(stories[2]))
    marks = struct.pack("<II", 0, 9) + bytes(20) + struct.pack("<H", 1) + bytes(8)
    names = b"".join(struct.pack("<H", len(name)) + name.encode("utf-16-le") for name in ("Bob", "Ann"))
    doc = Doc(
        [Paragraph(story) for story in stories],
        stories=[len(stories[0]), len(stories[1]), len(stories[2]), 0, len(stories[3])],
        tables={4: marks, 5: struct.pack("<3I", 0, len(stories[3]), len(stories[3]) + 1), 11: heads, 36: names},
    )

    assert parsed("a.doc", doc.data()).text == "The text.\n\nA note.\n\nComments\n\nAnn: Wrong?\n\nPage headers and footers\n\nPolicy v3"


@pytest.mark.parametrize(
    ("settings_", "section", "expected"),
    [(b"\0", b"", "Usual"), (b"\x01", b"", "Even Usual"), (b"\0", sprm(0x300A), "Usual First")],
)
def test_page_heads_that_do_not_appear_are_left_out(settings_: bytes, section: bytes, expected: str) -> None:
    stories = ["Text.\r", "Even\r", "Usual\r", "First\r"]
    heads = struct.pack("<13I", *[0] * 6, 0, 5, 11, 11, 11, 17, 17)
    sections = struct.pack("<IIHIHI", 0, 6, 0, 900, 0, 0)
    doc = Doc([Paragraph(story) for story in stories], stories=[6, 0, 17], tables={6: sections, 11: heads, 31: settings_})
    data = bytearray(doc.word())
    data[900 : 902 + len(section)] = struct.pack("<H", len(section)) + section

    text_ = parsed("a.doc", compound({"WordDocument": bytes(data), "1Table": doc.tables_stream()})).text

    assert " ".join(text_.split("Page headers and footers")[1].split()) == expected


def test_a_word_file_that_is_protected_or_too_old_says_so() -> None:
    with pytest.raises(ParseError, match=r"protected by a password\. Save a copy without the password"):
        parsed("a.doc", replace(word("x\r"), flags=0x0300).data())
    with pytest.raises(ParseError, match=r"Word 95 or older.*Save it as \.docx"):
        parsed("a.doc", replace(word("x\r"), version=0x68).data())


def test_pieces_that_repeat_the_file_over_and_over_are_damage() -> None:
    doc = word("Some text.\r")
    count = 10_000
    table_ = struct.pack(f"<{count + 1}I", *range(0, 500 * (count + 1), 500)) + struct.pack("<HIH", 0, 0, 0) * count

    with pytest.raises(ParseError, match="damaged"):
        parsed("a.doc", replace(doc, tables={33: b"\x02" + struct.pack("<I", len(table_)) + table_}).data())


# PowerPoint


def test_slides_with_titles_lists_tables_notes_and_comments() -> None:
    cells = [shape(text(4, words), at=place) for words, place in (("B1", (50, 20)), ("A1", (0, 20)), ("H2", (50, 0)), ("H1", (0, 0)))]
    first = Slide([shape(text(1, "One\rTwo\x0bgoes on")), shape(text(0, "Travel"))], "Say why.\rTwice.", comment=("Ann", "Really?"))
    second = Slide([shape(text(4, "Loose", wide=False)), table(*cells, shape(text(4, "only left"), at=(0, 40)))])

    document = parsed("a.ppt", presentation([first, second]))

    assert [(b.page, *rest) for b, rest in zip(document.blocks, shown(document), strict=True)] == [
        (1, "heading", 1, "Travel"),
        (1, "list_item", 1, "One"),
        (1, "list_item", 1, "Two goes on"),
        (1, "paragraph", 0, "Say why."),
        (1, "paragraph", 0, "Twice."),
        (1, "heading", 2, "Comments"),
        (1, "paragraph", 0, "Ann: Really?"),
        (2, "paragraph", 0, "Loose"),
        (2, "table_row", 0, "H1 | H2"),
        (2, "table_row", 0, "A1 | B1"),
        (2, "table_row", 0, "only left"),
    ]
    assert document.title == "Travel"


def test_texts_that_stand_in_the_list_of_slides_are_found() -> None:
    listed = [record(0x0F9F, struct.pack("<I", 0)), record(0x0FA0, "Listed title".encode("utf-16-le"))]
    from_list = record(0xF00D, record(0x0F9E, struct.pack("<I", 0)), version=15)

    assert shown(parsed("a.ppt", presentation([Slide([shape(from_list)], listed=listed)]))) == [("heading", 1, "Listed title")]


def test_hidden_slides_numbers_and_footers_are_left_out() -> None:
    footer = record(0xF011, record(0x0BC3, struct.pack("<iBB", 0, 9, 0)), version=15)
    number = text(4, "Page *", record(0x0FD8, bytes(4)))
    slides = [
        Slide([shape(text(4, "Shown")), shape(text(4, "Footer"), footer), shape(number)]),
        Slide([shape(text(4, "Secret"))], hidden=True),
    ]

    assert parsed("a.ppt", presentation(slides)).text == "Shown\n\nPage"


def test_an_embedded_object_is_a_warning() -> None:
    chart = record(0xF011, record(0x0BC1, bytes(4)), version=15)

    assert parsed("a.ppt", presentation([Slide([shape(chart), shape(text(4, "Text"))])])).warnings == (
        "Slide 1 holds an embedded object, a chart for instance, which is not in the text.",
    )


@pytest.mark.parametrize("how", [{"token": 0xF3D1C4DF}, {"edit_size": 32}])
def test_a_protected_presentation_says_so(how: dict[str, int]) -> None:
    with pytest.raises(ParseError, match="protected by a password"):
        parsed("a.ppt", presentation([Slide()], **how))


def test_a_presentation_of_powerpoint_95_says_so() -> None:
    with pytest.raises(ParseError, match="a PowerPoint 95 presentation, which is not read"):
        parsed("a.ppt", compound({"PP40": b"x"}))


def test_parts_that_lie_in_each_other_are_damage() -> None:
    store = Store(*parts_in_each_other(1000))

    with pytest.raises(ValueError, match="in each other"):
        [store.part(number) for number in range(1, 1000)]


# Excel


def test_an_old_workbook_as_a_person_sees_it() -> None:
    cells: dict[tuple[int, int], str | float | bool | tuple[float, int]] = {
        (0, 0): "Rates",
        (1, 0): "Band",
        (1, 1): "Secret",
        (1, 2): "From",
        (1, 3): "Share",
        (1, 4): "Open",
        (2, 0): "A",
        (2, 1): "x",
        (2, 2): (45688.0, 1),
        (2, 3): (0.125, 2),
        (2, 4): True,
        (3, 0): "hidden row",
        (5, 0): (1.5, 3),
        (5, 2): (0.25, 4),
    }
    rates = Sheet("Rates", cells, hidden_rows=[3], hidden_columns=[(1, 1)], notes={(2, 0): ("Ann", "Check this."), (2, 1): ("Ann", "no")})
    hidden = [Sheet("Hidden", {(0, 0): "secret"}, 1), Sheet("Very hidden", {(0, 0): "secret"}, 2), Sheet("Empty", {})]

    document = parsed("a.xls", workbook([rates, *hidden], ["yyyy-mm-dd", "0%", "[h]:mm", "h:mm"]))

    assert shown(document) == [
        ("heading", 1, "Rates"),
        ("paragraph", 0, "Rates"),
        ("table_header", 0, "Band | From | Share | Open"),
        ("table_row", 0, "A | 2025-01-31 | 13% | TRUE"),
        ("table_row", 0, "1 day, 12:00:00 | 06:00"),
        ("heading", 2, "Comments"),
        ("paragraph", 0, "Ann: Check this."),
    ]


def test_a_protected_workbook_says_so() -> None:
    with pytest.raises(ParseError, match=r"protected by a password\. Save a copy without the password"):
        parsed("a.xls", workbook([Sheet("A", {})], locked=True))


def test_a_workbook_that_claims_a_cell_far_away_stays_small() -> None:
    assert parsed("a.xls", workbook([Sheet("A", {(0, 0): "near", (65_535, 255): "far"})])).text == "A\n\nnear\n\nfar"


# All


def test_properties_that_people_add_are_front_matter() -> None:
    stated = {USER: user_properties({"Groups": "hr; managers", "Owner": "hr@example.com", "Colour": "red"})}

    for name, data in (("a.doc", word("Text.\r").data(stated)), ("a.xls", workbook([Sheet("A", {(0, 0): "x"})], more=stated))):
        assert parsed(name, data).front_matter == {"groups": ["hr", "managers"], "owner": "hr@example.com"}


def test_groups_without_a_value_and_damaged_properties_close_the_file() -> None:
    empty = {USER: user_properties({"Groups": ""})}
    damaged = {USER: user_properties({"Groups": "hr"})[:-20]}

    assert parsed("a.doc", word("Text.\r").data(empty)).front_matter == {"groups": None}
    with pytest.raises(ParseError, match="damaged"):
        parsed("a.doc", word("Text.\r").data(damaged))


@pytest.mark.parametrize(
    ("name", "data", "words"),
    [
        ("a.docx", word("An old document.\r").data(), "An old document."),
        ("a.txt", workbook([Sheet("Sheet of sums", {(0, 0): "sum"})]), "Sheet of sums"),
        ("a.doc", b"<html><body><p>A page under a false name.</p></body></html>", "A page under a false name."),
    ],
)
def test_an_old_file_under_another_name_is_read_as_what_it_is(name: str, data: bytes, words: str) -> None:
    assert words in parsed(name, data).text


ROWS = [Paragraph("Grade\x07", IN_TABLE), Paragraph("Days\x07", IN_TABLE), Paragraph("\x07", ROW_END)]
SOUND = {
    "a.doc": replace(
        word(Paragraph("Leave\r", style=1), *ROWS, "See \x13 REF \x14it\x15.\r"), styles={1: (1, 0, b"")}, looks=[(2, 4, HIDDEN)]
    ).data({SUMMARY: summary("Leave"), USER: user_properties({"Owner": "Ann"})}),
    "a.ppt": presentation([Slide([shape(text(0, "Travel")), table(shape(text(4, "A"), at=(0, 0)))], "Notes", comment=("Ann", "No"))]),
    "a.xls": workbook([Sheet("A", {(0, 0): "x", (0, 1): (0.5, 1), (1, 1): 2.0}, notes={(0, 0): ("Ann", "No")})], ["0.00%"]),
}


@pytest.mark.parametrize("name", SOUND)
@settings(max_examples=150)
@given(data=st.data())
def test_damaged_old_files_give_a_document_or_a_parse_error(name: str, data: st.DataObject) -> None:
    damaged = bytearray(SOUND[name])
    used = [at for at, byte in enumerate(damaged) if byte] if data.draw(st.booleans()) else range(len(damaged))
    for at in data.draw(st.lists(st.sampled_from(used), min_size=1, max_size=8)):
        damaged[at] = data.draw(st.sampled_from([0, 1, 0x7F, 0x80, 0xFE, 0xFF]) | st.integers(0, 255))
    cut = data.draw(st.integers(0, len(damaged)) | st.just(len(damaged)))
    with suppress(ParseError):
        assert well_formed(parsed(name, bytes(damaged[:cut])))
