"""What lies in the ingested folder: the files to be read, what is passed over and why; and the one way to read a file of it.

Symbolic links are never followed, not even to places inside the folder: a document would stand under the permissions of the link's
place instead of its own. Every folder on the way to a file is opened from the one above it, so that a link which takes a folder's place
after it was looked at is not followed either. Nothing that should have been read disappears: a file or folder that cannot be opened is
listed with its error. Folders of other file systems are walked, and a hard link is a file like any other: both are made on purpose.
"""

from __future__ import annotations

import errno
import os
import re
import stat
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from assistant.errors import NothingToIngest, ParseError
from ingest.ignore import IGNORE_FILE, LARGEST_IGNORE, IgnoreRules, ignored, read_rules
from ingest.parsing import SUPPORTED

METADATA_FILE = ".footnote.yaml"
LARGEST = 50_000_000  # bytes
DEEPEST = 100  # folders below the root
LONGEST_PATH = 3_900  # bytes, from "/"; the system's own limit is a little above

HIDDEN = "hidden"
TEMPORARY = "temporary"
METADATA = "metadata"
IGNORED = f"ignored by {IGNORE_FILE}"
UNSUPPORTED = "unsupported format"
LINK_OUT = "symbolic link out of the folder"
LINK_INSIDE = "symbolic link inside the folder"
SPECIAL = "not a regular file"

_FOLDER_FLAGS = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC
# A pipe that nobody writes to, put in a file's place, must not hold up the reader, nor a terminal become its own.
_FILE_FLAGS = os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK | os.O_NOCTTY
_PIECE = 2**20
# Characters that would forge lines of a report or turn its letters around, and the one that stands for them there.
_UNFIT = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\\]")


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


@dataclass(frozen=True, slots=True)
class _Place:
    """A folder to be looked through, as the names that lead to it. `closed` says why nothing in it may be read, where that is so."""

    parts: tuple[str, ...] = ()
    rules: tuple[IgnoreRules, ...] = ()
    closed: str | None = None


def read_file(root: Path, path: Path, most: int = LARGEST) -> bytes:
    """The content of a file below the root, at most `most` bytes. Raises ParseError where it cannot be read, is none, or is larger."""
    parts = path.relative_to(root).parts
    try:
        with _folder(root, parts[:-1]) as above:
            return _content(os.open(parts[-1], _FILE_FLAGS | os.O_NOFOLLOW, dir_fd=above), most)
    except OSError as error:
        raise ParseError(_why(error)) from error


def read_given_file(path: Path) -> bytes:
    """The content of a file that somebody named, link or not. Raises ParseError as `read_file` does."""
    try:
        return _content(os.open(path, _FILE_FLAGS), LARGEST)
    except OSError as error:
        raise ParseError(_why(error)) from error


def source_of(path: Path, root: Path) -> str:
    """The file's path below the root, with "/". What cannot stand in a report (bytes that are no UTF-8, control characters) is written as
    `\\xe9`, and a backslash as two, so that no two files have the same source."""
    return "".join(map(_escaped, path.relative_to(root).as_posix()))


def walk(root: Path) -> Walk:
    """Looks through the whole folder. Raises NothingToIngest where root is no folder that can be opened."""
    if not root.is_dir():
        raise NothingToIngest(f"{root} is no folder. Give the folder that holds the documents.")
    return _Walker(root).whole()


