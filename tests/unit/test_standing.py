from __future__ import annotations

from contextlib import closing
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.documents import DocumentStore, DocumentWriter, Edition
from assistant.standing import Editions, Standing, facts
from assistant.types import LOCAL, Principal
from tests.builders import document
from tests.editions import TODAY, edition

STAFF = Principal("staff", frozenset({"staff"}))
OLD, NEW, NEXT = (
    edition("old.md", date(2023, 2, 1)),
    edition("new.md", date(2025, 9, 1), ["old.md"]),
    edition("next.md", date(2027, 1, 1), ["new.md"]),
)


def standing(source: str, *editions: Edition, day: date = TODAY, reader: Principal = LOCAL) -> Standing:
    return Editions(editions).standing(source, reader, day)


def test_a_document_that_says_nothing_of_its_time_is_in_force() -> None:
    assert standing("a.md", edition("a.md")).in_force


def test_it_holds_from_its_first_day_to_its_last_one() -> None:
    mayfly = edition("mayfly.md", date(2026, 5, 1), expires=date(2026, 5, 2))
    states = [standing("mayfly.md", mayfly, day=date(2026, 4, 30) + timedelta(days)).state for days in range(4)]
    assert states == ["not_yet_in_force", "in_force", "in_force", "expired"]


def test_a_successor_replaces_it_on_the_day_on_which_it_begins() -> None:
    assert standing("old.md", OLD, NEW, day=date(2025, 8, 31)).in_force
    replaced = standing("old.md", OLD, NEW, day=date(2025, 9, 1))
    assert (replaced.state, replaced.replaced, replaced.prevailing) == ("superseded", date(2025, 9, 1), (NEW,))


def test_at_the_end_of_a_chain_the_last_edition_prevails() -> None:
    replaced = standing("old.md", OLD, NEW, NEXT, day=date(2027, 2, 1))
    assert (replaced.replaced, replaced.prevailing) == (date(2025, 9, 1), (NEXT,))


def test_until_a_coming_edition_begins_the_present_one_prevails() -> None:
    coming = standing("next.md", OLD, NEW, NEXT)
    assert (coming.state, coming.prevailing) == ("not_yet_in_force", (NEW,))


def test_what_was_replaced_does_not_come_back_when_its_successor_expires() -> None:
    short = replace(NEW, expires=date(2026, 1, 31))
    assert standing("old.md", OLD, short).state == "superseded"
    assert standing("old.md", OLD, short).prevailing == ()


def test_a_successor_that_one_may_not_read_does_not_exist() -> None:
    secret = replace(NEW, groups=("board",))
    assert standing("old.md", OLD, secret, reader=STAFF) == Standing(OLD, "in_force")
    assert standing("old.md", OLD, secret).state == "superseded"


def test_a_chain_is_not_followed_through_what_one_may_not_read() -> None:
    assert standing("old.md", OLD, replace(NEW, groups=("board",)), NEXT, reader=STAFF, day=date(2027, 2, 1)).in_force


def test_editions_that_supersede_each_other_settle_nothing() -> None:
    one, other = edition("one.md", None, ["other.md"]), edition("other.md", None, ["one.md"])
    assert standing("one.md", one, other).in_force
    assert standing("other.md", one, other).in_force


def test_a_document_that_takes_the_place_of_two_prevails_over_both() -> None:
    both = edition("both.md", date(2026, 1, 1), ["old.md", "else.md", "gone.md"])
    editions = (OLD, edition("else.md"), both)
    assert [standing(source, *editions).prevailing for source in ("old.md", "else.md")] == [(both,), (both,)]


def test_a_document_that_is_not_there_has_no_standing() -> None:
    with pytest.raises(KeyError):
        standing("nowhere.md", OLD)


@given(
    st.lists(
        st.tuples(
            st.sampled_from([None, date(2024, 1, 1), date(2026, 1, 1), date(2027, 1, 1)]),
            st.sets(st.integers(0, 5), max_size=2),
            st.booleans(),
            st.sampled_from([None, date(2025, 1, 1), date(2027, 1, 1)]),
        ),
        min_size=6,
        max_size=6,
    )
)
def test_what_one_may_not_read_changes_nothing(made: list[tuple[date | None, set[int], bool, date | None]]) -> None:
    editions = [
        edition(f"{n}.md", effective, [f"{other}.md" for other in sorted(others)], groups=("board",) if secret else (), expires=expires)
        for n, (effective, others, secret, expires) in enumerate(made)
    ]
    readable = [one for one in editions if not one.groups]
    for one in readable:
        assert standing(one.source, *editions, reader=STAFF) == standing(one.source, *readable, reader=STAFF)


def test_one_line_says_what_is_to_be_known_of_a_passage() -> None:
    everything = (OLD, NEW, NEXT, edition("plain.md"), edition("end.md", date(2024, 1, 1), expires=date(2025, 12, 31)))
    assert {one.source: facts(standing(one.source, *everything)) for one in everything} == {
        "old.md": "No longer in force: replaced on 2025-09-01; “new” holds",
        "new.md": "In force since 2025-09-01",
        "next.md": "Not in force before 2027-01-01; until then “new” holds",
        "plain.md": None,
        "end.md": "No longer in force: it held until 2025-12-31",
    }


def test_editions_are_read_from_the_store(tmp_path: Path) -> None:
    full = replace(
        document("hr/leave.md", groups=("hr",)),
        owner="people@northlight.example",
        effective=date(2026, 1, 1),
        expires=date(2027, 1, 1),
        supersedes=("hr/leave-2024.md",),
    )
    writer = DocumentWriter.create(tmp_path / "documents.sqlite")
    writer.put(full, [])
    writer.put(document("hr/other.md"), [])
    writer.finish()
    writer.close()
    with closing(DocumentStore.open(tmp_path / "documents.sqlite")) as documents:
        assert documents.editions() == [
            Edition(full.id, full.source, full.title, full.groups, full.owner, full.effective, full.expires, full.supersedes),
            Edition("id-hr/other.md", "hr/other.md", "Leave"),
        ]
