"""OpenDocument sheets (.ods), as workbooks: a sheet's name is a heading, its rows are table rows.

Cells stand as the program last drew them, dates as 2026-01-31. Hidden sheets, rows and columns are left out on purpose, filtered rows
too, as are comments and drawings.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import repeat
from typing import Any

from ingest.parsing.cells import tables
from ingest.parsing.draft import Draft
from ingest.parsing.office.ooxml import children, local, value
from ingest.parsing.opendocument.odf import Styles, unpack
from ingest.parsing.opendocument.odf_lists import Numbers
from ingest.parsing.opendocument.odf_walk import Walk, copies, repeated, table_rows
from ingest.parsing.text.delimited import add_table
from ingest.types import ParsedDocument

_HIDDEN = ("collapse", "filter")
_COLUMN_GROUPS = ("table-columns", "table-header-columns", "table-column-group")
_WIDEST = 16_384  # columns of the widest sheet that programs make


def read(data: bytes) -> ParsedDocument:
    content = unpack(data, "spreadsheet")
    draft = Draft()
    for sheet in children(content.body, "table"):
        if content.styles.says("table", value(sheet, "style-name"), "table-properties", "display") != "false":
            found = list(tables(_rows(sheet, content.styles)))
            if found:
                draft.add("heading", value(sheet, "name") or "", 1)
            for table in found:
                add_table(draft, table)
    return draft.document(content.title, content.front_matter)


def _rows(sheet: Any, styles: Styles) -> Iterator[Mapping[int, str]]:
    hidden = _hidden_columns(sheet)
    walk = Walk(Draft(), styles, Numbers(styles), [])
    for row, _ in table_rows(sheet):
        if value(row, "visibility") not in _HIDDEN:
            cells = _cells(row, walk, hidden)
            yield from repeat(cells, copies(row, "number-rows-repeated", "".join(cells.values())) if cells else 1)


def _hidden_columns(sheet: Any) -> set[int]:
    hidden: set[int] = set()
    at = 0
    for column in _columns(sheet):
        after = min(at + repeated(column, "number-columns-repeated"), _WIDEST)
        hidden.update(range(at, after) if value(column, "visibility") in _HIDDEN else ())
        at = after
    return hidden


def _columns(parent: Any) -> Iterator[Any]:
    for element in parent:
        if local(element) == "table-column":
            yield element
        elif local(element) in _COLUMN_GROUPS:
            yield from _columns(element)


def _cells(row: Any, walk: Walk, hidden: set[int]) -> dict[int, str]:
    """The texts of a row by their columns, without the empty ones."""
    cells: dict[int, str] = {}
    at = 0
    for cell in row:
        if local(cell) == "table-cell":
            text = _shown(cell, walk)
            columns = range(at, at + copies(cell, "number-columns-repeated", text)) if text else ()
            cells |= {column: text for column in columns if column not in hidden}
        if local(cell) in ("table-cell", "covered-table-cell"):
            at += repeated(cell, "number-columns-repeated")
    return cells


def _shown(cell: Any, walk: Walk) -> str:
    if value(cell, "value-type") == "date":
        day, _, clock = (value(cell, "date-value") or "").partition("T")
        return f"{day} {clock[:5]}".removesuffix(" 00:00").strip()
    return walk.cell(cell)
