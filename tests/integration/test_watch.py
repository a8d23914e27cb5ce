"""A folder that is watched, on a real file system."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from pathlib import Path

from ingest.watch import changes


def until(true: Callable[[], bool], seconds: float = 20) -> None:
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, f"not true within {seconds} s"
        time.sleep(0.02)


def test_changes_count_from_the_beginning_and_those_of_an_index_inside_do_not(tmp_path: Path) -> None:
    home, last = tmp_path / ".footnote", tmp_path / "last.md"
    home.mkdir()
    told = []

    def follow() -> None:
        for number, _ in enumerate(changes(tmp_path, home)):
            told.append(number)
            if last.exists():
                return

    thread = threading.Thread(target=follow)
    thread.start()
    until(lambda: len(told) == 2)  # now, and once more for what changed before the watching began
    (home / "CURRENT").write_text("what an ingest writes", encoding="utf-8")
    time.sleep(4)
    quiet = list(told)
    last.write_text("a page", encoding="utf-8")
    thread.join(20)

    assert quiet == [0, 1]
    assert told == [0, 1, 2]
