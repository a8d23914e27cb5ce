"""What an answer says in a document's own words: as they stand there, each sentence in a line and cited by itself.

A reader finds it letter for letter, and nothing that a document writes can pass for a word of the answerer's own. Images, tags, targets of
links and what looks like a mark of the answer are cut out; what stands between them is cited piece by piece.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from assistant.grounding_checks import SHORTEST_QUOTE, meaningful
from assistant.retrieval.sentences import sentences
from assistant.types import Span
from assistant.unseen import seen

_LAST = ".!?:;"
# What a heading, a quotation, a list item or a table row begins and ends with.
_BEGIN = re.compile(r"(?:\s*(?:[#>•·▪‣|]+|[-*+](?=\s)))*\s*")
_END = re.compile(r"\s*\|+\s*$")
_CUT = re.compile(
    r"!\[[^\]]*\](?:\([^)]*\)|\[[^\]]*\])?"  # an image
    r"|\[(?P<label>[^\[\]]*)\]\([^)]*\)"  # a link
    r"|</?[A-Za-z!?][^<>]*>"  # a tag or <https://…>
    r"|[\[【]\s*\^?\d+(?:\s*[-,;–]\s*\d+)*\s*[\]】]"  # noqa: RUF001 - a mark like [1] or a range of them
)
_BROKEN = re.compile(r"!\[|\]\s?\(|\]\[|<[A-Za-z/!?]")
# The end of an element that no page of text has: <tool_call>…</tool_call>.
_PROGRAM = re.compile(
    r"</(?=[A-Za-z]+[_:-])|</(?:assistant|function|parameter|prompt|script|system|think|thinking|tool|user)\b", re.IGNORECASE
)


def as_it_stands(span: Span) -> str:
    """The sentences of a quote, a line each, without what they begin and end with as a row or an item."""
    lines = (" ".join(" ".join(seen(piece.text) for piece in _pieces(part)).split()) for part in _sentences(span))
    return "\n".join(line for line in lines if meaningful(line))


def cited_spans(span: Span) -> list[Span]:
    """What is cited for it: its sentences without their last marks, one that is too short to be a quote together with the next or the one
    before; of a sentence out of which something is cut the pieces, and where these are too short, all of it."""
    cited: list[Span] = []
    for part in map(without_last_mark, _sentences(span)):
        pieces = [piece for piece in _pieces(part) if meaningful(piece.text)]
        long = [piece for piece in pieces if not _is_short(piece)]
        if len(pieces) > 1 or pieces != [part]:
            cited += [*long, part] if pieces != long else long
        elif cited and (_is_short(cited[-1]) or _is_short(part)):
            before = cited.pop() if _is_short(cited[-1]) else cited[-1]
            cited.append(Span(before.start, part.end, span.text[before.start - span.start : part.end - span.start]))
        else:
            cited.append(part)
    return cited


def without_last_mark(span: Span) -> Span:
    """An answer puts its own marks there: without it, the document's words stand in the answer letter for letter."""
    text = span.text.rstrip(f"{_LAST} \t\n") or span.text
    return Span(span.start, span.start + len(text), text)


def not_for_readers(span: Span) -> bool:
    """Whether it holds what a program would read, or what is left is half of a link, an image or a tag, or looks like a mark."""
    left = as_it_stands(span)
    return any(pattern.search(text) for pattern, text in ((_PROGRAM, span.text), (_CUT, left), (_BROKEN, left)))


def _sentences(span: Span) -> Iterator[Span]:
    """A line that goes on in small letters is one sentence with the next."""
    parts = sentences(span.text)
    begin = 0
    for at, part in enumerate(parts):
        if at + 1 == len(parts) or not _goes_on(part.text, parts[at + 1].text):
            yield _trimmed(Span(span.start + parts[begin].start, span.start + part.end, span.text[parts[begin].start : part.end]))
            begin = at + 1


def _goes_on(line: str, following: str) -> bool:
    return following[0].islower() and line[-1] not in _LAST and " | " not in line


def _trimmed(part: Span) -> Span:
    begin = _BEGIN.match(part.text)
    start = begin.end() if begin else 0
    text = _END.sub("", part.text[start:])
    return Span(part.start + start, part.start + start + len(text), text)


def _pieces(part: Span) -> Iterator[Span]:
    """What stands between what is cut out; of a link its words."""
    begin = 0
    for cut in _CUT.finditer(part.text):
        yield from _piece(part, begin, cut.start())
        if cut["label"]:
            yield from _piece(part, *cut.span("label"))
        begin = cut.end()
    yield from _piece(part, begin, len(part.text))


def _piece(part: Span, begin: int, end: int) -> Iterator[Span]:
    text = part.text[begin:end]
    begin += len(text) - len(text.lstrip())
    if text := text.strip():
        yield Span(part.start + begin, part.start + begin + len(text), text)


def _is_short(span: Span) -> bool:
    return meaningful(span.text) < SHORTEST_QUOTE
