"""What is known about a document beside its text: `.footnote.yaml` of its folders, and its own front matter.

A `.footnote.yaml` speaks for everything below its folder; under `files:` it speaks for single files of its folder by name. Key by
key, what is nearer wins: front matter, then `files:`, then the file's folder, then the folders above.

Permissions (`groups`) differ in one point: front matter may narrow what the folders state, never widen it, because who writes a
page in a confidential folder is not who decides about the folder. Its groups must be among those of the folder; others, or none
at all, are an error of that file. A document whose groups cannot be made out is read by nobody: every mistake about them is a
ParseError for each file it may concern.
"""

from __future__ import annotations

import os
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import partial
from pathlib import Path, PurePosixPath
from typing import Any

from assistant.errors import ParseError
from ingest.folder import METADATA_FILE, read_file, source_of
from ingest.parsing.decode import decode
from ingest.parsing.draft import one_line
from ingest.parsing.front_matter import line_of, load_yaml
from ingest.types import Metadata

KEYS = ("title", "owner", "url", "groups", "effective", "expires", "supersedes")
_MISSPELT = ".footnote.yml"
_LARGEST = 1_000_000  # bytes
# Names the place of a value in a message, given its keys from the outermost in.
_At = Callable[..., str]


@dataclass(frozen=True, slots=True)
class Rules:
    """What one `.footnote.yaml` says of a file, or why it cannot be understood. `where` is its path below the root; `values` are
    keyword arguments of Metadata."""

    where: str
    values: Mapping[str, Any]
    error: str | None = None


