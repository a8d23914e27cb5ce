"""Finds where documents contradict each other about what was asked: two sentences that both answer, about one thing, with other values.

A false alarm costs more trust than a missed one, so much has to come together. Both sentences stand among the first that answer the
question (by the words of `extraction_signals`), or the answer itself cites them; they share words, half of the shorter one's; without
their values they mean nearly the same (cosine); the kind of value that differs is asked for; and neither leaves to its title or headings a
leading word of the question that the other passage lacks, as sentences about two schemes, sites or companies do. The limits were chosen on
50 contradictions written for the sample company and on five public sets (`bench/conflicts.py`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import combinations

from assistant.extract import Embed, trained_weights
from assistant.extraction_quotes import claims_of
from assistant.extraction_signals import Candidate, candidates
from assistant.retrieval.analysis import Analyzer
from assistant.retrieval.search import QueryStats
from assistant.types import Claim, Evidence, Statement
from assistant.values import asked_for, contradicted, values, without_values

FIRST = 6
FIRST_OF_ALL = 3
ALIKE = 0.6
MOST_COMPARED = 5
SHARED_WORDS = 2
SHARE = 0.5
LARGE_SHARE = 0.7
LEADING = 0.5
_EMBEDDED_CHARACTERS = 300
_EVERYWHERE = (
    "minute hour day week month year euro pound dollar percent time number amount per up to most least may must can will more less than "
    "within after before each every get take full one two"
)


@dataclass(frozen=True)
class Answering:
    """A sentence of the evidence, with its place in the order in which they answer the question (from 0), and whether the answer cites it.
    `claims` are the sentence with what it needs to be understood."""

    item: Evidence
    place: int
    text: str
    rank: int
    score: float
    cited: bool
    analyzer: Analyzer = field(repr=False)

    @cached_property
    def claims(self) -> list[Claim]:
        return claims_of(self.item, [self.place])

    @cached_property
    def whole(self) -> str:
        return " ".join(claim.text for claim in self.claims) or " ".join(self.text.split())

    @cached_property
    def in_place(self) -> str:
        chunk = self.item.chunk
        return f"{' '.join((chunk.title, *chunk.headings[-1:]))}: {self.whole}"

    @cached_property
    def values(self) -> Mapping[str, frozenset[object]]:
        return values(self.text, self.analyzer)

    @cached_property
    def words(self) -> frozenset[str]:
        return self._terms(self.whole)

    @cached_property
    def place_words(self) -> frozenset[str]:
        return self._terms(" ".join((self.item.chunk.title, *self.item.chunk.headings)))

    @cached_property
    def passage_words(self) -> frozenset[str]:
        return self._terms(self.item.chunk.indexed_text) | self.words

    def _terms(self, text: str) -> frozenset[str]:
        everywhere = frozenset(self.analyzer.terms(_EVERYWHERE))
        return frozenset(term for term in self.analyzer.terms(text) if not term[0].isdigit()) - everywhere


Pair = tuple[Answering, Answering]
Comparable = Callable[[Evidence, Evidence], bool]


def answering(
    question: str, evidence: Sequence[Evidence], statements: Sequence[Statement], stats: QueryStats, analyzer: Analyzer
) -> list[Answering]:
    """Every sentence of the evidence that is no question, those first that answer best by their words."""
    weights = {name: weight for name, weight in trained_weights().items() if name != "rank"}
    scored = [
        (sum(weights[name] * c.signals[name] for name in c.signals if name in weights), c)
        for c in candidates(question, evidence, stats, analyzer)
    ]
    order = sorted(scored, key=lambda one: -one[0])
    quotes = [(c.document_id, c.start, c.end) for statement in statements for c in statement.citations]
    told = [(score, c) for score, c in order if not c.span.text.endswith("?")]
    return [
        Answering(c.evidence, c.place, c.span.text, rank, score, _is_cited(c, quotes), analyzer) for rank, (score, c) in enumerate(told)
    ]


def contradictions(question: str, told: Sequence[Answering], stats: QueryStats, embed: Embed, comparable: Comparable) -> list[Pair]:
    """For each two documents that contradict each other the sentences that show it best, the best answers first. `comparable` says of which
    passages a difference matters. `embed` is called at most once."""
    pairs = [pair for pair in _pairs(told, comparable) if _disagree(*pair, question) and _about_the_same(*pair, stats)]
    if not pairs:
        return []
    found: dict[frozenset[str], Pair] = {}
    for (one, other), cosine in sorted(
        zip(pairs, _cosines(pairs, embed), strict=True), key=lambda found: found[0][0].rank + found[0][1].rank
    ):
        if cosine >= ALIKE:
            found.setdefault(frozenset({one.item.chunk.document_id, other.item.chunk.document_id}), (one, other))
    return list(found.values())


def counterpart(sentences: Sequence[Answering], others: Sequence[Answering], alike: float, embed: Embed) -> Pair | None:
    """The best answering of the sentences that one of the others is about the same as, with that one. `alike` is how near their meanings
    have to be at least; `embed` is called at most once."""
    pairs = [
        (one, other) for one in sentences for other in others if _share(one, other) >= SHARE and len(_shared(one, other)) >= SHARED_WORDS
    ]
    nearest = sorted(pairs, key=lambda pair: -_likeness(*pair))[:MOST_COMPARED]
    same = [
        (one.rank, -cosine, (one, other)) for (one, other), cosine in zip(nearest, _cosines(nearest, embed), strict=True) if cosine >= alike
    ]
    return min(same, key=lambda found: found[:2])[2] if same else None


def _is_cited(candidate: Candidate, quotes: Sequence[tuple[str, int, int]]) -> bool:
    chunk, span = candidate.evidence.chunk, candidate.span
    start, end = chunk.start + span.start, chunk.start + span.end
    return any(document == chunk.document_id and min(end, b) - max(start, a) > (end - start) / 2 for document, a, b in quotes)


def _pairs(told: Sequence[Answering], comparable: Comparable) -> Iterator[Pair]:
    """Those of which the answer cites at least one document."""
    cited = {one.item.chunk.document_id for one in told if one.cited}
    for one, other in combinations(told, 2):
        documents = {one.item.chunk.document_id, other.item.chunk.document_id}
        if len(documents) == 2 and documents & cited and comparable(one.item, other.item):
            yield one, other


def _disagree(one: Answering, other: Answering, question: str) -> bool:
    kinds = contradicted(one.values, other.values)
    return bool(kinds) and asked_for(kinds, question, one.analyzer)


def _about_the_same(one: Answering, other: Answering, stats: QueryStats) -> bool:
    share = _share(one, other)
    if len(_shared(one, other)) < SHARED_WORDS or not one.words & other.words or _has_own_subject(one, other, stats):
        return False
    if one.cited and other.cited:
        return True
    if share >= SHARE and other.rank < FIRST and (one.cited or other.cited):
        return True
    asked = one.words & stats.weights.keys()
    return share >= LARGE_SHARE and one.rank < FIRST_OF_ALL and bool(asked) and asked <= other.words


def _shared(one: Answering, other: Answering) -> frozenset[str]:
    """The words of one that the other has too, in itself or in its title and headings."""
    return ((one.words | one.place_words) & other.words) | (one.words & other.place_words)


def _share(one: Answering, other: Answering) -> float:
    return len(_shared(one, other)) / max(1, min(len(one.words), len(other.words)))


def _likeness(one: Answering, other: Answering) -> float:
    """The share of their words that both have."""
    return len(one.words & other.words) / max(1, len(one.words | other.words))


def _has_own_subject(one: Answering, other: Answering, stats: QueryStats) -> bool:
    weights = stats.weights
    leading = {term for term, weight in weights.items() if weight >= LEADING * max(weights.values())}
    left_to_place = (one.place_words - one.words - other.passage_words) | (other.place_words - other.words - one.passage_words)
    return bool(leading & left_to_place)


def _cosines(pairs: Sequence[Pair], embed: Embed) -> list[float]:
    """How alike the sentences are without their values: alone, or one of them in its place, as a table's row needs it."""
    if not pairs:
        return []
    texts = [
        without_values(text)[:_EMBEDDED_CHARACTERS]
        for one, other in pairs
        for text in (one.text, other.text, one.whole, other.whole, one.in_place, other.in_place)
    ]
    known = list(dict.fromkeys(texts))
    vectors = dict(zip(known, embed(known), strict=True))
    cosines = []
    for i in range(0, len(texts), 6):
        a, b, whole_a, whole_b, place_a, place_b = (vectors[text] for text in texts[i : i + 6])
        cosines.append(float(max(a @ b, whole_a @ place_b, place_a @ whole_b)))
    return cosines
