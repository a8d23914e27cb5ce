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
from itertools import takewhile

from assistant.retrieval.sentences import sentences
from assistant.types import Chunk, Span

# What may differ between a document and a faithful copy: link targets, tags, white space, dashes, quotation marks, Markdown.
_IGNORED = re.compile(r"\]\([^()\s]*\)|</?[A-Za-z!][^<>]*>|\s+|[-‐‑‒–—―−'\"`´‘’‚‛“”„«»‹›*_#~|>•·\[\]\\]")
_LETTERS = r"[^\W_\u0300-\u036f][^\W_]*(?:[\u0300-\u036f]+[^\W_]*)*"
# A word for the purpose of not cutting it: don't, non-refundable, 2.5, 1,000, 17:30, 25%.
_WORD = re.compile(rf"{_LETTERS}(?:(?:(?<=\d)[.,:/](?=\d)|['’\-‐‑\u00ad\u200b-\u200d](?=[^\W_])){_LETTERS})*%?")
_CLAUSE_END = re.compile(r"[.;:!?,](?=\s)|\n\s*\n|\n(?![ \t]*[a-zß-ÿ])")
_MARKS = re.compile(r"[^\w%€$£.,:/−-]|_|(?<!\d)[.,:/]|[.,:/](?!\d)|(?<=\w)[-−]|[-−](?!\d)")
_SENTENCE_END = re.compile(r"[.!?][\"'”’)\]]*(?=\s)|\n\s*\n|\n(?![ \t]*[a-zß-ÿ])")
_ITEM = re.compile(r"\s*(?:[-*+•·‣▪–]|\(?\w{1,3}[.)])\s")
_MOST_PLACES = 20
_LONGEST_CONTEXT = 600


@dataclass(frozen=True, slots=True)
class Found:
    """A quote in the document: its span, and what stands beside it and governs it without being part of it.

    `lead_in` is the beginning of its clause ("Employees may not | carry over days"), `introduction` the sentence that introduces its list,
    `sentence` all of the sentences that it lies in, `rest` their end behind it, `before` what their paragraph begins with. A `whole_line`
    has no other word beside it: a short table row says as much as a long one. `place` is the text that it was found in.
    """

    span: Span
    whole_line: bool
    lead_in: str
    introduction: Span | None
    sentence: str
    rest: str
    before: str
    place: Span


def find_quote(quote: str, chunk: Chunk) -> Found | None:
    """Where the quote stands in the chunk's text or its leads, best at the beginning of a clause; None where it does not."""
    wanted, places = quote.strip(), [Span(chunk.start, chunk.end, chunk.text), *chunk.leads]
    for locate in (_exactly, _folded):
        found = [_found(place, start, end, chunk) for place in places for start, end in locate(wanted, place.text)]
        if found:
            return next((one for one in found if not one.lead_in.strip()), found[0])
    return None


def says_the_same(first: str, second: str) -> bool:
    """Equal but for white space, case, accents and marks that change no number. What has no letter or digit says nothing."""
    return _bare(first) == _bare(second) != ""


def sentence_around(words: str, found: Found, chunk: Chunk) -> Found | None:
    """The sentences of the quote in which these words of it stand in one piece; None where they do not."""
    quote, start = found.span.text, found.span.start - found.place.start
    if _bare(words) not in _bare(quote):
        return None
    first, last = next((at for at in _folded(words, quote) if says_the_same(words, quote[slice(*at)])), (0, 0))
    touched = [span for span in sentences(quote) if span.start < last and first < span.end]
    return _found(found.place, start + touched[0].start, start + touched[-1].end, chunk) if touched else None


def _found(place: Span, start: int, end: int, chunk: Chunk) -> Found:
    start, end = _whole_words(place.text, start, end)
    span = Span(place.start + start, place.start + end, place.text[start:end])
    introduction = _introduction(place, start)
    if introduction is None and place.start == chunk.start and _is_item(place.text, start):
        introduction = next((lead for lead in reversed(chunk.leads) if lead.text.rstrip().endswith(":")), None)
    first, last = _sentences(place.text, start, end)
    sentence, rest, before = place.text[first:last], place.text[end:last], place.text[max(0, first - _LONGEST_CONTEXT) : first]
    whole_line, lead_in = _is_whole_line(place.text, start, end), _lead_in(place.text, start)
    return Found(span, whole_line, lead_in, introduction, sentence, rest, before[before.rfind("\n\n") + 1 :], place)


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


def _bare(text: str) -> str:
    return _MARKS.sub("", unicodedata.normalize("NFKD", text)).casefold()


def _exactly(needle: str, text: str) -> list[tuple[int, int]]:
    """Start and end of the needle in the text, as it is written."""
    return [(at, at + len(needle)) for at in _occurrences(needle, text)]


def _folded(needle: str, text: str) -> list[tuple[int, int]]:
    """The same, as both fold."""
    folded, offsets = fold(text)
    wanted = re.sub(r"^\W+|\W+$", "", fold(needle)[0])
    return [(offsets[at], offsets[at + len(wanted) - 1] + 1) for at in _occurrences(wanted, folded)]


def _occurrences(needle: str, text: str) -> list[int]:
    found: list[int] = []
    at = text.find(needle) if needle else -1
    while at >= 0 and len(found) < _MOST_PLACES:
        found.append(at)
        at = text.find(needle, at + len(needle))
    return found


def _whole_words(text: str, start: int, end: int) -> tuple[int, int]:
    """Widens a span that begins or ends inside a word or number, so that no "not" or digit is cut off."""
    for word in _words_up_to(text, start):
        if word.end() > start:
            start = word.start()
    for word in _words_up_to(text, end):
        if word.end() > end:
            end = word.end()
    return start, end


def _words_up_to(text: str, at: int) -> list[re.Match[str]]:
    """The words that begin before a place, from the last blank before it: no word holds one."""
    begin = max(text.rfind(" ", 0, at), text.rfind("\n", 0, at)) + 1
    return list(takewhile(lambda word: word.start() < at, _WORD.finditer(text, begin)))


def _lead_in(text: str, start: int) -> str:
    ends = [match.end() for match in _CLAUSE_END.finditer(text, 0, start)]
    return text[ends[-1] if ends else 0 : start]


def _sentences(text: str, start: int, end: int) -> tuple[int, int]:
    """Begin and end of the sentences in which a piece of the text lies, without white space around them."""
    begin = max(0, start - _LONGEST_CONTEXT)
    ends = takewhile(lambda match: match.end() <= start, _SENTENCE_END.finditer(text, begin))
    begin = max((match.end() for match in ends), default=begin)
    stop = _SENTENCE_END.search(text, max(start, end - 1), end + _LONGEST_CONTEXT)
    close = stop.end() if stop else min(len(text), end + _LONGEST_CONTEXT)
    return begin + len(text[begin:start]) - len(text[begin:start].lstrip()), max(end, len(text[:close].rstrip()))


def _is_whole_line(text: str, start: int, end: int) -> bool:
    before = text[text.rfind("\n", 0, start) + 1 : start]
    after = text[end:].partition("\n")[0]
    return not any(character.isalnum() for character in before + after)


def _is_item(text: str, start: int) -> bool:
    return _ITEM.match(text, text.rfind("\n", 0, start) + 1) is not None


def _introduction(place: Span, start: int) -> Span | None:
    """The sentence ending in a colon under which the list item at `start` stands."""
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
        if not line.rstrip().endswith(":"):
            return None
        words = sentences(line)[-1].text
        first = line_start + line.rindex(words)
        return Span(place.start + first, place.start + first + len(words), words)
    return None
