"""OpenDocument slides (.odp), as presentations: a slide's title is a heading, its notes are paragraphs, pages are slide numbers.

Hidden slides, slide numbers, dates, headers and footers are left out. Charts are objects of their own in the file and are not read.
"""

from __future__ import annotations

from typing import Any

from ingest.parsing.draft import Draft
from ingest.parsing.office.ooxml import children, local, value
from ingest.parsing.opendocument.odf import Styles, unpack
from ingest.parsing.opendocument.odf_lists import Numbers
from ingest.parsing.opendocument.odf_walk import Walk
from ingest.types import ParsedDocument

_FURNITURE = ("header", "footer", "date-time", "page-number", "page")


def read(data: bytes) -> ParsedDocument:
    content = unpack(data, "presentation")
    draft = Draft()
    for number, slide in enumerate(children(content.body, "page"), 1):
        shown = content.styles.says("drawing-page", value(slide, "style-name"), "drawing-page-properties", "visibility")
        if shown != "hidden":
            _slide(draft, slide, content.styles, number)
    return draft.document(content.title, content.front_matter)


def _slide(draft: Draft, slide: Any, styles: Styles, number: int) -> None:
    walk = Walk(draft, styles, Numbers(styles), [], number)
    for shape in sorted(slide, key=lambda shape: not _is_title(shape)):
        if _is_title(shape):
            draft.add("heading", walk.cell(shape), 1, number)
        elif _is_read(shape):
            walk.over([shape])
    for notes in children(slide, "notes"):
        walk.over([shape for shape in notes if _is_read(shape)])


def _is_title(shape: Any) -> bool:
    return value(shape, "class") == "title" and value(shape, "placeholder") != "true"


def _is_read(shape: Any) -> bool:
    return local(shape) != "notes" and value(shape, "class") not in _FURNITURE
