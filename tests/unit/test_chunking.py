from __future__ import annotations

from datetime import UTC, date, datetime

from hypothesis import given
from hypothesis import strategies as st

from assistant.types import Chunk, Document
from ingest.chunking import UNIT, chunk_document
from ingest.types import Block, BlockKind, ParsedDocument

Piece = tuple[BlockKind, int, str]


def parsed(*pieces: Piece, gap: str = "\n\n") -> ParsedDocument:
    text = ""
    blocks: list[Block] = []
    for kind, level, content in pieces:
        text += gap if text else ""
        blocks.append(Block(kind, len(text), len(text) + len(content), level, page=len(blocks) + 1))
        text += content
    return ParsedDocument(text, tuple(blocks))


def document(text: str, title: str = "Leave", source: str = "hr/leave.md") -> Document:
    return Document(
        "d1", source, title, text, "hash", datetime(2026, 1, 1, tzinfo=UTC), ("hr",), "Ann", "https://example.org", date(2026, 2, 1)
    )


def chunks(*pieces: Piece, title: str = "Leave", target: int = 900) -> list[Chunk]:
    read = parsed(*pieces)
    return chunk_document(document(read.text, title), read, target)


def test_cuts_at_headings_and_keeps_the_path() -> None:
    found = chunks(
        ("heading", 1, "Leave"),
        ("paragraph", 0, "Intro."),
        ("heading", 2, "Annual  leave"),
        ("paragraph", 0, "25 days."),
        ("heading", 3, "Carry over"),
        ("paragraph", 0, "5 days."),
        ("heading", 2, "Sick leave"),
        ("paragraph", 0, "As long as it takes."),
    )
    assert [(c.headings, c.text) for c in found] == [
        ((), "Intro."),
        (("Annual leave",), "25 days."),
        (("Annual leave", "Carry over"), "5 days."),
        (("Sick leave",), "As long as it takes."),
    ]


def test_carries_what_is_known_of_the_document() -> None:
    chunk = chunks(("heading", 1, "A"), ("paragraph", 0, "B."))[0]
    assert (chunk.document_id, chunk.source, chunk.title, chunk.page) == ("d1", "hr/leave.md", "Leave", 2)
    assert (chunk.groups, chunk.owner, chunk.url, chunk.effective) == (("hr",), "Ann", "https://example.org", date(2026, 2, 1))


def test_a_heading_without_text_is_found_only_where_nothing_is_below_it() -> None:
    found = chunks(("heading", 1, "Travel"), ("heading", 2, "By train"), ("heading", 2, "By air"), ("paragraph", 0, "No."))
    assert [(c.headings, c.text) for c in found] == [(("Travel",), "By train"), (("Travel", "By air"), "No.")]


def test_a_long_paragraph_is_cut_between_sentences() -> None:
    paragraph = " ".join(f"This is sentence number {i} of the paragraph." for i in range(20))
    found = chunks(("paragraph", 0, paragraph), target=200)
    assert len(found) > 4
    assert all(c.text.startswith("This is") and c.text.endswith("paragraph.") and len(c.text) <= 200 for c in found)


def test_an_overlong_sentence_is_cut_between_words() -> None:
    words = [f"word{i}" for i in range(100)]
    found = chunks(("paragraph", 0, " ".join(words)), target=100)
    assert [w for c in found for w in c.text.split()] == words
    assert max(len(c.text) for c in found) <= 100


def test_the_end_of_a_section_is_no_scrap() -> None:
    found = chunks(*[("paragraph", 0, "x" * 98) for _ in range(11)], target=1000)
    assert [len(c.text) for c in found] == [598, 498]


def test_rows_cut_from_their_header_carry_it() -> None:
    rows: list[Piece] = [("table_row", 0, f"Berlin | {i} EUR") for i in range(20)]
    found = chunks(("table_header", 0, "City | Rate"), *rows, ("paragraph", 0, "End."), target=80)
    assert found[0].leads == ()
    assert len(found) > 3
    for chunk in found[1:-1]:
        assert [(lead.start, lead.end, lead.text) for lead in chunk.leads] == [(0, 11, "City | Rate")]
        assert "City | Rate" in chunk.indexed_text