class _Walker:
    """One walk, and what it has found so far."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._places = [_Place()]
        self._files: list[FolderFile] = []
        self._passed: Counter[str] = Counter()
        self._unsupported: list[str] = []

    def whole(self) -> Walk:
        while self._places:
            place = self._places.pop()
            try:
                entries = self._entries(place.parts)
            except OSError as error:
                if not place.parts:
                    raise NothingToIngest(f"{self._root} cannot be opened: {error.strerror}. Check its permissions.") from error
                self._add(place.parts, f"The folder cannot be opened: {error.strerror}. Check its permissions.")
                continue
            place = self._with_rules(place, entries)
            for name, mode in sorted(entries.items()):
                self._entry(place, name, mode)
        files = sorted(self._files, key=lambda file: file.source)
        return Walk(tuple(files), dict(sorted(self._passed.items())), tuple(sorted(self._unsupported)))

    def _entries(self, parts: Sequence[str]) -> dict[str, int | OSError]:
        """The names in a folder, with the mode of each, or why that cannot be known."""
        found: dict[str, int | OSError] = {}
        with _folder(self._root, parts) as descriptor, os.scandir(descriptor) as entries:
            for entry in entries:
                try:
                    found[entry.name] = entry.stat(follow_symlinks=False).st_mode
                except OSError as error:
                    found[entry.name] = error
        return found

    def _with_rules(self, place: _Place, names: Mapping[str, object]) -> _Place:
        if IGNORE_FILE not in names:
            return place
        path = self._root.joinpath(*place.parts, IGNORE_FILE)
        try:
            rules = read_rules(_ignore_file(self._root, path), len(place.parts))
        except ParseError as error:
            return _Place(
                place.parts, place.rules, f"{source_of(path, self._root)} {error}. Until that is mended, nothing below is ingested."
            )
        return _Place(place.parts, (*place.rules, rules), place.closed)

    def _entry(self, place: _Place, name: str, mode: int | OSError) -> None:
        """Files an entry under folders to open, files to read, or the reason why it is passed over."""
        parts = (*place.parts, name)
        reason = _by_name(name)
        if reason is None and isinstance(mode, OSError):
            self._add(parts, f"The file cannot be opened: {mode.strerror}. Check its permissions.")
        elif reason is None and isinstance(mode, int):
            reason = self._by_mode(place, parts, mode)
        if reason is not None:
            self._passed[reason] += 1
        if reason == UNSUPPORTED:
            self._unsupported.append(source_of(self._path(parts), self._root))

    def _by_mode(self, place: _Place, parts: tuple[str, ...], mode: int) -> str | None:
        if ignored(place.rules, parts, folder=stat.S_ISDIR(mode)):
            return IGNORED
        if stat.S_ISLNK(mode):
            return LINK_INSIDE if _leads_inside(self._path(parts), self._root) else LINK_OUT
        too_far = len(os.fsencode(self._path(parts))) > LONGEST_PATH
        if stat.S_ISDIR(mode):
            if too_far or len(parts) > DEEPEST:
                self._add(parts, f"The folder lies too deep: {DEEPEST} folders and {LONGEST_PATH:,} bytes of path are read. Move it up.")
            else:
                self._places.append(_Place(parts, place.rules, place.closed))
            return None
        if not stat.S_ISREG(mode):
            return SPECIAL
        if PurePosixPath(parts[-1]).suffix.lower() not in SUPPORTED:
            return UNSUPPORTED
        self._add(parts, place.closed or ("The path is too long. Shorten the names of file and folders." if too_far else None))
        return None

    def _add(self, parts: Sequence[str], error: str | None) -> None:
        path = self._path(parts)
        self._files.append(FolderFile(source_of(path, self._root), path, error or _name_error("/".join(parts))))

    def _path(self, parts: Sequence[str]) -> Path:
        return self._root.joinpath(*parts)


@contextmanager
def _folder(root: Path, parts: Sequence[str]) -> Iterator[int]:
    """The descriptor of a folder below the root, reached without following a link. The root itself may be one."""
    descriptor = os.open(root, _FOLDER_FLAGS)
    try:
        for name in parts:
            if name == "..":
                raise OSError(errno.EINVAL, "it leads out of the folder")
            above, descriptor = descriptor, os.open(name, _FOLDER_FLAGS | os.O_NOFOLLOW, dir_fd=descriptor)
            os.close(above)
        yield descriptor
    finally:
        os.close(descriptor)


def _content(descriptor: int, most: int) -> bytes:
    """What an open file holds; closes it."""
    data = bytearray()
    try:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise ParseError("It is no regular file, but a folder, a pipe or a device. Put the document itself in its place.")
        while len(data) <= most and (piece := os.read(descriptor, _PIECE)):
            data += piece
    finally:
        os.close(descriptor)
    if len(data) > most:
        size = max(status.st_size, len(data)) / 1e6
        raise ParseError(f"The file has {size:,.10g} MB; at most {most / 1e6:,.10g} MB are read. Split it or leave it out.")
    return bytes(data)


def _ignore_file(root: Path, path: Path) -> bytes:
    try:
        return read_file(root, path, LARGEST_IGNORE)
    except ParseError as error:
        raise ParseError(f"cannot be read ({error})") from error


def _why(error: OSError) -> str:
    if error.errno == errno.ENOENT:
        return "The file is gone: it was there when the folder was looked through. If it should be there, put it back and ingest anew."
    if error.errno in (errno.ELOOP, errno.ENOTDIR):
        return "A symbolic link has taken the place of the file or of its folder; links are not followed. Put the file itself there."
    return f"The file cannot be opened: {error.strerror}. Check that it exists and may be read."


def _by_name(name: str) -> str | None:
    if name in (METADATA_FILE, IGNORE_FILE):
        return METADATA
    if name.startswith("~$") or name.endswith("~") or PurePosixPath(name).suffix.lower() in (".tmp", ".temp", ".swp", ".part"):
        return TEMPORARY
    return HIDDEN if name.startswith(".") else None


def _leads_inside(link: Path, root: Path) -> bool:
    try:
        return link.resolve().is_relative_to(root.resolve())
    except (OSError, RuntimeError):  # a link that leads to itself
        return False


def _name_error(below: str) -> str | None:
    try:
        below.encode()
    except UnicodeEncodeError:
        return "The file's name, or that of its folder, is not valid UTF-8. Rename it."
    if _UNFIT.search(below):
        return "The file's name, or that of its folder, holds control characters or a backslash. Rename it."
    return None


def _escaped(character: str) -> str:
    if "\udc80" <= character <= "\udcff":  # a byte that is no UTF-8
        return f"\\x{ord(character) - 0xDC00:02x}"
    return character.encode("unicode_escape").decode() if _UNFIT.match(character) else character
