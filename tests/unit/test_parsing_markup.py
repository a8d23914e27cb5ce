"""reStructuredText, JSON and rich text: what becomes a block, what is left out, what is refused and how."""

from __future__ import annotations

import json
import re
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assistant.errors import ParseError
from ingest.parsing import FileParser
from ingest.parsing.text import json_text, rst, rtf
from ingest.types import ParsedDocument
from tests.blocks import damaged, well_formed


def shape(document: ParsedDocument) -> list[tuple[str, int, str]]:
    assert well_formed(document)
    return [(b.kind, b.level, document.text[b.start : b.end]) for b in document.blocks]


PAGE = """\
Leave
=====

:owner: People team
:groups: hr; finance
:Author: Ann

Annual
------

See `the form <https://example.com>`_ and *ask* first [1]_.

3. Apply
4. Wait

   for an answer

   * at home

Carry over
   Five days, ``at most``.

.. note:: Not in December.

.. [1] By letter.
.. [LAW] The act.

| Line one
| line two

.. figure:: chart.png
   :alt: A rising line

   Leave taken

Code::

    a = 1
      b = 2

.. comment
"""


def test_rst_blocks_and_metadata() -> None:
    document = rst.read(PAGE.encode())

    assert document.front_matter == {"owner": "People team", "groups": ["hr", "finance"]}
    assert document.title == "Leave"
    assert shape(document) == [
        ("heading", 1, "Leave"),
        ("list_item", 1, "Author: Ann"),
        ("heading", 2, "Annual"),
        ("paragraph", 0, "See the form and ask first."),
        ("list_item", 1, "3. Apply"),
        ("list_item", 1, "4. Wait for an answer"),
        ("list_item", 2, "at home"),
        ("list_item", 1, "Carry over: Five days, at most."),
        ("paragraph", 0, "Note: Not in December."),
        ("paragraph", 0, "By letter."),
        ("paragraph", 0, "[LAW] The act."),
        ("paragraph", 0, "Line one line two"),
        ("paragraph", 0, "A rising line"),
        ("paragraph", 0, "Leave taken"),
        ("paragraph", 0, "Code:"),
        ("code", 0, "a = 1\n  b = 2"),
    ]


@pytest.mark.parametrize(
    ("markup", "shown"),
    [
        (":ref:`the other page <other>`", "the other page"),
        (":doc:`/a/b`", "/a/b"),
        (":py:class:`~a.b.Reader`", "Reader"),
        (":guilabel:`Save`", "Save"),
        ("`Nowhere else`_", "Nowhere else"),
        ("`words`:unknown:", "words"),
        ("nowhere_", "nowhere"),
        ("|version|", "|version|"),
        ("2 * 3", "2 * 3"),
        ("*open", "*open"),
        (".. versionadded:: 2.0\n   The door.", "Added in version 2.0\n\nThe door."),
        (".. tabs::\n\n   .. tab:: Linux\n\n      Run it.", "Linux\n\nRun it."),
        (".. code-block:: python\n   :caption: x\n   :emphasize-lines: 1\n\n   f(1)", "f(1)"),
        (".. list-table::\n   :header-rows: 1\n   :unheard: x\n\n   * - A\n     - B\n   * - 1\n     - 2", "A | B\n1 | 2"),
        (".. only:: html\n\n   Inside.", "Inside."),
        (".. toctree::\n   :maxdepth: 1\n\n   first\n   second\n\nAfter.", "After."),
        (".. contents::\n\nA\n=\n\nText.", "A\n\nText."),
        (".. note::\n\n   Inner\n   -----\n\n   Text.", "Note\n\nInner\n\nText."),
        (".. admonition:: Mind\n\n   The gap.", "Mind\n\nThe gap."),
        (".. |co| replace:: Northlight\n\nAt |co|.", "At Northlight."),
        ("On |today|.\n\n.. |today| date::", "On |today|."),
        ("+---+\n| a\n| b\n+---+", "+---+\n| a\n| b\n+---+"),
        ("-v, --verbose  Says more.", "-v, --verbose: Says more."),
        ("  Words.\n\n  -- Somebody", "Words.\n\nSomebody"),
        ("term : kind\n   What it is.", "term (kind): What it is."),
    ],
)
def test_rst_of_sphinx_and_mistakes_keep_their_words(markup: str, shown: str) -> None:
    assert rst.read(f"{markup}\n".encode()).text == shown


def test_rst_tables_with_merged_cells() -> None:
    table = """
+------+------+
| Year | Days |
+======+======+
| all         |
+------+------+
| 2025 | 1    |
|      +------+
|      | 2    |
|      +------+
|      | 3    |
+------+------+
"""

    assert shape(rst.read(table.encode())) == [
        ("table_header", 0, "Year | Days"),
        ("table_row", 0, "all"),
        ("table_row", 0, "2025 | 1"),
        ("table_row", 0, "| 2"),
        ("table_row", 0, "| 3"),
    ]


