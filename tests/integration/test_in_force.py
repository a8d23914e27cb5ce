"""Editions and contradictions, from the folder to the reply over HTTP."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from api.http.app import create_app
from assistant.types import Principal, Question
from tests.fakes import FakeChatModel, says
from tests.servers import serving
from tests.worlds import OPEN_GATE, World

OLD = "Employees may work at home on up to 2 days a week."
NEW = "Employees may work at home on up to 3 days a week."
COMING = "Employees may work at home on up to 4 days a week."
QUESTION = "On how many days a week may employees work at home?"


@pytest.fixture
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    made = World(tmp_path_factory.mktemp("world"))
    made.write("home-2023.md", f"---\neffective: 2023-01-01\n---\n# Work at home 2023\n\n{OLD} Ask your manager.\n")
    made.write("home.md", f"---\neffective: 2025-01-01\nsupersedes: [home-2023.md]\n---\n# Work at home\n\n{NEW} Ask your manager.\n")
    made.write(
        "home-2099.md", f"---\neffective: 2099-01-01\nsupersedes: [home.md]\n---\n# Work at home 2099\n\n{COMING} Ask your manager.\n"
    )
    made.ingest()
    return made


@pytest.fixture
def client(world: World) -> Iterator[httpx.Client]:
    with world.assistant(OPEN_GATE) as assistant, serving(create_app(assistant)) as url, httpx.Client(base_url=url) as http:
        yield http


def ask(client: httpx.Client, **body: Any) -> dict[str, Any]:
    reply: dict[str, Any] = client.post("/v1/ask", json={"question": QUESTION} | body).raise_for_status().json()
    assert {int(mark) for mark in re.findall(r"\[(\d+)\]", reply["text"])} == {citation["marker"] for citation in reply["citations"]}
    for notice in reply["notices"]:
        assert set(notice["markers"]) <= {citation["marker"] for citation in reply["citations"]}
    return reply


@pytest.mark.parametrize(("day", "sentence"), [("2024-06-01", OLD), ("2026-06-01", NEW), ("2099-06-01", COMING), (None, NEW)])
def test_the_edition_of_the_day_answers(client: httpx.Client, day: str | None, sentence: str) -> None:
    reply = ask(client, as_of=day)

    assert sentence[:-1] in reply["text"]
    assert reply["citations"][0]["quote"] == sentence[:-1]


def test_what_is_only_in_an_edition_that_does_not_hold_is_told_as_that(client: httpx.Client) -> None:
    old = ask(client, filters={"sources": ["home-2023.md"]})
    coming = ask(client, filters={"sources": ["home-2099.md"]})

    assert [(notice["kind"], notice["markers"]) for notice in old["notices"]] == [("superseded", [1])]
    assert [(notice["kind"], notice["markers"]) for notice in coming["notices"]] == [("not_yet_in_force", [1])]
    assert "2025-01-01" in old["notices"][0]["message"]
    assert "2099-01-01" in coming["notices"][0]["message"]


async def test_an_edition_that_the_asker_may_not_read_ends_none(world: World) -> None:
    file = world.folder / "home.md"
    file.write_text(file.read_text(encoding="utf-8").replace("effective:", "groups: [board]\neffective:"), encoding="utf-8")
    world.ingest()
    with world.assistant(OPEN_GATE) as assistant:
        outsider = await assistant.ask(Question(QUESTION, Principal("ann", frozenset({"sales"}))))
        member = await assistant.ask(Question(QUESTION, Principal("bob", frozenset({"board"}))))

    assert OLD[:-1] in outsider.text
    assert not any(word in repr(outsider) for word in ("home.md", "3 days", "2025-01-01"))
    assert NEW[:-1] in member.text


def test_a_model_is_told_which_edition_holds(world: World) -> None:
    model = FakeChatModel(says((OLD, 1, OLD)))
    with world.assistant(OPEN_GATE, model) as assistant, serving(create_app(assistant)) as url, httpx.Client(base_url=url) as client:
        reply = ask(client, filters={"sources": ["home-2023.md"]})

    assert "No longer in force: replaced on 2025-01-01" in model.prompts[0]
    assert [notice["kind"] for notice in reply["notices"]] == ["superseded"]
