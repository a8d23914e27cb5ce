"""Every way in which a provider fails, over real HTTP on both sides: each question gets a typed reply in its time, nothing leaves that no
document says, and the ledger is what the provider served.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from api.http.app import create_app
from assistant.adapters.langchain_chat import LangChainChatModel
from assistant.types import Usage
from tests.fake_openai import (
    Behaviour,
    FakeOpenAI,
    answers,
    chooses_nothing,
    claims,
    contradicts_itself,
    cut_after,
    fails,
    fails_after,
    filtered,
    garbled_after,
    hangs_up,
    in_german,
    never_closes,
    never_ends,
    pieces,
    rate_limited,
    refuses,
    says_nothing_of_usage,
    serves_a_page,
    stalls,
    stops_at_length,
    tells_no_details,
    torn_after,
    trickles,
)
from tests.servers import free_port, serving
from tests.worlds import OPEN_GATE, World, writer

DEADLINE, TIMEOUT = 1.5, 0.5
SLACK = 1.0  # two cores that others use, too
# Where the provider does not let wait, no reply may depend on how fast this machine is.
PATIENCE = 20.0
FIRST, SECOND = "Full-time employees have 25 days of paid annual leave.", "It is granted by the line manager."
GOOD = answers(claims((FIRST, 1, FIRST), (SECOND, 1, SECOND)))
BODY = {"question": "How many days of annual leave do employees have?"}
TEXT = f"# Leave\n\n## Annual leave\n\n{FIRST} {SECOND}\n"

FAULTS: dict[str, Behaviour] = {
    "429": rate_limited(),
    "429, again in 0.2 s": rate_limited(0.2),
    "429, again in an hour": rate_limited(3600),
    "429, again at a moment": rate_limited(datetime.now(UTC) + timedelta(hours=1)),
    "429, again some time": rate_limited("soon"),
    "quota": fails(429, code="insufficient_quota"),
    "400": fails(400),
    "401": fails(401),
    "404": fails(404),
    "408": fails(408),
    "500": fails(500),
    "502": fails(502),
    "503": fails(503),
    "529": fails(529),
    "stalled": stalls(30),
    "a byte a second": trickles(),
    "hangs up at once": hangs_up(0.0),
    "hangs up in the middle": hangs_up(0.5),
    "without end": never_ends(),
    "without an end of text": never_ends("word ", '{"answerable": true, "sentences": [{"text": "'),
    "a page": serves_a_page(),
    "prose": answers("I think it is 25 days."),
    "half of JSON": answers('{"answerable": true, "sentences": [{"text": "Full'),
    "nothing": answers(""),
    "empty JSON": answers("{}"),
    "no choice": chooses_nothing(),
    "declined": refuses(),
    "filtered": filtered(),
    "cut at its limit": stops_at_length(),
    "a wrong marker": answers(claims((FIRST, 9, FIRST), (SECOND, -1, SECOND))),
    "an invented quote": answers(claims(("Full-time employees have 30 days of paid annual leave.", 1, "have 30 days of paid leave"))),
    "another number": answers(claims(("Full-time employees have 30 days of paid annual leave.", 1, FIRST))),
    "a link": answers(claims((f"{FIRST} See [more](https://evil.example/x?q=25).", 1, FIRST))),
    "another language": in_german(),
}
SLOW = ("stalled", "a byte a second", "without end", "without an end of text")
WHOLE: dict[str, Behaviour] = {
    "good": GOOD,
    "no usage": replace(GOOD, tells=says_nothing_of_usage().tells),
    "usage without details": replace(GOOD, tells=tells_no_details().tells),
    "usage that contradicts itself": replace(GOOD, tells=contradicts_itself().tells),
    "no [DONE]": replace(GOOD, closes=never_closes().closes),
}


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> World:
    made = World(tmp_path_factory.mktemp("world"))
    made.write("leave.md", TEXT)
    made.ingest()
    return made


@pytest.fixture(scope="module")
def door(corpus: World) -> Iterator[Door]:
    with corpus.assistant() as assistant:
        app = create_app(assistant)
        with serving(app) as url:
            yield Door(app, url)


@dataclass
class Door:
    """One server; each question has an assistant, models and a ledger of its own behind it."""

    app: FastAPI
    url: str

    def ask(
        self, world: World, *models: LangChainChatModel, stream: bool, slow: bool = False
    ) -> tuple[dict[str, Any], list[dict[str, Any]]]:
        """The reply and what the ledger says of its calls. Fails where it is none, or late. `slow` is a fault that only the clock ends."""
        seconds, timeout = (DEADLINE, TIMEOUT) if slow else (PATIENCE, PATIENCE / 2)
        with TemporaryDirectory() as folder:
            world.traces = Path(folder) / "traces.sqlite"
            with world.assistant(OPEN_GATE, writer=writer(*models, attempts=2, timeout=timeout), seconds=seconds) as assistant:
                self.app.state.assistant = assistant
                started = time.monotonic()
                response = httpx.post(f"{self.url}/v1/ask", json=BODY | {"stream": stream}, timeout=30)
                took = time.monotonic() - started
                assert response.status_code == 200
                assert took < seconds + SLACK
                reply = _reply(response, stream)
                return reply, assistant.ledger.trace(reply["trace_id"])["calls"]


def model(fake: FakeOpenAI, name: str = "openai:gpt-5-mini", base_url: str = "") -> LangChainChatModel:
    return LangChainChatModel(name, base_url=base_url or fake.url, api_key="sk-secret")


def _reply(response: httpx.Response, stream: bool) -> dict[str, Any]:
    lines = response.text.splitlines()
    reply: dict[str, Any] = json.loads(lines[-2].removeprefix("data: ")) if stream else response.json()
    assert not stream or lines[-3] == "event: done"
    return reply


def assert_true(reply: dict[str, Any]) -> None:
    """An answer in the document's words, or a typed refusal; and no key in either."""
    assert "sk-secret" not in repr(reply)
    if reply["kind"] == "refusal":
        assert reply["refusal"]["reason"] in ("ungrounded", "insufficient_evidence", "model_unavailable")
        return
    assert {c["quote"] for c in reply["citations"]} <= {FIRST[:-1], SECOND[:-1]}
    assert "http" not in reply["text"]
    assert "30" not in reply["text"]


