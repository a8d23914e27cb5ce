"""Traces as spans: their names, times and places, and that no words of anybody are in them."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult
from opentelemetry.trace import StatusCode

from api.monitoring.otlp import DOCUMENTS, ERROR, INPUT_TOKENS, OPERATION, PROVIDER, REQUEST_MODEL, RESPONSE_MODEL, TRACE_ID, Spans
from assistant.types import Step, Trace
from tests.builders import NOW, call, trace

SECRET = "Does Zoe Quill get a raise?"


class Collector(SpanExporter):
    """Keeps what it is sent; takes its time where it is told to."""

    def __init__(self, seconds: float = 0.0) -> None:
        self.spans: list[ReadableSpan] = []
        self._seconds = seconds

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        time.sleep(self._seconds)
        self.spans += spans
        return SpanExportResult.SUCCESS


def asked() -> Trace:
    steps = (
        Step("rewrite", 1.0, 2.0, {"by": "rules", "standalone": SECRET}),
        Step("retrieve", 3.0, 4.0, {"kept": [{"source": "hr/leave.md", "start": 3}], "corrected": {}}),
        Step("gate", 7.0, 1.0, {"confidence": 0.75, "decision": "pass", "features": {"cosine": 0.5}}),
        Step("answer", 8.0, 4.0, {"prompt": SECRET, "claims": [{"text": SECRET}], "error": "TimeoutError"}),
    )
    began = replace(call(Decimal("0.002")), created=NOW - timedelta(milliseconds=4))
    failed = replace(call(None, model="large", error="timeout"), usage=None)
    return replace(trace("t1", question=SECRET), steps=steps, calls=(began, failed))


def sent(told: Trace, content: Callable[[str], str] | None = None) -> dict[str, ReadableSpan]:
    collector = Collector()
    spans = Spans(collector, content)
    spans.finished(told)
    spans.close()
    return {span.name: span for span in collector.spans}


def test_a_question_is_a_span_with_its_steps_and_calls_below() -> None:
    found = sent(asked())
    root = found["invoke_agent footnote"]

    assert set(found) == {"invoke_agent footnote", "rewrite", "retrieve", "gate", "answer", "chat small", "chat large"}
    assert root.parent is None
    assert {span.parent.span_id for span in found.values() if span.parent} == {root.context.span_id}
    assert root.attributes is not None
    assert (root.attributes[TRACE_ID], root.attributes[OPERATION], root.attributes["footnote.outcome"]) == ("t1", "invoke_agent", "answer")


def test_spans_have_the_times_of_the_steps() -> None:
    found = sent(asked())
    end = int(NOW.timestamp() * 1000)
    times = {name: ((span.start_time or 0) / 1e6 - end, (span.end_time or 0) / 1e6 - end) for name, span in found.items()}

    told = [times[name] for name in ("invoke_agent footnote", "retrieve", "chat small")]
    assert told == [(-12.5, 0), (-9.5, -5.5), (-4, 116)]  # 12.5 ms is what the reply says


def test_a_call_says_what_it_was_and_took() -> None:
    found = sent(asked())
    good, failed = found["chat small"], found["chat large"]
    assert good.attributes is not None
    assert failed.attributes is not None

    assert [good.attributes[name] for name in (OPERATION, PROVIDER, REQUEST_MODEL, RESPONSE_MODEL, INPUT_TOKENS, "footnote.usd")] == [
        "chat", "openai", "small", "small", 100, 0.002,
    ]  # fmt: skip
    assert (failed.attributes[ERROR], failed.status.status_code) == ("timeout", StatusCode.ERROR)
    assert not {RESPONSE_MODEL, INPUT_TOKENS, "footnote.usd"} & set(failed.attributes)
    assert good.status.status_code is StatusCode.UNSET


def test_a_step_says_its_numbers_and_our_words() -> None:
    found = sent(asked())

    assert dict(found["gate"].attributes or {}) == {"footnote.confidence": 0.75, "footnote.decision": "pass"}
    assert dict(found["answer"].attributes or {}) == {"footnote.error": "TimeoutError", ERROR: "TimeoutError"}


def test_no_content_leaves_unless_it_is_wanted() -> None:
    without = str([span.to_json() for span in sent(asked()).values()])
    within = sent(asked(), lambda text: text.replace("Zoe Quill", "[name]"))

    for words in ("Zoe", "raise", "25 days", "hr/leave.md", "local"):
        assert words not in without
    assert (within["invoke_agent footnote"].attributes or {})["footnote.question"] == "Does [name] get a raise?"
    assert (within["retrieve"].attributes or {})[DOCUMENTS] == ("hr/leave.md",)


def test_a_slow_collector_makes_nobody_wait() -> None:
    spans = Spans(Collector(seconds=30))
    started = time.monotonic()
    for _ in range(1000):  # far more spans than its queue holds
        spans.finished(asked())
    told = time.monotonic() - started
    spans.close(0.2)

    assert told < 3
    assert time.monotonic() - started < told + 1


@pytest.mark.parametrize("outcome", ["failed", "cancelled"])
def test_a_question_without_a_reply_is_told_too(outcome: str) -> None:
    root = sent(replace(asked(), reply=None, outcome=outcome))["invoke_agent footnote"]  # type: ignore[arg-type]  # both are endings

    assert (root.status.status_code is StatusCode.ERROR) is (outcome == "failed")
    assert (root.end_time or 0) - (root.start_time or 0) == 12_000_000  # to the end of the last step
