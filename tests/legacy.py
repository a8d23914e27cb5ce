"""Writes Office files from before 2007, as much of them as readers look at ([MS-DOC], [MS-PPT], [MS-XLS], [MS-OLEPS])."""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from uuid import UUID

from tests.compound import Tree, compound

USER_PROPERTIES = UUID("d5cdd505-2e9c-101b-9397-08002b2cf9ae")
SUMMARY = UUID("f29f85e0-4ff9-1068-ab91-08002b27b3d9")
_PAGE, _TEXT_AT = 512, 1024
_STYLES, _CHARACTERS, _PARAGRAPHS, _PIECES = 1, 12, 13, 33


@dataclass(frozen=True)
class Paragraph:
    """`text` ends in its mark ("\\r", or "\\x07" for a cell); `properties` are sprms as [MS-DOC] 2.6 writes them."""

    text: str
    properties: bytes = b""
    style: int = 0


@dataclass(frozen=True)
class Doc:
    """`stories`: how many characters the document, footnotes, headers, macros, comments, endnotes and text boxes have. `looks`: ranges
    of characters with their sprms. `tables`: what further tables of the header hold. `styles`: built-in number, base and sprms."""

    paragraphs: Sequence[Paragraph]
    stories: Sequence[int] = ()
    looks: Sequence[tuple[int, int, bytes]] = ()
    styles: Mapping[int, tuple[int, int, bytes]] = field(default_factory=dict)
    tables: Mapping[int, bytes] = field(default_factory=dict)
    version: int = 0xC1
    flags: int = 0x0200
    wide: bool = False

    def data(self, more: Tree | None = None) -> bytes:
        return compound({"WordDocument": self.word(), "1Table": self.tables_stream(), **(more or {})})

    def word(self) -> bytes:
        text = "".join(paragraph.text for paragraph in self.paragraphs)
        places, _ = self._laid_out()
        head = bytearray(_TEXT_AT)
        struct.pack_into("<HH", head, 0, 0xA5EC, self.version)
        struct.pack_into("<H", head, 10, self.flags)
        struct.pack_into("<7i", head, 0x4C, *(*(self.stories or (len(text),)), *[0] * 7)[:7])
        for number, (start, length) in places.items():
            struct.pack_into("<II", head, 0x9A + 8 * number, start, length)
        written = text.encode("utf-16-le", "surrogatepass") if self.wide else text.encode("cp1252")
        pages = self._page(self._character_runs(), paragraphs=False) + self._page(self._paragraph_runs(), paragraphs=True)
        return bytes(head) + written.ljust(self._text_room(), b"\0") + pages

    def tables_stream(self) -> bytes:
        return self._laid_out()[1]

    def _text_room(self) -> int:
        length = sum(len(p.text) for p in self.paragraphs) * (2 if self.wide else 1)
        return -(-length // _PAGE) * _PAGE

    def _place(self, position: int) -> int:
        return _TEXT_AT + position * (2 if self.wide else 1)

    def _character_runs(self) -> list[tuple[int, int, bytes]]:
        """Runs follow each other without a gap."""
        runs, at = [], 0
        for start, stop, sprms in self.looks:
            runs += [(self._place(at), self._place(start), b"\0"), (self._place(start), self._place(stop), bytes([len(sprms)]) + sprms)]
            at = stop
        return runs

    def _paragraph_runs(self) -> list[tuple[int, int, bytes]]:
        runs, at = [], 0
        for one in self.paragraphs:
            stated = struct.pack("<H", one.style) + one.properties
            size = bytes([0, len(stated) // 2]) if len(stated) % 2 == 0 else bytes([(len(stated) + 1) // 2])
            runs.append((self._place(at), self._place(at + len(one.text)), size + stated))
            at += len(one.text)
        return runs

    def _page(self, runs: Sequence[tuple[int, int, bytes]], *, paragraphs: bool) -> bytes:
        page = bytearray(_PAGE)
        page[-1] = len(runs)
        end = _PAGE - 2
        for index, (start, stop, stated) in enumerate(runs):
            struct.pack_into("<II", page, 4 * index, start, stop)
            end -= len(stated) + len(stated) % 2
            page[end : end + len(stated)] = stated
            page[4 * (len(runs) + 1) + index * (13 if paragraphs else 1)] = end // 2
        return bytes(page)

    def _laid_out(self) -> tuple[dict[int, tuple[int, int]], bytes]:
        """The tables one after the other, and where each lies."""
        count = sum(len(paragraph.text) for paragraph in self.paragraphs)
        place = _TEXT_AT if self.wide else 0x40000000 | 2 * _TEXT_AT
        pieces = struct.pack("<IIHIH", 0, count, 0, place, 0)
        first_page = (_TEXT_AT + self._text_room()) // _PAGE
        own = {
            _STYLES: self._sheet(),
            _CHARACTERS: struct.pack("<3I", _TEXT_AT, self._place(count), first_page),
            _PARAGRAPHS: struct.pack("<3I", _TEXT_AT, self._place(count), first_page + 1),
            _PIECES: b"\x02" + struct.pack("<I", len(pieces)) + pieces,
        }
        places: dict[int, tuple[int, int]] = {}
        stream = b""
        for number, content in (own | dict(self.tables)).items():
            places[number] = len(stream), len(content)
            stream += content
        return places, stream

    def _sheet(self) -> bytes:
        sheet = struct.pack("<HHHHH", 8, max(self.styles, default=-1) + 1, 10, 0, 0)
        for number in range(max(self.styles, default=-1) + 1):
            style = b""
            if number in self.styles:
                kind, base, sprms = self.styles[number]
                fixed = struct.pack("<HHHHH", kind, base << 4 | 1, 1, 0, 0)
                style = fixed + struct.pack("<HHH", 1, ord("s"), 0) + struct.pack("<HH", 2 + len(sprms), number) + sprms
            sheet += struct.pack("<H", len(style)) + style + b"\0" * (len(style) % 2)
        return sheet


def sprm(number: int, operand: bytes = b"\x01") -> bytes:
    return struct.pack("<H", number) + operand


# PowerPoint


def record(kind: int, content: bytes, instance: int = 0, version: int = 0) -> bytes:
    return struct.pack("<HHI", instance << 4 | version, kind, len(content)) + content


def box(kind: int, *parts: bytes) -> bytes:
    return record(kind, b"".join(parts), version=15)


def text(kind: int, words: str, *more: bytes, wide: bool = True) -> bytes:
    """A text box with a text of a kind: 0 title, 1 body, 2 notes, 4 other."""
    written = record(0x0FA0, words.encode("utf-16-le")) if wide else record(0x0FA8, words.encode("latin-1"))
    return box(0xF00D, record(0x0F9F, struct.pack("<I", kind)), written, *more)


def parts_in_each_other(count: int) -> tuple[bytes, bytes]:
    """The two streams of a file whose parts all lie at one place."""
    document = box(0x03E8, bytes(100))
    places = struct.pack(f"<{count + 1}I", 1 | count << 20, *[0] * count)
    user = record(0x0FF6, struct.pack("<III", 20, 0xE391C05F, len(document) + 8 + len(places)).ljust(40, b"\0"))
    return user, document + record(0x1772, places) + _edit(0, len(document), 1)


def shape(*parts: bytes, at: tuple[int, int] | None = None) -> bytes:
    """A shape, `at` its left and top in a group."""
    anchor = () if at is None else (record(0xF00F, struct.pack("<4i", *at, 0, 0)),)
    return box(0xF004, *anchor, *parts)


def table(*cells: bytes) -> bytes:
    return box(0xF003, shape(record(0xF122, struct.pack("<HI", 0x039F, 1), instance=1)), *cells)


@dataclass(frozen=True)
class Slide:
    shapes: Sequence[bytes] = ()
    notes: str = ""
    listed: Sequence[bytes] = ()
    hidden: bool = False
    comment: tuple[str, str] | None = None

    def record(self) -> bytes:
        info = record(0x03F9, bytes(10) + struct.pack("<HI", 4 if self.hidden else 0, 0))
        parts = [info, _drawing(*self.shapes)]
        if self.comment:
            strings = (record(0x0FBA, words.encode("utf-16-le"), number) for number, words in enumerate(self.comment))
            parts.append(box(0x1388, box(0x138A, record(0x138B, box(0x2EE0, *strings)))))
        return box(0x03EE, *parts)


def presentation(slides: Sequence[Slide], *, token: int = 0xE391C05F, edit_size: int = 28) -> bytes:
    """Parts are the document, then the slides, then the pages of their notes; the numbers of slides are 100 and up. An older edit says
    that the first slide lies where it once was."""
    count = len(slides)
    lists = []
    for instance, first in ((0, 2), (2, 2 + count)):
        entries = b""
        for index, slide in enumerate(slides):
            entries += record(0x03F3, struct.pack("<5I", first + index, 0, 0, 100 + index, 0))
            entries += b"".join(slide.listed) if instance == 0 else b""
        lists.append(record(0x0FF0, entries, instance, 15))
    notes = [box(0x03F0, record(0x03F1, struct.pack("<I", 100 + i)), _drawing(shape(text(2, s.notes)))) for i, s in enumerate(slides)]
    stale = box(0x03EE, _drawing(shape(text(4, "A slide as it once was."))))
    document, places = stale, []
    for part in (box(0x03E8, *lists), *(slide.record() for slide in slides), *notes):
        places.append(len(document))
        document += part
    older = len(document) + 16
    document += record(0x1772, struct.pack("<II", 2 | 1 << 20, 0)) + _edit(0, len(document), 1, edit_size)
    directory = len(document)
    document += record(0x1772, struct.pack(f"<{1 + len(places)}I", 1 | len(places) << 20, *places))
    edit = len(document)
    document += _edit(older, directory, 1, edit_size)
    user = record(0x0FF6, struct.pack("<III", 20, token, edit).ljust(40, b"\0"))
    return compound({"Current User": user, "PowerPoint Document": document})


def _edit(before: int, directory: int, main: int, size: int = 28) -> bytes:
    return record(0x0FF5, struct.pack("<IIIII", 0, 0, before, directory, main).ljust(size, b"\0"))


def _drawing(*shapes: bytes) -> bytes:
    return box(0x040C, box(0xF002, box(0xF003, shape(), *shapes)))


# Excel


@dataclass(frozen=True)
class Sheet:
    """`cells` by row and column: numbers, texts, truths; a number may come with the number of its format."""

    name: str
    cells: Mapping[tuple[int, int], str | float | bool | tuple[float, int]]
    visibility: int = 0
    hidden_rows: Sequence[int] = ()
    hidden_columns: Sequence[tuple[int, int]] = ()
    notes: Mapping[tuple[int, int], tuple[str, str]] = field(default_factory=dict)


def workbook(sheets: Sequence[Sheet], formats: Sequence[str] = (), *, locked: bool = False, more: Tree | None = None) -> bytes:
    """A workbook; the first format is 1, the second 2, 0 is the general one."""
    head = _biff(0x0809, struct.pack("<HHHHII", 0x0600, 5, 0, 0, 0, 0)) + (_biff(0x2F, bytes(54)) if locked else b"")
    head += _biff(0x42, struct.pack("<H", 1200)) + _biff(0x31, struct.pack("<HHHHHBBBB", 200, 0, 0, 400, 0, 0, 0, 0, 0) + b"\x01\0A")
    for number, pattern in enumerate(formats):
        head += _biff(0x041E, struct.pack("<H", 164 + number) + _long(pattern))
    for number in range(len(formats) + 1):
        head += _biff(0xE0, struct.pack("<HH", 0, 163 + number if number else 0) + bytes(16))
    bodies = [_sheet(sheet) for sheet in sheets]
    start = len(head) + sum(12 + 2 * len(sheet.name) for sheet in sheets) + 4
    for sheet, body in zip(sheets, bodies, strict=True):
        head += _biff(0x85, struct.pack("<IBBBB", start, sheet.visibility, 0, len(sheet.name), 1) + sheet.name.encode("utf-16-le"))
        start += len(body)
    return compound({"Workbook": head + _biff(0x0A) + b"".join(bodies), **(more or {})})


def _sheet(sheet: Sheet) -> bytes:
    body = _biff(0x0809, struct.pack("<HHHHII", 0x0600, 0x10, 0, 0, 0, 0))
    for first, last in sheet.hidden_columns:
        body += _biff(0x7D, struct.pack("<6H", first, last, 2000, 0, 1, 0))
    for row in sorted({row for row, _ in sheet.cells}):
        body += _biff(0x0208, struct.pack("<4H4xHH", row, 0, 255, 255, 0x20 if row in sheet.hidden_rows else 0, 0))
    for (row, column), value in sorted(sheet.cells.items()):
        number, style = value if isinstance(value, tuple) else (value, 0)
        place = struct.pack("<3H", row, column, style)
        if isinstance(number, bool):
            body += _biff(0x0205, place + bytes([number, 0]))
        elif isinstance(number, str):
            body += _biff(0x0204, place + _long(number))
        else:
            body += _biff(0x0203, place + struct.pack("<d", number))
    for index, ((row, column), (author, words)) in enumerate(sheet.notes.items(), 1):
        body += _biff(0x5D, struct.pack("<5H12x", 0x15, 18, 0x19, index, 0) + bytes(4))
        body += _biff(0x01B6, struct.pack("<HH6xHH4x", 0, 0, len(words), 16)) + _biff(0x3C, b"\x01" + words.encode("utf-16-le"))
        body += _biff(0x3C, bytes(16)) + _biff(0x1C, struct.pack("<4H", row, column, 0, index) + _long(author) + b"\0")
    return body + _biff(0x0A)


def _long(words: str) -> bytes:
    return struct.pack("<HB", len(words), 1) + words.encode("utf-16-le")


def _biff(kind: int, content: bytes = b"") -> bytes:
    return struct.pack("<HH", kind, len(content)) + content


# Properties


def summary(title: str) -> bytes:
    return _properties(SUMMARY, {2: title.encode("cp1252")})


def user_properties(named: Mapping[str, str]) -> bytes:
    names = b"".join(struct.pack("<II", number, len(name) + 1) + name.encode() + b"\0" for number, name in enumerate(named, 2))
    values = {number: value.encode("cp1252") for number, value in enumerate(named.values(), 2)}
    return _properties(USER_PROPERTIES, values, struct.pack("<I", len(named)) + names)


def _properties(kind: UUID, values: Mapping[int, bytes], names: bytes | None = None) -> bytes:
    stored = {1: struct.pack("<IhH", 2, 1252, 0), **({0: names} if names is not None else {})}
    stored |= {number: struct.pack("<II", 30, len(value) + 1) + value + b"\0" for number, value in values.items()}
    at, table, content = 8 + 8 * len(stored), b"", b""
    for number, value in stored.items():
        table += struct.pack("<II", number, at + len(content))
        content += value + b"\0" * (-len(value) % 4)
    section = struct.pack("<II", at + len(content), len(stored)) + table + content
    return struct.pack("<HHI16xI", 0xFFFE, 0, 0, 1) + kind.bytes_le + struct.pack("<I", 48) + section
