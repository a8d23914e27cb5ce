from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.retrieval.sentences import sentences


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("One. Two! Three? Four", ["One.", "Two!", "Three?", "Four"]),
        ("It rose 3.5 percent. See e.g. the Code.", ["It rose 3.5 percent.", "See e.g. the Code."]),
        ("Dr. Smith met J. R. Tolkien. They spoke.", ["Dr. Smith met J. R. Tolkien.", "They spoke."]),
        ("Bring pens, paper, etc. The room is open.", ["Bring pens, paper, etc.", "The room is open."]),
        ("Pens, etc. are free.", ["Pens, etc. are free."]),
        ('He said "no." Then he left.', ['He said "no."', "Then he left."]),
        ("You may claim:\n- food\n- rent.", ["You may claim:", "- food", "- rent."]),
        ("1. First thing.\n2. Second thing.", ["1. First thing.", "2. Second thing."]),
        ("This line is long enough that an editor wrapped it at\nthis word. Next.", None),
        ("City | Rate\nBerlin | 120 EUR", ["City | Rate", "Berlin | 120 EUR"]),
        ("Short title\n\nBody text.", ["Short title", "Body text."]),
        ("Why? because.", ["Why? because."]),
        ("\u884c\u304d\u307e\u3059\u3002\u306f\u3044\u3002", ["\u884c\u304d\u307e\u3059\u3002", "\u306f\u3044\u3002"]),
        ("  \n ", []),
        ("", []),
    ],
)
def test_sentences(text: str, expected: list[str] | None) -> None:
    if expected is None:
        expected = ["This line is long enough that an editor wrapped it at\nthis word.", "Next."]
    assert [span.text for span in sentences(text)] == expected


@given(st.text(alphabet="aB1 .!?:\n-|\"')(\u3002\u2028\r\t", max_size=200))
def test_sentences_cover_the_text_in_order(text: str) -> None:
    end = 0
    for span in sentences(text):
        assert span.start >= end
        assert text[end : span.start].strip() == ""
        assert text[span.start : span.end] == span.text == span.text.strip() != ""
        end = span.end
    assert text[end:].strip() == ""
