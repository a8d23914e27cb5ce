"""What every chunk store promises: Chroma in a folder, Chroma on a server, and the fake of the unit tests."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import date
from pathlib import Path

import numpy as np
import pytest

from assistant.adapters.chroma import ChromaServer, EmbeddedChroma
from assistant.errors import IndexBroken, IndexUnavailable
from assistant.ports import ChunkStore
from assistant.types import Chunk, Span
from tests.builders import chunk
from tests.fakes import FakeEmbedder, MemoryChunkStore
from tests.servers import chroma_server, free_port


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with chroma_server(tmp_path_factory.mktemp("chroma")) as url:
        yield url


@pytest.fixture(params=["memory", "embedded", "server"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> ChunkStore:
    if request.param == "memory":
        return MemoryChunkStore()
    if request.param == "embedded":
        return EmbeddedChroma(tmp_path)
    return ChromaServer(request.getfixturevalue("server"))


@pytest.fixture
def generation(request: pytest.FixtureRequest) -> str:
    """A name of its own for each test: the server outlives them."""
    return f"g{abs(hash(request.node.name)) % 10**9}"


FULL = replace(
    chunk("Dundee | 27 days", start=40),
    leads=(Span(10, 25, "Site | Days"),),
    page=3,
    groups=("hr", "board"),
    owner="people@northlight.example",
    url="https://intranet.example/leave",
    effective=date(2026, 1, 1),
)


def fill(store: ChunkStore, generation: str, *chunks: Chunk) -> None:
    with closing(store.create(generation)) as index:
        index.add(chunks, FakeEmbedder().embed([c.text for c in chunks]))


def held(store: ChunkStore, generation: str) -> list[Chunk]:
    with closing(store.open(generation)) as index:
        return index.load(index.ids())[0]


class TestChunkStore:
    def test_a_new_generation_is_empty(self, store: ChunkStore, generation: str) -> None:
        with closing(store.create(generation)) as index:
            chunks, vectors = index.load(index.ids())

        assert (chunks, len(vectors)) == ([], 0)

    def test_a_generation_that_was_never_made_is_told(self, store: ChunkStore, generation: str) -> None:
        with pytest.raises(IndexBroken):
            store.open(generation)

    def test_what_was_added_comes_back_in_the_order_of_ids(self, store: ChunkStore, generation: str) -> None:
        chunks = [chunk(f"text {n}", start=n) for n in (5, 3, 9)]
        fill(store, generation, *chunks)

        with closing(store.open(generation)) as index:
            ids = index.ids()
            loaded, vectors = index.load(ids[::-1])

        assert ids == sorted(c.id for c in chunks)
        assert loaded == sorted(chunks, key=lambda c: c.id, reverse=True)
        np.testing.assert_allclose(vectors, FakeEmbedder().embed([c.text for c in loaded]), atol=1e-6)

    def test_every_field_of_a_chunk_comes_back(self, store: ChunkStore, generation: str) -> None:
        fill(store, generation, FULL)

        assert held(store, generation) == [FULL]

    def test_adding_again_replaces_all_that_was_there(self, store: ChunkStore, generation: str) -> None:
        fill(store, generation, FULL)
        bare = replace(chunk("Dundee | 27 days", start=40), id=FULL.id)

        with closing(store.open(generation)) as index:
            index.add([bare], FakeEmbedder().embed([bare.text]))

        assert held(store, generation) == [bare]

    def test_removing_what_is_not_there_is_no_error(self, store: ChunkStore, generation: str) -> None:
        fill(store, generation, chunk("a", start=1), chunk("b", start=2))

        with closing(store.open(generation)) as index:
            index.remove([chunk("a", start=1).id, "never added"])

        assert [c.text for c in held(store, generation)] == ["b"]

    def test_more_than_one_batch(self, store: ChunkStore, generation: str) -> None:
        chunks = [chunk(f"text {n}", start=n) for n in range(4500)]
        fill(store, generation, *chunks)
        with closing(store.open(generation)) as index:
            index.remove([c.id for c in chunks[:2500]])

        assert {c.text for c in held(store, generation)} == {c.text for c in chunks[2500:]}

    def test_asking_for_a_chunk_that_is_not_there_is_told(self, store: ChunkStore, generation: str) -> None:
        fill(store, generation, chunk("a"))

        with closing(store.open(generation)) as index, pytest.raises(IndexBroken):
            index.load([chunk("a").id, "never added"])

    def test_what_is_derived_is_its_own(self, store: ChunkStore, generation: str) -> None:
        fill(store, generation, chunk("a", start=1), chunk("b", start=2))

        assert store.derive(f"{generation}-next", generation, None) == generation
        with closing(store.open(f"{generation}-next")) as index:
            index.remove([chunk("a", start=1).id])

        assert [c.text for c in held(store, generation)] == ["a", "b"]
        assert [c.text for c in held(store, f"{generation}-next")] == ["b"]

    def test_a_spare_may_be_used_up_instead(self, store: ChunkStore, generation: str) -> None:
        fill(store, f"{generation}-spare", chunk("old"))
        fill(store, generation, chunk("latest"))

        used = store.derive(f"{generation}-next", generation, f"{generation}-spare")

        assert used in (generation, f"{generation}-spare")
        assert [c.text for c in held(store, f"{generation}-next")] == (["latest"] if used == generation else ["old"])
        assert [c.text for c in held(store, generation)] == ["latest"]

    def test_a_spare_that_is_gone_does_no_harm(self, store: ChunkStore, generation: str) -> None:
        fill(store, generation, chunk("latest"))

        assert store.derive(f"{generation}-next", generation, "never there") == generation
        assert [c.text for c in held(store, f"{generation}-next")] == ["latest"]

    def test_a_dropped_generation_is_forgotten(self, store: ChunkStore, generation: str) -> None:
        fill(store, generation, chunk("a"))

        store.drop(generation)
        store.drop("never there")

        with pytest.raises(IndexBroken):
            store.open(generation)


def test_a_server_that_is_away_is_told() -> None:
    with pytest.raises(IndexUnavailable, match="FOOTNOTE_CHROMA_URL"):
        ChromaServer(f"http://127.0.0.1:{free_port()}").open("g1")


def test_a_damaged_folder_is_told(tmp_path: Path) -> None:
    store = EmbeddedChroma(tmp_path)
    fill(store, "g1", chunk("a"))
    (tmp_path / "g1" / "chroma" / "chroma.sqlite3").write_bytes(b"damaged" * 1000)

    with pytest.raises(IndexBroken, match="Build the index anew"):
        held(store, "g1")
