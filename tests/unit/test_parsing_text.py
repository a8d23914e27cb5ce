"""Markdown, HTML and plain text: what becomes a block, what is left out, and what holds for every input."""

from __future__ import annotations

import re
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.errors import ParseError
from ingest.parsing import SUPPORTED, FileParser
from ingest.parsing.text import html, markdown, plain
from ingest.types import ParsedDocument
from tests.blocks import well_formed


def shape(document: ParsedDocument) -> list[tuple[str, int, str]]:
    return [(b.kind, b.level, document.text[b.start : b.end]) for b in document.blocks]


MARKDOWN = """---
title: Leave policy
groups: [hr]
---
# Leave

Full-time staff get **25 days** of [paid
leave](https://example.com/leave) a year. ![A calendar](x.png)

<!-- not for readers -->
- First item
  - Nested *item*
- Second item

1. Ask
2. Wait

| Grade | Days |
|-------|------|
| A     | 25   |
| B     |      |

```sh
if x:
    {{ y }}
```
"""


def test_markdown_becomes_blocks_without_marks() -> None:
    document = markdown.from_text(MARKDOWN)

    assert shape(document) == [
        ("heading", 1, "Leave"),
        ("paragraph", 0, "Full-time staff get 25 days of paid leave a year. A calendar"),
        ("list_item", 1, "First item"),
        ("list_item", 2, "Nested item"),
        ("list_item", 1, "Second item"),
        ("list_item", 1, "Ask"),
        ("list_item", 1, "Wait"),
        ("table_header", 0, "Grade | Days"),
        ("table_row", 0, "A | 25"),
        ("table_row", 0, "B"),
        ("code", 0, "if x:\n    {{ y }}"),
    ]
    assert document.title == "Leave"
    assert document.front_matter == {"title": "Leave policy", "groups": ["hr"]}
    assert "First item\nNested item\nSecond item\n\nAsk\nWait\n\nGrade | Days\nA | 25\nB\n\nif x:" in document.text


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ('Ask in {% slack "x" %} or **write to {{ mail }}**.', "Ask in or write to ."),
        ('See the [guide]({% page "/guide/" %}) first.', "See the guide first."),
        ("Text.\n{: .note #id }\n", "Text."),
        ("## Title {#anchor}", "Title"),
        ("a {% comment %}secret{% endcomment %} b", "a b"),
        ("Claim.[^1]\n\n[^1]: Source of it.", "Claim.\n\nSource of it."),
        ("Name it <your-name> or `{{ x }}`.", "Name it <your-name> or {{ x }}."),
        ('<Callout type="note">Mind the **gap**.</Callout>', "Mind the gap."),
        ("This is ~~old~~ new.", "This is new."),
        ("One <b>two</b><br>three &amp; four", "One two three & four"),
        ("before <textarea> after\n\nnext", "before after\n\nnext"),
        ("soft\u00adhyphen zero\u200bwidth \u202eturned", "softhyphen zerowidth turned"),
        ("spring.\U000e0159\U000e0155\ufe0f fill\u3164er", "spring. filler"),
        ("---\n\nJust a rule above.", "Just a rule above."),
    ],
)
def test_markdown_details(source: str, text: str) -> None:
    assert markdown.from_text(source).text == text


def test_templating_alone_on_a_line_does_not_end_html() -> None:
    document = markdown.from_text('<table><tr><td>Slack</td><td>\n{% slack "x" %}\n   </td></tr>\n<tr><td>Desk</td><td>4</td></tr></table>')

    assert document.text == "Slack\nDesk | 4"


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("---\ntitle: a\ngroups: [hr\n---\ntext", "line 4"),
        ("---\ngroups: [hr]\ngroups: []\n---\ntext", "given twice"),
        ("---\ngroups: [hr]\n\ntext", "no end"),
    ],
)
def test_broken_front_matter_is_an_error(source: str, message: str) -> None:
    with pytest.raises(ParseError, match=message):
        markdown.from_text(source)


PAGE = """<!DOCTYPE html><html><head><title>Pay - Acme</title><style>p {}</style></head><body>
<nav><a href="/">Home</a></nav>
<h1>Pay</h1><div>Loose <b>text</b><p>A paragraph<br>of two lines</p>tail</div>
<ul><li><p>One</p><p>more</p><ol><li>Deep</li></ol></li><li>Two</li></ul>
<table><caption>Bands</caption><thead><tr><th>Band</th><th>Pay</th></tr></thead><tr><td>A<ul><li>x</li><li>y</li></ul></td><td>1</td></tr></table>
<p hidden>Hidden</p><p style="display: none">Hidden</p><!-- Hidden --><script>var hidden</script>
<pre>  a
    b</pre><footer>Imprint</footer></body></html>"""


def test_html_becomes_blocks_without_what_readers_do_not_see() -> None:
    document = html.from_text(PAGE)

    assert shape(document) == [
        ("heading", 1, "Pay"),
        ("paragraph", 0, "Loose text"),
        ("paragraph", 0, "A paragraph of two lines"),
        ("paragraph", 0, "tail"),
        ("list_item", 1, "One more"),
        ("list_item", 2, "Deep"),
        ("list_item", 1, "Two"),
        ("paragraph", 0, "Bands"),
        ("table_header", 0, "Band | Pay"),
        ("table_row", 0, "A x y | 1"),
        ("code", 0, "a\n  b"),
    ]


