"""The ledger: one row a question, one a step, one a call to a model, in SQLite.

A background thread writes in batches and `record` returns when its batch is committed: thousands of questions share one commit, and
a reply that was sent has its trace, whatever happens to the process afterwards.
"""

from __future__ import annotations

import json
import queue
import sqlite3
import threading
from collections.abc import Iterable, Sequence
from concurrent.futures import Future
from contextlib import closing
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from assistant.errors import FootnoteError, NotFound
from assistant.types import Trace

_SCHEMA = """
CREATE TABLE IF NOT EXISTS traces (
    id TEXT PRIMARY KEY, created TEXT NOT NULL, principal TEXT NOT NULL, question TEXT NOT NULL, standalone TEXT NOT NULL,
    generation TEXT NOT NULL, kind TEXT NOT NULL, reason TEXT, mode TEXT NOT NULL, confidence REAL, milliseconds REAL NOT NULL,
    usd TEXT, calls INTEGER NOT NULL, input_tokens INTEGER NOT NULL, output_tokens INTEGER NOT NULL, reply TEXT NOT NULL
) STRICT;
CREATE INDEX IF NOT EXISTS traces_by_time ON traces (created, id);
CREATE TABLE IF NOT EXISTS steps (
    trace_id TEXT NOT NULL, position INTEGER NOT NULL, name TEXT NOT NULL, started REAL NOT NULL, milliseconds REAL NOT NULL,
    attributes TEXT NOT NULL, PRIMARY KEY (trace_id, position)
) STRICT;
CREATE TABLE IF NOT EXISTS calls (
    trace_id TEXT NOT NULL, position INTEGER NOT NULL, created TEXT NOT NULL, principal TEXT NOT NULL, provider TEXT NOT NULL,
    model TEXT NOT NULL, purpose TEXT NOT NULL, milliseconds REAL NOT NULL, input_tokens INTEGER, output_tokens INTEGER,
    cached_tokens INTEGER, reasoning_tokens INTEGER, usd TEXT, prices TEXT NOT NULL, error TEXT, PRIMARY KEY (trace_id, position)
) STRICT;
CREATE TABLE IF NOT EXISTS feedback (
    trace_id TEXT NOT NULL, created TEXT NOT NULL, principal TEXT NOT NULL, rating INTEGER NOT NULL, comment TEXT,
    PRIMARY KEY (trace_id, principal)
) STRICT;
"""
_TRACE = (
    "id, created, principal, question, standalone, generation, kind, reason, mode, confidence, "
    "milliseconds, usd, calls, input_tokens, output_tokens"
)
_BATCH = 200


@dataclass(frozen=True, slots=True)
class Feedback:
    """A thumb up (1) or down (-1) on a reply. One a principal and reply: a later one replaces it."""

    trace_id: str
    principal: str
    rating: int
    comment: str | None


Statement = tuple[str, Sequence[object]]
_Job = tuple[list[Statement], "Future[None]"]


