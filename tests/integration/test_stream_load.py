"""Many streams at once against a slow provider, over real HTTP on both sides; and clients that leave, of whom nothing may be left."""

from __future__ import annotations

import asyncio
import json
import socket
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
from fastapi import FastAPI

from api.http.app import create_app
from assistant.adapters.langchain_chat import LangChainChatModel
from assistant.answering import Assistant
from assistant.ports import Vectors
from bench.streams.client import ask_at
from bench.streams.leaving import booked, leaves
from bench.streams.provider import number_of
from tests.fake_openai import Behaviour, FakeOpenAI, answers, lasts, pauses, prompt_of
from tests.fakes import FakeEmbedder
from tests.servers import serving
from tests.worlds import OPEN_GATE, World, writer

QUESTION = "How many days of annual leave do employees have"
SECONDS = 0.4
STREAMS = 30
LEAVING = 40


class Waiting(FakeEmbedder):
    """Embeds nothing while `free` is not set."""

    def __init__(self) -> None:
        super().__init__()
        self.free = threading.Event()
        self.free.set()
        self.waits = threading.Event()

    def embed(self, texts: Sequence[str]) -> Vectors:
        if not self.free.is_set():
            self.waits.set()
        self.free.wait(10)
        return super().embed(texts)


@dataclass
class Company:
    """A server on a world, and the provider of its model."""

    url: str
    fake: FakeOpenAI
    assistant: Assistant
    world: World
    embedder: Waiting

    def tasks(self) -> int:
        """Of the server's event loop, but for the one that tells."""
        return int(httpx.get(f"{self.url}/tasks").json()) - 1

    def wait_until_idle(self, tasks: int, seconds: float = 5.0) -> None:
        """Blocks until the server has no more tasks than it had; fails where it keeps some."""
        until = time.monotonic() + seconds
        while self.tasks() > tasks:
            assert time.monotonic() < until, f"{self.tasks()} tasks, {tasks} before"
            time.sleep(0.02)

    def numbered(self, count: int, first: int = 0) -> Iterator[tuple[int, str]]:
        return ((number, f"{QUESTION} {number}") for number in range(1_000_000 + first, 1_000_000 + first + count))


@contextmanager
def company(path: Path, script: Behaviour | Callable[[Mapping[str, Any]], Behaviour]) -> Iterator[Company]:
    world, embedder = World(path), Waiting()
    world.embedder = embedder
    world.write(
        "leave.md", "# Leave\n\n## Annual leave\n\nFull-time employees have 25 days of annual leave. It is granted by the manager.\n"
    )
    world.ingest()
    with FakeOpenAI([script] if isinstance(script, Behaviour) else script) as fake:
        model = LangChainChatModel("openai:gpt-5-mini", base_url=fake.url, api_key="test")
        with world.assistant(OPEN_GATE, writer=writer(model, timeout=30)) as assistant, serving(with_tasks(create_app(assistant))) as url:
            yield Company(url, fake, assistant, world, embedder)


def with_tasks(app: FastAPI) -> FastAPI:
    async def tasks() -> int:
        return len(asyncio.all_tasks())

    app.get("/tasks")(tasks)
    return app


@contextmanager
def asking(url: str, body: dict[str, Any]) -> Iterator[None]:
    """A client that has asked, and leaves when the block ends."""
    to, sent = urlsplit(url), json.dumps(body).encode()
    head = f"POST /v1/ask HTTP/1.1\r\nhost: {to.netloc}\r\ncontent-type: application/json\r\ncontent-length: {len(sent)}\r\n\r\n"
    with socket.create_connection((to.hostname, to.port)) as line:
        line.sendall(head.encode() + sent)
        yield


def served(fake: FakeOpenAI) -> list[dict[str, Any]]:
    """The bill, with the number of each question."""
    numbers = (number_of(prompt_of(request)) for request in fake.requests)
    return [{"number": number, "cancelled": record.cancelled} for number, record in zip(numbers, fake.served, strict=True)]


async def test_thirty_streams_at_once_are_all_answered_and_booked(tmp_path: Path) -> None:
    with company(tmp_path, pauses(30, after=5)) as at:
        idle = at.tasks()
        asking = asyncio.create_task(ask_at(at.url, at.numbered(STREAMS), rate=200))
        await asyncio.to_thread(at.fake.wait_until, lambda fake: fake.paused == STREAMS, 25)
        at.fake.go_on()
        asked = await asking
        at.wait_until_idle(idle)
        traces = at.assistant.ledger.recent(None)
        calls = at.assistant.ledger.calls()

    assert [one.error for one in asked if one.error] == []
    assert {one.number for one in asked if one.reply and one.reply["mode"] == "model"} == {number for number, _ in at.numbered(STREAMS)}
    assert {trace["id"] for trace in traces} == {one.reply["trace_id"] for one in asked if one.reply}
    assert Counter(call["error"] for call in calls) == {None: STREAMS}
    assert sum(call["output_tokens"] for call in calls) == at.fake.charged().output_tokens


def test_of_forty_clients_that_leave_at_any_moment_nothing_is_left(tmp_path: Path) -> None:
    """Every other answer ends about when its client leaves; the others would take longer than the test."""
    with company(tmp_path, lambda request: lasts(SECONDS) if number_of(prompt_of(request)) % 2 else pauses(30, after=5)) as at:
        idle = at.tasks()
        asked = asyncio.run(ask_at(at.url, at.numbered(LEAVING), 100, list(leaves(LEAVING, SECONDS))))
        at.fake.wait_until(lambda fake: fake.open == 0)
        at.wait_until_idle(idle)
        (after,) = asyncio.run(ask_at(at.url, at.numbered(1, LEAVING + 1), 1))
        ledger = booked(at.world.traces, (one.number for one in asked))
        requests = served(at.fake)[:-1]

    held = {one["number"] for one in requests if one["number"] % 2 == 0}
    assert sum("left" in one.moments for one in asked) >= LEAVING / 2
    assert {one["number"] for one in requests if one["cancelled"]} >= held
    assert ledger["without a question"] == 0
    assert {one["number"] for one in requests} <= set(ledger["calls"])
    assert {number for number, errors in ledger["calls"].items() if errors == ["cancelled"]} >= held
    assert ledger["outcomes"]["cancelled"] >= len(held)
    assert after.reply is not None


def test_who_leaves_while_a_follow_up_is_being_rewritten_stops_that_call(tmp_path: Path) -> None:
    body = {"question": "And for them?", "stream": True, "history": [{"role": "user", "content": "How much leave do employees have?"}]}
    with company(tmp_path, replace(answers("Nothing."), delay=30)) as at:
        with asking(at.url, body):
            assert at.fake.asked.wait(10)
        at.fake.wait_until(lambda fake: fake.open == 0)

    assert [record.cancelled for record in at.fake.served] == [True]


def test_for_who_leaves_before_the_evidence_no_model_is_asked(tmp_path: Path) -> None:
    with company(tmp_path, answers()) as at:
        idle = at.tasks()
        at.embedder.free.clear()
        with asking(at.url, {"question": QUESTION, "stream": True}):
            assert at.embedder.waits.wait(10)
        at.wait_until_idle(idle)
        at.embedder.free.set()

    assert at.fake.served == []
