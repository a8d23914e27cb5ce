"""The step that finds the evidence: slips put right, parts taken apart, searched for in the published generation; the best is kept."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import partial

from assistant.generation import Snapshot
from assistant.ground import never
from assistant.ports import Embedder, Reranker, Vector
from assistant.prefer import prefer
from assistant.retrieval.analysis import Analyzer
from assistant.retrieval.parts import merge, parts
from assistant.retrieval.search import QueryStats, corrected, query_stats, rerank, search, stands_alone
from assistant.standing import Standing
from assistant.types import Evidence, Filters, Hit, Principal

RETRIEVED = 20
EVIDENCE = 8


@dataclass(frozen=True, slots=True)
class Material:
    """What an answer is made from. `vector` is the question's; `rare` says of a word whether no more than one chunk that the asker may read
    has it."""

    question: str
    vector: Vector
    evidence: tuple[Evidence, ...]
    stats: QueryStats
    analyzer: Analyzer
    rare: Callable[[str], bool] = never


@dataclass(frozen=True, slots=True)
class Retrieved:
    """What was found for a query, and in which generation; which of its words were taken for others, and what its parts are. `aside` are
    hits of editions in the place of which others were found, `standings` say of the documents of both when they hold."""

    snapshot: Snapshot
    hits: tuple[Hit, ...]
    material: Material
    aside: tuple[Evidence, ...]
    standings: Mapping[str, Standing]
    corrections: tuple[tuple[str, str], ...] = ()
    parts: tuple[str, ...] = ()

    def seen(self) -> dict[str, object]:
        """For the trace."""
        kept = {item.marker for item in self.material.evidence}
        return {
            "corrected": dict(self.corrections),
            "parts": list(self.parts),
            "kept": [_seen(hit) for hit in self.hits if hit.rank in kept],
            "rejected": [_seen(hit) for hit in self.hits if hit.rank not in kept],
            "not_in_force": {source: standing.state for source, standing in self.standings.items() if not standing.in_force},
        }


@dataclass(frozen=True, slots=True)
class _Searched:
    """The query as it was searched for, its slips put right, with its vector; `parts` are its parts, one where it asks one thing."""

    query: str
    vector: Vector
    hits: Sequence[Hit]
    corrections: tuple[tuple[str, str], ...]
    parts: tuple[str, ...]


class Retriever:
    """Computes; never waits. Safe to call from several threads."""

    def __init__(self, embedder: Embedder, reranker: Reranker | None = None) -> None:
        self._embedder = embedder
        self._reranker = reranker

    def retrieve(self, snapshot: Snapshot, query: str, principal: Principal, filters: Filters, day: date) -> Retrieved:
        """The best `RETRIEVED` hits. The first `EVIDENCE` of those that are to be answered from on that day are evidence, their ranks their
        markers."""
        searched = self._search(snapshot, query, principal, filters, RETRIEVED)
        choice = prefer(searched.query, searched.hits, lambda source, on: snapshot.editions.standing(source, principal, on), day)
        evidence = tuple(Evidence(hit.rank, hit) for hit in choice.hits[:EVIDENCE])
        aside = tuple(Evidence(hit.rank, hit) for hit in choice.aside[:EVIDENCE])
        sources = dict.fromkeys(item.chunk.source for item in (*evidence, *aside))
        standings = {source: snapshot.editions.standing(source, principal, day) for source in sources}
        stats = query_stats(snapshot.index, searched.query, principal)
        rare = partial(stands_alone, snapshot.index, principal)
        material = Material(searched.query, searched.vector, evidence, stats, snapshot.index.analyzer, rare)
        return Retrieved(snapshot, tuple(searched.hits), material, aside, standings, searched.corrections, searched.parts)

    def search(self, snapshot: Snapshot, query: str, principal: Principal, filters: Filters, k: int) -> Sequence[Hit]:
        return self._search(snapshot, query, principal, filters, k).hits

    def _search(self, snapshot: Snapshot, query: str, principal: Principal, filters: Filters, k: int) -> _Searched:
        correction = corrected(snapshot.index, query, principal)
        asked = parts(correction.text)
        texts = [correction.text, *asked] if len(asked) > 1 else [correction.text]
        vectors = self._embedder.embed(texts)
        found = [search(snapshot.index, text, vector, principal, filters, k) for text, vector in zip(texts, vectors, strict=True)]
        hits = merge(found[0], found[1:], k)
        hits = rerank(hits, correction.text, self._reranker) if self._reranker and hits else hits
        return _Searched(correction.text, vectors[0], hits, correction.words, asked)


def _seen(hit: Hit) -> dict[str, object]:
    chunk = hit.chunk
    return {
        "source": chunk.source,
        "start": chunk.start,
        "end": chunk.end,
        "score": round(hit.score, 4),
        "cosine": None if hit.cosine is None else round(hit.cosine, 4),
        "bm25": None if hit.bm25 is None else round(hit.bm25, 4),
    }
