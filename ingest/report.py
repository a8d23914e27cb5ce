"""What an ingest did, as data: printed for people by `api/render.py`, as JSON for jobs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from assistant.documents import FileRecord
from assistant.generation import Manifest
from ingest.staging import Staged
from ingest.survey import Published, Survey
from ingest.types import FileStatus

Change = Literal["added", "changed", "unchanged"]


@dataclass(frozen=True, slots=True)
class FileOutcome:
    """What became of one file. `error` says why there is no document of it, and what became of the one before; `warnings` what of it is
    not in the text."""

    source: str
    status: FileStatus
    change: Change
    error: str | None
    warnings: tuple[str, ...]


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
    banned: tuple[str, ...]
    warnings: tuple[str, ...]
    notes: tuple[str, ...]

    def with_status(self, status: FileStatus) -> list[FileOutcome]:
        return [outcome for outcome in self.files if outcome.status == status]

    def count(self, change: Change) -> int:
        """How many documents were added, changed or left as they are."""
        return sum(outcome.status == "parsed" and outcome.change == change for outcome in self.files)


@dataclass(frozen=True, slots=True)
class Plan:
    """What an ingest would do. Documents come with the number of their chunks, the new one where they change; `files` are those of which
    there would be no document. `tokens` is an estimate; `usd` is 0 where the model runs on this machine; `asks`: the removal would have
    to be confirmed."""

    root: str
    added: Mapping[str, int]
    changed: Mapping[str, int]
    removed: Mapping[str, int]
    unchanged: int
    files: tuple[FileOutcome, ...]
    chunks_added: int
    chunks_removed: int
    chunks_to_embed: int
    tokens: int
    usd: float
    seconds: float
    passed_over: dict[str, int]
    unsupported: tuple[str, ...]
    banned: tuple[str, ...]
    asks: bool


@dataclass(frozen=True, slots=True)
class Difference:
    """What separates two states of the index, in sources; documents with the same chunks are the same."""

    added: tuple[str, ...]
    changed: tuple[str, ...]
    removed: tuple[str, ...]


def compare(old: Mapping[str, object], new: Mapping[str, object]) -> Difference:
    """Both say what there is of each source."""
    return Difference(
        added=tuple(sorted(new.keys() - old.keys())),
        changed=tuple(sorted(source for source in new.keys() & old.keys() if new[source] != old[source])),
        removed=tuple(sorted(old.keys() - new.keys())),
    )


def report_of(
    root: Path, manifest: Manifest, before: Published | None, found: Survey, staged: Staged,
    difference: Difference, embedded: int, seconds: float, notes: Sequence[str],
) -> Report:  # fmt: skip
    return Report(
        root=str(root.resolve()),
        generation=manifest.id,
        published=before is None or before.manifest.id != manifest.id,
        documents=manifest.documents,
        chunks=manifest.chunks,
        embedded=embedded,
        seconds=round(seconds, 2),
        files=outcomes(staged, difference),
        removed=difference.removed,
        passed_over=found.passed_over(),
        unsupported=found.walk.unsupported,
        banned=found.banned,
        warnings=found.folders.warnings,
        notes=tuple(notes),
    )


def outcomes(staged: Staged, difference: Difference) -> tuple[FileOutcome, ...]:
    added, changed, removed = set(difference.added), set(difference.changed), set(difference.removed)
    return tuple(_outcome(record, record.source in added, record.source in changed, record.source in removed) for record in staged.records)


def _outcome(record: FileRecord, added: bool, changed: bool, removed: bool) -> FileOutcome:
    change: Change = "added" if added else "changed" if changed or removed else "unchanged"
    fate = " Its last good version was taken out of the index." if removed else ""
    return FileOutcome(record.source, record.status, change, f"{record.error}{fate}" if record.error else None, record.warnings)
