"""What a spreadsheet's cells show: their formats applied, whatever file they lie in."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import date, datetime, time, timedelta
from decimal import ROUND_HALF_UP, Decimal

from assistant.errors import ParseError

_MOST_CELLS = 20_000_000
_DIGITS = re.compile(r"(?P<integer>[#0,?]*[#0?])(?:\.(?P<decimals>[0#?]+))?(?P<percent>\s*%)?")
_LITERAL = re.compile(r'"([^"]*)"|\[\$([^\]-]*)[^\]]*\]|\\(.)|_.|\*.|\[[^\]]*\]')


def tables(rows: Iterable[Mapping[int, str]]) -> Iterator[list[list[str]]]:
    """Runs of rows without an empty one between them, each row its texts by column; columns empty throughout a run are left out."""
    run: list[Mapping[int, str]] = []
    for cells in rows:
        if any(cells.values()):
            run.append(cells)
        elif run:
            yield _narrow(run)
            run = []
    if run:
        yield _narrow(run)


def _narrow(rows: list[Mapping[int, str]]) -> list[list[str]]:
    used = sorted({column for row in rows for column, text in row.items() if text})
    if len(rows) * len(used) > _MOST_CELLS:
        raise ParseError(f"A sheet has a table of more than {_MOST_CELLS:,} cells. Split it, or leave out what is no text.")
    return [[row.get(column, "") for column in used] for row in rows]


def shown(value: object, pattern: str) -> str:
    """A value as a person sees it under a number format; dates as 2026-01-31, because their usual order depends on the reader's
    settings."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).upper()
    if isinstance(value, datetime):
        return _moment(value, pattern.lower())
    if isinstance(value, date | time | timedelta):
        return str(value)
    if isinstance(value, int | float):
        return _number(value, pattern or "General")
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
