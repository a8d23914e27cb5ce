"""The LangChain adapter over real HTTP, against a fake OpenAI that misbehaves."""

from __future__ import annotations

import asyncio
import gc
import json
import logging
import socket
import time
import traceback
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import replace
from typing import Any, ClassVar
from urllib.parse import urlsplit

import langsmith.utils
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assistant.adapters.langchain_chat import LangChainChatModel
from assistant.errors import ModelFailed, SettingsError
from assistant.ports import Completion, Hear, Message
from assistant.types import Usage
from tests.fake_openai import (
    Behaviour,
    FakeOpenAI,
    answers,
    cut_after,
    fails,
    fails_after,
    filtered,
    garbled_after,
    hangs_up,
    lasts,
    never_closes,
    never_ends,
    pauses,
    pieces,
    rate_limited,
    refuses,
    says_nothing_of_usage,
    serves_a_page,
    slowly,
    stalls,
    stops_at_length,
    tells_no_details,
    torn_after,
    trickles,
)
from tests.servers import free_port

KEY = "sk-do-not-tell"
CANARY = "flamingo"
ASKED = (Message("system", "Reply in JSON."), Message("user", f"How many {CANARY}s?"))
REPLY = '{"answerable": true, "sentences": ["Employees accrue 25 days of paid leave.", "Five may be carried over."]}'
SCHEMA = {
    "title": "reply",
    "description": "What it says.",
    "type": "object",
    "properties": {"answerable": {"type": "boolean"}},
    "required": ["answerable"],
    "additionalProperties": False,
}
LIMIT = 321
FIELDS = ("choices", "delta", "message", "content", "usage", "error", "model", "finish_reason", "prompt_tokens", "refusal", "code")
ANY_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(FIELDS), inner),
    max_leaves=8,
)
EVENTS = len(pieces(REPLY)) + 4  # with the beginning, the end, the usage and [DONE]
MODES = pytest.mark.parametrize("streamed", [False, True], ids=["whole", "streamed"])


def says(reply: Behaviour) -> Behaviour:
    """The same, with the reply of these tests."""
    return replace(reply, write=lambda _: REPLY)


def events(*chunks: Mapping[str, Any] | str) -> Behaviour:
    """A stream of just these, closed in order."""
    lines = [chunk if isinstance(chunk, str) else json.dumps(chunk) for chunk in chunks]
    return Behaviour(body="".join(f"data: {line}\n\n" for line in lines), headers={"content-type": "text/event-stream"})


def chunk(delta: Mapping[str, Any], finish_reason: str | None = None, **more: Any) -> dict[str, Any]:
    choice = {"index": 0, "delta": delta, "finish_reason": finish_reason, "logprobs": None}
    return {"id": "c", "object": "chat.completion.chunk", "created": 1, "model": "some-model", "choices": [choice], **more}


def model(url: str, name: str = "openai:gpt-5-mini", **options: Any) -> LangChainChatModel:
    return LangChainChatModel(name, base_url=url, api_key=KEY, **options)


async def ask(chat: LangChainChatModel, streamed: bool, schema: Mapping[str, object] | None = SCHEMA) -> Completion:
    """The reply; where it is streamed, checked against what was heard."""
    heard: list[str] = []
    hear: Hear | None = heard.append if streamed else None
    completion = await chat.complete(ASKED, most_tokens=LIMIT, schema=schema, hear=hear)
    assert "".join(heard) == (completion.text if streamed else "")
    return completion


async def asked_once(behaviour: Behaviour, streamed: bool, **options: Any) -> Completion:
    with FakeOpenAI([behaviour]) as fake:
        completion = await ask(model(fake.url, **options), streamed)
    assert len(fake.served) == 1
    return completion


async def fail(behaviour: Behaviour, streamed: bool) -> ModelFailed:
    """How it fails, in one request, and without the vendor's words."""
    with FakeOpenAI([behaviour]) as fake:
        failed = await failing(model(fake.url), streamed)
    assert len(fake.served) == 1
    return failed


async def failing(chat: LangChainChatModel, streamed: bool) -> ModelFailed:
    with pytest.raises(ModelFailed) as caught:
        await ask(chat, streamed)
    failed = caught.value
    told = "".join(traceback.format_exception(failed))
    assert not [word for word in (KEY, CANARY, "vendor says") if word in told]
    assert str(failed).startswith(f"{chat.name} did not answer ({failed.error}): ")
    assert failed.__context__ is None
    return failed


