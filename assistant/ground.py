"""Keeps of an answerer's claims what its quotes carry: every statement's citations stand letter for letter in the evidence.

A claim is untrusted text. Its marker must have been supplied, its quote must stand in that chunk or in one of its leads, and the sentence
must agree with its quotes in numbers, names and negation. What leaves is the cleaned sentence and the document's own characters.

A sentence that only repeats its quote (an extractive answer) is carried by it, whatever its length or characters.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from assistant.grounding_checks import SHORTEST_QUOTE, bad_form, clean, count_negations, meaningful, unsupported
from assistant.grounding_quotes import Found, find_quote
from assistant.types import Chunk, Citation, Claim, Evidence, Span, Statement


@dataclass(frozen=True, slots=True)
class Dropped:
    """A claim that did not pass, and why, in words that a model can act on."""

    claim: Claim
    reason: str


@dataclass(frozen=True, slots=True)
class Grounding:
    """What may be said, in the order in which it was claimed, and what may not."""

    statements: tuple[Statement, ...]
    dropped: tuple[Dropped, ...]


@dataclass(frozen=True, slots=True)
class _Quoted:
    """A claim whose quote was found."""

    claim: Claim
    chunk: Chunk
    found: Found

    @property
    def negations(self) -> int:
        """How often the quote negates, counted as in the sentence, with what governs the quote."""
        introduction = self.found.introduction
        governing = (self.found.lead_in, introduction.text if introduction else "")
        return sum(count_negations(clean(text)) for text in (*governing, self.found.span.text))

    @property
    def repeats(self) -> bool:
        """Whether the claim only repeats its quote, and the quote was not cut out behind a "not"."""
        return not count_negations(self.found.lead_in) and " ".join(self.claim.text.split()) == " ".join(self.found.span.text.split())


def ground(claims: Sequence[Claim], evidence: Sequence[Evidence]) -> Grounding:
    """Checks every claim; claims with the same sentence become one statement with several citations."""
    chunks = {item.marker: item.chunk for item in evidence}
    dropped: list[Dropped] = []
    sentences: dict[str, list[_Quoted]] = {}
    for claim in claims:
        quoted = _quoted(claim, chunks)
        if isinstance(quoted, str):
            dropped.append(Dropped(claim, quoted))
        else:
            sentences.setdefault(clean(claim.text), []).append(quoted)
    statements: list[Statement] = []
    for sentence, group in sentences.items():
        if (reason := _objection(sentence, group)) is not None:
            dropped.extend(Dropped(quoted.claim, reason) for quoted in group)
        else:
            statements.append(Statement(sentence, _citations(group)))
    return Grounding(tuple(statements), tuple(dropped))


def _quoted(claim: Claim, chunks: dict[int, Chunk]) -> _Quoted | str:
    if (chunk := chunks.get(claim.marker)) is None:
        return f"no passage [{claim.marker}] was given"
    if (found := find_quote(claim.quote, chunk)) is None:
        return f"the quote does not stand in [{claim.marker}]"
    quoted = _Quoted(claim, chunk, found)
    if meaningful(found.span.text) < (1 if quoted.repeats or found.whole_line else SHORTEST_QUOTE):
        return "the quote is too short to show anything"
    return quoted


def _objection(sentence: str, group: list[_Quoted]) -> str | None:
    if not meaningful(sentence):
        return "the sentence says nothing"
    if any(quoted.repeats for quoted in group):
        return None
    if (reason := bad_form(sentence)) is not None:
        return reason
    quotes = [quoted.found.span.text for quoted in group]
    places = "\n".join("\n".join((quoted.chunk.title, *quoted.chunk.headings)) for quoted in group)
    return unsupported(sentence, quotes, max(quoted.negations for quoted in group), places)


def _citations(group: list[_Quoted]) -> tuple[Citation, ...]:
    """Each quote once; the introduction of a list too where it negates what the quoted item says."""
    citations: dict[tuple[int, int, int], Citation] = {}
    for quoted in group:
        introduction = quoted.found.introduction
        governing = [introduction] if introduction and count_negations(introduction.text) else []
        for span in (*governing, quoted.found.span):
            citations[quoted.claim.marker, span.start, span.end] = _citation(quoted, span)
    return tuple(citations.values())


def _citation(quoted: _Quoted, span: Span) -> Citation:
    chunk = quoted.chunk
    return Citation(
        marker=quoted.claim.marker, document_id=chunk.document_id, source=chunk.source, title=chunk.title, headings=chunk.headings,
        page=chunk.page, start=span.start, end=span.end, quote=span.text, url=chunk.url,
    )  # fmt: skip
