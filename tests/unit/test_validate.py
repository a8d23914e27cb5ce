from __future__ import annotations

import unicodedata
from contextlib import nullcontext
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.errors import InvalidRequest
from assistant.types import LOCAL, Filters, Question, Turn
from assistant.validate import MOST_QUESTION, MOST_TURNS, validate, validate_query


def asked(
    text: str = "How much leave?", history: tuple[Turn, ...] = (), sources: tuple[str, ...] = (), as_of: date | None = None
) -> Question:
    return Question(text, LOCAL, history, Filters(sources), as_of)


@pytest.mark.parametrize(
    ("question", "field"),
    [
        (asked(""), "question"),
        (asked(" \n\t"), "question"),
        (asked("x" * (MOST_QUESTION + 1)), "question"),
        (asked("caf\udce9"), "question"),
        (asked("How \x00much?"), "question"),
        (asked(history=(Turn("user", " "),)), "history.0.content"),
        (asked(history=(Turn("user", "hello"), Turn("assistant", "\x1b[2J"))), "history.1.content"),
        (asked(history=(Turn("user", "hello"),) * (MOST_TURNS + 1)), "history"),
        (asked(sources=("a.md", "")), "filters.sources.1"),
        (asked(sources=("a\x85.md",)), "filters.sources.0"),
        (asked(sources=("a.md",) * 101), "filters.sources"),
        (asked(as_of=date(1899, 12, 31)), "as_of"),
        (asked(as_of=date(2201, 1, 1)), "as_of"),
    ],
)
def test_what_is_wrong_is_named(question: Question, field: str) -> None:
    with pytest.raises(InvalidRequest) as caught:
        validate(question)

    assert caught.value.field == field


def test_a_question_of_the_greatest_length_passes() -> None:
    validate(asked("x" * MOST_QUESTION, (Turn("assistant", "It is 25 days."),), ("hr/*",)))


@pytest.mark.parametrize("day", [None, date(1900, 1, 1), date(2026, 11, 25), date(2200, 12, 31)])
def test_the_day_to_judge_by_may_be_long_gone_or_far_off(day: date | None) -> None:
    validate(asked(as_of=day))


@pytest.mark.parametrize("k", [0, -1, 101])
def test_a_search_is_for_1_to_100_hits(k: int) -> None:
    with pytest.raises(InvalidRequest, match="k: must be from 1 to 100"):
        validate_query("leave", k, Filters())


def test_a_control_character_is_named_with_its_place() -> None:
    with pytest.raises(InvalidRequest, match=r"question: has a control character \(U\+0007\) at character 5"):
        validate(asked("ring \a bell"))
    with pytest.raises(InvalidRequest, match=r"query: has a control character \(U\+0085\) at character 0"):
        validate_query("\u0085leave", 10, Filters())


@given(st.characters(exclude_categories=["Cs"]))
def test_control_characters_are_refused_and_nothing_else_is(character: str) -> None:
    refused = unicodedata.category(character) == "Cc" and character not in "\n\t\r"

    with pytest.raises(InvalidRequest, match="control character") if refused else nullcontext():
        validate_query(f"leave{character}days", 10, Filters())


@pytest.mark.parametrize(
    "text",
    [
        "\u0643\u0645 \u0639\u062f\u062f\u200c \u0623\u064a\u0627\u0645\u200f?",  # Arabic with a non-joiner and a mark of direction
        "\u05db\u05de\u05d4 \u05d9\u05de\u05d9\u05dd\u200f?",  # Hebrew
        "May \U0001f469\u200d\U0001f469\u200d\U0001f467 come along?",  # a family, joined
        "\u2764\ufe0f",  # a heart with a variation selector
        "Leave\r\n\tand sick pay?",
    ],
)
def test_what_other_scripts_and_emoji_need_passes(text: str) -> None:
    validate(asked(text, (Turn("user", text),)))


@pytest.mark.parametrize("text", ["\u200b\u200d", "\u202e \u2066\ufeff", "\u3164\u2800", "\ufe0f", "\U000e0041\U000e0042", "\u2028\u00a0"])
def test_text_that_shows_nothing_is_empty(text: str) -> None:
    with pytest.raises(InvalidRequest, match="question: is empty"):
        validate(asked(text))
