"""The ingest: makes the index hold exactly what is in a folder, or changes nothing.

lock → look at the folder → read what changed → embed what is new → build aside → check → publish → sweep
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from assistant.documents import DocumentStore
from assistant.errors import IndexBroken, IndexUnavailable, IngestError, NothingToIngest, RootMismatch
from assistant.generation import Home, Manifest, read_manifest, write_manifest
from assistant.ports import ChunkStore, Embedder
from ingest.bans import load_bans
from ingest.build import Builder, Built, discard, new_id, publish, sweep
from ingest.check import check, look_over
from ingest.lock import writing
from ingest.ports import Parser
from ingest.prepare import pipeline_version
from ingest.report import Difference, Report, compare, report_of
from ingest.staging import Stage, Staged
from ingest.survey import Progress, Published, Survey, survey

Confirm = Callable[[int, int], bool]
"""Asked, before a removal of more than a quarter, whether so many of so many documents may go."""

MOST_REMOVED = 0.25


@dataclass(frozen=True, slots=True)
class Ingest:
    """Everything an ingest works with; `run` does it. `workers` files are parsed at a time."""

    home: Home
    store: ChunkStore
    embedder: Embedder
    parser: Parser
    workers: int
    progress: Progress
    confirm: Confirm

    def run(self, root: Path, *, new_root: bool = False, rebuild: bool = False) -> Report:
        """`rebuild` takes nothing over from the index there is. Raises IngestError where nothing was changed, and says why. A file that
        fails is in the report."""
        check_folder(root)
        with self.writing():
            sweep(self.home, self.store, self.home.complete())
            published, notes = self._published_or_told()
            check_root(root, published, new_root)
            try:
                return self._run(root, published, None if rebuild else published, new_root, notes)
            except IndexBroken as error:
                if published is None:
                    raise
                return self._run(root, published, None, new_root, [_from_nothing(error)])

    def rollback(self) -> Manifest:
        """Publishes the generation before the published one. Raises IngestError where there is none that is whole."""
        if not self.home.generations.is_dir():
            raise IngestError("Nothing was ingested yet, so there is nothing to go back to.")
        with self.writing():
            for generation in self.earlier():
                manifest = read_manifest(self.home.generation(generation))
                if manifest.embeddings != self.embedder.model_id:
                    raise IngestError(f"{generation} was made with {manifest.embeddings}. Set FOOTNOTE_EMBEDDINGS as it was then.")
                with suppress(IndexBroken):
                    look_over(self.home, self.store, generation)
                    publish(self.home, generation)
                    return manifest
        raise IngestError("There is no earlier generation to go back to. The index is unchanged.")

    @contextmanager
    def writing(self) -> Iterator[None]:
        """The one writer's place. Raises IngestError where the disk does not take what is written."""
        try:
            self.home.folder.mkdir(parents=True, exist_ok=True)
            with writing(self.home.folder):
                yield
        except PermissionError as error:
            raise IngestError(f"{error.filename} cannot be written: {error.strerror}. Set FOOTNOTE_HOME to a folder of yours.") from error
        except (OSError, sqlite3.Error, IndexUnavailable) as error:
            raise IngestError(f"The new index cannot be written: {error} The published one is unchanged.") from error

    def published(self) -> Published | None:
        """What the next ingest compares the folder with. Raises IndexBroken."""
        generation = self.home.current()
        if generation is None:
            return None
        with closing(DocumentStore.open(self.home.documents(generation))) as documents:
            return Published(read_manifest(self.home.generation(generation)), documents.files())

    def root(self) -> Path | None:
        """The folder of the last ingest."""
        generation = self.home.current()
        return None if generation is None else Path(read_manifest(self.home.generation(generation)).root)

    def read_by_this_code(self, seed: Published | None) -> Published | None:
        """The seed, where its files would become the same documents today."""
        return seed if seed is not None and seed.manifest.pipeline == pipeline_version() else None

    def earlier(self) -> list[str]:
        """What there is to go back to: the generation published before this one, then older ones, the newest first."""
        current, complete = self.home.current(), self.home.complete()
        previous = read_manifest(self.home.generation(current)).previous if current in complete else None
        older = [generation for generation in reversed(complete) if current is None or generation < current]
        return [generation for generation in dict.fromkeys((previous, *older)) if generation in complete]

    def _published_or_told(self) -> tuple[Published | None, list[str]]:
        try:
            return self.published(), []
        except IndexBroken as error:
            return None, [_from_nothing(error)]

    def _run(self, root: Path, published: Published | None, seed: Published | None, new_root: bool, notes: list[str]) -> Report:
        """`seed` is what the new generation may be made from: the published one, or nothing."""
        started = time.monotonic()
        known = self.read_by_this_code(seed)
        if seed is not None and known is None:
            notes = [*notes, "Footnote reads files in another way than when the index was made, so every file was read again."]
        found = survey(root, known, load_bans(self.home.bans), self.progress)
        with self.staging() as generation:
            staged = self.stage(root, found, known, self.home.documents(generation))
            check_worth(root, found, staged)
            difference = self.difference(published, self.home.documents(generation))
            if published is not None and not new_root:
                self._check_removal(len(difference.removed), len(published.documents()))
            unchanged = known is not None and not staged.changed and not difference.removed
            if published is not None and unchanged and self._same(root, published):
                # Whoever runs an ingest because the index is broken must not be told that nothing changed.
                look_over(self.home, self.store, published.manifest.id)
                return report_of(root, published.manifest, published, found, staged, difference, 0, time.monotonic() - started, notes)
            manifest, built = self.build(root, generation, seed)
            publish(self.home, generation)
        sweep(self.home, self.store, self.kept(published.manifest.id if published else None))
        return report_of(root, manifest, published, found, staged, difference, built.embedded, time.monotonic() - started, notes)

    def _same(self, root: Path, published: Published) -> bool:
        return not moved(root, published) and published.manifest.embeddings == self.embedder.model_id

    def stage(self, root: Path, found: Survey, seed: Published | None, path: Path) -> Staged:
        """Writes to `path` what the documents of the folder are now."""
        source = None if seed is None else (seed, self.home.documents(seed.manifest.id))
        return Stage(self.parser, self.workers, self.progress).fill(path, root, found, source)

    def difference(self, published: Published | None, path: Path) -> Difference:
        """What separates the documents in `path` from the published ones."""
        with closing(DocumentStore.open(path)) as new:
            if published is None:
                return compare({}, new.states())
            with closing(DocumentStore.open(self.home.documents(published.manifest.id))) as old:
                return compare(old.states(), new.states())

    @contextmanager
    def staging(self) -> Iterator[str]:
        """A new generation's id and empty folder; where it is not published in the end, nothing of it stays."""
        generation = new_id(max(self.home.complete(), default=None))
        self.home.generation(generation).mkdir(parents=True)
        try:
            yield generation
        finally:
            if self.home.current() != generation:
                discard(self.home, self.store, generation)

    def build(self, root: Path, generation: str, seed: Published | None) -> tuple[Manifest, Built]:
        """Brings the rest of the generation to what its documents say, and checks it."""
        previous = seed.manifest.id if seed and seed.manifest.embeddings == self.embedder.model_id else None
        spare = next((g for g in self.home.complete() if g != self.home.current()), None) if len(self.kept()) >= self.store.kept else None
        built = Builder(self.home, self.store, self.embedder, self.progress).build(generation, previous, spare)
        with closing(DocumentStore.open(self.home.documents(generation))) as documents:
            counts = documents.count(), len(documents.digests())
        now = datetime.now(UTC).isoformat(timespec="seconds")
        rate = built.rate or (seed.manifest.rate if seed else None)
        manifest = Manifest(
            generation, str(root.resolve()), now, self.embedder.model_id, pipeline_version(), *counts, rate, self.home.current()
        )
        self.progress("checking", 0, 1)
        check(self.home, self.store, manifest, built.fresh)
        write_manifest(self.home.generation(generation), manifest)
        self.progress("checking", 1, 1)
        return manifest, built

    def kept(self, before: str | None = None) -> list[str]:
        """The published generation, the one published before it (which may be older than one that was rolled back), and the newest others,
        as many as the store wants."""
        first = [generation for generation in dict.fromkeys((self.home.current(), before)) if generation in self.home.complete()]
        others = [generation for generation in reversed(self.home.complete()) if generation not in first]
        return [*first, *others][: self.store.kept]

    def _check_removal(self, gone: int, before: int) -> None:
        if asks(gone, before) and not self.confirm(gone, before):
            raise IngestError(f"{gone} of {before} documents would be removed. Nothing was changed. If that is right, add --yes.")


