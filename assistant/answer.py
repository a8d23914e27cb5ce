"""Writes the answer from the evidence: the documents' own sentences, or a model's, each grounded before it is said."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace

from assistant.errors import ModelUnavailable
from assistant.extract import Embed, extract
from assistant.ground import Dropped, Grounding, ground
from assistant.ports import ChatModel, ModelAnswer, Vector
from assistant.retrieval.analysis import Analyzer
from assistant.retrieval.search import QueryStats
from assistant.steps import StepLog
from assistant.types import Call, Claim, Evidence, Mode, Notice, RefusalReason, Statement

TRIES = 2
DEGRADED = Notice("degraded", "The model could not be reached; these are the documents' own sentences.")


@dataclass(frozen=True, slots=True)
class Outcome:
    """Statements that may be said, or why nothing is."""

    statements: tuple[Statement, ...] = ()
    reason: RefusalReason | None = None
    mode: Mode = "extractive"
    notices: tuple[Notice, ...] = ()
    calls: tuple[Call, ...] = ()


@dataclass(frozen=True, slots=True)
class Material:
    """What an answer is made from. `vector` is the question's."""

    question: str
    vector: Vector
    evidence: tuple[Evidence, ...]
    stats: QueryStats
    analyzer: Analyzer


def answer_in_extracts(material: Material, embed: Embed, log: StepLog) -> Outcome:
    with log.step("answer") as seen:
        claims = extract(material.question, material.evidence, material.stats, material.analyzer, material.vector, embed)
        seen["claims"] = len(claims)
    grounding = _ground(claims, material.evidence, log)
    return Outcome(grounding.statements) if grounding.statements else Outcome(reason="insufficient_evidence")


async def answer_with_model(model: ChatModel, material: Material, log: StepLog) -> Outcome:
    """Asks once more, with what was wrong, where nothing of the first answer is grounded. Raises ModelUnavailable with every call."""
    calls: tuple[Call, ...] = ()
    objection: str | None = None
    for _ in range(TRIES):
        proposal = await _propose(model, material, objection, calls, log)
        calls += proposal.calls
        if not proposal.claims:
            return Outcome(reason="insufficient_evidence", mode="model", calls=calls)
        grounding = _ground(proposal.claims, material.evidence, log)
        if grounding.statements:
            return Outcome(grounding.statements, mode="model", calls=calls)
        objection = _objection(grounding.dropped)
    return Outcome(reason="ungrounded", mode="model", calls=calls)


def degraded(outcome: Outcome, calls: tuple[Call, ...]) -> Outcome:
    """Extracts in a model's place, marked as such; where there are none either, the model's absence is the reason."""
    reason: RefusalReason | None = None if outcome.statements else "model_unavailable"
    return replace(outcome, reason=reason, notices=(DEGRADED,) if outcome.statements else (), calls=calls)


async def _propose(model: ChatModel, material: Material, objection: str | None, before: tuple[Call, ...], log: StepLog) -> ModelAnswer:
    with log.step("answer") as seen:
        seen["model"] = model.name
        try:
            proposal = await model.answer(material.question, material.evidence, objection)
        except ModelUnavailable as error:
            seen["unavailable"] = str(error)
            raise ModelUnavailable(str(error), before + error.calls) from error
        seen["prompt"], seen["claims"] = proposal.prompt, [asdict(claim) for claim in proposal.claims]
    return proposal


def _ground(claims: Sequence[Claim], evidence: Sequence[Evidence], log: StepLog) -> Grounding:
    with log.step("ground") as seen:
        grounding = ground(claims, evidence)
        seen["statements"] = len(grounding.statements)
        seen["dropped"] = [{"text": dropped.claim.text, "reason": dropped.reason} for dropped in grounding.dropped]
    return grounding


def _objection(dropped: Sequence[Dropped]) -> str:
    return " ".join(f"«{item.claim.text}»: {item.reason}." for item in dropped)
