"""Whatever a worker sends, the parent gets a document that keeps its promises, or refuses it."""

from __future__ import annotations

import io
import json
import struct
from collections.abc import Callable
from datetime import date
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.errors import ParseError
from ingest.parsing.draft import LONGEST_HEADER, LONGEST_HEADING, Draft
from ingest.sandbox import wire
from ingest.types import Block, BlockKind, ParsedDocument

KINDS: tuple[BlockKind, ...] = get_args(BlockKind)
WORDS = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=30)


@st.composite
def documents(draw: st.DrawFn) -> ParsedDocument:
    draft = Draft()
    for kind in draw(st.lists(st.sampled_from(KINDS), max_size=8)):
        draft.add(
            kind, draw(WORDS), draw(st.integers(0, 9)) if kind in ("heading", "list_item") else 0, draw(st.none() | st.integers(1, 99))
        )
    stated = draw(st.dictionaries(WORDS, st.none() | st.booleans() | st.integers() | WORDS | st.lists(WORDS, max_size=3), max_size=3))
    return draft.document(draw(st.none() | WORDS), stated)


@given(documents())
def test_a_document_arrives_as_it_was(document: ParsedDocument) -> None:
    assert wire.decode(wire.encode(document)) == document


def test_dates_arrive_as_text_and_halves_of_pairs_as_question_marks() -> None:
    sent = ParsedDocument("a\ud800b", (Block("paragraph", 0, 3),), "t", {"effective": date(2026, 1, 31), "x": {1}}, ("not\nread",))

    arrived = wire.decode(wire.encode(sent))

    assert arrived == ParsedDocument("a?b", sent.blocks, "t", {"effective": "2026-01-31", "x": [1]}, ("not read",))


def test_what_is_too_large_to_be_sent_is_an_error_of_the_file() -> None:
    many = tuple(Block("table_row", 2 * i, 2 * i + 1) for i in range(wire.MOST_BLOCKS + 1))
    aliases: list[object] = ["x"]
    for _ in range(60):
        aliases = [aliases, aliases]

    for sent, said in (
        (ParsedDocument("a\n" * (wire.MOST_BLOCKS + 1), many), "more than 1,000,000 paragraphs"),
        (ParsedDocument("\u00e9" * (wire.LARGEST_TEXT // 2 + 1), ()), "more than 100 MB of text"),
        (ParsedDocument("", (), None, {"effective": aliases}), "more than 10,000 values"),
        (ParsedDocument("", (), None, {"owner": "x" * wire.LARGEST_FACTS}), "front matter holds more than 1 MB"),
    ):
        with pytest.raises(ParseError, match=said):
            wire.encode(sent)


FACTS: dict[str, Any] = {"title": None, "front_matter": {}, "warnings": []}


def reply(facts: Any = FACTS, rows: tuple[tuple[int, int, int, int, int], ...] = (), text: bytes = b"one\n\ntwo") -> bytes:
    written = facts if isinstance(facts, bytes) else json.dumps(facts).encode()
    blocks = b"".join(struct.pack(">BIIII", *row) for row in rows)
    return struct.pack(">QQ", len(written), len(blocks)) + written + blocks + text


SOUND = ((0, 0, 3, 1, 0), (1, 5, 8, 0, 7))


def test_the_reply_that_the_others_differ_from_is_sound() -> None:
    assert wire.decode(reply(rows=SOUND)).blocks == (Block("heading", 0, 3, 1, None), Block("paragraph", 5, 8, 0, 7))


@pytest.mark.parametrize(
    "payload",
    [
        b"",
        b"\0" * 15,
        struct.pack(">QQ", 2**63, 0),
        struct.pack(">QQ", 0, 2**63),
        struct.pack(">QQ", 10, 0) + b"{}",
        struct.pack(">QQ", 0, 18) + b"\0" * 18,
        reply(rows=()),
        reply(rows=SOUND[:1]),
        reply(rows=SOUND[1:]),
        reply(rows=SOUND[::-1]),
        reply(rows=(SOUND[0], SOUND[0])),
        reply(rows=(SOUND[0], (1, 5, 9, 0, 0))),
        reply(rows=((0, 0, 0, 1, 0), (1, 0, 8, 0, 0))),
        reply(rows=((0, 3, 0, 1, 0), (1, 0, 8, 0, 0))),
        reply(rows=((6, 0, 8, 0, 0),)),
        reply(rows=((0, 0, 8, 10, 0),)),
        reply(rows=((2, 0, 8, 10_001, 0),)),
        reply(rows=((0, 0, LONGEST_HEADING + 1, 1, 0),), text=b"a" * (LONGEST_HEADING + 1)),
        reply(rows=((3, 0, LONGEST_HEADER + 1, 0, 0),), text=b"a" * (LONGEST_HEADER + 1)),
        reply(text=b"\xed\xa0\x80", rows=((1, 0, 1, 0, 0),)),
        reply(b"[" * 500_000, SOUND),
        reply(b'"' + b"a" * wire.LARGEST_FACTS + b'"', SOUND),
        reply([], SOUND),
        reply({}, SOUND),
        reply(FACTS | {"more": 1}, SOUND),
        reply(FACTS | {"title": 1}, SOUND),
        reply(FACTS | {"title": "a" * (LONGEST_HEADING + 1)}, SOUND),
        reply(FACTS | {"title": "\ud800"}, SOUND),
        reply(FACTS | {"front_matter": []}, SOUND),
        reply(FACTS | {"front_matter": {"owner": "\ud800"}}, SOUND),
        reply(FACTS | {"front_matter": {"\udfff": "x"}}, SOUND),
        reply(FACTS | {"warnings": "x"}, SOUND),
        reply(FACTS | {"warnings": [1]}, SOUND),
    ],
)
def test_a_reply_with_one_thing_wrong_is_refused(payload: bytes) -> None:
    with pytest.raises(wire.Malformed):
        wire.decode(payload)


@given(documents(), st.data())
def test_a_reply_with_a_byte_changed_is_refused_or_keeps_its_promises(document: ParsedDocument, data: st.DataObject) -> None:
    payload = bytearray(wire.encode(document))
    payload[data.draw(st.integers(0, len(payload) - 1))] = data.draw(st.integers(0, 255))
    try:
        arrived = wire.decode(payload)
    except wire.Malformed:
        return

    at = 0
    for block in arrived.blocks:
        assert not arrived.text[at : block.start].strip()
        assert block.start < block.end
        at = block.end
    assert not arrived.text[at:].strip()


def test_a_refusal_is_one_line_without_control_characters() -> None:
    said = str(wire.refusal(b"broken\x1b[2J\nfootnote: all is well \xff" + b"x" * 10_000))

    assert said.startswith("broken [2J footnote: all is well \ufffdx")
    assert len(said) == wire.MOST_WORDS


@pytest.mark.parametrize("cut", [lambda frame: frame[:4], lambda frame: frame[:-1], lambda _: b""])
def test_a_frame_that_ends_early_is_none(cut: Callable[[bytes], bytes]) -> None:
    stream = io.BytesIO()
    wire.write_frame(stream, wire.ALIVE, b"abc")

    assert wire.read_frame(io.BytesIO(stream.getvalue())) == (wire.ALIVE, b"abc")
    assert wire.read_frame(io.BytesIO(cut(stream.getvalue()))) is None