class TestReply:
    @MODES
    async def test_text_model_and_usage_come_back(self, streamed: bool) -> None:
        usage = Usage(812, 64, 512, 32)
        completion = await asked_once(replace(answers(REPLY), usage=usage), streamed)
        assert completion == Completion(REPLY, "gpt-5-mini-2025-08-07", usage, "complete")

    async def test_pieces_are_heard_as_they_come(self) -> None:
        heard: asyncio.Queue[str] = asyncio.Queue()
        with FakeOpenAI([pauses(30, after=3, write=REPLY)]) as fake:
            asking = asyncio.create_task(model(fake.url).complete(ASKED, most_tokens=LIMIT, hear=heard.put_nowait))
            assert [await heard.get() for _ in range(3)] == pieces(REPLY)[:3]
            await asyncio.to_thread(fake.go_on)
            assert (await asking).text == REPLY

    @MODES
    async def test_a_reply_of_one_byte_at_a_time_is_whole(self, streamed: bool) -> None:
        assert (await asked_once(replace(trickles(0.0001), write=lambda _: '{"a": "é€🏖"}'), streamed)).text == '{"a": "é€🏖"}'

    @MODES
    @pytest.mark.parametrize(("behaviour", "ended"), [(stops_at_length(), "cut"), (filtered(), "declined")])
    async def test_what_ends_early_keeps_its_text_and_usage(self, behaviour: Behaviour, ended: str, streamed: bool) -> None:
        completion = await asked_once(replace(behaviour, write=lambda _: REPLY[:40], usage=Usage(800, 40)), streamed)
        assert completion.ended == ended
        assert (completion.text, completion.usage) == (REPLY[:40], Usage(800, 40))

    @MODES
    async def test_a_refusal_is_declined_and_its_words_are_no_reply(self, streamed: bool) -> None:
        completion = await asked_once(replace(refuses(), usage=Usage(800, 9)), streamed)
        assert completion == Completion("", "gpt-5-mini-2025-08-07", Usage(800, 9), "declined")

    @MODES
    @pytest.mark.parametrize(
        "text", ["", "   ", "no JSON at all", '{"answerable": tr', '{"answerable": "twice"} {}', '["other"]', "nul\x00l"]
    )
    async def test_text_of_any_form_is_handed_over_as_it_is(self, text: str, streamed: bool) -> None:
        assert await asked_once(answers(text), streamed) == await asked_once(answers(text), not streamed)
        assert (await asked_once(answers(text), streamed)).text == text

    @MODES
    async def test_usage_that_is_not_reported_is_none(self, streamed: bool) -> None:
        assert (await asked_once(says(says_nothing_of_usage()), streamed)).usage is None

    @MODES
    @pytest.mark.parametrize("nonsense", [-1, 1.5])
    async def test_usage_that_is_nonsense_counts_as_not_reported(self, nonsense: Any, streamed: bool) -> None:
        usage = {"prompt_tokens": 800, "completion_tokens": 60, "completion_tokens_details": {"reasoning_tokens": nonsense}}
        completion = await asked_once(replace(answers(REPLY), tells=lambda _: usage), streamed)
        assert (completion.text, completion.usage) == (REPLY, None)

    @MODES
    async def test_usage_without_details_has_none_of_them(self, streamed: bool) -> None:
        usage = Usage(800, 60, 512, 20)
        completion = await asked_once(replace(says(tells_no_details()), usage=usage), streamed)
        assert completion.usage == Usage(800, 60)

    async def test_usage_that_is_repeated_with_each_piece_counts_once(self) -> None:
        usage = {"prompt_tokens": 800, "completion_tokens": 2, "total_tokens": 802}
        stream = events(
            chunk({"content": "a"}, usage={**usage, "completion_tokens": 1}), chunk({"content": "b"}, "stop", usage=usage), "[DONE]"
        )
        assert await asked_once(stream, True) == Completion("ab", "some-model", Usage(800, 2))

    @MODES
    async def test_cached_tokens_of_another_service_tier_are_cached_tokens(self, streamed: bool) -> None:
        usage = {"prompt_tokens": 800, "completion_tokens": 60, "prompt_tokens_details": {"cached_tokens": 512}}
        whole = {**chunk({}), "service_tier": "priority", "usage": usage}
        whole["choices"] = [{"index": 0, "message": {"role": "assistant", "content": "a"}, "finish_reason": "stop"}]
        stream = events(chunk({"content": "a"}, "stop"), {**whole, "choices": []}, "[DONE]")
        completion = await asked_once(stream if streamed else Behaviour(body=json.dumps(whole)), streamed)
        assert completion == Completion("a", "some-model", Usage(800, 60, 512))


