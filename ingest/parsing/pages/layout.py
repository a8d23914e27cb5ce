"""Puts recognised lines into the order in which a person reads them: columns, rows, tables.

Lines at one height form a band. Where bands below each other share an empty strip with prose on both sides, they are columns, read one
after the other; elsewhere the parts of a band are one row, and rows whose parts stand below each other are a table. This is the recursive
cut along empty strips of Nagy and Seth (1984), kept from cutting tables.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from ingest.parsing.pages.flow import Line, at_edge
from ingest.parsing.tools import SeenLine

BODY = 10.0  # points: the usual height of letters where a document has no text layer to tell it
_HEADING = 1.25  # times the usual height; boxes of one size of letters differ by 15 %
_STEP = 1.25  # from one size of heading to the next
_GUTTER = 0.5  # of a line's height: the least empty strip between columns
_PADDING = 0.3  # of a line's height: what a box reaches beyond its letters
_PROSE = 18  # letters of a line in a column of prose, in the mean
_FULL = 0.5  # of a column's width, which its lines fill in the mean
_SHARES = (1.0, 0.75, 0.5)
_COLUMN = 3  # lines
_APART = 1.0  # of a line's height: parts of a row further apart are cells
_SHORT = 0.72  # of the lines near: a line that ends before ends its paragraph
_NEAR = 3  # lines
_TALL = 2.5  # times the usual height


@dataclass(frozen=True, slots=True)
class _Row:
    """Parts that stand beside each other, from left to right."""

    parts: tuple[SeenLine, ...]

    @property
    def bottom(self) -> float:
        return max(part.bottom for part in self.parts)


def lines_of(seen: Sequence[SeenLine], page: int | None = None, body: float = BODY, *, beside: bool = False) -> list[Line]:
    """The lines of a picture in reading order, those that run up or down last. Its height is taken for a page's, and its letters of the
    usual size for `body` points high. Of a picture `beside` text no line is a heading or a running head."""
    if not seen:
        return []
    usual = _usual_height(seen)
    foot = max(line.bottom for line in seen) + usual
    aside = [line for line in seen if line.bottom - line.top > max(_TALL * usual, line.right - line.left)]
    rows = list(_rows([line for line in seen if line not in aside], usual))
    upright = len(rows)
    rows += [_Row((line,)) for line in aside]
    lines: list[Line] = []
    for index, (row, cells) in enumerate(_tables(rows)):
        plain = beside or bool(cells) or index >= upright
        lines.append(
            Line(
                text=" ".join(part.text for part in row.parts),
                page=page,
                bottom=(foot - row.bottom) * body / usual,
                height=body if plain else body * _larger(row, usual),
                bold=False,
                edge=not beside and at_edge(1 - row.bottom / foot),
                cells=cells,
                ends=index >= upright - 1 or _ends(row, rows[max(index - _NEAR, 0) : index + _NEAR + 1], usual),
            )
        )
    return lines


def _ends(row: _Row, near: Sequence[_Row], usual: float) -> bool:
    """Whether a line is much shorter than those near it that begin where it does."""
    left = row.parts[0].left
    longest = max(other.parts[-1].right for other in near if abs(other.parts[0].left - left) < usual)
    return row.parts[-1].right - left < _SHORT * (longest - left)


def _usual_height(seen: Sequence[SeenLine]) -> float:
    """The height in which most letters stand."""
    return max(statistics.median(line.bottom - line.top for line in seen for _ in line.text), 1.0)


def _larger(row: _Row, usual: float) -> float:
    """How much larger than usual the letters of a row are, in steps, so that headings of one size are of one level."""
    larger = min(part.bottom - part.top for part in row.parts) / usual
    return _STEP ** max(1, round(math.log(larger, _STEP))) if larger >= _HEADING else 1.0


def _rows(seen: Sequence[SeenLine], usual: float) -> Iterator[_Row]:
    bands = _bands(seen)
    left, right = min((line.left for line in seen), default=0.0), max((line.right for line in seen), default=0.0)
    start = 0
    while start < len(bands):
        cut = _columns(bands[start:], left, right, usual)
        if cut is None:
            yield _Row(_parts(bands[start], usual))
            start += 1
            continue
        count, strip = cut
        within = [line for band in bands[start : start + count] for line in band]
        yield from _rows([line for line in within if line.left + line.right < 2 * strip], usual)
        yield from _rows([line for line in within if line.left + line.right >= 2 * strip], usual)
        start += count


def _bands(seen: Sequence[SeenLine]) -> list[list[SeenLine]]:
    """Lines that overlap in height, through others too; a quarter of a box above and below is margin."""
    bands: list[list[SeenLine]] = []
    reach = -math.inf
    for line in sorted(seen, key=lambda line: line.top + line.bottom):
        margin = (line.bottom - line.top) / 4
        if line.top + margin < reach:
            bands[-1].append(line)
        else:
            bands.append([line])
            reach = -math.inf
        reach = max(reach, line.bottom - margin)
    return bands


def _columns(bands: Sequence[list[SeenLine]], left: float, right: float, usual: float) -> tuple[int, float] | None:
    """How many bands from the first on stand in columns, and where the first column ends; None where none do.

    An empty strip is judged where it ends, at its whole length and at parts of it: at each of its bands would take too long.
    """
    free = [[(left - 1, right + 1)]]
    for band in bands:
        free.append(_left_free(free[-1], band, usual))
        if not free[-1]:
            break
    ends = {count for count in range(1, len(free)) if count == len(free) - 1 or len(free[count + 1]) < len(free[count])}
    for count in sorted({max(round(end * share), 1) for end in ends for share in _SHARES}, reverse=True):
        within = [line for band in bands[:count] for line in band]
        strips = [high for _, high in free[count]]
        columns = [
            [line for line in within if low <= line.left + line.right < high]
            for low, high in pairwise([-math.inf, *(2 * s for s in strips), math.inf])
        ]
        found = next((index for index, (a, b) in enumerate(pairwise(columns)) if _is_prose(a) and _is_prose(b)), None)
        if found is not None:
            return count, strips[found]
    return None


def _left_free(free: list[tuple[float, float]], band: Sequence[SeenLine], usual: float) -> list[tuple[float, float]]:
    """What of the empty strips a band leaves empty."""
    for line in band:
        inner = min(_PADDING * usual, (line.right - line.left) / 4)
        parts = [strip for low, high in free for strip in ((low, min(high, line.left + inner)), (max(low, line.right - inner), high))]
        free = sorted({(low, high) for low, high in parts if high - low >= _GUTTER * usual})
    return free


def _is_prose(lines: Sequence[SeenLine]) -> bool:
    """Whether lines fill their column, in the mean, and are long."""
    if len(lines) < _COLUMN:
        return False
    width = max(line.right for line in lines) - min(line.left for line in lines)
    filled = statistics.fmean(line.right - line.left for line in lines)
    return filled >= _FULL * width and statistics.fmean(len(line.text) for line in lines) >= _PROSE


def _parts(band: Sequence[SeenLine], usual: float) -> tuple[SeenLine, ...]:
    """The band's parts from left to right: lines above each other are one part, and so are neighbours with little between them."""
    parts: list[list[SeenLine]] = []
    reach = -math.inf
    for line in sorted(band, key=lambda line: line.left):
        if line.left - reach < _APART * usual:
            parts[-1].append(line)
        else:
            parts.append([line])
        reach = max(reach, line.right)
    return tuple(_joined(part, usual) for part in parts)


