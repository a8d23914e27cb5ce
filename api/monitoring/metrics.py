"""Figures of this process for Prometheus. Counters begin at 0 with it; no label names a person, a question or a document."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime

from prometheus_client import CollectorRegistry, Counter, Histogram, disable_created_metrics, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from api.monitoring.drift import Drift
from api.monitoring.requests import Served
from assistant.answering import Assistant
from assistant.errors import IndexUnavailable
from assistant.types import Call, Trace

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
NONE = "none"
_SECONDS = (0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)


class Metrics:
    """`finished` is for the ledger to call, `served` for whoever watches the requests."""

    def __init__(self, assistant: Assistant, drift: Drift) -> None:
        disable_created_metrics()  # type: ignore[no-untyped-call]  # the library's; else each counter has a second series
        self.registry = CollectorRegistry()
        self.registry.register(_Present(assistant, drift))
        counter, histogram = self._counter, self._histogram
        self._questions = counter("footnote_questions", "Questions, by what became of them.", "outcome", "mode")
        self._refusals = counter("footnote_refusals", "Questions that were refused, by the reason.", "reason")
        self._question_seconds = histogram("footnote_question_seconds", "Time from a question to its reply.")
        self._step_seconds = histogram("footnote_step_seconds", "Time of each step of answering.", "step")
        self._calls = counter("footnote_calls", "Calls to models, by how they ended.", "model", "error")
        self._tokens = counter("footnote_tokens", "Tokens of these calls. Input includes cached, output reasoning.", "model", "kind")
        self._dollars = counter("footnote_dollars", "Dollars of the calls whose price is known.", "model")
        self._unpriced = counter("footnote_unpriced_calls", "Calls whose price is not known.", "model")
        self._requests = counter("footnote_http_requests", "Requests that were served.", "route", "status")

    def text(self) -> bytes:
        return generate_latest(self.registry)

    def finished(self, trace: Trace) -> None:
        reply = trace.reply
        self._questions.labels(trace.outcome, reply.mode if reply else NONE).inc()
        if reply:
            self._question_seconds.observe(reply.latency_ms["total"] / 1000)
        if reply and reply.refusal:
            self._refusals.labels(reply.refusal.reason).inc()
        for step in trace.steps:
            self._step_seconds.labels(step.name).observe(step.milliseconds / 1000)
        for call in trace.calls:
            self._called(call)

    def served(self, request: Served) -> None:
        self._requests.labels(request.route, str(request.status)).inc()

    def _called(self, call: Call) -> None:
        model = f"{call.provider}:{call.model}"
        self._calls.labels(model, call.error or NONE).inc()
        if call.usd is None:
            self._unpriced.labels(model).inc()
        else:
            self._dollars.labels(model).inc(float(call.usd))
        if (usage := call.usage) is not None:
            tokens = (("input", usage.input_tokens), ("output", usage.output_tokens))
            for kind, count in (*tokens, ("cached", usage.cached_tokens), ("reasoning", usage.reasoning_tokens)):
                self._tokens.labels(model, kind).inc(max(count, 0))

    def _counter(self, name: str, about: str, *labels: str) -> Counter:
        return Counter(name, about, labels, registry=self.registry)

    def _histogram(self, name: str, about: str, *labels: str) -> Histogram:
        return Histogram(name, about, labels, registry=self.registry, buckets=_SECONDS)


class _Present(Collector):
    """What is looked up when somebody asks. What there is nothing to say of is left out."""

    def __init__(self, assistant: Assistant, drift: Drift) -> None:
        self._assistant = assistant
        self._drift = drift

    def collect(self) -> Iterator[Metric]:
        yield GaugeMetricFamily("footnote_open_questions", "Questions that are being answered.", self._assistant.open)
        with suppress(IndexUnavailable):
            manifest = self._assistant.snapshot().manifest
            age = (datetime.now(UTC) - datetime.fromisoformat(manifest.created)).total_seconds()
            yield GaugeMetricFamily("footnote_index_age_seconds", "Time since the published generation was built.", age)
            yield GaugeMetricFamily("footnote_index_documents", "Documents of the published generation.", manifest.documents)
        yield from self._quality()

    def _quality(self) -> Iterator[Metric]:
        found = self._drift.quality()
        for name, about, field in (
            ("footnote_thumbs_down_share", "Thumbs down among all ratings.", "thumbs_down"),
            ("footnote_ungrounded_sentences_share", "Claimed sentences that no quote carried.", "ungrounded"),
            ("footnote_mean_confidence", "Mean confidence of replies that have one.", "confidence"),
            ("footnote_refused_share", "Refusals among all replies.", "refused"),
        ):
            gauge = GaugeMetricFamily(name, about, labels=["window"])
            for window, quality in found.items():
                if (value := getattr(quality, field)) is not None:
                    gauge.add_metric([window], value)
            yield gauge
