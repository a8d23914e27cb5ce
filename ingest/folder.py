"""What lies in the ingested folder: the files to be read, and what is passed over and why.

Symbolic links are never followed, not even to places inside the folder: a document would stand under the permissions of the link's
place instead of its own. Nothing that should have been read disappears: a file or folder that cannot be opened is listed with its
error.
"""

from __future__ import annotations

import os
import stat
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from assistant.errors import NothingToIngest, ParseError
from ingest.parsing import SUPPORTED

METADATA_FILE = ".footnote.yaml"
LARGEST = 50_000_000  # bytes

HIDDEN = "hidden"
TEMPORARY = "temporary"
METADATA = "metadata"
UNSUPPORTED = "unsupported format"
LINK_OUT = "symbolic link out of the folder"
LINK_INSIDE = "symbolic link inside the folder"
SPECIAL = "not a regular file"


@dataclass(frozen=True, slots=True)
class FolderFile:
    """A file to be read. `source` is its path below the root with "/"; `error` says why it cannot be, where that is known already."""

    source: str
    path: Path
    error: str | None = None


@dataclass(frozen=True, slots=True)
class Walk:
    """`files` and `unsupported` (sources) are sorted by source; `passed_over` counts entries by reason, a hidden folder as one."""

    files: tuple[FolderFile, ...]
    passed_over: Mapping[str, int]
    unsupported: tuple[str, ...]


def read_file(path: Path) -> bytes:
    """The content of a file. Raises ParseError where it cannot be read or is too large."""
    try:
        size = path.stat().st_size
        if size > LARGEST:
            raise ParseError(f"The file has {size / 1e6:.0f} MB; at most {LARGEST / 1e6:.0f} MB are read. Split it or leave it out.")
        return path.read_bytes()
    except OSError as error:
        raise ParseError(f"The file cannot be opened: {error.strerror}. Check that it exists and may be read.") from error


def source_of(path: Path, root: Path) -> str:
    """The file's path below the root, with "/"; bytes of a name that are no UTF-8 appear as \\xNN."""
    below = path.relative_to(root).as_posix()
    return os.fsencode(below).decode("utf-8", "backslashreplace")


def walk(root: Path) -> Walk:
    """Looks through the whole folder. Raises NothingToIngest where root is no folder that can be opened."""
    if not root.is_dir():
        raise NothingToIngest(f"{root} is no folder. Give the folder that holds the documents.")
    files: list[FolderFile] = []
    passed: Counter[str] = Counter()
    unsupported: list[str] = []
    folders = [root]
    while folders:
        folder = folders.pop()
        try:
            entries = sorted(folder.iterdir())
        except OSError as error:
            if folder == root:
                raise NothingToIngest(f"{root} cannot be opened: {error.strerror}. Check its permissions.") from error
            files.append(_unopened(folder, root, "folder", error))
            continue
        for path in entries:
            reason = _entry(path, root, folders, files)
            if reason:
                passed[reason] += 1
            if reason == UNSUPPORTED:
                unsupported.append(source_of(path, root))
    return Walk(tuple(sorted(files, key=lambda f: f.source)), dict(sorted(passed.items())), tuple(sorted(unsupported)))


def _entry(path: Path, root: Path, folders: list[Path], files: list[FolderFile]) -> str | None:
    """Files an entry under folders to open or files to read, or gives the reason why it is passed over."""
    if reason := _by_name(path.name):
        return reason
    try:
        mode = path.lstat().st_mode
    except OSError as error:
        files.append(_unopened(path, root, "file", error))
        return None
    if stat.S_ISLNK(mode):
        return LINK_INSIDE if _leads_inside(path, root) else LINK_OUT
    if stat.S_ISDIR(mode):
        folders.append(path)
        return None
    if not stat.S_ISREG(mode):
        return SPECIAL
    if path.suffix.lower() not in SUPPORTED:
        return UNSUPPORTED
    files.append(FolderFile(source_of(path, root), path, _name_error(path, root)))
    return None


def _by_name(name: str) -> str | None:
    if name == METADATA_FILE:
        return METADATA
    if name.startswith("~$") or name.endswith("~") or PurePosixPath(name).suffix.lower() in (".tmp", ".temp", ".swp", ".part"):
        return TEMPORARY
    return HIDDEN if name.startswith(".") else None


def _leads_inside(link: Path, root: Path) -> bool:
    try:
        return link.resolve().is_relative_to(root.resolve())
    except (OSError, RuntimeError):  # a link that leads to itself
        return False


def _name_error(path: Path, root: Path) -> str | None:
    try:
        path.relative_to(root).as_posix().encode()
    except UnicodeEncodeError:
        return "The file's name, or that of its folder, is not valid UTF-8. Rename it."
    return None


def _unopened(path: Path, root: Path, what: str, error: OSError) -> FolderFile:
    return FolderFile(source_of(path, root), path, f"The {what} cannot be opened: {error.strerror}. Check its permissions.")