def test_rst_reads_no_other_file_and_says_so(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    secret = tmp_path / "secret.txt"
    secret.write_text("secret words")
    page = f".. include:: {secret}\n\n.. csv-table:: T\n   :file: {secret}\n\n.. raw:: html\n   :file: {secret}\n\n.. unknown::\n\nEnd."

    document = rst.read(page.encode())

    assert document.text == "End."
    assert document.warnings == tuple(f"What the file includes is not read: {secret}." for _ in range(2))
    assert capfd.readouterr() == ("", "")


def test_a_role_of_one_rst_file_is_unknown_to_the_next() -> None:
    assert rst.read(b".. role:: own\n\nA :own:`~a.b`.").text == "A b."
    assert rst.read(b"A :own:`~a.b`.").text == "A b."


@pytest.mark.parametrize(
    "text",
    [
        "".join(f"{'  ' * depth}* a\n\n" for depth in range(400)),
        "http://example.com/a " * 1200,
        "*a " * 40_000,
        ".. _a:\n" * 20_000,
        "word " * 120_000,
        f"{'a' * 20_000}\n",
    ],
)
def test_rst_that_would_take_docutils_too_long_is_read_as_plain_text_unless_it_states_groups(text: str) -> None:
    document = rst.read(text.encode())

    assert document.text
    assert "marks stand in the text" in document.warnings[0]
    with pytest.raises(ParseError, match="groups cannot be made out"):
        rst.read(f":groups: hr\n\n{text}".encode())


VALUES = """\
{"title": "Rules", "version": 1.20, "active": true, "until": null, "tags": ["hr", "leave"], "none": [],
 "limits": {"annual": 25, "carry": {"days": 5}},
 "offices": [{"city": "Bern", "at": {"zip": "3000"}}, {"city": "Graz", "at": {"zip": null}}],
 "faq": [{"question": "May I?", "answer": "Yes.\\n\\nBut ask."}, {"question": "When?", "more": {"x": 1}}],
 "grid": [["a", "b"], ["1", "2"]]}
"""


def test_json_as_a_person_would_write_it() -> None:
    document = json_text.read(VALUES.encode())

    assert document.title == "Rules"
    assert document.front_matter == {}
    assert shape(document) == [
        ("list_item", 1, "title: Rules"),
        ("list_item", 1, "version: 1.20"),
        ("list_item", 1, "active: true"),
        ("list_item", 1, "until: null"),
        ("list_item", 1, "tags: hr, leave"),
        ("list_item", 1, "none: []"),
        ("heading", 1, "limits"),
        ("list_item", 1, "annual: 25"),
        ("heading", 2, "carry"),
        ("list_item", 1, "days: 5"),
        ("heading", 1, "offices"),
        ("table_header", 0, "city | at.zip"),
        ("table_row", 0, "Bern | 3000"),
        ("table_row", 0, "Graz"),
        ("heading", 1, "faq"),
        ("heading", 2, "May I?"),
        ("list_item", 1, "question: May I?"),
        ("paragraph", 0, "answer: Yes."),
        ("paragraph", 0, "But ask."),
        ("heading", 2, "When?"),
        ("list_item", 1, "question: When?"),
        ("heading", 3, "more"),
        ("list_item", 1, "x: 1"),
        ("heading", 1, "grid"),
        ("table_header", 0, "a | b"),
        ("table_row", 0, "1 | 2"),
    ]


def test_json_keys_may_stand_twice() -> None:
    assert json_text.read(b'{"title": "One", "title": "Two"}').title == "One"
    assert json_text.read(b'[{"a": 1, "a": 2}, {"a": 3, "a": 4}]').text == "Entry 1\n\na: 1\na: 2\n\nEntry 2\n\na: 3\na: 4"


def test_json_lines_are_one_array() -> None:
    assert shape(json_text.read(b'{"a": "x", "b": 1}\n\n{"a": "y", "b": 2}\n')) == [
        ("table_header", 0, "a | b"),
        ("table_row", 0, "x | 1"),
        ("table_row", 0, "y | 2"),
    ]


def test_json_below_its_headings_has_paths_and_numbers_share_lines() -> None:
    deep = '{"a": {"b": {"c": {"d": {"e": {"f": {"g": [{"h": 1}]}}}}}}}'

    assert json_text.read(deep.encode()).text == "a\n\nb\n\nc\n\nd\n\ne\n\nf.g[1].h: 1"
    assert len(json_text.read(json.dumps(list(range(100_000))).encode()).blocks) < 4000


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('{"a": 1,\n "b" 2}', "Line 2, column 6"),
        ("[1, 2", "Line 1"),
        ("[" * 100_000 + "]" * 100_000, "nests values too deeply"),
        ('{"a":' * 300 + "1" + "}" * 300, "nests values too deeply"),
        ("[" * 300 + "1" + "]" * 300, "nests values too deeply"),
    ],
)
def test_json_that_cannot_be_read_says_where(text: str, message: str) -> None:
    with pytest.raises(ParseError, match=message):
        json_text.read(text.encode())


