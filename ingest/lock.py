"""One ingest at a time. The lock is the kernel's, so that a process that died does not hold it."""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from filelock import FileLock, Timeout

from assistant.errors import AnotherWriter


@contextmanager
def writing(home: Path) -> Iterator[None]:
    """Holds the writer's place in FOOTNOTE_HOME. Raises AnotherWriter, naming the process that has it."""
    lock = FileLock(home / "ingest.lock", timeout=0)
    try:
        lock.acquire()
    except Timeout:
        raise AnotherWriter(f"Another ingest is at work on {home} ({_who(home)}). Wait for it to end, then run this again.") from None
    try:
        _note(home).write_text(json.dumps(_self()), encoding="utf-8")
        yield
    finally:
        _note(home).unlink(missing_ok=True)
        lock.release()


def writer(home: Path) -> str | None:
    """Who is ingesting at this moment, None where nobody is."""
    if not (home / "ingest.lock").exists():
        return None
    lock = FileLock(home / "ingest.lock", timeout=0)
    try:
        lock.acquire()
    except Timeout:
        return _who(home)
    lock.release()
    return None


def _self() -> dict[str, str]:
    return {"process": str(os.getpid()), "host": platform.node(), "since": datetime.now(UTC).isoformat(timespec="seconds")}


def _note(home: Path) -> Path:
    return home / "ingest.pid"


def _who(home: Path) -> str:
    try:
        noted = json.loads(_note(home).read_text(encoding="utf-8"))
        return f"process {noted['process']} on {noted['host']}, since {noted['since']}"
    except (OSError, ValueError, KeyError, TypeError):
        return "process unknown"
