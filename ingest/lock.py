"""One ingest at a time. The lock is the kernel's, so that a process that died does not hold it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from assistant.errors import AnotherWriter


@contextmanager
def writing(home: Path) -> Iterator[None]:
    """Holds the writer's place in FOOTNOTE_HOME. Raises AnotherWriter, naming the process that has it."""
    holder = home / "ingest.pid"
    lock = FileLock(home / "ingest.lock", timeout=0)
    try:
        lock.acquire()
    except Timeout:
        raise AnotherWriter(
            f"Another ingest is at work on {home} (process {_name(holder)}). Wait for it to end, then run this again."
        ) from None
    try:
        holder.write_text(str(os.getpid()), encoding="ascii")
        yield
    finally:
        holder.unlink(missing_ok=True)
        lock.release()


def _name(holder: Path) -> str:
    try:
        return holder.read_text(encoding="ascii").strip() or "unknown"
    except FileNotFoundError:
        return "unknown"
