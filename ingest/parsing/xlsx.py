"""Excel workbooks, by openpyxl: a sheet's name is a heading, its rows are table rows.

unstructured's `partition_xlsx` was compared: 14 of 16 passages of the test files against 16 here, because it leaves sheets' names out.
It writes numbers and dates as they are stored and reads hidden cells.

Hidden sheets, rows and columns are left out on purpose: who hid them did not mean them to be read. Formulas appear as the value last
computed.
"""

from __future__ import annotations

import io
import re
import warnings
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from ingest.parsing.delimited import add_table
from ingest.parsing.draft import Draft, sensible_title
from ingest.parsing.ooxml import open_parts
from ingest.types import ParsedDocument

_DIGITS = re.compile(r"(?P<integer>[#0,?]*[#0?])(?:\.(?P<decimals>[0#?]+))?(?P<percent>\s*%)?")
_LITERAL = re.compile(r'"([^"]*)"|\[\$([^\]-]*)[^\]]*\]|\\(.)|_.|\*.|\[[^\]]*\]')


def read(data: bytes) -> ParsedDocument:
    from openpyxl import load_workbook  # type: ignore[import-untyped]  # openpyxl ships no types

    with open_parts(data), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it warns of drawings and extensions, which hold no cells
        book = load_workbook(io.BytesIO(data), data_only=True)
    draft = Draft()
    for sheet in book.worksheets:
        tables = list(_tables(sheet)) if sheet.sheet_state == "visible" else []
        if tables:
            draft.add("heading", sheet.title, 1)
        for table in tables:
            add_table(draft, table)
    return draft.document(sensible_title(book.properties.title))


def _tables(sheet: Any) -> Iterator[list[list[str]]]:
    """Runs of rows without an empty one between them; columns that are empty throughout a run are left out."""
    run: list[list[str]] = []
    for row in sheet.iter_rows():
        cells = [] if sheet.row_dimensions[row[0].row].hidden else [shown(c) for c in row if not _hidden(sheet, c)]
        if any(cells):
            run.append(cells)
        elif run:
            yield _narrow(run)
            run = []
    if run:
        yield _narrow(run)


def _narrow(rows: list[list[str]]) -> list[list[str]]:
    used = [i for i in range(len(rows[0])) if any(row[i] for row in rows)]
    return [[row[i] for i in used] for row in rows]


def _hidden(sheet: Any, cell: Any) -> bool:
    letter = getattr(cell, "column_letter", None)
    return letter in sheet.column_dimensions and bool(sheet.column_dimensions[letter].hidden)


def shown(cell: Any) -> str:
    """A cell as a person sees it; dates as 2026-01-31, because their usual order depends on the reader's settings."""
    value = cell.value
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).upper()
    if isinstance(value, datetime):
        return _moment(value, str(cell.number_format).lower())
    if isinstance(value, date | time | timedelta):
        return str(value)
    if isinstance(value, int | float):
        return _number(value, str(cell.number_format or "General"))
    return str(value).strip()


def _moment(value: datetime, pattern: str) -> str:
    clock = "h" in pattern
    shown = "%Y-%m-%d %H:%M" if clock and re.search("[dy]", pattern) else "%H:%M" if clock else "%Y-%m-%d"
    return value.strftime(shown)


def _number(value: float, pattern: str) -> str:
    parts = pattern.split(";")
    literal = _LITERAL.sub(lambda m: m[1] or m[2] or m[3] or "", parts[0])
    found = _DIGITS.search(literal)
    if pattern == "General" or not found or re.search(r"[EeGg@/]|#\s+\?", _LITERAL.sub("", parts[0])):
        return f"{value:.10g}" if isinstance(value, float) else str(value)
    exact = Decimal(str(value)) * (100 if found["percent"] else 1)
    rounded = exact.quantize(Decimal(1).scaleb(-len(found["decimals"] or "")), ROUND_HALF_UP)
    digits = f"{abs(rounded):{',' if ',' in found['integer'] else ''}f}"
    minus = "-" if rounded < 0 else ""
    return f"{minus}{literal[: found.start()]}{digits}{found['percent'] or ''}{literal[found.end() :]}".strip()
