from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from assistant.compose import refusal, text_of
from assistant.types import Statement
from tests.builders import chunk, citation, hit


def test_a_mark_stands_before_the_full_stop() -> None:
    text, _ = text_of([Statement("You get 25 days of leave.", (citation(1),))])

    assert text == "You get 25 days of leave [1]."


def test_markers_are_numbered_in_the_order_of_the_text() -> None:
    text, citations = text_of(
        [Statement("First.", (citation(7),)), Statement("Second.", (citation(2),)), Statement("Third.", (citation(7),))]
    )

    assert text == "First [1]. Second [2]. Third [1]."
    assert [c.marker for c in citations] == [1, 2]


def test_a_statement_may_lean_on_two_places() -> None:
    text, citations = text_of([Statement("Both say so", (citation(4), citation(2, "another quote")))])

    assert text == "Both say so [1][2]"
    assert [c.quote for c in citations] == ["25 days of leave", "another quote"]


@given(
    st.lists(
        st.tuples(st.from_regex(r"[ab][ab .!?]*", fullmatch=True), st.lists(st.integers(1, 9), min_size=1, max_size=3)),
        min_size=1,
        max_size=5,
    )
)
def test_the_marks_in_the_text_are_the_citations_markers(parts: list[tuple[str, list[int]]]) -> None:
    text, citations = text_of([Statement(words, tuple(citation(m) for m in markers)) for words, markers in parts])

    assert {int(m) for m in re.findall(r"\[(\d+)\]", text)} == {c.marker for c in citations}
    assert {c.marker for c in citations} == set(range(1, len({c.marker for c in citations}) + 1))


def test_a_refusal_names_each_near_document_once_and_three_at_most() -> None:
    hits = [hit(chunk(source=source, start=start)) for source, start in [("a", 0), ("a", 9), ("b", 0), ("c", 0), ("d", 0)]]

    refused = refusal("insufficient_evidence", hits)

    assert [near.source for near in refused.closest] == ["a", "b", "c"]


def test_where_nothing_is_about_the_question_no_document_is_named() -> None:
    assert refusal("no_evidence", [hit()]).closest == ()


def test_every_sentence_of_a_statement_has_its_mark() -> None:
    text, _ = text_of([Statement("Up to 5 days may be carried over. They lapse on 30 June.", (citation(3),))])

    assert text == "Up to 5 days may be carried over [1]. They lapse on 30 June [1]."


def test_rows_and_items_stand_in_lines_of_their_own() -> None:
    rows = ["The rates are:", "Car, €0.23 a kilometre", "Motorcycle, €0.16 a kilometre", "They cover fuel.", "They are paid monthly."]
    text, _ = text_of([Statement(row, (citation(1),)) for row in rows])

    assert text == (
        "The rates are [1]:\nCar, €0.23 a kilometre [1]\nMotorcycle, €0.16 a kilometre [1]\nThey cover fuel [1]. They are paid monthly [1]."
    )
