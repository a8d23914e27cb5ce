"""PDF, page by page, by pypdfium2.

The text layer is taken as it stands; where a page has none, or pictures that it does not cover, they are looked at. A document without
text gives an empty text. pdfium is not safe to use from several threads at once.
"""

from __future__ import annotations

import ctypes
import re
import statistics
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from operator import itemgetter
from typing import Any

from assistant.errors import ParseError
from ingest.parsing.draft import sensible_title
from ingest.parsing.pages import flow, pdf_properties, scans
from ingest.parsing.pages.flow import Line
from ingest.parsing.pages.layout import BODY, lines_of
from ingest.parsing.tools import Tools
from ingest.types import ParsedDocument

_HYPHENS = (0x02, 0xFFFE)  # what pdfium gives for a hyphen at a line's end, without a line end after it
_BOLD = 600  # of a font's weight, 400 being usual
_LONGEST_FONT = 128  # bytes of a font's name
_NO_LETTER = re.compile("[\0-\x1f\ue000-\uf8ff\ufffd]")
_MOST_PAGES = 500  # to look at, of one file
_SAME = 8  # letters: a recognised line with so many that the text layer holds too is the same


@dataclass(frozen=True, slots=True)
class _Page:
    lines: list[Line]
    unread: scans.Unread


def read(data: bytes, tools: Tools) -> ParsedDocument:
    import pypdfium2  # type: ignore[import-untyped]  # pypdfium2 ships no types

    try:
        document = pypdfium2.PdfDocument(data)
    except pypdfium2.PdfiumError as error:
        if "password" in str(error).lower():
            raise ParseError("The PDF is protected by a password. Save a copy without the password.") from error
        raise ParseError(f"The PDF is damaged ({error}). Open it in its program and save it again.") from error
    try:
        pages, warnings = _pages(document, tools)
        title = sensible_title(document.get_metadata_value("Title"))
        front_matter = pdf_properties.stated_in(data, document)
    except pypdfium2.PdfiumError as error:
        raise ParseError(f"The PDF is damaged ({error}). Open it in its program and save it again.") from error
    finally:
        document.close()
    parsed = flow.document(flow.without_running_heads(pages), title)
    return replace(parsed, front_matter=front_matter, warnings=tuple(warnings))


def _pages(document: Any, tools: Tools) -> tuple[list[list[Line]], list[str]]:
    """Each page's lines, and what is to be said."""
    pages = []
    for index in range(len(document)):
        with closing(document[index]) as page:
            pages.append(_page(page, index + 1))
    wholly = sum(page.unread.whole for page in pages)
    if wholly > _MOST_PAGES:
        raise ParseError(f"{wholly} of its pages are pictures without a text layer; at most {_MOST_PAGES} are read. Split it.")
    body = statistics.median([line.height for page in pages for line in page.lines] or [BODY])
    beside = [index for index, page in enumerate(pages) if page.unread.boxes and not page.unread.whole]
    passed = set(beside[_MOST_PAGES - wholly :])
    found: list[list[Line]] = [page.lines for page in pages]
    warnings: list[str] = []
    for index, known in enumerate(pages):
        if known.unread.boxes and index not in passed:
            with closing(document[index]) as page:
                found[index], said = _looked(page, index + 1, known, tools, body)
            warnings += said
            tools.alive()
    if passed:
        where = f"{len(passed)} pages from page {min(passed) + 1} on"
        warnings.append(f"{where} hold pictures beside their text, which were not looked at. Split the file.")
    return found, warnings


def _looked(page: Any, number: int, known: _Page, tools: Tools, body: float) -> tuple[list[Line], list[str]]:
    """The page's lines with those recognised in its pictures, where they belong, and what is to be said."""
    if scans.too_large(page):
        return known.lines, [f"Page {number} holds a picture of more than 100 million pixels, which was not looked at."]
    seen = scans.look(page, known.unread, tools.see)
    lines = [] if known.unread.alone else list(known.lines)
    have = _letters(line.text for line in lines)
    for at, part in sorted(
        ((_after(lines, box), part) for box, part in zip(known.unread.boxes, seen, strict=True)), key=itemgetter(0), reverse=True
    ):
        fresh = [line for line in part if len(text := _letters([line.text])) < _SAME or text not in have]
        lines[at:at] = lines_of(fresh, number, body, beside=not known.unread.whole)
    silent = known.unread.drawing and not lines
    return lines, [f"Page {number} holds a picture without text that could be recognised."] if silent else []


def _after(lines: Sequence[Line], box: scans.Box) -> int:
    """Where in the lines a picture belongs: behind the last one above it."""
    return max((index + 1 for index, line in enumerate(lines) if line.bottom >= box.top), default=0)


def _letters(texts: Iterable[str]) -> str:
    return re.sub(r"[\W_]", "", " ".join(texts)).lower()


def _page(page: Any, number: int) -> _Page:
    from pypdfium2 import raw

    text_page = page.get_textpage()
    codes = [raw.FPDFText_GetUnicode(text_page, index) for index in range(text_page.count_chars())]
    inked = [index for index, code in enumerate(codes) if chr(code).strip()]
    told = [index for index in inked if not _is_garbled(text_page, index, codes[index])]
    letters = [index for index in told if chr(codes[index]).isalnum()] if len(told) >= len(inked) / 2 else []
    lines = list(_lines(text_page, codes, number, page.get_height()))
    return _Page(lines, scans.unread(page, text_page, letters))


def _is_garbled(text_page: Any, index: int, code: int) -> bool:
    from pypdfium2 import raw

    unknown = code not in _HYPHENS and _NO_LETTER.match(chr(code))
    return bool(unknown or raw.FPDFText_HasUnicodeMapError(text_page, index) == 1)


def _lines(text_page: Any, codes: Sequence[int], number: int, height: float) -> Iterator[Line]:
    held: list[tuple[int, str]] = []
    for index, code in enumerate(codes):
        if code not in (10, 13):
            held.append((index, "-" if code in _HYPHENS else chr(code)))
        if code in (10, 13, *_HYPHENS):
            yield from _line(text_page, held, number, height)
            held = []
    yield from _line(text_page, held, number, height)


def _line(text_page: Any, held: Sequence[tuple[int, str]], number: int, page_height: float) -> Iterator[Line]:
    """pdfium gives characters beyond the basic plane as two halves."""
    text = "".join(letter for _, letter in held).encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    inked = [index for index, letter in held if letter.strip()]
    if inked:
        _, bottom, _, top = text_page.get_charbox(inked[len(inked) // 2], loose=True)
        bold = all(_is_bold(text_page, index) for index in (inked[0], inked[-1]))
        yield Line(text.strip(), number, bottom, max(top - bottom, 0.1), bold, flow.at_edge(bottom / page_height))


def _is_bold(text_page: Any, index: int) -> bool:
    """By the weight, or, for the fonts that every reader has and that state none, by the name."""
    from pypdfium2 import raw

    if raw.FPDFText_GetFontWeight(text_page, index) >= _BOLD:
        return True
    name = ctypes.create_string_buffer(_LONGEST_FONT)
    raw.FPDFText_GetFontInfo(text_page, index, name, _LONGEST_FONT, None)
    return b"bold" in name.value.lower()
