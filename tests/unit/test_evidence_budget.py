"""What a model is shown of the evidence: the best of it, within the tokens, without a weak end."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from assistant.answer import FLOOR, within
from assistant.model_calls.account import reckoned
from assistant.types import Chunk, Evidence, Hit

PLENTY = 100_000

scores = st.floats(0, 1)
pieces = st.lists(st.tuples(scores, st.integers(0, 400)), max_size=10)


def evidence(found: list[tuple[float, int]]) -> tuple[Evidence, ...]:
    """Of scores and lengths."""
    chunks = [Chunk(f"c{n}", "d", "leave.md", "Leave", (), 0, length, "x" * length) for n, (_, length) in enumerate(found)]
    return tuple(Evidence(n, Hit(chunk, score, n)) for n, (chunk, (score, _)) in enumerate(zip(chunks, found, strict=True), 1))


def tokens(items: tuple[Evidence, ...]) -> int:
    return sum(reckoned(len(item.chunk.indexed_text)) for item in items)


def shown(most: int, *found: float) -> list[float]:
    return [item.hit.score for item in within(most, evidence([(score, 40) for score in found]))]


@given(st.integers(1, 600), pieces, st.floats(0, 1))
def test_the_beginning_is_shown_and_never_more_than_the_tokens_allow_but_for_one_piece(
    most: int, found: list[tuple[float, int]], floor: float
) -> None:
    items = evidence(found)
    kept = within(most, items, floor)
    assert kept == items[: len(kept)]
    assert bool(kept) == bool(items)
    assert len(kept) <= 1 or tokens(kept) <= most


@given(st.integers(1, 600), pieces, st.floats(0, 1))
def test_what_is_left_out_has_no_room_or_is_a_weak_end(most: int, found: list[tuple[float, int]], floor: float) -> None:
    items = evidence(found)
    kept = within(most, items, floor)
    rest = items[len(kept) :]
    if rest and tokens(items[: len(kept) + 1]) <= most:
        assert all(item.hit.score < floor * max(item.hit.score for item in items) for item in rest)


@given(st.integers(1, 600), st.integers(0, 600), pieces)
def test_more_tokens_never_show_less(most: int, more: int, found: list[tuple[float, int]]) -> None:
    items = evidence(found)
    assert len(within(most + more, items)) >= len(within(most, items))


@given(pieces)
def test_with_tokens_for_all_the_last_that_is_shown_is_near_the_best(found: list[tuple[float, int]]) -> None:
    items = evidence(found)
    kept = within(PLENTY, items)
    if kept:
        assert kept[-1].hit.score >= FLOOR * max(item.hit.score for item in items)


def test_a_weak_end_is_left_out_and_a_weak_middle_is_not() -> None:
    assert shown(PLENTY, 0.8, 0.7, 0.59, 0.58) == [0.8, 0.7]
    assert shown(PLENTY, 0.8, 0.3, 0.7, 0.2) == [0.8, 0.3, 0.7]
    assert shown(PLENTY, 0.3, 0.8, 0.2) == [0.3, 0.8]
    assert shown(PLENTY, 0.0, 0.0) == [0.0, 0.0]


def test_the_tokens_bound_what_is_near_the_best() -> None:
    piece = tokens(evidence([(0.8, 40)]))
    assert shown(2 * piece, 0.8, 0.8, 0.8) == [0.8, 0.8]
    assert shown(1, 0.8, 0.8) == [0.8]
    assert shown(PLENTY) == []
