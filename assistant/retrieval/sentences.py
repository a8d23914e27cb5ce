"""Where sentences end, by rules: punctuation, abbreviations, initials, numbers, lines.

Joining two sentences costs a reader a few words more; cutting one in two costs the meaning. So a doubtful end is none.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache

from assistant.types import Span

# fmt: off
_NEVER_LAST = frozenset({
    "e.g", "i.e", "eg", "ie", "mr", "mrs", "ms", "dr", "prof", "st", "vs", "cf", "approx", "viz", "rev", "gen", "sen", "rep", "gov", "capt",
    "lt", "col", "sgt", "hon", "resp", "incl", "excl", "ca", "u.s", "u.k", "u.n", "e.u",
})
_BEFORE_NUMBERS = frozenset({"no", "nos", "art", "sec", "fig", "figs", "para", "paras", "ch", "vol", "p", "pp", "eq", "cl", "reg"})
# fmt: on
_STOP = re.compile("[.!?\u2026]+[\"'\u201d\u2019)\\]*_]*(?=\\s|$)|[\u3002\uff01\uff1f]+[\u300d\u300f\u201d\u2019\uff09]*")
_WORD_BEFORE = re.compile("[^\\s(\\[\"'\u201c\u2018]+$")
_LIST_MARK = re.compile("(?:[-*\u2022\u2023\u25e6\u00b7\u2013]|\\(?(?:\\d{1,3}|[a-zA-Z]|[ivxIVX]{1,5})[.)]|#{1,6}|\\|)\\s")
_LIST_NUMBER = re.compile(r"[\s*_(#\-]*[\divxIVX.]*")
_WRAPPED = 50


def sentences(text: str) -> list[Span]:
    """The sentences of `text` in order, without the white space between them; offsets count characters of `text`.

    A list item, a table row or a line that does not look wrapped is a sentence of its own, whatever it ends in.
    """
    return list(_found(text))


@lru_cache(4096)  # several steps of a question, and the next question, split the same chunks
def _found(text: str) -> tuple[Span, ...]:
    spans = []
    for start, end in _paragraphs(text):
        for a, b in _split(text, start, end):
            piece = text[a:b]
            stripped = piece.strip()
            if stripped:
                first = a + len(piece) - len(piece.lstrip())
                spans.append(Span(first, first + len(stripped), stripped))
    return tuple(spans)


def _paragraphs(text: str) -> Iterator[tuple[int, int]]:
    """Runs of lines that belong together: a line is continued by the next one if it was wrapped there."""
    start, position = 0, 0
    lines = text.splitlines(keepends=True)
    for i, line in enumerate(lines):
        position += len(line)
        if i + 1 == len(lines) or not _continues(line.strip(), lines[i + 1].strip()):
            yield start, position
            start = position


def _continues(line: str, following: str) -> bool:
    if len(line) < _WRAPPED or line[-1] in ".!?:;…|" or " | " in line or line.startswith("#"):
        return False
    return bool(following) and not _LIST_MARK.match(following + " ")


def _split(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    begin = start
    for stop in _STOP.finditer(text, start, end):
        if _is_end(text, begin, stop.start(), stop.end(), end):
            yield begin, stop.end()
            begin = stop.end()
    if begin < end:
        yield begin, end


def _is_end(text: str, begin: int, stop: int, after: int, end: int) -> bool:
    rest = text[after:end].lstrip()
    if not rest:
        return False
    if text[stop] != ".":
        return not rest[0].islower()
    before = _WORD_BEFORE.search(text, begin, stop)
    word = before.group().casefold() if before else ""
    if rest[0].islower() or word in _NEVER_LAST or (len(word) == 1 and word.isalpha()) or (word in _BEFORE_NUMBERS and rest[0].isdigit()):
        return False
    return not _LIST_NUMBER.fullmatch(text, begin, stop)
