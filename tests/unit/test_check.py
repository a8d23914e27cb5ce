"""The self-check notices every kind of damage that a generation could be published with."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from assistant.errors import IndexBroken
from assistant.generation import Manifest, read_lexical, read_manifest, write_manifest
from assistant.retrieval import lexical
from assistant.types import Chunk
from ingest.check import check, look_over
from tests.worlds import World

Damage = Callable[[World], None]


@pytest.fixture
def world(tmp_path: Path) -> World:
    made = World(tmp_path)
    for topic in ("leave", "travel"):
        made.write(f"{topic}.md", f"# {topic.title()}\n\n## Rules\n\nThe rules on {topic} hold for all.\n")
    made.ingest()
    return made


def manifest(world: World) -> Manifest:
    return read_manifest(world.home.generation(str(world.home.current())))


def altered(**fields: object) -> Damage:
    def damage(world: World) -> None:
        rows = world.store.generations[manifest(world).id]
        chunk_id, (chunk, vector) = next(iter(rows.items()))
        changed: Chunk = replace(chunk, **fields)  # type: ignore[arg-type]  # the fields of a chunk, by name
        rows[chunk_id] = (changed, vector)

    return damage


def scaled(factor: float) -> Damage:
    def damage(world: World) -> None:
        rows = world.store.generations[manifest(world).id]
        chunk_id, (chunk, vector) = next(iter(rows.items()))
        rows[chunk_id] = (chunk, vector * factor)

    return damage


def lost(world: World) -> None:
    world.store.generations[manifest(world).id].popitem()


def left_over(world: World) -> None:
    rows = world.store.generations[manifest(world).id]
    rows["stray"] = next(iter(rows.values()))


def another(world: World) -> None:
    lost(world)
    left_over(world)


def in_documents(statement: str) -> Damage:
    def damage(world: World) -> None:
        with closing(sqlite3.connect(world.home.documents(manifest(world).id))) as db, db:
            db.execute(statement)

    return damage


def miscounted(world: World) -> None:
    write_manifest(world.home.generation(manifest(world).id), replace(manifest(world), documents=7))


def other_words(world: World) -> None:
    path = world.home.lexical(manifest(world).id)
    lexical.save(lexical.build([["other"], ["words"]]), path)


def words_of_another(world: World) -> None:
    path = world.home.lexical(manifest(world).id)
    index = read_lexical(path)
    lexical.save(replace(index, postings=np.zeros_like(index.postings)), path)


ALL = [
    (altered(text="The rules do not hold."), "not what its document holds at"),
    (altered(groups=("hr",)), "not what its document holds at"),
    (altered(source="other.md"), "not what its document holds at"),
    (scaled(2), r"a vector of length 2\.000"),
    (scaled(float("nan")), "a vector of length nan"),
    (in_documents("UPDATE documents SET text = replace(text, 'hold', 'fail')"), "not what its document holds at"),
    (in_documents("UPDATE documents SET groups = '[\"hr\"]'"), "not what its document holds at"),
    (other_words, "not found by its own words"),
    (words_of_another, "not found by its own words"),
]
CHEAP = [
    (lost, "1 chunks are missing in the chunk index, 0 belong to no document"),
    (left_over, "0 chunks are missing in the chunk index, 1 belong to no document"),
    (another, "1 chunks are missing in the chunk index, 1 belong to no document"),
    (in_documents("DELETE FROM documents WHERE source = 'leave.md'"), "its manifest says"),
    (miscounted, "its manifest says"),
]


@pytest.mark.parametrize(("damage", "says"), [*ALL, *CHEAP])
def test_damage_is_named(world: World, damage: Damage, says: str) -> None:
    damage(world)

    with pytest.raises(IndexBroken, match=says):
        check(world.home, world.store, manifest(world))


@pytest.mark.parametrize(("damage", "says"), CHEAP)
def test_what_is_missing_or_left_over_is_seen_at_a_glance(world: World, damage: Damage, says: str) -> None:
    damage(world)

    with pytest.raises(IndexBroken, match=says):
        look_over(world.home, world.store, manifest(world).id)


def test_a_sound_generation_passes(world: World) -> None:
    check(world.home, world.store, manifest(world))
    look_over(world.home, world.store, manifest(world).id)


def test_only_what_is_asked_for_is_read(world: World) -> None:
    altered(text="The rules do not hold.")(world)

    check(world.home, world.store, manifest(world), fresh=())


def test_only_the_first_faults_are_listed(world: World) -> None:
    for topic in ("phones", "badges", "desks"):
        world.write(f"{topic}.md", f"# {topic.title()}\n\nThe rules on {topic} hold for all.\n")
    world.ingest()
    in_documents("UPDATE documents SET text = replace(text, 'hold', 'fail')")(world)

    with pytest.raises(IndexBroken, match="and 7 more") as caught:
        check(world.home, world.store, manifest(world))
    assert str(caught.value).count(".md ") == 3
