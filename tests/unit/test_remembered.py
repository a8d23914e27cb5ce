"""What was embedded is remembered, up to a number of texts, and is what it would be if it were embedded again."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from assistant.retrieval.remembered import Remembering
from tests.fakes import FakeEmbedder

TEXTS = st.lists(st.lists(st.sampled_from(["leave", "25 days", "the manager", "", "travel"]), max_size=6), max_size=6)


@given(TEXTS, st.integers(1, 6))
def test_vectors_are_those_of_the_embedder_in_the_same_order(asked: list[list[str]], most: int) -> None:
    remembering = Remembering(FakeEmbedder(), most)

    assert all(np.array_equal(remembering.embed(texts), FakeEmbedder().embed(texts)) for texts in asked)


def test_a_text_is_embedded_once_until_others_took_its_place() -> None:
    embedder = FakeEmbedder()
    remembering = Remembering(embedder, 2)
    remembering.embed(["a", "a", "b"])
    remembering.embed(["a"])
    assert embedder.embedded == 2
    remembering.embed(["c", "a"])
    assert embedder.embedded == 3
    remembering.embed(["b"])
    assert embedder.embedded == 4
    assert remembering.model_id == embedder.model_id
