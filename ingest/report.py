"""What an ingest did, as data: printed for people by `api/render.py`, as JSON for jobs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from assistant.generation import Manifest
from ingest.prepare import Prepared
from ingest.survey import Published, Survey
from ingest.types import FileStatus

Change = Literal["added", "changed", "unchanged"]


@dataclass(frozen=True, slots=True)
class FileOutcome:
    """What became of one file. `error` says why there is no document of it, and what became of the one before."""

    source: str
    status: FileStatus
    change: Change
    error: str | None


@dataclass(frozen=True, slots=True)
class Report:
    """`published` is False when the index already held exactly this; `generation` is the published one either way."""

    root: str
    generation: str
    published: bool
    documents: int
    chunks: int
    embedded: int
    seconds: float
    files: tuple[FileOutcome, ...]
    removed: tuple[str, ...]
    passed_over: dict[str, int]
    unsupported: tuple[str, ...]
    warnings: tuple[str, ...]
    notes: tuple[str, ...]

    def with_status(self, status: FileStatus) -> list[FileOutcome]:
        return [outcome for outcome in self.files if outcome.status == status]

    def count(self, change: Change) -> int:
        """How many documents were added, changed or left as they are."""
        return sum(outcome.status == "parsed" and outcome.change == change for outcome in self.files)


def report_of(
    root: Path, manifest: Manifest, before: Published | None, found: Survey, removed: tuple[str, ...],
    embedded: int, seconds: float, notes: Sequence[str],
) -> Report:  # fmt: skip
    return Report(
        root=str(root.resolve()),
        generation=manifest.id,
        published=before is None or before.manifest.id != manifest.id,
        documents=manifest.documents,
        chunks=manifest.chunks,
        embedded=embedded,
        seconds=round(seconds, 2),
        files=tuple(_outcome(prepared, before.documents() if before else set()) for prepared in found.prepared),
        removed=removed,
        passed_over=dict(found.walk.passed_over),
        unsupported=tuple(found.walk.unsupported),
        warnings=found.warnings,
        notes=tuple(notes),
    )


def _outcome(prepared: Prepared, before: set[str]) -> FileOutcome:
    record = prepared.record
    was_there = record.source in before
    change: Change = "unchanged" if prepared.kept else "changed" if was_there else "added"
    fate = " Its last good version was taken out of the index." if was_there and record.error else ""
    return FileOutcome(record.source, record.status, change, f"{record.error}{fate}" if record.error else None)
