"""How a question becomes a reply: the steps in their order, and the trace they leave.

validate → rewrite → retrieve → gate → answer → ground → reply
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import ParamSpec, TypeVar

from assistant.answer import Material, Outcome, answer_in_extracts, answer_with_model, degraded
from assistant.compose import refusal, text_of
from assistant.costs import cost_of
from assistant.errors import IndexUnavailable, ModelUnavailable
from assistant.features import features
from assistant.gate import Gate
from assistant.generation import Snapshot, Snapshots
from assistant.ports import ChatModel, Embedder, Prices, Reranker, Vector
from assistant.retrieval.parts import merge, parts
from assistant.retrieval.search import corrected, query_stats, rerank, search
from assistant.rewrite import standalone
from assistant.steps import StepLog
from assistant.traces import Feedback, Ledger
from assistant.types import Evidence, Filters, Hit, Principal, Question, RefusalReason, Reply, Trace
from assistant.validate import validate, validate_query

RETRIEVED = 20
EVIDENCE = 8

P = ParamSpec("P")
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Retrieved:
    """What was found for a query, and in which generation; which of its words were taken for others, and what its parts are."""

    snapshot: Snapshot
    hits: tuple[Hit, ...]
    material: Material
    corrections: tuple[tuple[str, str], ...] = ()
    parts: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Searched:
    """The query as it was searched for, its slips put right, with its vector; `parts` are its parts, one where it asks one thing."""

    query: str
    vector: Vector
    hits: Sequence[Hit]
    corrections: tuple[tuple[str, str], ...]
    parts: tuple[str, ...]


class Assistant:
    """Answers from evidence, or refuses. Computing runs in `pool`, so that nothing that waits stands behind it."""

    def __init__(
        self,
        snapshots: Snapshots,
        embedder: Embedder,
        gate: Gate,
        ledger: Ledger,
        prices: Prices,
        pool: Executor,
        model: ChatModel | None = None,
        reranker: Reranker | None = None,
    ) -> None:
        self.ledger = ledger
        self._snapshots = snapshots
        self._embedder = embedder
        self._gate = gate
        self._prices = prices
        self._pool = pool
        self._model = model
        self._reranker = reranker

    async def ask(self, question: Question) -> Reply:
        """Raises InvalidRequest and IndexUnavailable; everything else that can become of a question is a reply."""
        log = StepLog()
        with log.step("validate"):
            validate(question)
        with log.step("rewrite") as seen:
            query = seen["standalone"] = standalone(question.text, question.history)
        with log.step("retrieve") as seen:
            found = await self._compute(self._retrieve, query, question.principal, question.filters)
            seen |= {"corrected": dict(found.corrections), "parts": list(found.parts)}
            seen["kept"] = [_seen(hit) for hit in found.hits[:EVIDENCE]]
            seen["rejected"] = [_seen(hit) for hit in found.hits[EVIDENCE:]]
        with log.step("gate") as seen:
            confidence, reason = await self._compute(self._judge, found, seen)
        outcome = Outcome(reason=reason) if reason else await self._answer(found.material, log)
        reply = self._reply(found, confidence, outcome, log)
        who = question.principal.name
        trace = Trace(reply.trace_id, datetime.now(UTC), who, question.text, query, reply, tuple(log.steps), outcome.calls)
        await asyncio.wrap_future(self.ledger.record(trace))
        return reply

    async def search(self, query: str, principal: Principal, filters: Filters, k: int) -> Sequence[Hit]:
        """Raises InvalidRequest and IndexUnavailable."""
        validate_query(query, k, filters)
        found = await self._compute(lambda: self._search(self._snapshots.current(), query, principal, filters, k))
        return found.hits

    async def rate(self, feedback: Feedback) -> None:
        """Raises NotFound when there is no such trace."""
        await self._compute(self.ledger.rate, feedback)

    def snapshot(self) -> Snapshot:
        """The published generation; the first to meet a new one waits until it is open. Raises IndexUnavailable."""
        return self._snapshots.current()

    async def warm_up(self) -> None:
        """Loads the embedding model and opens the index, so that the first question need not wait. Without an index there is none."""
        await self._compute(self._embedder.embed, ["warm up"])
        with suppress(IndexUnavailable):
            await self._compute(self._snapshots.current)

    def _retrieve(self, query: str, principal: Principal, filters: Filters) -> Retrieved:
        snapshot = self._snapshots.current()
        searched = self._search(snapshot, query, principal, filters, RETRIEVED)
        evidence = tuple(Evidence(hit.rank, hit) for hit in searched.hits[:EVIDENCE])
        stats = query_stats(snapshot.index, searched.query, principal)
        material = Material(searched.query, searched.vector, evidence, stats, snapshot.index.analyzer)
        return Retrieved(snapshot, tuple(searched.hits), material, searched.corrections, searched.parts)

    def _search(self, snapshot: Snapshot, query: str, principal: Principal, filters: Filters, k: int) -> _Searched:
        correction = corrected(snapshot.index, query, principal)
        asked = parts(correction.text)
        texts = [correction.text, *asked] if len(asked) > 1 else [correction.text]
        vectors = self._embedder.embed(texts)
        found = [search(snapshot.index, text, vector, principal, filters, k) for text, vector in zip(texts, vectors, strict=True)]
        hits = merge(found[0], found[1:], k)
        hits = rerank(hits, correction.text, self._reranker) if self._reranker and hits else hits
        return _Searched(correction.text, vectors[0], hits, correction.words, asked)

    def _judge(self, found: Retrieved, seen: dict[str, object]) -> tuple[float | None, RefusalReason | None]:
        """The probability that the evidence answers, None where there is none; and the reason to refuse, if there is one."""
        if not found.hits:
            return None, "no_evidence"
        material = found.material
        measured = features(material.question, material.stats, found.hits, material.analyzer)
        confidence = self._gate.probability(measured)
        decision = self._gate.decide(confidence)
        seen |= {"features": measured, "confidence": confidence, "decision": decision}
        return confidence, None if decision == "pass" else decision

    async def _answer(self, material: Material, log: StepLog) -> Outcome:
        if self._model is None:
            return await self._compute(answer_in_extracts, material, self._embedder.embed, log)
        try:
            return await answer_with_model(self._model, material, log)
        except ModelUnavailable as error:
            outcome = await self._compute(answer_in_extracts, material, self._embedder.embed, log)
            return degraded(outcome, error.calls)

    def _reply(self, found: Retrieved, confidence: float | None, outcome: Outcome, log: StepLog) -> Reply:
        text, citations = text_of(outcome.statements)
        return Reply(
            kind="refusal" if outcome.reason else "answer",
            text=text,
            confidence=confidence,
            citations=citations,
            refusal=refusal(outcome.reason, found.hits) if outcome.reason else None,
            mode=outcome.mode,
            notices=outcome.notices,
            trace_id=secrets.token_hex(12),
            generation=found.snapshot.generation,
            cost=cost_of(outcome.calls, self._prices.version),
            latency_ms=log.latency(),
        )

    async def _compute(self, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._pool, lambda: work(*args, **kwargs))


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
