"""Word documents from before 2007 (.doc), in the form that Word 97 brought.

unstructured converts them with LibreOffice, which is not on most machines; no library with a permissive licence reads them. So: headings
by style and outline level, list items without the numbers that Word draws, tables, text boxes, footnotes, endnotes, comments, and page
headers and footers, which come last. Left out: deleted and hidden text, field codes, pictures, letters of fonts of signs. Text that a
style of letters hides, not its own format, is not known to be hidden.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import pairwise

from ingest.parsing.draft import Draft
from ingest.parsing.legacy import ole_properties
from ingest.parsing.legacy.doc_formats import (
    FIRST_PAGE,
    HEADER_ROW,
    IN_TABLE,
    LIST,
    LIST_LEVEL,
    OUTLINE,
    ROW_END,
    TABLE_LOOK,
    Paragraphs,
    Properties,
    on,
    paragraphs,
    properties,
    unseen,
)
from ingest.parsing.legacy.doc_text import Piece, Streams, opened, pieces, place_of, stories, text
from ingest.parsing.legacy.ole import open_ole, stream
from ingest.parsing.margins import add_comments, add_heads_and_feet
from ingest.types import ParsedDocument

_BODY, _FOOTNOTES, _HEADS, _COMMENTS, _ENDNOTES, _BOXES = 0, 1, 2, 4, 5, 6  # numbers of stories
_COMMENT_MARKS, _COMMENT_PLACES, _SECTIONS, _HEAD_PLACES, _SETTINGS, _AUTHORS = 4, 5, 6, 11, 31, 36  # numbers of tables
_COMMENT_SIZE, _AUTHOR_AT = 30, 20  # bytes about a comment, and which of them number its author
_SECTION_SIZE = 12
_HEADS_OF_A_SECTION = 6
_SEPARATORS = 6  # stories of headers that are lines above footnotes
_FIELD = re.compile("\x13([^\x13\x14\x15]*)(?:\x14([^\x13\x14\x15]*))?\x15")
_CHANGING = re.compile(r"\s*(PAGE|NUMPAGES|SECTION|SECTIONPAGES|DATE|TIME|FILENAME|SAVEDATE|PRINTDATE)\b", re.IGNORECASE)
_DEEPEST_FIELD = 20
_PARAGRAPH = re.compile("[^\r\x07\x0c]*[\r\x07\x0c]?")
_CELL_END = "\x07"
_UNSEEN = dict.fromkeys(map(ord, "\0\x01\x02\x03\x04\x05\x06\x08\x13\x14\x15\x1f"))
_WRITTEN = _UNSEEN | {0x0B: " ", 0x0E: " ", 0x1E: "-"}
_FIRST_ROW = 0x20  # a bit of how a table looks


@dataclass(frozen=True, slots=True)
class _Paragraph:
    text: str
    mark: str
    heading: int
    own: Properties


@dataclass
class _Table:
    """Rows of cells of paragraphs, as far as they are read."""

    rows: list[list[list[_Paragraph]]] = field(default_factory=list)
    cells: list[list[_Paragraph]] = field(default_factory=list)
    cell: list[_Paragraph] = field(default_factory=list)
    headed: bool = False


@dataclass(frozen=True, slots=True)
class _File:
    streams: Streams
    pieces: list[Piece]
    formats: Paragraphs
    text: str


def read(data: bytes) -> ParsedDocument:
    with open_ole(data) as ole:
        title, front_matter = ole_properties.title(ole), ole_properties.front_matter(ole)
        tables = stream(ole, "0Table"), stream(ole, "1Table")
        streams = opened(stream(ole, "WordDocument"), tables, stream(ole, "Data"))
    found = pieces(streams)
    file = _File(streams, found, paragraphs(streams), text(streams, found, unseen(streams)))
    parts = stories(streams)
    draft = Draft()
    for story in (_BODY, _BOXES, _FOOTNOTES, _ENDNOTES):
        _add_story(draft, file, *parts[story])
    add_comments(draft, _comments(file, *parts[_COMMENTS]))
    add_heads_and_feet(draft, _heads(file, *parts[_HEADS]))
    return draft.document(title, front_matter)


def _add_story(draft: Draft, file: _File, start: int, end: int) -> None:
    table = _Table()
    for paragraph in _paragraphs(file, start, end):
        if paragraph.mark == _CELL_END and on(paragraph.own, ROW_END):
            _end_row(table, paragraph)
        elif paragraph.mark == _CELL_END:
            table.cells.append([*table.cell, paragraph])
            table.cell = []
        elif on(paragraph.own, IN_TABLE):
            table.cell.append(paragraph)
        else:
            _end_table(draft, table)
            table = _Table()
            _add(draft, paragraph)
    _end_table(draft, table)


def _end_row(table: _Table, end: _Paragraph) -> None:
    look = int.from_bytes(end.own.get(TABLE_LOOK, b"")[2:4], "little")
    table.headed |= not table.rows and (on(end.own, HEADER_ROW) or bool(look & _FIRST_ROW))
    table.rows.append(table.cells)
    table.cells = []


def _end_table(draft: Draft, table: _Table) -> None:
    """A table that never has two cells beside each other is a frame around text."""
    rest = [*table.cells, *([table.cell] if table.cell else [])]
    rows = [*table.rows, *([rest] if rest else [])]
    if not any(len(cells) > 1 for cells in rows):
        for paragraph in (paragraph for cells in rows for cell in cells for paragraph in cell):
            _add(draft, paragraph)
        return
    draft.apart()
    for index, cells in enumerate(rows):
        draft.row((" ".join(paragraph.text for paragraph in cell) for cell in cells), header=not index and table.headed and len(rows) > 1)
    draft.apart()


def _add(draft: Draft, paragraph: _Paragraph) -> None:
    outline = paragraph.own.get(OUTLINE, b"\x09")[0] + 1
    level = paragraph.heading or (outline if outline < 10 else 0)
    if level:
        draft.add("heading", paragraph.text, level)
    elif on(paragraph.own, LIST):
        draft.add("list_item", paragraph.text, paragraph.own.get(LIST_LEVEL, b"\0")[0] + 1)
    else:
        draft.add("paragraph", paragraph.text)


def _paragraphs(file: _File, start: int, end: int) -> Iterator[_Paragraph]:
    story = _without_field_codes(file.text[start:end])
    for match in _PARAGRAPH.finditer(story):
        if not match[0]:
            continue
        mark = match[0][-1] if match[0][-1] in "\r\x07\x0c" else ""
        heading, own = file.formats.at(place_of(file.pieces, start + match.end() - 1))
        yield _Paragraph(_whole(match[0].translate(_WRITTEN)), mark, heading, own)


def _without_field_codes(story: str, *, also_changing: bool = False) -> str:
    """A field's code gives way to as many zeros, so that every other letter keeps its position; what is not closed stays."""

    def shown(match: re.Match[str]) -> str:
        result = match[2] or ""
        if also_changing and _CHANGING.match(match[1]):
            result = ""
        return result.rjust(len(match[0]), "\0")

    for _ in range(_DEEPEST_FIELD):
        story, count = _FIELD.subn(shown, story)
        if not count:
            break
    return story


