"""The records of a PowerPoint 97-2003 file ([MS-PPT], [MS-ODRAW]): each is a kind, a length, and bytes or further records.

A file that was saved in a hurry still holds what was there before; a directory, itself in parts, says where each slide lies now.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

from assistant.errors import ParseError

_HEADER = 8
_PROTECTED_TOKEN = 0xF3D1C4DF
_EDIT, _DIRECTORY = 0x0FF5, 0x1772
_EDIT_OF_PROTECTED = 32  # bytes; else four fewer
_NUMBER_BITS = 20


@dataclass(frozen=True, slots=True)
class Record:
    """`content` are its bytes, without its header; a view, because records lie deep inside each other."""

    kind: int
    instance: int
    content: memoryview

    def children(self, *kinds: int) -> Iterator[Record]:
        """The records inside, of some kinds or, without any, of all."""
        return (child for child in records(self.content) if not kinds or child.kind in kinds)

    def child(self, kind: int, instance: int | None = None) -> Record | None:
        return next((child for child in self.children(kind) if instance in (None, child.instance)), None)

    def number(self, at: int = 0) -> int:
        """An unsigned number of four bytes. Raises struct.error beyond the end."""
        return int(struct.unpack_from("<I", self.content, at)[0])


def records(data: memoryview, start: int = 0) -> Iterator[Record]:
    """The records that follow each other; the last one may be cut off."""
    while start + _HEADER <= len(data):
        head, kind, length = struct.unpack_from("<HHI", data, start)
        yield Record(kind, head >> 4, data[start + _HEADER : start + _HEADER + length])
        start += _HEADER + length


class Store:
    """The slides and other parts of a file by their numbers. Raises ParseError where it is protected."""

    def __init__(self, current_user: bytes, document: bytes) -> None:
        token, edit = struct.unpack_from("<II", current_user, 12)
        if token == _PROTECTED_TOKEN:
            _refuse()
        self._document = memoryview(document)
        self._places: dict[int, int] = {}
        self._left = len(document)
        self.main = 0
        seen: set[int] = set()
        while edit and edit not in seen:
            seen.add(edit)
            edit = self._take(self._record(edit, _EDIT))

    def part(self, number: int) -> Record | None:
        """A part, None where there is none. Parts lie beside each other, so no more is given out than the file is long."""
        place = self._places.get(number)
        found = None if place is None else next(records(self._document, place), None)
        self._left -= len(found.content) if found else 0
        if self._left < 0:
            raise ValueError("its parts lie in each other")
        return found

    def _take(self, edit: Record) -> int:
        """Adds what an edit's directory says of parts that no later edit moved; returns the place of the edit before."""
        if len(edit.content) >= _EDIT_OF_PROTECTED:
            _refuse()
        before, directory, main = struct.unpack_from("<III", edit.content, 8)
        self.main = self.main or main
        content = self._record(directory, _DIRECTORY).content
        numbers = iter(struct.unpack_from(f"<{len(content) // 4}I", content))
        for run in numbers:
            first, count = run & (1 << _NUMBER_BITS) - 1, run >> _NUMBER_BITS
            for index, place in enumerate(islice(numbers, count)):
                self._places.setdefault(first + index, place)
        return int(before)

    def _record(self, place: int, kind: int) -> Record:
        found = next(records(self._document, place), None)
        if found is None or found.kind != kind:
            raise ValueError("its directory is damaged")
        return found


def _refuse() -> None:
    raise ParseError("The presentation is protected by a password. Save a copy without the password.")
