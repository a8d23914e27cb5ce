"""Puts grounded statements, or a refusal, into the words of a reply."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from assistant.retrieval.sentences import sentences
from assistant.types import Citation, Closest, Hit, Refusal, RefusalReason, Statement

_MOST_CLOSEST = 3
_END = ".!?:;"
_SENTENCE_END = (".", "!", "?")

MESSAGES: dict[RefusalReason, str] = {
    "no_evidence": "The documents say nothing about this.",
    "insufficient_evidence": "The documents touch on this, but no passage answers it.",
    "ungrounded": "No answer could be backed by a quote from the documents.",
    "blocked": "This question is not answered here.",
    "budget_exceeded": "The budget for answers is used up.",
    "model_unavailable": "The model that writes the answers cannot be reached. Try again in a few minutes.",
}


def text_of(statements: Sequence[Statement]) -> tuple[str, tuple[Citation, ...]]:
    """The answer's text, each sentence ending in the marks of its citations, and the citations. Markers are numbered anew in the
    order in which they appear; a marker stands for one chunk."""
    numbers: dict[int, int] = {}
    for statement in statements:
        for citation in statement.citations:
            numbers.setdefault(citation.marker, len(numbers) + 1)
    said = [(span.text, _marked(span.text, s.citations, numbers)) for s in statements for span in sentences(s.text)]
    text = "".join(marked + _gap(sentence) for sentence, marked in said).rstrip()
    citations = dict.fromkeys(replace(c, marker=numbers[c.marker]) for s in statements for c in s.citations)
    return text, tuple(citations)


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


def _marked(text: str, citations: Sequence[Citation], numbers: Mapping[int, int]) -> str:
    marks = "".join(f"[{marker}]" for marker in sorted({numbers[c.marker] for c in citations}))
    bare = text.rstrip(_END)
    return f"{bare} {marks}{text[len(bare) :]}"
