from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.retrieval.audience import KEPT
from assistant.retrieval.dense import cosines
from assistant.retrieval.search import SearchIndex, build_index, query_stats, rerank, search
from assistant.types import LOCAL, Chunk, Filters, Principal

ANYWHERE = Filters()


def vector(text: str) -> np.ndarray[tuple[int], np.dtype[np.float32]]:
    """A crude embedding: which of a few letters a text holds, as a unit vector."""
    counts = np.array([text.count(letter) + 0.1 for letter in "aeioulst"], dtype=np.float32)
    return (counts / np.linalg.norm(counts)).astype(np.float32)


def chunk(number: int, text: str, source: str = "a.md", groups: tuple[str, ...] = ()) -> Chunk:
    return Chunk(f"c{number:02}", source, source, "T", (), 0, len(text), text, groups=groups)


def index_of(chunks: Sequence[Chunk]) -> SearchIndex:
    return build_index(chunks, np.stack([vector(c.indexed_text) for c in chunks]))


def ask(index: SearchIndex, query: str, principal: Principal = LOCAL, filters: Filters = ANYWHERE, k: int = 10) -> list[tuple[str, float]]:
    return [(hit.chunk.id, hit.score) for hit in search(index, query, vector(query), principal, filters, k)]


def test_the_best_match_comes_first() -> None:
    index = index_of([chunk(1, "We pay rent."), chunk(2, "Sick leave is paid."), chunk(3, "Tea is free.")])
    hits = search(index, "sick leave", vector("sick leave"), LOCAL, ANYWHERE, 3)
    assert hits[0].chunk.id == "c02"
    assert [hit.rank for hit in hits] == [1, 2, 3]
    assert all(0 <= hit.score <= 1 for hit in hits)
    assert hits[0].bm25 is not None
    assert hits[0].bm25 > 0
    assert hits[0].cosine == pytest.approx(float(vector("T\nSick leave is paid.") @ vector("sick leave")), abs=1e-5)


def test_equal_chunks_are_ordered_by_id() -> None:
    index = index_of([chunk(number, "Leave is paid.") for number in (3, 1, 2)])
    assert [name for name, _ in ask(index, "leave", k=2)] == ["c01", "c02"]


def test_only_what_may_be_read_is_found() -> None:
    index = index_of([chunk(1, "Leave.", groups=("hr",)), chunk(2, "Leave."), chunk(3, "Leave.", groups=("it", "hr"))])
    assert {name for name, _ in ask(index, "leave", Principal("x"))} == {"c02"}
    assert {name for name, _ in ask(index, "leave", Principal("x", frozenset({"it"})))} == {"c02", "c03"}
    assert {name for name, _ in ask(index, "leave")} == {"c01", "c02", "c03"}


@pytest.mark.parametrize(
    ("sources", "expected"),
    [
        ((), {"a.md", "hr/a.md", "hr/old/b[1].md", "hr/old/b1.md", "x*.md", "xy.md"}),
        (("a.md",), {"a.md"}),
        (("hr/*",), {"hr/a.md", "hr/old/b[1].md", "hr/old/b1.md"}),
        (("hr/**/*.md",), {"hr/old/b[1].md", "hr/old/b1.md"}),
        (("hr/old/b[1].md",), {"hr/old/b[1].md"}),
        (("hr/old/b[0-9].md",), {"hr/old/b1.md"}),
        (("x*.md",), {"x*.md"}),
        (("x?.md",), {"x*.md", "xy.md"}),
        (("a.md", "xy.md"), {"a.md", "xy.md"}),
        (("A.MD",), set()),
        (("none.md",), set()),
    ],
)
def test_filters_name_sources_or_match_them(sources: tuple[str, ...], expected: set[str]) -> None:
    names = ["a.md", "hr/a.md", "hr/old/b[1].md", "hr/old/b1.md", "x*.md", "xy.md"]
    index = index_of([chunk(i, "Leave.", source=name) for i, name in enumerate(names)])
    hits = search(index, "leave", vector("leave"), LOCAL, Filters(sources), 10)
    assert {hit.chunk.source for hit in hits} == expected


sentence = st.lists(st.sampled_from(["leave", "pay", "sick", "rent", "tea"]), min_size=1, max_size=5).map(" ".join)
places = st.sampled_from(["a.md", "b.md", "a[b].md", "ab.md"])
secured = st.lists(st.tuples(sentence, st.sampled_from([(), ("hr",), ("it",)]), places), min_size=1, max_size=10)


