"""The ledger: one row a question, one a step, one a call to a model, in SQLite.

A background thread writes in batches and `record` returns when its batch is committed: thousands of questions share one commit, and
a reply that was sent has its trace, whatever happens to the process afterwards. What is handed over first is written first. Whoever
listens is told of each trace when it is committed.
"""

from __future__ import annotations

import json
import queue
import sqlite3
import threading
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future, wait
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Any

from assistant.errors import FootnoteError, NotFound
from assistant.trace_rows import SCHEMA, SUMMARY, VERSION, Statement, call_statement, now, trace_statements
from assistant.types import Call, Trace

_BATCH = 200
_PATIENCE = 2.0


@dataclass(frozen=True, slots=True)
class Feedback:
    """A thumb up (1) or down (-1) on a reply. One a principal and reply: a later one replaces it."""

    trace_id: str
    principal: str
    rating: int
    comment: str | None


Listener = Callable[[Trace], None]
_Job = tuple[Callable[[], list[Statement]], "Future[None]"]


class Ledger:
    """Writes and reads traces. Raises FootnoteError when the file cannot be used; `close` writes what is still waiting.

    `mask` is applied to what people and models wrote before it is stored.
    """

    def __init__(self, path: Path, mask: Callable[[str], str] = str) -> None:
        self.path = path
        self._mask = mask
        self._listeners: list[Listener] = []
        self._jobs: queue.SimpleQueue[_Job | None] = queue.SimpleQueue()
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with closing(self._connect()) as db:
                _make(db, path)
        except (OSError, sqlite3.DatabaseError) as error:
            raise FootnoteError(
                f"{path} cannot be used for traces: {error}. Move it away, or set FOOTNOTE_HOME to another folder."
            ) from error
        self._writer = threading.Thread(target=self._write, name="footnote-traces", daemon=True)
        self._writer.start()

    def close(self) -> None:
        self._jobs.put(None)
        self._writer.join()

    def listen(self, listener: Listener) -> None:
        """It is called with every trace from now on, as it was asked and answered (nothing is masked), when that is committed, and before
        whoever waits for it goes on: let it be quick. What it raises is logged and harms nobody."""
        self._listeners.append(listener)

    def settle(self) -> None:
        """Returns when everything that was handed over is written, or could not be, and who listens was told."""
        wait([self._submit(list)])

    def check(self, patience: float = _PATIENCE) -> None:
        """Raises FootnoteError where nothing can be written, or not within the seconds of `patience`."""
        try:
            self._submit(lambda: [(f"PRAGMA user_version = {VERSION}", ())]).result(patience)
        except TimeoutError:
            raise FootnoteError(f"{self.path} is busy: nothing could be written for {patience:g} seconds.") from None

    def book(self, call: Call, trace_id: str, principal: str) -> Future[None]:
        """A call of a question, before it is made and again when it has ended. Done when it is committed."""
        return self._submit(lambda: [call_statement(call, trace_id, principal)])

    def record(self, trace: Trace) -> Future[None]:
        """Done when the trace is committed, and every call that was booked before."""
        done = self._submit(lambda: trace_statements(trace, self._mask))
        for listener in self._listeners:
            done.add_done_callback(partial(_tell, listener, trace))
        return done

    def keep_prompt(self, digest: str, text: str) -> None:
        """What the hash in a trace stands for, so that the question can be asked again when the prompt is another one."""
        row = (digest, now().isoformat(), text)
        self._submit(lambda: [("INSERT OR IGNORE INTO prompts VALUES (?, ?, ?)", row)])

    def rate(self, feedback: Feedback) -> None:
        """Raises NotFound when there is no such trace of this principal's."""
        self._summary(feedback.trace_id, feedback.principal)
        comment = None if feedback.comment is None else self._mask(feedback.comment)
        row = (feedback.trace_id, now().isoformat(), feedback.principal, feedback.rating, comment)
        self._submit(lambda: [("INSERT OR REPLACE INTO feedback VALUES (?, ?, ?, ?, ?)", row)]).result()

    def recent(
        self, limit: int | None, before: tuple[str, str] | None = None, *, principal: str | None = None, disliked: bool = False
    ) -> list[dict[str, Any]]:
        """Summaries, the newest first, beginning behind `before`: a trace's `created` and `id`. `principal`: only this one's; `disliked`:
        only those with a thumb down."""
        wanted = ["(created, id) < (?, ?)"] if before else []
        wanted += ["principal = ?"] if principal is not None else []
        wanted += ["id IN (SELECT trace_id FROM feedback WHERE rating < 0)"] if disliked else []
        where = f"WHERE {' AND '.join(wanted)}" if wanted else ""
        values = (*(before or ()), *([principal] if principal is not None else []), -1 if limit is None else limit)
        return self._shown(f"SELECT {SUMMARY} FROM traces {where} ORDER BY created DESC, id DESC LIMIT ?", values)

    def trace(self, trace_id: str, principal: str | None = None) -> dict[str, Any]:
        """Everything about one question. Raises NotFound, also where a principal is named and the question is another's."""
        summary = self._summary(trace_id, principal)
        stored = self._rows("SELECT groups, filters, reply FROM traces WHERE id = ?", (trace_id,))[0]
        steps = self._rows("SELECT name, started, milliseconds, attributes FROM steps WHERE trace_id = ? ORDER BY position", (trace_id,))
        calls = self._shown("SELECT * FROM calls WHERE trace_id = ? ORDER BY created, id", (trace_id,))
        feedback = self._rows("SELECT created, principal, rating, comment FROM feedback WHERE trace_id = ?", (trace_id,))
        return summary | {
            "groups": stored["groups"] and json.loads(stored["groups"]),
            "filters": {"sources": json.loads(stored["filters"])},
            "reply": json.loads(stored["reply"]),
            "steps": [step | {"attributes": json.loads(step["attributes"])} for step in steps],
            "calls": [{key: value for key, value in call.items() if key not in ("trace_id", "principal", "outcome")} for call in calls],
            "feedback": feedback,
        }

    def answered(self, key: str) -> dict[str, Any] | None:
        """`trace_id`, `standalone` and `reply` of what was answered under this key of the cache, unless somebody disliked it."""
        disliked = "SELECT trace_id FROM feedback WHERE rating < 0"
        where = f"cache_key = ? AND id NOT IN ({disliked}) ORDER BY created DESC LIMIT 1"
        found = self._rows(f"SELECT id AS trace_id, standalone, reply FROM traces WHERE {where}", (key,))
        return found[0] | {"reply": json.loads(found[0]["reply"])} if found else None

    def prompt(self, digest: str) -> str | None:
        """The text behind the hash of a prompt."""
        found = self._rows("SELECT text FROM prompts WHERE hash = ?", (digest,))
        return found[0]["text"] if found else None

    def spent(self, since: datetime, principal: str | None = None) -> Decimal:
        """Dollars of all calls since then, of one principal where one is named, those under way as they are reckoned."""
        whose, who = ("AND principal = ?", (principal,)) if principal is not None else ("", ())
        rows = self._rows(f"SELECT usd FROM calls WHERE created >= ? AND usd IS NOT NULL {whose}", (since.isoformat(), *who))
        return sum((Decimal(row["usd"]) for row in rows), Decimal(0))

    def calls(self, principal: str | None = None) -> list[dict[str, Any]]:
        """Every call, of one principal where one is named, with what `costs` needs of it. One whose question never ended, because the
        process did, is `interrupted`."""
        columns = "provider, model, purpose, principal, input_tokens, output_tokens, cached_tokens, reasoning_tokens, usd, estimated, error"
        whose, who = ("WHERE principal = ?", (principal,)) if principal is not None else ("", ())
        shown = f"substr(created, 1, 10) AS day, {columns}, coalesce(outcome, 'interrupted') AS outcome"
        return self._rows(f"SELECT {shown} FROM calls {whose}", who)

    def count(self, principal: str | None = None) -> int:
        """How many questions there are, of one principal where one is named."""
        whose, who = ("WHERE principal = ?", (principal,)) if principal is not None else ("", ())
        return int(self._rows(f"SELECT count(*) AS questions FROM traces {whose}", who)[0]["questions"])

    def _summary(self, trace_id: str, principal: str | None = None) -> dict[str, Any]:
        whose, who = ("AND principal = ?", (principal,)) if principal is not None else ("", ())
        rows = self._shown(f"SELECT {SUMMARY} FROM traces WHERE id = ? {whose}", (trace_id, *who))
        if not rows:
            raise NotFound(f"There is no trace {trace_id}.")
        return rows[0]

    def _rows(self, statement: str, values: Sequence[object] = ()) -> list[dict[str, Any]]:
        with closing(self._connect()) as db:
            return [dict(row) for row in db.execute(statement, values)]

    def _shown(self, statement: str, values: Sequence[object] = ()) -> list[dict[str, Any]]:
        """Rows to be shown: dollars are kept as exact text and shown as a number, rates as the texts that they are."""
        return [_shown(row) for row in self._rows(statement, values)]

    def _submit(self, statements: Callable[[], list[Statement]]) -> Future[None]:
        """They are made by the writer: masking and writing JSON would hold up everybody's event loop."""
        done: Future[None] = Future()
        done.set_running_or_notify_cancel()  # who waits may go away, but not cancel what the writer has in hand
        self._jobs.put((statements, done))
        return done

    def _connect(self) -> sqlite3.Connection:
        db = sqlite3.connect(self.path, timeout=10)
        db.row_factory = sqlite3.Row
        db.execute("PRAGMA journal_mode = WAL")
        db.execute("PRAGMA synchronous = NORMAL")
        db.execute("PRAGMA secure_delete = ON")  # a comment that was replaced leaves the file
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