_LEAF = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(st.characters(codec="utf-8"))
_TREES = st.recursive(_LEAF, lambda inner: st.lists(inner) | st.dictionaries(st.text(max_size=5), inner), max_leaves=20)


@given(_TREES)
def test_no_word_of_json_is_lost(value: object) -> None:
    document = json_text.read(json.dumps(value).encode())

    def leaves(value: object) -> list[object]:
        if isinstance(value, dict):
            return [leaf for item in value.items() for part in item for leaf in leaves(part)]
        return [leaf for part in value for leaf in leaves(part)] if isinstance(value, list) else [value]

    words = {word for leaf in leaves(value) if isinstance(leaf, str | int) for word in re.findall("[a-z0-9]+", str(leaf).lower())}
    assert well_formed(document)
    assert all(word in document.text.lower() for word in words if word.isascii() and word not in ("true", "false"))


HEAD = rb"""{\rtf1\ansi\ansicpg1252\uc1\deff0{\fonttbl{\f0\fcharset0 Arial;}{\f1\fcharset128 MS Mincho;}{\f2\fcharset204 Arial Cyr;}}
{\stylesheet{\s0 Normal;}{\s1\outlinelevel0 Clause;}{\s2\sbasedon1 Mine;}{\s3 heading 2;}{\s4 Title;}{\*\cs9 Strong;}}
{\info{\title Leave rules}{\author Ann}}{\*\userprops{\propname owner}\proptype30{\staticval People}{\propname groups}{\staticval hr, it}}
{\header Page head\par}"""


def rich(body: bytes) -> ParsedDocument:
    return rtf.read(HEAD + body + b"}")


def test_rich_text_headings_lists_and_properties() -> None:
    document = rich(
        rb"\pard\s4 Rules\par\pard\s1 Leave\par\pard\s2 Annual\par\pard\s3 Deep\par\pard\outlinelevel3 By itself\par\pard Text.\par"
        rb"{\listtext\pard\plain 1)\tab}\pard\ls1 First\par {\listtext 2)\tab}Second\par"
        rb"{\pntext\f3\'b7\tab}\pard\ls2\ilvl1 Dot\par\pard End"
    )

    assert document.title == "Leave rules"
    assert document.front_matter == {"owner": "People", "groups": ["hr", "it"]}
    assert shape(document) == [
        ("heading", 1, "Rules"),
        ("heading", 1, "Leave"),
        ("heading", 1, "Annual"),
        ("heading", 2, "Deep"),
        ("heading", 4, "By itself"),
        ("paragraph", 0, "Text."),
        ("list_item", 1, "1) First"),
        ("list_item", 1, "2) Second"),
        ("list_item", 2, "Dot"),
        ("paragraph", 0, "End"),
    ]


@pytest.mark.parametrize(
    ("body", "shown"),
    [
        (rb"Stra\'dfe \'80 5 \endash  \{x\} a\~b\_c\-d", "Straße \u20ac 5 \u2013 {x} a b-cd"),
        (rb"\f1\'83\'5d\'83\'8b{\f2 \'cf\'f0}", "\u30be\u30eb\u041f\u0440"),
        (rb"\f1\'83]", "\u30be"),
        (rb"\u8364? \uc2\u12478\'83\'5d\u12523\'83\'8b \u-10179\'3f\'3f\u-8704\'3f\'3f!", "\u20ac \u30be\u30eb \U0001f600!"),
        (rb"\u8217\par next", "\u2019\n\nnext"),
        (rb"seen{\v hidden}{\deleted gone}{\v0  again}", "seen again"),
        (rb"{\field{\*\fldinst HYPERLINK x}{\fldrslt a link}} {\field{\*\fldinst PAGE}{\fldrslt 7}}.", "a link ."),
        (rb"Text{\footnote\pard\s1\chftn  A note.} goes on.\par Next.", "Text goes on.\n\nNext.\n\nA note."),
        (
            rb"Anchor{\shp{\*\shpinst{\sp{\sn x}{\sv 1}}{\shptxt In a box\par}}{\shprslt In a box}} here.\par Next.",
            "Anchor here.\n\nIn a box\n\nNext.",
        ),
        (rb"{\*\do\dptxbx{\dptxbxtext Old box\par}}Text", "Text\n\nOld box"),
        (rb"a{\pict\pngblip 89504e47}{\*\unknown b}{\object{\*\objdata 00}{\result c}}{\*\annotation d}{\upr{e}{\*\ud{f}}}", "acf"),
        (rb"a{\pict\bin5 }}{{\b}b", "ab"),
        (b"a\\\nb\r\nc", "a\n\nbc"),
        (rb"a\par}}}}b", "a\n\nb"),
        (rb"{\*\moMath{\mr x}}", "x"),
    ],
)
def test_rich_text_letters_and_what_is_left_out(body: bytes, shown: str) -> None:
    assert rich(body).text == shown


