from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.prefer import NEARLY_AS_WELL, Choice, asked_days, prefer
from tests.editions import TODAY, Company, edition, hits, passage

OLD, NEW = edition("old.md", date(2024, 1, 1)), edition("new.md", date(2026, 1, 1), ["old.md"])
COMPANY = Company([OLD, NEW, edition("leave.md")])
TWO_DAYS, THREE_DAYS = passage("Two days at home.", "old.md"), passage("Three days at home.", "new.md")
LEAVE = passage("25 days of leave.", "leave.md")


def chosen(question: str, day: date = TODAY, new: float = 0.9) -> tuple[list[str], list[str]]:
    choice = prefer(question, hits(TWO_DAYS, THREE_DAYS, LEAVE, scores=[1.0, new, 0.5]), COMPANY.standing, day)
    return [hit.chunk.source for hit in choice.hits], [hit.chunk.source for hit in choice.aside]


def test_an_old_edition_is_set_aside_for_the_one_in_force() -> None:
    assert chosen("How many days at home?") == (["new.md", "leave.md"], ["old.md"])


def test_on_another_day_another_edition_is_preferred() -> None:
    assert chosen("How many days at home?", date(2024, 6, 1)) == (["old.md", "leave.md"], ["new.md"])


def test_an_old_edition_is_kept_where_the_new_one_fits_the_question_much_less() -> None:
    assert chosen("How many days at home?", new=NEARLY_AS_WELL - 0.01) == (["old.md", "new.md", "leave.md"], [])


def test_an_old_edition_is_kept_where_no_other_was_found() -> None:
    found = hits(TWO_DAYS, LEAVE)
    assert prefer("How many days at home?", found, COMPANY.standing, TODAY) == Choice(tuple(found))


@pytest.mark.parametrize(
    "question",
    [
        "How many days did the old policy allow?",
        "What changes with the new rules?",
        "Which days used to be free?",
        "How long before this was it?",
    ],
)
def test_who_asks_about_editions_is_shown_all(question: str) -> None:
    assert chosen(question) == (["old.md", "new.md", "leave.md"], [])


@pytest.mark.parametrize("question", ["My new laptop is slow", "I am a new employee", "an 18 year old", "Must I ask before I travel?"])
def test_new_and_old_things_are_no_editions(question: str) -> None:
    assert chosen(question) == (["new.md", "leave.md"], ["old.md"])


def test_a_year_in_the_question_chooses_its_edition() -> None:
    assert chosen("How many days at home in 2025?") == (["old.md", "leave.md"], ["new.md"])
    assert chosen("How many days at home last year?") == (["old.md", "leave.md"], ["new.md"])
    assert chosen("How many days at home in 2027?") == (["new.md", "leave.md"], ["old.md"])
    assert chosen("From 2025 to 2026, how many days at home?") == (["old.md", "new.md", "leave.md"], [])


@pytest.mark.parametrize(
    ("question", "days"),
    [
        ("in 2025", (date(2025, 1, 1), date(2025, 12, 31))),
        ("due in February 2027", (date(2027, 2, 1), date(2027, 2, 28))),
        ("on 2024-02-29", (date(2024, 2, 29),)),
        ("starting next year", (date(2027, 1, 1), date(2027, 12, 31))),
        ("last month", (date(2026, 10, 1), date(2026, 10, 31))),
        ("next month", (date(2026, 12, 1), date(2026, 12, 31))),
        ("memo FM-2026-04, room 2025.1, on 2025-02-30", ()),
        ("within 2000 days, for €2000, for 2000 euros, at 2000 %", ()),
    ],
)
def test_days_that_a_question_names(question: str, days: tuple[date, ...]) -> None:
    assert asked_days(question, TODAY) == days


@given(st.text(max_size=80), st.dates(date(1990, 1, 1), date(2090, 1, 1)), st.floats(0, 1))
def test_no_hit_is_lost_or_moved(question: str, day: date, new: float) -> None:
    found = hits(TWO_DAYS, THREE_DAYS, LEAVE, scores=[1.0, new, 0.5])
    choice = prefer(question, found, COMPANY.standing, day)
    assert sorted((*choice.hits, *choice.aside), key=lambda hit: hit.rank) == found
    assert [hit.rank for hit in choice.hits] == sorted(hit.rank for hit in choice.hits)
    assert choice.hits
