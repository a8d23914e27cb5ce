from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.retrieval.fusion import COSINE, DOCUMENT_BM25, DOCUMENT_COSINE, HIGHEST, NEIGHBOUR, fuse
from assistant.retrieval.layout import Layout, best_neighbour, best_of_document, lay_out
from assistant.types import Chunk

places = st.lists(st.tuples(st.sampled_from("abc"), st.integers(0, 50), st.integers(0, 9)), max_size=12, unique_by=lambda p: p[:2])


def laid_out(rows: list[tuple[str, int, int]]) -> Layout:
    return lay_out([Chunk(f"c{i}", s, s, "T", (), start, start + 1, "x") for i, (s, start, _) in enumerate(rows)])


@given(places)
def test_the_best_of_a_document_and_beside_a_chunk(rows: list[tuple[str, int, int]]) -> None:
    scores = np.array([score for _, _, score in rows], dtype=np.float32)
    layout = laid_out(rows)
    in_document = [max(s for d, _, s in rows if d == document) for document, _, _ in rows]
    assert best_of_document(layout, scores).tolist() == in_document
    beside = []
    for document, start, _ in rows:
        before = [(at, s) for d, at, s in rows if d == document and at < start]
        after = [(at, s) for d, at, s in rows if d == document and at > start]
        beside.append(max([max(before)[1] if before else 0, min(after)[1] if after else 0]))
    assert best_neighbour(layout, scores).tolist() == beside


def test_what_stands_beside_an_answer_is_lifted() -> None:
    layout = laid_out([("a", 0, 0), ("a", 10, 0), ("a", 20, 0), ("b", 0, 0)])
    nothing = np.zeros(4, dtype=np.float32)
    cosine = np.array([0.9, 0.3, 0.3, 0.3], dtype=np.float32)
    fused = fuse(cosine, nothing, layout, np.ones(4, dtype=np.bool_))
    assert fused[0] > fused[1] > fused[2] > fused[3] > 0
    hidden = fuse(cosine, nothing, layout, np.array([False, True, True, True]))
    assert hidden[0] == 0
    own = COSINE + DOCUMENT_COSINE
    assert hidden[1] == hidden[2] == pytest.approx(hidden[3] * (own + NEIGHBOUR * COSINE) / own)


def test_the_best_words_and_the_best_meaning_of_a_document_may_be_those_of_two_chunks() -> None:
    layout = laid_out([("a", 0, 0), ("a", 10, 0), ("b", 0, 0)])
    cosine, words = np.array([0.9, 0, 0.9], dtype=np.float32), np.array([0, 0.9, 0], dtype=np.float32)
    fused = fuse(cosine, words, layout, np.ones(3, dtype=np.bool_))
    assert fused[0] - fused[2] == pytest.approx((DOCUMENT_BM25 + NEIGHBOUR * (1 - COSINE)) * 0.9 / HIGHEST)


def test_a_perfect_chunk_alone_scores_close_to_one() -> None:
    layout = laid_out([("a", 0, 0), ("a", 10, 0)])
    ones = np.ones(2, dtype=np.float32)
    assert fuse(ones, ones, layout, ones.astype(np.bool_)).tolist() == pytest.approx([1.0, 1.0])
