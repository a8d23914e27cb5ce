"""What the benchmarks of the server reckon from what was asked and sampled."""

from __future__ import annotations

import json
import random
from collections.abc import Sequence
from itertools import islice
from pathlib import Path

import pytest

from bench.load.client import Asked, questions, read_head
from bench.load.report import Round, load_row, others, overload_rows
from bench.mixed.company import BEGINS_WITH, CHANGING, Company
from bench.mixed.people import MIX, People, Wish, complaint, learn
from bench.mixed.report import Course, Done, minute_rows, server_rows, spans, trend, wrong_replies
from bench.streams.processes import Sample


def asked(at: float, until: float, ending: int | str = 200) -> Asked:
    return Asked(at, until, ending)


def samples(moments: Sequence[float], cores: float, megabytes: Sequence[float] = (), idle_from: float = 1000.0) -> list[Sample]:
    held = megabytes or [100.0] * len(moments)
    return [Sample(at, mb, 10, 4, min(at, idle_from) * cores, min(at, idle_from) * 2) for at, mb in zip(moments, held, strict=True)]


def round_of(*told: Sequence[Asked], seconds: float = 20.0) -> Round:
    moments = [100.0, 110.0, 120.0, 150.0]
    watched = {"asked": samples(moments, 1.25, idle_from=120.0), "clients": samples(moments, 0.25, idle_from=120.0)}
    return Round(100.0, seconds, told, watched)


def test_an_answer_counts_in_the_time_it_came_in_and_its_pauses_apart() -> None:
    turned_away = [asked(100, 100.01, 503), asked(101, 101.5)]
    row = load_row("footnote", 2, round_of(turned_away, [asked(100, 100.5)], [asked(119, 121)], [asked(100, 100.1, "TimeoutError")]))
    assert (row["answers"], row["answers/s"], row["turned away"], row["errors"]) == (2, "0.1", 1, "1 TimeoutError")
    assert (row["answer, ms"], row["with pauses, ms"]) == ("500 / 500 / 500", "1500 / 1500 / 1500")


def test_the_cores_are_those_of_the_time_in_which_was_asked() -> None:
    assert round_of().used == "1.25 / 0.25 / 0.50"


def test_an_answer_that_comes_too_late_to_be_of_use_is_no_goodput() -> None:
    of = round_of([asked(100, 109)], [asked(100, 111)], [asked(119, 125)], [asked(100, 100.002, 503)])
    rows = {str(row["what"]): row["figure"] for row in overload_rows(of, 0.1, [asked(100, 100.02), asked(101, 101.5, 503)])}
    assert rows["answers/s within 10 s; share of the best"] == "0.1; 50%"
    assert rows["answers in time, after the last question"] == "2, 1"
    assert rows["being turned away, ms"] == "2.0 / 2.0 / 2.0"
    assert (rows["health asked; not 200"], rows["health, ms"]) == ("2; 1", "20 / 20 / 20")


def test_what_is_neither_an_answer_nor_turning_away_is_an_error() -> None:
    assert others([asked(0, 1), asked(0, 1, 503), asked(0, 1, 500), asked(0, 1, 500), asked(0, 1, "ConnectionResetError")]) == (
        "2 500, 1 ConnectionResetError"
    )
    assert others([]) == "none"


def test_each_pass_asks_other_texts_that_are_the_same_questions() -> None:
    texts = [json.loads(request.partition(b"\r\n\r\n")[2])["question"] for request in islice(questions("http://h:1", ["a?", "b?"]), 6)]
    assert len(set(texts)) == 6
    assert [text.rstrip() for text in texts] == ["a?", "b?"] * 3


def test_a_head_has_a_status_and_headers_in_small_letters() -> None:
    assert read_head(b"HTTP/1.1 503 Service Unavailable\r\nRetry-After: 1\r\ncontent-length: 20\r\n\r\n") == (
        503,
        {"retry-after": "1", "content-length": "20"},
    )


def course_of(minutes: int, megabytes: Sequence[float], done: Sequence[Done] = ()) -> Course:
    moments = [50.0 + 60 * number for number in range(len(megabytes))]
    watched = {"server": samples(moments, 0.5, megabytes), "clients": samples(moments, 0.1)}
    return Course(50.0, minutes * 60.0, done, [], watched)


def test_the_trend_begins_with_the_tenth_minute() -> None:
    warming, steady = [100.0 * number for number in range(10)], [1000.0 + 2 * number for number in range(21)]
    assert trend(course_of(30, [*warming, *steady])) == "+2.00 MB a minute from minute 10 on"


