"""Excel workbooks from before 2007, by xlrd, with the rules of `xlsx`: what is hidden is left out, values appear as a person sees them.

unstructured's `partition_xlsx` reads them by pandas, without formats, and hidden sheets as well.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from assistant.errors import ParseError
from ingest.parsing.cells import shown, tables
from ingest.parsing.draft import Draft
from ingest.parsing.legacy import ole_properties
from ingest.parsing.legacy.ole import open_ole, stream
from ingest.parsing.margins import add_comments
from ingest.parsing.text.delimited import add_table
from ingest.types import ParsedDocument

_VISIBLE = 0


def read(data: bytes) -> ParsedDocument:
    with open_ole(data) as ole:
        title, front_matter = ole_properties.title(ole), ole_properties.front_matter(ole)
        book = _book(stream(ole, "Workbook") or stream(ole, "Book"))
    draft = Draft()
    for index in range(book.nsheets):
        sheet = book.sheet_by_index(index)
        found = list(tables(_rows(book, sheet))) if sheet.visibility == _VISIBLE else []
        if found:
            draft.add("heading", sheet.name, 1)
        for table in found:
            add_table(draft, table)
        if sheet.visibility == _VISIBLE:
            notes = [sheet.cell_note_map[place] for place in sorted(sheet.cell_note_map) if _is_seen(sheet, *place)]
            add_comments(draft, ((note.author, note.text) for note in notes), level=2)
    return draft.document(title, front_matter)


def _book(data: bytes) -> Any:
    import xlrd  # type: ignore[import-untyped]  # xlrd ships no types
    from xlrd.formula import FormulaError  # type: ignore[import-untyped]  # xlrd ships no types

    try:
        return xlrd.open_workbook(file_contents=data, formatting_info=True, ragged_rows=True, logfile=io.StringIO())
    except xlrd.XLRDError as error:
        if "encrypted" in str(error):
            raise ParseError("The workbook is protected by a password. Save a copy without the password.") from error
        raise ValueError(str(error)) from error
    except (FormulaError, UnboundLocalError) as error:  # the latter where a note's text comes before the note
        raise ValueError(str(error)) from error


def _is_seen(sheet: Any, row: int, column: int) -> bool:
    row_info, column_info = sheet.rowinfo_map.get(row), sheet.colinfo_map.get(column)
    return not (row_info is not None and row_info.hidden) and not (column_info is not None and column_info.hidden)


def _rows(book: Any, sheet: Any) -> Iterator[dict[int, str]]:
    for row in range(sheet.nrows):
        cells = ((column, cell) for column, cell in enumerate(sheet.row(row)) if cell.value != "" and _is_seen(sheet, row, column))
        yield {column: _shown(book, cell) for column, cell in cells}


def _shown(book: Any, cell: Any) -> str:
    import xlrd

    pattern = book.format_map[book.xf_list[cell.xf_index].format_key].format_str
    if cell.ctype == xlrd.XL_CELL_ERROR:
        return str(xlrd.error_text_from_code.get(cell.value, ""))
    if cell.ctype == xlrd.XL_CELL_BOOLEAN:
        return shown(bool(cell.value), pattern)
    if cell.ctype != xlrd.XL_CELL_DATE:
        return shown(cell.value, pattern)
    if "[h" in pattern.lower():
        return shown(timedelta(seconds=round(cell.value * 86_400)), pattern)
    return shown(xlrd.xldate_as_datetime(cell.value, book.datemode), pattern)
