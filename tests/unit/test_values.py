from __future__ import annotations

from decimal import Decimal

import pytest

from assistant.retrieval.analysis import Analyzer
from assistant.values import asked_for, contradicted, values, without_values

ANALYZER = Analyzer()


def kinds(text: str) -> dict[str, set[object]]:
    return {kind: set(said) for kind, said in values(text, ANALYZER).items()}


def differ(one: str, other: str) -> set[str]:
    return set(contradicted(values(one, ANALYZER), values(other, ANALYZER)))


def test_quantities_are_told_apart_by_their_units() -> None:
    assert kinds("25 days, €48 or 70 %, by 18:00, of at least 14 characters and 20 MB") == {
        "day": {Decimal(25)},
        "eur": {Decimal(48)},
        "%": {Decimal(70)},
        "time": {"18:00"},
        "charact": {Decimal(14)},
        "mb": {Decimal(20)},
    }


def test_a_day_of_any_year_is_a_value_and_a_dated_event_is_none() -> None:
    assert kinds("Leave lapses on 31 March.") == {"date": {(None, 3, 31)}}
    assert kinds("The policy of 1 January 2026 replaces that of 2024-01-01.") == {}


@pytest.mark.parametrize(
    ("text", "permitted"),
    [
        ("Printing at home is allowed.", True),
        ("You may bring guests.", True),
        ("Printing at home is not allowed.", False),
        ("Guests may not be brought.", False),
        ("You can't bring guests.", False),
        ("Work documents may never be printed at home.", False),
    ],
)
def test_what_is_permitted_is_a_value(text: str, permitted: bool) -> None:
    assert kinds(text) == {"permission": {permitted}}


def test_a_contradiction_is_another_value_of_the_same_kind() -> None:
    assert differ("up to 2 days", "up to three days") == {"day"}
    assert differ("two days", "2 days or 3 days") == set()
    assert differ("2 days", "2 weeks") == set()
    assert differ("You may print.", "You may not print.") == {"permission"}


@pytest.mark.parametrize(
    ("question", "kind"),
    [
        ("How many days can I stay home?", "day"),
        ("How long is the notice?", "month"),
        ("What is the meal allowance?", "eur"),
        ("When does the office open?", "time"),
        ("Until when must leave be taken?", "date"),
        ("How long must a password be?", "charact"),
        ("Am I allowed to print?", "permission"),
    ],
)
def test_a_question_asks_for_a_kind(question: str, kind: str) -> None:
    assert asked_for({kind}, question, ANALYZER)


def test_what_is_not_asked_for_does_not_count() -> None:
    assert not asked_for({"day", "eur", "charact", "permission"}, "Who is on the crisis team?", ANALYZER)


def test_without_its_values_a_sentence_is_what_it_is_about() -> None:
    assert without_values("You may spend €48.50 or 10 % each day") == without_values("You can spend €55 or 20 % each day")
