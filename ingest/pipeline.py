"""The ingest: makes the index hold exactly what is in a folder, or changes nothing.

lock → look at the folder → parse what changed → embed what is new → build aside → check → publish → sweep
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from assistant.documents import DocumentStore
from assistant.errors import IndexBroken, IngestError, NothingToIngest, RootMismatch
from assistant.generation import Home, Manifest, open_snapshot, read_manifest
from assistant.ports import ChunkStore, Embedder
from ingest.build import Changes, build, new_id, publish, sweep
from ingest.embedding_cache import EmbeddingCache
from ingest.lock import writing
from ingest.prepare import pipeline_version
from ingest.report import Report, report_of
from ingest.survey import Progress, Published, Survey, survey

Confirm = Callable[[int, int], bool]
"""Asked, before a removal of more than a quarter, whether so many of so many documents may go."""

MOST_REMOVED = 0.25


@dataclass(frozen=True, slots=True)
class Ingest:
    """Everything an ingest works with; `run` does it."""

    home: Home
    store: ChunkStore
    embedder: Embedder
    progress: Progress
    confirm: Confirm

    def run(self, root: Path, *, new_root: bool = False) -> Report:
        """Raises IngestError where nothing was changed, and says why. A file that fails is in the report."""
        if not root.is_dir():
            raise NothingToIngest(
                f"{root} {'is no folder' if root.exists() else 'does not exist'}. Give the folder that holds the documents."
            )
        self._make_home()
        with writing(self.home.folder):
            try:
                published = self._published()
                _check_root(root, published, new_root)
                return self._run(root, published, new_root)
            except IndexBroken as error:
                return self._run(root, None, new_root, f"{error} So it was built from nothing.")
            except (OSError, sqlite3.Error) as error:
                raise IngestError(f"The new index cannot be written: {error}. The published one is unchanged.") from error

    def _run(self, root: Path, published: Published | None, new_root: bool, *notes: str) -> Report:
        started = time.monotonic()
        seed = published if published is not None and self._fits(published.manifest) else None
        found = survey(root, seed, self.progress)
        _check_worth(root, found)
        removed = tuple(sorted(published.documents() - found.documents())) if published else ()
        if published is not None and not new_root:
            self._check_removal(len(removed), len(published.documents()))
        if published is not None and seed is not None and not found.changed and not removed and not _moved(root, published):
            # Whoever runs an ingest because the index is broken must not be told that nothing changed.
            open_snapshot(self.home, published.manifest.id, self.store).documents.close()
            return report_of(root, published.manifest, published, found, removed, 0, time.monotonic() - started, notes)
        changes, embedded = self._changes(found, seed)
        manifest = self._build(root, changes, seed)
        publish(self.home, manifest.id)
        sweep(self.home, self.store, [manifest.id, *([published.manifest.id] if published else [])])
        return report_of(root, manifest, published, found, removed, embedded, time.monotonic() - started, notes)

    def _make_home(self) -> None:
        try:
            self.home.folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise IngestError(f"{self.home.folder} cannot be made: {error.strerror}. Set FOOTNOTE_HOME to a folder of yours.") from error

    def _published(self) -> Published | None:
        generation = self.home.current()
        if generation is None:
            return None
        folder = self.home.generation(generation)
        manifest = read_manifest(folder)
        with closing(DocumentStore.open(folder / "documents.sqlite")) as documents:
            return Published(manifest, documents.files())

    def _fits(self, manifest: Manifest) -> bool:
        """Whether what it holds is what today's code and model would make of the same files."""
        return (manifest.embeddings, manifest.pipeline) == (self.embedder.model_id, pipeline_version())

    def _check_removal(self, gone: int, before: int) -> None:
        if gone > MOST_REMOVED * before and not self.confirm(gone, before):
            raise IngestError(f"{gone} of {before} documents would be removed. Nothing was changed. If that is right, add --yes.")

    def _changes(self, found: Survey, seed: Published | None) -> tuple[Changes, int]:
        """What separates the new generation from its seed, and how many chunks had to be embedded for it."""
        added = tuple((p.document, p.chunks) for p in found.changed if p.document is not None)
        texts = [chunk.indexed_text for _, chunks in added for chunk in chunks]
        with closing(EmbeddingCache(self.home.embeddings)) as cache:
            vectors, embedded = cache.vectors(texts, self.embedder, lambda done, total: self.progress("embedding chunks", done, total))
        return Changes(added, vectors, found.replaced(seed), found.records), embedded

    def _build(self, root: Path, changes: Changes, seed: Published | None) -> Manifest:
        self.progress("building the index", 0, 1)
        now = datetime.now(UTC).isoformat(timespec="seconds")
        wanted = Manifest(new_id(), str(root.resolve()), now, self.embedder.model_id, pipeline_version(), documents=0, chunks=0)
        built = build(self.home, self.store, wanted, seed.manifest.id if seed else None, changes)
        self.progress("building the index", 1, 1)
        return built


def _moved(root: Path, published: Published) -> bool:
    return Path(published.manifest.root) != root.resolve()


def _check_root(root: Path, published: Published | None, new_root: bool) -> None:
    if published is not None and not new_root and _moved(root, published):
        raise RootMismatch(
            f"The index was made from {published.manifest.root}, not from {root.resolve()}. "
            "To replace it, add --new-root; to keep both, set FOOTNOTE_HOME to another folder."
        )


def _check_worth(root: Path, found: Survey) -> None:
    if not found.prepared:
        passed = f" ({sum(found.walk.passed_over.values())} were passed over)" if found.walk.passed_over else ""
        raise NothingToIngest(f"{root} holds no file that can be ingested{passed}. The index is unchanged.")
    if not found.documents():
        first = found.records[0]
        count = len(found.records)
        raise NothingToIngest(f"None of the {count} files in {root} gave any text. {first.source}: {first.error} The index is unchanged.")
