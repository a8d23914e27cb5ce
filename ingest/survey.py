"""Looks at a folder beside what is published: which files are as they were, and which have to be read."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from assistant.documents import FileRecord
from assistant.errors import ParseError
from assistant.generation import Manifest
from ingest.bans import Bans
from ingest.folder import FolderFile, Walk, read_file, walk
from ingest.metadata import FolderMetadata, load_folder_metadata

Progress = Callable[[str, int, int], None]
"""Told what is being done, how many of it are done, and how many there are."""

BANNED = "banned"


@dataclass(frozen=True, slots=True)
class Published:
    """The published generation as an ingest sees it: what it was made from, and its files."""

    manifest: Manifest
    files: dict[str, FileRecord]

    def documents(self) -> set[str]:
        return {record.source for record in self.files.values() if record.status == "parsed"}


@dataclass(frozen=True, slots=True)
class Seen:
    """A file of the folder. `fingerprint` names what its folders say of it; `before` is what the last ingest made of it, where that
    still holds."""

    file: FolderFile
    fingerprint: str
    before: FileRecord | None = None


@dataclass(frozen=True, slots=True)
class Survey:
    """Every file to be in the index, in order of source; `banned` are the sources kept out."""

    files: tuple[Seen, ...]
    walk: Walk
    folders: FolderMetadata
    banned: tuple[str, ...]

    @property
    def unread(self) -> tuple[Seen, ...]:
        """The files that are not as they were."""
        return tuple(seen for seen in self.files if seen.before is None)

    def passed_over(self) -> dict[str, int]:
        return {**self.walk.passed_over, **({BANNED: len(self.banned)} if self.banned else {})}


def survey(root: Path, seed: Published | None, bans: Bans, progress: Progress) -> Survey:
    """Compares every file with the seed by its content and by what its folders say of it; with no seed, all are to be read."""
    found = walk(root)
    folders = load_folder_metadata(root)
    files: list[Seen] = []
    banned: list[str] = []
    for done, file in enumerate(found.files, 1):
        before = seed.files.get(file.source) if seed else None
        digest, error = _digest(root, file) if before or bans.contents else (None, None)
        if bans.hold(file.source, digest):
            banned.append(file.source)
        else:
            files.append(_seen(file, digest, error, folders, before))
        progress("looking at files", done, len(found.files))
    return Survey(tuple(files), found, folders, tuple(banned))


def content_hash(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _digest(root: Path, file: FolderFile) -> tuple[str | None, str | None]:
    """The hash of a file's content, or why it cannot be read."""
    try:
        return (None, file.error) if file.error else (content_hash(read_file(root, file.path)), None)
    except ParseError as error:
        return None, str(error)


def _seen(file: FolderFile, digest: str | None, error: str | None, folders: FolderMetadata, before: FileRecord | None) -> Seen:
    rules = [(rule.values, rule.error) for rule in folders.governing(file.source) if rule.values or rule.error]
    fingerprint = hashlib.sha256(repr(rules).encode()).hexdigest()[:16]
    if before is None:
        return Seen(file, fingerprint)
    unreadable = digest is None and before == FileRecord(file.source, "", fingerprint, "failed", error)
    same = unreadable or (before.file_hash, before.fingerprint) == (digest, fingerprint)
    return Seen(file, fingerprint, before if same else None)
