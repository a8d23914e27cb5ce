"""What every chat model keeps to, the fake one and the real adapter alike."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from assistant.adapters.langchain_chat import LangChainChatModel
from assistant.ground import ground
from assistant.ports import ChatModel
from assistant.types import Chunk, Evidence, Hit
from tests.fake_openai import FakeOpenAI, answers
from tests.fakes import FakeChatModel, FakePrices, first_sentence

TEXT = "Employees accrue 25 days of paid leave.\nThey may not sell them."
EVIDENCE = [Evidence(n, Hit(Chunk(f"c{n}", "d", "a.md", "Leave", (), 0, len(TEXT), TEXT), 1.0, n)) for n in (1, 2)]


@pytest.fixture(params=["fake", "langchain"])
def chat(request: pytest.FixtureRequest) -> Iterator[ChatModel]:
    if request.param == "fake":
        yield FakeChatModel(first_sentence)
        return
    with FakeOpenAI([answers()]) as server:
        yield LangChainChatModel("openai:gpt-5-mini", FakePrices(), base_url=server.url, api_key="test")


async def test_its_claims_cite_evidence_and_pass_grounding(chat: ChatModel) -> None:
    result = await chat.answer("How many days?", EVIDENCE)
    assert {claim.marker for claim in result.claims} <= {1, 2}
    grounding = ground(result.claims, EVIDENCE)
    assert [s.text for s in grounding.statements] == ["Employees accrue 25 days of paid leave."]


async def test_every_call_is_booked_with_usage_and_price(chat: ChatModel) -> None:
    result = await chat.answer("How many days?", EVIDENCE, "the quote does not stand in [1]")
    (call,) = result.calls
    assert call.usage is not None
    assert call.usage.input_tokens > 0
    assert call.usage.output_tokens > 0
    assert call.usd == FakePrices().usd(call.provider, call.model, call.usage)
    assert (call.prices, call.error) == (FakePrices.version, None)
    assert call.milliseconds > 0


async def test_it_has_a_name_and_shows_its_prompt(chat: ChatModel) -> None:
    assert ":" in chat.name
    assert (await chat.answer("How many days?", EVIDENCE)).prompt
