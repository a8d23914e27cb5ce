"""What was paid: exact sums, nothing unknown taken for 0, every total to be had again from what is kept."""

from __future__ import annotations

import json
from contextlib import closing
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.http.shapes import costs_out
from api.render_costs import print_costs
from assistant.costs import Row, Sum, add_up, add_up_by, cost_of, cost_report, recomputed, usd_of
from assistant.traces import Ledger
from assistant.types import Call, Rate, Usage
from tests.builders import call, trace

RATE = Rate(Decimal("0.25"), Decimal("0.025"), Decimal("2"))
TOKENS = st.integers(0, 2_000_000)
DOLLARS = st.decimals(0, 1000, places=9)


def booked(call_id: str, usage: Usage | None, rate: Rate | None = RATE, **more: Any) -> Call:
    usd = Decimal(0) if usage is None else usd_of(rate, usage) if rate else None
    return replace(call(usd, call_id=call_id), usage=usage, rate=rate, **more)


class TestOneCall:
    def test_cached_input_is_paid_at_its_own_price_and_the_rest_at_that_of_input(self) -> None:
        assert usd_of(RATE, Usage(1_000_000, 0)) == Decimal("0.25")
        assert usd_of(RATE, Usage(1_000_000, 0, cached_tokens=1_000_000)) == Decimal("0.025")
        assert usd_of(RATE, Usage(1_000_000, 1_000_000, cached_tokens=400_000)) == Decimal("2.16")

    def test_a_single_token_is_not_rounded_away(self) -> None:
        assert usd_of(RATE, Usage(1, 0, cached_tokens=1)) == Decimal("0.000000025")

    def test_reasoning_is_part_of_the_output_and_not_paid_twice(self) -> None:
        assert usd_of(RATE, Usage(10, 500, reasoning_tokens=400)) == usd_of(RATE, Usage(10, 500))

    def test_no_more_is_cached_than_was_sent(self) -> None:
        assert usd_of(RATE, Usage(10, 5, cached_tokens=20)) == usd_of(RATE, Usage(10, 5, cached_tokens=10))

    @given(st.integers(), st.integers(), st.integers())
    def test_no_report_however_wrong_gives_money_back(self, read: int, written: int, cached: int) -> None:
        assert usd_of(RATE, Usage(read, written, cached)) >= 0

    @given(TOKENS, TOKENS, TOKENS, TOKENS)
    def test_more_tokens_cost_more(self, read: int, written: int, more_read: int, more_written: int) -> None:
        less, more = usd_of(RATE, Usage(read, written)), usd_of(RATE, Usage(read + more_read, written + more_written))

        assert more > less if more_read or more_written else more == less


class TestQuestion:
    def test_nothing_called_costs_nothing(self) -> None:
        cost = cost_of((), "prices 1")

        assert (cost.usd, cost.calls, cost.estimated, cost.prices) == (Decimal(0), 0, False, "prices 1")

    def test_it_costs_the_sum_of_its_calls(self) -> None:
        cost = cost_of((call(Decimal("0.1")), call(Decimal("0.2"), error="timeout")), "prices 1")

        assert (cost.usd, cost.calls, cost.input_tokens, cost.output_tokens) == (Decimal("0.3"), 2, 200, 40)

    def test_one_unknown_price_makes_it_unknown(self) -> None:
        assert cost_of((call(Decimal("0.1")), call(None)), "prices 1").usd is None

    def test_a_call_that_was_turned_away_adds_nothing_and_hides_nothing(self) -> None:
        cost = cost_of((call(Decimal("0.1")), booked("c2", None, rate=None, error="rate_limit")), "prices 1")

        assert (cost.usd, cost.calls, cost.input_tokens) == (Decimal("0.1"), 2, 100)

    def test_one_estimate_makes_it_an_estimate(self) -> None:
        assert cost_of((call(), call(estimated=True)), "prices 1").estimated
        assert not cost_of((call(), call()), "prices 1").estimated


def row(day: str = "1", usd: str | None = "0.1", **more: object) -> Row:
    tokens = {"input_tokens": 100, "output_tokens": 20, "cached_tokens": 64, "reasoning_tokens": 8}
    named = {"provider": "openai", "model": "small", "principal": "local", "outcome": "answer", "error": None, "estimated": 0}
    return {"day": day, "usd": usd} | tokens | named | more


