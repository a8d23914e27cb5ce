"""The self-check notices every kind of damage that a generation could be published with."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from assistant.errors import IndexBroken
from assistant.generation import Snapshot
from assistant.ports import Vectors
from assistant.retrieval.search import SearchIndex
from assistant.types import Chunk, Span
from ingest.check import check
from tests.worlds import World

Damage = Callable[[list[Chunk], Vectors], None]


@pytest.fixture(scope="module")
def snapshot(tmp_path_factory: pytest.TempPathFactory) -> Snapshot:
    world = World(tmp_path_factory.mktemp("world"))
    for topic in ("leave", "travel"):
        world.write(f"{topic}.md", f"# {topic.title()}\n\n## Rules\n\nThe rules on {topic} hold for all.\n")
    world.ingest()
    return world.snapshot()


def alter(chunks: list[Chunk], **fields: object) -> None:
    chunks[0] = replace(chunks[0], **fields)  # type: ignore[arg-type]  # the fields of a chunk, by name


def stretch(_: list[Chunk], vectors: Vectors) -> None:
    vectors[1] *= 2


def blank(_: list[Chunk], vectors: Vectors) -> None:
    vectors[1] = np.nan


@pytest.mark.parametrize(
    ("damage", "says"),
    [
        (lambda chunks, _: alter(chunks, text="The rules do not hold."), "does not hold at"),
        (lambda chunks, _: alter(chunks, leads=(Span(0, 5, "other"),)), "does not hold at 0"),
        (lambda chunks, _: alter(chunks, groups=("hr",)), "may be read by all, its chunk by"),
        (lambda chunks, _: alter(chunks, document_id="gone"), "belongs to no document"),
        (stretch, "a vector of length 2.000"),
        (blank, "a vector of length nan"),
    ],
)
def test_damage_is_named(snapshot: Snapshot, damage: Damage, says: str) -> None:
    chunks, vectors = list(snapshot.index.chunks), snapshot.index.vectors.copy()
    damage(chunks, vectors)

    with pytest.raises(IndexBroken, match=says):
        check(replace(snapshot, index=SearchIndex(tuple(chunks), vectors, snapshot.index.lexical)))


def test_a_lost_chunk_is_named(snapshot: Snapshot) -> None:
    index = snapshot.index
    with pytest.raises(IndexBroken, match="chunks, the index holds"):
        check(replace(snapshot, index=SearchIndex(index.chunks[1:], index.vectors[1:], index.lexical)))


def test_a_sound_generation_passes(snapshot: Snapshot) -> None:
    check(snapshot)


def test_only_the_first_faults_are_listed(snapshot: Snapshot) -> None:
    chunks = [replace(chunk, text="x", document_id="gone") for chunk in snapshot.index.chunks] * 3
    vectors = np.concatenate([snapshot.index.vectors] * 3)
    with pytest.raises(IndexBroken) as caught:
        check(replace(snapshot, index=SearchIndex(tuple(chunks), vectors, snapshot.index.lexical)))

    assert str(caught.value).count("belongs to no document") == 3
