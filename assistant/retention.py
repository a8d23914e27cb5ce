"""How long traces are kept: what is older goes, with its steps and its ratings, and its words leave the file.

What calls cost stays booked, without the name of who asked: the ledger of costs adds up, whatever goes.
"""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import datetime
from pathlib import Path

from assistant.errors import FootnoteError

# Whose calls they were that are older: nobody's.
ERASED = "erased"
# Traces a transaction, so that the ledger's writer waits for none for long.
_BATCH = 500
# Seconds that others may hold the file; fewer than the ledger's writer waits for it.
_PATIENCE = 5.0


def expire(path: Path, before: datetime, patience: float = _PATIENCE) -> int:
    """Takes out what is older; returns how many traces went. May run beside the ledger that writes the file. Raises FootnoteError where the
    file cannot be written, or is in use so that the words are still in its log: they go the next time."""
    moment = before.isoformat()
    try:
        with closing(sqlite3.connect(path, timeout=patience)) as db:
            db.execute("PRAGMA secure_delete = ON")
            gone = 0
            while count := _expire_some(db, moment):
                gone += count
            with db:
                db.execute("UPDATE calls SET principal = ? WHERE created < ? AND principal != ?", (ERASED, moment, ERASED))
                db.execute("DELETE FROM feedback WHERE created < ?", (moment,))
            busy = db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]
    except sqlite3.Error as error:
        raise FootnoteError(f"Old traces cannot be taken out of {path}: {error}.") from error
    if busy:
        raise FootnoteError(f"{path} is in use, so that old traces could not be cleared from its log.")
    return gone


def _expire_some(db: sqlite3.Connection, moment: str) -> int:
    with db:
        old = db.execute("SELECT id FROM traces WHERE created < ? LIMIT ?", (moment, _BATCH)).fetchall()
        for table, column in (("steps", "trace_id"), ("feedback", "trace_id"), ("traces", "id")):
            db.executemany(f"DELETE FROM {table} WHERE {column} = ?", old)
    return len(old)
