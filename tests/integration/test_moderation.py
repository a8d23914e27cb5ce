"""OpenAI's moderation over real HTTP, against a fake that misbehaves."""

from __future__ import annotations

import asyncio
import gc
import json
import logging
import time
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from assistant.adapters.openai_moderation import OpenAIModerator
from assistant.errors import ModelFailed, SettingsError
from tests.fake_openai import Behaviour, FakeOpenAI, answers, fails, hangs_up, rate_limited, serves_a_page, stalls, trickles

KEY = "sk-do-not-tell"
TEXTS = ["How much leave?", "I am sad.", "I am angry and sad."]


def moderator(fake: FakeOpenAI, **options: float) -> OpenAIModerator:
    return OpenAIModerator(api_key=KEY, base_url=fake.url, **options)


def moderating(*script: Behaviour) -> FakeOpenAI:
    return FakeOpenAI([answers()], moderation_script=script or (Behaviour(),), flags=["sad"])


async def fail(fake: FakeOpenAI, **options: float) -> ModelFailed:
    with pytest.raises(ModelFailed) as caught:
        await moderator(fake, **options).flagged(TEXTS)
    assert "openai:omni-moderation-latest" in str(caught.value)
    assert f"({caught.value.error})" in str(caught.value)
    assert KEY not in str(caught.value)
    assert caught.value.__context__ is None
    return caught.value


def says(**result: object) -> Behaviour:
    """A reply about three texts, all of this kind."""
    whole = {"flagged": False, "categories": {"hate": False, "violence": False}, "category_scores": {}} | result
    return Behaviour(body=json.dumps({"id": "m", "model": "m", "results": [whole] * 3}))


async def test_all_texts_go_in_one_request_with_the_key_and_come_back_with_their_categories() -> None:
    flags = {"I am sad.": "self-harm/intent", "I am angry and sad.": "harassment/threatening"}
    with FakeOpenAI([answers()], flags=flags.get) as fake:
        assert await moderator(fake).flagged(TEXTS) == [None, "self-harm/intent", "harassment/threatening"]
        assert fake.moderated == TEXTS
        assert fake.paths == ["/v1/moderations"]
        assert [(served.endpoint, served.model) for served in fake.served] == [("moderations", "omni-moderation-latest")]


async def test_nothing_to_look_at_is_no_request() -> None:
    with moderating() as fake:
        assert await moderator(fake).flagged([]) == []
        assert fake.paths == []


@pytest.mark.parametrize(
    ("behaviour", "flags"),
    [
        (says(flagged=True, categories={"violence": True, "hate": True, "illicit": None}), ["hate, violence"] * 3),
        (says(flagged=True), ["flagged"] * 3),
        (says(categories={"violence": True}), [None] * 3),
        (says(flagged=True, categories={"brand/new": True}), ["brand/new"] * 3),
    ],
)
async def test_the_provider_decides_and_names_why(behaviour: Behaviour, flags: list[str | None]) -> None:
    with moderating(behaviour) as fake:
        assert await moderator(fake).flagged(TEXTS) == flags


@pytest.mark.parametrize(
    ("behaviour", "error", "passing", "worked"),
    [
        (fails(400), "bad_request", False, False),
        (fails(401, f"Incorrect API key provided: {KEY}"), "unauthorized", False, False),
        (fails(404), "not_found", False, False),
        (fails(429, code="insufficient_quota"), "quota", False, False),
        (rate_limited(7), "rate_limited", True, False),
        (fails(500), "server_error", True, False),
        (fails(529), "server_error", True, False),
        (hangs_up(), "connection", True, True),
        (hangs_up(0.0), "connection", True, True),
    ],
)
async def test_a_failure_has_the_words_of_the_chat_model(behaviour: Behaviour, error: str, passing: bool, worked: bool) -> None:
    with moderating(behaviour) as fake:
        failed = await fail(fake)
        assert len(fake.served) == 1
    assert (failed.error, failed.passing, failed.worked) == (error, passing, worked)
    assert failed.retry_after == (7.0 if error == "rate_limited" else None)


