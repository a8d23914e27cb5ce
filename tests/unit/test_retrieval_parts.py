from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.retrieval.parts import FIRST, MOST, merge, parts
from assistant.types import Chunk, Hit


@pytest.mark.parametrize(
    "question",
    [
        "How many days of leave do I get?",
        "What is the rule for sick leave and holidays?",
        "Which forms are needed and signed?",
        "I am ill. My boss knows. What do I do?",
        "What and how do I file?",
        "leave and who",
        "Tell me about leave and pay",
        "Is it A? Or B? Or C? Or D? Or is it E?",
        "",
    ],
)
def test_one_question_stays_as_it_is(question: str) -> None:
    assert parts(question) == (question,)


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ("How many days of leave do I get and who approves it?", ("How many days of leave do I get?", "who approves it? (days leave)")),
        ("Can I work from home? Who pays the desk?", ("Can I work from home?", "Who pays the desk?")),
        (
            "I lost my badge. Whom do I tell, and in which office do I get a new badge?",
            ("I lost my badge. Whom do I tell?", "I lost my badge. in which office do I get a new badge?"),
        ),
        ("What is the travel limit as well as who signs the claims?", ("What is the travel limit?", "who signs the claims?")),
    ],
)
def test_several_questions_are_taken_apart(question: str, expected: tuple[str, ...]) -> None:
    assert parts(question) == expected


@given(
    st.lists(st.sampled_from(["How", "is", "and", "who", "leave", "pay", "it", "? ", ".", ",", "\u00df", "\n"]), max_size=14).map(" ".join)
)
def test_there_is_always_a_part_and_never_more_than_most(question: str) -> None:
    found = parts(question)
    assert 1 <= len(found) <= MOST
    assert len(found) > 1 or found == (question,)


def hit(name: str, rank: int) -> Hit:
    return Hit(Chunk(name, "d", "s", "T", (), 0, 1, "x"), 1 / rank, rank)


hits = st.lists(st.sampled_from("abcdefgh"), unique=True, max_size=6).map(lambda names: [hit(n, i) for i, n in enumerate(names, 1)])


@given(hits, st.lists(hits, max_size=3), st.integers(1, 10))
def test_each_part_has_its_best_among_the_first(whole: list[Hit], each: list[list[Hit]], k: int) -> None:
    merged = merge(whole, each, k)
    assert [h.rank for h in merged] == list(range(1, len(merged) + 1))
    names = [h.chunk.id for h in merged]
    assert len(set(names)) == len(names) <= k
    for found in each:
        assert {h.chunk.id for h in found[:FIRST]} <= set(names) or k < FIRST * len(each)


@given(hits)
def test_the_hits_of_one_part_stay_as_they_are(whole: list[Hit]) -> None:
    assert merge(whole, [], 10) == whole