class TestRequest:
    @MODES
    async def test_it_asks_for_a_schema_a_limit_and_no_retries_of_the_clients_own(self, streamed: bool) -> None:
        with FakeOpenAI([answers(REPLY)]) as fake:
            await ask(model(fake.url, name="openai:gpt-4o-mini"), streamed)
        (request,) = fake.requests
        plain = {key: SCHEMA[key] for key in ("type", "properties", "required", "additionalProperties")}
        named = {"name": "reply", "description": "What it says.", "schema": plain, "strict": True}
        assert request["response_format"] == {"type": "json_schema", "json_schema": named}
        assert request["max_completion_tokens"] == LIMIT
        assert request["temperature"] == 0
        assert request["messages"] == [{"role": message.role, "content": message.content} for message in ASKED]
        assert request.get("stream", False) is streamed
        assert request.get("stream_options") == ({"include_usage": True} if streamed else None)
        assert fake.headers[0]["x-stainless-retry-count"] == "0"

    @MODES
    async def test_without_a_schema_any_text_may_come(self, streamed: bool) -> None:
        with FakeOpenAI([answers(REPLY)]) as fake:
            await ask(model(fake.url), streamed, schema=None)
        assert "response_format" not in fake.requests[0]

    async def test_the_temperature_is_the_operators_where_the_model_takes_one(self) -> None:
        with FakeOpenAI([answers(REPLY)]) as fake:
            await ask(model(fake.url, name="openai:gpt-4o-mini", temperature=0.7), False)
            await ask(model(fake.url, name="openai:gpt-5-mini", temperature=0.7), False)
        assert [request.get("temperature") for request in fake.requests] == [0.7, None]

    async def test_each_request_has_its_own_limit(self) -> None:
        with FakeOpenAI([answers(REPLY)]) as fake:
            chat = model(fake.url)
            for limit in (10, 20):
                await chat.complete(ASKED, most_tokens=limit)
        assert [request["max_completion_tokens"] for request in fake.requests] == [10, 20]

    @pytest.mark.parametrize(
        ("refusal", "left_out", "streamed"),
        [
            ("Unsupported value: 'temperature' does not support 0 with this model.", "temperature", False),
            ("This server does not support response_format json_schema.", "response_format", False),
            ("This server does not support response_format json_schema.", "response_format", True),
            ("Unrecognized request argument supplied: stream_options", "stream_options", True),
        ],
    )
    async def test_what_a_server_refuses_is_left_out_from_then_on(self, refusal: str, left_out: str, streamed: bool) -> None:
        with FakeOpenAI([fails(400, refusal), answers(REPLY)]) as fake:
            chat = model(fake.url, name="openai:o3-mini")
            failed = await failing(chat, streamed)
            assert (failed.error, failed.passing, failed.retry_after, failed.worked) == ("bad_request", True, 0.0, False)
            for _ in range(2):
                assert (await ask(chat, streamed)).text == REPLY
        assert [left_out in request for request in fake.requests] == [True, False, False]

    @pytest.mark.filterwarnings("ignore:This model does not support OpenAI's structured output:UserWarning")
    @MODES
    async def test_what_openai_says_of_a_model_that_takes_no_schema_is_understood(self, streamed: bool) -> None:
        refusal = "Invalid parameter: 'response_format' of type 'json_schema' is not supported with this model."
        with FakeOpenAI([fails(400, refusal), answers(REPLY)]) as fake:
            chat = model(fake.url, name="openai:gpt-4")
            assert (await failing(chat, streamed)).passing
            assert (await ask(chat, streamed)).text == REPLY

    async def test_a_server_that_goes_on_refusing_it_is_not_asked_for_ever(self) -> None:
        with FakeOpenAI([fails(400, "The temperature is wrong.")]) as fake:
            chat = model(fake.url, name="openai:o3-mini")
            assert [(await failing(chat, False)).passing for _ in range(3)] == [True, False, False]

    async def test_all_that_were_asked_with_what_the_server_refuses_may_be_asked_again(self) -> None:
        with FakeOpenAI([replace(fails(400, "The temperature is wrong."), delay=0.2)]) as fake:
            chat = model(fake.url, name="openai:o3-mini")
            failures = await asyncio.gather(*(failing(chat, False) for _ in range(5)))
        assert all(failed.passing and failed.retry_after == 0 for failed in failures)


