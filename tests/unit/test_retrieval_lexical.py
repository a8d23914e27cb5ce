from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.retrieval import lexical

words = st.sampled_from(["leave", "pay", "sick", "day", "rent", "é"])
texts = st.lists(st.lists(words, max_size=8), min_size=1, max_size=12)
queries = st.lists(st.sampled_from(["leave", "pay", "sick", "é", "absent"]), max_size=5)


def everyone(index: lexical.LexicalIndex) -> lexical.Audience:
    return lexical.audience(index, np.ones(index.size, dtype=np.bool_))


def naive_bm25(documents: list[list[str]], query: list[str]) -> list[float]:
    average = sum(map(len, documents)) / len(documents)
    scores = []
    for document in documents:
        score = 0.0
        for term in set(query):
            holders = sum(term in other for other in documents)
            rarity = math.log(1 + (len(documents) - holders + 0.5) / (holders + 0.5))
            count = document.count(term)
            if count:
                norm = lexical.K1 * (1 - lexical.B + lexical.B * len(document) / average)
                score += rarity * count * (lexical.K1 + 1) / (count + norm)
        scores.append(score)
    return scores


@given(texts, queries)
def test_scores_are_those_of_the_formula(documents: list[list[str]], query: list[str]) -> None:
    index = lexical.build(documents)
    assert lexical.bm25(index, query, everyone(index)) == pytest.approx(naive_bm25(documents, query), rel=1e-5)


@given(texts, queries, st.data())
def test_what_may_not_be_read_does_not_touch_a_score(documents: list[list[str]], query: list[str], data: st.DataObject) -> None:
    mask = np.array(data.draw(st.lists(st.booleans(), min_size=len(documents), max_size=len(documents))), dtype=np.bool_)
    index = lexical.build(documents)
    alone = lexical.build([d for d, readable in zip(documents, mask, strict=True) if readable])
    readers = lexical.audience(index, mask)
    found = lexical.bm25(index, query, readers)
    assert found[mask].tolist() == lexical.bm25(alone, query, everyone(alone)).tolist()
    assert not found[~mask].any()
    for term in query:
        assert lexical.idf(index, term, readers) == lexical.idf(alone, term, everyone(alone))
    assert lexical.ideal_bm25(index, query, readers) == lexical.ideal_bm25(alone, query, everyone(alone))


def test_rare_terms_weigh_more() -> None:
    index = lexical.build([["leave", "sick"], ["leave"], ["leave", "pay"]])
    rarities = [lexical.idf(index, term, everyone(index)) for term in ("leave", "sick", "absent")]
    assert rarities == sorted(rarities)
    assert rarities[0] > 0


def test_the_ideal_is_an_average_chunk_with_every_term_once() -> None:
    index = lexical.build([["leave", "sick"], ["pay", "day"]])
    score = lexical.bm25(index, ["leave", "sick", "leave"], everyone(index))[0]
    assert score == pytest.approx(lexical.ideal_bm25(index, ["leave", "sick", "leave"], everyone(index)))


@given(texts)
def test_comes_back_from_disk(documents: list[list[str]]) -> None:
    import tempfile

    index = lexical.build(documents)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "lexical.npz"
        lexical.save(index, path)
        back = lexical.load(path)
    assert back.vocabulary == index.vocabulary
    for name in ("offsets", "postings", "frequencies", "lengths"):
        assert np.array_equal(getattr(back, name), getattr(index, name))
        assert getattr(back, name).dtype == getattr(index, name).dtype


def test_an_index_of_nothing() -> None:
    index = lexical.build([])
    assert lexical.bm25(index, ["leave"], everyone(index)).shape == (0,)


def test_a_foreign_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "lexical.npz"
    path.write_bytes(b"no archive")
    with pytest.raises(ValueError, match="pickled"):
        lexical.load(path)
