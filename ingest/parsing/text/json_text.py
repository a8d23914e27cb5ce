"""JSON (.json), and JSON values one after the other (.jsonl, .ndjson), as a person would write them down.

An object's plain members are items "key: value", nested ones follow under their key as a heading, deeper than five levels with their
path before each key ("a.b: value"). Objects that are alike become a table; others in an array go by what they call themselves, else by
their number. Long texts become paragraphs. Numbers stand as they are written. Nothing of the file is left out but empty cells.
Metadata is never taken from a JSON file: its keys are data.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from assistant.errors import ParseError
from ingest.parsing.decode import decode
from ingest.parsing.draft import Draft, one_line, sensible_title
from ingest.parsing.text.delimited import add_table
from ingest.types import ParsedDocument

_DEEPEST = 100  # levels
_TOO_DEEP = "The file nests values too deeply to be read as text. Leave it out, or give the part that people ask about."
_HEADED = 5  # levels of nesting that get headings
_SHORT = 300  # characters of a value that stands on one line
_WORD = 50  # characters of a word
_WIDEST = 20  # columns of a table
_LEAVES = 3  # levels of nesting inside a table's cell
_NAMES = ("title", "name", "subject", "question", "label", "key", "id")
_SPACE = re.compile(r"[ \t\n\r]*")


@dataclass(frozen=True, slots=True)
class _Object:
    """Members in the order of the file; a key may stand twice."""

    members: tuple[tuple[str, Any], ...]


def read(data: bytes) -> ParsedDocument:
    try:
        values = list(_values(decode(data)))
    except json.JSONDecodeError as error:
        raise ParseError(f"Line {error.lineno}, column {error.colno}: no JSON ({error.msg}). Correct it there, and ingest anew.") from error
    except RecursionError as error:
        raise ParseError(_TOO_DEEP) from error
    whole = values[0] if len(values) == 1 else values
    draft = Draft()
    _add(draft, whole, "Entry", "", 0)
    # Without a title of its own the file goes by its name: its first key says little of it.
    return replace(draft.document(), title=sensible_title(_name(whole, _NAMES[:2])))


def _values(text: str) -> Iterator[Any]:
    decoder = json.JSONDecoder(object_pairs_hook=_object, parse_int=str, parse_float=str, parse_constant=str)
    at = _SPACE.match(text).end()  # type: ignore[union-attr]  # it matches anywhere
    while at < len(text):
        value, at = decoder.raw_decode(text, at)
        yield value
        at = _SPACE.match(text, at).end()  # type: ignore[union-attr]  # it matches anywhere


def _object(members: list[tuple[str, Any]]) -> _Object:
    return _Object(tuple(members))


def _add(draft: Draft, value: Any, name: str, path: str, depth: int) -> None:
    """Adds what a value holds. `name` is what it is called, `path` what stands before its keys, `depth` the headings above it."""
    if path.count(".") + path.count("[") + depth > _DEEPEST:
        raise ParseError(_TOO_DEEP)
    if isinstance(value, _Object):
        _add_object(draft, value, path, depth)
    elif isinstance(value, list):
        _add_array(draft, value, name, path, depth)
    else:
        _add_line(draft, "", _shown(value))
    draft.apart()


def _add_object(draft: Draft, value: _Object, path: str, depth: int) -> None:
    """Plain members come first: below a nested one they would seem to be its own."""
    for key, member in value.members:
        if (line := _line(member)) is not None:
            _add_line(draft, f"{path}{key}: ", line)
    for key, member in value.members:
        if _line(member) is None:
            _add_nested(draft, member, key, f"{path}{key}", depth)


def _add_array(draft: Draft, values: list[Any], name: str, path: str, depth: int) -> None:
    if columns := _columns(values):
        draft.row([path + column for column in columns], header=True)
        for value in values:
            cells = dict(_leaves(value))
            draft.row([cells.get(column, "") for column in columns])
    elif len(values) > 1 and all(isinstance(value, list) and value and all(map(_is_plain, value)) for value in values):
        add_table(draft, [["" if cell is None else _shown(cell) for cell in row] for row in values])
    else:
        for number, value in enumerate(_packed(values), 1):
            if _is_plain(value):
                _add_line(draft, f"{path}: " if path else "", _shown(value))
            else:
                _add_nested(draft, value, _name(value, _NAMES) or f"{name} {number}", f"{path}[{number}]", depth)


def _packed(values: list[Any]) -> list[Any]:
    """The values, but of nothing but numbers and single words as many on a line as one holds."""
    words = [_shown(value) for value in values if _is_plain(value)]
    if len(words) < len(values) or any(" " in word or len(word) > _WORD for word in words):
        return values
    size = _SHORT // (max(map(len, words), default=0) + 2)
    return [", ".join(words[at : at + size]) for at in range(0, len(words), size)]


def _add_nested(draft: Draft, value: Any, name: str, path: str, depth: int) -> None:
    if depth < _HEADED:
        draft.add("heading", name, depth + 1)
        _add(draft, value, name, "", depth + 1)
    else:
        _add(draft, value, name, f"{path}." if isinstance(value, _Object) else path, depth)


def _add_line(draft: Draft, key: str, text: str) -> None:
    """A short value is an item, a long text one paragraph or several."""
    if len(text) <= _SHORT and "\n" not in text.strip():
        draft.add("list_item", key + text, 1)
        return
    draft.apart()
    for part in re.split(r"\n\s*\n", text):
        draft.add("paragraph", key + part)
        key = ""


def _line(value: Any) -> str | None:
    """A member's value on one line, None where it is nested or an array too long for one."""
    if _is_plain(value):
        return _shown(value)
    if isinstance(value, list) and all(map(_is_plain, value)):
        together = ", ".join(map(_shown, value))
        return together or "[]" if len(together) <= _SHORT else None
    return "{}" if isinstance(value, _Object) and not value.members else None


def _is_plain(value: Any) -> bool:
    return not isinstance(value, _Object | list)


def _shown(value: Any) -> str:
    return "null" if value is None else str(value).lower() if isinstance(value, bool) else str(value)


def _name(value: Any, keys: tuple[str, ...]) -> str | None:
    """What an object calls itself, on one line."""
    members = value.members if isinstance(value, _Object) else ()
    named = {key.lower(): one_line(member) for key, member in reversed(members) if isinstance(member, str)}
    return next((named[key] for key in keys if 0 < len(named.get(key, "")) <= _SHORT), None)


def _columns(values: list[Any]) -> list[str]:
    """The columns that the values have as rows of a table, none where they are not alike: each is to fill half of the columns."""
    rows = [list(_leaves(value)) if isinstance(value, _Object) else [] for value in values]
    columns = list(dict.fromkeys(path for row in rows for path, _ in row))
    alike = len(rows) > 1 and len(columns) <= _WIDEST and all(2 * len(row) >= len(columns) for row in rows)
    once = all(len({path for path, _ in row}) == len(row) for row in rows)
    short = all(len(text) <= _SHORT and "\n" not in text for row in rows for _, text in row)
    return columns if alike and once and short else []


def _leaves(value: Any, path: str = "", depth: int = 1) -> Iterator[tuple[str, str]]:
    """An object's values by their path. What is nested too deeply for a table comes as a text too long for one."""
    for key, member in value.members:
        line = "" if member is None else _line(member)
        if line is not None:
            yield path + key, line
        elif isinstance(member, _Object) and depth < _LEAVES:
            yield from _leaves(member, f"{path}{key}.", depth + 1)
        else:
            yield path + key, "\n"
