"""What every chat model keeps to, the fake one and the real adapter alike."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext

import pytest

from assistant.adapters.langchain_chat import LangChainChatModel
from assistant.errors import ModelFailed
from assistant.ports import ChatModel, Hear, Message
from tests.fake_openai import FakeOpenAI, answers, fails
from tests.fakes import FakeChatModel

Made = Callable[[str | None], AbstractContextManager[ChatModel]]
ASKED = (Message("system", "Be brief."), Message("user", "How many days?"))
REPLY = '{"days": "25, and 5 of them may be carried over"} … 🏖'


def fake_chat_model(reply: str | None) -> AbstractContextManager[ChatModel]:
    """One that always gives this reply, or always fails."""

    def write(_: str) -> str:
        if reply is None:
            raise ModelFailed("server_error", "fake:model did not answer (server_error): try again later.", passing=True)
        return reply

    return nullcontext(FakeChatModel(write))


@contextmanager
def langchain_chat_model(reply: str | None) -> Iterator[ChatModel]:
    with FakeOpenAI([fails(500) if reply is None else answers(reply)]) as server:
        yield LangChainChatModel("openai:gpt-5-mini", base_url=server.url, api_key="test")


@pytest.mark.parametrize("made", [fake_chat_model, langchain_chat_model])
class TestChatModel:
    async def test_it_says_all_in_one_text(self, made: Made) -> None:
        with made(REPLY) as chat:
            completion = await chat.complete(ASKED, most_tokens=100)
        assert completion.text == REPLY
        assert completion.ended == "complete"
        assert completion.model

    async def test_the_pieces_that_are_heard_are_the_text(self, made: Made) -> None:
        heard: list[str] = []
        with made(REPLY) as chat:
            completion = await chat.complete(ASKED, most_tokens=100, hear=heard.append)
        assert "".join(heard) == completion.text == REPLY
        assert len(heard) > 1
        assert all(heard)

    @pytest.mark.parametrize("hear", [None, lambda _: None], ids=["whole", "streamed"])
    async def test_usage_is_reported(self, made: Made, hear: Hear | None) -> None:
        with made(REPLY) as chat:
            completion = await chat.complete(ASKED, most_tokens=100, hear=hear)
        assert completion.usage is not None
        assert completion.usage.input_tokens > 0
        assert completion.usage.output_tokens > 0

    @pytest.mark.parametrize("hear", [None, lambda _: None], ids=["whole", "streamed"])
    async def test_a_failure_has_a_word_and_says_whose_it_is(self, made: Made, hear: Hear | None) -> None:
        with made(None) as chat:
            with pytest.raises(ModelFailed, match="server_error") as caught:
                await chat.complete(ASKED, most_tokens=100, hear=hear)
            assert chat.name in str(caught.value)
        assert caught.value.error == "server_error"
        assert caught.value.passing

    async def test_what_the_hearer_raises_ends_it(self, made: Made) -> None:
        heard: list[str] = []

        def hear(piece: str) -> None:
            heard.append(piece)
            raise ValueError("enough")

        with made(REPLY) as chat, pytest.raises(ValueError, match="enough"):
            await chat.complete(ASKED, most_tokens=100, hear=hear)
        assert len(heard) == 1

    def test_its_name_is_provider_and_model(self, made: Made) -> None:
        with made(REPLY) as chat:
            assert chat.name == f"{chat.provider}:{chat.model}"
