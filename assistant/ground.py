"""Keeps of an answerer's claims what its quotes carry: every statement's citations stand letter for letter in the evidence.

A claim is untrusted text. Its marker must have been supplied, its quote must stand in that chunk or in one of its leads and be no
instruction to whoever answers, and the sentence must agree with its quotes in words, numbers, names and negation.

A sentence that only repeats its quote, or a piece of it, is carried by it, whatever its length or characters: what leaves is then the
document's own sentence as it stands. In any other case it is the cleaned sentence. Quotes leave in the document's own characters.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass

from assistant.grounding_checks import LONGEST_SENTENCE, SHORTEST_QUOTE, Basis, bad_form, clean, count_negations, meaningful, unsupported
from assistant.grounding_instructions import addresses_answerer, opens_instructions
from assistant.grounding_own import as_it_stands, cited_spans, not_for_readers, without_last_mark
from assistant.grounding_quotes import Found, find_quote, says_the_same, sentence_around
from assistant.grounding_turns import limit_behind
from assistant.retrieval.analysis import tokens
from assistant.retrieval.sentences import sentences
from assistant.types import Chunk, Citation, Claim, Evidence, Span, Statement

_WORD = re.compile(r"[^\W_]+")
_ORDINAL = re.compile(r"\d\.$")  # "ab 1. März" is one sentence
_LONG = 4


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
    """A claim whose quote was found. `said` is its cleaned sentence, `own` what the document says in its place, where it says the same."""

    claim: Claim
    said: str
    chunk: Chunk
    found: Found
    own: str | None

    @property
    def negations(self) -> int:
        """How often the quote negates, counted as in the sentence, with what governs the quote."""
        introduction = self.found.introduction
        governing = (self.found.lead_in, introduction.text if introduction else "")
        return sum(count_negations(clean(text)) for text in (*governing, self.found.span.text) if text)


def never(_: str) -> bool:
    """No word is rare."""
    return False


def ground(claims: Sequence[Claim], evidence: Sequence[Evidence], question: str = "", rare: Callable[[str], bool] = never) -> Grounding:
    """Checks every claim; claims with the same sentence become one statement with several citations. `question` is what was asked, in the
    asker's own words. `rare` says of a word whether one chunk alone has it: a sentence in other words than its quote that says such a one
    gives way to the quote, because whoever wants the assistant to say something writes it into a document."""
    chunks = {item.marker: item.chunk for item in evidence}
    dropped: list[Dropped] = []
    groups: dict[str, list[_Quoted]] = {}
    for claim in claims:
        quoted = _quoted(claim, chunks)
        if isinstance(quoted, str):
            dropped.append(Dropped(claim, quoted))
        else:
            groups.setdefault(quoted.said, []).append(quoted)
    statements: list[Statement] = []
    for said, group in groups.items():
        own = next((_introduced(quoted, quoted.own, groups) for quoted in group if quoted.own is not None), None)
        reason = _objection(said, group, question) if own is None else _objection_to_own(own, group)
        if reason is None and own is None and any(map(rare, _unasked(said, question))):
            own, reason = _verbatim(group, groups)
        if reason is not None:
            dropped.extend(Dropped(quoted.claim, reason) for quoted in group)
        else:
            statements.append(Statement(said if own is None else own, _citations(group, own is not None)))
    return Grounding(tuple(statements), tuple(dropped))


def _unasked(said: str, question: str) -> set[str]:
    """The longer words of a sentence that the question lacks."""
    return {word for word in set(tokens(said)) - set(tokens(question)) if len(word) >= _LONG and word.isalpha()}


def _verbatim(group: Sequence[_Quoted], groups: Mapping[str, Sequence[_Quoted]]) -> tuple[str, str | None]:
    """What is quoted, in place of what was made of it; and what speaks against that."""
    own = "\n".join(dict.fromkeys(_introduced(quoted, as_it_stands(quoted.found.span), groups) for quoted in group))
    if any(count_negations(quoted.found.lead_in) or limit_behind(own, quoted.found.rest) for quoted in group):
        return own, "say this in the passage's own words, whole clauses of them"
    return own, _objection_to_own(own, group)


def _quoted(claim: Claim, chunks: Mapping[int, Chunk]) -> _Quoted | str:
    if (chunk := chunks.get(claim.marker)) is None:
        return f"no passage [{claim.marker}] was given"
    if (found := find_quote(claim.quote, chunk)) is None:
        return f"the quote does not stand in [{claim.marker}]"
    if any(map(addresses_answerer, _units(found))) or opens_instructions(found.before):
        return "the quote is an instruction to whoever answers"
    quoted = _compared(claim, chunk, found)
    if meaningful(found.span.text) < (1 if quoted.own or found.whole_line else SHORTEST_QUOTE):
        return "the quote is too short to show anything"
    return quoted


def _units(found: Found) -> list[str]:
    """What may be an instruction by itself: each sentence that the quote touches, each row, each cell."""
    rows = [span.text for span in sentences(found.sentence)]
    return list(dict.fromkeys((found.sentence, *rows, *(cell for row in rows if "|" in row for cell in row.split("|")))))


def _compared(claim: Claim, chunk: Chunk, found: Found) -> _Quoted:
    """A sentence that is one piece of a longer quote stands for the document's sentences around that piece. What was cut out behind a "not"
    does not say what the document says."""
    said, repeats = clean(claim.text), True
    if claim.text.split() != found.span.text.split() and not says_the_same(said, clean(found.span.text)):
        piece = sentence_around(said, found, chunk)
        repeats = piece is not None and len(piece.span.text) <= LONGEST_SENTENCE
        found = piece if piece and repeats else found
    own = as_it_stands(found.span) if repeats and not count_negations(found.lead_in) else None
    return _Quoted(claim, said, chunk, found, own)


def _introduced(quoted: _Quoted, own: str, groups: Mapping[str, Sequence[_Quoted]]) -> str:
    """An item under a line that negates it says the contrary of what is meant: it comes with that line, unless that is quoted, too."""
    introduction = quoted.found.introduction
    if introduction is None or not count_negations(introduction.text):
        return own
    spans = [other.found.span for group in groups.values() for other in group if other.chunk is quoted.chunk]
    if any(span.start <= introduction.start and introduction.end <= span.end for span in spans):
        return own
    return f"{as_it_stands(introduction)}\n{own}"


def _objection(said: str, group: Sequence[_Quoted], question: str) -> str | None:
    if not meaningful(said):
        return "the sentence says nothing"
    for quoted in group:
        if (limit := limit_behind(said, quoted.found.rest)) is not None:
            return f"the quote leaves out “{limit}”"
    return bad_form(said) or unsupported(said, _basis(group, question))


def _objection_to_own(own: str, group: Sequence[_Quoted]) -> str | None:
    """What speaks against the document's own sentence."""
    if not meaningful(own):
        return "the sentence says nothing"
    if any(not_for_readers(quoted.found.span) for quoted in group):
        return "the quote is written for a program"
    limits = [limit_behind(own, quoted.found.rest) for quoted in group if quoted.own is not None]
    return f"the quote leaves out “{limits[0]}”" if limits and limits[0] is not None else None


