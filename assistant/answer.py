"""Writes the answer from the evidence: the documents' own sentences, or a model's, each grounded before it is said."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace

from assistant.draft import Draft
from assistant.errors import ModelFailed, ModelUnavailable
from assistant.extract import Embed, extract
from assistant.ground import ground
from assistant.model_calls.account import Account, reckoned
from assistant.model_calls.caller import Caller, Request
from assistant.model_calls.deadline import Deadline
from assistant.prompting import Prompts, ask_for_claims
from assistant.reply_reader import REPLY_SCHEMA
from assistant.retrieve import Material
from assistant.steps import StepLog
from assistant.types import Evidence, Mode, Notice, RefusalReason, Statement

DEGRADED: Mapping[str, Notice] = {
    "model_unavailable": Notice("degraded", "The model could not be reached; these are the documents' own sentences."),
    "budget_exceeded": Notice("degraded", "The budget for answers is used up for today; these are the documents' own sentences."),
}
BROKEN_OFF = Notice("degraded", "The model broke off; there may be more to say.")
CUT_OFF = Notice("degraded", "The model's answer was cut off at its limit; there may be more to say.")
_INCOMPLETE = {"broken": (BROKEN_OFF,), "cut": (CUT_OFF,)}

# Of the best score: the last pieces of evidence under it are not shown to a model. Chosen by bench/evidence_budget.py: on seven public
# sets 0.75 loses 0.2 points of the gold evidence, 0.8 loses 1.7.
FLOOR = 0.75

Say = Callable[[Statement], None]


@dataclass(frozen=True, slots=True)
class Outcome:
    """Statements that may be said, or why nothing is."""

    statements: tuple[Statement, ...] = ()
    reason: RefusalReason | None = None
    mode: Mode = "extractive"
    notices: tuple[Notice, ...] = ()


@dataclass(frozen=True, slots=True)
class Writer:
    """How models write answers: `first` is asked, and `second` where nothing of what it wrote could be said. `evidence_tokens` bounds what
    they are shown, `most_tokens` what they may write."""

    first: Caller
    second: Caller
    prompts: Prompts
    evidence_tokens: int
    most_tokens: int

    @property
    def recipe(self) -> str:
        """Names all that decides what is written, for the cache."""
        return f"{self.first.names}, {self.second.names}, {self.prompts.version}, {FLOOR}, {self.evidence_tokens}, {self.most_tokens}"


@dataclass(frozen=True, slots=True)
class Session:
    """What one question has: its account and time, its steps, and who hears sentences as soon as they are proven (None: nobody)."""

    account: Account
    deadline: Deadline
    log: StepLog
    say: Say | None = None


def answer_in_extracts(material: Material, embed: Embed, log: StepLog) -> Outcome:
    with log.step("answer") as seen:
        claims = extract(material.question, material.evidence, material.stats, material.analyzer, material.vector, embed)
        seen["claims"] = len(claims)
    with log.step("ground") as seen:
        grounding = ground(claims, material.evidence, material.question)
        seen["statements"] = len(grounding.statements)
        seen["dropped"] = [{"text": dropped.claim.text, "reason": dropped.reason} for dropped in grounding.dropped]
    return Outcome(grounding.statements) if grounding.statements else Outcome(reason="insufficient_evidence")


async def answer_with_model(writer: Writer, material: Material, facts: Mapping[int, str], session: Session) -> Outcome:
    """Asks once more, with what was wrong, where nothing of the first reply can be said. Raises ModelUnavailable where no model gave a
    reply that can be read."""
    evidence = within(writer.evidence_tokens, material.evidence)
    objection: str | None = None
    for caller in (writer.first, writer.second):
        draft = Draft(material.question, evidence, material.rare, session.say)
        messages = ask_for_claims(writer.prompts.answer, material.question, evidence, facts, objection)
        request = Request(messages, "repair" if objection else "answer", writer.most_tokens, REPLY_SCHEMA)
        ended = await _write(caller, request, draft, session)
        if draft.statements:
            return Outcome(tuple(draft.statements), mode="model", notices=_INCOMPLETE.get(ended, ()))
        unusable = draft.verdict(ended)
        if not draft.claims and unusable is None:
            return Outcome(reason="insufficient_evidence", mode="model")
        objection = draft.objection or (unusable.objection if unusable else None)
    if draft.claims:
        return Outcome(reason="ungrounded", mode="model")
    raise ModelUnavailable(f"{caller.name} gave no reply that can be read, twice. Try again, or set FOOTNOTE_MODEL to another model.")


def degraded(outcome: Outcome, reason: RefusalReason) -> Outcome:
    """Extracts in a model's place, marked as such; where there are none either, why no model was asked is the reason."""
    if not outcome.statements:
        return replace(outcome, reason=reason)
    return replace(outcome, notices=(DEGRADED[reason],))


def within(most_tokens: int, evidence: tuple[Evidence, ...], floor: float = FLOOR) -> tuple[Evidence, ...]:
    """The best of the evidence, as much as the tokens allow, without the last pieces that all score under `floor` of the best; one piece
    in any case. None is left out from among others: where a question has parts, or a reranker orders, scores rise again."""
    best = max((item.hit.score for item in evidence), default=0.0)
    near = max((count for count, item in enumerate(evidence, 1) if item.hit.score >= floor * best), default=0)
    kept: list[Evidence] = []
    tokens = 0
    for item in evidence[:near]:
        tokens += reckoned(len(item.chunk.indexed_text))
        if kept and tokens > most_tokens:
            break
        kept.append(item)
    return tuple(kept)


async def _write(caller: Caller, request: Request, draft: Draft, session: Session) -> str:
    """Has a reply written into the draft; how it ended, `broken` where that was in the middle of what was said already."""
    with session.log.step("answer") as seen:
        seen |= {"model": caller.name, "prompt": request.messages[-1].content}
        try:
            completion = await caller.ask(request, session.account, session.deadline, draft if session.say else None)
        except ModelUnavailable as error:
            seen["unavailable"] = str(error)
            raise
        except ModelFailed as error:
            seen["broken"] = error.error
            ended = "broken"
        else:
            ended = completion.ended
            if session.say is None:
                draft.hear(completion.text)
        seen |= {"ended": ended, "claims": [asdict(claim) for claim in draft.claims]}
    session.log.note("ground", draft.milliseconds, {"statements": len(draft.statements), "dropped": draft.reasons})
    return ended
