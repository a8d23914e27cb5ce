"""The model path as an operator sets it up: by environment variables, against a server that speaks OpenAI's protocol."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.fake_openai import Behaviour, FakeOpenAI, answers, claims, fails
from tests.servers import free_port, wait_for

BIN = Path(sys.executable).parent
LEAVE = "# Leave\n\n## Annual leave\n\nFull-time employees have 25 days of paid annual leave a year. Requests go to the line manager.\n"
QUESTION = "How many days of paid annual leave do full-time employees have?"
SENTENCE = "Full-time employees have 25 days of paid annual leave a year."


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    documents = tmp_path_factory.mktemp("documents")
    (documents / "leave.md").write_text(LEAVE, encoding="utf-8")
    folder = tmp_path_factory.mktemp("home")
    subprocess.run([str(BIN / "ingest"), str(documents)], env=os.environ | {"FOOTNOTE_HOME": str(folder)}, cwd=documents, check=True)
    return folder


@contextmanager
def served(home: Path, fake: FakeOpenAI, **settings: str) -> Iterator[httpx.Client]:
    """`footnote serve` with the fake as its model."""
    port = free_port()
    model = {"FOOTNOTE_MODEL": "openai:gpt-5-mini", "OPENAI_BASE_URL": fake.url, "OPENAI_API_KEY": "sk-not-a-key"}
    environment = os.environ | {"FOOTNOTE_HOME": str(home)} | model | settings
    server = subprocess.Popen([str(BIN / "footnote"), "serve", "--port", str(port)], env=environment, cwd=home, stderr=subprocess.DEVNULL)
    try:
        wait_for(f"http://127.0.0.1:{port}/readyz")
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=60, trust_env=False) as client:
            yield client
    finally:
        server.send_signal(signal.SIGTERM)
        assert server.wait(30) == 0


def ask(client: httpx.Client, question: str = QUESTION) -> dict[str, Any]:
    reply: dict[str, Any] = client.post("/v1/ask", json={"question": question}).raise_for_status().json()
    return reply


def test_what_the_model_writes_is_held_against_the_documents_and_booked(home: Path) -> None:
    paraphrase = claims(("Each full-time employee gets 25 days of paid annual leave a year.", 1, SENTENCE))
    inflated = claims(("Full-time employees have 30 days of paid annual leave a year.", 1, SENTENCE))
    invented = claims(("Nobody has leave.", 1, "There is no leave at all in this company."))
    script = [answers(paraphrase), answers(inflated), answers(invented), fails(500)]
    with FakeOpenAI(script) as fake, served(home, fake, FOOTNOTE_MODEL_ATTEMPTS="1") as client:
        good, lie, gone = (ask(client, f"{QUESTION[:-1]} in {year}?") for year in (2026, 2027, 2028))
        costs = client.get("/v1/costs").json()
        trace = client.get(f"/v1/traces/{good['trace_id']}").json()

    assert (good["mode"], good["text"]) == ("model", SENTENCE[:-1] + " [1].")  # in its own words: no other chunk has these
    assert good["citations"][0]["quote"] == SENTENCE[:-1]
    assert (lie["kind"], lie["refusal"]["reason"], lie["text"], lie["cost"]["calls"]) == ("refusal", "ungrounded", "", 2)
    assert (gone["kind"], gone["mode"], [n["kind"] for n in gone["notices"]]) == ("answer", "extractive", ["degraded"])
    assert len(fake.served) == costs["total"]["calls"] == 4
    assert costs["total"]["input_tokens"] == fake.charged().input_tokens
    assert good["cost"]["usd"] > 0
    assert "leave.md" not in fake.prompt(0)
    assert "sk-not-a-key" not in repr((good, lie, gone, trace, costs))


def test_what_was_paid_for_once_is_given_again_for_nothing(home: Path) -> None:
    with FakeOpenAI([answers(claims((SENTENCE, 1, SENTENCE)))]) as fake, served(home, fake) as client:
        first, again = ask(client), ask(client, QUESTION.upper())

    assert (first["mode"], again["mode"], again["cost"]["usd"], len(fake.served)) == ("model", "cache", 0, 1)
    assert again["citations"] == first["citations"]


def test_own_prices_a_budget_and_a_second_model_are_set_by_environment(home: Path) -> None:
    settings = {
        "FOOTNOTE_MODEL": "openai:our-own",
        "FOOTNOTE_FALLBACK_MODELS": "openai:our-other",
        "FOOTNOTE_PRICES": "openai:our-own=1/2, openai:our-other=1000/2000",
        "FOOTNOTE_BUDGET_DAY": "0.5",
        "FOOTNOTE_MODEL_ATTEMPTS": "1",
    }

    def behave(request: Mapping[str, Any]) -> Behaviour:
        reply = replace(answers(claims((SENTENCE, 1, SENTENCE))), model="our-other")
        return fails(500) if request["model"] == "our-own" else reply

    with FakeOpenAI(behave) as fake, served(home, fake, **settings) as client:
        first, second = ask(client, f"{QUESTION[:-1]} in 2031?"), ask(client, f"{QUESTION[:-1]} in 2032?")

    assert (first["mode"], first["cost"]["calls"]) == ("model", 2)
    assert first["cost"]["usd"] > 0.5
    assert (second["mode"], second["cost"]["calls"], [n["kind"] for n in second["notices"]]) == ("extractive", 0, ["degraded"])


def test_a_budget_without_a_price_is_refused_at_the_start(home: Path) -> None:
    settings = {"FOOTNOTE_HOME": str(home), "FOOTNOTE_MODEL": "openai:our-own", "OPENAI_API_KEY": "x", "FOOTNOTE_BUDGET_DAY": "1"}
    ended = subprocess.run([str(BIN / "footnote"), "ask", "x?"], env=os.environ | settings, cwd=home, capture_output=True, text=True)

    assert ended.returncode == 2
    assert "The price of openai:our-own is not known" in ended.stderr
    assert "FOOTNOTE_PRICES=openai:our-own=INPUT/OUTPUT" in ended.stderr
