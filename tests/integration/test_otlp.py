"""Spans over the wire to a collector on loopback, and a question whose collector is away."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from api.monitoring.otlp import TRACE_ID, Spans, exporter_to
from assistant.types import LOCAL, Question
from tests.fakes import FakeChatModel, first_sentence
from tests.servers import free_port
from tests.worlds import OPEN_GATE, World

QUESTION = Question("How many days of annual leave are there?", LOCAL)


@dataclass
class Collector:
    """What arrived, as it came over the wire."""

    paths: list[str] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)

    def spans(self) -> dict[str, Span]:
        requests = [ExportTraceServiceRequest.FromString(body) for body in self.bodies]
        return {
            span.name: span
            for request in requests
            for resource in request.resource_spans
            for scope in resource.scope_spans
            for span in scope.spans
        }


@contextmanager
def collecting() -> Iterator[tuple[str, Collector]]:
    collector = Collector()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            collector.paths.append(self.path)
            collector.bodies.append(self.rfile.read(int(self.headers["content-length"])))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/", collector
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture
def world(tmp_path: Path) -> World:
    made = World(tmp_path)
    made.write("hr/leave.md", "# Leave\n\nEveryone has 25 days of paid annual leave.\n")
    made.ingest()
    return made


async def test_a_question_arrives_as_spans_without_its_words(world: World) -> None:
    with collecting() as (url, collector), world.assistant(OPEN_GATE, FakeChatModel(first_sentence)) as assistant:
        spans = Spans(exporter_to(url))
        assistant.ledger.listen(spans.finished)
        reply = await assistant.ask(QUESTION)
        spans.close()
    found = collector.spans()
    root = found["invoke_agent footnote"]

    assert set(collector.paths) == {"/v1/traces"}
    assert {attribute.value.string_value for attribute in root.attributes if attribute.key == TRACE_ID} == {reply.trace_id}
    assert {"retrieve", "gate", "answer", "ground", "chat model"} <= set(found)
    assert all(root.start_time_unix_nano <= span.start_time_unix_nano for span in found.values() if span is not root)
    assert all(span.trace_id == root.trace_id for span in found.values())
    for words in (b"annual", b"25 days", b"leave.md", b"local"):
        assert not any(words in body for body in collector.bodies)


async def test_a_collector_that_is_away_delays_nobody(world: World) -> None:
    with world.assistant(OPEN_GATE) as assistant:
        await assistant.ask(QUESTION)
        spans = Spans(exporter_to(f"http://127.0.0.1:{free_port()}"))
        assistant.ledger.listen(spans.finished)
        started = time.monotonic()
        replies = [await assistant.ask(QUESTION) for _ in range(20)]
        asked = time.monotonic() - started
        spans.close(0.5)
        ended = time.monotonic() - started - asked

    assert {reply.kind for reply in replies} == {"answer"}
    assert asked < 5
    assert ended < 2
