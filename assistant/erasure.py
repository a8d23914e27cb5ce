"""Takes a document out of the traces: a trace that cites it or repeats its words goes, one that merely met it forgets that it did.

What calls cost stays booked: the ledger of costs adds up, whatever is erased.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

from assistant.errors import FootnoteError

_TEXTS = (
    "SELECT id, question, standalone, filters, reply FROM traces",
    "SELECT trace_id, attributes FROM steps",
    "SELECT trace_id, comment FROM feedback",
)


def names(path: Path, source: str) -> bool:
    """Whether some trace names the document, in its reply or among its hits."""
    if not path.exists():
        return False
    with closing(sqlite3.connect(path, timeout=30)) as db:
        return any(source in text for _, text in _texts(db))


def erase_traces(path: Path, source: str, repeats: Callable[[str], bool]) -> int:
    """`repeats` says whether a text holds words of the document. Leaves nothing of what was taken out in the file; returns how many traces
    went. Raises FootnoteError when somebody keeps the file busy."""
    if not path.exists():
        return 0
    with closing(sqlite3.connect(path, timeout=30)) as db:
        db.execute("PRAGMA secure_delete = ON")
        with db:
            _forget_hits(db, source)
            found = {trace_id for trace_id, text in _texts(db) if repeats(text) or source in text}
            _delete(db, found)
        db.execute("VACUUM")
        busy = db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]
    if busy:
        raise FootnoteError(f"{path} is in use, so that old traces could not be cleared from its log. Stop the server and run this again.")
    return len(found)


def _texts(db: sqlite3.Connection) -> Iterator[tuple[str, str]]:
    for statement in _TEXTS:
        for trace_id, *texts in db.execute(statement):
            yield from ((trace_id, text) for text in texts if text)


def _forget_hits(db: sqlite3.Connection, source: str) -> None:
    """Hits of the document in the steps of every trace."""
    steps = db.execute("SELECT trace_id, position, attributes FROM steps").fetchall()
    pruned = [(json.dumps(_without(json.loads(a), source), ensure_ascii=False), t, p) for t, p, a in steps if source in a]
    db.executemany("UPDATE steps SET attributes = ? WHERE trace_id = ? AND position = ?", pruned)


def _without(value: Any, source: str) -> Any:
    if isinstance(value, dict):
        return {key: _without(item, source) for key, item in value.items()}
    if isinstance(value, list):
        return [_without(item, source) for item in value if not (isinstance(item, dict) and item.get("source") == source)]
    return value


def _delete(db: sqlite3.Connection, traces: set[str]) -> None:
    ids = [(trace_id,) for trace_id in traces]
    for table, column in (("traces", "id"), ("steps", "trace_id"), ("feedback", "trace_id")):
        db.executemany(f"DELETE FROM {table} WHERE {column} = ?", ids)
