"""The tables of the ledger, and what a trace and a call look like in them.

A call has its row before the request is made, so that it is booked whatever happens to the process; it is replaced when the call ends.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from decimal import Decimal

from assistant.masking import masked
from assistant.types import Call, Trace

VERSION = 2
SCHEMA = f"""
CREATE TABLE IF NOT EXISTS traces (
    id TEXT PRIMARY KEY, created TEXT NOT NULL, principal TEXT NOT NULL, groups TEXT, question TEXT NOT NULL, standalone TEXT NOT NULL,
    filters TEXT NOT NULL, as_of TEXT, generation TEXT NOT NULL, model TEXT, prompt TEXT, outcome TEXT NOT NULL, kind TEXT, reason TEXT,
    mode TEXT, confidence REAL, milliseconds REAL NOT NULL, usd TEXT, estimated INTEGER NOT NULL, calls INTEGER NOT NULL,
    input_tokens INTEGER NOT NULL, output_tokens INTEGER NOT NULL, reply TEXT NOT NULL, cache_key TEXT, origin TEXT
) STRICT;
CREATE INDEX IF NOT EXISTS traces_by_time ON traces (created, id);
CREATE INDEX IF NOT EXISTS traces_by_principal ON traces (principal, created, id);
CREATE INDEX IF NOT EXISTS traces_by_key ON traces (cache_key) WHERE cache_key IS NOT NULL;
CREATE TABLE IF NOT EXISTS steps (
    trace_id TEXT NOT NULL, position INTEGER NOT NULL, name TEXT NOT NULL, started REAL NOT NULL, milliseconds REAL NOT NULL,
    attributes TEXT NOT NULL, PRIMARY KEY (trace_id, position)
) STRICT;
CREATE TABLE IF NOT EXISTS calls (
    id TEXT PRIMARY KEY, trace_id TEXT NOT NULL, created TEXT NOT NULL, principal TEXT NOT NULL, provider TEXT NOT NULL,
    model TEXT NOT NULL, purpose TEXT NOT NULL, milliseconds REAL NOT NULL, input_tokens INTEGER, output_tokens INTEGER,
    cached_tokens INTEGER, reasoning_tokens INTEGER, rate TEXT, usd TEXT, estimated INTEGER NOT NULL, prices TEXT NOT NULL, error TEXT,
    outcome TEXT
) STRICT;
CREATE INDEX IF NOT EXISTS calls_by_time ON calls (created);
CREATE INDEX IF NOT EXISTS calls_by_trace ON calls (trace_id);
CREATE TABLE IF NOT EXISTS feedback (
    trace_id TEXT NOT NULL, created TEXT NOT NULL, principal TEXT NOT NULL, rating INTEGER NOT NULL, comment TEXT,
    PRIMARY KEY (trace_id, principal)
) STRICT;
CREATE TABLE IF NOT EXISTS prompts (hash TEXT PRIMARY KEY, created TEXT NOT NULL, text TEXT NOT NULL) STRICT;
PRAGMA user_version = {VERSION};
"""
SUMMARY = (
    "id, created, principal, question, standalone, as_of, generation, model, prompt, outcome, kind, reason, mode, confidence, "
    "milliseconds, usd, estimated, calls, input_tokens, output_tokens, origin"
)

Statement = tuple[str, Sequence[object]]
Mask = Callable[[str], str]


def call_statement(call: Call, trace_id: str, principal: str) -> Statement:
    usage = call.usage
    tokens = (usage.input_tokens, usage.output_tokens, usage.cached_tokens, usage.reasoning_tokens) if usage else (None,) * 4
    head = (call.id, trace_id, call.created.isoformat(), principal, call.provider, call.model, call.purpose, round(call.milliseconds, 2))
    rate = None if call.rate is None else to_json({name: str(dollars) for name, dollars in asdict(call.rate).items()})
    usd = None if call.usd is None else str(call.usd)
    tail = (rate, usd, int(call.estimated), call.prices, call.error, None)
    return f"INSERT OR REPLACE INTO calls VALUES ({', '.join('?' * 18)})", (*head, *tokens, *tail)


def trace_statements(trace: Trace, mask: Mask) -> list[Statement]:
    """`mask` is applied to every text that somebody wrote: an answer whose texts it changed is not to be given again."""
    row = _trace_row(trace, mask)
    statements: list[Statement] = [(f"INSERT INTO traces VALUES ({', '.join('?' * len(row))})", row)]
    for position, step in enumerate(trace.steps):
        values = (trace.id, position, step.name, step.started, step.milliseconds, to_json(masked(step.attributes, mask, _NO_PROSE)))
        statements.append(("INSERT INTO steps VALUES (?, ?, ?, ?, ?, ?)", values))
    statements.append(("UPDATE calls SET outcome = ? WHERE trace_id = ?", (_outcome(trace), trace.id)))
    return statements


def _trace_row(trace: Trace, mask: Mask) -> tuple[object, ...]:
    question, reply = trace.question, trace.reply
    who = question.principal
    stored = to_json(asdict(reply)) if reply else "null"
    shown = to_json(masked(asdict(reply), mask, _NO_PROSE)) if reply else "null"
    cost = trace.cost
    return (
        trace.id,
        trace.created.isoformat(),
        who.name,
        None if who.reads_all else to_json(sorted(who.groups)),
        mask(question.text),
        mask(trace.standalone),
        to_json(question.filters.sources),
        question.as_of and question.as_of.isoformat(),
        trace.generation,
        trace.model,
        trace.prompt,
        _outcome(trace),
        reply.kind if reply else None,
        reply.refusal.reason if reply and reply.refusal else None,
        reply.mode if reply else None,
        reply.confidence if reply else None,
        reply.latency_ms["total"] if reply else max((step.started + step.milliseconds for step in trace.steps), default=0.0),
        None if cost.usd is None else str(cost.usd),
        int(cost.estimated),
        cost.calls,
        cost.input_tokens,
        cost.output_tokens,
        shown,
        trace.key if shown == stored else None,
        trace.origin,
    )


def _outcome(trace: Trace) -> str:
    """The reason of a refusal says more than that it was one."""
    return trace.reply.refusal.reason if trace.reply and trace.reply.refusal else trace.outcome


# What names a thing of ours, and would name none any more if something in it were taken for a telephone number.
_NO_PROSE = frozenset({"source", "document_id", "trace_id", "generation", "prices", "kind", "mode", "reason", "url", "model"})


def now() -> datetime:
    return datetime.now(UTC)


def to_json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, default=lambda other: float(other) if isinstance(other, Decimal) else str(other))
