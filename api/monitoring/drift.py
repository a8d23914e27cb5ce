"""How good the answers are, from the ledger: the last seven days and the seven before, so that a change can be seen."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Literal

Window = Literal["week", "week_before"]
_WEEK = timedelta(days=7)
FRESH = timedelta(minutes=1)

_THUMBS = "SELECT avg(rating < 0) FROM feedback WHERE created >= ? AND created < ?"
_REPLIES = "SELECT avg(confidence), avg(kind = 'refusal') FROM traces WHERE created >= ? AND created < ? AND kind IS NOT NULL"
_SENTENCES = """
SELECT sum(json_array_length(attributes, '$.dropped')), sum(json_extract(attributes, '$.statements'))
FROM traces JOIN steps ON steps.trace_id = traces.id
WHERE traces.created >= ? AND traces.created < ? AND steps.name = 'ground'
"""


@dataclass(frozen=True, slots=True)
class Quality:
    """Shares of 1: of the ratings that are thumbs down, of the claimed sentences that no quote carried, of the questions that were refused;
    and the mean of the confidences. None where there was nothing to be counted."""

    thumbs_down: float | None
    ungrounded: float | None
    confidence: float | None
    refused: float | None


def _utc() -> datetime:
    return datetime.now(UTC)


class Drift:
    """Looks into the ledger once a minute at most. Safe to call from several threads."""

    def __init__(self, traces: Path, now: Callable[[], datetime] = _utc) -> None:
        self._traces = traces
        self._now = now
        self._lock = threading.Lock()
        self._seen: tuple[datetime, Mapping[Window, Quality]] | None = None

    def quality(self) -> Mapping[Window, Quality]:
        with self._lock:
            now = self._now()
            if self._seen is None or now - self._seen[0] >= FRESH:
                self._seen = now, self._look(now)
            return self._seen[1]

    def _look(self, now: datetime) -> Mapping[Window, Quality]:
        ends: Mapping[Window, datetime] = {"week": now, "week_before": now - _WEEK}
        with closing(sqlite3.connect(f"{self._traces.absolute().as_uri()}?mode=ro", uri=True, timeout=10)) as db:
            return {window: _quality(db, end - _WEEK, end) for window, end in ends.items()}


def _quality(db: sqlite3.Connection, since: datetime, until: datetime) -> Quality:
    span = since.isoformat(), until.isoformat()
    (thumbs_down,) = db.execute(_THUMBS, span).fetchone()
    confidence, refused = db.execute(_REPLIES, span).fetchone()
    dropped, stated = (count or 0 for count in db.execute(_SENTENCES, span).fetchone())
    return Quality(thumbs_down, dropped / (dropped + stated) if dropped + stated else None, confidence, refused)
