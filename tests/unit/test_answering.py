"""The steps from a question to a reply, over fakes."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assistant.errors import IndexMissing, IndexUnavailable, InvalidRequest, ModelUnavailable
from assistant.types import LOCAL, Claim, Evidence, Filters, Principal, Question, Turn
from tests.builders import call
from tests.fakes import FakeChatModel, FakeReranker, first_sentence
from tests.worlds import OPEN_GATE, SHUT_GATE, World

LEAVE = "# Leave\n\n## Annual leave\n\nFull-time employees have 25 days of paid annual leave. It is granted by the line manager.\n"
TRAVEL = "# Travel\n\n## Trains\n\nEmployees travel second class by train. First class needs the consent of a director.\n"
BANDS = "---\ngroups: [hr]\n---\n# Salary bands\n\nA senior engineer earns between 70,000 and 90,000 euros a year.\n"


@pytest.fixture
def world(tmp_path: Path) -> World:
    return company(tmp_path)


@pytest.fixture(scope="module")
def worlds(tmp_path_factory: pytest.TempPathFactory) -> World:
    """One for many cases."""
    return company(tmp_path_factory.mktemp("world"))


def company(path: Path) -> World:
    made = World(path)
    made.write("hr/leave.md", LEAVE)
    made.write("travel.md", TRAVEL)
    made.write("hr/bands.md", BANDS)
    made.ingest()
    return made


def question(text: str = "How many days of annual leave do employees have?", principal: Principal = LOCAL, **more: object) -> Question:
    return Question(text, principal, **more)  # type: ignore[arg-type]  # the fields of a question, by name


async def test_an_answer_is_a_quote_that_stands_in_the_document(world: World) -> None:
    with world.assistant(OPEN_GATE) as assistant:
        reply = await assistant.ask(question())

    assert reply.kind == "answer"
    assert "25 days" in reply.text
    text = {d.source: d.text for d in world.snapshot().documents.listed(LOCAL)}
    for citation in reply.citations:
        assert text[citation.source][citation.start : citation.end] == citation.quote


async def test_a_shut_gate_refuses_for_nothing_and_names_who_to_ask(world: World) -> None:
    with world.assistant(SHUT_GATE, FakeChatModel(first_sentence)) as assistant:
        reply = await assistant.ask(question())

    assert (reply.kind, reply.cost.calls) == ("refusal", 0)
    assert reply.cost.usd == 0
    assert reply.citations == ()
    assert reply.refusal is not None
    assert reply.refusal.reason == "insufficient_evidence"
    assert "hr/leave.md" in [near.source for near in reply.refusal.closest]


async def test_a_model_writes_and_every_call_is_booked(world: World) -> None:
    with world.assistant(OPEN_GATE, FakeChatModel(first_sentence)) as assistant:
        reply = await assistant.ask(question())
        stored = assistant.ledger.trace(reply.trace_id)

    assert (reply.mode, reply.cost.calls, reply.cost.usd) == ("model", 1, Decimal("0.000015"))
    assert [c["input_tokens"] for c in stored["calls"]] == [10]
    assert [step["name"] for step in stored["steps"]] == ["validate", "rewrite", "retrieve", "gate", "answer", "ground"]


async def test_an_invented_quote_is_asked_about_once_more_and_then_refused(world: World) -> None:
    model = FakeChatModel(lambda *_: [Claim("You have 99 days of leave.", 1, "99 days of leave for everyone")])
    with world.assistant(OPEN_GATE, model) as assistant:
        reply = await assistant.ask(question())

    assert reply.refusal is not None
    assert (reply.refusal.reason, reply.text, reply.cost.calls) == ("ungrounded", "", 2)
    assert model.objections[0] is None
    assert "99 days" in (model.objections[1] or "")


async def test_a_model_that_finds_no_answer_is_believed(world: World) -> None:
    with world.assistant(OPEN_GATE, FakeChatModel(lambda *_: [])) as assistant:
        reply = await assistant.ask(question())

    assert reply.refusal is not None
    assert reply.refusal.reason == "insufficient_evidence"


async def test_without_its_model_the_documents_answer_and_say_so(world: World) -> None:
    def gone(_: str, __: Sequence[Evidence]) -> Sequence[Claim]:
        raise ModelUnavailable("the model is away", (call(None, error="timeout"),))

    with world.assistant(OPEN_GATE, FakeChatModel(gone)) as assistant:
        reply = await assistant.ask(question())

    assert (reply.kind, reply.mode, reply.cost.usd, reply.cost.calls) == ("answer", "extractive", None, 1)
    assert [notice.kind for notice in reply.notices] == ["degraded"]


async def test_what_one_may_not_read_is_never_seen(world: World) -> None:
    asked = "What does a senior engineer earn a year?"
    with world.assistant(OPEN_GATE) as assistant:
        everyone = await assistant.ask(question(asked))
        outsider = await assistant.ask(question(asked, Principal("ann", frozenset({"sales"}))))
        member = await assistant.ask(question(asked, Principal("bob", frozenset({"hr"}))))
        trace = assistant.ledger.trace(outsider.trace_id)

    assert "90,000" in everyone.text
    assert "90,000" in member.text
    assert "bands" not in repr(outsider)
    assert "bands" not in repr(trace)


async def test_a_follow_up_is_asked_with_its_subject(world: World) -> None:
    history = (Turn("user", "How many days of annual leave do employees have?"), Turn("assistant", "25 days [1]."))
    with world.assistant(OPEN_GATE) as assistant:
        reply = await assistant.ask(question("Who grants it?", history=history))
        trace = assistant.ledger.trace(reply.trace_id)

    assert "line manager" in reply.text
    assert (trace["question"], trace["standalone"] != trace["question"]) == ("Who grants it?", True)


async def test_filters_narrow_the_search(world: World) -> None:
    with world.assistant(OPEN_GATE) as assistant:
        hits = await assistant.search("leave", LOCAL, Filters(("travel.md",)), 10)
        nothing = await assistant.ask(question(filters=Filters(("no/such/*",))))

    assert {hit.chunk.source for hit in hits} == {"travel.md"}
    assert nothing.refusal is not None
    assert (nothing.refusal.reason, nothing.confidence, nothing.refusal.closest) == ("no_evidence", None, ())


async def test_a_reranker_orders_the_hits(world: World) -> None:
    with world.assistant(OPEN_GATE, reranker=FakeReranker()) as assistant:
        hits = await assistant.search("first class needs the consent of a director", LOCAL, Filters(), 5)

    assert hits[0].chunk.source == "travel.md"


async def test_what_is_no_question_leaves_no_trace(world: World) -> None:
    with world.assistant() as assistant:
        with pytest.raises(InvalidRequest):
            await assistant.ask(question(" "))
        assert assistant.ledger.count() == 0


async def test_before_the_first_ingest_there_is_nothing_to_ask(tmp_path: Path) -> None:
    with World(tmp_path).assistant() as assistant, pytest.raises(IndexMissing, match="ingest PATH"):
        await assistant.ask(question())


async def test_vectors_of_another_model_are_not_compared(world: World) -> None:
    world.embedder.model_id = "fake@2"
    said = "made with the embedding model fake@1, questions are embedded with fake@2"
    with world.assistant() as assistant, pytest.raises(IndexUnavailable, match=said):
        await assistant.ask(question())


async def test_an_ingest_is_followed_without_a_restart(world: World) -> None:
    with world.assistant(OPEN_GATE) as assistant:
        before = await assistant.ask(question())
        world.write("hr/leave.md", LEAVE.replace("25 days", "30 days"))
        world.ingest()
        after = await assistant.ask(question())

    assert "25 days" in before.text
    assert "30 days" in after.text
    assert "25 days" not in repr(after)
    assert before.generation != after.generation


@settings(max_examples=60, deadline=None)
@given(st.text(min_size=1, max_size=300), st.lists(st.text(max_size=80), max_size=3))
def test_whatever_is_asked_is_answered_refused_or_told(worlds: World, text: str, before: list[str]) -> None:
    history = tuple(Turn("user" if turn % 2 == 0 else "assistant", said) for turn, said in enumerate(before))
    with worlds.assistant(OPEN_GATE) as assistant:
        try:
            reply = asyncio.run(assistant.ask(question(text, history=history)))
        except InvalidRequest:
            return
        stored = assistant.ledger.trace(reply.trace_id)

    assert stored["question"] == text
    assert (reply.kind == "answer") == bool(reply.citations)
    assert {int(mark) for mark in re.findall(r"\[(\d+)\]", reply.text)} == {c.marker for c in reply.citations}
