"""Traces as OpenTelemetry spans, sent to a collector in the background: one for the question, below it one a step and one a model call.

Numbers and names of ours alone, unless FOOTNOTE_LOG_CONTENT says otherwise. The gen_ai names are not stable yet, so they stand here and are
not taken from a library.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import datetime, timedelta
from importlib.metadata import version

from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter
from opentelemetry.sdk.trace.sampling import ALWAYS_ON
from opentelemetry.trace import Span, SpanKind, Status, StatusCode, set_span_in_context
from opentelemetry.util.types import AttributeValue

from assistant.types import Call, Step, Trace

OPERATION = "gen_ai.operation.name"
AGENT = "gen_ai.agent.name"
PROVIDER = "gen_ai.provider.name"
REQUEST_MODEL = "gen_ai.request.model"
RESPONSE_MODEL = "gen_ai.response.model"
INPUT_TOKENS = "gen_ai.usage.input_tokens"
OUTPUT_TOKENS = "gen_ai.usage.output_tokens"
CACHED_TOKENS = "gen_ai.usage.cache_read.input_tokens"
DOCUMENTS = "gen_ai.retrieval.documents"
ERROR = "error.type"
TRACE_ID = "footnote.trace_id"

# Seconds that a collector may take, and that the last spans may take when the server ends.
_TIMEOUT = 5.0
_FLUSH = 5.0
# What steps say in words of ours; other texts in them are content.
_WORDS = frozenset({"error", "decision", "by", "ended", "broken", "model"})

Attributes = dict[str, AttributeValue]


def exporter_to(endpoint: str) -> SpanExporter:
    """To a collector's address. Headers that it wants are in OpenTelemetry's own variable, OTEL_EXPORTER_OTLP_HEADERS."""
    return OTLPSpanExporter(f"{endpoint.rstrip('/')}/v1/traces", timeout=_TIMEOUT)


class Spans:
    """`finished` is for the ledger to call; it never waits: what a collector does not take in time is dropped. With `content`, questions,
    answers and sources go along, after it was applied to them."""

    def __init__(self, exporter: SpanExporter, content: Callable[[str], str] | None = None) -> None:
        self._content = content
        resource = Resource({"service.name": "footnote", "service.version": version("footnote")})
        self._provider = TracerProvider(sampler=ALWAYS_ON, resource=resource, shutdown_on_exit=False)
        self._provider.add_span_processor(BatchSpanProcessor(exporter))
        self._tracer = self._provider.get_tracer("footnote")

    def close(self, patience: float = _FLUSH) -> None:
        """Sends what still waits; after so many seconds it gives up."""
        ending = threading.Thread(target=self._provider.shutdown, name="footnote-spans", daemon=True)
        ending.start()
        ending.join(patience)

    def finished(self, trace: Trace) -> None:
        began = trace.created - timedelta(milliseconds=_milliseconds(trace))
        nowhere = Context()  # not below what somebody else's instrumentation may have under way
        root = self._span("invoke_agent footnote", nowhere, began, self._question(trace))
        if trace.outcome == "failed":
            root.set_status(Status(StatusCode.ERROR))
        below = set_span_in_context(root, nowhere)
        for step in trace.steps:
            start = began + timedelta(milliseconds=step.started)
            span = self._span(step.name, below, start, self._step(step))
            span.end(_nanoseconds(start, step.milliseconds))
        for call in trace.calls:
            span = self._span(f"chat {call.model}", below, call.created, _call(call), SpanKind.CLIENT)
            if call.error:
                span.set_status(Status(StatusCode.ERROR))
            span.end(_nanoseconds(call.created, call.milliseconds))
        root.end(_nanoseconds(trace.created))

    def _span(self, name: str, context: Context, start: datetime, said: Attributes, kind: SpanKind = SpanKind.INTERNAL) -> Span:
        return self._tracer.start_span(name, context, kind, said, start_time=_nanoseconds(start))

    def _question(self, trace: Trace) -> Attributes:
        found: Attributes = {
            OPERATION: "invoke_agent",
            AGENT: "footnote",
            TRACE_ID: trace.id,
            "footnote.outcome": trace.outcome,
            "footnote.generation": trace.generation,
            INPUT_TOKENS: trace.cost.input_tokens,
            OUTPUT_TOKENS: trace.cost.output_tokens,
        }
        if trace.cost.usd is not None:
            found["footnote.usd"] = float(trace.cost.usd)
        if (reply := trace.reply) is not None:
            found["footnote.mode"] = reply.mode
            if reply.confidence is not None:
                found["footnote.confidence"] = reply.confidence
            if reply.refusal is not None:
                found["footnote.reason"] = reply.refusal.reason
        if self._content is not None:
            found["footnote.question"] = self._content(trace.question.text)
            found["footnote.answer"] = self._content(reply.text) if reply else ""
        return found

    def _step(self, step: Step) -> Attributes:
        seen = step.attributes
        found: Attributes = {
            f"footnote.{name}": value
            for name, value in seen.items()
            if isinstance(value, int | float) or (isinstance(value, str) and name in _WORDS)
        }
        if isinstance(error := seen.get("error"), str):
            found[ERROR] = error
        if self._content is not None and isinstance(kept := seen.get("kept"), list):
            found[DOCUMENTS] = [str(hit.get("source")) for hit in kept]
        return found


def _call(call: Call) -> Attributes:
    found: Attributes = {
        OPERATION: "chat",
        PROVIDER: call.provider,
        REQUEST_MODEL: call.model,
        "footnote.purpose": call.purpose,
        "footnote.estimated": call.estimated,
    }
    if call.usage is not None:
        usage = call.usage
        found |= {INPUT_TOKENS: usage.input_tokens, OUTPUT_TOKENS: usage.output_tokens, CACHED_TOKENS: usage.cached_tokens}
    if call.usd is not None:
        found["footnote.usd"] = float(call.usd)
    return found | ({ERROR: call.error} if call.error else {RESPONSE_MODEL: call.model})


def _milliseconds(trace: Trace) -> float:
    if trace.reply is not None:
        return trace.reply.latency_ms["total"]
    return max((step.started + step.milliseconds for step in trace.steps), default=0.0)


def _nanoseconds(moment: datetime, later: float = 0.0) -> int:
    """Of the moment, or so many milliseconds later."""
    return int((moment + timedelta(milliseconds=later)).timestamp() * 1_000_000) * 1000