def test_items_cut_from_their_introduction_carry_it() -> None:
    items: list[Piece] = [("list_item", 1, f"item {i} of the list") for i in range(20)]
    found = chunks(("paragraph", 0, "We pay well. You may claim for:"), *items, target=80)
    assert found[0].text.startswith("We pay well. You may claim for:\n\nitem 0")
    assert found[0].leads == ()
    assert {tuple((lead.start, lead.text) for lead in c.leads) for c in found[1:]} == {((13, "You may claim for:"),)}


def test_a_list_after_a_plain_paragraph_has_no_lead() -> None:
    items: list[Piece] = [("list_item", 1, f"item {i} of the list") for i in range(20)]
    assert {c.leads for c in chunks(("paragraph", 0, "We pay."), *items, target=80)} == {()}


def test_an_introduction_is_not_left_behind() -> None:
    found = chunks(("paragraph", 0, "a" * 70), ("paragraph", 0, "You get:"), ("list_item", 1, "b" * 60), target=100)
    assert [c.text[:8] for c in found] == ["a" * 8, "You get:"]


def test_a_short_list_stays_whole_with_its_introduction() -> None:
    items: list[Piece] = [("list_item", 1, f"item {i} of the list") for i in range(6)]
    found = chunks(("paragraph", 0, "a" * 90), ("paragraph", 0, "You get:"), *items, ("paragraph", 0, "b" * 90), target=100)
    assert [c.text[:8] for c in found] == ["a" * 8, "You get:", "b" * 8]
    assert found[1].text.endswith("item 5 of the list")


def test_a_line_that_announces_goes_with_what_follows() -> None:
    found = chunks(("paragraph", 0, "a" * 60 + "."), ("paragraph", 0, "4.2 Expenses"), ("paragraph", 0, "b" * 60 + "."), target=90)
    assert [c.text[:8] for c in found] == ["a" * 8, "4.2 Expe"]


def test_nothing_to_cut() -> None:
    assert chunks() == []


kinds: st.SearchStrategy[BlockKind] = st.sampled_from(["heading", "paragraph", "list_item", "table_header", "table_row", "code"])
words = st.text(alphabet="ab .:!?\n-|1é", min_size=1, max_size=60).filter(lambda s: s.strip() == s)
documents = st.lists(st.tuples(kinds, st.integers(1, 4), words), max_size=25)


@given(documents, st.integers(20, 120))
def test_nothing_is_lost_or_told_twice(pieces: list[Piece], target: int) -> None:
    read = parsed(*pieces)
    found = chunk_document(document(read.text), read, target)
    owner = [0] * len(read.text)
    for chunk in found:
        assert read.text[chunk.start : chunk.end] == chunk.text
        assert chunk.text.strip()
        for at in range(chunk.start, chunk.end):
            owner[at] += 1
    for block in read.blocks:
        if block.kind != "heading":
            assert {owner[at] for at in range(block.start, block.end) if not read.text[at].isspace()} <= {1}
    assert max(owner, default=0) <= 1
    assert [c.start for c in found] == sorted(c.start for c in found)


@given(documents, st.integers(20, 120))
def test_no_chunk_crosses_a_heading_or_grows_too_long(pieces: list[Piece], target: int) -> None:
    read = parsed(*pieces)
    headings = [block for block in read.blocks if block.kind == "heading"]
    for chunk in chunk_document(document(read.text), read, target):
        inside = [b for b in headings if chunk.start < b.end and b.start < chunk.end]
        assert not inside or (inside[0].start, inside[0].end) == (chunk.start, chunk.end)
        assert len(chunk.text) <= target * UNIT or inside
        for lead in chunk.leads:
            assert read.text[lead.start : lead.end] == lead.text
            assert lead.end <= chunk.start


@given(documents)
def test_identities_are_unique_and_stable(pieces: list[Piece]) -> None:
    read = parsed(*pieces)
    found = [c.id for c in chunk_document(document(read.text), read, 60)]
    assert len(set(found)) == len(found)
    assert found == [c.id for c in chunk_document(document(read.text), read, 60)]
    elsewhere = chunk_document(document(read.text, source="other.md"), read, 60)
    assert not set(found) & {c.id for c in elsewhere}
