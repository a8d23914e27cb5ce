"""What a running server does at its start and once a day."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import structlog

from assistant.errors import FootnoteError
from assistant.retention import expire

DAY = 86_400.0
log = structlog.get_logger()


@contextmanager
def daily(work: Callable[[], None], every: float = DAY) -> Iterator[None]:
    """In a thread of its own, at once and every so many seconds; on leaving, what runs is waited for. A failure is logged, and the next day
    comes."""
    end = threading.Event()

    def run() -> None:
        while True:
            try:
                work()
            except FootnoteError as error:
                log.error("daily work failed", reason=str(error))
            if end.wait(every):
                return

    thread = threading.Thread(target=run, name="footnote-daily", daemon=True)
    thread.start()
    try:
        yield
    finally:
        end.set()
        thread.join()


def expire_traces(path: Path, days: int) -> None:
    """Takes out of the ledger what is older than so many days."""
    gone = expire(path, datetime.now(UTC) - timedelta(days=days))
    if gone:
        log.info("old traces were erased", traces=gone)