@pytest.mark.parametrize(
    "body",
    [
        "{}",
        "null",
        "[]",
        "not json",
        '{"results": null}',
        '{"results": []}',
        '{"results": [{"flagged": false, "categories": {}}]}',
        '{"results": [1, 2, 3]}',
        json.dumps({"results": [{"categories": {}}] * 3}),
        json.dumps({"results": [{"flagged": None, "categories": {}}] * 3}),
        json.dumps({"results": [{"flagged": "no", "categories": {}}] * 3}),
        json.dumps({"results": [{"flagged": False, "categories": None}] * 3}),
    ],
)
async def test_what_cannot_be_read_does_not_pass_for_harmless(body: str) -> None:
    with moderating(Behaviour(body=body)) as fake:
        failed = await fail(fake)
    assert failed.error == "unreadable"
    assert "FOOTNOTE_MODERATION" in str(failed)


async def test_a_page_in_place_of_a_verdict_does_not_pass_either() -> None:
    with moderating(serves_a_page()) as fake:
        await fail(fake)


@pytest.mark.parametrize("behaviour", [stalls(30), replace(trickles(0.05), delay=0.0)])
async def test_a_moderator_that_takes_too_long_is_left(behaviour: Behaviour) -> None:
    with moderating(behaviour) as fake:
        started = time.perf_counter()
        failed = await fail(fake, seconds=0.3)
        assert time.perf_counter() - started < 3
        await asyncio.to_thread(fake.wait_until, lambda fake: fake.open == 0, 1.0)
    assert (failed.error, failed.passing) == ("timeout", True)


async def test_nobody_listening_is_a_failure_of_the_connection_that_reached_nobody() -> None:
    with moderating() as fake:
        gone = moderator(fake)
    with pytest.raises(ModelFailed, match="connection") as caught:
        await gone.flagged(TEXTS)
    assert not caught.value.worked


async def test_cancelling_closes_the_connection() -> None:
    with moderating(stalls(30)) as fake:
        asking = asyncio.create_task(moderator(fake).flagged(TEXTS))
        await asyncio.to_thread(fake.wait_until, lambda fake: fake.open == 1)
        asking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asking
        await asyncio.to_thread(fake.wait_until, lambda fake: fake.open == 0, 1.0)
        assert fake.served[0].cancelled


def test_one_moderator_serves_several_event_loops_and_leaves_nothing_open() -> None:
    with moderating() as fake:
        one = moderator(fake)
        for _ in range(3):
            assert asyncio.run(one.flagged(TEXTS)) == [None, "violence", "violence"]
        gc.collect()  # what was left open would warn, and a warning is an error here


async def test_many_at_once_keep_their_verdicts_apart() -> None:
    with moderating() as fake:
        one = moderator(fake)
        found = await asyncio.gather(*(one.flagged([f"{'sad' if n % 2 else 'glad'} {n}"]) for n in range(40)))
    assert [bool(flag) for (flag,) in found] == [bool(n % 2) for n in range(40)]


async def test_no_log_carries_a_text_or_the_key_away(caplog: pytest.LogCaptureFixture) -> None:
    with moderating(Behaviour(), fails(400, "no canary-7 here")) as fake, caplog.at_level(logging.DEBUG):
        one = moderator(fake)
        await one.flagged(["canary-7"])
        with pytest.raises(ModelFailed):
            await one.flagged(["canary-7"])
    assert "canary-7" not in caplog.text
    assert KEY not in caplog.text


@pytest.mark.parametrize("key", [None, ""])
def test_a_missing_key_is_named_at_once(key: str | None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "of somebody else")
    with pytest.raises(SettingsError, match=r"FOOTNOTE_MODERATION=openai.*OPENAI_API_KEY"):
        OpenAIModerator(api_key=key)


def test_the_environment_supplies_the_address(monkeypatch: pytest.MonkeyPatch) -> None:
    with moderating() as fake:
        monkeypatch.setenv("OPENAI_BASE_URL", fake.url)
        assert asyncio.run(OpenAIModerator(api_key=KEY).flagged(["sad"])) == ["violence"]


async def test_a_wait_asked_for_as_a_date_is_seconds() -> None:
    with moderating(rate_limited(datetime.now(UTC).replace(year=2200))) as fake:
        failed = await fail(fake)
    assert failed.retry_after is not None
    assert failed.retry_after > 1e9
