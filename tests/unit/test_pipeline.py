"""The ingest over fakes: the index holds exactly what the folder holds, whatever happened before."""

from __future__ import annotations

import json
from contextlib import closing
from dataclasses import asdict, replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from assistant.errors import IngestError, LimitExceeded, NothingToIngest, RootMismatch
from assistant.generation import read_manifest, write_manifest
from assistant.types import LOCAL
from ingest.parsing import FileParser
from ingest.types import ParsedDocument
from tests.fakes import MemoryChunkStore
from tests.worlds import World


def page(topic: str, sentences: int = 3) -> str:
    return f"# {topic}\n\n## Rules\n\n" + " ".join(f"Rule {n} on {topic} holds for all." for n in range(sentences)) + "\n"


@pytest.fixture
def world(tmp_path: Path) -> World:
    made = World(tmp_path)
    for topic in ("leave", "travel", "security", "purchasing", "safety"):
        made.write(f"{topic}.md", page(topic))
    made.ingest()
    return made


def clean_build(world: World, tmp_path: Path) -> set[tuple[str, str, str]]:
    fresh = World(tmp_path / "clean")
    fresh.ingest(world.folder)
    return fresh.held()


def test_the_first_ingest_publishes_everything(world: World) -> None:
    assert {d.source for d in world.snapshot().documents.listed(LOCAL)} == {f.name for f in world.folder.iterdir()}


def test_nothing_changed_publishes_nothing_and_embeds_nothing(world: World) -> None:
    before, embedded = world.home.current(), world.embedder.embedded

    report = world.ingest()

    assert (report.published, report.generation, world.embedder.embedded) == (False, before, embedded)
    assert report.count("unchanged") == 5


def test_a_change_embeds_only_what_is_new(world: World) -> None:
    embedded = world.embedder.embedded
    world.write("leave.md", page("parental leave"))

    report = world.ingest()

    assert (report.count("changed"), report.count("unchanged"), report.embedded) == (1, 4, world.embedder.embedded - embedded)
    assert report.embedded < report.chunks


def test_a_deleted_document_is_gone_for_good(world: World) -> None:
    (world.folder / "leave.md").unlink()

    report = world.ingest()

    assert report.removed == ("leave.md",)
    assert not any(source == "leave.md" for source, _, _ in world.held())


def test_a_rename_moves_the_document(world: World) -> None:
    (world.folder / "leave.md").rename(world.folder / "holidays.md")

    world.ingest()

    assert {source for source, _, _ in world.held()} >= {"holidays.md"}
    assert "leave.md" not in {source for source, _, _ in world.held()}


def test_the_same_bytes_at_two_places_are_two_documents(world: World) -> None:
    world.write("copy/leave.md", page("leave"))

    report = world.ingest()

    assert (report.documents, report.embedded) == (6, 0)


def test_a_change_of_groups_alone_is_a_change(world: World) -> None:
    world.write(".footnote.yaml", "files:\n  leave.md: {groups: [hr]}\n")

    report = world.ingest()

    assert (report.count("changed"), report.embedded) == (1, 0)
    assert {groups for source, _, groups in world.held() if source == "leave.md"} == {"hr"}


def test_a_file_that_fails_takes_its_old_version_with_it(world: World) -> None:
    (world.folder / "leave.md").write_bytes(b"\x00\x01\x02 no text at all")

    report = world.ingest()

    (failed,) = report.with_status("failed")
    assert failed.source == "leave.md"
    assert "Its last good version was taken out of the index." in str(failed.error)
    assert "leave.md" not in {source for source, _, _ in world.held()}


def test_a_failed_file_is_told_again_but_publishes_nothing_new(world: World) -> None:
    (world.folder / "leave.md").write_bytes(b"\x00\x01\x02 no text at all")
    world.ingest()

    report = world.ingest()

    assert (report.published, len(report.with_status("failed"))) == (False, 1)


def test_a_great_removal_is_asked_about(world: World) -> None:
    for name in ("leave.md", "travel.md"):
        (world.folder / name).unlink()
    before = world.held()

    with pytest.raises(IngestError, match=r"2 of 5 documents would be removed. Nothing was changed."):
        world.ingest(consent=False)
    assert world.held() == before
    assert world.asked == [(2, 5)]

    assert world.ingest(consent=True).documents == 3


def test_a_small_removal_is_not_asked_about(world: World) -> None:
    (world.folder / "leave.md").unlink()

    world.ingest(consent=False)

    assert world.asked == []


