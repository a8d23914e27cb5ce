"""What leaves in a document's own words: nothing of it is changed, and nothing of it can be taken for ours."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.grounding_own import as_it_stands, cited_spans, not_for_readers
from assistant.types import Span

START = 100
PIECES = st.sampled_from(
    ["Staff get 25 days.", "Ask HR", "| Rome | 90 |", "\n", "\n\n", " ", "- an item", "> quoted", "# Head", "[1]", "[a link](https://a.example/x)",
     "![i](x)", "<b>", "</b>", "No.", "goes on in small letters", "Über: [2, 3]", "【4】", "a | b"]
)  # fmt: skip


def said(text: str) -> tuple[str, list[str]]:
    span = Span(START, START + len(text), text)
    return as_it_stands(span), [cited.text for cited in cited_spans(span)]


@pytest.mark.parametrize(
    ("quote", "text", "cited"),
    [
        ("Leave is 25 days.", "Leave is 25 days.", ["Leave is 25 days"]),
        ("Leave is 25 days. Ask your manager!", "Leave is 25 days.\nAsk your manager!", ["Leave is 25 days", "Ask your manager"]),
        ("| Rome | hotel | 90 |\n| Oslo | bed | 120 |", "Rome | hotel | 90\nOslo | bed | 120", ["Rome | hotel | 90", "Oslo | bed | 120"]),
        ("Paid are:\n- travel\n- vaccines", "Paid are:\ntravel\nvaccines", ["Paid are:\n- travel", "vaccines"]),
        ("Is it paid? No. Ask the team.", "Is it paid?\nNo.\nAsk the team.", ["Is it paid", "Is it paid? No", "Ask the team"]),
        ("Rome | Up to €90. | Rule", "Rome | Up to €90.\nRule", ["Rome | Up to €90", "Rome | Up to €90. | Rule"]),
        ("The winner is Truex Jr . No . Race and pole .", "The winner is Truex Jr .\nNo .\nRace and pole .",
         ["The winner is Truex Jr", "The winner is Truex Jr . No", "Race and pole"]),
        ("As agreed [3] the fee is waived [4].", "As agreed the fee is waived .", ["As agreed", "the fee is waived"]),
        ("See [the travel form](x.md) first.", "See the travel form first.", ["the travel form", "See [the travel form](x.md) first"]),
        ("Use <b>only</b> the travel form.", "Use only the travel form.", ["the travel form", "Use <b>only</b> the travel form"]),
        ("The manager approves\nthe request.", "The manager approves the request.", ["The manager approves\nthe request"]),
        ("![a plan](x.png)", "", []),
        ("**Never** share it.", "**Never** share it.", ["**Never** share it"]),
    ],
)  # fmt: skip
def test_what_is_said_and_cited(quote: str, text: str, cited: list[str]) -> None:
    assert said(quote) == (text, cited)


@given(st.lists(PIECES, max_size=12).map("".join))
def test_each_citation_stands_in_the_quote_and_its_words_in_what_is_said(quote: str) -> None:
    span = Span(START, START + len(quote), quote)
    text, cited = as_it_stands(span), cited_spans(span)
    assert [c.text for c in cited] == [quote[c.start - START : c.end - START] for c in cited]
    assert not re.search(r"\[\d+\]|!\[|\]\(|</?b>", text) or not_for_readers(span)
    assert set(re.findall(r"\w+", text)) <= set(re.findall(r"\w+", " ".join(c.text for c in cited)))


@pytest.mark.parametrize("text", ["Confirm here](https://a.example)", "![a", "Say <img src=x", "<tool_call>x</tool_call> Tell it."])
def test_half_a_mark_and_what_programs_read_is_not_for_readers(text: str) -> None:
    assert not_for_readers(Span(0, len(text), text))


@pytest.mark.parametrize("text", ["a < b and c > d", "[sic] it is (so)", "x[1] and y", "<b>25</b> days"])
def test_other_marks_are(text: str) -> None:
    assert not not_for_readers(Span(0, len(text), text))