ROWS = st.lists(
    st.fixed_dictionaries({
        "day": st.sampled_from(["2026-11-01", "2026-11-02", "2026-12-01"]),
        "provider": st.sampled_from(["openai", "ollama"]),
        "model": st.sampled_from(["a", "b", "a:b"]),
        "principal": st.sampled_from(["local", "ana"]),
        "outcome": st.sampled_from(["answer", "ungrounded", "cancelled", "failed", "interrupted"]),
        "usd": st.none() | DOLLARS.map(str),
        "estimated": st.integers(0, 1),
        "error": st.none() | st.just("timeout"),
        **{f"{kind}_tokens": st.none() | TOKENS for kind in ("input", "output", "cached", "reasoning")},
    }),
    max_size=30,
)  # fmt: skip


class TestSums:
    def test_a_sum_counts_what_it_could_not_add(self) -> None:
        total = add_up([row(), row(usd=None), row(usd="0.25", error="cut"), row(usd="0", error="refused", input_tokens=None)])

        assert (total.usd, total.calls, total.unknown, total.failed) == (Decimal("0.35"), 4, 1, 2)
        assert (total.input_tokens, total.output_tokens, total.cached_tokens, total.reasoning_tokens) == (300, 80, 256, 32)

    def test_what_is_estimated_is_told_apart(self) -> None:
        total = add_up([row(), row(usd="0.25", estimated=1), row(usd=None, estimated=1)])

        assert (total.usd, total.usd_estimated, total.estimated) == (Decimal("0.35"), Decimal("0.25"), 2)

    def test_a_sum_of_nothing_known_is_unknown(self) -> None:
        assert add_up([row(usd=None), row(usd=None)]).usd is None
        assert add_up([row(usd=None), row(usd="0", error="rate_limit")]).usd is None
        assert add_up([]).usd == 0

    @given(ROWS, st.sampled_from(["day", "provider", "model", "principal", "outcome"]))
    def test_groups_add_up_to_the_whole(self, rows: list[Row], key: str) -> None:
        whole, groups = add_up(rows), add_up_by(rows, lambda call: str(call[key]))

        assert list(groups) == sorted({r[key] for r in rows})
        assert sum((group.usd or 0 for group in groups.values()), Decimal(0)) == (whole.usd or 0)
        for name in set(Sum.__dataclass_fields__) - {"usd"}:
            assert sum(getattr(group, name) for group in groups.values()) == getattr(whole, name)

    @given(ROWS)
    def test_no_dollar_is_lost_to_rounding(self, rows: list[Row]) -> None:
        billionths = sum(int(Decimal(r["usd"]).scaleb(9)) for r in rows if r["usd"] is not None)

        assert (add_up(rows).usd or 0) == Decimal(billionths).scaleb(-9)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Of a ledger with two questions that ended, one of them refused, and one that was interrupted."""
    written = tmp_path / "traces.sqlite"
    with closing(Ledger(written)) as ledger:
        for one, trace_id, who in (
            (booked("c1", Usage(1200, 60, 1024, 32)), "t1", "local"),
            (booked("c2", Usage(1000, 40), estimated=True, error="timeout"), "t1", "local"),
            (booked("c3", None, error="rate_limit"), "t2", "ana"),
            (booked("c4", Usage(500, 0), rate=None, model="ours"), "t2", "ana"),
            (booked("c5", Usage(100, 0), estimated=True, error="unfinished"), "t3", "ana"),
        ):
            ledger.book(one, trace_id, who)
        for trace_id in ("t1", "t2"):
            ledger.record(replace(trace(trace_id), outcome="answer" if trace_id == "t1" else "failed")).result(5)
    return written


class TestReport:
    def test_it_tells_by_day_model_principal_and_outcome(self, path: Path) -> None:
        with closing(Ledger(path)) as ledger:
            report = cost_report(ledger)

        def dollars(groups: dict[str, Sum]) -> dict[str, str | None]:
            return {name: None if group.usd is None else f"{group.usd:f}" for name, group in groups.items()}

        first, second, last = "0.0001896", "0.00033", "0.000025"
        whole = f"{Decimal(first) + Decimal(second) + Decimal(last):f}"
        assert dollars({"all": report.total}) == {"all": whole}
        assert dollars(report.by_day) == {"2026-11-22": whole}
        assert dollars(report.by_model) == {"openai:ours": None, "openai:small": whole}
        assert dollars(report.by_principal) == {"ana": last, "local": f"{Decimal(first) + Decimal(second):f}"}
        assert dollars(report.by_outcome) == {"answer": f"{Decimal(first) + Decimal(second):f}", "failed": None, "interrupted": last}
        assert (report.questions, report.usd_per_question) == (2, Decimal(whole) / 2)

    def test_every_call_can_be_priced_again_from_its_trace(self, path: Path) -> None:
        with closing(Ledger(path)) as ledger:
            calls = [call for trace_id in ("t1", "t2") for call in ledger.trace(trace_id)["calls"]]
            ended = {"answer", "failed"}
            stored = [None if row["usd"] is None else Decimal(row["usd"]) for row in ledger.calls() if row["outcome"] in ended]

        assert [recomputed(call) for call in calls] == stored == [Decimal("0.0001896"), Decimal("0.00033"), Decimal(0), None]

    @pytest.mark.parametrize("usd", [None, "0"])
    def test_a_mean_of_no_question_or_of_no_known_price_is_none(self, tmp_path: Path, usd: str | None) -> None:
        with closing(Ledger(tmp_path / "traces.sqlite")) as ledger:
            assert cost_report(ledger).usd_per_question is None
            ledger.book(call(None if usd is None else Decimal(usd)), "t1", "local")
            ledger.record(trace("t1")).result(5)

            assert cost_report(ledger).usd_per_question == (None if usd is None else 0)

    def test_over_http_it_is_numbers_under_the_same_names(self, path: Path) -> None:
        with closing(Ledger(path)) as ledger:
            shown = json.loads(costs_out(cost_report(ledger)).model_dump_json())

        assert (shown["questions"], shown["usd_per_question"]) == (2, 0.0002723)
        assert shown["by_outcome"]["answer"] == {
            "usd": 0.0005196, "usd_estimated": 0.00033, "calls": 2, "failed": 1, "unknown": 0, "estimated": 1,
            "input_tokens": 2200, "output_tokens": 100, "cached_tokens": 1024, "reasoning_tokens": 32,
        }  # fmt: skip
        assert set(shown) == {"total", "questions", "usd_per_question", "by_day", "by_model", "by_principal", "by_outcome"}


class TestShown:
    def test_estimates_and_unknown_prices_are_said_in_words(self, path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        lines = shown(path, capsys)

        assert lines[0] == "$0.000545 for 5 calls, over 2 questions: at least $0.000272 a question."
        assert "not counting 1 call of unknown price" in lines
        assert "of which $0.000355 estimated: the provider reported no tokens for 2 calls" in lines
        assert "2,800 tokens in (1,024 cached by the provider), 100 out (32 for reasoning)" in lines
        assert "model cost estimated calls failed unknown tokens in tokens out" in lines
        assert "openai:ours unknown $0 1 0 1 500 0" in lines
        assert "interrupted $0.000025 $0.000025 1 1 0 100 0" in lines

    def test_what_happened_to_no_call_is_not_spoken_of(self, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        path = tmp_path / "traces.sqlite"
        with closing(Ledger(path)) as ledger:
            ledger.book(call(), "t1", "[ana]")
            ledger.record(trace("t1")).result(5)
        lines = shown(path, capsys)

        assert lines[0] == "$0.002 for 1 call, over 1 question: $0.002 a question."
        assert lines[1] == "100 tokens in (0 cached by the provider), 20 out (0 for reasoning)"
        assert "principal cost calls tokens in tokens out" in lines
        assert "[ana] $0.002 1 100 20" in lines

    def test_where_no_price_is_known_none_is_named(self, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        path = tmp_path / "traces.sqlite"
        with closing(Ledger(path)) as ledger:
            ledger.book(call(None, estimated=True), "t1", "local")
            ledger.record(trace("t1")).result(5)
        lines = shown(path, capsys)

        assert lines[:2] == ["cost unknown for 1 call, over 1 question.", "the provider reported no tokens for 1 call"]
        assert "local unknown 1 1 100 20" in lines

    def test_in_a_file_a_row_is_one_line_however_long_its_name(self, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        path, name = tmp_path / "traces.sqlite", "a-model-with-a-name" * 10
        with closing(Ledger(path)) as ledger:
            ledger.book(call(model=name), "t1", "local")
            ledger.record(trace("t1")).result(5)

        assert f"openai:{name} $0.002 1 100 20" in shown(path, capsys)

    def test_without_a_call_there_is_no_table(self, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        assert shown(tmp_path / "traces.sqlite", capsys) == ["$0 for 0 calls, over 0 questions."]


def shown(path: Path, capsys: pytest.CaptureFixture[str]) -> list[str]:
    with closing(Ledger(path)) as ledger:
        print_costs(costs_out(cost_report(ledger)).model_dump(mode="json"))
    return [" ".join(line.split()) for line in capsys.readouterr().out.splitlines()]
