"""The figures for Prometheus: what is counted, what is looked up, and that none of it names anybody or anything."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from api.monitoring.drift import Drift, Quality
from api.monitoring.metrics import Metrics
from api.monitoring.requests import OTHER, Served, Watch
from assistant.answering import Assistant
from assistant.traces import Ledger
from assistant.types import Principal, Question, Refusal, Step, Trace
from tests.builders import NOW, call, reply, trace
from tests.worlds import World

PAGE = Path(__file__).parents[2] / "docs/operation.md"
NOTHING = Quality(None, None, None, None)


@pytest.fixture
def assistant(tmp_path: Path) -> Iterator[Assistant]:
    world = World(tmp_path)
    world.write("hr/leave.md", "# Leave\n\nEveryone has 25 days.\n")
    world.ingest()
    with world.assistant() as made:
        yield made


@pytest.fixture
def metrics(assistant: Assistant) -> Metrics:
    return Metrics(assistant, Drift(assistant.ledger.path, lambda: NOW))


def value(metrics: Metrics, name: str, **labels: str) -> float | None:
    return metrics.registry.get_sample_value(name, labels)


def refused(reason: str) -> Trace:
    told = replace(reply(), kind="refusal", refusal=Refusal(reason, ""), confidence=0.3)  # type: ignore[arg-type]  # each is tried
    return replace(trace(), outcome="refusal", reply=told)


class TestCounters:
    def test_a_question_counts_by_what_became_of_it(self, metrics: Metrics) -> None:
        for one in (trace(), trace("t2"), refused("ungrounded"), replace(trace("t4"), reply=None, outcome="cancelled")):
            metrics.finished(one)

        assert value(metrics, "footnote_questions_total", outcome="answer", mode="extractive") == 2
        assert value(metrics, "footnote_questions_total", outcome="refusal", mode="extractive") == 1
        assert value(metrics, "footnote_questions_total", outcome="cancelled", mode="none") == 1
        assert value(metrics, "footnote_refusals_total", reason="ungrounded") == 1
        assert value(metrics, "footnote_question_seconds_count") == 3
        assert value(metrics, "footnote_step_seconds_bucket", step="retrieve", le="0.005") == 4

    def test_a_call_counts_with_its_tokens_and_dollars(self, metrics: Metrics) -> None:
        calls = (call(Decimal("0.002")), call(None, error="timeout"), call(Decimal("0.001"), model="large"))
        metrics.finished(trace(calls=calls))

        assert value(metrics, "footnote_calls_total", model="openai:small", error="none") == 1
        assert value(metrics, "footnote_calls_total", model="openai:small", error="timeout") == 1
        assert value(metrics, "footnote_dollars_total", model="openai:small") == 0.002
        assert value(metrics, "footnote_unpriced_calls_total", model="openai:small") == 1
        assert value(metrics, "footnote_tokens_total", model="openai:small", kind="input") == 200
        assert value(metrics, "footnote_tokens_total", model="openai:large", kind="output") == 20
        assert value(metrics, "footnote_unpriced_calls_total", model="openai:large") is None

    def test_two_applications_count_apart(self, assistant: Assistant, metrics: Metrics) -> None:
        metrics.finished(trace())

        assert b'footnote_questions_total{mode="extractive",outcome="answer"} 1.0' in metrics.text()
        assert b"footnote_questions_total{" not in Metrics(assistant, Drift(assistant.ledger.path)).text()


class TestPresent:
    def test_the_published_generation_and_what_is_open(self, assistant: Assistant, metrics: Metrics) -> None:
        assert value(metrics, "footnote_index_documents") == assistant.snapshot().manifest.documents == 1
        assert value(metrics, "footnote_open_questions") == 0
        assert 0 <= (value(metrics, "footnote_index_age_seconds") or -1) < 60

    def test_without_an_index_there_is_nothing_to_say_of_it(self, tmp_path: Path) -> None:
        with World(tmp_path / "empty").assistant() as assistant:
            text = Metrics(assistant, Drift(assistant.ledger.path)).text()

        assert b"footnote_index" not in text
        assert b"footnote_open_questions 0.0" in text

    def test_no_label_names_a_person_a_question_or_a_document(self, metrics: Metrics, assistant: Assistant) -> None:
        who = Question("Who earns more than Zoe?", Principal("zoe.quill"))
        one = replace(trace("trace-7"), question=who, standalone=who.text, calls=(call(),))
        assistant.ledger.listen(metrics.finished)
        assistant.ledger.record(one).result(5)
        metrics.served(Served("GET", "/v1/traces/{trace_id}", 200, 1.0, "zoe.quill", "trace-7"))
        text = metrics.text().decode()

        for word in ("Zoe", "zoe", "trace-7", "leave", "earns"):
            assert word not in text
        assert 'footnote_http_requests_total{route="/v1/traces/{trace_id}",status="200"} 1.0' in text


class TestDrift:
    @pytest.fixture
    def ledger(self, tmp_path: Path) -> Iterator[Ledger]:
        made = Ledger(tmp_path / "drift.sqlite")
        yield made
        made.close()

    @staticmethod
    def add(ledger: Ledger, trace_id: str, days_ago: float, *, confidence: float = 0.9, dropped: int = 0, stated: int = 1) -> None:
        seen = {"statements": stated, "dropped": [{"text": "x", "reason": "y"}] * dropped}
        said = replace(reply(trace_id), confidence=confidence)
        made = replace(trace(trace_id), reply=said, created=NOW - timedelta(days=days_ago), steps=(Step("ground", 0, 1, seen),))
        ledger.record(made).result(5)

    @staticmethod
    def rate(ledger: Ledger, trace_id: str, days_ago: float, rating: int) -> None:
        with closing(sqlite3.connect(ledger.path)) as db, db:
            row = (trace_id, (NOW - timedelta(days=days_ago)).isoformat(), "ann", rating)
            db.execute("INSERT INTO feedback VALUES (?, ?, ?, ?, NULL)", row)

    def test_a_week_beside_the_week_before(self, ledger: Ledger) -> None:
        self.add(ledger, "a", 1, confidence=0.8, dropped=3, stated=1)
        self.add(ledger, "b", 6.9, confidence=0.4, stated=4)
        self.add(ledger, "c", 8, confidence=0.2, dropped=1, stated=1)
        self.add(ledger, "d", 15)
        ledger.record(replace(refused("no_evidence"), id="e", created=NOW - timedelta(days=2))).result(5)
        for trace_id, days_ago, rating in (("a", 1, -1), ("b", 2, 1), ("c", 8, 1), ("d", 15, -1)):
            self.rate(ledger, trace_id, days_ago, rating)

        found = Drift(ledger.path, lambda: NOW).quality()

        assert found["week"] == Quality(0.5, 3 / 8, 0.5, 1 / 3)
        assert found["week_before"] == Quality(0.0, 0.5, 0.2, 0.0)

    def test_of_nothing_there_is_no_share(self, ledger: Ledger, assistant: Assistant) -> None:
        assert Drift(ledger.path, lambda: NOW).quality() == {"week": NOTHING, "week_before": NOTHING}
        assert b"footnote_thumbs_down_share{" not in Metrics(assistant, Drift(ledger.path)).text()

    def test_it_looks_once_a_minute(self, ledger: Ledger) -> None:
        clock = [NOW]
        drift = Drift(ledger.path, lambda: clock[0])
        before = drift.quality()
        self.add(ledger, "a", 1)

        clock[0] += timedelta(seconds=59)
        assert drift.quality() is before
        clock[0] += timedelta(seconds=1)
        assert drift.quality()["week"].confidence == 0.9

    def test_both_windows_are_shown(self, assistant: Assistant) -> None:
        self.add(assistant.ledger, "a", 1, confidence=0.75)
        self.add(assistant.ledger, "b", 8, confidence=0.5)
        metrics = Metrics(assistant, Drift(assistant.ledger.path, lambda: NOW))

        assert value(metrics, "footnote_mean_confidence", window="week") == 0.75
        assert value(metrics, "footnote_mean_confidence", window="week_before") == 0.5
        assert value(metrics, "footnote_refused_share", window="week") == 0


async def test_what_is_turned_away_before_it_is_routed_has_the_route_of_what_came_through() -> None:
    served: list[Served] = []

    async def app(scope: object, receive: object, send: object) -> None:
        raise NotImplementedError

    watch = Watch(app, [served.append])
    routed = {"type": "http", "method": "POST", "path": "/v1/ask", "route": type("Route", (), {"path": "/v1/ask"})}
    bare = {"type": "http", "method": "BREW", "path": "/v1/ask"}
    other = {"type": "http", "method": "GET", "path": "/secret"}
    for scope in (bare, routed, dict(bare), other):
        with pytest.raises(NotImplementedError):
            await watch(dict(scope), app, app)  # type: ignore[arg-type]  # neither is called

    assert [(one.method, one.route, one.status) for one in served] == [
        (OTHER, OTHER, 500), ("POST", "/v1/ask", 500), (OTHER, "/v1/ask", 500), ("GET", OTHER, 500),
    ]  # fmt: skip


def test_the_page_lists_each_metric_with_its_kind_and_labels(metrics: Metrics, assistant: Assistant) -> None:
    for one in (trace(calls=(call(), call(None))), refused("no_evidence")):
        metrics.finished(one)
    metrics.served(Served("GET", "/healthz", 200, 1.0, None, None))
    TestDrift.add(assistant.ledger, "a", 1)
    TestDrift.rate(assistant.ledger, "a", 1, 1)
    rows = re.findall(r"^\| `(footnote_\w+)` \| (\w+) \| ([^|]*) \|", PAGE.read_text(encoding="utf-8"), re.MULTILINE)
    documented = {name: (kind, set(re.findall(r"`(\w+)`", labels))) for name, kind, labels in rows}

    assert documented == described(metrics)


def described(metrics: Metrics) -> dict[str, tuple[str, set[str]]]:
    found = {}
    for family in text_string_to_metric_families(metrics.text().decode()):
        name = f"{family.name}_total" if family.type == "counter" else family.name
        found[name] = (family.type, {label for sample in family.samples for label in sample.labels} - {"le"})
    return found
