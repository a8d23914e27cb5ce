from __future__ import annotations

import pytest

from assistant.errors import InvalidRequest
from assistant.types import LOCAL, Filters, Question, Turn
from assistant.validate import MOST_QUESTION, MOST_TURNS, validate, validate_query


def asked(text: str = "How much leave?", history: tuple[Turn, ...] = (), sources: tuple[str, ...] = ()) -> Question:
    return Question(text, LOCAL, history, Filters(sources))


@pytest.mark.parametrize(
    ("question", "field"),
    [
        (asked(""), "question"),
        (asked(" \n\t"), "question"),
        (asked("x" * (MOST_QUESTION + 1)), "question"),
        (asked("caf\udce9"), "question"),
        (asked(history=(Turn("user", " "),)), "history.0.content"),
        (asked(history=(Turn("user", "hello"),) * (MOST_TURNS + 1)), "history"),
        (asked(sources=("a.md", "")), "filters.sources.1"),
        (asked(sources=("a.md",) * 101), "filters.sources"),
    ],
)
def test_what_is_wrong_is_named(question: Question, field: str) -> None:
    with pytest.raises(InvalidRequest) as caught:
        validate(question)

    assert caught.value.field == field


def test_a_question_of_the_greatest_length_passes() -> None:
    validate(asked("x" * MOST_QUESTION, (Turn("assistant", "It is 25 days."),), ("hr/*",)))


@pytest.mark.parametrize("k", [0, -1, 101])
def test_a_search_is_for_1_to_100_hits(k: int) -> None:
    with pytest.raises(InvalidRequest, match="k: must be from 1 to 100"):
        validate_query("leave", k, Filters())
