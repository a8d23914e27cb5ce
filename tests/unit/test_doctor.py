"""The doctor names what is wrong and what to do, and changes nothing."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from ingest.doctor import examine
from tests.worlds import World


def page(topic: str, version: int = 1) -> str:
    return f"# {topic}\n\n## Rules\n\nVersion {version} of the rules on {topic} holds.\n"


@pytest.fixture
def world(tmp_path: Path) -> World:
    made = World(tmp_path)
    for topic in ("leave", "travel", "phones", "desks"):
        made.write(f"{topic}.md", page(topic))
    made.ingest()
    made.write("leave.md", page("leave", 2))
    made.ingest()
    return made


def findings(world: World) -> dict[str, tuple[str, str]]:
    return {f.what: (f.state, f"{f.message} {f.advice}") for f in examine(world.work())}


def contents(world: World) -> dict[Path, bytes]:
    """Every file but those that SQLite makes beside a database while it is read."""
    files = (path for path in world.home.folder.rglob("*") if path.is_file())
    return {path: path.read_bytes() for path in files if not path.name.endswith(("-wal", "-shm"))}


def current(world: World) -> Path:
    return world.home.generation(str(world.home.current()))


def damage_database(world: World) -> None:
    world.home.embeddings.write_bytes(b"no database at all " * 100)


def lose_a_chunk(world: World) -> None:
    world.store.generations[str(world.home.current())].popitem()


def lose_the_manifest(world: World) -> None:
    (current(world) / "manifest.json").unlink()


def lose_the_words(world: World) -> None:
    (current(world) / "lexical.npz").write_bytes(b"")


def another_model(world: World) -> None:
    world.embedder.model_id = "fake@2"


def another_folder_state(world: World) -> None:
    world.write("leave.md", page("leave", 3))
    (world.folder / "travel.md").unlink()


def no_folder(world: World) -> None:
    shutil.rmtree(world.folder)


def cut_off(world: World) -> None:
    (world.home.generations / "unfinished").mkdir()


def failing(world: World) -> None:
    world.write("bad.md", "").write_bytes(b"\0\1\2")
    world.ingest()


def broken_bans(world: World) -> None:
    world.home.bans.write_text("[", encoding="utf-8")


def nothing_published(world: World) -> None:
    world.home.current_file.unlink()


def test_a_sound_index_is_found_sound(world: World) -> None:
    found = findings(world)

    assert {state for state, _ in found.values()} == {"ok"}
    assert set(found) == {"disk", "writer", "embeddings.sqlite", "model", "index", "earlier", "files", "folder"}
    assert "4 documents, 4 chunks" in found["index"][1]
    assert "--rollback" in found["earlier"][1]


@pytest.mark.parametrize(
    ("damage", "what", "state", "says"),
    [
        (damage_database, "embeddings.sqlite", "broken", "Move it away"),
        (lose_a_chunk, "index", "broken", "1 chunks are missing"),
        (lose_the_words, "index", "broken", "--rebuild"),
        (lose_the_manifest, "published", "broken", "ingest PATH"),
        (another_model, "model", "broken", "FOOTNOTE_EMBEDDINGS"),
        (another_folder_state, "folder", "warning", "Files new or other: 1; documents gone: 1"),
        (no_folder, "folder", "warning", "Mount it"),
        (cut_off, "writer", "warning", "1 unfinished"),
        (failing, "files", "warning", r"5 files: 4 documents, 0 without text, 1 failed. bad.md:"),
        (broken_bans, "published", "broken", "bans.json"),
        (nothing_published, "published", "broken", "Nothing was ingested yet"),
    ],
)
def test_what_is_wrong_is_named_with_what_to_do(world: World, damage: Callable[[World], None], what: str, state: str, says: str) -> None:
    damage(world)
    before = contents(world)

    found = findings(world)

    assert found[what][0] == state
    assert says in found[what][1]
    assert contents(world) == before


def test_where_nothing_was_ingested_there_is_little_to_examine(tmp_path: Path) -> None:
    says = f"{tmp_path / 'home'} does not exist. Run `ingest PATH`, or set FOOTNOTE_HOME."
    assert findings(World(tmp_path)) == {"home": ("broken", says)}
