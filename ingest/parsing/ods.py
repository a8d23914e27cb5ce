"""OpenDocument sheets (.ods), as workbooks: a sheet's name is a heading, its rows are table rows.

Cells stand as the program last drew them, dates as 2026-01-31. Hidden sheets, rows and columns are left out on purpose, filtered rows
too, as are comments and drawings.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from ingest.parsing.delimited import add_table
from ingest.parsing.draft import Draft
from ingest.parsing.odf import Styles, unpack
from ingest.parsing.odf_lists import Numbers
from ingest.parsing.odf_walk import Walk, copies, table_rows
from ingest.parsing.ooxml import children, local, value
from ingest.types import ParsedDocument

_HIDDEN = ("collapse", "filter")
_COLUMN_GROUPS = ("table-columns", "table-header-columns", "table-column-group")
_WIDEST = 16_384  # columns of the widest sheet that programs make


def read(data: bytes) -> ParsedDocument:
    content = unpack(data, "spreadsheet")
    draft = Draft()
    for sheet in children(content.body, "table"):
        if content.styles.says("table", value(sheet, "style-name"), "table-properties", "display") != "false":
            tables = list(_tables(_rows(sheet, content.styles)))
            if tables:
                draft.add("heading", value(sheet, "name") or "", 1)
            for table in tables:
                add_table(draft, table)
    return draft.document(content.title, content.front_matter)


def _rows(sheet: Any, styles: Styles) -> Iterator[list[str]]:
    hidden = _hidden_columns(sheet)
    walk = Walk(Draft(), styles, Numbers(styles), [])
    for row, _ in table_rows(sheet):
        if value(row, "visibility") in _HIDDEN:
            continue
        cells = _cells(row, walk, hidden)
        for _ in range(copies(row, "number-rows-repeated", "".join(cells)) if any(cells) else 1):
            yield cells


def _hidden_columns(sheet: Any) -> set[int]:
    hidden: set[int] = set()
    at = 0
    for column in _columns(sheet):
        count = copies(column, "number-columns-repeated", "")
        if value(column, "visibility") in _HIDDEN:
            hidden.update(range(at, at + count))
        at += count
    return hidden


def _columns(parent: Any) -> Iterator[Any]:
    for element in parent:
        if local(element) == "table-column":
            yield element
        elif local(element) in _COLUMN_GROUPS:
            yield from _columns(element)


def _cells(row: Any, walk: Walk, hidden: set[int]) -> list[str]:
    cells: list[str] = []
    for cell in row:
        if local(cell) in ("table-cell", "covered-table-cell") and len(cells) < _WIDEST:
            text = "" if local(cell) == "covered-table-cell" else _shown(cell, walk)
            cells += [text] * copies(cell, "number-columns-repeated", text)
    return [text for at, text in enumerate(cells) if at not in hidden]


def _shown(cell: Any, walk: Walk) -> str:
    if value(cell, "value-type") == "date":
        day, _, clock = (value(cell, "date-value") or "").partition("T")
        return f"{day} {clock[:5]}".removesuffix(" 00:00").strip()
    return walk.cell(cell)


def _tables(rows: Iterable[list[str]]) -> Iterator[list[list[str]]]:
    """Runs of rows without an empty one between them; columns that are empty throughout a run are left out."""
    run: list[list[str]] = []
    for cells in (*rows, []):
        if any(cells):
            run.append(cells)
        elif run:
            used = sorted({at for row in run for at, text in enumerate(row) if text})
            yield [[row[at] if at < len(row) else "" for at in used] for row in run]
            run = []
