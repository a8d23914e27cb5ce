"""Looks at a folder beside what is published: which files are as they were, and what the others have become."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from assistant.documents import FileRecord
from assistant.errors import ParseError
from assistant.generation import Manifest
from ingest.folder import FolderFile, Walk, walk
from ingest.metadata import FolderMetadata, load_folder_metadata
from ingest.prepare import Prepared, document_id, file_hash, prepare

Progress = Callable[[str, int, int], None]
"""Told what is being done, how many of it are done, and how many there are."""


@dataclass(frozen=True, slots=True)
class Published:
    """The published generation as an ingest sees it: what it was made from, and its files."""

    manifest: Manifest
    files: dict[str, FileRecord]

    def documents(self) -> set[str]:
        return {record.source for record in self.files.values() if record.status == "parsed"}


@dataclass(frozen=True, slots=True)
class Survey:
    """Every file of the folder, in order of source."""

    prepared: tuple[Prepared, ...]
    walk: Walk
    warnings: tuple[str, ...]

    @property
    def records(self) -> tuple[FileRecord, ...]:
        return tuple(prepared.record for prepared in self.prepared)

    @property
    def changed(self) -> tuple[Prepared, ...]:
        return tuple(prepared for prepared in self.prepared if not prepared.kept)

    def documents(self) -> set[str]:
        """The sources that are a document."""
        return {record.source for record in self.records if record.status == "parsed"}

    def replaced(self, seed: Published | None) -> tuple[str, ...]:
        """The ids of the seed's documents that the new generation does not keep as they are."""
        kept = {p.record.source for p in self.prepared if p.kept}
        return tuple(document_id(source) for source in sorted(seed.documents() - kept)) if seed else ()


def survey(root: Path, seed: Published | None, progress: Progress) -> Survey:
    """Parses every file that is not in the seed as it stands now; with no seed, all."""
    found = walk(root)
    folders = load_folder_metadata(root)
    prepared: list[Prepared] = []
    for done, file in enumerate(found.files):
        progress("reading files", done, len(found.files))
        prepared.append(_look_at(file, folders, seed.files.get(file.source) if seed else None))
    progress("reading files", len(found.files), len(found.files))
    warnings = (*folders.warnings, *(warning for p in prepared for warning in p.warnings))
    return Survey(tuple(prepared), found, warnings)


def _look_at(file: FolderFile, folders: FolderMetadata, before: FileRecord | None) -> Prepared:
    rules = [(rule.values, rule.error) for rule in folders.governing(file.source) if rule.values or rule.error]
    fingerprint = hashlib.sha256(repr(rules).encode()).hexdigest()[:16]
    try:
        if file.error is not None:
            raise ParseError(file.error)
        digest = file_hash(file.path)
    except ParseError as error:
        record = FileRecord(file.source, "", fingerprint, "failed", str(error))
        return Prepared(record, kept=record == before)
    if before is not None and (before.file_hash, before.fingerprint) == (digest, fingerprint):
        return Prepared(before, kept=True)
    return prepare(file.path, file.source, digest, fingerprint, folders)