def _from_nothing(error: IndexBroken) -> str:
    return f"{error} So it was built from nothing."


def asks(gone: int, before: int) -> bool:
    """Whether so great a removal is to be confirmed."""
    return gone > MOST_REMOVED * before


def moved(root: Path, published: Published) -> bool:
    return Path(published.manifest.root) != root.resolve()


def check_folder(root: Path) -> None:
    if not root.is_dir():
        raise NothingToIngest(f"{root} {'is no folder' if root.exists() else 'does not exist'}. Give the folder that holds the documents.")


def check_root(root: Path, published: Published | None, new_root: bool) -> None:
    if published is not None and not new_root and moved(root, published):
        raise RootMismatch(
            f"The index was made from {published.manifest.root}, not from {root.resolve()}. "
            "To replace it, add --new-root; to keep both, set FOOTNOTE_HOME to another folder."
        )


def check_worth(root: Path, found: Survey, staged: Staged) -> None:
    if not staged.records:
        passed = f" ({sum(found.passed_over().values())} were passed over)" if found.passed_over() else ""
        raise NothingToIngest(f"{root} holds no file that can be ingested{passed}. The index is unchanged.")
    if not staged.documents():
        first = staged.records[0]
        count = len(staged.records)
        raise NothingToIngest(f"None of the {count} files in {root} gave any text. {first.source}: {first.error} The index is unchanged.")