class TestFailure:
    @MODES
    @pytest.mark.parametrize(
        ("status", "error", "passing"),
        [
            (400, "bad_request", False),
            (401, "unauthorized", False),
            (402, "rejected", False),
            (403, "forbidden", False),
            (404, "not_found", False),
            (408, "timeout", True),
            (409, "conflict", True),
            (422, "bad_request", False),
            (429, "rate_limited", True),
            (500, "server_error", True),
            (503, "server_error", True),
            (529, "server_error", True),
        ],
    )
    async def test_a_status_has_its_word_and_costs_nothing(self, status: int, error: str, passing: bool, streamed: bool) -> None:
        failed = await fail(fails(status, f"vendor says {KEY} {CANARY}"), streamed)
        assert (failed.error, failed.passing, failed.worked, failed.retry_after) == (error, passing, False, None)

    @MODES
    async def test_a_quota_is_not_a_rate(self, streamed: bool) -> None:
        failed = await fail(fails(429, code="insufficient_quota"), streamed)
        assert (failed.error, failed.passing, failed.worked) == ("quota", False, False)

    @MODES
    @pytest.mark.parametrize(("header", "seconds"), [("1.5", 1.5), ("0", 0.0), ("-3", 0.0), ("soon", None), ("nan", None), ("inf", None)])
    async def test_retry_after_is_told(self, header: str, seconds: float | None, streamed: bool) -> None:
        assert (await fail(rate_limited(header), streamed)).retry_after == seconds

    def test_what_to_do_is_said(self) -> None:
        failed = asyncio.run(fail(rate_limited(), False))
        assert (
            str(failed)
            == "openai:gpt-5-mini did not answer (rate_limited): it limits the rate; wait a minute or raise the account's limit."
        )

    @MODES
    async def test_a_page_is_no_reply(self, streamed: bool) -> None:
        failed = await fail(serves_a_page(), streamed)
        assert (failed.error, failed.passing, failed.worked) == ("unreadable", True, True)

    @MODES
    async def test_what_does_not_end_is_left_before_it_fills_the_memory(self, streamed: bool) -> None:
        failed = await fail(never_ends(" " * 100_000), streamed)
        assert (failed.error, failed.worked) == ("unreadable", True)

    @MODES
    @pytest.mark.parametrize("behaviour", [hangs_up(0.0), hangs_up(0.5), cut_after(3), torn_after(3)])
    async def test_a_connection_that_breaks_off_may_have_cost(self, behaviour: Behaviour, streamed: bool) -> None:
        failed = await fail(says(behaviour), streamed)
        assert (failed.error, failed.passing, failed.worked) == ("connection", True, True)

    @pytest.mark.parametrize(
        ("broken", "error"),
        [(cut_after, "connection"), (torn_after, "connection"), (garbled_after, "unreadable"), (fails_after, "server_error")],
    )
    async def test_a_stream_that_breaks_at_any_event_fails_or_had_said_all(self, broken: Callable[[int], Behaviour], error: str) -> None:
        end = EVENTS - 2
        with FakeOpenAI([says(broken(at)) for at in range(EVENTS)]) as fake:
            chat = model(fake.url)
            failures = [await failing(chat, True) for _ in range(end)]
            replies = [await ask(chat, True) for _ in range(end, EVENTS)]
        assert {(failed.error, failed.passing, failed.worked) for failed in failures} == {(error, True, True)}
        assert [(reply.text, reply.ended, reply.usage is None) for reply in replies] == [
            (REPLY, "complete", True),
            (REPLY, "complete", False),
        ]

    @pytest.mark.parametrize("last", [(), ("[DONE]",)], ids=["end", "done"])
    async def test_a_stream_that_does_not_say_why_it_ends_was_cut_off(self, last: tuple[str, ...]) -> None:
        failed = await fail(events(chunk({"content": "a"}), chunk({"content": "b"}), *last), True)
        assert (failed.error, failed.passing, failed.worked) == ("connection", True, True)

    async def test_a_stream_without_done_is_whole(self) -> None:
        assert (await asked_once(says(never_closes()), True)).text == REPLY

    async def test_a_reply_that_is_not_streamed_need_not_say_why_it_ends(self) -> None:
        whole = {
            "id": "c",
            "object": "chat.completion",
            "model": "m",
            "choices": [{"index": 0, "message": {"role": "assistant", "content": "a"}}],
        }
        assert await asked_once(Behaviour(body=json.dumps(whole)), False) == Completion("a", "m", None)

    @pytest.mark.parametrize(
        ("told", "error"),
        [
            ({"message": "vendor says", "type": "server_error"}, "server_error"),
            ({"message": "vendor says", "code": 503}, "server_error"),
            ({"message": "vendor says", "code": 429}, "rate_limited"),
            ({"message": "vendor says", "code": "rate_limit_exceeded"}, "rate_limited"),
            ({"message": "vendor says", "code": "insufficient_quota"}, "quota"),
            ({"message": "vendor says", "type": "overloaded_error"}, "server_error"),
            ({"message": "vendor says", "type": "invalid_request_error"}, "bad_request"),
            ("vendor says", "server_error"),
        ],
    )
    async def test_an_error_in_a_stream_has_its_word(self, told: Any, error: str) -> None:
        failed = await fail(events(chunk({"content": "a"}), {"error": told}), True)
        assert (failed.error, failed.worked, failed.retry_after) == (error, True, None)

    async def test_an_error_in_place_of_a_reply_has_its_word(self) -> None:
        told = {"message": f"vendor says {CANARY}", "code": 429}
        assert (await fail(Behaviour(body=json.dumps({"error": told})), False)).error == "rate_limited"

    @MODES
    def test_whatever_a_server_sends_is_a_reply_or_a_failure(self, streamed: bool) -> None:
        sent: list[Behaviour] = []
        with FakeOpenAI(lambda _: sent[-1]) as fake, asyncio.Runner() as runner:
            chat = model(fake.url)

            @settings(max_examples=50)
            @given(value=ANY_JSON, choice=st.booleans())
            def check(value: Any, choice: bool) -> None:
                body = json.dumps({"choices": [value]} if choice else value)
                sent.append(events(body, "[DONE]") if streamed else Behaviour(body=body))
                try:
                    runner.run(ask(chat, streamed))
                except ModelFailed as failed:
                    assert failed.worked  # noqa: PT017  # it may just as well succeed

            check()


