"""Any history of a folder, crashes included: after an ingest the index is what a clean build of the folder gives, and before it ends,
however it ends, readers have the old one or the new one."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterable, Sequence
from pathlib import Path

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from assistant.errors import IngestError
from assistant.ports import Vectors
from assistant.types import Chunk
from ingest.types import ParsedDocument
from tests.fakes import FakeEmbedder, MemoryChunkIndex, MemoryChunkStore
from tests.worlds import World

SOURCES = st.sampled_from(["a.md", "b.md", "sub/c.md", "sub/d.txt", "sub/deep/e.md", "f.html"])
TOPICS = st.sampled_from(["leave", "travel", "badges", "phones"])
SIZES = st.integers(1, 40)
GROUPS = st.sampled_from(["", "groups: [hr]\n", "groups: [hr, board]\n", "owner: ann@northlight.example\n", "groups:\n"])
FOLDERS = st.sampled_from(["", "sub/", "sub/deep/"])
MOMENTS = st.integers(0, 25)


class Crash(BaseException):
    """The process is gone: nothing but `finally` runs."""


class Fuse:
    """Burns down with each thing that an ingest does outside itself; then nothing more is done."""

    def __init__(self) -> None:
        self.left: int | None = None

    def burn(self) -> None:
        if self.left == 0:
            raise Crash
        if self.left is not None:
            self.left -= 1


class FusedIndex(MemoryChunkIndex):
    def __init__(self, rows: dict[str, tuple[Chunk, Vectors]], fuse: Fuse) -> None:
        super().__init__(rows)
        self._fuse = fuse

    def add(self, chunks: Sequence[Chunk], vectors: Vectors) -> None:
        for number, chunk in enumerate(chunks):
            self._fuse.burn()
            super().add([chunk], vectors[number : number + 1])

    def remove(self, chunk_ids: Iterable[str]) -> None:
        for chunk_id in chunk_ids:
            self._fuse.burn()
            super().remove([chunk_id])


class FusedStore(MemoryChunkStore):
    def __init__(self, kept: int, fuse: Fuse) -> None:
        super().__init__(kept)
        self._fuse = fuse

    def create(self, generation: str) -> FusedIndex:
        self._fuse.burn()
        super().create(generation)
        return self.open(generation)

    def open(self, generation: str) -> FusedIndex:
        super().open(generation)
        return FusedIndex(self.generations[generation], self._fuse)

    def derive(self, target: str, latest: str, spare: str | None) -> str:
        self._fuse.burn()
        used = super().derive(target, latest, spare)
        self._fuse.burn()
        return used

    def drop(self, generation: str) -> None:
        self._fuse.burn()
        super().drop(generation)


class FusedEmbedder(FakeEmbedder):
    def __init__(self, fuse: Fuse) -> None:
        super().__init__()
        self._fuse = fuse

    def embed(self, texts: Sequence[str]) -> Vectors:
        self._fuse.burn()
        return super().embed(texts)


class FusedWorld(World):
    def __init__(self, path: Path, kept: int) -> None:
        self.fuse = Fuse()
        super().__init__(path, FusedStore(kept, self.fuse))
        self.embedder = FusedEmbedder(self.fuse)
        whole = self.parser.parse

        def parse(name: str, data: bytes) -> ParsedDocument:
            self.fuse.burn()
            return whole(name, data)

        self.parser.parse = parse  # type: ignore[method-assign]  # a fuse in front of it


class Folder(RuleBasedStateMachine):
    @initialize(kept=st.sampled_from([2, 3]))
    def begin(self, kept: int) -> None:
        self.place = Path(tempfile.mkdtemp())
        self.world = FusedWorld(self.place / "world", kept)
        self.expected: list[object] = []
        self.write("a.md", "leave", 3)
        self.ingest()

    def teardown(self) -> None:
        shutil.rmtree(self.place)

    @rule(source=SOURCES, topic=TOPICS, sentences=SIZES)
    def write(self, source: str, topic: str, sentences: int) -> None:
        told = " ".join(f"Rule {n} on {topic} holds for all." for n in range(sentences))
        self.world.write(source, f"# {topic}\n\n## Rules\n\n{told}\n" if source != "f.html" else f"<h1>{topic}</h1><p>{told}</p>")

    @rule(old=SOURCES, new=SOURCES)
    def rename(self, old: str, new: str) -> None:
        if (self.world.folder / old).exists() and old != "a.md":
            (self.world.folder / new).parent.mkdir(parents=True, exist_ok=True)
            (self.world.folder / old).rename(self.world.folder / new)

    @rule(source=SOURCES)
    def delete(self, source: str) -> None:
        if source != "a.md":
            (self.world.folder / source).unlink(missing_ok=True)

    @rule(source=SOURCES, data=st.sampled_from([b"\0\1\2", b"", b"\xff\xfe\xfd"]))
    def spoil(self, source: str, data: bytes) -> None:
        if source != "a.md":
            self.world.write(source, "").write_bytes(data)

    @rule(folder=FOLDERS, stated=GROUPS)
    def state(self, folder: str, stated: str) -> None:
        if folder or stated != "groups:\n":
            self.world.write(f"{folder}.footnote.yaml", stated)

    @rule()
    def ingest(self) -> None:
        self.write("a.md", "leave", 3)
        self.world.ingest()
        self.expected = [self.clean_build()]

    @rule(moment=MOMENTS)
    def crash(self, moment: int) -> None:
        self.write("a.md", "leave", 4)
        self.world.fuse.left = moment
        try:
            self.world.ingest()
            self.expected = [self.clean_build()]
        except Crash:
            self.expected.append(self.clean_build())
        finally:
            self.world.fuse.left = None

    @rule()
    def roll_back(self) -> None:
        try:
            self.world.work().rollback()
        except IngestError:
            return
        self.expected = [self.world.contents()]

    @invariant()
    def readers_have_one_or_the_other(self) -> None:
        assert self.world.contents() in self.expected

    def clean_build(self) -> object:
        clean = World(Path(tempfile.mkdtemp(dir=self.place)))
        clean.ingest(self.world.folder)
        return clean.contents()


TestFolder = Folder.TestCase
TestFolder.settings = settings(max_examples=40, stateful_step_count=15, deadline=None)
