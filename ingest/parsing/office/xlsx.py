"""Excel workbooks, by openpyxl: a sheet's name is a heading, its rows are table rows.

unstructured's `partition_xlsx` was compared: 14 of 16 passages of the test files against 16 here, because it leaves sheets' names out.
It writes numbers and dates as they are stored and reads hidden cells.

Hidden sheets, rows and columns are left out on purpose: who hid them did not mean them to be read. Formulas appear as the value last
computed. Comments stand behind their sheet.
"""

from __future__ import annotations

import io
import warnings
from collections.abc import Iterable, Iterator
from itertools import groupby
from operator import itemgetter
from typing import Any

from ingest.parsing.cells import shown, tables
from ingest.parsing.draft import Draft, sensible_title
from ingest.parsing.margins import add_comments
from ingest.parsing.office.office_properties import stated_in
from ingest.parsing.office.ooxml import open_parts
from ingest.parsing.text.delimited import add_table
from ingest.types import ParsedDocument


def read(data: bytes) -> ParsedDocument:
    from openpyxl import load_workbook  # type: ignore[import-untyped]  # openpyxl ships no types

    with open_parts(data) as parts, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it warns of drawings and extensions, which hold no cells
        front_matter = stated_in(parts)
        book = load_workbook(io.BytesIO(data), data_only=True)
    draft = Draft()
    for sheet in book.worksheets:
        if sheet.sheet_state == "visible":
            _add_sheet(draft, sheet)
    return draft.document(sensible_title(book.properties.title), front_matter)


def _add_sheet(draft: Draft, sheet: Any) -> None:
    seen = list(_seen(sheet))
    found = list(tables(_rows(seen)))
    comments = [_comment(cell.comment) for _, _, cell in seen if cell.comment is not None]
    if found or comments:
        draft.add("heading", sheet.title, 1)
    for table in found:
        add_table(draft, table)
    add_comments(draft, comments)


def _seen(sheet: Any) -> Iterator[tuple[int, int, Any]]:
    """The cells that the file has, by row and column, without hidden ones: the last row and column of a sheet are far away."""
    hidden = {column for one in sheet.column_dimensions.values() if one.hidden for column in range(one.min or 0, (one.max or 0) + 1)}
    for row, column in sorted(sheet._cells):
        if column not in hidden and not sheet.row_dimensions[row].hidden:
            yield row, column, sheet._cells[row, column]


def _rows(cells: Iterable[tuple[int, int, Any]]) -> Iterator[dict[int, str]]:
    last = 0
    for number, group in groupby(cells, key=itemgetter(0)):
        if number > last + 1:
            yield {}
        yield {column: shown(cell.value, str(cell.number_format)) for _, column, cell in group}
        last = number


def _comment(comment: Any) -> tuple[str | None, str]:
    """Comments that can be answered are stored as a note of an author "tc=…" for older programs, below two paragraphs that say so."""
    if str(comment.author).startswith("tc="):
        return None, comment.text.split("\n\n", 2)[-1]
    return comment.author, comment.text
