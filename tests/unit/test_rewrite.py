from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.rewrite import MOST_WORDS, leans, standalone
from assistant.types import Turn


def conversation(*asked: str) -> list[Turn]:
    turns = []
    for question in asked:
        turns += [Turn("user", question), Turn("assistant", "Something about giraffes.")]
    return turns


LEAVE = conversation("How long is parental leave for employees?")


@pytest.mark.parametrize(
    "question",
    ["And for contractors?", "Why?", "What about contractors?", "Is it paid?", "How do I apply for that?", "Can they extend it a month?"],
)
def test_a_question_that_leans_brings_what_was_asked_before(question: str) -> None:
    query = standalone(question, LEAVE)
    assert query.startswith(question)
    assert "parental leave" in query


@pytest.mark.parametrize("question", ["Who approves travel expenses above 500 euros?", "Where do I report a lost company laptop?"])
def test_a_question_that_stands_alone_is_unchanged(question: str) -> None:
    assert standalone(question, LEAVE) == question


def test_what_the_assistant_said_is_not_searched_for() -> None:
    assert "giraffes" not in standalone("And for contractors?", LEAVE)


def test_a_chain_of_follow_ups_reaches_back_to_the_question_that_stands_alone() -> None:
    first = "How do I order office furniture in Berlin?"
    history = conversation(first, "How long is parental leave for employees?", "Is it paid?", "And abroad?")
    query = standalone("Why?", history)
    assert "parental leave" in query
    assert "furniture" not in query


def test_a_word_is_not_repeated() -> None:
    query = standalone("What about sick leave?", LEAVE)
    assert query.lower().split().count("leave") + query.count("leave?") == 1


def test_pleasantries_are_no_topic() -> None:
    assert standalone("Is it paid?", conversation("Thanks, okay!")) == "Is it paid?"


def test_a_long_question_before_brings_its_last_words() -> None:
    words = [f"topic{number}" for number in range(30)]
    assert standalone("Why?", conversation(" ".join(words))) == f"Why? ({' '.join(words[-MOST_WORDS:])})"


@given(st.text(max_size=200))
def test_without_history_nothing_changes(question: str) -> None:
    assert standalone(question, ()) == question


@given(st.text(max_size=80), st.lists(st.text(max_size=300), max_size=5))
def test_the_question_stays_and_the_topic_is_bounded(question: str, asked: list[str]) -> None:
    query = standalone(question, conversation(*asked))
    assert query.startswith(question)
    assert len(query.removeprefix(question).split()) <= MOST_WORDS
    assert query == question or leans(question)