def assert_booked(fake: FakeOpenAI, calls: Sequence[dict[str, Any]]) -> None:
    """Each request that the provider served, and no other: what it told stands in the ledger, the rest is reckoned and called so."""
    served = sorted(fake.served, key=lambda one: one.started)
    assert len(calls) == len(served)
    for call, one in zip(calls, served, strict=True):
        told = one.reported if call["error"] in (None, "cut", "declined") else None
        if one.status != 200:
            assert (call["input_tokens"], call["usd"], call["estimated"]) == (None, 0, False)
        elif told is None:
            assert call["estimated"]
            assert call["input_tokens"] > 0
        else:
            cached = (told.get("prompt_tokens_details") or {}).get("cached_tokens", 0)
            usage = Usage(told["prompt_tokens"], told["completion_tokens"], cached)
            assert (call["input_tokens"], call["output_tokens"], call["cached_tokens"]) == (
                usage.input_tokens,
                usage.output_tokens,
                usage.cached_tokens,
            )
            assert not call["estimated"]


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_that_stays_ends_in_a_true_reply_in_its_time(corpus: World, door: Door, fault: str, stream: bool) -> None:
    with FakeOpenAI([FAULTS[fault]]) as fake:
        reply, calls = door.ask(corpus, model(fake), stream=stream, slow=fault in SLOW)
    assert_true(reply)
    assert reply["mode"] == "extractive" or reply["kind"] == "refusal"
    assert_booked(fake, calls)


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
@pytest.mark.parametrize("fault", [name for name in FAULTS if "hour" not in name and "moment" not in name])
def test_a_fault_that_passes_or_a_second_model_leaves_an_answer(corpus: World, door: Door, fault: str, stream: bool) -> None:
    with FakeOpenAI([FAULTS[fault], GOOD]) as fake, FakeOpenAI([GOOD]) as second:
        reply, calls = door.ask(corpus, model(fake), model(second, "openai:gpt-5"), stream=stream, slow=fault in SLOW)
        fake.served.extend(second.served)
    assert (reply["kind"], reply["mode"]) == ("answer", "model")
    assert_true(reply)
    assert_booked(fake, calls)


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
@pytest.mark.parametrize("name", WHOLE)
def test_whatever_is_told_of_usage_the_answer_is_given(corpus: World, door: Door, name: str, stream: bool) -> None:
    with FakeOpenAI([WHOLE[name]]) as fake:
        reply, calls = door.ask(corpus, model(fake), stream=stream)
    assert reply["text"] == f"{FIRST[:-1]} [1]. {SECOND[:-1]} [1]."
    assert (reply["mode"], reply["cost"]["calls"], reply["cost"]["estimated"]) == ("model", 1, name == "no usage")
    assert_booked(fake, calls)


EVENTS = len(pieces(claims((FIRST, 1, FIRST), (SECOND, 1, SECOND)))) + 4  # who speaks, why it ends, the usage, [DONE]


@pytest.mark.parametrize("make", [cut_after, torn_after, garbled_after, fails_after])
def test_a_stream_that_breaks_at_any_event_leaves_what_was_said_or_another_true_reply(
    corpus: World, door: Door, make: Callable[[int], Behaviour]
) -> None:
    for at in range(0, EVENTS, 5):
        behaviour = replace(GOOD, fault=make(at).fault, error="It failed.")
        with FakeOpenAI([behaviour]) as fake:
            reply, calls = door.ask(corpus, model(fake), stream=True)
        assert reply["kind"] == "answer", at
        assert reply["notices"] or reply["text"].count("[1]") == 2, at
        assert_true(reply)
        assert_booked(fake, calls)


@pytest.mark.parametrize("base_url", ["http://no-such-host.invalid/v1", f"http://127.0.0.1:{free_port()}/v1"], ids=["DNS", "refused"])
@pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
def test_who_cannot_be_reached_costs_nothing(corpus: World, door: Door, base_url: str, stream: bool) -> None:
    with FakeOpenAI([GOOD]) as fake:
        reply, calls = door.ask(corpus, model(fake, base_url=base_url), stream=stream)
    assert (reply["kind"], reply["mode"], reply["cost"]["usd"]) == ("answer", "extractive", 0)
    assert [(call["error"], call["usd"], call["estimated"]) for call in calls] == [("connection", 0, False)] * 2
