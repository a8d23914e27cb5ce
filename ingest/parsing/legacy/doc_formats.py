"""How the text of a Word 97-2003 file is formatted ([MS-DOC] 2.6, 2.9): pages of 512 bytes state properties of ranges of places, and
styles state more. A property is a number ("sprm") with an operand, whose length the number tells."""

from __future__ import annotations

import struct
from bisect import bisect_right
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from ingest.parsing.legacy.doc_text import Streams

DELETED, HIDDEN, SYMBOL = 0x0800, 0x083C, 0x6A09
IN_TABLE, ROW_END, OUTLINE, LIST, LIST_LEVEL = 0x2416, 0x2417, 0x2640, 0x460B, 0x260A
TABLE_LOOK, HEADER_ROW, FIRST_PAGE = 0x740A, 0x3404, 0x300A
_STORED_APART, _COLUMNS = 0x6646, 0xD608
_LENGTHS = (1, 1, 2, 4, 2, 2, 0, 3)  # of operands, by the three highest bits; 0: the first byte tells
_STYLES, _CHARACTERS, _PARAGRAPHS = 1, 12, 13
_PAGE, _PAGE_NUMBER = 512, 0x3FFFFF
_BASES = 20  # styles based on each other
_HEADING_KINDS: Mapping[int, int] = {**{n: n for n in range(1, 10)}, 62: 1, 74: 2}  # built-in styles; 62 is Title, 74 Subtitle

Properties = Mapping[int, bytes]


@dataclass(frozen=True, slots=True)
class Run:
    """What is stated of the bytes from `start` to `end`."""

    start: int
    end: int
    stated: bytes


@dataclass(frozen=True, slots=True)
class Style:
    kind: int
    base: int
    own: Properties


@dataclass(frozen=True, slots=True)
class Paragraphs:
    """Looks up how the paragraph at a place is formatted."""

    runs: list[Run]
    styles: Mapping[int, Style]
    data: bytes

    def at(self, place: int) -> tuple[int, Properties]:
        """The level of the headings that its style makes, 0 for none, and its properties, the style's among them."""
        index = bisect_right(self.runs, place, key=lambda run: run.start) - 1
        stated = self.runs[index].stated if index >= 0 else b""
        chain = self._chain(int.from_bytes(stated[:2], "little"))
        own = properties(stated[2:])
        start = int.from_bytes(own.get(_STORED_APART, b""), "little")
        apart = properties(self.data[start + 2 : start + 2 + int.from_bytes(self.data[start : start + 2], "little")]) if start else {}
        merged = {key: operand for part in (*(style.own for style in reversed(chain)), own, apart) for key, operand in part.items()}
        return next((_HEADING_KINDS[style.kind] for style in chain if style.kind in _HEADING_KINDS), 0), merged

    def _chain(self, number: int) -> list[Style]:
        """A style and those that it is based on."""
        chain: list[Style] = []
        while number in self.styles and len(chain) < _BASES:
            chain.append(self.styles[number])
            number = chain[-1].base
        return chain


def paragraphs(streams: Streams) -> Paragraphs:
    return Paragraphs(_runs(streams, _PARAGRAPHS), _styles(streams.content(_STYLES)), streams.data)


def unseen(streams: Streams) -> list[tuple[int, int]]:
    """The ranges of places whose letters are deleted, hidden, or stand for a sign of a font of signs."""
    return [(run.start, run.end) for run in _runs(streams, _CHARACTERS) if _is_unseen(properties(run.stated))]


def properties(stated: bytes) -> dict[int, bytes]:
    """The properties with their operands; what is cut off at the end is left out."""
    found: dict[int, bytes] = {}
    at = 0
    while at + 2 < len(stated):
        number = int.from_bytes(stated[at : at + 2], "little")
        at += 2
        length = _LENGTHS[number >> 13]
        if number == _COLUMNS:
            length = int.from_bytes(stated[at : at + 2], "little") + 1
        elif not length:
            length = stated[at] + 1
        found[number] = stated[at : at + length]
        at += length
    return found


def on(found: Properties, number: int) -> bool:
    return any(found.get(number, b""))


def _is_unseen(found: Properties) -> bool:
    """A switch is 1, or 0x81 for what the style does not say."""
    return SYMBOL in found or any(found.get(number, b"\0")[:1] in (b"\x01", b"\x81") for number in (DELETED, HIDDEN))


def _runs(streams: Streams, number: int) -> list[Run]:
    """In order and apart; where a damaged file says otherwise, what comes first counts."""
    content = streams.content(number)
    count = max((len(content) - 4) // 8, 0)
    pages = dict.fromkeys(page & _PAGE_NUMBER for page in struct.unpack_from(f"<{count}I", content, 4 * (count + 1)))
    found: list[Run] = []
    for number_of_page in pages:
        page = streams.word[number_of_page * _PAGE : (number_of_page + 1) * _PAGE]
        for run in _on_page(page, number == _PARAGRAPHS) if len(page) == _PAGE else ():
            if run.start >= (found[-1].end if found else 0) and run.end > run.start:
                found.append(run)
    return found


def _on_page(page: bytes, of_paragraphs: bool) -> Iterator[Run]:
    """The last byte counts the runs; their places stand first, then an offset for each, in words, with 12 bytes more for paragraphs."""
    count = min(page[-1], (_PAGE - 5) // (17 if of_paragraphs else 5))
    places = struct.unpack_from(f"<{count + 1}I", page)
    for index in range(count):
        at = 2 * page[4 * (count + 1) + index * (13 if of_paragraphs else 1)]
        if not at:
            yield Run(places[index], places[index + 1], b"")
        elif of_paragraphs:
            length, start = (2 * page[at] - 1, at + 1) if page[at] else (2 * page[at + 1], at + 2)
            yield Run(places[index], places[index + 1], page[start : start + length])
        else:
            yield Run(places[index], places[index + 1], page[at + 1 : at + 1 + page[at]])


def _styles(sheet: bytes) -> dict[int, Style]:
    if len(sheet) < 6:
        return {}
    head, count, fixed = struct.unpack_from("<HHH", sheet)
    found: dict[int, Style] = {}
    at = 2 + head
    for number in range(count):
        length = int.from_bytes(sheet[at : at + 2], "little")
        if length:
            found[number] = _style(sheet[at + 2 : at + 2 + length], fixed)
        at += 2 + length + length % 2
    return found


def _style(stated: bytes, fixed: int) -> Style:
    kind, base = (int.from_bytes(stated[at : at + 2], "little") for at in (0, 2))
    of_paragraphs = base & 15 == 1
    at = fixed + 4 + 2 * int.from_bytes(stated[fixed : fixed + 2], "little")  # behind its name
    length = int.from_bytes(stated[at : at + 2], "little")
    return Style(kind & 0xFFF, base >> 4, properties(stated[at + 4 : at + 2 + length]) if of_paragraphs else {})