class TestNotReached:
    @MODES
    async def test_nobody_listening(self, streamed: bool) -> None:
        failed = await failing(model(f"http://127.0.0.1:{free_port()}/v1"), streamed)
        assert (failed.error, failed.passing, failed.worked) == ("connection", True, False)

    @MODES
    async def test_a_name_that_does_not_exist(self, streamed: bool) -> None:
        failed = await failing(model("http://nowhere.invalid/v1"), streamed)
        assert (failed.error, failed.passing, failed.worked) == ("connection", True, False)

    @pytest.mark.parametrize("url", ["localhost:8000/v1", "ftp://localhost/v1"])
    async def test_an_address_that_is_none(self, url: str) -> None:
        failed = await failing(model(url), False)
        assert (failed.error, failed.worked) == ("connection", False)
        assert "OPENAI_BASE_URL" in str(failed)

    async def test_somebody_who_does_not_take_calls(self) -> None:
        with full_backlog() as port:
            failed = await failing(model(f"http://127.0.0.1:{port}/v1"), False)
        assert (failed.error, failed.passing, failed.worked) == ("connection", True, False)


class TestCancelling:
    @MODES
    @pytest.mark.parametrize(
        "behaviour", [says(stalls(30)), pauses(30, after=3, write=REPLY), slowly(0.05, REPLY)], ids=["stalls", "pauses", "slow"]
    )
    async def test_the_connection_is_closed_at_once(self, behaviour: Behaviour, streamed: bool) -> None:
        with FakeOpenAI([behaviour]) as fake:
            asking = asyncio.create_task(ask(model(fake.url), streamed))
            await asyncio.to_thread(fake.wait_until, lambda fake: fake.open == 1)
            await asyncio.sleep(0.1)
            asking.cancel()
            with pytest.raises(asyncio.CancelledError):
                await asking
            await asyncio.to_thread(fake.wait_until, lambda fake: fake.open == 0, 1.0)
        assert [record.cancelled for record in fake.served] == [True]

    @MODES
    async def test_a_timeout_of_the_callers_closes_it_too(self, streamed: bool) -> None:
        with FakeOpenAI([lasts(30, REPLY)]) as fake:

            async def expire(limit: asyncio.Timeout) -> None:
                await asyncio.to_thread(fake.wait_until, lambda fake: fake.open == 1)
                limit.reschedule(asyncio.get_running_loop().time() + 0.1)

            async def ask_until_it_expires() -> None:
                async with asyncio.timeout(None) as limit:
                    await asyncio.gather(ask(model(fake.url), streamed), expire(limit))

            with pytest.raises(TimeoutError):
                await ask_until_it_expires()
            await asyncio.to_thread(fake.wait_until, lambda fake: fake.open == 0, 1.0)
        assert fake.served[0].cancelled

    async def test_a_hearer_that_has_heard_enough_closes_it(self) -> None:
        def enough(_: str) -> None:
            raise ModelFailed("endless", "The reply does not end.", passing=False)

        with FakeOpenAI([lasts(30, REPLY)]) as fake:
            chat = model(fake.url)
            with pytest.raises(ModelFailed, match="does not end"):
                await chat.complete(ASKED, most_tokens=LIMIT, hear=enough)
            await asyncio.to_thread(fake.wait_until, lambda fake: fake.open == 0, 1.0)
        assert fake.served[0].cancelled

    async def test_others_are_not_disturbed(self) -> None:
        with FakeOpenAI([slowly(0.02, REPLY)]) as fake:
            chat = model(fake.url)
            asking = [asyncio.create_task(ask(chat, True)) for _ in range(8)]
            await asyncio.to_thread(fake.wait_until, lambda fake: fake.open == 8)
            for task in asking[::2]:
                task.cancel()
            ended = await asyncio.gather(*asking, return_exceptions=True)
            assert (await ask(chat, True)).text == REPLY
        assert [isinstance(each, asyncio.CancelledError) for each in ended] == [True, False] * 4
        assert {each.text for each in ended if isinstance(each, Completion)} == {REPLY}