def _whole(letters: str) -> str:
    """Halves of characters put together."""
    return letters.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def _lines(story: str) -> list[str]:
    """The paragraphs of a story that is no part of the text; the rows of its tables are one each."""
    return [_whole(line.translate(_WRITTEN)).replace(_CELL_END, " | ").strip(" |") for line in re.split("[\r\x0c]|(?<=\x07)\x07", story)]


def _comments(file: _File, start: int, end: int) -> Iterator[tuple[str | None, str]]:
    names = _names(file.streams.content(_AUTHORS))
    marks = file.streams.content(_COMMENT_MARKS)
    first = 4 * len(file.streams.keys(_COMMENT_MARKS, _COMMENT_SIZE)) + _AUTHOR_AT
    edges = file.streams.keys(_COMMENT_PLACES, 0)
    for index, (left, right) in enumerate(pairwise(edges[:-1])):
        at = first + index * _COMMENT_SIZE
        said = _without_field_codes(file.text[start + left : min(start + right, end)])
        yield names.get(int.from_bytes(marks[at : at + 2], "little")), " ".join(_lines(said))


def _names(content: bytes) -> dict[int, str]:
    found: dict[int, str] = {}
    at = 0
    while at + 2 <= len(content):
        length = 2 * struct.unpack_from("<H", content, at)[0]
        found[len(found)] = content[at + 2 : at + 2 + length].decode("utf-16-le", "replace")
        at += 2 + length
    return found


def _heads(file: _File, start: int, end: int) -> Iterator[str]:
    """The lines of page headers and footers that appear: each section has some for even, odd and first pages, in this order."""
    edges = file.streams.keys(_HEAD_PLACES, 0)[_SEPARATORS:]
    facing = any(byte & 1 for byte in file.streams.content(_SETTINGS)[:1])
    firsts = _own_first_pages(file.streams)
    for index, (left, right) in enumerate(pairwise(edges)):
        section, kind = divmod(index, _HEADS_OF_A_SECTION)
        appears = (facing, True, facing, True, section in firsts, section in firsts)[kind]
        if appears and left < right:
            yield from _lines(_without_field_codes(file.text[start + left : min(start + right, end)], also_changing=True))


def _own_first_pages(streams: Streams) -> set[int]:
    """The sections whose first pages have heads and feet of their own."""
    table, count = streams.content(_SECTIONS), len(streams.keys(_SECTIONS, _SECTION_SIZE)) - 1
    places = [
        int.from_bytes(table[at : at + 4], "little") for at in (4 * (count + 1) + index * _SECTION_SIZE + 2 for index in range(count))
    ]
    stated = [streams.word[at + 2 : at + 2 + int.from_bytes(streams.word[at : at + 2], "little")] for at in places]
    return {section for section, own in enumerate(stated) if on(properties(own), FIRST_PAGE)}
