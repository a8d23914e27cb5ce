"""Finds a model's quote in a chunk and gives the document's own characters for it.

A model copies inexactly: it straightens quotation marks, joins hyphenated lines, drops Markdown. Both sides are therefore folded to
what carries meaning (letters without case or accents, digits, inner punctuation), matched there, and mapped back to the offsets.
Folding only decides where to look; what is cited and checked is always the text that stands there.
"""

# ruff: noqa: RUF001 - typographic quotation marks and dashes are what this module is about

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from itertools import islice

from assistant.types import Chunk, Span

# What may differ between a document and a faithful copy: link targets, tags, white space, dashes, quotation marks, Markdown.
_IGNORED = re.compile(r"\]\([^()\s]*\)|</?[A-Za-z!][^<>]*>|\s+|[-‐‑‒–—―−'\"`´‘’‚‛“”„«»‹›*_#~|>•·\[\]\\]")
_LETTERS = r"[^\W_\u0300-\u036f][^\W_]*(?:[\u0300-\u036f]+[^\W_]*)*"
# A word for the purpose of not cutting it: don't, non-refundable, 2.5, 1,000, 17:30, 25%.
_WORD = re.compile(rf"{_LETTERS}(?:(?:(?<=\d)[.,:/](?=\d)|['’\-‐‑\u00ad\u200b-\u200d](?=[^\W_])){_LETTERS})*%?")
_CLAUSE_END = re.compile(r"[.;:!?,](?=\s)|\n\s*\n|\n(?![ \t]*[a-zß-ÿ])")
_ITEM = re.compile(r"\s*(?:[-*+•·‣▪–]|\(?\w{1,3}[.)])\s")
_MOST_PLACES = 20


@dataclass(frozen=True, slots=True)
class Found:
    """A quote in the document: its span, and what stands before it and governs it without being part of it.

    `lead_in` is the beginning of its clause ("Employees may not | carry over days"), `introduction` the line that introduces its list.
    A `whole_line` has no other word beside it: a short table row says as much as a long one.
    """

    span: Span
    whole_line: bool
    lead_in: str
    introduction: Span | None


def find_quote(quote: str, chunk: Chunk) -> Found | None:
    """Where the quote stands in the chunk's text or its leads, best at the beginning of a clause; None where it does not."""
    places = [Span(chunk.start, chunk.end, chunk.text), *chunk.leads]
    found = [_found(place, start, end, chunk) for place in places for start, end in _locate(quote.strip(), place.text)]
    return next((one for one in found if not one.lead_in.strip()), found[0] if found else None)


def _found(place: Span, start: int, end: int, chunk: Chunk) -> Found:
    start, end = _whole_words(place.text, start, end)
    span = Span(place.start + start, place.start + end, place.text[start:end])
    introduction = _introduction(place, start)
    if introduction is None and place.start == chunk.start and _is_item(place.text, start):
        introduction = next((lead for lead in reversed(chunk.leads) if lead.text.rstrip().endswith(":")), None)
    return Found(span, _is_whole_line(place.text, start, end), _lead_in(place.text, start), introduction)


def fold(text: str) -> tuple[str, list[int]]:
    """The folded text, and for each of its characters the offset in `text` that it comes from."""
    folded: list[str] = []
    offsets: list[int] = []
    at = 0
    while at < len(text):
        if ignored := _IGNORED.match(text, at):
            at = ignored.end()
            continue
        for character in unicodedata.normalize("NFKD", text[at]).casefold():
            if unicodedata.category(character) not in ("Mn", "Cf", "Cc", "Zs"):
                folded.append(character)
                offsets.append(at)
        at += 1
    return "".join(folded), offsets


def _locate(needle: str, text: str) -> list[tuple[int, int]]:
    """Start and end of the needle in the text: as it is written, or else as it folds."""
    if exact := [(at, at + len(needle)) for at in _occurrences(needle, text)]:
        return exact
    folded, offsets = fold(text)
    wanted = re.sub(r"^\W+|\W+$", "", fold(needle)[0])
    return [(offsets[at], offsets[at + len(wanted) - 1] + 1) for at in _occurrences(wanted, folded)]


def _occurrences(needle: str, text: str) -> list[int]:
    return [match.start() for match in islice(re.finditer(re.escape(needle), text), _MOST_PLACES)] if needle else []


def _whole_words(text: str, start: int, end: int) -> tuple[int, int]:
    """Widens a span that begins or ends inside a word or number, so that no "not" or digit is cut off."""
    for word in _WORD.finditer(text):
        if word.start() < start < word.end():
            start = word.start()
        if word.start() < end < word.end():
            end = word.end()
    return start, end


def _lead_in(text: str, start: int) -> str:
    ends = [match.end() for match in _CLAUSE_END.finditer(text, 0, start)]
    return text[ends[-1] if ends else 0 : start]


def _is_whole_line(text: str, start: int, end: int) -> bool:
    before = text[text.rfind("\n", 0, start) + 1 : start]
    after = text[end:].partition("\n")[0]
    return not any(character.isalnum() for character in before + after)


def _is_item(text: str, start: int) -> bool:
    return _ITEM.match(text, text.rfind("\n", 0, start) + 1) is not None


def _introduction(place: Span, start: int) -> Span | None:
    """The line ending in a colon under which the list item at `start` stands."""
    text = place.text
    line_start = text.rfind("\n", 0, start) + 1
    if not _is_item(text, start):
        return None
    while line_start > 0:
        line_end = line_start - 1
        line_start = text.rfind("\n", 0, line_end) + 1
        line = text[line_start:line_end]
        if not line.strip() or _ITEM.match(line) or line[0].isspace():
            continue
        words = line.strip()
        first = line_start + line.index(words)
        return Span(place.start + first, place.start + first + len(words), words) if words.endswith(":") else None
    return None
