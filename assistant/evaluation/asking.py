"""Asks the questions of an evaluation, as their askers would, and judges each reply while the index it came from is open."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Callable, Mapping, Sequence

from assistant.answering import Assistant
from assistant.errors import FootnoteError
from assistant.evaluation.measures import Passage, judge, letters, scores
from assistant.evaluation.questions import Case
from assistant.evaluation.results import Judged, Result
from assistant.generation import Snapshot
from assistant.grounding_checks import SHORTEST_QUOTE, meaningful
from assistant.types import Principal, Reply

SEARCHED = 20
RANKED = 50

_MARK = re.compile(r"\[(\d+)\]")


async def ask_cases(
    assistant: Assistant, cases: Sequence[Case], prefix: str, at_once: int, progress: Callable[[int], None]
) -> tuple[Result, ...]:
    """One result a case, in their order. `prefix` is taken off every source; `at_once` questions are under way at a time, one for
    times that nothing else disturbs; `progress` is told how many are done. Raises FootnoteError where another generation was published
    meanwhile, because replies from two indexes have no common worth."""
    snapshot = assistant.snapshot()
    free, done = asyncio.Semaphore(at_once), 0

    async def one(case: Case) -> Result:
        nonlocal done
        async with free:
            result = await _asked(assistant, snapshot, case, prefix)
        done += 1
        progress(done)
        return result

    return tuple(await asyncio.gather(*(one(case) for case in cases)))


async def _asked(assistant: Assistant, snapshot: Snapshot, case: Case, prefix: str) -> Result:
    retrieval, milliseconds = await _searched(assistant, case, prefix) if case.answerable else ({}, None)
    reply = None
    if "qrels" not in case.gold:
        said = await assistant.ask(case.question)
        if said.generation != snapshot.generation:
            raise FootnoteError("Another generation was published while the questions were asked. Run this again.")
        reply = _judged(said, snapshot, case, prefix)
    return Result(case.id, case.line, case.question.text, case.answerable, case.digest, retrieval, milliseconds, reply)


async def _searched(assistant: Assistant, case: Case, prefix: str) -> tuple[dict[str, float], float]:
    """The measures, and the milliseconds of the search alone."""
    asked = case.question
    began = time.perf_counter()
    hits = await assistant.search(asked.text, asked.principal, asked.filters, RANKED if "qrels" in case.gold else SEARCHED)
    milliseconds = round((time.perf_counter() - began) * 1000, 2)
    found = [Passage(hit.chunk.source.removeprefix(prefix), hit.chunk.text) for hit in hits]
    return scores(case.gold, found), milliseconds


def _judged(reply: Reply, snapshot: Snapshot, case: Case, prefix: str) -> Judged:
    answered = reply.kind == "answer"
    quotes = [Passage(citation.source.removeprefix(prefix), citation.quote) for citation in reply.citations]
    worth = judge(case.gold, quotes, reply.text) if answered and case.answerable else {}
    return Judged(
        kind=reply.kind,
        text=reply.text,
        reason=reply.refusal.reason if reply.refusal else None,
        confidence=reply.confidence,
        right=_right(worth, case) if answered else None,
        precision=worth.get("precision"),
        recall=worth.get("recall"),
        cited=tuple(quote.source for quote in quotes),
        quote_characters=sum(len(quote.text) for quote in quotes),
        quotes_not_verbatim=not_verbatim(reply, snapshot, case.question.principal),
        wrong_marks=answered and wrong_marks(reply),
        usd=None if reply.cost.usd is None else float(reply.cost.usd),
        calls=reply.cost.calls,
        milliseconds=reply.latency_ms["total"],
    )


def _right(worth: Mapping[str, float], case: Case) -> bool | None:
    """Of an answer: wrong in any case where there is none to give."""
    if not case.answerable:
        return False
    return bool(worth["right"]) if "right" in worth else None


def not_verbatim(reply: Reply, snapshot: Snapshot, principal: Principal) -> int:
    """How many quotes do not stand at their place in the parsed text, or are too short to show anything."""
    wrong = 0
    for citation in reply.citations:
        document = snapshot.documents.get(citation.document_id, principal)
        stands = document is not None and document.text[citation.start : citation.end] == citation.quote
        wrong += not stands or meaningful(citation.quote) < SHORTEST_QUOTE
    return wrong


def wrong_marks(reply: Reply) -> bool:
    """Does the text bear other marks than there are citations, or end in words without a mark?"""
    marks = {int(mark) for mark in _MARK.findall(reply.text)}
    return marks != {citation.marker for citation in reply.citations} or bool(letters(_MARK.split(reply.text)[-1]))
