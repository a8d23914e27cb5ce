"""Small makers of evaluations, and evaluations as they may come."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from hypothesis import strategies as st

from assistant.evaluation.curve import risk_coverage
from assistant.evaluation.results import Conditions, Evaluation, Judged, Result
from assistant.evaluation.summary import reasons, summarise
from assistant.types import Kind

CONDITIONS = Conditions(
    "2026-11-22T12:00:00+00:00", "questions", "0.1.0", "g1", "fake@1", "0 of 2026", None, None, "question", False, False, "", 0, None
)


def judged(kind: Kind = "answer", **more: Any) -> Judged:
    plain = {
        "kind": kind,
        "text": "Everyone has 25 days of leave [1]." if kind == "answer" else "",
        "reason": None if kind == "answer" else "insufficient_evidence",
        "confidence": 0.8,
        "right": None,
        "precision": None,
        "recall": None,
        "cited": ("hr/leave.md",) if kind == "answer" else (),
        "quote_characters": 20 if kind == "answer" else 0,
        "quotes_not_verbatim": 0,
        "wrong_marks": False,
        "usd": 0.0,
        "calls": 0,
        "milliseconds": 12.0,
    }
    return Judged(**(plain | more))


def result(name: str, answerable: bool, reply: Judged | None, retrieval: dict[str, float] | None = None, digest: str = "0") -> Result:
    return Result(name, 1, f"Question {name}?", answerable, digest, retrieval or {}, 2.0 if retrieval else None, reply)


def evaluated(rows: Sequence[Result], **conditions: Any) -> Evaluation:
    made_on = Conditions(**({name: getattr(CONDITIONS, name) for name in Conditions.__slots__} | conditions))
    return Evaluation(made_on, summarise(rows), reasons(rows), risk_coverage(rows), (), (), tuple(rows))


SHARES = st.sampled_from([0.0, 0.25, 0.5, 1.0])


@st.composite
def _result(draw: st.DrawFn, name: str = "") -> Result:
    answerable = draw(st.booleans())
    found = {measure: draw(SHARES) for measure in ("evidence@4000c", "mrr@10")} if answerable and draw(st.booleans()) else {}
    if draw(st.booleans()):
        return result(name, answerable, judged("refusal", confidence=draw(st.none() | SHARES)), found)
    right = draw(st.none() | st.booleans()) if answerable else False
    shares = {part: draw(SHARES) if found else None for part in ("precision", "recall")}
    return result(name, answerable, judged("answer", right=right, confidence=draw(SHARES), **shares), found)


@st.composite
def _results(draw: st.DrawFn) -> list[Result]:
    return [draw(_result(str(number))) for number in range(draw(st.integers(0, 12)))]


results = _results()