class TestConnections:
    async def test_one_connection_serves_questions_one_after_the_other(self) -> None:
        async with counting() as (url, connections):
            chat = model(url)
            for streamed in (True, False, True, False):
                await ask(chat, streamed)
        assert len(connections) == 1

    async def test_three_hundred_streams_are_open_at_once(self) -> None:
        asking: list[asyncio.Task[Completion]] = []
        with FakeOpenAI([pauses(300, after=1, write=REPLY)], keep=False) as fake:
            chat = model(fake.url)
            for _ in range(6):  # not all at one moment, as time to connect is limited
                asking += [asyncio.create_task(ask(chat, True)) for _ in range(50)]
                await waiting(fake, len(asking))
            await asyncio.to_thread(fake.go_on)
            assert {completion.text for completion in await asyncio.gather(*asking)} == {REPLY}

    def test_one_model_serves_several_event_loops_and_leaves_nothing_open(self) -> None:
        with FakeOpenAI([answers(REPLY)]) as fake:
            chat = model(fake.url)
            for _ in range(3):
                for streamed in (False, True):
                    assert asyncio.run(ask(chat, streamed)).text == REPLY
            gc.collect()  # what was left open would warn, and a warning is an error here

    def test_a_loop_that_ends_in_the_middle_of_a_stream_closes_it(self) -> None:
        async def leave(fake: FakeOpenAI) -> None:
            asking = asyncio.create_task(ask(model(fake.url), True))
            await asyncio.to_thread(fake.wait_until, lambda fake: fake.open == 1)
            assert not asking.done()

        with FakeOpenAI([lasts(30, REPLY)]) as fake:
            asyncio.run(leave(fake))
            fake.wait_until(lambda fake: fake.open == 0, 1.0)
            gc.collect()
        assert fake.served[0].cancelled


