"""PowerPoint presentations from before 2007 (.ppt), in the form that PowerPoint 97 brought, with the rules of `pptx`: a slide's title is
a heading, its notes are paragraphs, tables are rows, comments stand behind their slide; hidden slides, slide numbers, dates and footers
are left out.

unstructured converts them with LibreOffice, which is not on most machines; no library with a permissive licence reads them. List items
are all of the first level, and charts, which are files of another program inside this one, are left out.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import count, groupby
from operator import attrgetter

from ingest.parsing.draft import Draft
from ingest.parsing.legacy import ole_properties
from ingest.parsing.legacy.ole import open_ole, stream
from ingest.parsing.legacy.ppt_records import Record, Store
from ingest.parsing.margins import add_comments
from ingest.types import ParsedDocument

_NOTES_ATOM, _SHOW_INFO, _LIST, _LISTED, _DRAWING = 0x03F1, 0x03F9, 0x0FF0, 0x03F3, 0x040C
_TEXT_KIND, _WIDE_TEXT, _NARROW_TEXT, _TEXT_ELSEWHERE, _STRING = 0x0F9F, 0x0FA0, 0x0FA8, 0x0F9E, 0x0FBA
_FILLED_IN = frozenset([0x0FD8, 0x0FF7, 0x0FF8, 0x0FF9, 0x0FFA, 0x1015])  # what PowerPoint puts for a "*": number, date, footer
_PLACEHOLDER, _EMBEDDED = 0x0BC3, 0x0BC1
_FURNITURE = frozenset([b"\x07", b"\x08", b"\x09", b"\x0a"])  # placeholders: date, number, footer, header
_PICTURE, _GROUP, _SHAPE, _TEXT_BOX, _ANCHOR, _CLIENT = 0xF002, 0xF003, 0xF004, 0xF00D, 0xF00F, 0xF011
_OPTIONS, _TABLE = (0xF00B, 0xF122), 0x039F
_OPTION_NUMBER = 0x3FFF  # without what says how its value is stored
_OBJECT = "Slide {} holds an embedded object, a chart for instance, which is not in the text."
_COMMENT_PATH, _COMMENT = (0x1388, 0x138A, 0x138B), 0x2EE0
_HIDDEN = 4
_TITLES, _LISTS, _NOTES, _OTHER = (0, 6), (1, 7, 8), 2, 4  # kinds of text
_SLIDES, _NOTE_PAGES = 0, 2  # instances of lists


@dataclass(frozen=True, slots=True)
class _Text:
    kind: int
    text: str


@dataclass(frozen=True, slots=True)
class _Shape:
    """A text and where it stands, in units of the slide; `table` tells the shapes of one table from others, 0 is none."""

    text: _Text
    top: int
    left: int
    table: int


@dataclass(frozen=True, slots=True)
class _Notes:
    """The notes on a slide."""

    slide: int
    lines: list[str]


@dataclass(frozen=True, slots=True)
class _Entry:
    """A slide in the list of slides, with the texts that its shapes may name by their number in it."""

    part: int
    slide: int
    texts: list[_Text]


def read(data: bytes) -> ParsedDocument:
    with open_ole(data) as ole:
        title, front_matter = ole_properties.title(ole), ole_properties.front_matter(ole)
        store = Store(stream(ole, "Current User"), stream(ole, "PowerPoint Document"))
    main = store.part(store.main)
    if main is None:
        raise ValueError("no list of slides")
    notes = {page.slide: page for entry in _entries(main, _NOTE_PAGES) if (page := _notes_page(store.part(entry.part))) is not None}
    draft = Draft()
    warnings: list[str] = []
    for number, entry in enumerate(_entries(main, _SLIDES), 1):
        slide = store.part(entry.part)
        if slide is not None and not _is_hidden(slide):
            _add_slide(draft, _shapes(slide, entry.texts), number)
            for line in notes[entry.slide].lines if entry.slide in notes else ():
                draft.add("paragraph", line, page=number)
            add_comments(draft, _comments(slide), page=number)
            warnings += [_OBJECT.format(number)] if _holds_object(slide) else []
    return replace(draft.document(title, front_matter), warnings=tuple(warnings))


def _add_slide(draft: Draft, shapes: Sequence[_Shape], number: int) -> None:
    for shape in shapes:
        if shape.text.kind in _TITLES:
            draft.add("heading", " ".join(_lines(shape.text.text)), 1, number)
    for table, group in groupby((shape for shape in shapes if shape.text.kind not in _TITLES), key=attrgetter("table")):
        if table:
            _add_table(draft, list(group), number)
        else:
            for shape in group:
                _add_text(draft, shape.text, number)
        draft.apart()


def _add_text(draft: Draft, text: _Text, number: int) -> None:
    lines = _lines(text.text)
    listed = text.kind in _LISTS and len(lines) > 1
    for line in lines:
        draft.add("list_item" if listed else "paragraph", line, int(listed), number)
    draft.apart()


def _add_table(draft: Draft, cells: list[_Shape], number: int) -> None:
    """Cells of a row stand at the same height; every column is counted, also where a row has no cell in it."""
    columns = sorted({cell.left for cell in cells})
    draft.apart()
    for _, row in groupby(sorted(cells, key=attrgetter("top", "left")), key=attrgetter("top")):
        texts = {cell.left: " ".join(_lines(cell.text.text)) for cell in row}
        draft.row([texts.get(column, "") for column in columns], page=number)


def _lines(text: str) -> list[str]:
    return [line for line in text.replace("\x0b", " ").split("\r") if line.strip()]


def _is_hidden(slide: Record) -> bool:
    info = slide.child(_SHOW_INFO)
    return info is not None and bool(int.from_bytes(info.content[10:12], "little") & _HIDDEN)


def _entries(main: Record, instance: int) -> list[_Entry]:
    listed = main.child(_LIST, instance)
    found: list[_Entry] = []
    kind = 0
    for record in listed.children() if listed is not None else ():
        if record.kind == _LISTED:
            found.append(_Entry(record.number(), record.number(12), []))
        elif record.kind == _TEXT_KIND:
            kind = record.number()
        elif record.kind in (_WIDE_TEXT, _NARROW_TEXT) and found:
            found[-1].texts.append(_Text(kind, _decoded(record)))
    return found


def _notes_page(page: Record | None) -> _Notes | None:
    stated = None if page is None else page.child(_NOTES_ATOM)
    if page is None or stated is None:
        return None
    return _Notes(stated.number(), [line for shape in _shapes(page, []) if shape.text.kind == _NOTES for line in _lines(shape.text.text)])


def _group(page: Record) -> Record | None:
    """The group of all shapes on a page."""
    drawing = page.child(_DRAWING)
    picture = None if drawing is None else drawing.child(_PICTURE)
    return None if picture is None else picture.child(_GROUP)


def _holds_object(page: Record) -> bool:
    group = _group(page)
    clients = (client for shape in group.children(_SHAPE) for client in shape.children(_CLIENT)) if group is not None else ()
    return any(client.child(_EMBEDDED) is not None for client in clients)


def _shapes(page: Record, texts: Sequence[_Text]) -> list[_Shape]:
    """The shapes with text, in the order in which they are drawn."""
    group = _group(page)
    return [] if group is None else list(_in_group(group, texts, count(1), 0))


def _in_group(group: Record, texts: Sequence[_Text], numbers: Iterator[int], table: int) -> Iterator[_Shape]:
    """A group's first shape stands for the group itself; it says whether this is a table."""
    for index, record in enumerate(group.children(_GROUP, _SHAPE)):
        if record.kind == _GROUP:
            yield from _in_group(record, texts, numbers, table)
        elif index == 0:
            table = table or (next(numbers) if _makes_table(record) else 0)
        elif (text := _text_of(record, texts)) is not None:
            anchor = record.child(_ANCHOR)
            left, top = struct.unpack_from("<ii", anchor.content) if anchor is not None else (0, 0)
            yield _Shape(text, top, left, table)


