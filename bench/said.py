"""What those who measure say, meanwhile and of what they measured, and what the server had to say."""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from bench.commit import commit

_SHOWN = 50
_EXPECTED = ("There are no keys", "turned away")


def say(text: str) -> None:
    print(f"{time.strftime('%H:%M:%S')} {text}; load average {os.getloadavg()[0]:.1f}", file=sys.stderr, flush=True)


def measured_on() -> str:
    return f"Commit {commit()}, {time.strftime('%Y-%m-%d %H:%M')}, {os.cpu_count()} cores, load average {os.getloadavg()[0]:.1f}."


def listed(what: str, found: Sequence[str]) -> Iterator[str]:
    """How many there are, and the first of them."""
    yield f"{len(found)} {what}{':' if found else '.'}"
    yield from found[:_SHOWN]


def complaints(log: Path) -> list[str]:
    """The lines of a server's log that nobody expected: warnings, errors, what is no line of the log at all. That it has no keys and
    turns questions away was meant so."""
    return [line for line in log.read_text(encoding="utf-8").splitlines() if not _informs(line)]


def _informs(line: str) -> bool:
    try:
        told = json.loads(line)
    except ValueError:
        return False
    return isinstance(told, dict) and (told.get("level") == "info" or str(told.get("event")).startswith(_EXPECTED))