class TestResponses:
    """Some of OpenAI's models are to be had by its Responses API only; which, LangChain knows."""

    REPORT: ClassVar = {"input_tokens": 800, "output_tokens": 60, "total_tokens": 860, "input_tokens_details": {"cached_tokens": 512}}

    def whole(self, status: str, *content: Mapping[str, Any], why: str | None = None) -> dict[str, Any]:
        said = {"type": "message", "id": "m", "role": "assistant", "status": "completed", "content": list(content)}
        about = {"id": "r", "object": "response", "created_at": 1, "model": "gpt-5-pro-1", "status": status, "usage": self.REPORT}
        return about | {"output": [said], "error": None, "incomplete_details": {"reason": why} if why else None}

    def told(self, whole: Mapping[str, Any], streamed: bool) -> Behaviour:
        if not streamed:
            return Behaviour(body=json.dumps(whole))
        place = {"item_id": "m", "output_index": 0, "content_index": 0, "sequence_number": 1}
        (said,) = whole["output"][0]["content"]
        piece = {"type": "response.output_text.delta", "delta": said.get("text"), "logprobs": []}
        refusal = {"type": "response.refusal.done", "refusal": said.get("refusal")}
        end = {"type": f"response.{whole['status']}", "response": whole, "sequence_number": 2}
        return events(place | (piece if "text" in said else refusal), end)

    @MODES
    @pytest.mark.parametrize(
        ("status", "why", "ended"),
        [("completed", None, "complete"), ("incomplete", "max_output_tokens", "cut"), ("incomplete", "content_filter", "declined")],
    )
    async def test_replies_and_their_ends_are_the_same(self, status: str, why: str | None, ended: str, streamed: bool) -> None:
        text = {"type": "output_text", "text": REPLY, "annotations": []}
        async with answering(self.told(self.whole(status, text, why=why), streamed)) as (url, requests):
            completion = await ask(model(url, name="openai:gpt-5-pro"), streamed)
        assert (completion.text, completion.model, completion.ended) == (REPLY, "gpt-5-pro-1", ended)
        assert completion.usage == Usage(800, 60, 512)
        ((_, request),) = requests
        assert request["text"]["format"]["name"] == "reply"
        assert request["max_output_tokens"] == LIMIT

    @MODES
    async def test_a_refusal_is_declined(self, streamed: bool) -> None:
        refusal = {"type": "refusal", "refusal": "I will not."}
        async with answering(self.told(self.whole("completed", refusal), streamed)) as (url, _):
            completion = await ask(model(url, name="openai:gpt-5-pro"), streamed)
        assert (completion.text, completion.ended) == ("", "declined")

    async def test_a_stream_that_does_not_end_was_cut_off(self) -> None:
        whole = self.whole("completed", {"type": "output_text", "text": REPLY, "annotations": []})
        stream = self.told(whole, True)
        assert stream.body is not None
        async with answering(replace(stream, body=stream.body.split("\n\n")[0] + "\n\n")) as (url, _):
            failed = await failing(model(url, name="openai:gpt-5-pro"), True)
        assert (failed.error, failed.worked) == ("connection", True)


class TestPrivacy:
    @MODES
    @pytest.mark.parametrize("behaviour", [answers(f"{CANARY} {REPLY}"), fails(400, f"vendor says {CANARY}"), says(cut_after(5))])
    async def test_neither_tracing_nor_logs_carry_a_prompt_away(
        self, behaviour: Behaviour, streamed: bool, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
    ) -> None:
        from langchain_core.tracers.langchain import wait_for_all_tracers

        with FakeOpenAI([behaviour]) as fake:
            monkeypatch.setenv("LANGSMITH_TRACING", "true")
            monkeypatch.setenv("LANGSMITH_API_KEY", "ls-key")
            monkeypatch.setenv("LANGSMITH_ENDPOINT", fake.url)
            langsmith.utils.get_env_var.cache_clear()  # type: ignore[attr-defined]  # an lru_cache behind overloads
            assert langsmith.utils.tracing_is_enabled()
            try:
                with caplog.at_level(logging.DEBUG):
                    await asyncio.gather(ask(model(fake.url), streamed), return_exceptions=True)
                wait_for_all_tracers()
                await asyncio.sleep(0.3)  # what a tracer's thread would need to send
            finally:
                langsmith.utils.get_env_var.cache_clear()  # type: ignore[attr-defined]  # an lru_cache behind overloads
            assert fake.paths == ["/v1/chat/completions"]
        assert CANARY not in caplog.text
        assert KEY not in caplog.text