def _makes_table(shape: Record) -> bool:
    return any(
        int.from_bytes(record.content[at : at + 2], "little") & _OPTION_NUMBER == _TABLE
        for record in shape.children(*_OPTIONS)
        for at in range(0, 6 * record.instance, 6)
    )


def _text_of(shape: Record, texts: Sequence[_Text]) -> _Text | None:
    box, client = shape.child(_TEXT_BOX), shape.child(_CLIENT)
    place = None if client is None else client.child(_PLACEHOLDER)
    if box is None or (place is not None and place.content[4:5].tobytes() in _FURNITURE):
        return None
    kind, text, filled_in = _OTHER, "", False
    for record in box.children():
        if record.kind == _TEXT_KIND:
            kind = record.number()
        elif record.kind in (_WIDE_TEXT, _NARROW_TEXT):
            text = _decoded(record)
        elif record.kind == _TEXT_ELSEWHERE and record.number() < len(texts):
            kind, text = texts[record.number()].kind, texts[record.number()].text
        filled_in |= record.kind in _FILLED_IN
    return _Text(kind, text.replace("*", "") if filled_in else text)


def _decoded(record: Record) -> str:
    return record.content.tobytes().decode("latin-1" if record.kind == _NARROW_TEXT else "utf-16-le", "replace")


def _comments(slide: Record) -> Iterator[tuple[str | None, str]]:
    level = [slide]
    for kind in _COMMENT_PATH:
        level = [child for record in level for child in record.children(kind)]
    for comment in (child for record in level for child in record.children(_COMMENT)):
        said = {record.instance: record.content.tobytes().decode("utf-16-le", "replace") for record in comment.children(_STRING)}
        yield said.get(0), said.get(1, "")
