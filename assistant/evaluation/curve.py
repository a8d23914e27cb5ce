"""The risk-coverage curve: what more refusals would buy (El-Yaniv and Wiener, 2010, On the Foundations of Noise-free Selective
Classification)."""

from __future__ import annotations

from collections.abc import Sequence

from assistant.evaluation.results import Point, Result


def risk_coverage(results: Sequence[Result]) -> tuple[Point, ...]:
    """One point for each confidence at which answers were given, the surest first; the last is the operating point: what is answered today.

    At a point, only the answers with at least its confidence are given and all other questions are refused.

    coverage  the answerable questions that are answered then, as a share of all answerable questions
    risk      the wrong answers among those given then; wrong is every answer to a question that has none, and one that is not right

    The first paper takes coverage over all questions. Here a refusal where there is no answer is a merit, so it is taken over those
    that have one: 1 is the best there is. Answers that cannot be judged are left out. Of questions that are refused today nobody knows
    what the answer would be, so the curve ends at today's threshold. Empty where no question is answerable.
    """
    known = [result for result in results if result.reply and result.points is not None]
    answerable = sum(result.answerable for result in known)
    if not answerable:
        return ()
    given = [(reply.confidence or 0.0, result) for result in known if (reply := result.reply) and reply.kind == "answer"]
    return tuple(_point(confidence, given, answerable) for confidence in sorted({confidence for confidence, _ in given}, reverse=True))


def _point(confidence: float, given: Sequence[tuple[float, Result]], answerable: int) -> Point:
    kept = [result for sure, result in given if sure >= confidence]
    wrong = sum(result.points == -1 for result in kept)
    return Point(round(confidence, 4), round(sum(r.answerable for r in kept) / answerable, 4), round(wrong / len(kept), 4), len(kept))
