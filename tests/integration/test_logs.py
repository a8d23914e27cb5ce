"""What a server logs while it is asked, badly too: one line a request, and nothing of what was sent to it."""

from __future__ import annotations

import io
import json
import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import httpx
import pytest
import structlog
import uvicorn

from api.http.app import create_app
from api.http.doors import Doors
from api.identity.callers import Doorman
from api.identity.keys import Keys
from api.monitoring.logs import configure_logs
from assistant.answering import Assistant
from assistant.types import Question, Reply
from tests.servers import free_port, wait_for
from tests.worlds import OPEN_GATE, World

SECRET = "Zanzibar"
QUESTION = f"How many days of annual leave are there in {SECRET}?"


@pytest.fixture(autouse=True)
def _as_before() -> Iterator[None]:
    """What is configured is configured for the process, and so is what a server of another test configured."""
    root, uvicorns = logging.getLogger(), logging.getLogger("uvicorn")
    before = [(logger, logger.handlers[:], logger.level, logger.propagate) for logger in (root, uvicorns)]
    uvicorns.handlers[:], uvicorns.propagate = [], True
    yield
    structlog.reset_defaults()
    for logger, handlers, level, propagates in before:
        logger.handlers[:], logger.propagate = handlers, propagates
        logger.setLevel(level)


@pytest.fixture
def stream() -> io.StringIO:
    made = io.StringIO()
    configure_logs(made, content=False)
    return made


@pytest.fixture
def assistant(tmp_path: Path) -> Iterator[Assistant]:
    world = World(tmp_path)
    world.write("hr/leave.md", "# Leave\n\nEveryone has 25 days of paid annual leave.\n")
    world.ingest()
    with world.assistant(OPEN_GATE) as made:
        yield made


class Failing(Assistant):
    """Fails as a library might: with the question in the message."""

    async def _reply(self, run: Any) -> Reply:
        question: Question = run.question
        if "fail" in question.text:
            raise ValueError(question.text)
        return await super()._reply(run)


@contextmanager
def served(assistant: Assistant, doors: Doors | None = None) -> Iterator[httpx.Client]:
    """As `footnote serve` does it."""
    port = free_port()
    config = uvicorn.Config(create_app(assistant, doors), port=port, log_config=None, log_level="warning", access_log=False)
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        wait_for(f"http://127.0.0.1:{port}/healthz")
        each_anew = httpx.Limits(max_keepalive_connections=0)  # uvicorn closes a connection on which something crashed
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=30, trust_env=False, limits=each_anew) as http:
            yield http
    finally:
        server.should_exit = True
        thread.join(30)


def lines(stream: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_every_request_is_one_line_with_the_trace_that_it_left(assistant: Assistant, stream: io.StringIO) -> None:
    with served(assistant) as http:
        plain = http.post("/v1/ask", json={"question": QUESTION})
        streamed = http.post("/v1/ask", json={"question": QUESTION, "stream": True}).text
        http.get(f"/v1/documents/{SECRET}?cursor={SECRET}")
    told = [line for line in lines(stream) if line["route"] != "/healthz"]
    done = json.loads(streamed.rpartition("data: ")[2])

    assert [(line["method"], line["route"], line["status"], line["principal"], line["trace_id"]) for line in told] == [
        ("POST", "/v1/ask", 200, "local", plain.json()["trace_id"]),
        ("POST", "/v1/ask", 200, "local", done["trace_id"]),
        ("GET", "/v1/documents/{document_id}", 404, "local", None),
    ]
    assert plain.headers["x-trace-id"] == plain.json()["trace_id"]
    assert all(line["milliseconds"] > 0 for line in told)


def test_nothing_that_was_sent_is_logged(assistant: Assistant, stream: io.StringIO, tmp_path: Path) -> None:
    assistant.__class__ = Failing
    keys = Keys(tmp_path / "keys.json")
    _, token = keys.create("ann", (), ("ask", "traces"), None)
    right, wrong = {"authorization": f"Bearer {token}"}, {"authorization": f"Bearer {token}x", "x-note": SECRET, "cookie": SECRET}
    with served(assistant, Doors(Doorman([keys]))) as http:
        answers = [
            http.post("/v1/ask", json={"question": QUESTION}, headers=right),
            http.post("/v1/ask", json={"question": QUESTION}, headers=wrong),
            http.post("/v1/ask", json={"question": QUESTION, SECRET: 1}, headers=right),
            http.post("/v1/ask", content=f'{{"question": "{SECRET}'.encode(), headers=right | {"content-type": "application/json"}),
            http.post("/v1/ask", json={"question": f"fail {QUESTION}"}, headers=right),
            http.post("/v1/ask", json={"question": f"fail {QUESTION}", "stream": True}, headers=right),
            http.get(f"/{SECRET}?key={token}", headers=right),
            http.get(f"/v1/traces/{SECRET}?key={token}", headers=right),
        ]
        with suppress(httpx.TransportError):  # whether the refusal arrives before the connection ends is chance
            http.request(SECRET.upper(), "/v1/ask", headers=right)

    assert [answer.status_code for answer in answers] == [200, 401, 422, 422, 500, 500, 404, 404]
    logged = stream.getvalue()
    for words in (SECRET, SECRET.upper(), token, token.rpartition("_")[2], "annual"):
        assert words not in logged
    errors = [line for line in lines(stream) if line.get("error") == "ValueError"]
    assert {line["event"] for line in errors} == {"request failed", "Exception in ASGI application"}
    assert [line["route"] for line in errors if "route" in line] == ["/v1/ask", "/v1/ask"]
    assert any("_reply" in place for place in errors[0]["places"])
