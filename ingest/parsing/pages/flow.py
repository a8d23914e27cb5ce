"""Lines with their places on pages, in reading order, to paragraphs, headings, list items and tables."""

from __future__ import annotations

import re
import statistics
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from ingest.parsing.draft import Draft, visible
from ingest.types import ParsedDocument

_BULLET = re.compile(r"\s*[\u2022\u2023\u25aa\u25cf\u25e6\u00b7\uf0b7\uf0a7]\s*")
_LARGER = 1.15
_SENTENCE_END = ".!?:;"
_LONGEST_HEADING = 150
_TOP, _FOOT = 0.9, 0.1  # of a page's height: beyond stand running heads
_REPEATED = 3  # pages
_VOCABULARY = 20_000  # lines


@dataclass(frozen=True, slots=True)
class Line:
    """A line of text: its lower edge in points from the page's, the height of its letters, whether they are bold, and whether it
    stands where running heads do. With `cells` it is a row of a table, and rows of one table have as many cells. `ends` says that it
    ends a paragraph, being shorter than those beside it."""

    text: str
    page: int | None
    bottom: float
    height: float
    bold: bool
    edge: bool
    cells: tuple[str, ...] = ()
    ends: bool = False


def at_edge(share: float) -> bool:
    """Whether running heads stand at this share of a page's height, from the bottom."""
    return not _FOOT < share < _TOP


def without_running_heads(pages: list[list[Line]]) -> list[Line]:
    """Drops what stands at the same place of the edge on most pages, page numbers aside."""

    def key(line: Line) -> tuple[str, int]:
        return re.sub(r"\d+", "0", line.text), round(line.bottom / 4)

    seen = Counter(place for lines in pages for place in {key(line) for line in lines if line.edge})
    repeated = {place for place, count in seen.items() if count >= _REPEATED and count > len(pages) / 2}
    return [line for lines in pages for line in lines if not (line.edge and key(line) in repeated)]


def document(lines: Sequence[Line], title: str | None = None) -> ParsedDocument:
    """The lines as blocks. Without a title given, a heading that opens the document is its title."""
    draft = Draft()
    words = Counter(re.findall(r"\w+(?:-\w+)*(?!\w*-\n)", visible("\n".join(line.text for line in lines[:_VOCABULARY])).lower()))
    sizes: Counter[float] = Counter()
    for line in lines:
        sizes[round(line.height)] += len(line.text)
    body = sizes.most_common(1)[0][0] if sizes else 1.0
    levels = {size: level for level, size in enumerate(sorted((s for s in sizes if s >= body * _LARGER), reverse=True), 1)}
    bold = 0 if sum(line.bold for line in lines) > len(lines) / 3 else len(levels) + 1
    for group in _groups(lines):
        if group[0].cells:
            _add_table(draft, group)
            continue
        text = _joined(group, words)
        level = levels.get(round(group[0].height)) or (group[0].bold and text[-1:] not in _SENTENCE_END and bold)
        if level and len(text) <= _LONGEST_HEADING and re.search(r"[^\W\d_]{2}", text):
            draft.add("heading", text, min(level, 6), group[0].page)
        elif bullet := _BULLET.match(text):
            draft.add("list_item", text[bullet.end() :], 1, group[0].page)
        else:
            draft.add("paragraph", text, page=group[0].page)
    parsed = draft.document(title)
    # A heading further down is that of a section, not of the document.
    opens = bool(parsed.blocks) and parsed.blocks[0].kind == "heading"
    return replace(parsed, title=parsed.title if title or opens else None)


def _groups(lines: Sequence[Line]) -> Iterator[list[Line]]:
    steps = [a.bottom - b.bottom for a, b in pairwise(lines) if 0 < a.bottom - b.bottom < 4 * a.height]
    usual = statistics.median(steps) if steps else 0.0
    group: list[Line] = []
    for line in lines:
        if group and _parts(group[-1], line, usual):
            yield group
            group = []
        group.append(line)
    if group:
        yield group


def _parts(above: Line, line: Line, usual: float) -> bool:
    """Whether a new paragraph or table begins: by a bullet, another letter size, another page or column, or a wider gap."""
    step = above.bottom - line.bottom
    if above.cells or line.cells:
        return len(above.cells) != len(line.cells) or above.page != line.page
    if above.ends and not line.text[:1].islower():
        return True
    if _BULLET.match(line.text) or not 1 / _LARGER < line.height / above.height < _LARGER:
        return True
    if above.text.endswith("-") and line.text[:1].islower():
        return False
    if above.bold != line.bold and (above.bold or above.text[-1:] in _SENTENCE_END):
        return True
    if above.page != line.page or step < -line.height:
        return not line.text[:1].islower()
    return step > 1.35 * max(min(usual, 2 * line.height), line.height)


def _add_table(draft: Draft, rows: Sequence[Line]) -> None:
    """The first row is a header where it alone has a word in every column and no digit."""
    first, *others = (row.cells for row in rows)
    words = all(cell and not re.search(r"\d|:$", cell) for cell in first)
    header = words and len(others) > 1 and any(re.search(r"\d", cell) for row in others for cell in row)
    draft.apart()
    for index, row in enumerate(rows):
        draft.row(row.cells, header=header and index == 0, page=row.page)
    draft.apart()


def _joined(group: Sequence[Line], words: Counter[str]) -> str:
    text = group[0].text
    for line in group[1:]:
        broken = re.search(r"([^\W\d_]+)-$", text)
        rest = re.match(r"[^\W\d_]+", line.text)
        if broken and rest and rest[0].islower():
            text = text[:-1] + ("-" if _hyphenated(broken[1], rest[0], words) else "") + line.text
        else:
            text = f"{text} {line.text}"
    return text


def _hyphenated(start: str, end: str, words: Counter[str]) -> bool:
    """Whether a hyphen at a line's end belongs to the word, judged by how the document writes it elsewhere."""
    whole, apart = words[(start + end).lower()], words[f"{start}-{end}".lower()]
    return apart > whole if whole or apart else bool(words[start.lower()] and words[end.lower()])
