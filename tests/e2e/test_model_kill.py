"""The server is killed under load: what was answered has its trace, and what was asked of the provider is booked."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import httpx
import pytest

from assistant.generation import Home
from assistant.traces import Ledger
from tests.fake_openai import FakeOpenAI, lasts
from tests.servers import free_port, wait_for

BIN = Path(sys.executable).parent
LEAVE = "# Leave\n\n## Annual leave\n\nFull-time employees have 25 days of paid annual leave a year. Requests go to the line manager.\n"
CLIENTS = 8


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    documents = tmp_path_factory.mktemp("documents")
    (documents / "leave.md").write_text(LEAVE, encoding="utf-8")
    folder = tmp_path_factory.mktemp("home")
    subprocess.run([str(BIN / "ingest"), str(documents)], env=os.environ | {"FOOTNOTE_HOME": str(folder)}, cwd=documents, check=True)
    return folder


class Clients:
    """Ask one question after the other, each a new one, until the server is gone. `answered` are the traces of what came back."""

    def __init__(self, url: str) -> None:
        self.answered: list[str] = []
        self._url = url
        self._threads = [threading.Thread(target=self._ask, args=(number,)) for number in range(CLIENTS)]
        for thread in self._threads:
            thread.start()

    def join(self) -> None:
        for thread in self._threads:
            thread.join(30)

    def _ask(self, client: int) -> None:
        with httpx.Client(base_url=self._url, timeout=30, trust_env=False) as http:
            for number in range(10_000):
                question = f"How many days of paid annual leave do full-time employees have in year {client * 10_000 + number}?"
                try:
                    self.answered.append(http.post("/v1/ask", json={"question": question}).json()["trace_id"])
                except httpx.TransportError:
                    return


def killed_under_load(home: Path, fake: FakeOpenAI) -> list[str]:
    port = free_port()
    settings = {"FOOTNOTE_HOME": str(home), "FOOTNOTE_MODEL": "openai:gpt-5-mini", "OPENAI_BASE_URL": fake.url, "OPENAI_API_KEY": "test"}
    command = [str(BIN / "footnote"), "serve", "--port", str(port)]
    server = subprocess.Popen(command, env=os.environ | settings, cwd=home, stderr=subprocess.DEVNULL)
    wait_for(f"http://127.0.0.1:{port}/readyz")
    clients = Clients(f"http://127.0.0.1:{port}")
    while len(clients.answered) < 40:
        time.sleep(0.01)
    server.send_signal(signal.SIGKILL)
    server.wait(10)
    clients.join()
    return clients.answered


@pytest.fixture
def fake() -> Iterator[FakeOpenAI]:
    with FakeOpenAI([lasts(0.1)]) as provider:
        yield provider


def test_every_reply_that_was_sent_has_its_trace_and_every_request_is_booked(home: Path, fake: FakeOpenAI) -> None:
    answered = killed_under_load(home, fake)
    fake.wait_until(lambda provider: provider.open == 0)

    with closing(Ledger(Home(home).traces)) as ledger:
        kept = {trace["id"] for trace in ledger.recent(None)}
        calls = ledger.calls()
    ended = [call for call in calls if not call["estimated"]]
    cut_off = [call for call in calls if call["estimated"]]
    told = [served for served in fake.served if served.complete]

    assert len(answered) >= 40
    assert set(answered) <= kept
    assert len(fake.served) <= len(calls) <= len(fake.served) + CLIENTS
    assert {(call["error"], call["outcome"]) for call in cut_off} <= {("unfinished", "interrupted")}
    assert len(cut_off) <= CLIENTS
    assert 0 <= len(told) - len(ended) <= len(cut_off)
    assert sum(call["input_tokens"] for call in ended) == sum(s.usage.input_tokens for s in told[: len(ended)] if s.usage)
