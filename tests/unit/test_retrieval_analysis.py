from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

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
        ("2026-06-30 = 30th June 2026 = 30 Jun 2026", ["30", "june", "2026"] * 3),
        ("2026-13-01", ["2026", "13", "1"]),
        ("GB-200, GB200, GB 200", ["gb", "200"] * 3),
        ("ISO27001 200GB 18F Q3 401k", ["iso", "27001", "200", "gb", "18f", "q3", "401k"]),
        ("25% = 25 percent = 25 per cent", ["25", "percent"] * 3),
        ("\u20ac500, EUR 500, 500 euros", ["euro", "500", "euro", "500", "500", "euro"]),
        ("Twelve months, 12 months", ["12", "month"] * 2),
        ("", []),
    ],
)
def test_terms(text: str, expected: list[str]) -> None:
    assert Analyzer().terms(text) == expected


def test_stop_words_are_as_the_analyzer_folds_them() -> None:
    assert all(word == word.casefold() and word.isascii() for word in STOP_WORDS)


@given(st.text(max_size=80) | st.text(alphabet="aB19-.,%\u20ac '\u2019\u00b2", max_size=40))
def test_any_text_has_terms_and_terms_have_letters_or_digits(text: str) -> None:
    assert all(any(character.isalnum() for character in term) for term in Analyzer().terms(text))


@given(st.dates())
def test_a_date_is_the_same_in_words_and_digits(day: date) -> None:
    written = f"{day.day} {day:%B} {day.year}"
    assert Analyzer().terms(day.isoformat()) == Analyzer().terms(written)


def test_threads_share_an_analyzer() -> None:
    words = [
        f"{stem}{end}" for stem in ("walk", "organ", "nation", "comput", "rel") for end in ("ing", "ization", "ation", "ational", "ed")
    ]
    alone = [Analyzer().terms(word) for word in words]
    shared = Analyzer()
    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(shared.terms, words * 20)) == alone * 20
