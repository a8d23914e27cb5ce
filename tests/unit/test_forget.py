"""Erasure: what was forgotten is nowhere below FOOTNOTE_HOME, and what others have too stays."""

from __future__ import annotations

import asyncio
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from assistant.errors import IngestError, NotFound
from assistant.traces import Ledger
from assistant.types import LOCAL, Question
from ingest.forget import forget
from ingest.runs import files_with, own_runs, runs_of
from tests.builders import call, trace
from tests.fakes import MemoryChunkIndex, MemoryChunkStore
from tests.worlds import OPEN_GATE, World

SECRET = (
    "# Settlement\n\n## Terms\n\nThe parties agree that Avery Quill receives forty thousand pounds in two parts, the first in March and "
    "the second in September, and that neither speaks of it to anyone outside the board.\n\n"
    "Everyone has 25 days of paid annual leave in a year.\n"
)
LEAVE = "# Leave\n\n## Annual leave\n\nEveryone has 25 days of paid annual leave in a year.\n"


@pytest.fixture
def world(tmp_path: Path) -> World:
    made = World(tmp_path)
    made.write("board/settlement.md", SECRET)
    made.write("hr/leave.md", LEAVE)
    made.ingest()
    made.write("hr/leave.md", LEAVE + "\nLeave is asked for two weeks ahead.\n")
    made.ingest()
    return made


def ask(world: World, question: str) -> str:
    with world.assistant(OPEN_GATE) as assistant:
        return asyncio.run(assistant.ask(Question(question, LOCAL))).trace_id


def holding(world: World, words: bytes) -> list[str]:
    return [path.name for path in world.home.folder.rglob("*") if path.is_file() and words in path.read_bytes()]


def test_nothing_of_a_forgotten_document_is_left(world: World) -> None:
    ask(world, "How many days of annual leave are there?")
    told = ask(world, "What does Avery Quill receive in March?")
    kept = ask(world, "How long ahead is leave asked for?")
    assert len(holding(world, b"forty thousand pounds")) >= 3
    (world.folder / "board/settlement.md").unlink()

    gone = forget(world.work(), "board/settlement.md")

    assert holding(world, b"forty thousand pounds") == []
    assert holding(world, b"board/settlement.md") == []
    assert {source for source, _, _ in world.held()} == {"hr/leave.md"}
    assert (gone.documents, gone.copies, gone.traces >= 1, gone.runs > 20, gone.files >= 5) == (1, (), True, True, True)
    assert world.home.complete() == [gone.generation]
    ledger = Ledger(world.home.traces)
    with pytest.raises(NotFound):
        ledger.trace(told)
    assert ledger.trace(kept)["question"] == "How long ahead is leave asked for?"
    ledger.close()


def test_words_that_another_document_has_too_stay(world: World) -> None:
    (world.folder / "board/settlement.md").unlink()

    forget(world.work(), "board/settlement.md")

    assert "documents.sqlite" in holding(world, b"25 days of paid annual leave in a year")


def test_versions_that_only_an_older_generation_has_go_too(world: World) -> None:
    (world.folder / "board/settlement.md").unlink()
    world.ingest()
    assert holding(world, b"forty thousand pounds") != []

    forget(world.work(), "board/settlement.md")

    assert holding(world, b"forty thousand pounds") == []


def test_traces_of_a_document_that_no_generation_holds_any_more_go(world: World) -> None:
    ask(world, "What does Avery Quill receive in March?")
    (world.folder / "board/settlement.md").unlink()
    for version in (1, 2, 3):
        world.write("hr/leave.md", LEAVE + f"\nThis is version {version}.\n")
        world.ingest()
    assert "traces.sqlite" in holding(world, b"forty thousand pounds")

    gone = forget(world.work(), "board/settlement.md")

    assert (gone.traces, gone.runs, holding(world, b"forty thousand pounds")) == (1, 0, [])


def test_what_is_left_in_a_file_of_others_is_told_and_can_be_tried_again(world: World) -> None:
    note = world.home.folder / "note.txt"
    note.write_text(SECRET, encoding="utf-8")
    (world.folder / "board/settlement.md").unlink()

    with pytest.raises(IngestError, match=r"still in .*note.txt"):
        forget(world.work(), "board/settlement.md")
    note.unlink()

    assert forget(world.work(), "board/settlement.md").runs > 20


class Untidy(MemoryChunkStore):
    """Leaves words of what it held before in the first file that it writes, as Chroma may."""

    def __init__(self, world: World) -> None:
        super().__init__()
        self._world, self.left = world, 1
        self.generations = world.store.generations

    def create(self, generation: str) -> MemoryChunkIndex:
        if self.left:
            self.left -= 1
            (self._world.home.generation(generation) / "data.bin").write_text(SECRET, encoding="utf-8")
        return super().create(generation)


def test_an_untidy_store_is_made_to_write_again(world: World) -> None:
    world.store = Untidy(world)
    (world.folder / "board/settlement.md").unlink()

    forget(world.work(), "board/settlement.md")

    assert holding(world, b"forty thousand pounds") == []


