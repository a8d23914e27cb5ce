"""What speaks for a sentence of the evidence: the words it shares with the question, where it stands, whether it has an answer's form.

The table of signals is `candidates`; `cosine` is the one that is not in it, because it costs milliseconds a sentence (`extract.py`).
Measured and left out, because the sets that were not learned from came out no better: words of the sentence after, the chunk's own
cosine and BM25, place in the chunk, length, pairs of words, answer types for who, where, when, why, how and yes-or-no, list items,
table rows, the last heading alone, the neighbours' cosines, and the cosine with the asking sentence or without title and heading.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

from assistant.retrieval.analysis import Analyzer
from assistant.retrieval.search import QueryStats, share
from assistant.retrieval.sentences import sentences
from assistant.types import Evidence, Span

SIGNALS = (
    "words", "asked_words", "place_words", "words_before", "rarest", "new", "retrieval", "rank", "number", "question", "short", "heading",
    "cosine",
)  # fmt: skip

_EMBEDDED_CHARACTERS = 250
_SHORT = 25
_NUMBER = re.compile(
    r"\d|\b(?:one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|dozen|hundred|thousand|million|billion|half|twice)\b", re.I
)
_ASKS_NUMBER = re.compile(
    r"\b(?:how (?:many|much|long|often|old|far|big|large|tall|high|soon|late|early)|when|(?:what|which) (?:year|date|day|time|month|age"
    r"|percentage|percent|amount|number|share|rate))\b",
    re.I,
)


@dataclass(frozen=True, slots=True)
class Candidate:
    """A sentence of the evidence. `place` counts the chunk's sentences from 0; `span` has offsets into the chunk's text."""

    evidence: Evidence
    place: int
    span: Span
    signals: Mapping[str, float]

    def score(self, weights: Mapping[str, float]) -> float:
        """What the sentence's words, place and form are worth; the cosine comes on top for the few that are embedded."""
        return sum(weights[name] * value for name, value in self.signals.items())

    @property
    def in_place(self) -> str:
        """The sentence as it is embedded: behind its document's title and its heading, cut to a length that costs little."""
        chunk = self.evidence.chunk
        return f"{' '.join((chunk.title, *chunk.headings[-1:]))}: {self.span.text}"[:_EMBEDDED_CHARACTERS]


@dataclass(frozen=True, slots=True)
class _Wanted:
    """What a sentence is held against: the question's terms with their weights, which of them the asking sentence has, the weight of
    the rarest, and whether a number is asked for."""

    weights: Mapping[str, float]
    asked: Mapping[str, float]
    rarest: float
    number: bool


def candidates(question: str, evidence: Sequence[Evidence], stats: QueryStats, analyzer: Analyzer) -> list[Candidate]:
    """Every sentence of the evidence with what speaks for it. A word's share is weighted by how rare the word is."""
    wanted = _wanted(question, stats, analyzer)
    best = max((item.hit.score for item in evidence), default=0.0) or 1.0
    return [
        candidate
        for order, item in enumerate(evidence)
        for candidate in _of_chunk(item, {"retrieval": item.hit.score / best, "rank": math.log1p(order)}, wanted, analyzer)
    ]


def asking_sentence(question: str) -> str:
    """Of a question with its story, the sentence that asks: the last with a question mark, else the last."""
    parts = [span.text for span in sentences(question)] or [question]
    return next((part for part in reversed(parts) if part.endswith("?")), parts[-1])


def _wanted(question: str, stats: QueryStats, analyzer: Analyzer) -> _Wanted:
    known, sentence = stats.weights, asking_sentence(question)
    weights = {term: known[term] for term in analyzer.terms(question) if term in known}
    asked = {term: known[term] for term in analyzer.terms(sentence) if term in known}
    return _Wanted(weights, asked, max(weights.values(), default=0.0) or 1.0, bool(_ASKS_NUMBER.search(sentence)))


def _of_chunk(item: Evidence, standing: Mapping[str, float], wanted: _Wanted, analyzer: Analyzer) -> list[Candidate]:
    chunk = item.chunk
    place = frozenset(analyzer.terms(" ".join((chunk.title, *chunk.headings))))
    found = []
    before: AbstractSet[str] = frozenset()
    for i, span in enumerate(sentences(chunk.text)):
        terms = frozenset(analyzer.terms(span.text))
        signals = {**_words(terms, before, place, wanted), **standing, **_form(span.text, wanted), "heading": float(terms <= place)}
        found.append(Candidate(item, i, span, signals))
        before = terms
    return found


def _words(terms: AbstractSet[str], before: AbstractSet[str], place: AbstractSet[str], wanted: _Wanted) -> dict[str, float]:
    """What the sentence shares with the question, what its heading and the sentence before it add, and how much it says beside that."""
    words = share(terms, wanted.weights)
    return {
        "words": words,
        "asked_words": share(terms, wanted.asked),
        "place_words": share(terms | place, wanted.weights) - words,
        "words_before": share(terms | before, wanted.weights) - words,
        "rarest": max((wanted.weights[term] for term in terms if term in wanted.weights), default=0.0) / wanted.rarest,
        "new": math.log1p(len(terms - wanted.weights.keys() - place)),
    }


def _form(sentence: str, wanted: _Wanted) -> dict[str, float]:
    """A question for a number is answered by one; questions, and scraps of a line, seldom answer."""
    number = 1.0 if _NUMBER.search(sentence) else -1.0
    return {
        "number": number if wanted.number else 0.0,
        "question": float(sentence.endswith("?")),
        "short": float(len(sentence) < _SHORT),
    }