@dataclass(frozen=True, slots=True)
class Folder:
    """One `.footnote.yaml`: what it says of everything below, and of single files by name."""

    rules: Rules
    files: Mapping[str, Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class FolderMetadata:
    """Every `.footnote.yaml` below a root, by the path of its folder ("." for the root itself). `warnings` concern these files
    themselves and are to be said once."""

    folders: Mapping[str, Folder]
    warnings: tuple[str, ...] = ()

    def governing(self, source: str) -> tuple[Rules, ...]:
        """What governs a file, outermost first. Where the file's metadata may have changed, so has the repr."""
        path = PurePosixPath(source)
        rules = [self.folders[str(above)].rules for above in reversed(path.parents) if str(above) in self.folders]
        nearest = self.folders.get(str(path.parent))
        if nearest is not None and _normal(path.name) in nearest.files:
            rules.append(Rules(nearest.rules.where, nearest.files[_normal(path.name)]))
        return tuple(rules)


def load_folder_metadata(root: Path) -> FolderMetadata:
    """Reads every `.footnote.yaml` below root, hidden folders and links left out. Never raises for what stands in them."""
    folders: dict[str, Folder] = {}
    warnings: list[str] = []
    for place, below, names in os.walk(root):
        present = {*below, *names}
        below[:] = sorted(name for name in below if not name.startswith("."))
        if METADATA_FILE in present or _MISSPELT in present:
            source = source_of(Path(place), root)
            folders[source], said = _folder(root, Path(place), PurePosixPath(source), present)
            warnings += said
    return FolderMetadata(folders, tuple(warnings))


def metadata_for(source: str, front_matter: Mapping[str, object], folders: FolderMetadata) -> tuple[Metadata, tuple[str, ...]]:
    """A document's metadata and what is to be said about it. Raises ParseError where it cannot be trusted."""
    known: dict[str, Any] = {}
    for rules in folders.governing(source):
        if rules.error:
            raise ParseError(rules.error)
        known |= rules.values
    own, warnings = _checked(front_matter, lambda key: f'The front matter, "{key}"')
    if "groups" in own:
        _only_narrows(own["groups"], known.get("groups", ()))
    return Metadata(**(known | own)), tuple(warnings)


def _only_narrows(own: tuple[str, ...], stated: tuple[str, ...]) -> None:
    if stated and (not own or not set(own) <= set(stated)):
        raise ParseError(
            f"The front matter opens the file to {', '.join(own) or 'everyone'}, its folder only to {', '.join(stated)}. Name groups "
            f"of the folder alone, or state the file's groups under \"files:\" in its folder's {METADATA_FILE}."
        )


def _folder(root: Path, path: Path, below: PurePosixPath, present: set[str]) -> tuple[Folder, list[str]]:
    """One folder's rules and what is to be said about them; an error in them becomes part of them."""
    where = str(below / METADATA_FILE)
    try:
        if _MISSPELT in present:
            raise ParseError(f"{below / _MISSPELT} must be called {METADATA_FILE}. Rename it; until then nothing below is ingested.")
        return _read(_text(root, path / METADATA_FILE, where), where, present)
    except ParseError as error:
        return Folder(Rules(where, {}, str(error)), {}), []


def _text(root: Path, path: Path, where: str) -> str:
    try:
        content = read_file(root, path, _LARGEST)
    except ParseError as error:
        raise ParseError(f"{where} cannot be read. {error} Until it can, nothing below its folder is ingested.") from error
    try:
        return decode(content)
    except ParseError as error:
        raise ParseError(f"{where} is no text file. Until it is, nothing below its folder is ingested.") from error


def _read(text: str, where: str, present: set[str]) -> tuple[Folder, list[str]]:
    def at(*keys: str) -> str:
        return f'{where}, line {line_of(text, *keys)}, "{keys[-1]}"'

    content = _mapping(load_yaml(text, where), where)
    stated = _mapping(content.pop("files", None), f'{where}, "files"')
    values, warnings = _checked(content, at, KEYS)
    existing = {_normal(name) for name in present}
    files: dict[str, Mapping[str, Any]] = {}
    for name, own in stated.items():
        files[_normal(name)], said = _checked(_mapping(own, at("files", name)), partial(at, "files", name), KEYS)
        warnings += said
        if _normal(name) not in existing:
            warnings.append(f"{at('files', name)}: the folder holds no such file.")
    return Folder(Rules(where, values), files), warnings


def _mapping(value: object, what: str) -> dict[str, object]:
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise ParseError(f'{what}: keys with values are expected. Write one "key: value" a line.')
    return {str(key): item for key, item in value.items()}


def _normal(name: str) -> str:
    """File names are compared as they look: some systems decompose accents."""
    return unicodedata.normalize("NFC", name)


def _checked(stated: Mapping[str, object], at: _At, known: Sequence[str] = ()) -> tuple[dict[str, Any], list[str]]:
    """The values that are understood, and warnings: of what is left out, and of keys that are none of `known`, where given."""
    values: dict[str, Any] = {}
    warnings: list[str] = []
    for key, value in stated.items():
        name = key.lower()
        if name not in KEYS:
            warnings += [f"{at(key)}: no known key. Known are {', '.join(known)}."] if known else []
        elif name in values:
            raise ParseError(f"{at(key)}: given twice. Keep one.")
        elif name == "groups":
            values[name] = _groups(value, at(key))
        elif name == "supersedes":
            values[name] = _strings(value, at(key))
        elif name in ("effective", "expires"):
            values[name] = _date(value, at(key))
        else:
            values[name], said = _words(name, value, at(key))
            warnings += said
    # A key left empty, as templates have them, states nothing.
    return {name: value for name, value in values.items() if value is not None}, warnings


def _groups(value: object, what: str) -> tuple[str, ...]:
    """Without a value the writer may have meant anything, so it is an error; everyone is `[]`."""
    groups = None if value is None else _strings(value, what)
    if groups is None or any("," in group for group in groups):
        raise ParseError(f'{what}: write one group, or a list as in "groups: [hr, finance]", or "groups: []" for everyone.')
    return groups


def _strings(value: object, what: str) -> tuple[str, ...]:
    items = [] if value is None else value if isinstance(value, list) else [value]
    if not all(isinstance(item, str) and item.strip() for item in items):
        raise ParseError(f"{what}: text, or a list of texts, is expected. Put what is not plain text in quotation marks.")
    return tuple(dict.fromkeys(item.strip() for item in items if isinstance(item, str)))


def _date(value: object, what: str) -> date | None:
    if value is None:
        return None
    if not isinstance(value, str | int | date):  # written out, aliases of aliases would never end
        raise ParseError(f"{what}: a date is expected, as in 2026-01-31.")
    try:
        return datetime.fromisoformat(str(value).strip()).date()
    except ValueError as error:
        raise ParseError(f'{what}: "{value}" is no date. Write it as 2026-01-31.') from error


def _words(name: str, value: object, what: str) -> tuple[str | None, list[str]]:
    """A title, owner or link; what is none is left out with a warning, since nobody is harmed by its absence."""
    text = one_line(str(value)) if isinstance(value, str | int | float) and not isinstance(value, bool) else ""
    if name == "url" and not text.startswith(("https://", "http://")):
        text = ""
    expected = 'an address that begins with "https://"' if name == "url" else "text"
    return text or None, [] if text or value in (None, "") else [f"{what}: left out, {expected} is expected."]
