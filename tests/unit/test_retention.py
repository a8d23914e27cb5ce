"""Retention: what is older than it may be leaves the ledger and the file; what it cost stays, and is nobody's."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest
import structlog

from api.monitoring.daily import daily
from assistant.costs import cost_report
from assistant.errors import FootnoteError, NotFound
from assistant.retention import ERASED, expire
from assistant.traces import Feedback, Ledger
from assistant.types import Principal, Question, Step, Trace
from tests.builders import NOW, call, trace

OLD, LIMIT = NOW - timedelta(days=40), NOW - timedelta(days=30)


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    made = Ledger(tmp_path / "traces.sqlite")
    yield made
    made.close()


def asked(trace_id: str, who: str, question: str, *, old: bool) -> Trace:
    told = replace(trace(trace_id, question=question), question=Question(question, Principal(who)), created=OLD if old else NOW)
    return replace(told, steps=(Step("retrieve", 0, 1, {"standalone": question}),))


def holding(folder: Path, words: bytes) -> list[str]:
    return [path.name for path in folder.iterdir() if words in path.read_bytes()]


def test_what_is_older_is_gone_from_every_table_and_from_the_file(ledger: Ledger, tmp_path: Path) -> None:
    ledger.record(asked("old", "zoe.quill", "Where does Zanzibar end?", old=True)).result(5)
    ledger.record(asked("new", "bob", "Where does Leiden begin?", old=False)).result(5)
    ledger.rate(Feedback("old", "zoe.quill", -1, "Zanzibar is wrong"))
    ledger.book(replace(call(Decimal("0.25")), created=OLD), "old", "zoe.quill").result(5)
    assert all(holding(tmp_path, words) for words in (b"Zanzibar", b"zoe.quill"))

    assert expire(ledger.path, LIMIT) == 1

    assert (holding(tmp_path, b"Zanzibar"), holding(tmp_path, b"zoe.quill")) == ([], [])
    assert [row["id"] for row in ledger.recent(10)] == ["new"]
    with pytest.raises(NotFound):
        ledger.trace("old")
    with closing(sqlite3.connect(ledger.path)) as db:
        assert db.execute("SELECT DISTINCT trace_id FROM steps").fetchall() == [("new",)]
        assert db.execute("SELECT count(*) FROM feedback").fetchone() == (0,)


def test_what_was_paid_stays_and_is_nobodys(ledger: Ledger) -> None:
    for number, (who, created) in enumerate([("ann", OLD), ("bob", OLD), ("ann", NOW)]):
        ledger.book(replace(call(Decimal("0.25"), call_id=f"c{number}"), created=created), f"t{number}", who).result(5)
    before = cost_report(ledger)

    expire(ledger.path, LIMIT)
    after = cost_report(ledger)

    assert (after.total, after.by_day, after.by_model) == (before.total, before.by_day, before.by_model)
    assert {who: paid.calls for who, paid in after.by_principal.items()} == {ERASED: 2, "ann": 1}


def test_more_than_a_batch_goes_while_the_ledger_is_written(ledger: Ledger) -> None:
    for number in range(1200):
        ledger.record(asked(f"old{number}", "ann", "How?", old=True))
    ledger.record(asked("new", "ann", "How?", old=False)).result(20)
    stop = threading.Event()
    written: list[int] = []

    def write() -> None:
        while not stop.is_set():
            ledger.record(asked(f"while{len(written)}", "ann", "How?", old=False)).result(10)
            written.append(1)

    writer = threading.Thread(target=write)
    writer.start()
    gone = expire(ledger.path, LIMIT)
    stop.set()
    writer.join()

    assert (gone, ledger.count()) == (1200, 1 + len(written))


def test_a_second_time_there_is_nothing_to_do(ledger: Ledger) -> None:
    ledger.record(asked("old", "ann", "How?", old=True)).result(5)

    assert [expire(ledger.path, LIMIT), expire(ledger.path, LIMIT)] == [1, 0]


def test_a_reader_that_keeps_the_log_is_told(ledger: Ledger) -> None:
    ledger.record(asked("old", "ann", "How?", old=True)).result(5)
    with closing(sqlite3.connect(ledger.path)) as reader:
        reader.execute("BEGIN")
        reader.execute("SELECT * FROM traces").fetchall()
        with pytest.raises(FootnoteError, match="in use"):
            expire(ledger.path, LIMIT, patience=0.1)

    assert expire(ledger.path, LIMIT) == 0


def test_the_days_work_comes_again_whatever_happened() -> None:
    runs = []
    thrice = threading.Event()

    def work() -> None:
        runs.append(1)
        if len(runs) == 3:
            thrice.set()
        raise FootnoteError("the disk is full")

    with structlog.testing.capture_logs() as logged, daily(work, every=0.01):
        assert thrice.wait(5)

    assert {(line["event"], line["reason"]) for line in logged} == {("daily work failed", "the disk is full")}
