"""The measures of a whole evaluation, by name."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial

from assistant.evaluation.measures import auroc, mean, percentile
from assistant.evaluation.results import Judged, Result

RETRIEVAL = ("evidence@4000c", "evidence@1", "evidence@5", "evidence@10", "mrr@10", "document@5", "ndcg@10")
# Of answers; each is a mean over the questions that it is defined for.
WORTH = ("truthfulness", "answer_rate", "right_when_answered", "refusal_rate", "citation_precision", "citation_recall")
MEANS = (*RETRIEVAL, *WORTH)

Summary = Callable[[Sequence[Result]], float]


def values(result: Result) -> dict[str, float]:
    """What one question adds to each mean of MEANS that it is counted in."""
    return result.retrieval | dict(_values(result))


def _values(result: Result) -> Iterator[tuple[str, float]]:
    reply = result.reply
    if reply is None:
        return
    if result.points is not None:
        yield "truthfulness", result.points
    if not result.answerable:
        yield "refusal_rate", float(reply.kind == "refusal")
        return
    yield "answer_rate", float(reply.kind == "answer")
    if reply.right is not None:
        yield "right_when_answered", float(reply.right)
    if reply.precision is not None and reply.recall is not None:
        yield "citation_precision", reply.precision
        yield "citation_recall", reply.recall


def counted_in(name: str, results: Sequence[Result]) -> int:
    """How many questions a mean is taken over."""
    return sum(name in values(result) for result in results)


def summarise(results: Sequence[Result]) -> dict[str, float | None]:
    """Every measure of MEASURES, to four digits, dollars to six; None where there was nothing to measure."""
    found = {name: summary(results) for name, summary in MEASURES.items()}
    return {name: None if math.isnan(value) else round(value, 6 if name == "cost_usd" else 4) for name, value in found.items()}


def reasons(results: Sequence[Result]) -> dict[str, int]:
    """How many questions were refused for each reason, the most frequent first."""
    return dict(Counter(reply.reason for reply in _replies(results) if reply.reason).most_common())


def _replies(results: Sequence[Result], kind: str = "") -> list[Judged]:
    return [result.reply for result in results if result.reply and (not kind or result.reply.kind == kind)]


def _mean(name: str, results: Sequence[Result]) -> float:
    return mean(worth[name] for worth in map(values, results) if name in worth)


def _auroc(results: Sequence[Result]) -> float:
    """Where nothing at all was found there is no confidence to compare."""
    sure = [(r.answerable, r.reply.confidence) for r in results if r.reply and r.reply.confidence is not None]
    return auroc([c for answerable, c in sure if answerable], [c for answerable, c in sure if not answerable])


def _refusing_all(results: Sequence[Result]) -> float:
    """The truthfulness of somebody who always refuses."""
    return mean(float(not result.answerable) for result in results if result.reply)


def _of_answers(measured: Callable[[Judged], float], results: Sequence[Result]) -> float:
    """A count over the answers; not a number where nothing was asked."""
    return sum(measured(reply) for reply in _replies(results, "answer")) if _replies(results) else math.nan


def _of_replies(measured: Callable[[Judged], float], results: Sequence[Result]) -> float:
    return sum(measured(reply) for reply in _replies(results)) if _replies(results) else math.nan


def _quote_characters(share: int, results: Sequence[Result]) -> float:
    return percentile([reply.quote_characters for reply in _replies(results, "answer")], share)


def _search_ms(share: int, results: Sequence[Result]) -> float:
    return percentile([result.search_ms for result in results if result.search_ms is not None], share)


def _ask_ms(share: int, results: Sequence[Result]) -> float:
    return percentile([reply.milliseconds for reply in _replies(results)], share)


MEASURES: Mapping[str, Summary] = {
    **{name: partial(_mean, name) for name in MEANS},
    "truthfulness_refuse_all": _refusing_all,
    "auroc": _auroc,
    "quotes": partial(_of_answers, lambda reply: len(reply.cited)),
    "quotes_not_verbatim": partial(_of_answers, lambda reply: reply.quotes_not_verbatim),
    "answers_without_citation": partial(_of_answers, lambda reply: not reply.cited),
    "answers_with_wrong_marks": partial(_of_answers, lambda reply: reply.wrong_marks),
    "refusals_that_cite": partial(_of_replies, lambda reply: reply.kind == "refusal" and bool(reply.cited)),
    "quote_characters_p50": partial(_quote_characters, 50),
    "quote_characters_p95": partial(_quote_characters, 95),
    "search_ms_p50": partial(_search_ms, 50),
    "search_ms_p95": partial(_search_ms, 95),
    "ask_ms_p50": partial(_ask_ms, 50),
    "ask_ms_p95": partial(_ask_ms, 95),
    "cost_usd": partial(_of_replies, lambda reply: reply.usd or 0.0),
    "cost_unknown": partial(_of_replies, lambda reply: reply.usd is None),
    "calls": partial(_of_replies, lambda reply: reply.calls),
}
