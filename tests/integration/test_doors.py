"""The locks of the HTTP door, over real HTTP: who is let in, what each may see, how much, and what everybody is told."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import FastAPI, Request

from api.http.app import create_app
from api.http.doors import Doors
from api.http.limits import Limits
from api.http.room import Room
from api.http.shield import Shield
from api.identity.audit import AuditLog
from api.identity.callers import Doorman, Scope
from api.identity.keys import Keys
from assistant.adapters.langchain_chat import LangChainChatModel
from assistant.answering import Assistant
from assistant.errors import FootnoteError
from assistant.ports import Vectors
from tests.fake_openai import FakeOpenAI, stalls
from tests.fakes import FakeEmbedder
from tests.servers import serving
from tests.worlds import OPEN_GATE, World

PUBLIC = "# Leave\n\nFull-time employees have 25 days of paid annual leave.\n"
SECRET = "# Severance\n\nThe severance pay of a manager is 12 months of salary.\n"
RULES = "groups: [hr]\n"
QUESTION = {"question": "How many days of annual leave do employees have?"}


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> World:
    world = World(tmp_path_factory.mktemp("world"))
    world.write("leave.md", PUBLIC)
    world.write("hr/severance.md", SECRET)
    world.write("hr/.footnote.yaml", RULES)
    world.ingest()
    return world


@pytest.fixture
def assistant(corpus: World, tmp_path: Path) -> Iterator[Assistant]:
    corpus.traces = tmp_path / "traces.sqlite"
    with corpus.assistant(OPEN_GATE) as made:
        yield made


@dataclass
class House:
    """A server, the keys that open it, and its audit log."""

    url: str
    keys: Keys
    audit: AuditLog

    def key(self, name: str, *scopes: Scope, groups: tuple[str, ...] = ()) -> dict[str, str]:
        _, token = self.keys.create(name, groups, scopes or ("ask", "traces"), None)
        return {"authorization": f"Bearer {token}"}

    def ask(self, who: dict[str, str], **more: Any) -> httpx.Response:
        return httpx.post(f"{self.url}/v1/ask", json=QUESTION | more, headers=who, timeout=30)

    def get(self, path: str, who: dict[str, str]) -> httpx.Response:
        return httpx.get(self.url + path, headers=who, timeout=30)


@pytest.fixture
def house(assistant: Assistant, tmp_path: Path) -> Iterator[House]:
    keys, audit = Keys(tmp_path / "keys.json"), AuditLog(tmp_path / "audit.jsonl")
    keys.create("first", (), ("ask",), None)
    with serving(create_app(assistant, Doors(Doorman([keys]), audit))) as url:
        yield House(url, keys, audit)


GUARDED = [
    ("POST", "/v1/ask"), ("POST", "/v1/search"), ("GET", "/v1/documents"), ("GET", "/v1/documents/x"), ("POST", "/v1/feedback"),
    ("GET", "/v1/traces"), ("GET", "/v1/traces/x"), ("GET", "/v1/costs"),
]  # fmt: skip


class TestWho:
    @pytest.mark.parametrize(("method", "path"), GUARDED)
    def test_nobody_comes_in_without_a_key(self, house: House, method: str, path: str) -> None:
        wrong = {"authorization": "Bearer fn_000000000000_" + "x" * 43}
        revoked = house.key("old")
        house.keys.revoke("old")
        replies = [httpx.request(method, house.url + path, headers=who) for who in ({}, wrong, revoked)]
        assert {reply.status_code for reply in replies} == {401}
        assert len({reply.text for reply in replies}) == 1
        assert {reply.headers["www-authenticate"] for reply in replies} == {"Bearer"}

    def test_health_is_told_to_everybody(self, house: House) -> None:
        assert httpx.get(f"{house.url}/healthz").status_code == httpx.get(f"{house.url}/readyz").status_code == 200

    def test_a_key_is_good_for_its_scopes_alone(self, house: House) -> None:
        narrow, reader = house.key("narrow", "ask"), house.key("reader", "traces")
        assert house.ask(narrow).status_code == 200
        assert house.get("/v1/traces", narrow).status_code == house.get("/v1/costs", narrow).status_code == 403
        assert house.ask(reader).status_code == 403
        assert house.get("/v1/traces", reader).status_code == 200

    def test_a_new_key_opens_and_a_revoked_one_does_not_from_the_next_request_on(self, house: House) -> None:
        who = house.key("ann")
        assert house.ask(who).status_code == 200
        house.keys.revoke("ann")
        assert house.ask(who).status_code == 401


class TestWhat:
    def test_what_one_may_not_read_does_not_exist(self, house: House) -> None:
        outside, inside = house.key("out"), house.key("in", groups=("hr",))
        (document,) = house.get("/v1/documents?source=hr/severance.md", inside).json()["documents"]
        assert house.get("/v1/documents?source=hr/severance.md", outside).json() == {"documents": [], "next": None}
        missing = house.get("/v1/documents/none", outside)
        hidden = house.get(f"/v1/documents/{document['id']}", outside)
        assert hidden.status_code == missing.status_code == 404
        assert hidden.json() == missing.json() | {"detail": missing.json()["detail"].replace("none", document["id"])}
        assert [d["source"] for d in house.get("/v1/documents", outside).json()["documents"]] == ["leave.md"]

    def test_nothing_of_it_is_in_any_reply(self, house: House) -> None:
        outside = house.key("out")
        asked = {"question": "What is the severance pay of a manager?", "filters": {"sources": ["hr/*"]}}
        replies = [
            house.ask(outside, **asked),
            house.ask(outside, question=asked["question"]),
            house.ask(outside, question=asked["question"], stream=True),
            httpx.post(f"{house.url}/v1/search", json={"query": "severance pay"}, headers=outside),
            house.get("/v1/traces", outside),
        ]
        assert all("12 months" not in reply.text and "hr/severance" not in reply.text for reply in replies)


class TestTraces:
    def test_everybody_sees_their_own(self, house: House) -> None:
        ann, ben = house.key("ann"), house.key("ben")
        mine, other = house.ask(ann).json()["trace_id"], house.ask(ben).json()["trace_id"]
        assert [trace["id"] for trace in house.get("/v1/traces", ann).json()["traces"]] == [mine]
        assert house.get(f"/v1/traces/{mine}", ann).status_code == 200
        hidden, missing = house.get(f"/v1/traces/{other}", ann), house.get("/v1/traces/none", ann)
        assert hidden.status_code == missing.status_code == 404
        assert hidden.json() == missing.json() | {"detail": missing.json()["detail"].replace("none", other)}
        assert house.get("/v1/costs", ann).json()["questions"] == 1

    def test_nobody_rates_what_another_was_told(self, house: House) -> None:
        ann, ben = house.key("ann"), house.key("ben")
        trace = house.ask(ann).json()["trace_id"]
        rated = [
            httpx.post(f"{house.url}/v1/feedback", json={"trace_id": trace, "rating": 1}, headers=who).status_code for who in (ben, ann)
        ]
        assert rated == [404, 200]

    def test_an_admin_sees_all_and_each_look_is_written_down(self, house: House) -> None:
        ann, admin = house.key("ann"), house.key("ada", "admin")
        trace = house.ask(ann).json()["trace_id"]
        assert [one["id"] for one in house.get("/v1/traces?limit=5", admin).json()["traces"]] == [trace]
        assert house.get(f"/v1/traces/{trace}", admin).json()["principal"] == "key:ann"
        assert house.get("/v1/costs", admin).json()["questions"] == 1
        assert [(entry.who, entry.did, entry.what) for entry in house.audit.entries()] == [
            ("key:ada", "look", "/v1/traces?limit=5"),
            ("key:ada", "look", f"/v1/traces/{trace}"),
            ("key:ada", "look", "/v1/costs"),
        ]

    def test_what_cannot_be_written_down_is_not_shown(self, house: House, tmp_path: Path) -> None:
        admin = house.key("ada", "admin")
        (tmp_path / "audit.jsonl").write_text("torn", encoding="utf-8")
        reply = house.get("/v1/traces", admin)
        assert reply.status_code == 500
        assert "traces" not in reply.json()
        with pytest.raises(FootnoteError):
            house.audit.entries()

    def test_an_admin_reads_no_document_by_that(self, house: House) -> None:
        assert [d["source"] for d in house.get("/v1/documents", house.key("ada", "admin")).json()["documents"]] == ["leave.md"]


class HeldEmbedder(FakeEmbedder):
    """Computes once it is told to go on, and says when it was asked."""

    def __init__(self) -> None:
        super().__init__()
        self.begun, self.go_on = threading.Event(), threading.Event()
        self.go_on.set()

    def embed(self, texts: Sequence[str]) -> Vectors:
        self.begun.set()
        self.go_on.wait(30)
        return super().embed(texts)


class TestHowMuch:
    def test_who_asks_too_often_is_told_when_to_come_back(self, assistant: Assistant) -> None:
        with serving(create_app(assistant, Doors(limits=Limits("2/minute")))) as url:
            replies = [httpx.post(f"{url}/v1/ask", json=QUESTION) for _ in range(3)]
            assert [reply.status_code for reply in replies] == [200, 200, 429]
            assert 50 < int(replies[2].headers["retry-after"]) <= 60
            assert replies[2].headers["content-type"] == "application/problem+json"
            assert httpx.get(f"{url}/healthz").status_code == 200

    @pytest.mark.parametrize("stream", [False, True])
    def test_a_question_counts_as_open_until_its_reply_is_sent(self, assistant: Assistant, stream: bool) -> None:
        limits = Limits(at_once=1)
        with serving(create_app(assistant, Doors(limits=limits))) as url:
            with limits.question("local"):
                assert httpx.post(f"{url}/v1/ask", json=QUESTION | {"stream": stream}).status_code == 429
            for _ in range(3):
                assert httpx.post(f"{url}/v1/ask", json=QUESTION | {"stream": stream}).status_code == 200

    def test_where_there_is_no_room_questions_are_turned_away_and_health_is_green(self, tmp_path: Path) -> None:
        world = World(tmp_path)
        world.write("leave.md", PUBLIC)
        world.ingest()
        world.embedder = embedder = HeldEmbedder()
        with (
            world.assistant(OPEN_GATE) as made,
            serving(create_app(made, Doors(most_at_work=1))) as url,
            ThreadPoolExecutor(1) as other,
        ):
            embedder.begun.clear()
            embedder.go_on.clear()
            held = other.submit(httpx.post, f"{url}/v1/ask", json=QUESTION, timeout=30)
            embedder.begun.wait(5)
            for _ in range(2):  # the second one is told what was made for the first
                turned_away = httpx.post(f"{url}/v1/ask", json=QUESTION)
                assert (turned_away.status_code, turned_away.headers["retry-after"]) == (503, "1")
                assert turned_away.headers["content-type"] == "application/problem+json"
                assert turned_away.headers["x-content-type-options"] == "nosniff"
                assert turned_away.json()["status"] == 503
                chat = {"model": "footnote", "messages": [{"role": "user", "content": "How much leave?"}]}
                chatted = httpx.post(f"{url}/v1/chat/completions", json=chat)
                assert (chatted.status_code, chatted.json()["error"]["code"]) == (503, "service_unavailable")
            assert httpx.get(f"{url}/healthz").status_code == httpx.get(f"{url}/v1/documents").status_code == 200
            embedder.go_on.set()
            assert held.result(30).status_code == 200
            assert httpx.post(f"{url}/v1/ask", json=QUESTION).status_code == 200

    def test_who_waits_for_a_model_takes_no_room(self, corpus: World, tmp_path: Path) -> None:
        corpus.traces = tmp_path / "traces.sqlite"
        with FakeOpenAI([stalls(30)]) as fake:
            model = LangChainChatModel("openai:gpt-5-mini", base_url=fake.url, api_key="k")
            with (
                corpus.assistant(OPEN_GATE, model) as made,
                serving(create_app(made, Doors(most_at_work=1))) as url,
                ThreadPoolExecutor(3) as others,
            ):
                asked = []
                for number in range(3):
                    body = {"question": f"How many days of leave in {2020 + number}?"}
                    asked.append(others.submit(httpx.post, f"{url}/v1/ask", json=body, timeout=60))
                    fake.wait_until(lambda one, open_=number + 1: one.open == open_)  # type: ignore[misc]  # a lambda's default
                assert httpx.post(f"{url}/v1/search", json={"query": "leave"}).status_code == 200
                fake.go_on()
                assert {one.result(60).status_code for one in asked} == {200}

    @pytest.mark.parametrize("told", [True, False], ids=["told", "in pieces"])
    def test_a_body_is_no_larger_than_the_longest_conversation(self, assistant: Assistant, told: bool) -> None:
        pieces = [b'{"question": "', *[b"a" * 2**20] * 9, b'"}']
        with serving(create_app(assistant)) as url:
            reply = httpx.post(f"{url}/v1/ask", content=b"".join(pieces) if told else iter(pieces))
            assert (reply.status_code, reply.headers["content-type"]) == (413, "application/problem+json")

    def test_a_body_that_comes_a_byte_at_a_time_has_its_time_all_the_same(self) -> None:
        """Each byte comes in time, the body does not."""
        read = FastAPI()

        @read.get("/healthz")
        def healthz() -> str:
            return "ok"

        @read.post("/v1/feedback")
        async def feedback(request: Request) -> int:
            return len(await request.body())

        read.add_middleware(Shield, Room(1, lambda: 0), loopback_only=lambda: True, body_seconds=0.5)
        with serving(read) as url, closing(socket.create_connection((httpx.URL(url).host, httpx.URL(url).port or 80))) as line:
            line.sendall(b"POST /v1/feedback HTTP/1.1\r\nhost: localhost\r\ncontent-length: 99\r\n\r\n")
            started = time.monotonic()
            line.settimeout(0.1)
            said = b""
            while b"\r\n\r\n" not in said and time.monotonic() - started < 5:
                line.sendall(b"x")
                with suppress(TimeoutError):
                    said += line.recv(4096)
        assert said.startswith(b"HTTP/1.1 408")
        assert time.monotonic() - started < 3

    def test_who_goes_away_in_the_middle_of_a_body_leaves_the_server_as_it_was(self, assistant: Assistant) -> None:
        with serving(create_app(assistant)) as url:
            _send(url, b"POST /v1/ask HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: 99\r\n\r\n{")
            assert httpx.post(f"{url}/v1/ask", json=QUESTION).status_code == 200


class TestEverybody:
    def test_what_stands_on_every_reply(self, assistant: Assistant) -> None:
        with serving(create_app(assistant)) as url:
            replies = [httpx.get(f"{url}/healthz"), httpx.get(f"{url}/none"), httpx.post(f"{url}/v1/ask", json=QUESTION)]
            for reply in replies:
                assert reply.headers["x-content-type-options"] == "nosniff"
                assert reply.headers["x-frame-options"] == "DENY"
                assert reply.headers["cache-control"] == "no-store"
                assert "default-src 'none'" in reply.headers["content-security-policy"]
                assert "server" not in reply.headers or "/" not in reply.headers["server"]

    def test_no_page_of_another_origin_reads_a_reply(self, assistant: Assistant) -> None:
        with serving(create_app(assistant)) as url:
            asked = {"origin": "https://evil.example", "access-control-request-method": "POST"}
            assert "access-control-allow-origin" not in httpx.options(f"{url}/v1/ask", headers=asked).headers
            assert "access-control-allow-origin" not in httpx.get(f"{url}/v1/documents", headers=asked).headers

    @pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example:8000", "0.0.0.0"])
    def test_without_keys_it_answers_under_names_of_this_machine_alone(self, assistant: Assistant, host: str) -> None:
        with serving(create_app(assistant)) as url:
            assert httpx.get(f"{url}/v1/documents", headers={"host": host}).status_code == 421
            assert httpx.get(f"{url}/v1/documents", headers={"host": "localhost:8000"}).status_code == 200
        with serving(create_app(assistant, Doors(any_host=True))) as url:
            assert httpx.get(f"{url}/v1/documents", headers={"host": host}).status_code == 200


def _send(url: str, data: bytes) -> None:
    address = httpx.URL(url)
    with closing(socket.create_connection((address.host, address.port or 80))) as line:
        line.sendall(data)
        time.sleep(0.1)
