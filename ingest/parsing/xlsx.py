"""Excel workbooks, by openpyxl: a sheet's name is a heading, its rows are table rows.

unstructured's `partition_xlsx` was compared: 14 of 16 passages of the test files against 16 here, because it leaves sheets' names out.
It writes numbers and dates as they are stored and reads hidden cells.

Hidden sheets, rows and columns are left out on purpose: who hid them did not mean them to be read. Formulas appear as the value last
computed.
"""

from __future__ import annotations

import io
import warnings
from collections.abc import Iterator
from typing import Any

from ingest.parsing.cells import shown, tables
from ingest.parsing.delimited import add_table
from ingest.parsing.draft import Draft, sensible_title
from ingest.parsing.ooxml import open_parts
from ingest.types import ParsedDocument


def read(data: bytes) -> ParsedDocument:
    from openpyxl import load_workbook  # type: ignore[import-untyped]  # openpyxl ships no types

    with open_parts(data), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it warns of drawings and extensions, which hold no cells
        book = load_workbook(io.BytesIO(data), data_only=True)
    draft = Draft()
    for sheet in book.worksheets:
        found = list(tables(_rows(sheet))) if sheet.sheet_state == "visible" else []
        if found:
            draft.add("heading", sheet.title, 1)
        for table in found:
            add_table(draft, table)
    return draft.document(sensible_title(book.properties.title))


def _rows(sheet: Any) -> Iterator[dict[int, str]]:
    """Rows with the cells that the file has: the last row and column of a sheet are far from each other."""
    hidden = {column for one in sheet.column_dimensions.values() if one.hidden for column in range(one.min or 0, (one.max or 0) + 1)}
    rows: dict[int, dict[int, str]] = {}
    for (row, column), cell in sheet._cells.items():
        if column not in hidden and not sheet.row_dimensions[row].hidden:
            rows.setdefault(row, {})[column] = shown(cell.value, str(cell.number_format))
    last = 0
    for row in sorted(rows):
        if row > last + 1:
            yield {}
        yield rows[row]
        last = row