def _joined(lines: Sequence[SeenLine], usual: float) -> SeenLine:
    rows: list[list[SeenLine]] = []
    for line in sorted(lines, key=lambda line: line.top + line.bottom):
        if rows and (line.top + line.bottom - rows[-1][0].top - rows[-1][0].bottom) / 2 < usual / 2:
            rows[-1].append(line)
        else:
            rows.append([line])
    text = " ".join(line.text for row in rows for line in sorted(row, key=lambda line: line.left))
    # What stands beside the longest piece, a mark or a number in the margin, does not make the letters larger.
    longest = max(lines, key=lambda line: len(line.text))
    bottom = max(line.bottom for line in lines)
    left, right = min(line.left for line in lines), max(line.right for line in lines)
    return SeenLine(text, left, bottom - (longest.bottom - longest.top), right, bottom, min(line.score for line in lines))


def _tables(rows: Sequence[_Row]) -> Iterator[tuple[_Row, tuple[str, ...]]]:
    """Each row with its cells, where rows with parts below each other make a table; else with none."""
    run: list[_Row] = []
    for row in rows:
        if run and not all(_aligned(other, row) for other in (run[-1], max(run, key=lambda r: len(r.parts)))):
            yield from _celled(run)
            run = []
        run.append(row)
    yield from _celled(run)


def _aligned(a: _Row, b: _Row) -> bool:
    def beside(these: _Row, those: _Row) -> int:
        return sum(any(p.left < q.right and q.left < p.right for q in those.parts) for p in these.parts)

    return min(beside(a, b), beside(b, a)) > 1


def _celled(run: Sequence[_Row]) -> Iterator[tuple[_Row, tuple[str, ...]]]:
    if len(run) < 2:
        yield from ((row, ()) for row in run)
        return
    most = max(len(row.parts) for row in run)
    whole = [row.parts for row in run if len(row.parts) == most]
    columns = [(min(part.left for part in parts), max(part.right for part in parts)) for parts in zip(*whole, strict=True)]
    for row in run:
        cells: list[list[str]] = [[] for _ in columns]
        for part in row.parts:
            shared = [min(part.right, right) - max(part.left, left) for left, right in columns]
            cells[shared.index(max(shared))].append(part.text)
        yield row, tuple(" ".join(cell) for cell in cells)
