from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.retrieval.acronyms import alternatives, collect, mine
from assistant.retrieval.analysis import Analyzer
from assistant.retrieval.search import SearchIndex, build_index, query_stats, search
from assistant.types import LOCAL, Chunk, Filters, Principal


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("You have paid time off (PTO) each year.", [("PTO", "paid time off")]),
        ("PTO (paid time off) is free.", [("PTO", "paid time off")]),
        ("The Data Protection Officer (DPO) and the works-council (WC).", [("DPO", "Data Protection Officer"), ("WC", "works-council")]),
        ("Sick leave\nPaid time off (PTO)", [("PTO", "Paid time off")]),
        ("the Paid\nTime Off (PTO)", []),
        ("It is free (see below) for staff (max. 3 days).", []),
        ("We pay the rent (EUR).", []),
        ("(PTO)", []),
        ("paid time off ()", []),
    ],
)
def test_what_a_text_explains(text: str, expected: list[tuple[str, str]]) -> None:
    assert list(mine(text)) == expected


@given(st.text(alphabet="aAbBP (T)O\n-&.1\u00df\u0130", max_size=60))
def test_any_text_can_be_mined(text: str) -> None:
    for short, long in mine(text):
        assert short in text
        assert long in text
    collect([text], Analyzer())


def index_of(rows: list[tuple[str, tuple[str, ...]]]) -> SearchIndex:
    chunks = [Chunk(f"c{i}", f"{i}", f"{i}.md", "T", (), 0, len(text), text, groups=groups) for i, (text, groups) in enumerate(rows)]
    return build_index(chunks, np.ones((len(chunks), 1), dtype=np.float32))


def found(index: SearchIndex, query: str, reader: Principal) -> list[tuple[str, float]]:
    return [(h.chunk.text, h.score) for h in search(index, query, np.ones(1, dtype=np.float32), reader, Filters(), 9)]


TEXTS = ["Paid time off (PTO) is planned.", "PTO lapses in June.", "Paid time off lapses, too.", "Point To Omit (PTO).", "Rent is paid."]


def test_either_form_finds_the_other() -> None:
    index = index_of([(text, ()) for text in TEXTS[:3] + TEXTS[4:]])
    assert [text for text, _ in found(index, "does pto lapse", LOCAL)][:2] == [TEXTS[1], TEXTS[2]]
    assert [text for text, _ in found(index, "does paid time off lapse", LOCAL)][:2] == [TEXTS[2], TEXTS[1]]


def test_of_many_meanings_those_explained_most_often_count() -> None:
    analyzer = Analyzer()
    texts = ["Paid time off (PTO)", "Point to omit (PTO)", "Point to omit (PTO)", "Pay the owner (PTO)", "Pay the owner (PTO)"]
    meanings = alternatives(collect(texts, analyzer), ["pto"], np.ones(5, dtype=np.bool_))
    assert meanings == [(("pto",), ("pay", "owner")), (("pto",), ("point", "omit"))]


secured = st.lists(st.tuples(st.sampled_from(TEXTS), st.sampled_from([(), ("hr",), ("it",)])), min_size=1, max_size=7)


@given(secured, st.sampled_from(["PTO", "paid time off in June", "pto rent", "point omit"]))
def test_what_may_not_be_read_explains_nothing(rows: list[tuple[str, tuple[str, ...]]], query: str) -> None:
    reader = Principal("x", frozenset({"it"}))
    readable = [row for row in rows if reader.may_read(row[1])]
    if readable:
        assert [s for _, s in found(index_of(rows), query, reader)] == [s for _, s in found(index_of(readable), query, reader)]
        assert query_stats(index_of(rows), query, reader) == query_stats(index_of(readable), query, reader)