@pytest.mark.parametrize(
    ("page", "charset", "byte", "shown"),
    [
        (1252, 0, rb"\'e9", "é"),
        (1251, 0, rb"\'e9", "\u0439"),
        (1252, 238, rb"\'b9", "\u0105"),
        (1252, 77, rb"\'8e", "é"),
        (99, 0, rb"\'e9", "é"),
    ],
)
def test_rich_text_code_pages(page: int, charset: int, byte: bytes, shown: str) -> None:
    head = b"{\\rtf1\\ansicpg%d{\\fonttbl{\\f0\\fcharset%d X;}}\\f0 " % (page, charset)

    assert rtf.read(head + byte + b"}").text == shown


def test_rich_text_goes_back_to_the_default_font() -> None:
    head = rb"{\rtf1\deff1{\fonttbl{\f0 A;}{\f1\fcharset204 B;}} "

    assert rtf.read(head + rb"\'cf{\f0 \'e9\plain \'cf}}").text == "\u041f\u00e9\u041f"


def test_rich_text_tables() -> None:
    body = (
        rb"\trowd\trhdr\cellx1\cellx2\pard\intbl Grade\cell Days\cell\row\trowd\cellx1\cellx2\pard\intbl A\par B\cell 25\cell\row"
        rb"\pard Between\par\trowd\cellx1\pard\intbl Framed\cell\row\pard After\par"
    )

    assert shape(rich(body)) == [
        ("table_header", 0, "Grade | Days"),
        ("table_row", 0, "A B | 25"),
        ("paragraph", 0, "Between"),
        ("paragraph", 0, "Framed"),
        ("paragraph", 0, "After"),
    ]


def test_hostile_rich_text() -> None:
    with pytest.raises(ParseError, match="deeper than 10,000"):
        rtf.read(b"{\\rtf1" + b"{" * 20_000)
    assert rtf.read(b"{\\rtf1 " + b"{a" * 5_000).text == "a" * 5_000
    assert rtf.read(b"{\\rtf1{\\stylesheet{\\s1\\sbasedon1 x;}}\\s1 Text\\bin999999999").text == "Text"


def test_endings_and_contents_meet() -> None:
    assert FileParser().parse("a.txt", HEAD + b" Words}").text == "Words"
    assert FileParser().parse("a.jsonl", b'{"a": 1}').text == FileParser().parse("a.ndjson", b'{"a": 1}').text == "a: 1"
    assert FileParser().parse("a.rst", b"Words").text == "Words"
    with pytest.raises(ParseError, match=r"ends in \.rtf but is none"):
        FileParser().parse("a.rtf", b"Words")


SOUND = {
    ".rst": PAGE.encode(),
    ".json": VALUES.encode(),
    ".rtf": HEAD + rb"\trowd\intbl a\cell b\cell\row\pard {\footnote c}\u8364? \'e9\par}",
}


@pytest.mark.parametrize("suffix", SOUND)
@settings(max_examples=25)
@given(data=st.data())
def test_damaged_files_give_a_document_or_a_parse_error(suffix: str, data: st.DataObject) -> None:
    with suppress(ParseError):
        assert well_formed(FileParser().parse(f"damaged{suffix}", damaged(data, SOUND[suffix])))


_PIECES = {
    ".rst": [".. ", "note::", "\n", "   ", "* ", "`", ":a:", "_", "|", "=====", "+-+", "x", "::", "[1]_", "\\"],
    ".json": ["{", "}", "[", "]", ",", ":", '"a"', "1", "null", " ", '"\\n"'],
    ".rtf": [
        "{\\rtf1 ",
        "{",
        "}",
        "\\*",
        "\\par",
        "\\cell",
        "\\row",
        "\\intbl",
        "\\u8364",
        "\\'e9",
        "{\\footnote ",
        "{\\listtext 1.}",
        "x",
    ],
}


@pytest.mark.parametrize("suffix", _PIECES)
@settings(max_examples=50)
@given(data=st.data())
def test_any_mixture_of_marks_gives_a_document_or_a_parse_error(suffix: str, data: st.DataObject) -> None:
    text = "".join(data.draw(st.lists(st.sampled_from(_PIECES[suffix]), max_size=40)))
    with suppress(ParseError):
        assert well_formed(FileParser().parse(f"mixed{suffix}", text.encode()))
