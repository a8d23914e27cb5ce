"""`/metrics` of a real server: what requests and questions leave in it, and who may look."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from api.http.app import create_app
from api.http.doors import Doors
from api.identity.callers import Doorman, Scope
from api.identity.keys import Keys
from assistant.answering import Assistant
from tests.fakes import FakeChatModel, first_sentence
from tests.servers import serving
from tests.worlds import OPEN_GATE, World

QUESTION = {"question": "How many days of annual leave are there?"}
Samples = dict[tuple[str, frozenset[tuple[str, str]]], float]


@pytest.fixture
def world(tmp_path: Path) -> World:
    made = World(tmp_path)
    made.write("hr/leave.md", "# Leave\n\nEveryone has 25 days of paid annual leave.\n")
    made.ingest()
    return made


@pytest.fixture
def assistant(world: World) -> Iterator[Assistant]:
    with world.assistant(OPEN_GATE, FakeChatModel(first_sentence)) as made:
        yield made


@pytest.fixture
def http(assistant: Assistant) -> Iterator[httpx.Client]:
    with serving(create_app(assistant)) as url, httpx.Client(base_url=url, timeout=30, trust_env=False) as client:
        yield client


def samples(http: httpx.Client, **headers: str) -> Samples:
    told = http.get("/metrics", headers=headers).raise_for_status()
    assert told.headers["content-type"].startswith("text/plain; version=0.0.4")
    families = text_string_to_metric_families(told.text)
    return {(sample.name, frozenset(sample.labels.items())): sample.value for family in families for sample in family.samples}


def one(found: Samples, name: str, **labels: str) -> float | None:
    return found.get((name, frozenset(labels.items())))


def test_a_question_is_counted_when_its_reply_is_there(http: httpx.Client) -> None:
    http.post("/v1/ask", json=QUESTION).raise_for_status()
    http.post("/v1/ask", json=QUESTION | {"stream": True}).raise_for_status()
    found = samples(http)

    assert one(found, "footnote_questions_total", outcome="answer", mode="model") == 1
    assert one(found, "footnote_questions_total", outcome="answer", mode="cache") == 1
    assert one(found, "footnote_tokens_total", model="fake:model", kind="input") == 10
    assert one(found, "footnote_dollars_total", model="fake:model") == 0.000015
    assert one(found, "footnote_http_requests_total", route="/v1/ask", status="200") == 2
    assert one(found, "footnote_index_documents") == 1
    assert one(found, "footnote_open_questions") == 0
    assert one(found, "footnote_ungrounded_sentences_share", window="week") == 0


def test_requests_are_counted_by_template_whatever_became_of_them(http: httpx.Client) -> None:
    for path in ("/v1/documents/zoe.quill", "/v1/documents/other", "/zoe.quill"):
        assert http.get(path).status_code == 404
    assert http.post("/v1/ask", json={"question": ""}).status_code == 422
    found = samples(http)

    assert one(found, "footnote_http_requests_total", route="/v1/documents/{document_id}", status="404") == 2
    assert one(found, "footnote_http_requests_total", route="other", status="404") == 1
    assert one(found, "footnote_http_requests_total", route="/v1/ask", status="422") == 1
    assert "zoe" not in str(found)


def test_where_there_are_keys_admins_alone_may_look(assistant: Assistant, tmp_path: Path) -> None:
    keys = Keys(tmp_path / "keys.json")

    def header(name: str, *scopes: Scope) -> dict[str, str]:
        return {"authorization": f"Bearer {keys.create(name, (), scopes, None)[1]}"}

    asker, admin = header("ann", "ask", "traces"), header("root", "admin")
    with serving(create_app(assistant, Doors(Doorman([keys])))) as url:
        seen = [httpx.get(f"{url}/metrics", headers=who).status_code for who in ({}, asker, admin)]

    assert seen == [401, 403, 200]


def test_ready_says_everything_that_is_missing(assistant: Assistant, world: World, http: httpx.Client) -> None:
    assert http.get("/readyz").json()["status"] == "ready"

    current = world.home.current_file.read_text(encoding="ascii")
    world.home.current_file.unlink()
    with closing(sqlite3.connect(assistant.ledger.path, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        told = http.get("/readyz")
        other.execute("ROLLBACK")

    assert (told.status_code, told.headers["content-type"]) == (503, "application/problem+json")
    assert "ingest PATH" in told.json()["detail"]
    assert "traces.sqlite is busy" in told.json()["detail"]
    assert "ingest PATH" in http.get("/readyz").json()["detail"]
    world.home.current_file.write_text(current, encoding="ascii")
    assert http.get("/readyz").is_success


async def test_before_its_model_is_loaded_it_is_not_ready(world: World) -> None:
    with world.assistant() as assistant:
        assert assistant.missing() == ["The embedding model is not loaded yet."]
        await assistant.warm_up()
        assert assistant.missing() == []