def test_of_a_short_run_the_trend_is_that_of_its_second_half() -> None:
    assert trend(course_of(4, [100, 300, 500, 501, 502])) == "+1.00 MB a minute from minute 2 on"


def test_a_time_falls_into_stretches_of_which_the_last_is_cut() -> None:
    assert spans(150, 60) == [(0, 60), (60, 120), (120, 150)]
    assert spans(120, 60) == [(0, 60), (60, 120)]


def test_requests_stand_in_the_minute_in_which_they_were_asked() -> None:
    done = [Done(at, kind, "/", ms, 200, None) for at, kind, ms in ((1, "ask", 10), (59, "search", 30), (60, "ask", 50))]
    of = course_of(2, [100, 140, 120], done)
    assert [(row["requests"], row["all, ms"], row["ask, ms"]) for row in minute_rows(of)] == [
        (2, "30 / 30 / 30", "10 / 10 / 10"),
        (1, "50 / 50 / 50", "50 / 50 / 50"),
    ]
    (row,) = server_rows(of)
    assert (row["server's MB"], row["cores: server / clients / rest"]) == ("100 → 140 → 120", "0.50 / 0.10 / 1.40")


def test_what_is_wrong_is_listed_though_nothing_was_said() -> None:
    done = [Done(5, "ask", "/v1/ask", 1, 500, ""), Done(6, "ask", "/v1/ask", 1, 200, None)]
    assert wrong_replies(course_of(1, [1, 1], done)) == ["5 s, ask (/v1/ask): 500 "]


KEYS = {"hr": "a", "finance": "b", "security": "c", "admin": "d"}


def wish_for(kind: str) -> Wish:
    """Drawn until it is of this kind, by people who know a document and a trace by then."""
    people = People(KEYS, ["Why?"])
    for _ in range(10_000):
        wish = people.wish()
        if wish.kind == kind:
            return wish
        if wish.kind in ("ask", "documents"):
            learn(wish, json.dumps({"trace_id": "t1", "documents": [{"id": "d1", "source": "gone.md"}]}))
    raise AssertionError(f"nobody wants {kind}")


@pytest.mark.parametrize("kind", MIX)
def test_everything_is_wanted_once_enough_is_known(kind: str) -> None:
    assert (wish_for(kind).person.name == "admin") is (kind in ("costs", "metrics"))


def test_the_mix_is_of_a_hundred() -> None:
    assert sum(MIX.values()) == 100


def test_a_document_may_be_gone_where_it_was_removed_and_only_there() -> None:
    wish = wish_for("document")
    assert complaint(wish, 404, "There is no document.", {"gone.md"}) is None
    assert complaint(wish, 404, "There is no document.", {"other.md"}) == "There is no document."
    assert complaint(wish_for("trace"), 404, "There is no trace.", {"gone.md"}) == "There is no trace."


def test_a_limit_may_hold_and_nothing_else_may_fail() -> None:
    wish = wish_for("ask")
    assert complaint(wish, 200, "{}", ()) is None
    assert complaint(wish, 429, "Wait.", ()) is None
    assert complaint(wish, 503, "Too much.", ()) == "Too much."


def test_a_stream_that_breaks_off_is_wrong_though_its_status_is_200() -> None:
    assert complaint(wish_for("ask, streamed"), 200, "event: done\r\ndata: {}\r\n\r\n", ()) is None
    assert complaint(wish_for("ask, streamed"), 200, "event: error\ndata: {}\n\n", ()) is not None
    assert complaint(wish_for("chat, streamed"), 200, "data: {}\n\ndata: [DONE]\n\n", ()) is None
    assert complaint(wish_for("chat, streamed"), 200, "data: {}\n\n", ()) is not None


def test_files_come_change_and_go_in_turn(tmp_path: Path) -> None:
    policies, corpus = tmp_path / "policies", tmp_path / "corpus"
    for folder, count in ((policies, 1), (corpus, BEGINS_WITH + 10)):
        folder.mkdir()
        for number in range(count):
            (folder / f"{number}.md").write_text(str(random.Random(number).random()), encoding="utf-8")
    company = Company(policies, corpus, tmp_path / "root")
    said = [company.change().split()[0] for _ in range(6)]
    assert said == ["added", "changed", "removed"] * 2
    assert len(list((company.root / CHANGING).iterdir())) == BEGINS_WITH
    assert len(company.removed) == 2
    assert all(source.startswith(f"{CHANGING}/") for source in company.removed)
