from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from assistant.retrieval.analysis import STOP_WORDS, Analyzer


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("The employees are employed", ["employe", "employ"]),
        ("1,000 days, 1000 days", ["1000", "day", "1000", "day"]),
        ("3.5 percent of 2,5", ["3.5", "percent", "2,5"]),
        ("Café CAFÉ cafe", ["cafe", "cafe", "cafe"]),
        ("the company's rule, don\u2019t", ["compani", "rule", "dont"]),
        ("part-time co_op", ["part", "time", "co", "op"]),
        ("Stra\u00dfe STRASSE", ["strass", "strass"]),
        ("What is the", []),
        ("", []),
    ],
)
def test_terms(text: str, expected: list[str]) -> None:
    assert Analyzer().terms(text) == expected


def test_stop_words_are_as_the_analyzer_folds_them() -> None:
    assert all(word == word.casefold() and word.isascii() for word in STOP_WORDS)


def test_threads_share_an_analyzer() -> None:
    words = [
        f"{stem}{end}" for stem in ("walk", "organ", "nation", "comput", "rel") for end in ("ing", "ization", "ation", "ational", "ed")
    ]
    alone = [Analyzer().terms(word) for word in words]
    shared = Analyzer()
    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(shared.terms, words * 20)) == alone * 20
