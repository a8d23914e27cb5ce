"""Generations from a reader's side, and from that of who goes back to one."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from assistant.errors import IndexBroken, IndexMissing, IngestError
from assistant.generation import Snapshot, Snapshots, read_lexical, read_manifest, write_manifest
from assistant.retrieval import lexical
from assistant.retrieval.analysis import ANALYSIS
from ingest.pipeline import MOST_REMOVED
from tests.fakes import MemoryChunkIndex, MemoryChunkStore
from tests.worlds import World


@pytest.fixture(params=[2, 3])
def world(request: pytest.FixtureRequest, tmp_path: Path) -> World:
    made = World(tmp_path, MemoryChunkStore(request.param))
    write(made, "leave", 1)
    for topic in ("travel", "phones", "desks"):
        write(made, topic, 1)
    made.ingest()
    return made


def write(world: World, topic: str, version: int) -> None:
    world.write(f"{topic}.md", f"# {topic}\n\n## Rules\n\nVersion {version} of the rules on {topic} holds.\n")


def readers(world: World) -> Snapshots:
    return Snapshots(world.home, world.store, world.embedder.model_id)


def told(snapshot: Snapshot) -> set[str]:
    return {chunk.text for chunk in snapshot.index.chunks}


def test_a_reader_follows_and_keeps_what_it_began_with(world: World) -> None:
    snapshots = readers(world)
    first = snapshots.current()
    held = told(first)
    for version in range(2, 7):
        write(world, "leave", version)
        world.ingest()
        assert f"Version {version} of the rules on leave holds." in told(snapshots.current())

    assert told(first) == held
    assert {d.source for d in first.documents.each()} == {"leave.md", "travel.md", "phones.md", "desks.md"}


def test_following_reads_only_what_changed(world: World) -> None:
    snapshots = readers(world)
    snapshots.current()
    write(world, "leave", 2)
    world.ingest()
    loaded: list[int] = []

    class Counting(MemoryChunkIndex):
        def load(self, ids):  # type: ignore[no-untyped-def]  # as the class above it
            loaded.append(len(ids))
            return super().load(ids)

    world.store.open = lambda generation: Counting(world.store.generations[generation])  # type: ignore[method-assign]  # counts

    assert told(snapshots.current()) == told(world.snapshot())
    assert loaded[0] == 1


def test_a_reader_that_opens_what_is_taken_away_meanwhile_goes_on_with_the_next(world: World) -> None:
    snapshots = readers(world)
    opened = world.store.open

    def open_late(generation: str) -> MemoryChunkIndex:
        world.store.open = opened  # type: ignore[method-assign]  # once only
        for version in (2, 3, 4):
            write(world, "leave", version)
            world.ingest()
        return opened(generation)

    world.store.open = open_late  # type: ignore[method-assign]  # the moment between two reads

    assert "Version 4 of the rules on leave holds." in told(snapshots.current())


def test_rolling_back_brings_the_documents_before_back(world: World) -> None:
    before, snapshots = world.contents(), readers(world)
    snapshots.current()
    write(world, "leave", 2)
    world.ingest()

    manifest = world.work().rollback()

    assert (world.contents(), world.home.current(), manifest.documents) == (before, manifest.id, 4)
    assert told(snapshots.current()) == told(world.snapshot())


def test_after_rolling_back_an_ingest_catches_up_with_the_folder(world: World) -> None:
    write(world, "leave", 2)
    world.ingest()
    after = world.contents()
    world.work().rollback()

    report = world.ingest()

    assert (report.count("changed"), report.embedded, world.contents()) == (1, 0, after)


def test_there_is_not_always_something_to_go_back_to(world: World) -> None:
    before = world.home.current()

    with pytest.raises(IngestError, match="no earlier generation"):
        world.work().rollback()
    assert world.home.current() == before


def test_a_generation_of_another_model_is_not_gone_back_to(world: World) -> None:
    world.embedder.model_id = "fake@2"
    world.ingest()

    with pytest.raises(IngestError, match="FOOTNOTE_EMBEDDINGS"):
        world.work().rollback()


def test_a_generation_that_is_not_whole_is_not_gone_back_to(world: World) -> None:
    first = str(world.home.current())
    write(world, "leave", 2)
    world.ingest()
    with closing(world.store.open(first)) as index:
        index.remove(index.ids()[:1])

    with pytest.raises(IngestError, match="no earlier generation"):
        world.work().rollback()


def test_as_many_generations_are_kept_as_the_store_wants(world: World) -> None:
    for version in range(2, 8):
        write(world, "leave", version)
        world.ingest()

    assert len(world.home.complete()) == world.store.kept
    assert set(world.store.generations) == set(world.home.complete())
    assert world.home.complete()[-1] == world.home.current()


def test_nothing_ingested_and_nothing_readable_are_told(world: World, tmp_path: Path) -> None:
    with pytest.raises(IndexMissing):
        readers(World(tmp_path / "new")).current()
    world.store.generations.clear()
    with pytest.raises(IndexBroken):
        readers(world).current()


def test_the_removal_guard_holds_for_a_damaged_index_too(world: World) -> None:
    assert MOST_REMOVED < 0.5
    for topic in ("travel", "phones"):
        (world.folder / f"{topic}.md").unlink()
    world.store.generations.clear()

    with pytest.raises(IngestError, match="2 of 4 documents would be removed"):
        world.ingest(consent=False)


def test_a_reader_that_follows_sees_new_groups_at_once(world: World) -> None:
    snapshots = readers(world)
    snapshots.current()
    world.write(".footnote.yaml", "files:\n  leave.md: {groups: [hr]}\n")
    world.ingest()

    assert {c.source: c.groups for c in snapshots.current().index.chunks}["leave.md"] == ("hr",)


def test_rolling_back_goes_one_step(world: World) -> None:
    for version in (2, 3):
        write(world, "leave", version)
        world.ingest()

    world.work().rollback()

    assert "Version 2 of the rules on leave holds." in told(world.snapshot())


@pytest.mark.parametrize("follows", [False, True])
def test_a_chunk_that_is_not_what_its_document_says_is_not_answered_from(world: World, follows: bool) -> None:
    snapshots = readers(world)
    if follows:
        snapshots.current()
    write(world, "leave", 2)
    world.ingest()
    rows = world.store.generations[str(world.home.current())]
    for chunk_id, (chunk, vector) in rows.items():
        rows[chunk_id] = (replace(chunk, groups=("others",)), vector)

    with pytest.raises(IndexBroken, match="not as its document says"):
        snapshots.current()


def test_what_a_crash_left_is_swept_though_nothing_changed(world: World) -> None:
    (world.home.generations / "unfinished").mkdir()
    world.store.generations["unfinished"] = {}

    assert not world.ingest().published
    assert "unfinished" not in {*world.store.generations, *(path.name for path in world.home.generations.iterdir())}


def test_what_was_good_is_kept_after_the_same_mistake_twice(world: World) -> None:
    good = world.contents()
    write(world, "leave", 2)
    world.ingest()
    world.work().rollback()
    world.ingest()

    world.work().rollback()

    assert world.contents() == good


def test_rebuilding_takes_nothing_over(world: World) -> None:
    held = world.contents()
    with closing(sqlite3.connect(world.home.documents(str(world.home.current())))) as db, db:
        db.execute("UPDATE documents SET text = replace(text, 'holds', 'fails')")
    assert not world.ingest().published

    report = world.work().run(world.folder, rebuild=True)

    assert (report.published, report.embedded, world.contents()) == (True, 0, held)


def test_a_damaged_current_is_not_carried_on(world: World) -> None:
    world.home.current_file.write_text("zzz", encoding="ascii")

    world.ingest()

    assert "zzz" not in str(world.home.current())


def test_there_is_nothing_to_go_back_to_before_the_first_ingest(tmp_path: Path) -> None:
    empty = World(tmp_path / "empty")

    with pytest.raises(IngestError, match="Nothing was ingested yet"):
        empty.work().rollback()
    assert not empty.home.folder.exists()


def test_words_of_other_code_are_counted_anew_at_once_and_for_good_by_the_next_ingest(world: World) -> None:
    name = str(world.home.current())
    stale = replace(lexical.build([["old"]] * 4), analysis="other code")
    lexical.save(stale, world.home.lexical(name))
    write_manifest(world.home.generation(name), replace(read_manifest(world.home.generation(name)), pipeline="other code"))

    opened = readers(world).current()
    assert opened.index.lexical.analysis == ANALYSIS
    assert "rule" in opened.index.lexical.vocabulary

    world.ingest()
    written = read_lexical(world.home.lexical(str(world.home.current())))
    assert written.analysis == ANALYSIS
    assert written.vocabulary == opened.index.lexical.vocabulary