class Ledger:
    """Writes and reads traces. Raises FootnoteError when the file cannot be used; `close` writes what is still waiting."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._jobs: queue.SimpleQueue[_Job | None] = queue.SimpleQueue()
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with closing(self._connect()) as db:
                db.executescript(_SCHEMA)
        except (OSError, sqlite3.DatabaseError) as error:
            raise FootnoteError(
                f"{path} cannot be used for traces: {error}. Move it away, or set FOOTNOTE_HOME to another folder."
            ) from error
        self._writer = threading.Thread(target=self._write, name="footnote-traces", daemon=True)
        self._writer.start()

    def close(self) -> None:
        self._jobs.put(None)
        self._writer.join()

    def record(self, trace: Trace) -> Future[None]:
        """Done when the trace is committed."""
        return self._submit(_statements(trace))

    def rate(self, feedback: Feedback) -> None:
        """Raises NotFound when there is no such trace."""
        self._summary(feedback.trace_id)
        now = datetime.now(UTC).isoformat()
        row = (feedback.trace_id, now, feedback.principal, feedback.rating, feedback.comment)
        self._submit([("INSERT OR REPLACE INTO feedback VALUES (?, ?, ?, ?, ?)", row)]).result()

    def recent(self, limit: int | None, before: tuple[str, str] | None = None, *, disliked: bool = False) -> list[dict[str, Any]]:
        """Summaries, the newest first, beginning behind `before`: a trace's `created` and `id`. `disliked`: only those with a thumb
        down."""
        wanted = ["(created, id) < (?, ?)"] if before else []
        wanted += ["id IN (SELECT trace_id FROM feedback WHERE rating < 0)"] if disliked else []
        where = f"WHERE {' AND '.join(wanted)}" if wanted else ""
        most = -1 if limit is None else limit
        return self._priced(f"SELECT {_TRACE} FROM traces {where} ORDER BY created DESC, id DESC LIMIT ?", (*(before or ()), most))

    def trace(self, trace_id: str) -> dict[str, Any]:
        """Everything about one question. Raises NotFound."""
        summary = self._summary(trace_id)
        reply = self._rows("SELECT reply FROM traces WHERE id = ?", (trace_id,))[0]["reply"]
        steps = self._rows("SELECT name, started, milliseconds, attributes FROM steps WHERE trace_id = ? ORDER BY position", (trace_id,))
        calls = self._priced("SELECT * FROM calls WHERE trace_id = ? ORDER BY position", (trace_id,))
        feedback = self._rows("SELECT created, principal, rating, comment FROM feedback WHERE trace_id = ?", (trace_id,))
        return summary | {
            "reply": json.loads(reply),
            "steps": [step | {"attributes": json.loads(step["attributes"])} for step in steps],
            "calls": [{key: value for key, value in call.items() if key not in ("trace_id", "position")} for call in calls],
            "feedback": feedback,
        }

    def calls(self) -> list[dict[str, Any]]:
        """Every call, with what `costs` needs of it."""
        return self._rows("SELECT substr(created, 1, 10) AS day, provider, model, input_tokens, output_tokens, usd, error FROM calls")

    def count(self) -> int:
        """How many questions there are."""
        return int(self._rows("SELECT count(*) AS questions FROM traces")[0]["questions"])

    def _summary(self, trace_id: str) -> dict[str, Any]:
        rows = self._priced(f"SELECT {_TRACE} FROM traces WHERE id = ?", (trace_id,))
        if not rows:
            raise NotFound(f"There is no trace {trace_id}.")
        return rows[0]

    def _rows(self, statement: str, values: Sequence[object] = ()) -> list[dict[str, Any]]:
        with closing(self._connect()) as db:
            return [dict(row) for row in db.execute(statement, values)]

    def _priced(self, statement: str, values: Sequence[object] = ()) -> list[dict[str, Any]]:
        """Rows to be shown: dollars are kept as exact text and shown as a number."""
        return [row | {"usd": None if row["usd"] is None else float(row["usd"])} for row in self._rows(statement, values)]

    def _submit(self, statements: list[Statement]) -> Future[None]:
        done: Future[None] = Future()
        self._jobs.put((statements, done))
        return done

    def _connect(self) -> sqlite3.Connection:
        db = sqlite3.connect(self._path, timeout=10)
        db.row_factory = sqlite3.Row
        db.execute("PRAGMA journal_mode = WAL")
        db.execute("PRAGMA synchronous = NORMAL")
        return db

    def _write(self) -> None:
        with closing(self._connect()) as db:
            while (job := self._jobs.get()) is not None:
                batch, more = self._gather(job)
                _commit(db, batch)
                if not more:
                    return

    def _gather(self, first: _Job) -> tuple[list[_Job], bool]:
        """What waits, up to a batch; False when the end was asked for."""
        batch = [first]
        while len(batch) < _BATCH:
            try:
                job = self._jobs.get_nowait()
            except queue.Empty:
                break
            if job is None:
                return batch, False
            batch.append(job)
        return batch, True


def _commit(db: sqlite3.Connection, batch: Iterable[_Job]) -> None:
    jobs = list(batch)
    try:
        with db:
            for statements, _ in jobs:
                for statement, values in statements:
                    db.execute(statement, values)
    except sqlite3.Error as error:
        for _, done in jobs:
            done.set_exception(FootnoteError(f"The trace cannot be written: {error}. Check the disk that holds FOOTNOTE_HOME."))
    else:
        for _, done in jobs:
            done.set_result(None)


def _statements(trace: Trace) -> list[Statement]:
    reply, cost = trace.reply, trace.reply.cost
    created = trace.created.isoformat()
    row = (
        trace.id,
        created,
        trace.principal,
        trace.question,
        trace.standalone,
        reply.generation,
        reply.kind,
        reply.refusal.reason if reply.refusal else None,
        reply.mode,
        reply.confidence,
        reply.latency_ms["total"],
        None if cost.usd is None else str(cost.usd),
        cost.calls,
        cost.input_tokens,
        cost.output_tokens,
        _json(asdict(reply)),
    )
    statements: list[Statement] = [(f"INSERT INTO traces VALUES ({', '.join('?' * len(row))})", row)]
    for position, step in enumerate(trace.steps):
        values = (trace.id, position, step.name, step.started, step.milliseconds, _json(step.attributes))
        statements.append(("INSERT INTO steps VALUES (?, ?, ?, ?, ?, ?)", values))
    for position, call in enumerate(trace.calls):
        usage = call.usage
        tokens = (usage.input_tokens, usage.output_tokens, usage.cached_tokens, usage.reasoning_tokens) if usage else (None,) * 4
        usd = None if call.usd is None else str(call.usd)
        head = (trace.id, position, created, trace.principal, call.provider, call.model, call.purpose, call.milliseconds)
        statements.append((f"INSERT INTO calls VALUES ({', '.join('?' * 15)})", (*head, *tokens, usd, call.prices, call.error)))
    return statements


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, default=lambda other: float(other) if isinstance(other, Decimal) else str(other))