def _make(db: sqlite3.Connection, path: Path) -> None:
    version = db.execute("PRAGMA user_version").fetchone()[0]
    if version != VERSION and db.execute("SELECT 1 FROM sqlite_master WHERE name = 'traces'").fetchone():
        raise FootnoteError(f"{path} was written by another version of Footnote. Move it away to keep it, and a new one is begun.")
    db.executescript(SCHEMA)


def _tell(listener: Listener, trace: Trace, done: Future[None]) -> None:
    if done.exception() is None:
        listener(trace)


def _shown(row: dict[str, Any]) -> dict[str, Any]:
    shown = {"usd": None if row["usd"] is None else float(row["usd"]), "estimated": bool(row["estimated"])}
    return row | shown | ({"rate": row["rate"] and json.loads(row["rate"])} if "rate" in row else {})


def _commit(db: sqlite3.Connection, batch: Iterable[_Job]) -> None:
    jobs = list(batch)
    try:
        with db:
            for statements, _ in jobs:
                for statement, values in statements():
                    db.execute(statement, values)
    except Exception as error:  # noqa: BLE001  # whoever waits is told; without its writer the ledger would leave everybody waiting
        for _, done in jobs:
            done.set_exception(FootnoteError(f"The trace cannot be written: {error}. Check the disk that holds FOOTNOTE_HOME."))
    else:
        for _, done in jobs:
            done.set_result(None)
