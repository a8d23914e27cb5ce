"""PowerPoint presentations, by python-pptx.

unstructured's `partition_pptx`, which stands on it too, was compared, with notes and tables: 12 of 14 passages of the test files
against 14 here, because it leaves charts out. Of 103 list items it knows 15, those whose bullet the layout does not give; it marks no
header row, reads hidden slides, puts notes before their slide's title, and takes most short lines for titles. Six files take it 0.5 s
against 0.1 s. To mend that takes more code than this module has.

A slide's title is a heading, its notes are paragraphs, charts are tables of their numbers, the words of diagrams (SmartArt) are a list,
comments stand behind their slide. Hidden slides, slide numbers, dates and footers are left out. Pages are slide numbers.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from ingest.parsing.draft import Draft, sensible_title
from ingest.parsing.margins import add_comments
from ingest.parsing.office.office_properties import stated_in
from ingest.parsing.office.ooxml import first, local, open_parts, root_of, value
from ingest.parsing.office.pptx_comments import authors, comments
from ingest.types import ParsedDocument

if TYPE_CHECKING:
    from pptx.slide import Slide

_TITLES = ("TITLE", "CENTER_TITLE", "VERTICAL_TITLE")
_LISTS = ("BODY", "OBJECT", "VERTICAL_BODY", "VERTICAL_OBJECT")
_FURNITURE = ("SLIDE_NUMBER", "DATE", "FOOTER", "HEADER")


def read(data: bytes) -> ParsedDocument:
    from pptx import Presentation

    with open_parts(data) as parts:
        front_matter = stated_in(parts)
        show = Presentation(io.BytesIO(data))
    names = authors(show)
    draft = Draft()
    for number, slide in enumerate(show.slides, 1):
        if slide.element.get("show") != "0":
            _slide(draft, slide, number)
            add_comments(draft, comments(slide, names), page=number)
    return draft.document(sensible_title(show.core_properties.title), front_matter)


def _slide(draft: Draft, slide: Slide, number: int) -> None:
    shapes = sorted(_shapes(slide.shapes), key=lambda shape: _role(shape) not in _TITLES)
    for shape in shapes:
        if _role(shape) not in _FURNITURE:
            _shape(draft, shape, number)
        draft.apart()
    notes = slide.notes_slide.notes_text_frame if slide.has_notes_slide else None
    for paragraph in notes.paragraphs if notes is not None else ():
        draft.add("paragraph", paragraph.text, page=number)


def _shapes(shapes: Any) -> Iterator[Any]:
    """All shapes in drawing order, groups opened."""
    for shape in shapes:
        if hasattr(shape, "shapes"):
            yield from _shapes(shape.shapes)
        else:
            yield shape


def _role(shape: Any) -> str:
    kind = shape.placeholder_format.type if shape.is_placeholder else None
    return kind.name if kind is not None else ""


def _shape(draft: Draft, shape: Any, number: int) -> None:
    if getattr(shape, "has_table", False):
        for index, row in enumerate(shape.table.rows):
            cells = ["" if cell.is_spanned else cell.text for cell in row.cells]
            draft.row(cells, header=index == 0 and shape.table.first_row, page=number)
    elif getattr(shape, "has_chart", False):
        _chart(draft, shape.chart, number)
    elif not shape.has_text_frame:
        _diagram(draft, shape, number)
    elif _role(shape) in _TITLES:
        draft.add("heading", shape.text_frame.text, 1, number)
    else:
        _paragraphs(draft, shape, number)


def _paragraphs(draft: Draft, shape: Any, number: int) -> None:
    paragraphs = [p for p in shape.text_frame.paragraphs if p.text.strip()]
    listed = _role(shape) in _LISTS and len(paragraphs) > 1
    for paragraph in paragraphs:
        if _bulleted(paragraph, listed):
            draft.add("list_item", paragraph.text, paragraph.level + 1, number)
        else:
            draft.add("paragraph", paragraph.text, page=number)


def _bulleted(paragraph: Any, otherwise: bool) -> bool:
    properties = paragraph._p.pPr
    marks = {str(child.tag).rpartition("}")[2] for child in properties} if properties is not None else set()
    return not marks & {"buNone"} and (otherwise or bool(marks & {"buChar", "buAutoNum", "buBlip"}) or paragraph.level > 0)


def _chart(draft: Draft, chart: Any, number: int) -> None:
    """Read off the chart's XML, because python-pptx knows only some kinds of plots."""
    root = chart.element
    title = next((e for e in root.iter() if local(e) == "title" and local(e.getparent()) == "chart"), None)
    draft.add("paragraph", " ".join(_leaves(title, "t")), page=number)
    series = [e for e in root.iter() if local(e) == "ser"]
    if not series:
        return
    columns = [_points(first(one, "val")) for one in series]
    labels = _points(first(series[0], "cat"))
    draft.row(["", *(" ".join(_leaves(first(one, "tx"), "v")) for one in series)], header=True, page=number)
    for index in sorted(labels.keys() | {i for column in columns for i in column}):
        draft.row([labels.get(index, ""), *(_rounded(column.get(index, "")) for column in columns)], page=number)


def _diagram(draft: Draft, shape: Any, number: int) -> None:
    """The words lie in a part of their own, in the order in which they were written."""
    place = next((value(e, "dm") for e in shape.element.iter() if local(e) == "relIds"), None)
    if place is None:
        return
    root = root_of(shape.part.related_part(place).blob)
    for point in (e for e in root.iter() if local(e) == "pt" and value(e, "type") in (None, "node", "asst")):
        draft.add("list_item", " ".join(_leaves(first(point, "t"), "t")), 1, number)


def _leaves(element: Any, name: str) -> list[str]:
    return [] if element is None else [e.text or "" for e in element.iter() if local(e) == name]


def _points(element: Any) -> dict[int, str]:
    """The cached values of a series by their index."""
    points = [] if element is None else [e for e in element.iter() if local(e) == "pt"]
    return {int(value(e, "idx") or 0): " ".join(_leaves(e, "v")) for e in points}


def _rounded(number: str) -> str:
    """Charts store all seventeen digits of a number."""
    try:
        return f"{float(number):.10g}"
    except ValueError:
        return number
