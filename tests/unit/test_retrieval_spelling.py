from __future__ import annotations

import string

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.retrieval.english import is_english
from assistant.retrieval.search import SearchIndex, build_index, corrected
from assistant.types import LOCAL, Chunk, Principal

TEXTS = ["Reimbursement of travel expenses.", "Parental leave and vacation.", "Vacation is approved by managers.", "The Vacatiom Fund."]


def index_of(rows: list[tuple[str, tuple[str, ...]]]) -> SearchIndex:
    chunks = [Chunk(f"c{i}", "a", "a.md", "T", (), 0, len(text), text, groups=groups) for i, (text, groups) in enumerate(rows)]
    return build_index(chunks, np.ones((len(chunks), 1), dtype=np.float32))


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("Who aproved a vacatoin?", "Who approved a vacation?"),
        ("reimbursmnet", "reimbursement"),
        ("Vacations, parentel leave", "Vacations, parental leave"),
        ("Ask Vacatoin", "Ask Vacatoin"),  # a name, perhaps
        ("VACATOIN", "VACATOIN"),
        ("vacation2 wasn't leav", "vacation2 wasn't leav"),
        ("the managed tavern", "the managed tavern"),  # English, though near `travel`
        ("zzzzzzz", "zzzzzzz"),
        ("", ""),
    ],
)
def test_slips_are_put_right_and_nothing_else(query: str, expected: str) -> None:
    found = corrected(index_of([(text, ()) for text in TEXTS[:3]]), query, LOCAL)
    assert found.text == expected
    assert bool(found.words) == (query != expected)


def test_what_was_taken_for_what_is_told() -> None:
    assert corrected(index_of([(TEXTS[1], ())]), "parentel vacatoin", LOCAL).words == (("parentel", "parental"), ("vacatoin", "vacation"))


def test_of_words_equally_near_the_more_frequent_is_meant() -> None:
    index = index_of([("vacatian", ()), ("vacation", ()), ("vacation", ())])
    assert corrected(index, "vacatiin", LOCAL).text == "vacation"


secured = st.lists(st.tuples(st.sampled_from(TEXTS), st.sampled_from([(), ("hr",), ("it",)])), min_size=1, max_size=6)
slips = st.sampled_from(["reimbursment vacatoin", "vacatiom", "vacatioms fand", "travell expences", "aproved mangers"])


@given(secured, slips)
def test_what_may_not_be_read_suggests_nothing_and_hides_nothing(rows: list[tuple[str, tuple[str, ...]]], query: str) -> None:
    reader = Principal("x", frozenset({"it"}))
    readable = [row for row in rows if reader.may_read(row[1])]
    expected = corrected(index_of(readable), query, reader).text if readable else query
    assert corrected(index_of(rows), query, reader).text == expected


@given(st.text(max_size=60) | st.text(alphabet=string.ascii_letters + "\u00e9\u00df '", max_size=60))
def test_any_query_can_be_corrected(query: str) -> None:
    assert isinstance(corrected(index_of([(text, ()) for text in TEXTS]), query, LOCAL).text, str)


def test_the_list_of_english_words_is_there() -> None:
    assert is_english("tavern")
    assert not is_english("vacatoin")
