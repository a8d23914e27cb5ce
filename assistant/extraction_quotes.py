"""Makes quotes of chosen sentences: each with what it needs to be understood alone, as contiguous pieces of its chunk or its leads.

A list item comes under its list's introduction, a table row under its header, an introduction with its items, a sentence that leans on
the one before it with that one, a rule with the exception that follows it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence, Set

from assistant.grounding_checks import SHORTEST_QUOTE, meaningful
from assistant.retrieval.sentences import sentences
from assistant.types import Chunk, Claim, Evidence, Span

_MOST_MERGED = 350
_LEANS = re.compile(
    r"^(?:this|that|these|those|it|its|they|their|he|she|his|her|however|but|otherwise|such|if so|instead|then|so|both|neither|either)\b",
    re.I,
)
_LIMITS = re.compile(r"^(?:however|unless|but|except|otherwise|this (?:does not|doesn['\u2019]t))\b", re.I)
_EXCEPTS = re.compile(r"^\W*(?:exceptions?|except|unless)\b", re.I)


def claims_of(item: Evidence, places: Sequence[int]) -> list[Claim]:
    """The chosen sentences of one chunk with what they need to be understood, each run of neighbours as one quote."""
    text = item.chunk.text
    spans = sentences(text) if places else []
    kept = {place for chosen in places for place in _completed(item.chunk, spans, chosen)}
    governing = [_governing(item.chunk, spans, place) for place in sorted(kept)]
    leads = [lead for lead in governing if isinstance(lead, str)]
    runs = _runs(text, spans, kept.union(place for place in governing if isinstance(place, int)))
    quotes = dict.fromkeys([*leads, *(text[spans[first].start : spans[last].end] for first, last in runs)])
    return [Claim(" ".join(quote.split()), item.marker, quote) for quote in quotes if meaningful(quote) >= SHORTEST_QUOTE]


def _completed(chunk: Chunk, spans: Sequence[Span], place: int) -> list[int]:
    """The sentence, the one that it leans on (or a "No." before it), the one that limits it or answers it (a question says nothing alone),
    and of a list or table what it introduces: as much as is short, one item at least."""
    first = last = place
    if place and _together(chunk.text, spans, place - 1) and (_LEANS.match(spans[place].text) or _is_scrap(spans[place - 1].text)):
        first -= 1
    if place + 1 < len(spans) and (_limits(chunk.text, spans, place) or spans[place].text.endswith("?")):
        last += 1
    while last + 1 < len(spans) and _governing(chunk, spans, last + 1) == place and (last == place or _fits(spans, place, last + 1)):
        last += 1
    return list(range(first, last + 1))


def _limits(text: str, spans: Sequence[Span], place: int) -> bool:
    """Does the next sentence limit this one? What calls itself an exception may begin a line of its own."""
    following = spans[place + 1].text
    return bool(_EXCEPTS.match(following) or (_together(text, spans, place) and _LIMITS.match(following)))


def _runs(text: str, spans: Sequence[Span], kept: Set[int]) -> list[tuple[int, int]]:
    """First and last of each quote. Neighbours in one paragraph become one quote while it is short; what is too short to be a quote
    becomes one with its neighbour: the one after it, at the end of the chunk the one before."""
    runs: list[tuple[int, int]] = []
    for place in sorted(kept):
        if runs and runs[-1][1] == place - 1 and _one_quote(text, spans, runs[-1][0], place):
            runs[-1] = (runs[-1][0], place)
        else:
            runs.append((place, place))
    for first, last in runs:
        if last - first + 1 < len(spans) and _is_scrap(text[spans[first].start : spans[last].end]):
            return _runs(text, spans, kept | {last + 1 if last + 1 < len(spans) else first - 1})
    return runs


def _one_quote(text: str, spans: Sequence[Span], first: int, last: int) -> bool:
    """Should these sentences, without the last one a quote already, be one together with it?"""
    before = text[spans[first].start : spans[last - 1].end]
    return (_fits(spans, first, last) and _together(text, spans, last - 1)) or _is_scrap(before) or _is_scrap(spans[last].text)


def _together(text: str, spans: Sequence[Span], place: int) -> bool:
    """Do this sentence and the next stand in one line or paragraph?"""
    return "\n" not in text[spans[place].end : spans[place + 1].start]


def _governing(chunk: Chunk, spans: Sequence[Span], place: int) -> int | str | None:
    """What a list item or a table row is read under: the list's introduction or the table's header, as a place in the chunk or as the
    text of a lead. None for running text."""
    row = " | " in spans[place].text
    while place:
        gap = chunk.text[spans[place - 1].end : spans[place].start]
        if "\n" in gap and spans[place - 1].text.endswith(":"):
            return place - 1
        if gap.count("\n") > 1 or (row and " | " not in spans[place - 1].text):
            return place if row else None
        place -= 1
    if chunk.leads:
        return chunk.leads[-1].text
    return place if row else None


def _fits(spans: Sequence[Span], first: int, last: int) -> bool:
    return spans[last].end - spans[first].start <= _MOST_MERGED


def _is_scrap(text: str) -> bool:
    return meaningful(text) < SHORTEST_QUOTE
