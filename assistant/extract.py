"""Answers in the documents' own sentences: the few of the evidence that answer best, each with itself as its quote.

Sentences are scored by a linear model over what they share with the question, where they stand and whether they have the form of an
answer; the best few by words alone are then compared with the question in the embedding space, which costs some milliseconds each.
The weights were fitted by `bench/train_extract.py` on 2026-11-22 to rank the sentences first that hold the gold evidence (conditional
logit), over three public sets with all-MiniLM-L6-v2: handbook (168 questions), squad2 (365) and clapnq (156).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence, Set
from dataclasses import dataclass

import numpy as np

from assistant.grounding_checks import SHORTEST_QUOTE, meaningful
from assistant.ports import Vector, Vectors
from assistant.retrieval.analysis import Analyzer
from assistant.retrieval.search import QueryStats, share
from assistant.retrieval.sentences import sentences
from assistant.types import Chunk, Claim, Evidence, Span

Embed = Callable[[Sequence[str]], Vectors]

WEIGHTS: Mapping[str, float] = {
    "words": 2.1, "asked_words": 2.4, "place_words": 2.3, "words_before": 1.5, "retrieval": 7.7, "number": 0.8, "question": -2.0,
    "short": -1.5, "cosine": 5.7,
}  # fmt: skip
EMBEDDED = 5
MOST_SENTENCES = 3
MOST_CHARACTERS = 600
GAP = 1.5
NEIGHBOUR = 0.5

_EMBEDDED_CHARACTERS = 250
_SHORT = 25
_MOST_MERGED = 350
_NUMBER = re.compile(
    r"\d|\b(?:one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|dozen|hundred|thousand|million|billion|half|twice)\b", re.I
)
_ASKS_NUMBER = re.compile(
    r"\b(?:how (?:many|much|long|often|old|far|big|large|tall|high|soon|late|early)|when|(?:what|which) (?:year|date|day|time|month|age"
    r"|percentage|percent|amount|number|share|rate))\b",
    re.I,
)
_LEANS = re.compile(
    r"^(?:this|that|these|those|it|its|they|their|he|she|his|her|however|but|otherwise|such|if so|instead|then|so|both|neither|either)\b",
    re.I,
)
_LIMITS = re.compile(r"^(?:however|unless|but|except|otherwise|this (?:does not|doesn['\u2019]t))\b", re.I)


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
    """What a sentence is held against: the question's terms with their weights, and which of them the asking sentence has."""

    weights: Mapping[str, float]
    asked: Mapping[str, float]
    number: bool


def extract(
    question: str,
    evidence: Sequence[Evidence],
    stats: QueryStats,
    analyzer: Analyzer,
    query_vector: Vector,
    embed: Embed,
    weights: Mapping[str, float] = WEIGHTS,
) -> list[Claim]:
    """The sentences that answer, in the order of the evidence and of their place in it; empty where there is no evidence.

    Every quote is a contiguous piece of its chunk's text or of one of its leads, and holds at least `SHORTEST_QUOTE` letters or digits.
    `query_vector` is the question's; `embed` is called once, with at most `EMBEDDED` sentences.
    """
    found = candidates(question, evidence, stats, analyzer)
    if not found:
        return []
    chosen = _choose(found, _scores(found, query_vector, embed, weights))
    return [claim for item in evidence for claim in _claims(item, [c.place for c in chosen if c.evidence is item])]


def candidates(question: str, evidence: Sequence[Evidence], stats: QueryStats, analyzer: Analyzer) -> list[Candidate]:
    """Every sentence of the evidence with what speaks for it. A word's share is weighted by how rare the word is."""
    wanted = _wanted(question, stats, analyzer)
    best = max((item.hit.score for item in evidence), default=0.0) or 1.0
    return [candidate for item in evidence for candidate in _of_chunk(item, item.hit.score / best, wanted, analyzer)]


def asking_sentence(question: str) -> str:
    """Of a question with its story, the sentence that asks: the last with a question mark, else the last."""
    parts = [span.text for span in sentences(question)] or [question]
    return next((part for part in reversed(parts) if part.endswith("?")), parts[-1])


def _wanted(question: str, stats: QueryStats, analyzer: Analyzer) -> _Wanted:
    weights = stats.weights
    sentence = asking_sentence(question)
    asked = {term: weights[term] for term in analyzer.terms(sentence) if term in weights}
    return _Wanted(weights, asked, bool(_ASKS_NUMBER.search(sentence)))


def _of_chunk(item: Evidence, standing: float, wanted: _Wanted, analyzer: Analyzer) -> list[Candidate]:
    chunk = item.chunk
    place = set(analyzer.terms(" ".join((chunk.title, *chunk.headings))))
    found = []
    before: set[str] = set()
    for i, span in enumerate(sentences(chunk.text)):
        terms = set(analyzer.terms(span.text))
        words = share(terms, wanted.weights)
        signals = {
            "words": words,
            "asked_words": share(terms, wanted.asked),
            "place_words": share(terms | place, wanted.weights) - words,
            "words_before": share(terms | before, wanted.weights) - words,
            "retrieval": standing,
            **_form(span.text, wanted),
        }
        found.append(Candidate(item, i, span, signals))
        before = terms
    return found


def _form(sentence: str, wanted: _Wanted) -> dict[str, float]:
    """A question for a number is answered by one; questions, and scraps of a line, seldom answer."""
    number = 1.0 if _NUMBER.search(sentence) else -1.0
    return {
        "number": number if wanted.number else 0.0,
        "question": float(sentence.endswith("?")),
        "short": float(len(sentence) < _SHORT),
    }


def _scores(found: Sequence[Candidate], query_vector: Vector, embed: Embed, weights: Mapping[str, float]) -> list[float]:
    scores = [candidate.score(weights) for candidate in found]
    best = sorted(range(len(found)), key=lambda i: -scores[i])[:EMBEDDED]
    cosines = np.asarray(embed([found[i].in_place for i in best]) @ query_vector, dtype=float)
    for i, cosine in zip(best, cosines, strict=True):
        scores[i] += weights["cosine"] * (float(cosine) - float(cosines.min()))
    return scores


def _choose(found: Sequence[Candidate], scores: Sequence[float]) -> list[Candidate]:
    """The best sentence, and those nearly as good; one that stands beside the best is nearly as good sooner."""
    order = sorted(range(len(found)), key=lambda i: -scores[i])
    best = found[order[0]]

    def worth(i: int) -> float:
        beside = found[i].evidence is best.evidence and abs(found[i].place - best.place) == 1
        return scores[i] + (NEIGHBOUR if beside else 0.0)

    chosen = [best]
    length = len(best.span.text)
    for i in sorted(order[1:], key=lambda i: -worth(i)):
        length += len(found[i].span.text)
        if len(chosen) == MOST_SENTENCES or length > MOST_CHARACTERS or worth(i) < scores[order[0]] - GAP:
            break
        chosen.append(found[i])
    return chosen


def _claims(item: Evidence, places: Sequence[int]) -> list[Claim]:
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
    """The sentence, the one that it leans on (or a "No." before it), the one that limits it, and of a list or table what it introduces."""
    first = last = place
    if place and _together(chunk.text, spans, place - 1) and (_LEANS.match(spans[place].text) or _is_scrap(spans[place - 1].text)):
        first -= 1
    if place + 1 < len(spans) and _together(chunk.text, spans, place) and _LIMITS.match(spans[place + 1].text):
        last += 1
    while last + 1 < len(spans) and _fits(spans, place, last + 1) and _governing(chunk, spans, last + 1) == place:
        last += 1
    return list(range(first, last + 1))


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
