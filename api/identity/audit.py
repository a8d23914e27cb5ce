"""The audit log: who looked at what others asked, and who made and ended keys. It shows whether it was tampered with.

One line of JSON an entry, in `FOOTNOTE_HOME/audit.jsonl`. Each holds the digest of the one before it and its own, so that a line that is
changed, left out or put in breaks the chain behind it. Lines taken off the end leave a whole chain: note the last digest elsewhere now and
then, and ask whether it is still there.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from filelock import FileLock

from assistant.errors import FootnoteError

_FIRST = "0" * 64
_LONGEST = 64 * 1024


@dataclass(frozen=True, slots=True)
class Entry:
    """`before` is the digest of the entry before it, `digest` of all else of this one."""

    number: int
    at: str
    who: str
    did: str
    what: str
    before: str
    digest: str = ""

    def sealed(self) -> Entry:
        told = json.dumps({name: value for name, value in asdict(self).items() if name != "digest"}, sort_keys=True)
        return replace(self, digest=hashlib.sha256(told.encode()).hexdigest())


class AuditLog:
    """Safe to share between threads and processes: whoever writes holds a lock."""

    def __init__(self, path: Path, clock: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._path = path
        self._clock = clock

    def write(self, who: str, did: str, what: str) -> None:
        """On disk when it returns. Raises FootnoteError where it cannot be written: what is not written down is not to be done."""
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            with FileLock(self._path.with_suffix(".lock")):
                last = self._last()
                number, before = (last.number + 1, last.digest) if last else (1, _FIRST)
                self._append(Entry(number, self._clock().isoformat(), who, did, what, before).sealed())
        except OSError as error:
            raise FootnoteError(f"{self._path} cannot be written: {error.strerror}. Without it nothing of others is shown.") from error

    def entries(self) -> list[Entry]:
        """Raises FootnoteError at the first line that is not what was written there."""
        if not self._path.exists():
            return []
        return list(self._checked())

    def _checked(self) -> Iterator[Entry]:
        number, before = 0, _FIRST
        with self._path.open(encoding="utf-8") as lines:
            for line in lines:
                number += 1
                entry = _entry(line)
                if entry is None or entry != entry.sealed() or (entry.number, entry.before) != (number, before):
                    raise FootnoteError(f"{self._path} was tampered with: line {number} is not what was written there.")
                before = entry.digest
                yield entry

    def _last(self) -> Entry | None:
        """Raises FootnoteError where the last line is none of ours: behind it nothing could be trusted."""
        if not self._path.exists() or not self._path.stat().st_size:
            return None
        with self._path.open("rb") as file:
            file.seek(max(0, self._path.stat().st_size - _LONGEST))
            line = file.read().rstrip(b"\n").rpartition(b"\n")[2]
        entry = _entry(line.decode("utf-8", "replace"))
        if entry is None:
            raise FootnoteError(f"{self._path} was tampered with: its last line is not what was written there.")
        return entry

    def _append(self, entry: Entry) -> None:
        with os.fdopen(os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), "w", encoding="utf-8") as file:
            file.write(json.dumps(asdict(entry), ensure_ascii=False) + "\n")
            file.flush()
            os.fsync(file.fileno())


def _entry(line: str) -> Entry | None:
    try:
        return Entry(**json.loads(line))
    except (ValueError, TypeError):
        return None