def test_old_vectors_of_a_changed_document_go_too(world: World) -> None:
    world.write("board/settlement.md", SECRET.replace("forty", "fifty"))
    world.ingest()
    (world.folder / "board/settlement.md").unlink()

    assert forget(world.work(), "board/settlement.md").vectors > 1


def test_a_file_that_is_still_there_is_refused_and_nothing_is_changed(world: World) -> None:
    before = world.contents()

    with pytest.raises(IngestError, match=r"is still in .* add --ban"):
        forget(world.work(), "board/settlement.md")
    assert world.contents() == before


def test_a_banned_file_stays_out_under_any_name(world: World) -> None:
    gone = forget(world.work(), "board/settlement.md", ban=True)
    (world.folder / "other").mkdir()
    (world.folder / "board/settlement.md").rename(world.folder / "other/name.md")
    world.write("board/settlement.md", "# Settlement\n\nA new one.\n")

    report = world.ingest()

    assert (gone.banned, report.banned, report.documents) == (True, ("board/settlement.md", "other/name.md"), 1)
    assert report.passed_over["banned"] == 2
    assert holding(world, b"forty thousand pounds") == []


def test_a_copy_under_another_name_is_named(world: World) -> None:
    world.write("copy.md", SECRET)
    world.ingest()
    (world.folder / "board/settlement.md").unlink()

    assert forget(world.work(), "board/settlement.md").copies == ("copy.md",)
    assert {source for source, _, _ in world.held()} == {"hr/leave.md", "copy.md"}


def test_the_last_document_can_be_forgotten(world: World) -> None:
    (world.folder / "board/settlement.md").unlink()
    (world.folder / "hr/leave.md").unlink()

    forget(world.work(), "board/settlement.md")
    gone = forget(world.work(), "hr/leave.md")

    assert (gone.documents, world.held()) == (0, set())
    asked = ask(world, "How many days of annual leave are there?")
    ledger = Ledger(world.home.traces)
    assert ledger.trace(asked)["reason"] == "no_evidence"
    ledger.close()


def test_an_unknown_document_is_told_with_the_nearest(world: World) -> None:
    with pytest.raises(IngestError, match=r"no trace names it. Did you mean board/settlement.md\?"):
        forget(world.work(), "board/settlment.md")
    with pytest.raises(IngestError, match="nothing to forget"):
        forget(World(world.home.folder.parent / "new").work(), "a.md")


def test_what_a_call_cost_stays_booked(world: World) -> None:
    ledger = Ledger(world.home.traces)
    ledger.book(call(error="cut"), "t9", "local")
    ledger.record(trace("t9", question="What of board/settlement.md?")).result()
    ledger.close()
    (world.folder / "board/settlement.md").unlink()

    forget(world.work(), "board/settlement.md")

    ledger = Ledger(world.home.traces)
    assert [(row["usd"], row["error"], row["outcome"]) for row in ledger.calls()] == [("0.002", "cut", "answer")]
    ledger.close()


def test_what_was_deleted_before_is_gone_too(world: World) -> None:
    """As most builds of SQLite leave it: in the file, where nothing points to it."""
    asked = ask(world, "How many days of annual leave are there?")
    with closing(sqlite3.connect(world.home.traces)) as db, db:
        db.execute("PRAGMA secure_delete = OFF")
        comment = f"He receives forty thousand pounds in two parts.{' So it said.' * 20}"
        db.execute("INSERT INTO feedback VALUES (?, '2026-11-22', 'ann', -1, ?)", (asked, comment))
        db.commit()
        db.execute("DELETE FROM feedback")
    assert "traces.sqlite" in holding(world, b"forty thousand pounds")
    (world.folder / "board/settlement.md").unlink()

    forget(world.work(), "board/settlement.md")

    assert holding(world, b"forty thousand pounds") == []


def test_a_banned_list_that_cannot_be_read_stops_the_ingest(world: World) -> None:
    world.home.bans.write_text("{", encoding="utf-8")

    with pytest.raises(IngestError, match="never to be ingested"):
        world.ingest()


class TestRuns:
    def test_a_run_is_eight_words_whatever_stands_between(self) -> None:
        assert runs_of(["One, two\nthree FOUR five-six seven eight."]) == {("one", "two", "three", "four", "five", "six", "seven", "eight")}
        assert runs_of(["only seven words are no run here"]) == set()

    def test_runs_are_found_in_json_and_across_pieces(self, tmp_path: Path) -> None:
        runs = own_runs(["one two three four five six seven eight nine"], ["two three four five six seven eight nine"])
        (tmp_path / "a.json").write_text(r'{"text": "One two\nthree \"four\" five six seven eight."}', encoding="utf-8")
        (tmp_path / "b.bin").write_bytes(b"\0" * (8_000_000 - 20) + b" one two three four five six seven eight ")
        (tmp_path / "c.txt").write_text("two three four five six seven eight nine", encoding="utf-8")

        assert {path.name: found for path, found in files_with(runs, tmp_path)} == {"a.json": True, "b.bin": True, "c.txt": False}
