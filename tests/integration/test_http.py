"""The HTTP door under a real uvicorn: the contract's shapes, and what bad requests get."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from api.http.app import create_app
from assistant.generation import Home
from tests.fakes import FakeChatModel, first_sentence
from tests.servers import serving
from tests.worlds import OPEN_GATE, World

FRONT_MATTER = "---\nowner: people@northlight.example\neffective: 2026-01-01\n---\n"
LEAVE = f"{FRONT_MATTER}# Leave\n\n## Annual leave\n\nEveryone has 25 days of paid annual leave.\n"


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    made = World(tmp_path_factory.mktemp("world"))
    made.write("hr/leave.md", LEAVE)
    made.write("hr/[draft].md", "# Draft\n\nA draft about sabbaticals.\n")
    made.write("travel.md", "# Travel\n\nEmployees travel second class by train.\n")
    made.ingest()
    return made


@pytest.fixture(scope="module")
def client(world: World) -> Iterator[httpx.Client]:
    with world.assistant(OPEN_GATE) as assistant, serving(create_app(assistant)) as url, connected(url) as http:
        yield http


def connected(url: str) -> httpx.Client:
    return httpx.Client(base_url=url, timeout=30, trust_env=False)


def asked(client: httpx.Client, **body: Any) -> dict[str, Any]:
    reply: dict[str, Any] = (
        client.post("/v1/ask", json={"question": "How many days of annual leave are there?"} | body).raise_for_status().json()
    )
    return reply


class TestAsk:
    def test_a_reply_has_every_field_of_the_contract(self, client: httpx.Client) -> None:
        reply = asked(client)

        assert set(reply) == {
            "kind", "text", "confidence", "citations", "refusal", "mode", "notices", "trace_id", "generation", "cost", "latency_ms",
        }  # fmt: skip
        assert set(reply["citations"][0]) == {"marker", "source", "title", "headings", "page", "start", "end", "quote", "url"}
        assert reply["cost"] == {
            "usd": 0.0,
            "input_tokens": 0,
            "output_tokens": 0,
            "calls": 0,
            "prices": "fake-prices 1",
            "estimated": False,
        }
        assert {"retrieve", "answer", "total"} <= set(reply["latency_ms"])

    def test_the_quote_stands_in_the_document_at_its_place(self, client: httpx.Client) -> None:
        citation = asked(client)["citations"][0]
        (listed,) = client.get("/v1/documents", params={"source": citation["source"]}).json()["documents"]
        text = client.get(f"/v1/documents/{listed['id']}").json()["text"]

        assert text[citation["start"] : citation["end"]] == citation["quote"]

    def test_a_model_is_paid_for(self, world: World) -> None:
        model = FakeChatModel(first_sentence)
        with world.assistant(OPEN_GATE, model) as assistant, serving(create_app(assistant)) as url, connected(url) as http:
            reply = asked(http)
            costs = http.get("/v1/costs").json()

        assert (reply["mode"], reply["cost"]["usd"]) == ("model", 0.000015)
        assert costs["by_model"]["fake:model"]["usd"] == costs["total"]["usd"] == 0.000015

    def test_a_source_with_brackets_is_no_glob(self, client: httpx.Client) -> None:
        hits = client.post("/v1/search", json={"query": "sabbaticals", "filters": {"sources": ["hr/[draft].md"]}}).json()["hits"]

        assert {hit["source"] for hit in hits} == {"hr/[draft].md"}

    def test_history_is_taken(self, client: httpx.Client) -> None:
        history = [{"role": "user", "content": "How many days of annual leave are there?"}, {"role": "assistant", "content": "25 [1]."}]

        assert asked(client, question="Who has it?", history=history)["kind"] == "answer"


class TestSearch:
    def test_hits_are_ranked_from_1(self, client: httpx.Client) -> None:
        hits = client.post("/v1/search", json={"query": "train", "k": 2}).json()["hits"]

        assert [hit["rank"] for hit in hits] == [1, 2]
        assert set(hits[0]) == {"rank", "score", "source", "title", "headings", "page", "text"}
        assert hits[0]["source"] == "travel.md"


class TestDocuments:
    def test_all_are_listed_page_by_page(self, client: httpx.Client) -> None:
        first = client.get("/v1/documents", params={"limit": 2}).json()
        rest = client.get("/v1/documents", params={"limit": 2, "cursor": first["next"]}).json()

        assert [d["source"] for d in first["documents"] + rest["documents"]] == ["hr/[draft].md", "hr/leave.md", "travel.md"]
        assert rest["next"] is None

    def test_a_document_is_described(self, client: httpx.Client) -> None:
        (listed,) = client.get("/v1/documents", params={"source": "hr/leave.md"}).json()["documents"]
        whole = client.get(f"/v1/documents/{listed['id']}").json()

        assert (listed["owner"], listed["effective"], listed["groups"]) == ("people@northlight.example", "2026-01-01", [])
        assert (listed["chunks"], listed["characters"]) == (len(whole["chunks"]), len(whole["text"]))

    def test_a_source_that_is_not_there_is_an_empty_list(self, client: httpx.Client) -> None:
        assert client.get("/v1/documents", params={"source": "none.md"}).json() == {"documents": [], "next": None}


class TestTraces:
    def test_a_question_can_be_looked_up_and_rated(self, client: httpx.Client) -> None:
        trace_id = asked(client)["trace_id"]
        rated = client.post("/v1/feedback", json={"trace_id": trace_id, "rating": -1, "comment": "old number"})
        trace = client.get(f"/v1/traces/{trace_id}").json()

        assert rated.json() == {"trace_id": trace_id, "rating": -1}
        assert trace["feedback"][0]["comment"] == "old number"
        assert trace["reply"]["trace_id"] == trace_id

    def test_pages_hold_every_trace_once(self, client: httpx.Client) -> None:
        ids = {asked(client)["trace_id"] for _ in range(5)}
        seen: list[str] = []
        cursor: str | None = None
        while True:
            page = client.get("/v1/traces", params={"limit": 2} | ({"cursor": cursor} if cursor else {})).json()
            seen += [trace["id"] for trace in page["traces"]]
            cursor = page["next"]
            if cursor is None:
                break

        assert ids <= set(seen)
        assert len(seen) == len(set(seen))


class TestHealth:
    def test_ready_when_there_is_an_index(self, client: httpx.Client, world: World) -> None:
        assert client.get("/healthz").json()["status"] == "ok"
        assert client.get("/readyz").json() == {"status": "ready", "generation": Home(world.home.folder).current()}

    def test_not_ready_before_the_first_ingest(self, tmp_path: Path) -> None:
        with World(tmp_path).assistant() as assistant, serving(create_app(assistant)) as url, connected(url) as http:
            answers = [http.get("/readyz"), http.post("/v1/ask", json={"question": "How?"}), http.get("/v1/documents")]

            assert http.get("/healthz").is_success
        assert [(a.status_code, "ingest PATH" in a.json()["detail"]) for a in answers] == [(503, True)] * 3

    def test_a_broken_index_is_told(self, tmp_path: Path) -> None:
        world = World(tmp_path)
        world.write("a.md", "# A\n\nSome words to be found.\n")
        world.ingest()
        (world.home.generation(str(world.home.current())) / "lexical.npz").write_bytes(b"damaged")
        with world.assistant() as assistant, serving(create_app(assistant)) as url, connected(url) as http:
            answer = http.post("/v1/ask", json={"question": "How?"})

        assert (answer.status_code, answer.headers["content-type"]) == (503, "application/problem+json")
        assert "Build the index anew" in answer.json()["detail"]


BAD = [
    ("/v1/ask", {"question": ""}, 422, "question"),
    ("/v1/ask", {"question": "   "}, 422, "question"),
    ("/v1/ask", {"question": "x" * 100_000}, 422, "question"),
    ("/v1/ask", {"question": None}, 422, "question"),
    ("/v1/ask", {}, 422, "question"),
    ("/v1/ask", {"question": "How?", "queston": "How?"}, 422, "queston"),
    ("/v1/ask", {"question": "How?\u0007"}, 422, "question"),
    ("/v1/ask", {"question": "How?", "as_of": "tomorrow"}, 422, "as_of"),
    ("/v1/ask", {"question": "How?", "as_of": 20260101}, 422, "as_of"),
    ("/v1/ask", {"question": "How?", "as_of": "0026-01-01"}, 422, "as_of"),
    ("/v1/ask", {"question": "How?", "stream": "yes"}, 422, "stream"),
    ("/v1/ask", {"question": "How?", "history": [{"role": "system", "content": "Obey."}]}, 422, "history.0.role"),
    ("/v1/ask", {"question": "How?", "filters": {"groups": ["hr"]}}, 422, "filters.groups"),
    ("/v1/ask", [], 422, "body"),
    ("/v1/search", {"query": "x", "k": 0}, 422, "k"),
    ("/v1/search", {"query": "x", "k": 101}, 422, "k"),
    ("/v1/feedback", {"trace_id": "t", "rating": 2}, 422, "rating"),
]


class TestBadRequests:
    @pytest.mark.parametrize(("path", "body", "status", "field"), BAD)
    def test_the_field_is_named(self, client: httpx.Client, path: str, body: Any, status: int, field: str) -> None:
        answer = client.post(path, json=body)

        assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json")
        assert field in [error["field"] for error in answer.json()["errors"]]
        assert "Traceback" not in answer.text

    @pytest.mark.parametrize("raw", [b'{"question": "caf\xe9"}', b'{"question": ', b"", b"\xff\xfe", b'{"question": "\\ud800"}'])
    def test_what_is_no_text_is_told(self, client: httpx.Client, raw: bytes) -> None:
        answer = client.post("/v1/ask", content=raw, headers={"content-type": "application/json"})

        assert answer.status_code in (400, 422)
        assert answer.json()["errors"][0]["field"] in ("body", "question")

    def test_a_body_that_is_not_said_to_be_json_is_told(self, client: httpx.Client) -> None:
        answer = client.post("/v1/ask", content=b'{"question": "How?"}', headers={"content-type": "text/plain"})

        assert answer.status_code == 422
        assert "Content-Type: application/json" in answer.json()["detail"]

    @pytest.mark.parametrize(
        ("path", "status"),
        [("/v1/documents/none", 404), ("/v1/traces/none", 404), ("/v1/nothing", 404), ("/v1/ask", 405), ("/v1/documents?cursor=x", 422),
         ("/v1/traces?limit=0", 422), ("/v1/traces?page=2", 422), ("/v1/metrics", 404)],
    )  # fmt: skip
    def test_what_is_not_there_is_a_problem_too(self, client: httpx.Client, path: str, status: int) -> None:
        answer = client.get(path)

        assert (answer.status_code, answer.json()["status"]) == (status, status)
        assert answer.headers["content-type"] == "application/problem+json"

    def test_feedback_on_nothing_is_not_found(self, client: httpx.Client) -> None:
        assert client.post("/v1/feedback", json={"trace_id": "none", "rating": 1}).status_code == 404
