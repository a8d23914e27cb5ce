from __future__ import annotations

import asyncio
import os
import sqlite3
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from assistant.errors import FootnoteError, NotFound
from assistant.traces import Feedback, Ledger
from tests.builders import NOW, call, trace


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    made = Ledger(tmp_path / "home" / "traces.sqlite")
    yield made
    made.close()


def test_a_recorded_trace_is_there_whole(ledger: Ledger) -> None:
    for one in (call(Decimal("0.002")), call(None, error="timeout", call_id="c2")):
        ledger.book(one, "t1", "local")
    ledger.record(trace("t1")).result(5)

    found = ledger.trace("t1")

    assert found["reply"]["citations"][0]["quote"] == "25 days of leave"
    assert found["steps"][0]["attributes"] == {"kept": [{"source": "hr/leave.md"}]}
    assert [(c["usd"], c["error"]) for c in found["calls"]] == [(0.002, None), (None, "timeout")]
    assert found["calls"][0]["rate"] == {"input": "1", "cached": "1", "output": "1"}
    assert (found["groups"], found["filters"], found["outcome"]) == (None, {"sources": []}, "answer")


def test_an_unknown_trace_is_not_found(ledger: Ledger) -> None:
    with pytest.raises(NotFound):
        ledger.trace("none")
    with pytest.raises(NotFound):
        ledger.rate(Feedback("none", "local", 1, None))


def test_the_newest_come_first_page_by_page(ledger: Ledger) -> None:
    for number in range(5):
        ledger.record(replace(trace(f"t{number}"), created=NOW + timedelta(seconds=number))).result(5)

    first = ledger.recent(3)
    rest = ledger.recent(3, (first[-1]["created"], first[-1]["id"]))

    assert [row["id"] for row in first + rest] == ["t4", "t3", "t2", "t1", "t0"]


def test_a_second_thumb_replaces_the_first(ledger: Ledger) -> None:
    ledger.record(trace("t1")).result(5)

    ledger.rate(Feedback("t1", "local", 1, None))
    ledger.rate(Feedback("t1", "local", -1, "the day count is old"))

    assert [(f["rating"], f["comment"]) for f in ledger.trace("t1")["feedback"]] == [(-1, "the day count is old")]


def test_many_at_once_are_all_kept(ledger: Ledger) -> None:
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda number: ledger.record(trace(f"t{number}")).result(10), range(500)))

    assert ledger.count() == 500


def test_closing_writes_what_still_waits(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path / "traces.sqlite")
    for number in range(300):
        ledger.record(trace(f"t{number}"))
    ledger.close()

    with sqlite3.connect(tmp_path / "traces.sqlite") as db:
        assert db.execute("SELECT count(*) FROM traces").fetchone() == (300,)


def test_what_was_acknowledged_survives_a_kill(tmp_path: Path) -> None:
    code = """
        import os, sys
        from pathlib import Path
        from assistant.traces import Ledger
        from tests.builders import trace
        Ledger(Path(sys.argv[1])).record(trace("t1")).result(5)
        os.kill(os.getpid(), 9)
    """
    path = tmp_path / "traces.sqlite"
    root = Path(__file__).parents[2]
    environment = os.environ | {"PYTHONPATH": str(root)}
    subprocess.run([sys.executable, "-c", textwrap.dedent(code), str(path)], check=False, env=environment, cwd=root)

    reopened = Ledger(path)
    assert reopened.trace("t1")["question"] == "How much leave?"
    reopened.close()


def test_a_second_trace_of_the_same_id_is_told(ledger: Ledger) -> None:
    ledger.record(trace("t1")).result(5)

    with pytest.raises(FootnoteError, match="cannot be written"):
        ledger.record(trace("t1")).result(5)


def test_a_file_that_is_no_ledger_is_told(tmp_path: Path) -> None:
    (tmp_path / "traces.sqlite").write_text("not a database, but long enough to be looked at as one " * 20, encoding="utf-8")

    with pytest.raises(FootnoteError, match="cannot be used for traces"):
        Ledger(tmp_path / "traces.sqlite")


def test_a_call_is_booked_before_it_is_made_and_replaced_when_it_ended(ledger: Ledger) -> None:
    ledger.book(call(Decimal("0.001"), error="unfinished", estimated=True), "t1", "ann").result(5)
    assert (ledger.spent(NOW), ledger.spent(NOW, "ann"), ledger.spent(NOW, "bob")) == (Decimal("0.001"), Decimal("0.001"), Decimal(0))
    assert [(c["outcome"], c["estimated"]) for c in ledger.calls()] == [("interrupted", 1)]

    ledger.book(call(Decimal("0.002")), "t1", "ann")
    ledger.record(trace("t1")).result(5)

    assert ledger.spent(NOW + timedelta(seconds=1)) == 0
    assert [(c["outcome"], c["estimated"], c["usd"]) for c in ledger.calls()] == [("answer", 0, "0.002")]