def _basis(group: Sequence[_Quoted], question: str) -> Basis:
    chunks = [quoted.chunk for quoted in group]
    asked = set(_WORD.findall(question.casefold()))
    titles = (_as_asked(title, asked) for chunk in chunks for title in (chunk.title, *chunk.headings))
    places = dict.fromkeys((*titles, *(lead.text for chunk in chunks for lead in chunk.leads)))
    return Basis(
        pieces=[piece for quoted in group for piece in _pieces(quoted.found)],
        places=[place for place in places if not addresses_answerer(place)],
        negations=max(quoted.negations for quoted in group),
        asked=[question, *(chunk.text for chunk in chunks)],
    )


def _as_asked(title: str, asked: Collection[str]) -> str:
    """A title's words that were asked about: it says what "it" is, and adds nothing of its own."""
    return " ".join(word for word in _WORD.findall(title) if word.casefold() in asked)


def _pieces(found: Found) -> list[tuple[str, bool]]:
    """The sentences of a quote, each with whether it is a whole line."""
    text, begin, pieces = found.span.text, 0, []
    for span in sentences(text):
        if not _ORDINAL.search(span.text) or span.end == len(text.rstrip()):
            pieces.append(text[begin : span.end].strip())
            begin = span.end
    return [(piece, found.whole_line and len(pieces) == 1) for piece in pieces]


def _citations(group: Sequence[_Quoted], in_own_words: bool) -> tuple[Citation, ...]:
    """Each quote once, in the document's own words each sentence of it; the introduction of a list too where it negates what the quoted
    item says."""
    citations: dict[tuple[int, int, int], Citation] = {}
    for quoted in group:
        introduction = quoted.found.introduction
        governing = [introduction] if introduction and count_negations(introduction.text) else []
        for span in (*governing, quoted.found.span):
            for part in cited_spans(span) if in_own_words else (without_last_mark(span),):
                citations[quoted.claim.marker, part.start, part.end] = _citation(quoted, part)
    return tuple(citations.values())


def _citation(quoted: _Quoted, span: Span) -> Citation:
    chunk = quoted.chunk
    return Citation(
        marker=quoted.claim.marker, document_id=chunk.document_id, source=chunk.source, title=chunk.title, headings=chunk.headings,
        page=chunk.page, start=span.start, end=span.end, quote=span.text, url=chunk.url,
    )  # fmt: skip
