"""Finds the chunks for a query: permissions and filters first, then both rankers, then one order."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt

from assistant.ports import Reranker, Vector, Vectors
from assistant.retrieval import lexical
from assistant.retrieval.acronyms import Acronyms, alternatives, collect
from assistant.retrieval.analysis import Analyzer
from assistant.retrieval.audience import Audiences
from assistant.retrieval.dense import cosines
from assistant.retrieval.fusion import fuse
from assistant.retrieval.layout import Layout, Mask, admitted, lay_out
from assistant.retrieval.phrases import shares_held
from assistant.retrieval.spelling import Correction, correct, spellings
from assistant.types import Chunk, Filters, Hit, Principal

ACRONYM = 0.5
PHRASE = 0.5


@dataclass(frozen=True, slots=True)
class SearchIndex:
    """One generation, ready to be searched. Row i of `vectors`, ordinal i of `lexical` and `chunks[i]` are the same chunk; `layout` follows
    from the chunks. What each asker may read is kept in `audiences`; `spelt` are the words of the chunks as they are spelt, and `acronyms`
    what the chunks explain."""

    chunks: tuple[Chunk, ...]
    vectors: Vectors
    lexical: lexical.LexicalIndex
    analyzer: Analyzer = field(default_factory=Analyzer)
    layout: Layout = field(init=False)
    audiences: Audiences = field(init=False)
    spelt: tuple[str, ...] = field(init=False)
    acronyms: Acronyms = field(init=False)

    def __post_init__(self) -> None:
        layout = lay_out(self.chunks)
        object.__setattr__(self, "layout", layout)
        object.__setattr__(self, "audiences", Audiences(layout, self.lexical))
        object.__setattr__(self, "spelt", spellings(self.lexical))
        object.__setattr__(self, "acronyms", collect((chunk.text for chunk in self.chunks), self.analyzer))


@dataclass(frozen=True, slots=True)
class QueryStats:
    """A query as the lexical ranker sees it, for one audience: its terms without repetition, how rare each is, the ideal score."""

    terms: tuple[str, ...]
    idf: tuple[float, ...]
    ideal_bm25: float

    @property
    def weights(self) -> dict[str, float]:
        """How rare each term is, by term."""
        return dict(zip(self.terms, self.idf, strict=True))


def build_index(chunks: Sequence[Chunk], vectors: Vectors, analyzer: Analyzer | None = None) -> SearchIndex:
    """Raises ValueError where there is not one vector for each chunk."""
    if len(chunks) != len(vectors):
        raise ValueError(f"{len(chunks)} chunks, but {len(vectors)} vectors")
    analyzer = analyzer or Analyzer()
    return SearchIndex(tuple(chunks), vectors, lexical.build(analyzer.entries(chunk.indexed_text) for chunk in chunks), analyzer)


def corrected(index: SearchIndex, query: str, principal: Principal) -> Correction:
    """The query without slips of the pen; this is what to embed and to search for."""
    return correct(query, index.lexical, index.spelt, index.audiences.of(principal), index.analyzer)


def search(index: SearchIndex, query: str, query_vector: Vector, principal: Principal, filters: Filters, k: int) -> list[Hit]:
    """The best `k` chunks that the principal may read and the filters admit, best first; equal scores in the order of chunk ids.

    The statistics of the query's terms are those of all that the principal may read; filters only narrow what is returned.
    """
    readers = index.audiences.of(principal)
    candidates = readers.mask & admitted(index.layout, filters, principal) if filters.sources else readers.mask
    if k < 1 or not candidates.any():
        return []
    terms = index.analyzer.terms(query)
    bm25 = bm25_of_meanings(index, terms, readers)
    cosine = cosines(index.vectors, query_vector, candidates)
    share = bm25 / np.float32(lexical.ideal_bm25(index.lexical, terms, readers) or 1)
    phrases = shares_held(query, index.chunks, index.lexical, candidates, index.analyzer)
    share = share if phrases is None else share + np.float32(PHRASE) * phrases
    fused = fuse(cosine, share, index.layout, candidates)
    best = _best(index, fused, candidates, k)
    return [Hit(index.chunks[i], min(float(fused[i]), 1.0), rank, float(cosine[i]), float(bm25[i])) for rank, i in enumerate(best, 1)]


def bm25_of_meanings(index: SearchIndex, terms: Sequence[str], readers: lexical.Audience) -> lexical.Scores:
    """BM25 of every chunk; where it holds all of what means the same as some of the terms, and scores higher on that, as if that had
    stood for them."""
    scores = lexical.bm25(index.lexical, terms, readers)
    for original, other in alternatives(index.acronyms, terms, readers.mask):
        worth = ACRONYM * lexical.ideal_bm25(index.lexical, original, readers) / lexical.ideal_bm25(index.lexical, other, readers)
        instead = np.float32(worth) * lexical.bm25(index.lexical, other, readers) * lexical.holders(index.lexical, other)
        scores += np.maximum(instead - lexical.bm25(index.lexical, original, readers), 0)
    return scores


def query_stats(index: SearchIndex, query: str, principal: Principal) -> QueryStats:
    """What the gate weighs a query's words with."""
    readers = index.audiences.of(principal)
    terms = tuple(dict.fromkeys(index.analyzer.terms(query)))
    rarity = tuple(lexical.idf(index.lexical, term, readers) for term in terms)
    return QueryStats(terms, rarity, lexical.ideal_bm25(index.lexical, terms, readers))


def stands_alone(index: SearchIndex, principal: Principal, word: str) -> bool:
    """Does no more than one of the chunks that the principal may read have the word?"""
    frequencies, vocabulary = index.audiences.of(principal).frequencies, index.lexical.vocabulary
    return all(term not in vocabulary or frequencies[vocabulary[term]] <= 1 for term in index.analyzer.terms(word))


def share(terms: Iterable[str], weights: Mapping[str, float]) -> float:
    """The share of the question's weight that these terms cover; 0 for a question without weight."""
    total = sum(weights.values())
    covered = set(terms)
    return sum(weight for term, weight in weights.items() if term in covered) / total if total else 0.0


def rerank(hits: Sequence[Hit], query: str, reranker: Reranker) -> list[Hit]:
    """The same hits in the reranker's order; equal scores keep the order they had. Their scores stay those of the fusion."""
    scores = reranker.score(query, [hit.chunk.indexed_text for hit in hits])
    order = sorted(range(len(hits)), key=lambda i: (-scores[i], hits[i].rank))
    return [replace(hits[i], rank=rank) for rank, i in enumerate(order, 1)]


def _best(index: SearchIndex, scores: npt.NDArray[np.float32], candidates: Mask, k: int) -> list[int]:
    ordinals = np.flatnonzero(candidates)
    if len(ordinals) > k:
        threshold = np.partition(scores[ordinals], len(ordinals) - k)[len(ordinals) - k]
        ordinals = ordinals[scores[ordinals] >= threshold]
    return sorted((int(i) for i in ordinals), key=lambda i: (-scores[i], index.chunks[i].id))[:k]
