"""How a question becomes a reply: the steps, one module and one verb each, and the trace they leave."""

from __future__ import annotations

import asyncio
from concurrent.futures import Executor
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TypeVar

from assistant.gate import Gate
from assistant.generation import Snapshot, Snapshots
from assistant.ports import ChatModel, Embedder, Prices, Reranker
from assistant.retrieval.search import rerank, search
from assistant.rewrite import standalone
from assistant.steps import StepLog
from assistant.traces import Ledger
from assistant.types import (
    Call,
    Evidence,
    Filters,
    Hit,
    Mode,
    Notice,
    Principal,
    Question,
    RefusalReason,
    Reply,
    Statement,
    Trace,
)
from assistant.validate import validate, validate_query

RETRIEVED = 20
EVIDENCE = 8
T = TypeVar("T")

DEGRADED = Notice("degraded", "The model could not be reached; these are the documents' own sentences.")


@dataclass(frozen=True, slots=True)
class Outcome:
    """What the steps decided: statements to be said, or why nothing is."""

    statements: tuple[Statement, ...] = ()
    reason: RefusalReason | None = None
    mode: Mode = "extractive"
    notices: tuple[Notice, ...] = ()
    calls: tuple[Call, ...] = ()


class Assistant:
    """Answers from evidence, or refuses. Computing runs in `pool`, so that waiting never stands behind it."""

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
        self.snapshots = snapshots
        self.ledger = ledger
        self._embedder = embedder
        self._gate = gate
        self._prices = prices
        self._pool = pool
        self._model = model
        self._reranker = reranker

    async def ask(self, question: Question) -> Reply:
        """Raises InvalidRequest and IndexUnavailable; everything else that can happen to a question is a reply."""
        log = StepLog()
        with log.step("validate"):
            validate(question)
        with log.step("rewrite") as seen:
            query = seen["standalone"] = standalone(question.text, question.history)
        with log.step("retrieve") as seen:
            snapshot, hits = await self._compute(self._retrieve, query, question.principal, question.filters, RETRIEVED)
            evidence = tuple(Evidence(hit.rank, hit) for hit in hits[:EVIDENCE])
            seen["kept"], seen["rejected"] = [_seen(hit) for hit in hits[:EVIDENCE]], [_seen(hit) for hit in hits[EVIDENCE:]]
        with log.step("gate") as seen:
            confidence, reason = await self._compute(self._judge, query, snapshot, question.principal, hits)
            seen["confidence"], seen["refuses"] = confidence, reason
        outcome = Outcome(reason=reason) if reason else await self._answer(query, snapshot, question.principal, evidence, log)
        reply = self._reply(snapshot, hits, confidence, outcome, log)
        trace = Trace(
            reply.trace_id, datetime.now(UTC), question.principal.name, question.text, query, reply, tuple(log.steps), outcome.calls
        )
        await asyncio.wrap_future(self.ledger.record(trace))
        return reply

    async def search(self, query: str, principal: Principal, filters: Filters, k: int) -> list[Hit]:
        """Raises InvalidRequest and IndexUnavailable."""
        validate_query(query, k, filters)
        _, hits = await self._compute(self._retrieve, query, principal, filters, k)
        return hits

    async def snapshot(self) -> Snapshot:
        return await self._compute(self.snapshots.current)

    async def warm_up(self) -> None:
        """Loads the embedding model before the first question has to wait for it."""
        await self._compute(self._embedder.embed, ["warm up"])

    def _retrieve(self, query: str, principal: Principal, filters: Filters, k: int) -> tuple[Snapshot, list[Hit]]:
        snapshot = self.snapshots.current()
        hits = search(snapshot.index, query, self._embedder.embed([query])[0], principal, filters, k)
        return snapshot, rerank(hits, query, self._reranker) if self._reranker and hits else hits
