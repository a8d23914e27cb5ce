"""Small makers of the core's values, so that a test names only what it is about."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from assistant.types import LOCAL, Call, Chunk, Citation, Cost, Document, Evidence, Hit, Question, Rate, Reply, Step, Trace, Usage

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


def document(source: str = "hr/leave.md", text: str = "Everyone has 25 days of leave.", groups: tuple[str, ...] = ()) -> Document:
    return Document(id=f"id-{source}", source=source, title="Leave", text=text, content_hash="0", updated=NOW, groups=groups)


def chunk(text: str = "Everyone has 25 days of leave.", source: str = "hr/leave.md", start: int = 0, groups: tuple[str, ...] = ()) -> Chunk:
    return Chunk(
        id=f"{source}:{start}",
        document_id=f"id-{source}",
        source=source,
        title="Leave",
        headings=("Annual leave",),
        start=start,
        end=start + len(text),
        text=text,
        groups=groups,
    )


def hit(of: Chunk | None = None, rank: int = 1, score: float = 0.9) -> Hit:
    return Hit(of or chunk(), score, rank, cosine=0.8, bm25=12.0)


def evidence(*chunks: Chunk) -> tuple[Evidence, ...]:
    return tuple(Evidence(marker, hit(of, marker)) for marker, of in enumerate(chunks or (chunk(),), 1))


def citation(marker: int = 1, quote: str = "25 days of leave", start: int = 13) -> Citation:
    return Citation(marker, "id-hr/leave.md", "hr/leave.md", "Leave", ("Annual leave",), None, start, start + len(quote), quote)


def call(
    usd: Decimal | None = Decimal("0.002"), model: str = "small", error: str | None = None, call_id: str = "c1", estimated: bool = False
) -> Call:
    rate = None if usd is None else Rate(Decimal(1), Decimal(1), Decimal(1))
    return Call(call_id, model, "openai", "answer", NOW, 120.0, Usage(100, 20), usd, rate, "prices 1", error, estimated)


def reply(trace_id: str = "t1", cost: Cost | None = None) -> Reply:
    return Reply(
        kind="answer",
        text="Everyone has 25 days of leave [1].",
        confidence=0.9,
        citations=(citation(),),
        refusal=None,
        mode="extractive",
        notices=(),
        trace_id=trace_id,
        generation="g1",
        cost=cost or Cost(Decimal(0), 0, 0, 0, "prices 1"),
        latency_ms={"total": 12.5},
    )


def trace(trace_id: str = "t1", cost: Cost | None = None, question: str = "How much leave?", **more: Any) -> Trace:
    steps = (Step("retrieve", 0.1, 2.0, {"kept": [{"source": "hr/leave.md"}]}),)
    said = reply(trace_id, cost)
    return Trace(trace_id, NOW, Question(question, LOCAL), question, "answer", said, "g1", steps, said.cost, **more)