def test_what_people_wrote_is_masked_and_what_names_things_is_not(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path / "traces.sqlite", lambda text: text.replace("leave", "[x]"))
    ledger.record(trace("t1", key="k")).result(5)
    ledger.rate(Feedback("t1", "local", 1, "more leave"))
    found = ledger.trace("t1")
    ledger.close()

    assert (found["question"], found["reply"]["text"]) == ("How much [x]?", "Everyone has 25 days of [x] [1].")
    assert found["feedback"][0]["comment"] == "more [x]"
    assert found["reply"]["citations"][0]["source"] == "hr/leave.md"
    assert found["steps"][0]["attributes"] == {"kept": [{"source": "hr/leave.md"}]}


def test_a_masked_answer_is_not_found_again(tmp_path: Path) -> None:
    for mask, found in ((str, True), (lambda text: text.replace("25", "[x]"), False)):
        ledger = Ledger(tmp_path / f"{found}.sqlite", mask)
        ledger.record(trace("t1", key="k")).result(5)
        assert (ledger.answered("k") is not None) is found
        ledger.close()


def test_a_prompt_is_kept_under_its_hash(ledger: Ledger) -> None:
    for text in ("rules", "rules"):
        ledger.keep_prompt("abc", text)
    ledger.record(trace("t1")).result(5)

    assert (ledger.prompt("abc"), ledger.prompt("none")) == ("rules", None)


def test_a_file_of_another_version_is_told_and_left_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "traces.sqlite"
    with sqlite3.connect(path) as db:
        db.execute("CREATE TABLE traces (id TEXT)")
    before = path.read_bytes()

    with pytest.raises(FootnoteError, match="another version"):
        Ledger(path)
    assert path.read_bytes()[100:] == before[100:]


def test_a_writer_outlives_what_it_cannot_write(tmp_path: Path) -> None:
    def mask(text: str) -> str:
        if "bad" in text:
            raise RecursionError("too deep")
        return text

    ledger = Ledger(tmp_path / "traces.sqlite", mask)
    with pytest.raises(FootnoteError, match="too deep"):
        ledger.record(trace("t1", question="bad")).result(5)
    ledger.record(trace("t2")).result(5)
    ledger.close()


async def test_who_stops_waiting_for_a_trace_does_not_stop_its_writing(ledger: Ledger) -> None:
    for number in range(50):
        waiting = asyncio.ensure_future(asyncio.wrap_future(ledger.record(trace(f"t{number}"))))
        await asyncio.sleep(0)
        waiting.cancel()
    await asyncio.wrap_future(ledger.record(trace("last")))

    assert ledger.count() == 51


async def test_who_listens_is_told_of_what_is_committed_before_who_waits_goes_on(ledger: Ledger) -> None:
    heard: list[str] = []
    ledger.listen(lambda trace: heard.append(f"{trace.id} of {ledger.count()}"))

    await asyncio.wrap_future(ledger.record(trace("t1")))
    assert heard == ["t1 of 1"]
    with pytest.raises(FootnoteError, match="cannot be written"):
        await asyncio.wrap_future(ledger.record(trace("t1")))

    assert heard == ["t1 of 1"]


async def test_a_listener_that_fails_harms_nobody(ledger: Ledger, caplog: pytest.LogCaptureFixture) -> None:
    def fail(_: object) -> None:
        raise RuntimeError("no collector")

    heard: list[str] = []
    ledger.listen(fail)
    ledger.listen(lambda trace: heard.append(trace.id))
    await asyncio.wrap_future(ledger.record(trace("t1")))
    await asyncio.wrap_future(ledger.record(trace("t2")))

    assert (heard, ledger.count()) == (["t1", "t2"], 2)
    assert "no collector" in caplog.text


def test_a_ledger_that_cannot_be_written_says_so(tmp_path: Path) -> None:
    path = tmp_path / "traces.sqlite"
    ledger = Ledger(path)
    ledger.check()
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        with pytest.raises(FootnoteError, match="busy"):
            ledger.check(0.1)
        other.execute("COMMIT")
    ledger.close()


def test_a_comment_that_was_replaced_leaves_the_file(ledger: Ledger, tmp_path: Path) -> None:
    ledger.record(trace("t1")).result(5)
    ledger.rate(Feedback("t1", "local", -1, "Zanzibar is wrong"))
    ledger.rate(Feedback("t1", "local", 1, None))
    ledger.close()

    assert [path.name for path in (tmp_path / "home").iterdir() if b"Zanzibar" in path.read_bytes()] == []


def test_settled_is_what_was_handed_over_and_told(ledger: Ledger) -> None:
    heard: list[str] = []
    ledger.listen(lambda trace: heard.append(trace.id))
    for number in range(300):
        ledger.record(trace(f"t{number}"))

    ledger.settle()

    assert (len(heard), ledger.count()) == (300, 300)
