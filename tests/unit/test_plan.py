"""A plan says what an ingest would do, and does nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

from assistant.errors import NothingToIngest, RootMismatch
from ingest.plan import plan
from tests.worlds import World


def page(topic: str) -> str:
    return f"# {topic}\n\n## Rules\n\nThe rules on {topic} hold for all.\n"


@pytest.fixture
def world(tmp_path: Path) -> World:
    made = World(tmp_path)
    for topic in ("leave", "travel", "security", "purchasing", "safety"):
        made.write(f"{topic}.md", page(topic))
    return made


def files(folder: Path) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_before_the_first_ingest_everything_is_new(world: World) -> None:
    made = plan(world.work(), world.folder)

    assert list(made.added) == ["leave.md", "purchasing.md", "safety.md", "security.md", "travel.md"]
    assert (made.chunks_added, made.chunks_to_embed, made.unchanged, made.usd) == (5, 5, 0, 0)
    assert made.tokens > 5
    assert not world.home.folder.exists()


def test_what_an_ingest_then_does_is_what_was_planned(world: World) -> None:
    world.ingest()
    world.write("leave.md", page("parental leave"))
    world.write("new.md", page("phones"))
    (world.folder / "safety.md").rename(world.folder / "health.md")
    (world.folder / "travel.md").write_bytes(b"\0\1\2")
    before, held = files(world.home.folder), world.held()

    made = plan(world.work(), world.folder)

    assert files(world.home.folder) == before
    assert (list(made.added), list(made.changed), list(made.removed)) == (["health.md", "new.md"], ["leave.md"], ["safety.md", "travel.md"])
    assert [(outcome.source, outcome.status) for outcome in made.files] == [("travel.md", "failed")]
    assert made.asks
    embedded = world.embedder.embedded
    report = world.ingest()
    assert (report.count("added"), report.count("changed"), report.removed) == (2, 1, ("safety.md", "travel.md"))
    assert world.embedder.embedded - embedded == made.chunks_to_embed
    assert (len(held - world.held()), len(world.held() - held)) == (made.chunks_removed, made.chunks_added)


def test_a_plan_where_nothing_changed_is_empty(world: World) -> None:
    world.ingest()

    made = plan(world.work(), world.folder)

    assert (made.added, made.changed, made.removed, made.unchanged) == ({}, {}, {}, 5)
    assert (made.chunks_added, made.chunks_removed, made.chunks_to_embed, made.asks) == (0, 0, 0, False)


def test_a_plan_for_a_damaged_index_is_one_for_none(world: World) -> None:
    world.ingest()
    (world.home.generation(str(world.home.current())) / "manifest.json").write_text("{", encoding="utf-8")

    assert len(plan(world.work(), world.folder).added) == 5


def test_a_plan_refuses_what_the_ingest_would(world: World, tmp_path: Path) -> None:
    world.ingest()
    other = tmp_path / "other"
    other.mkdir()

    with pytest.raises(RootMismatch):
        plan(world.work(), other)
    with pytest.raises(NothingToIngest):
        plan(world.work(), other, new_root=True)
    with pytest.raises(NothingToIngest):
        plan(world.work(), tmp_path / "gone")
