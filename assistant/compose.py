"""Puts grounded statements, or a refusal, into the words of a reply."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from assistant.retrieval.sentences import sentences
from assistant.types import Citation, Closest, Hit, Notice, Refusal, RefusalReason, Statement

_MOST_CLOSEST = 3
_END = ".!?:;"
_SENTENCE_END = (".", "!", "?")

MESSAGES: dict[RefusalReason, str] = {
    "no_evidence": "The documents say nothing about this.",
    "insufficient_evidence": "The documents touch on this, but no passage answers it.",
    "ungrounded": "No answer could be backed by a quote from the documents.",
    "blocked": "This question is not answered here.",
    "budget_exceeded": "The budget for answers is used up for today.",
    "model_unavailable": "The model that writes the answers cannot be reached. Try again in a few minutes.",
}


@dataclass(frozen=True, slots=True)
class Said:
    """One sentence of an answer with its marks and the white space behind it, and what they stand for."""

    text: str
    citations: tuple[Citation, ...]


class Composer:
    """Grows an answer statement by statement: each sentence ends in the marks of its citations. Markers are numbered anew in the order in
    which they appear; a marker stands for one chunk."""

    def __init__(self) -> None:
        self._numbers: dict[int, int] = {}
        self._said: list[Said] = []

    def add(self, statement: Statement) -> tuple[Said, ...]:
        """The statement's sentences, as they stand in the text."""
        for citation in statement.citations:
            self._numbers.setdefault(citation.marker, len(self._numbers) + 1)
        citations = tuple(replace(c, marker=self._numbers[c.marker]) for c in statement.citations)
        said = tuple(Said(_marked(span.text, citations) + _gap(span.text), citations) for span in sentences(statement.text))
        self._said += said
        return said

    @property
    def text(self) -> str:
        return "".join(said.text for said in self._said).rstrip()

    @property
    def citations(self) -> tuple[Citation, ...]:
        """Each once, in the order of the text."""
        return tuple(dict.fromkeys(citation for said in self._said for citation in said.citations))

    def numbered(self, notice: Notice) -> Notice:
        """A notice about evidence, with the markers of the text."""
        return replace(notice, markers=tuple(sorted(self._numbers[marker] for marker in notice.markers if marker in self._numbers)))


def text_of(statements: Sequence[Statement]) -> tuple[str, tuple[Citation, ...]]:
    """The text of an answer of these statements, and its citations."""
    composer = Composer()
    for statement in statements:
        composer.add(statement)
    return composer.text, composer.citations


def refusal(reason: RefusalReason, hits: Sequence[Hit]) -> Refusal:
    """`closest` names the documents of the best hits; where none is about the question, none is worth naming."""
    nearest: dict[str, Closest] = {}
    for hit in hits if reason != "no_evidence" else ():
        chunk = hit.chunk
        nearest.setdefault(chunk.source, Closest(chunk.source, chunk.title, chunk.headings, chunk.owner))
    return Refusal(reason, MESSAGES[reason], tuple(nearest.values())[:_MOST_CLOSEST])


def _gap(sentence: str) -> str:
    """Behind a heading's or a list's words, an item, a table's row, the next one stands in a line of its own."""
    return " " if sentence.endswith(_SENTENCE_END) else "\n"


def _marked(text: str, citations: Sequence[Citation]) -> str:
    marks = "".join(f"[{marker}]" for marker in sorted({citation.marker for citation in citations}))
    bare = text.rstrip(_END)
    return f"{bare} {marks}{text[len(bare) :]}"
