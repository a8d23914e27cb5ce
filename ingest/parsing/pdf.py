"""PDF, page by page, by pypdfium2.

Lines become paragraphs by their distance and letters; larger or bold letters make headings; lines that return at the edge of most
pages are running heads and are dropped. A document without a text layer gives an empty text. pdfium is not safe to use from
several threads at once.
"""

from __future__ import annotations

import ctypes
import re
import statistics
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

from assistant.errors import ParseError
from ingest.parsing.draft import Draft, sensible_title, visible
from ingest.types import ParsedDocument

_BULLET = re.compile(r"\s*[\u2022\u2023\u25aa\u25cf\u25e6\u00b7\uf0b7\uf0a7]\s*")
_HYPHENS = (0x02, 0xFFFE)  # what pdfium gives for a hyphen at a line's end, without a line end after it
_LARGER = 1.15
_BOLD = 600  # of a font's weight, 400 being usual
_LONGEST_FONT = 128  # bytes of a font's name
_SENTENCE_END = ".!?:;"
_LONGEST_HEADING = 150
_TOP, _FOOT = 0.9, 0.1  # of a page's height: beyond stand running heads
_REPEATED = 3  # pages
_VOCABULARY = 20_000  # lines


@dataclass(frozen=True, slots=True)
class _Line:
    """A line of text, its lower edge in points from the page's, the height of its letters, whether they are bold, and whether it
    stands where running heads do."""

    text: str
    page: int
    bottom: float
    height: float
    bold: bool
    edge: bool


def read(data: bytes) -> ParsedDocument:
    import pypdfium2  # type: ignore[import-untyped]  # pypdfium2 ships no types

    try:
        document = pypdfium2.PdfDocument(data)
    except pypdfium2.PdfiumError as error:
        if "password" in str(error).lower():
            raise ParseError("The PDF is protected by a password. Save a copy without it.") from error
        raise ParseError(f"The PDF is damaged ({error}). Open it in its program and save it again.") from error
    try:
        pages = [_lines(document[index], index + 1) for index in range(len(document))]
        title = sensible_title(document.get_metadata_value("Title"))
    except pypdfium2.PdfiumError as error:
        raise ParseError(f"The PDF is damaged ({error}). Open it in its program and save it again.") from error
    finally:
        document.close()
    return _document(_without_running_heads(pages), title)


def _lines(page: Any, number: int) -> list[_Line]:
    from pypdfium2 import raw

    text_page = page.get_textpage()
    height = page.get_height()
    lines: list[_Line] = []
    held: list[tuple[int, str]] = []
    for index in range(text_page.count_chars()):
        code = raw.FPDFText_GetUnicode(text_page, index)
        if code not in (10, 13):
            held.append((index, "-" if code in _HYPHENS else chr(code)))
        if code in (10, 13, *_HYPHENS):
            lines += _line(text_page, held, number, height)
            held = []
    lines += _line(text_page, held, number, height)
    text_page.close()
    page.close()
    return lines


def _line(text_page: Any, held: Sequence[tuple[int, str]], number: int, page_height: float) -> Iterator[_Line]:
    """pdfium gives characters beyond the basic plane as two halves."""

    text = "".join(letter for _, letter in held).encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    inked = [index for index, letter in held if letter.strip()]
    if inked:
        _, bottom, _, top = text_page.get_charbox(inked[len(inked) // 2], loose=True)
        bold = all(_is_bold(text_page, index) for index in (inked[0], inked[-1]))
        edge = not _FOOT < bottom / page_height < _TOP
        yield _Line(text.strip(), number, bottom, max(top - bottom, 0.1), bold, edge)


def _is_bold(text_page: Any, index: int) -> bool:
    """By the weight, or, for the fonts that every reader has and that state none, by the name."""
    from pypdfium2 import raw

    if raw.FPDFText_GetFontWeight(text_page, index) >= _BOLD:
        return True
    name = ctypes.create_string_buffer(_LONGEST_FONT)
    raw.FPDFText_GetFontInfo(text_page, index, name, _LONGEST_FONT, None)
    return b"bold" in name.value.lower()


def _without_running_heads(pages: list[list[_Line]]) -> list[_Line]:
    """Drops what stands at the same place of the edge on most pages, page numbers aside."""

    def key(line: _Line) -> tuple[str, int]:
        return re.sub(r"\d+", "0", line.text), round(line.bottom / 4)

    seen = Counter(place for lines in pages for place in {key(line) for line in lines if line.edge})
    repeated = {place for place, count in seen.items() if count >= _REPEATED and count > len(pages) / 2}
    return [line for lines in pages for line in lines if not (line.edge and key(line) in repeated)]


def _document(lines: list[_Line], title: str | None) -> ParsedDocument:
    draft = Draft()
    words = Counter(re.findall(r"\w+(?:-\w+)*(?!\w*-\n)", visible("\n".join(line.text for line in lines[:_VOCABULARY])).lower()))
    sizes: Counter[float] = Counter()
    for line in lines:
        sizes[round(line.height)] += len(line.text)
    body = sizes.most_common(1)[0][0] if sizes else 1.0
    levels = {size: level for level, size in enumerate(sorted((s for s in sizes if s >= body * _LARGER), reverse=True), 1)}
    bold = 0 if sum(line.bold for line in lines) > len(lines) / 3 else len(levels) + 1
    for group in _groups(lines):
        text = _joined(group, words)
        level = levels.get(round(group[0].height)) or (group[0].bold and text[-1:] not in _SENTENCE_END and bold)
        if level and len(text) <= _LONGEST_HEADING and re.search(r"[^\W\d_]{2}", text):
            draft.add("heading", text, min(level, 6), group[0].page)
        elif bullet := _BULLET.match(text):
            draft.add("list_item", text[bullet.end() :], 1, group[0].page)
        else:
            draft.add("paragraph", text, page=group[0].page)
    document = draft.document(title)
    # A heading further down is that of a section, not of the document.
    opens = bool(document.blocks) and document.blocks[0].kind == "heading"
    return replace(document, title=document.title if title or opens else None)


def _groups(lines: list[_Line]) -> Iterator[list[_Line]]:
    steps = [a.bottom - b.bottom for a, b in pairwise(lines) if 0 < a.bottom - b.bottom < 4 * a.height]
    usual = statistics.median(steps) if steps else 0.0
    group: list[_Line] = []
    for line in lines:
        if group and _parts(group[-1], line, usual):
            yield group
            group = []
        group.append(line)
    if group:
        yield group


def _parts(above: _Line, line: _Line, usual: float) -> bool:
    """Whether a new paragraph begins: by a bullet, another letter size, another page or column, or a wider gap."""
    step = above.bottom - line.bottom
    if _BULLET.match(line.text) or not 1 / _LARGER < line.height / above.height < _LARGER:
        return True
    if above.text.endswith("-") and line.text[:1].islower():
        return False
    if above.bold != line.bold and (above.bold or above.text[-1:] in _SENTENCE_END):
        return True
    if above.page != line.page or step < -line.height:
        return not line.text[:1].islower()
    return step > 1.35 * max(min(usual, 2 * line.height), line.height)


def _joined(group: Sequence[_Line], words: Counter[str]) -> str:
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