def test_another_root_is_refused_unless_it_is_meant(world: World, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    (other / "new.md").write_text(page("new"), encoding="utf-8")

    with pytest.raises(RootMismatch, match="--new-root"):
        world.ingest(other)
    assert world.ingest(other, new_root=True).documents == 1
    assert {source for source, _, _ in world.held()} == {"new.md"}


@pytest.mark.parametrize("content", [None, {}, {"empty.md": ""}, {".hidden.md": "hidden"}])
def test_an_empty_folder_changes_nothing(world: World, content: dict[str, str] | None) -> None:
    for path in world.folder.iterdir():
        path.unlink()
    for name, text in (content or {}).items():
        world.write(name, text)
    if content is None:
        world.folder.rmdir()
    before = world.home.current()

    with pytest.raises(NothingToIngest):
        world.ingest()
    assert world.home.current() == before


def test_a_new_model_embeds_everything_anew(world: World) -> None:
    world.embedder.model_id = "fake@2"

    report = world.ingest()

    assert (report.published, report.embedded) == (True, report.chunks)


def test_a_damaged_index_is_built_from_nothing_and_said_so(world: World) -> None:
    held = world.held()
    (world.home.generation(str(world.home.current())) / "manifest.json").write_text("{", encoding="utf-8")

    report = world.ingest()

    assert "So it was built from nothing." in report.notes[0]
    assert (world.held(), report.embedded) == (held, 0)


def test_a_damaged_index_of_an_unchanged_folder_is_built_anew(world: World, tmp_path: Path) -> None:
    with closing(world.store.open(str(world.home.current()))) as index:
        index.remove(index.ids()[:1])

    report = world.ingest()

    assert (report.published, report.embedded) == (True, 0)
    assert "1 chunks are missing" in report.notes[0]
    assert world.held() == clean_build(world, tmp_path)


def test_chunks_that_were_lost_in_silence_are_noticed(world: World, tmp_path: Path) -> None:
    """What a killed Chroma does: a seed that holds fewer chunks than its manifest says."""
    with closing(world.store.open(str(world.home.current()))) as index:
        index.remove([next(c.id for c in index.load(index.ids())[0] if c.source == "travel.md")])
    world.write("leave.md", page("parental leave"))

    report = world.ingest()

    assert "does not hold the chunks" in report.notes[0]
    assert world.held() == clean_build(world, tmp_path)


def test_two_generations_are_kept_and_leftovers_swept(world: World) -> None:
    (world.home.generations / "unfinished").mkdir()
    for number in range(3):
        world.write("leave.md", page(f"leave {number}"))
        world.ingest()

    kept = {path.name for path in world.home.generations.iterdir()}
    assert len(kept) == 2
    assert world.home.current() in kept


class FullDisk(MemoryChunkStore):
    """Copies a generation halfway."""

    def derive(self, target: str, latest: str, spare: str | None) -> str:
        rows = dict(self.generations[super().derive(target, latest, spare)])
        rows.popitem()
        self.generations[target] = rows
        raise OSError(28, "No space left on device")


def test_a_disk_that_fills_up_leaves_the_old_index(world: World) -> None:
    before, healthy = world.held(), world.store
    full = FullDisk()
    full.generations = healthy.generations
    world.store = full
    world.write("leave.md", page("parental leave"))

    with pytest.raises(IngestError, match="No space left on device"):
        world.ingest()
    assert world.held() == before

    world.store = healthy
    assert world.ingest().count("changed") == 1


def test_the_report_can_be_written_as_json(world: World) -> None:
    assert json.loads(json.dumps(asdict(world.ingest())))["documents"] == 5


TOPICS = st.sampled_from(["leave", "travel", "badges", "phones"])
STATES = st.dictionaries(st.sampled_from(["a.md", "b.md", "sub/c.md", "d.txt"]), TOPICS, min_size=1)


@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(STATES, min_size=1, max_size=4))
def test_after_any_history_the_index_is_that_of_a_clean_build(
    tmp_path_factory: pytest.TempPathFactory, states: list[dict[str, str]]
) -> None:
    place = tmp_path_factory.mktemp("history")
    world = World(place)
    for state in states:
        for path in [p for p in world.folder.rglob("*") if p.is_file()]:
            path.unlink()
        for source, topic in state.items():
            world.write(source, page(topic))
        world.ingest()
        assert world.held() == clean_build(world, place / str(id(state)))


class Impatient(FileParser):
    """Gives up on every file that holds a word, as long as it is told to."""

    gives_up = True

    def parse(self, name: str, data: bytes) -> ParsedDocument:
        if self.gives_up and b"slowly" in data:
            raise LimitExceeded("It took longer than 60 s.")
        return super().parse(name, data)


def test_what_was_too_much_is_tried_again_and_told_again(world: World) -> None:
    world.parser = impatient = Impatient()
    world.write("slow.md", "# Slow\n\nRead me slowly.\n")
    first = world.ingest()
    generation = world.home.current()

    second = world.ingest()

    assert [(f.source, f.error) for f in first.with_status("failed")] == [("slow.md", "It took longer than 60 s.")]
    assert [f.source for f in second.with_status("failed")] == ["slow.md"]
    assert world.home.current() == generation
    impatient.gives_up = False
    assert world.ingest().count("added") == 1


class Vanishing(FileParser):
    """Takes away the file that it reads."""

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self._folder = folder

    def parse(self, name: str, data: bytes) -> ParsedDocument:
        (self._folder / "new.md").unlink(missing_ok=True)
        return super().parse(name, data)


def test_a_file_that_vanishes_between_the_look_and_the_reading_is_its_own_failure(world: World) -> None:
    world.parser = Vanishing(world.folder)
    world.write("a.md", page("first in order"))
    world.write("new.md", page("gone soon"))

    report = world.ingest()

    assert [f.source for f in report.with_status("failed")] == ["new.md"]
    assert report.count("added") == 1
    assert world.ingest().with_status("failed") == []


def test_what_a_file_does_not_give_is_told_each_time(world: World) -> None:
    world.write("leave.md", "---\nurl: nowhere\n---\n" + page("leave"))

    for _ in range(2):
        (outcome,) = [f for f in world.ingest().files if f.source == "leave.md"]
        assert 'The front matter, "url": left out' in outcome.warnings[0]


def test_metadata_that_no_chunk_carries_is_a_change_too(world: World) -> None:
    world.write(".footnote.yaml", "files:\n  leave.md: {expires: 2027-01-01}\n")

    report = world.ingest()

    assert (report.published, report.count("changed"), report.embedded) == (True, 1, 0)


def test_other_code_reads_every_file_again_and_says_so(world: World) -> None:
    manifest = read_manifest(world.home.generation(str(world.home.current())))
    write_manifest(world.home.generation(manifest.id), replace(manifest, pipeline="older"))

    report = world.ingest()

    assert (report.published, report.count("unchanged"), report.embedded) == (True, 5, 0)
    assert report.notes == ("Footnote reads files in another way than when the index was made, so every file was read again.",)