class TestSettings:
    @MODES
    def test_the_environment_supplies_key_and_address(self, streamed: bool, monkeypatch: pytest.MonkeyPatch) -> None:
        with FakeOpenAI([answers(REPLY)]) as fake:
            monkeypatch.setenv("OPENAI_API_KEY", KEY)
            monkeypatch.setenv("OPENAI_BASE_URL", fake.url)
            assert asyncio.run(ask(LangChainChatModel("openai:gpt-5-mini"), streamed)).text == REPLY
            assert fake.headers[0]["authorization"] == f"Bearer {KEY}"

    @MODES
    async def test_a_deployment_of_azure_is_asked_by_its_name(self, streamed: bool, monkeypatch: pytest.MonkeyPatch) -> None:
        said = chunk({"role": "assistant", "content": REPLY}, "stop", usage={"prompt_tokens": 800, "completion_tokens": 60})
        whole = said | {"choices": [{"index": 0, "message": {"role": "assistant", "content": REPLY}, "finish_reason": "stop"}]}
        async with answering(events(said, "[DONE]") if streamed else Behaviour(body=json.dumps(whole))) as (url, requests):
            monkeypatch.setenv("AZURE_OPENAI_API_KEY", KEY)
            monkeypatch.setenv("AZURE_OPENAI_ENDPOINT", url.removesuffix("/v1"))
            monkeypatch.setenv("OPENAI_API_VERSION", "2026-01-01")
            chat = LangChainChatModel("azure_openai:our-model")
            completion = await ask(chat, streamed)
        assert (chat.provider, chat.model) == ("azure_openai", "our-model")
        assert completion == Completion(REPLY, "some-model", Usage(800, 60))
        ((head, request),) = requests
        assert head.startswith("POST /openai/deployments/our-model/chat/completions?api-version=2026-01-01 ")
        assert f"api-key: {KEY}" in head
        assert request["response_format"]["type"] == "json_schema"
        assert request["max_completion_tokens"] == LIMIT

    def test_an_operators_proxy_is_used(self, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
        with FakeOpenAI([answers(REPLY)]) as fake:
            monkeypatch.setenv("HTTP_PROXY", fake.url.removesuffix("/v1"))
            assert asyncio.run(ask(model("http://nowhere.invalid/v1"), True)).text == REPLY
        assert fake.paths == ["http://nowhere.invalid/v1/chat/completions"]
        assert "shadow" not in caplog.text
        assert "langchain-openai injected" not in caplog.text

    @pytest.mark.parametrize(("name", "provider"), [("openai:gpt-5-mini", "openai"), ("gpt-5-mini", "openai")])
    def test_a_model_has_name_provider_and_model(self, name: str, provider: str) -> None:
        chat = LangChainChatModel(name, api_key=KEY)
        assert (chat.name, chat.provider, chat.model) == (name, provider, "gpt-5-mini")

    @pytest.mark.parametrize(
        ("name", "why"),
        [
            ("openai:gpt-5-mini", "OPENAI_API_KEY"),
            ("azure_openai:gpt-5-mini", "API key"),
            ("anthropic:claude-sonnet-4-5", "langchain-anthropic"),
            ("nobody:some-model", "write provider:model"),
            ("some-model", "write provider:model"),
            ("", "write provider:model"),
        ],
    )
    def test_a_wrong_setting_is_named_at_once(self, name: str, why: str) -> None:
        with pytest.raises(SettingsError, match=why) as caught:
            LangChainChatModel(name)
        assert "FOOTNOTE_MODEL" in str(caught.value)


async def waiting(fake: FakeOpenAI, streams: int) -> None:
    """Returns when so many have sent what they are to send for now."""
    await asyncio.to_thread(fake.wait_until, lambda fake: fake.paused == streams, 60.0)


@contextmanager
def full_backlog() -> Iterator[int]:
    """A port whose listener accepts nobody: after the first few, calls are not even refused."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen(0)
        port = listening.getsockname()[1]
        waiting = [socket.socket() for _ in range(8)]
        for each in waiting:
            each.setblocking(False)
            each.connect_ex(("127.0.0.1", port))
        time.sleep(0.05)
        yield port
        for each in waiting:
            each.close()


@asynccontextmanager
async def counting() -> AsyncIterator[tuple[str, list[asyncio.StreamWriter]]]:
    """A way to a fake through which each connection is counted."""
    connections: list[asyncio.StreamWriter] = []
    onwards: list[asyncio.StreamWriter] = []

    async def carry(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(1 << 16):
            writer.write(data)

    async def relay(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connections.append(writer)
        back, onward = await asyncio.open_connection("127.0.0.1", urlsplit(fake.url).port)
        onwards.append(onward)
        await asyncio.gather(carry(reader, onward), carry(back, writer))

    with FakeOpenAI([answers(REPLY)]) as fake:
        server = await asyncio.start_server(relay, "127.0.0.1", 0)
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1", connections
        server.close()
        for writer in (*connections, *onwards):
            writer.close()
            await writer.wait_closed()


@asynccontextmanager
async def answering(behaviour: Behaviour) -> AsyncIterator[tuple[str, list[tuple[str, Any]]]]:
    """Something that answers every request, wherever it goes, with this body; the heads and bodies that came."""
    requests: list[tuple[str, Any]] = []
    body = (behaviour.body or "").encode()
    head = {"content-type": "application/json", **behaviour.headers, "content-length": str(len(body)), "connection": "close"}

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked = (await reader.readuntil(b"\r\n\r\n")).decode()
        length = int(asked.lower().partition("content-length:")[2].split()[0])
        requests.append((asked, json.loads(await reader.readexactly(length))))
        lines = ["HTTP/1.1 200 OK", *(f"{name}: {value}" for name, value in head.items()), "", ""]
        writer.write("\r\n".join(lines).encode() + body)
        writer.close()
        await writer.wait_closed()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1", requests
    server.close()