def test_html_tables_that_lay_out_a_page_are_walked_through() -> None:
    document = html.from_text(
        "<table><tr><td>Menu</td><td><h1>Title</h1>One<br><br>Two<table><tr><td>a</td><td>b</td></tr></table></td></tr></table>"
    )

    assert [kind for kind, _, _ in shape(document)] == ["paragraph", "heading", "paragraph", "paragraph", "table_row"]


def test_html_cells_that_span_rows_leave_their_columns_empty_below() -> None:
    document = html.from_text(
        "<table><tr><td>a</td><td colspan=2 rowspan=2>b</td><td>c</td></tr><tr><td rowspan=9>d</td><td rowspan=2>e</td></tr>"
        "<tr><td>f</td><td rowspan='x'>g</td><td colspan=0>h</td></tr></table>"
    )

    assert document.text.splitlines() == ["a | b | c", "d | | e", "| f | g | | h"]


def test_html_with_main_is_read_there_alone_and_titled_by_its_page() -> None:
    document = html.from_text("<title>Travel</title><p>Cookie notice</p><main><p>Book early.</p></main>")

    assert (document.text, document.title) == ("Book early.", "Travel")


def test_deeply_nested_html_is_read() -> None:
    assert html.from_text("<div>" * 1500 + "deep").text == "deep"


def test_html_too_deep_to_be_read_whole_is_an_error() -> None:
    with pytest.raises(ParseError, match="deeper"):
        html.from_text("<p>seen</p>" + "<div>" * 5000 + "lost")


def test_plain_text_joins_wrapped_lines_and_finds_items_and_headings() -> None:
    document = plain.from_text("Leave\n=====\nStaff get\n25 days.\n\n- one\n  more\n- two\n\n1. First\n2. Second\n")

    assert shape(document) == [
        ("heading", 1, "Leave"),
        ("paragraph", 0, "Staff get 25 days."),
        ("list_item", 1, "one more"),
        ("list_item", 1, "two"),
        ("list_item", 1, "1. First"),
        ("list_item", 1, "2. Second"),
    ]


def test_plain_text_with_a_paragraph_on_each_line_keeps_them_apart() -> None:
    long = "word " * 40
    assert len(plain.from_text(f"{long}\n{long}\nshort").blocks) == 3


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "cp1252"])
def test_encodings(encoding: str) -> None:
    text = "Überstunden \u2013 15,50 € für Präsenz. " * 5
    assert plain.read(text.encode(encoding)).text == text.strip()


def test_other_scripts_are_guessed_and_declared_ones_believed() -> None:
    russian = "Сотрудники получают двадцать пять дней отпуска в год по заявлению."
    assert plain.read(russian.encode("cp1251")).text == russian
    assert html.read(b'<meta charset="iso-8859-2"><p>' + "płaca".encode("iso-8859-2")).text == "płaca"


@pytest.mark.parametrize("suffix", [".txt", ".md"])
def test_binary_data_is_no_text(suffix: str) -> None:
    with pytest.raises(ParseError, match="binary"):
        FileParser().parse(f"x{suffix}", bytes(range(256)) * 8)


TEXT_SUFFIXES = (".html", ".htm", ".md", ".markdown", ".txt", ".text")


@pytest.mark.parametrize("suffix", SUPPORTED)
@given(data=st.binary(max_size=300))
def test_any_bytes_give_a_document_or_a_parse_error(suffix: str, data: bytes) -> None:
    with suppress(ParseError):
        assert well_formed(FileParser().parse(f"any{suffix}", data))


# What markup is made of, so that structure is found and not only letters.
# fmt: off
PIECES = st.sampled_from([
    *"#*-_`|>[](){}<~!=:& ", "\n", "\n\n", "1. ", "---\n", "```\n", "|a|b|\n|-|-|\n", "{%", "%}", "{{", "}}", "{:", "[^1]", "<div>",
    "</div>", "<li>", "<ul>", "<table><tr><td>", "</table>", "<pre>", "<!--", "-->", "<br>", "\u200b",
    "\u00ad", "&#0;", "&#xD800;", "\ufeff",
])
# fmt: on
MARKUP = st.lists(PIECES | st.text(max_size=5), max_size=40).map("".join)


@given(MARKUP)
def test_blocks_of_markup_are_ordered_and_tight(text: str) -> None:
    for read in (markdown.from_text, html.from_text, plain.from_text):
        try:
            document = read(text)
        except ParseError:
            continue
        assert well_formed(document)
        document.text.encode()


@given(st.text(st.characters(categories=["L", "N", "P", "Zs"], include_characters="\n\t"), max_size=300))
def test_every_word_of_plain_text_survives(text: str) -> None:
    assert re.findall(r"\w+", plain.from_text(text).text) == re.findall(r"\w+", text)


@given(st.text(st.characters(categories=["L", "Nd"], include_characters=" \n"), max_size=300))
def test_every_word_of_markdown_and_html_survives(text: str) -> None:
    words = text.split()
    assert markdown.from_text("\n".join(line.strip() for line in text.split("\n"))).text.split() == words
    assert html.from_text(f"<p>{text}</p>").text.split() == words


@pytest.mark.timeout(20)
@pytest.mark.parametrize(
    "piece", ["`", "` ``", "{%", "{{ a ", "[^a", "{% comment %}", "a\n===\n", "~~~\n", ">", "- ", "|a", "<a ", "<!--", "["]
)
def test_repeated_marks_take_no_time_to_speak_of(piece: str) -> None:
    text = piece * 5000
    for read in (markdown.from_text, html.from_text, plain.from_text):
        assert well_formed(read(text))