@given(secured, sentence, st.sampled_from([ANYWHERE, Filters(("b.*",)), Filters(("a[b].md",))]), st.integers(1, 5))
def test_what_may_not_be_read_leaves_no_trace(rows: list[tuple[str, tuple[str, ...], str]], query: str, filters: Filters, k: int) -> None:
    chunks = [chunk(i, text, source, groups) for i, (text, groups, source) in enumerate(rows)]
    reader = Principal("x", frozenset({"it"}))
    readable = [c for c in chunks if reader.may_read(c.groups)]
    if readable:
        alone = index_of(readable)
        assert ask(index_of(chunks), query, reader, filters, k) == ask(alone, query, reader, filters, k)
        assert query_stats(index_of(chunks), query, reader) == query_stats(alone, query, reader)
    else:
        assert ask(index_of(chunks), query, reader, filters, k) == []


def test_the_words_of_a_query() -> None:
    stats = query_stats(index_of([chunk(1, "Leave is paid."), chunk(2, "Tea.")]), "Leave, leaves and tea from Mars", LOCAL)
    assert stats.terms == ("leav", "tea", "mar")
    assert stats.idf[0] == stats.idf[1] < stats.idf[2]
    assert stats.ideal_bm25 == pytest.approx(sum(stats.idf))


def test_a_query_of_stop_words_is_still_answered() -> None:
    index = index_of([chunk(1, "Leave."), chunk(2, "Tea.")])
    assert len(ask(index, "what is the")) == 2


def test_nothing_asked_for_nothing_found() -> None:
    assert ask(index_of([chunk(1, "Leave.")]), "leave", k=0) == []


def test_vectors_must_match_the_chunks() -> None:
    with pytest.raises(ValueError, match="2 chunks, but 1 vectors"):
        build_index([chunk(1, "a"), chunk(2, "b")], np.zeros((1, 8), dtype=np.float32))


def test_cosines_hide_what_is_masked() -> None:
    vectors = np.eye(3, dtype=np.float32)
    found = cosines(vectors, vectors[1], np.array([True, True, False]))
    assert found.tolist() == [0.0, 1.0, -1.0]


@given(st.integers(1, 40), st.data())
def test_a_cosine_is_the_same_to_the_last_bit_whatever_stands_beside(size: int, data: st.DataObject) -> None:
    """Under a narrow mask rows are gathered, under a wide one they are read where they stand."""
    vectors = np.random.default_rng(size).standard_normal((size, 384), dtype=np.float32)
    mask = np.array(data.draw(st.lists(st.booleans(), min_size=size, max_size=size)), dtype=np.bool_)
    query = vectors[0] / np.linalg.norm(vectors[0])
    alone = [cosines(vectors[i : i + 1].copy(), query, np.array([True]))[0] for i in range(size)]
    assert cosines(vectors, query, mask).tolist() == [float(c) if m else -1.0 for c, m in zip(alone, mask, strict=True)]


def test_who_may_read_the_same_is_one_audience() -> None:
    audiences = index_of([chunk(1, "Leave.", groups=("hr",)), chunk(2, "Leave.")]).audiences
    hr = audiences.of(Principal("x", frozenset({"hr", "elsewhere"})))
    assert hr is audiences.of(Principal("y", frozenset({"hr"}))) is audiences.of(LOCAL)
    assert hr.whole
    nobody = audiences.of(Principal("z"))
    assert nobody.mask.tolist() == [False, True]
    for number in range(KEPT):
        audiences.of(Principal("x", frozenset({f"hr{number}"})))
    assert audiences.of(Principal("z")) is nobody


def test_the_audiences_used_last_are_kept() -> None:
    groups = [f"g{number}" for number in range(KEPT + 1)]
    audiences = index_of([chunk(number, "Leave.", groups=(group,)) for number, group in enumerate(groups)]).audiences
    first = audiences.of(Principal("x", frozenset({"g0"})))
    second = audiences.of(Principal("x", frozenset({"g1"})))
    for group in groups[2:]:
        assert audiences.of(Principal("x", frozenset({"g0"}))) is first
        audiences.of(Principal("x", frozenset({group})))
    assert audiences.of(Principal("x", frozenset({"g1"}))) is not second


class LongestFirst:
    def score(self, query: str, texts: Sequence[str]) -> list[float]:
        return [float(len(query) + len(text)) for text in texts]


def test_a_reranker_changes_order_and_ranks_alone() -> None:
    index = index_of([chunk(1, "Leave."), chunk(2, "Leave is paid in full."), chunk(3, "Sweets")])
    hits = search(index, "leave", vector("leave"), LOCAL, ANYWHERE, 3)
    again = rerank(hits, "leave", LongestFirst())
    assert [hit.chunk.id for hit in again] == ["c02", *[hit.chunk.id for hit in hits if hit.chunk.id != "c02"]]
    assert [hit.rank for hit in again] == [1, 2, 3]
    assert {replace(hit, rank=0) for hit in again} == {replace(hit, rank=0) for hit in hits}
