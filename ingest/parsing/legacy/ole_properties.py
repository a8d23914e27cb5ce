"""What Office files from before 2007 state of themselves: their title, and the properties that people add ([MS-OLEPS])."""

from __future__ import annotations

import struct
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from uuid import UUID

from ingest.parsing.draft import sensible_title
from ingest.parsing.legacy.code_pages import code_page
from ingest.parsing.legacy.ole import stream
from ingest.parsing.properties import stated

if TYPE_CHECKING:
    from olefile import OleFileIO  # type: ignore[import-untyped]  # olefile ships no types

_SUMMARY = UUID("f29f85e0-4ff9-1068-ab91-08002b27b3d9")
_USER = UUID("d5cdd505-2e9c-101b-9397-08002b2cf9ae")
_NAMES, _CODEPAGE, _TITLE = 0, 1, 2
_INT16, _INT32, _BOOL, _NARROW, _WIDE, _MOMENT = 2, 3, 11, 30, 31, 64
_UTF16 = 1200
_MOST = 1000  # properties of a set
_EPOCH = datetime(1601, 1, 1, tzinfo=UTC)


def title(ole: OleFileIO) -> str | None:
    values = _sets(stream(ole, "\x05SummaryInformation")).get(_SUMMARY, {})
    return sensible_title(values.get(_TITLE))


def front_matter(ole: OleFileIO) -> dict[str, object]:
    """Raises ParseError, and struct.error where the properties are damaged: they may say who is allowed to read the file."""
    data = stream(ole, "\x05DocumentSummaryInformation")
    names, values = _names(data), _sets(data).get(_USER, {})
    return stated((name, values.get(number, "")) for number, name in names)


def _sections(data: bytes) -> dict[UUID, int]:
    count = struct.unpack_from("<I", data, 24)[0] if data else 0
    places = [28 + 20 * index for index in range(min(count, 2))]
    return {UUID(bytes_le=data[at : at + 16]): struct.unpack_from("<I", data, at + 16)[0] for at in places}


def _offsets(data: bytes, start: int) -> dict[int, int]:
    count = struct.unpack_from("<I", data, start + 4)[0]
    pairs = (struct.unpack_from("<II", data, start + 8 + 8 * index) for index in range(min(count, _MOST)))
    return {number: start + offset for number, offset in pairs}


def _sets(data: bytes) -> Mapping[UUID, dict[int, str]]:
    """The values of each set of properties by their numbers."""
    found = {}
    for kind, start in _sections(data).items():
        offsets = _offsets(data, start)
        codepage = struct.unpack_from("<H", data, offsets[_CODEPAGE] + 4)[0] if _CODEPAGE in offsets else 1252
        found[kind] = {number: _value(data, at, codepage) for number, at in offsets.items() if number not in (_NAMES, _CODEPAGE)}
    return found


def _value(data: bytes, at: int, codepage: int) -> str:
    kind = struct.unpack_from("<I", data, at)[0]
    if kind in (_NARROW, _WIDE):
        length = struct.unpack_from("<I", data, at + 4)[0] * (2 if kind == _WIDE else 1)
        return _text(data[at + 8 : at + 8 + length], _UTF16 if kind == _WIDE else codepage)
    if kind == _MOMENT:
        ticks = struct.unpack_from("<Q", data, at + 4)[0]
        return f"{_EPOCH + timedelta(microseconds=ticks // 10):%Y-%m-%d}"
    if kind == _BOOL:
        return str(struct.unpack_from("<h", data, at + 4)[0] != 0)
    return str(struct.unpack_from("<h" if kind == _INT16 else "<i", data, at + 4)[0]) if kind in (_INT16, _INT32) else ""


def _names(data: bytes) -> Iterator[tuple[int, str]]:
    """The numbers of the properties that people added, with the names that they gave them."""
    start = _sections(data).get(_USER)
    if start is None:
        return
    offsets = _offsets(data, start)
    codepage = struct.unpack_from("<H", data, offsets[_CODEPAGE] + 4)[0] if _CODEPAGE in offsets else 1252
    if _NAMES not in offsets:
        return
    at = offsets[_NAMES] + 4
    for _ in range(min(struct.unpack_from("<I", data, at - 4)[0], _MOST)):
        number, length = struct.unpack_from("<II", data, at)
        size = length * 2 if codepage == _UTF16 else length
        yield number, _text(data[at + 8 : at + 8 + size], codepage)
        at += 8 + (-(-size // 4) * 4 if codepage == _UTF16 else size)


def _text(data: bytes, codepage: int) -> str:
    return data.decode(code_page(codepage) or "cp1252", "replace").rstrip("\0")
