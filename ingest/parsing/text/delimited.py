"""CSV: rows of a table, whatever stands between the cells.

unstructured's `partition_csv` was compared: all 7 passages of the test files, as here, but it cuts decimal commas between semicolons.
"""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from collections.abc import Sequence

from assistant.errors import ParseError
from ingest.parsing.decode import decode
from ingest.parsing.draft import Draft
from ingest.types import ParsedDocument

_SEPARATORS = ",;\t|"
_SAMPLE = 50  # rows
_NUMBER = re.compile(r"[-+(]?\W?\d[\d.,\s%)]*\W?")


def read(data: bytes) -> ParsedDocument:
    """One table."""
    text = decode(data)
    try:
        rows = [row for row in _reader(text, _separator(text)) if any(cell.strip() for cell in row)]
    except csv.Error as error:
        raise ParseError(f"The file is no table of separated values: {error}. Export it anew.") from error
    draft = Draft()
    add_table(draft, rows)
    return draft.document()


def add_table(draft: Draft, rows: Sequence[Sequence[str]]) -> None:
    """Adds a table. Lines of one cell above it are its title; its first row is the header if it names the columns."""
    start = next((i for i, row in enumerate(rows) if sum(bool(cell.strip()) for cell in row) > 1), 0)
    for row in rows[:start]:
        draft.add("paragraph", " ".join(row))
    draft.apart()
    for index, row in enumerate(rows[start:]):
        draft.row(row, header=index == 0 and _names_columns(row) and len(rows) > start + 1)
    draft.apart()


def _names_columns(row: Sequence[str]) -> bool:
    cells = [cell.strip() for cell in row if cell.strip()]
    return len(cells) > 1 and not any(_NUMBER.fullmatch(cell) for cell in cells)


def _reader(text: str, separator: str) -> list[list[str]]:
    return list(csv.reader(io.StringIO(text, newline=""), delimiter=separator, skipinitialspace=True))


def _separator(text: str) -> str:
    """The separator that cuts most rows into the same number of cells, more than one; the csv module's sniffer fails on quotes."""
    sample = "".join(text.splitlines(keepends=True)[:_SAMPLE])

    def agreement(separator: str) -> tuple[float, int]:
        try:
            widths = [len(row) for row in _reader(sample, separator) if row]
        except csv.Error:  # cells longer than a cell may be, where this is none of a row's separators
            return 0.0, 1
        width, count = Counter(widths).most_common(1)[0] if widths else (1, 0)
        return (count / len(widths), width) if width > 1 else (0.0, 1)

    return max(_SEPARATORS, key=agreement)
