"""The audit log shows what was done to it."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from api.identity.audit import AuditLog
from assistant.errors import FootnoteError


@pytest.fixture
def log(tmp_path: Path) -> AuditLog:
    return AuditLog(tmp_path / "audit.jsonl")


def lines(tmp_path: Path) -> list[str]:
    return (tmp_path / "audit.jsonl").read_text(encoding="utf-8").splitlines(keepends=True)


def test_what_is_written_is_read_in_its_order(log: AuditLog) -> None:
    assert log.entries() == []
    log.write("key:ada", "look", "/v1/traces/1")
    log.write("local", "create key", "büro")
    assert [(entry.number, entry.who, entry.did, entry.what) for entry in log.entries()] == [
        (1, "key:ada", "look", "/v1/traces/1"),
        (2, "local", "create key", "büro"),
    ]


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_any_change_of_any_line_is_seen(tmp_path: Path, data: st.DataObject) -> None:
    path = tmp_path / "audit.jsonl"
    path.unlink(missing_ok=True)
    log = AuditLog(path)
    for number in range(4):
        log.write("key:ada", "look", f"/v1/traces/{number}")
    whole = lines(tmp_path)
    at = data.draw(st.integers(0, 3))
    kind = data.draw(st.sampled_from(["change", "leave out", "twice", "swap", "foreign"]))
    changed = list(whole)
    if kind == "change":
        place = data.draw(st.integers(0, len(whole[at]) - 2))
        changed[at] = whole[at][:place] + data.draw(st.sampled_from('a0 "}x')) + whole[at][place + 1 :]
    elif kind == "leave out":
        del changed[at]
    elif kind == "twice":
        changed.insert(at, whole[at])
    elif kind == "swap":
        changed[at], changed[(at + 1) % 4] = changed[(at + 1) % 4], changed[at]
    else:
        changed.insert(at, '{"number": 1}\n')
    path.write_text("".join(changed), encoding="utf-8")
    if changed == whole or changed == whole[:3]:
        log.entries()  # the same, or off the end: only who noted the last digest sees that
    else:
        with pytest.raises(FootnoteError, match="tampered with"):
            log.entries()


def test_lines_off_the_end_are_seen_by_who_noted_the_digest(log: AuditLog, tmp_path: Path) -> None:
    log.write("key:ada", "look", "/v1/costs")
    log.write("key:ada", "look", "/v1/traces")
    noted = log.entries()[-1].digest
    (tmp_path / "audit.jsonl").write_text(lines(tmp_path)[0], encoding="utf-8")
    assert noted not in [entry.digest for entry in log.entries()]


def test_many_who_write_at_once_make_one_chain(tmp_path: Path) -> None:
    def write(who: int) -> None:
        own = AuditLog(tmp_path / "audit.jsonl")
        for number in range(10):
            own.write(f"key:{who}", "look", str(number))

    threads = [threading.Thread(target=write, args=(who,)) for who in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(AuditLog(tmp_path / "audit.jsonl").entries()) == 40


def test_behind_a_line_that_is_none_nothing_is_written(log: AuditLog, tmp_path: Path) -> None:
    log.write("key:ada", "look", "/v1/costs")
    with (tmp_path / "audit.jsonl").open("a", encoding="utf-8") as file:
        file.write("torn")
    with pytest.raises(FootnoteError, match="last line"):
        log.write("key:ada", "look", "/v1/costs")


def test_where_it_cannot_be_written_it_says_so(tmp_path: Path) -> None:
    (tmp_path / "audit.jsonl").mkdir()
    with pytest.raises(FootnoteError):
        AuditLog(tmp_path / "audit.jsonl").write("key:ada", "look", "/v1/costs")
