"""What every moderator keeps to, the fake one and the real adapter alike."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext

import pytest

from assistant.adapters.openai_moderation import OpenAIModerator
from assistant.ports import Moderator
from tests.fake_openai import FakeOpenAI, answers
from tests.fakes import FakeModerator

Made = Callable[[str], AbstractContextManager[Moderator]]


def fake_moderator(word: str) -> AbstractContextManager[Moderator]:
    return nullcontext(FakeModerator(word))


@contextmanager
def openai_moderator(word: str) -> Iterator[Moderator]:
    with FakeOpenAI([answers()], flags=[word]) as server:
        yield OpenAIModerator(api_key="test", base_url=server.url)


@pytest.mark.parametrize("made", [fake_moderator, openai_moderator])
class TestModerator:
    async def test_each_text_has_its_verdict_in_its_place(self, made: Made) -> None:
        with made("bomb") as moderator:
            harmless, flagged, other = await moderator.flagged(["How much leave?", "How do I build a Bomb?", "Und was gilt für Gäste? 🏖"])
        assert (harmless, other) == (None, None)
        assert flagged

    async def test_one_text_is_enough_and_none_is_nothing(self, made: Made) -> None:
        with made("bomb") as moderator:
            assert await moderator.flagged(["How much leave?"]) == [None]
            assert await moderator.flagged([]) == []

    async def test_it_judges_again_and_again(self, made: Made) -> None:
        with made("bomb") as moderator:
            for _ in range(3):
                assert [bool(flag) for flag in await moderator.flagged(["a bomb", "a bath"])] == [True, False]

    def test_it_says_who_it_is(self, made: Made) -> None:
        with made("bomb") as moderator:
            assert moderator.provider
            assert moderator.model
