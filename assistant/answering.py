"""How a question becomes a reply: the steps in their order, and the trace they leave.

validate → screen → recall → rewrite → retrieve → gate → answer → ground → compare → reply
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from typing import ParamSpec, TypeVar

from assistant.answer import Outcome, Session, Writer, answer_in_extracts, answer_with_model, degraded
from assistant.cache import again, key_of, worth_keeping
from assistant.compose import refusal
from assistant.costs import cost_of
from assistant.errors import FootnoteError, IndexUnavailable, ModelUnavailable
from assistant.events import Found, Place, Tell
from assistant.features import features
from assistant.follow_up import written_out
from assistant.gate import Gate
from assistant.generation import Snapshot, Snapshots
from assistant.model_calls.account import NO_LIMIT, Account, Budget
from assistant.model_calls.deadline import Deadline
from assistant.moderate import blocked, sayable
from assistant.notices import notices_for
from assistant.ports import Embedder, Moderator, Prices, Reranker
from assistant.retrieve import Retrieved, Retriever
from assistant.rewrite import standalone
from assistant.run import Run
from assistant.standing import facts
from assistant.traces import Feedback, Ledger
from assistant.types import Ending, Filters, Hit, Principal, Question, RefusalReason, Reply, Trace
from assistant.under_way import UnderWay
from assistant.validate import validate, validate_query

P = ParamSpec("P")
T = TypeVar("T")


class Assistant:
    """Answers from evidence, or refuses. Computing runs in `pool`, so that nothing that waits stands behind it.

    `writer` writes with models; without one, answers are extracts. `seconds` is how long a question may take. `open` counts the questions
    that are being answered, `with_models` those of them that a model writes for at the moment.
    """

    def __init__(
        self,
        snapshots: Snapshots,
        embedder: Embedder,
        gate: Gate,
        ledger: Ledger,
        prices: Prices,
        pool: Executor,
        *,
        writer: Writer | None = None,
        reranker: Reranker | None = None,
        moderator: Moderator | None = None,
        budget: Budget = NO_LIMIT,
        seconds: float = 60.0,
    ) -> None:
        self.ledger = ledger
        self.open = 0
        self.with_models = 0
        self._warm = False
        self._snapshots = snapshots
        self._embedder = embedder
        self._retriever = Retriever(embedder, reranker)
        self._gate = gate
        self._prices = prices
        self._pool = pool
        self._writer = writer
        self._moderator = moderator
        self._budget = budget
        self._seconds = seconds
        self._under_way = UnderWay()
        self._recipe = f"{writer.recipe if writer else ''}, gate {gate.answerable_from}, {'reranked' if reranker else 'as found'}"
        if writer:
            ledger.keep_prompt(writer.prompts.version, writer.prompts.text)

    async def ask(self, question: Question, tell: Tell | None = None, origin: str | None = None) -> Reply:
        """`tell` is told of evidence and sentences as they come. `origin` is the trace that is asked again: nothing is recalled then.
        Raises InvalidRequest and IndexUnavailable; everything else that can become of a question is a reply. Who is cancelled leaves a
        trace, too, and what was paid."""
        trace_id = secrets.token_hex(12)
        account = Account(self.ledger, self._prices, self._budget, trace_id, question.principal.name)
        run = Run(question, trace_id, account, Deadline.of_question(self._seconds), tell, origin)
        self.open += 1
        async with run.turn:  # until the trace is written: only then whoever waits for this answer finds it
            try:
                reply = await self._reply(run)
            except BaseException as error:
                if run.account.calls:
                    self.ledger.record(self._trace(run, None, "cancelled" if isinstance(error, asyncio.CancelledError) else "failed"))
                raise
            finally:
                self.open -= 1
            await asyncio.wrap_future(self.ledger.record(self._trace(run, reply, reply.kind)))
        return reply

    async def search(self, query: str, principal: Principal, filters: Filters, k: int) -> Sequence[Hit]:
        """Raises InvalidRequest and IndexUnavailable."""
        validate_query(query, k, filters)
        return await self._compute(lambda: self._retriever.search(self._snapshots.current(), query, principal, filters, k))

    async def rate(self, feedback: Feedback) -> None:
        """Raises NotFound when there is no such trace."""
        await self._compute(self.ledger.rate, feedback)

    def snapshot(self) -> Snapshot:
        """The published generation; the first to meet a new one waits until it is open. Raises IndexUnavailable."""
        return self._snapshots.current()

    def missing(self) -> list[str]:
        """What there has to be and is not before a question can be answered and recorded, in words; nothing where all is there."""
        said = [] if self._warm else ["The embedding model is not loaded yet."]
        for needed in (self.snapshot, self.ledger.check):
            try:
                needed()
            except FootnoteError as error:
                said.append(str(error))
        return said

    async def warm_up(self) -> None:
        """Loads the embedding model and opens the index, so that the first question need not wait. Without an index there is none."""
        await self._compute(self._embedder.embed, ["warm up"])
        self._warm = True
        with suppress(IndexUnavailable):
            await self._compute(self._snapshots.current)

    async def _reply(self, run: Run) -> Reply:
        question, log = run.question, run.log
        with log.step("validate"):
            validate(question)
            snapshot = await self._compute(self._snapshots.current)
            run.generation = snapshot.generation
        with log.step("screen") as seen:
            stopped = await blocked(question.text, self._moderator, run.account, seen)
        if stopped:
            return self._composed(run, Outcome(reason=stopped))
        if (recalled := await self._recall(run)) is not None:
            return recalled
        with log.step("rewrite") as seen:
            run.standalone, seen["by"] = await self._written_out(run)
            seen["standalone"] = run.standalone
        with log.step("retrieve") as seen:
            found = await self._compute(self._retriever.retrieve, snapshot, run.standalone, question.principal, question.filters, run.day)
            seen |= found.seen()
        run.tell(Found(tuple(dict.fromkeys(Place.of(item.chunk) for item in found.material.evidence))))
        with log.step("gate") as seen:
            confidence, reason = await self._compute(self._judge, found, seen)
        if reason:
            return self._composed(run, Outcome(reason=reason), confidence, found.hits)
        outcome = await self._compared(run, found, await self._answer(run, found))
        return self._composed(run, await self._screened(run, outcome), confidence, found.hits)

    async def _recall(self, run: Run) -> Reply | None:
        """An answer that was paid for before, or is being paid for now. Extracts cost nothing, and what is asked again on purpose is to be
        answered anew."""
        if self._writer is None or run.origin:
            return None
        with run.log.step("recall") as seen:
            run.key = key_of(run.question, run.day, run.generation, self._recipe)
            await run.turn.enter_async_context(self._under_way.turn(run.key, run.deadline))
            stored = await self._compute(self.ledger.answered, run.key)
            seen["found"] = stored and stored["trace_id"]
        if stored is None:
            return None
        run.origin, run.standalone = stored["trace_id"], stored["standalone"]
        reply = again(stored["reply"], run.trace_id, self._prices.version, run.log.latency())
        run.repeat(reply)
        return reply

    async def _written_out(self, run: Run) -> tuple[str, str]:
        text, history = run.question.text, run.question.history
        if self._writer is None:
            return standalone(text, history), "rules"
        return await written_out(text, history, self._writer.first, self._writer.prompts.rewrite, run.account, run.deadline)

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

    async def _answer(self, run: Run, found: Retrieved) -> Outcome:
        if self._writer is None:
            return await self._extracts(run, found)
        say = run.say if run.heard and self._moderator is None else None  # what a moderator has not seen is not shown
        known = ((item.marker, facts(found.standings[item.chunk.source])) for item in found.material.evidence)
        told = {marker: fact for marker, fact in known if fact}
        self.with_models += 1
        try:
            return await answer_with_model(self._writer, found.material, told, Session(run.account, run.deadline, run.log, say))
        except ModelUnavailable as error:
            reason = error.reason
        finally:
            self.with_models -= 1
        return degraded(await self._extracts(run, found), reason)

    async def _extracts(self, run: Run, found: Retrieved) -> Outcome:
        return await self._compute(answer_in_extracts, found.material, self._embedder.embed, run.log)

    async def _compared(self, run: Run, found: Retrieved, outcome: Outcome) -> Outcome:
        """With what has to be said of the documents' times and contradictions."""
        if not outcome.statements:
            return outcome
        with run.log.step("compare") as seen:
            statements, notices = await self._compute(
                notices_for, found.material, found.aside, outcome.statements, found.standings, self._embedder.embed
            )
            seen |= {"notices": [notice.kind for notice in notices], "added": len(statements) - len(outcome.statements)}
        return replace(outcome, statements=statements, notices=(*outcome.notices, *notices))

    async def _screened(self, run: Run, outcome: Outcome) -> Outcome:
        if self._moderator is None or not outcome.statements:
            return outcome
        with run.log.step("screen") as seen:
            statements, reason = await sayable(outcome.statements, self._moderator, run.account, seen)
        return replace(outcome, statements=statements, reason=reason)

    def _composed(self, run: Run, outcome: Outcome, confidence: float | None = None, hits: Sequence[Hit] = ()) -> Reply:
        run.finish(outcome.statements)
        return Reply(
            kind="refusal" if outcome.reason else "answer",
            text=run.composer.text,
            confidence=confidence,
            citations=run.composer.citations,
            refusal=refusal(outcome.reason, hits) if outcome.reason else None,
            mode=outcome.mode,
            notices=tuple(run.composer.numbered(notice) for notice in outcome.notices),
            trace_id=run.trace_id,
            generation=run.generation,
            cost=cost_of(run.account.calls, self._prices.version),
            latency_ms=run.log.latency(),
        )

    def _trace(self, run: Run, reply: Reply | None, ending: Ending) -> Trace:
        return Trace(
            id=run.trace_id,
            created=datetime.now(UTC),
            question=run.question,
            standalone=run.standalone,
            outcome=ending,
            reply=reply,
            generation=run.generation,
            steps=tuple(run.log.steps),
            cost=cost_of(run.account.calls, self._prices.version),
            model=self._writer.first.name if self._writer else None,
            prompt=self._writer.prompts.version if self._writer else None,
            key=run.key if reply and worth_keeping(reply) else None,
            origin=run.origin,
            calls=tuple(run.account.calls),
        )

    async def _compute(self, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._pool, lambda: work(*args, **kwargs))
