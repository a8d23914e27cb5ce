"""The fake provider: what it says is what OpenAI's own client reads, what goes wrong goes wrong as named, and its bill is what it sent."""

from __future__ import annotations

import asyncio
import http.client
import json
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import openai
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openai import AsyncOpenAI, OpenAI
from openai.types.chat import ChatCompletion, ChatCompletionChunk

from assistant.types import Rate, Usage
from tests.fake_openai import (
    Behaviour,
    FakeOpenAI,
    answers,
    chooses_nothing,
    claims,
    contradicts_itself,
    cut_after,
    fails,
    fails_after,
    filtered,
    garbled_after,
    hangs_up,
    in_german,
    lasts,
    never_closes,
    never_ends,
    passages,
    pauses,
    pieces,
    pieces_until,
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

SENTENCE = "Employees accrue 25 days of paid leave."
PROMPT = f"<passage [4]>\nTitle: Leave\nText:\n{SENTENCE} They may not sell them.\n</passage [4]>\n\nQuestion: How many days?"
SAID = claims((SENTENCE, 4, SENTENCE))
MESSAGES: Any = [{"role": "user", "content": PROMPT}]
RATE = Rate(input=Decimal(2), cached=Decimal(1), output=Decimal(10))


@pytest.fixture(scope="module")
def client() -> Iterator[OpenAI]:
    with OpenAI(api_key="test", base_url="http://127.0.0.1:1", max_retries=0, timeout=5) as made:
        yield made


def whole(client: OpenAI, fake: FakeOpenAI, model: str = "gpt-5-mini") -> ChatCompletion:
    return client.with_options(base_url=fake.url).chat.completions.create(model=model, messages=MESSAGES)


def streamed(client: OpenAI, fake: FakeOpenAI, *, usage: bool = True) -> Iterator[ChatCompletionChunk]:
    options: Any = {"stream_options": {"include_usage": True}} if usage else {}
    return iter(
        client.with_options(base_url=fake.url).chat.completions.create(model="gpt-5-mini", messages=MESSAGES, stream=True, **options)
    )


def text_of(chunks: Iterator[ChatCompletionChunk], into: list[str] | None = None) -> str:
    """What a stream says; `into` holds it where it breaks off."""
    said = [] if into is None else into
    for chunk in chunks:
        said += [choice.delta.content or "" for choice in chunk.choices]
    return "".join(said)


def as_usage(reported: Any) -> Usage:
    details = reported.prompt_tokens_details.cached_tokens, reported.completion_tokens_details.reasoning_tokens
    return Usage(reported.prompt_tokens, reported.completion_tokens, *details)


def test_a_reply_is_the_same_whole_and_in_pieces(client: OpenAI) -> None:
    with FakeOpenAI([answers()]) as fake:
        completion = whole(client, fake)
        chunks = list(streamed(client, fake))
    assert completion.choices[0].message.content == text_of(iter(chunks)) == SAID
    assert (completion.object, chunks[0].object) == ("chat.completion", "chat.completion.chunk")
    assert (completion.model, chunks[0].model) == (fake.model, fake.model)
    assert chunks[0].choices[0].delta.role == "assistant"
    assert [chunk.choices[0].finish_reason for chunk in chunks if chunk.choices][-2:] == [None, "stop"]
    assert not chunks[-1].choices
    assert len(chunks) == len(pieces(SAID)) + 3
    assert as_usage(completion.usage) == as_usage(chunks[-1].usage) == fake.served[0].usage == fake.served[1].usage
    assert fake.prompt() == PROMPT
    assert passages(fake.prompt()) == {4: f"{SENTENCE} They may not sell them."}
    assert fake.headers[0]["authorization"] == "Bearer test"
    assert fake.paths == ["/v1/chat/completions"] * 2


def test_usage_is_streamed_to_those_who_ask_for_it_and_charged_to_all(client: OpenAI) -> None:
    with FakeOpenAI([answers()]) as fake:
        assert all(chunk.usage is None for chunk in streamed(client, fake, usage=False))
    (served,) = fake.served
    assert (served.reported, served.complete) == (None, True)
    assert served.usage is not None
    assert served.usage.output_tokens > len(pieces(SAID)) == served.pieces


async def test_the_clients_own_helper_for_streams_reads_it() -> None:
    with FakeOpenAI([answers()]) as fake:
        async with AsyncOpenAI(api_key="test", base_url=fake.url) as client:
            async with client.beta.chat.completions.stream(model="gpt-5-mini", messages=MESSAGES) as stream:
                kinds = {event.type async for event in stream}
            assert (await stream.get_final_completion()).choices[0].message.content == SAID
            chunks = await client.chat.completions.create(model="gpt-5-mini", messages=MESSAGES, stream=True)
            assert "".join([chunk.choices[0].delta.content or "" async for chunk in chunks]) == SAID
    assert {"chunk", "content.delta", "content.done"} <= kinds


@settings(max_examples=25)
@given(said=st.text(st.characters(codec="utf-8"), max_size=60))
def test_whatever_is_said_arrives(client: OpenAI, said: str) -> None:
    with FakeOpenAI([answers(said)]) as fake:
        assert text_of(streamed(client, fake)) == said
        assert whole(client, fake).choices[0].message.content == said


def test_claims_of_one_text_are_one_sentence() -> None:
    written = json.loads(claims(("A.", 1, "a"), ("A.", 2, "b"), ("B.", 1, "c")))
    assert written == {
        "answerable": True,
        "sentences": [
            {"text": "A.", "quotes": [{"marker": 1, "quote": "a"}, {"marker": 2, "quote": "b"}]},
            {"text": "B.", "quotes": [{"marker": 1, "quote": "c"}]},
        ],
    }


def test_a_script_is_taken_in_turn_or_asked(client: OpenAI) -> None:
    with FakeOpenAI([answers("one"), answers("two")]) as fake:
        assert [whole(client, fake).choices[0].message.content for _ in range(3)] == ["one", "two", "two"]
    with FakeOpenAI(lambda request: replace(answers(f"I am {request['model']}."), model=f"{request['model']}-2026")) as fake:
        reply = whole(client, fake, "gpt-5")
    assert (reply.choices[0].message.content, reply.model) == ("I am gpt-5.", "gpt-5-2026")
    assert fake.served[0].model == "gpt-5-2026"


@pytest.mark.parametrize("maker", [cut_after, torn_after])
def test_a_stream_is_cut_at_every_event_and_charged_for_what_was_sent(client: OpenAI, maker: Callable[[int], Behaviour]) -> None:
    said = pieces(SAID)
    events = len(said) + 4  # the role, the pieces, the reason of the end, the usage, [DONE]
    with FakeOpenAI([maker(cut) for cut in range(events + 1)]) as fake:
        for cut in range(events):
            heard: list[str] = []
            with suppress(openai.APIConnectionError):
                text_of(streamed(client, fake), heard)
            assert heard[1:] in (said[: max(cut - 1, 0)], [*said, ""])
            served = fake.served[cut]
            assert (served.pieces, served.complete, served.cancelled) == (min(max(cut - 1, 0), len(said)), False, False)
            assert (served.reported is None) == (cut < events - 1)
        assert text_of(streamed(client, fake)) == SAID
    *cut_off, last = fake.served
    assert last.complete
    assert [served.usage == last.usage for served in cut_off] == [cut > len(said) + 1 for cut in range(events)]
    assert [served.usage and served.usage.output_tokens for served in cut_off[: len(said) + 2]] == [0, *range(len(said) + 1)]


def test_a_cut_stream_is_a_failed_connection(client: OpenAI) -> None:
    with FakeOpenAI([cut_after(3), torn_after(3), hangs_up(), hangs_up(0.0)]) as fake:
        for _ in range(4):
            with pytest.raises(openai.APIConnectionError):
                text_of(streamed(client, fake))
    assert [served.pieces for served in fake.served] == [2, 2, len(pieces(SAID)) // 2, 0]
    assert [served.complete or served.cancelled for served in fake.served] == [False] * 4


def test_a_reply_that_is_not_streamed_is_cut_too(client: OpenAI) -> None:
    with FakeOpenAI([cut_after(3), torn_after(3), hangs_up(), hangs_up(0.0)]) as fake:
        for _ in range(4):
            with pytest.raises(openai.APIConnectionError):
                whole(client, fake)
    assert not any(served.complete or served.cancelled or served.reported for served in fake.served)


def test_a_torn_stream_ends_within_an_event() -> None:
    with FakeOpenAI([cut_after(3), torn_after(3)]) as fake:
        cut, torn = _until_it_closes(fake), _until_it_closes(fake)
    assert (cut.count(b"data: "), torn.count(b"data: ")) == (3, 4)
    assert cut.endswith(b"\n\n\r\n")
    assert not torn.endswith(b"\n")


def test_one_event_is_no_json(client: OpenAI) -> None:
    with FakeOpenAI([garbled_after(4)]) as fake:
        heard: list[str] = []
        with pytest.raises(json.JSONDecodeError):
            text_of(streamed(client, fake), heard)
        assert "".join(heard) == "".join(pieces(SAID)[:3])
        with pytest.raises(json.JSONDecodeError):
            whole(client, fake)


def test_the_provider_fails_within_a_stream(client: OpenAI) -> None:
    with FakeOpenAI([fails_after(4)]) as fake:
        heard: list[str] = []
        with pytest.raises(openai.APIError, match="had an error") as caught:
            text_of(streamed(client, fake), heard)
        instead = whole(client, fake).to_dict()
    assert "".join(heard) == "".join(pieces(SAID)[:3])
    assert list(instead) == ["error"]
    assert caught.value.type == "server_error"
    assert (fake.served[0].complete, fake.served[0].pieces) == (False, 3)


@pytest.mark.parametrize("status", [400, 401, 404, 408, 422, 429, 500, 502, 503, 529])
def test_an_error_has_its_status_and_costs_nothing(client: OpenAI, status: int) -> None:
    with FakeOpenAI([fails(status, "No.", code="a_code")]) as fake:
        for ask in (whole, streamed):
            with pytest.raises(openai.APIStatusError, match="No") as caught:
                ask(client, fake)
            assert (caught.value.status_code, caught.value.code) == (status, "a_code")
    assert fake.charged() == Usage()
    assert [(served.status, served.usage, served.complete) for served in fake.served] == [(status, None, True)] * 2


@pytest.mark.parametrize(
    ("retry_after", "header"),
    [
        (None, None),
        (2, "2"),
        ("soon", "soon"),
        (10**9, "1000000000"),
        (datetime(2026, 11, 25, 12, tzinfo=UTC), "Wed, 25 Nov 2026 12:00:00 GMT"),
    ],
)
def test_a_limit_says_when_to_come_back(client: OpenAI, retry_after: float | str | datetime | None, header: str | None) -> None:
    with FakeOpenAI([rate_limited(retry_after)]) as fake, pytest.raises(openai.RateLimitError) as caught:
        whole(client, fake)
    assert caught.value.response.headers.get("retry-after") == header


@pytest.mark.parametrize(
    ("behaviour", "finish_reason", "content", "refusal"),
    [
        (stops_at_length(), "length", SAID[:40], None),
        (filtered(), "content_filter", SAID[:40], None),
        (refuses(), "stop", None, "I'm sorry, I can't help with that."),
    ],
)
def test_a_reply_ends_for_a_reason(
    client: OpenAI, behaviour: Behaviour, finish_reason: str, content: str | None, refusal: str | None
) -> None:
    with FakeOpenAI([behaviour]) as fake:
        choice = whole(client, fake).choices[0]
        chunks = [chunk.choices[0] for chunk in streamed(client, fake) if chunk.choices]
    assert (choice.finish_reason, choice.message.content, choice.message.refusal) == (finish_reason, content, refusal)
    assert chunks[-1].finish_reason == finish_reason
    assert "".join(chunk.delta.content or "" for chunk in chunks) == (content or "")
    assert "".join(chunk.delta.refusal or "" for chunk in chunks) == (refusal or "")


def test_it_speaks_german(client: OpenAI) -> None:
    with FakeOpenAI([in_german()]) as fake:
        (sentence,) = json.loads(text_of(streamed(client, fake)))["sentences"]
    assert "und so gilt es" in sentence["text"]
    assert sentence["quotes"] == [{"marker": 4, "quote": SENTENCE}]


def test_there_is_no_choice_in_the_reply(client: OpenAI) -> None:
    with FakeOpenAI([chooses_nothing()]) as fake:
        assert whole(client, fake).choices == []
        chunks = list(streamed(client, fake))
    assert [chunk.choices for chunk in chunks] == [[], []]
    assert chunks[-1].usage is not None


def test_a_stream_ends_without_saying_so(client: OpenAI) -> None:
    with FakeOpenAI([never_closes(), answers()]) as fake:
        bodies = [client.with_options(base_url=fake.url).post("/chat/completions", cast_to=str, body=_request(True)) for _ in range(2)]
    assert [body.endswith("data: [DONE]\n\n") for body in bodies] == [False, True]
    assert [served.complete for served in fake.served] == [True, True]


def test_usage_is_not_told_or_told_wrong(client: OpenAI) -> None:
    with FakeOpenAI([says_nothing_of_usage(), tells_no_details(), contradicts_itself()]) as fake:
        told = [whole(client, fake).usage for _ in range(3)]
        fake.script = [says_nothing_of_usage()]
        assert all(chunk.usage is None for chunk in streamed(client, fake))
    assert told[0] is None
    assert told[1] is not None
    assert (told[1].prompt_tokens_details, told[1].completion_tokens_details) == (None, None)
    wrong = as_usage(told[2])
    assert wrong.cached_tokens > wrong.input_tokens
    assert wrong.reasoning_tokens > wrong.output_tokens
    assert len({served.usage for served in fake.served}) == 1
    assert [served.reported is None for served in fake.served] == [True, False, False, True]


def test_a_page_comes_in_place_of_the_reply(client: OpenAI) -> None:
    with FakeOpenAI([serves_a_page()]) as fake:
        response = client.with_options(base_url=fake.url).chat.completions.with_raw_response.create(model="m", messages=MESSAGES)
    assert response.text == "<html>Sign in</html>"
    assert response.headers["content-type"] == "text/html"
    assert fake.served[0].usage is None


def test_a_stalled_reply_comes_when_the_test_says_so(client: OpenAI) -> None:
    with FakeOpenAI([stalls(30)]) as fake:
        with pytest.raises(openai.APITimeoutError):
            whole(client.with_options(timeout=0.1), fake)
        fake.wait_until(lambda fake: fake.open == 0)
        stream = asyncio.run(_goes_on(fake))
    assert stream == SAID
    assert [(served.complete, served.cancelled, served.pieces) for served in fake.served] == [
        (False, True, 0),
        (True, False, len(pieces(SAID))),
    ]
    assert fake.served[0].usage == replace(fake.served[1].usage or Usage(), output_tokens=0, reasoning_tokens=0)


async def _goes_on(fake: FakeOpenAI) -> str:
    async with AsyncOpenAI(api_key="test", base_url=fake.url) as client:
        reply = asyncio.create_task(client.chat.completions.create(model="m", messages=MESSAGES))
        await asyncio.to_thread(fake.go_on)
        return (await reply).choices[0].message.content or ""


def test_the_second_sentence_waits_until_the_first_was_seen(client: OpenAI) -> None:
    two = claims(("First.", 1, "a"), ("Second.", 1, "b"))
    after = pieces_until(two, '"quote": "a"}]}')
    with FakeOpenAI([pauses(30, after=after, write=two)]) as fake:
        chunks = streamed(client, fake)
        heard = ""
        while '"quote": "a"}]}' not in heard:
            heard += next(chunks).choices[0].delta.content or ""
        assert "Second" not in heard
        assert (fake.open, fake.served[0].pieces, fake.served[0].complete) == (1, after, False)
        fake.go_on()
        assert heard + text_of(chunks) == two
        fake.wait_until(lambda fake: fake.open == 0)


@pytest.mark.parametrize(
    ("behaviour", "seconds"),
    [(slowly(0.01), 0.09), (lasts(0.1), 0.1), (pauses(0.1), 0.1)],
    ids=["pieces", "whole", "first piece"],
)
def test_a_reply_takes_its_time(client: OpenAI, behaviour: Behaviour, seconds: float) -> None:
    with FakeOpenAI([replace(behaviour, write=lambda _: "x" * 50)]) as fake:
        for ask in (whole, streamed):
            started = time.monotonic()
            for _ in ask(client, fake):
                pass
            assert seconds < time.monotonic() - started < 5
    assert all(served.complete for served in fake.served)


def test_a_trickle_comes_byte_by_byte(client: OpenAI) -> None:
    page = replace(serves_a_page(), bytes_every=0.0005)
    with FakeOpenAI([trickles(0.05), page]) as fake:
        with socket.create_connection(("127.0.0.1", _port(fake))) as line:
            line.sendall(_post(_request(True)))
            started = time.monotonic()
            assert line.recv(3) == b"H"
            assert line.recv(3) == b"T"
            assert time.monotonic() - started > 0.04
        fake.wait_until(lambda fake: fake.open == 0)
        assert client.with_options(base_url=fake.url).post("/chat/completions", cast_to=str, body=_request(True)) == page.body
    left, whole = fake.served
    assert (left.complete, left.cancelled, left.pieces) == (False, True, 0)
    assert (whole.complete, whole.cancelled) == (True, False)


@pytest.mark.parametrize("stream", [True, False])
def test_a_reply_without_end_ends_with_the_client(client: OpenAI, stream: bool) -> None:
    with FakeOpenAI([never_ends()]) as fake:
        with client.with_options(base_url=fake.url).with_streaming_response.chat.completions.create(
            model="m", messages=MESSAGES, stream=stream
        ) as response:
            read = 0
            for data in response.iter_bytes():
                read += len(data)
                if read > 100_000:
                    break
        fake.wait_until(lambda fake: fake.open == 0)
    (served,) = fake.served
    assert served.usage is not None
    assert (served.complete, served.cancelled, served.usage.output_tokens) == (False, True, served.pieces)
    assert served.pieces > 100


async def test_a_client_that_goes_is_noticed_at_once_and_charged_for_what_was_sent() -> None:
    with FakeOpenAI([pauses(30, after=7)]) as fake:
        async with AsyncOpenAI(api_key="test", base_url=fake.url, max_retries=0) as client:
            stream = await client.chat.completions.create(model="gpt-5-mini", messages=MESSAGES, stream=True)
            heard = ""
            while len(heard) < 35:
                heard += (await anext(stream)).choices[0].delta.content or ""
            task = asyncio.create_task(anext(stream))
            await asyncio.sleep(0.02)
            task.cancel()
            left = time.monotonic()
            with suppress(asyncio.CancelledError):
                await task
            await stream.close()
            await asyncio.to_thread(fake.wait_until, lambda fake: fake.open == 0)
    (served,) = fake.served
    assert served.ended is not None
    assert served.ended - left < 0.5
    assert (served.cancelled, served.complete, served.reported, served.pieces) == (True, False, None, 7)
    assert served.usage is not None
    assert (served.usage.output_tokens, served.usage.reasoning_tokens) == (7, 0)
    assert served.usage.input_tokens > 0


def test_who_asks_and_goes_at_once_has_asked() -> None:
    with FakeOpenAI([stalls(30)]) as fake:
        for _ in range(20):
            with socket.create_connection(("127.0.0.1", _port(fake))) as line:
                line.sendall(_post(_request(True)))
        fake.wait_until(lambda fake: len(fake.served) == 20 and fake.open == 0)
    assert all(served.cancelled and not served.complete for served in fake.served)


def test_the_bill_is_the_sum_of_what_was_served(client: OpenAI) -> None:
    small = replace(answers(), model="small", usage=Usage(100, 10, 40, 5))
    large = replace(answers(), model="large", usage=Usage(1000, 100))
    with FakeOpenAI([small, fails(500), large, hangs_up(0.0), small]) as fake:
        for _ in range(5):
            with suppress(openai.APIError):
                whole(client, fake)
        cut = fake.served[3].usage
    assert cut is not None
    assert fake.charged("small") == Usage(200, 20, 80, 10)
    assert fake.charged() == Usage(1200 + cut.input_tokens, 120, 80 + cut.cached_tokens, 10)
    assert fake.bill(RATE, "small") == Decimal("0.00052")
    assert fake.bill(RATE, "large") == Decimal("0.003")
    assert [served.status for served in fake.served] == [200, 500, 200, 200, 200]


def test_texts_are_flagged_by_words_or_by_a_function(client: OpenAI) -> None:
    with FakeOpenAI([answers()], flags=["Bomb"]) as fake:
        ask = client.with_options(base_url=fake.url).moderations.create
        one, two = ask(input=["How do I build a bomb?", "How much leave?"], model="omni-moderation-latest").results
        assert (one.flagged, one.categories.violence, two.flagged, two.categories.violence) == (True, True, False, False)
        assert not ask(input="How much leave?").results[0].flagged
        assert fake.moderated == ["How do I build a bomb?", "How much leave?", "How much leave?"]
    assert fake.requests == []
    assert [(served.endpoint, served.model, served.usage) for served in fake.served] == [
        ("moderations", "omni-moderation-latest", None)
    ] * 2
    with FakeOpenAI([answers()], flags=lambda text: "self-harm/intent" if "sad" in text else None) as fake:
        (result,) = client.with_options(base_url=fake.url).moderations.create(input="I am sad").results
    assert result.categories.self_harm_intent
    assert not result.categories.violence


def test_moderation_fails_by_its_own_script(client: OpenAI) -> None:
    with FakeOpenAI([answers()], moderation_script=[fails(503), hangs_up(), Behaviour()]) as fake:
        ask = client.with_options(base_url=fake.url).moderations.create
        with pytest.raises(openai.InternalServerError):
            ask(input="x")
        with pytest.raises(openai.APIConnectionError):
            ask(input="x")
        assert not ask(input="x").results[0].flagged
        assert whole(client, fake).choices


def test_it_names_its_model_and_knows_no_other_address(client: OpenAI) -> None:
    with FakeOpenAI([answers()], model="ours") as fake:
        asked = client.with_options(base_url=fake.url)
        assert [model.id for model in asked.models.list()] == ["ours"]
        with pytest.raises(openai.NotFoundError):
            asked.embeddings.create(model="m", input="x")
    assert fake.served == []
    assert fake.paths == ["/v1/models", "/v1/embeddings"]


def test_connections_are_kept() -> None:
    with FakeOpenAI([answers(), fails(500), answers()]) as fake:
        line = http.client.HTTPConnection("127.0.0.1", _port(fake))
        line.connect()
        kept = line.sock
        for stream, status in ((False, 200), (True, 500), (True, 200), (False, 200)):
            line.request("POST", "/v1/chat/completions", json.dumps(_request(stream)))
            reply = line.getresponse()
            reply.read()
            assert (reply.status, line.sock) == (status, kept)
        line.close()


def test_four_hundred_streams_are_held_and_let_go() -> None:
    with FakeOpenAI([pauses(30, after=1)], keep=False) as fake:
        lines = [socket.create_connection(("127.0.0.1", _port(fake))) for _ in range(400)]
        for line in lines:
            line.sendall(_post(_request(True)))
        fake.wait_until(lambda fake: fake.paused == 400)
        assert (fake.open, fake.most_open) == (400, 400)
        left = time.monotonic()
        for line in lines:
            line.close()
        fake.wait_until(lambda fake: fake.open == 0)
    assert all(served.cancelled and served.ended and served.ended - left < 1 for served in fake.served)
    assert fake.charged().output_tokens == 400
    assert [len(kept) for kept in (fake.requests, fake.headers, fake.paths)] == [0, 0, 0]


def test_a_mistake_in_a_script_fails_the_test(client: OpenAI) -> None:
    def wrong(_: str) -> str:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError), FakeOpenAI([answers(wrong)]) as fake, suppress(openai.APIConnectionError):
        whole(client, fake)
    with pytest.raises(openai.APIConnectionError) as caught, FakeOpenAI([answers(wrong)]) as fake:
        whole(client, fake)
    assert "ZeroDivisionError" in "".join(caught.value.__notes__)


def test_what_does_not_come_is_not_waited_for() -> None:
    with FakeOpenAI([answers()]) as fake, pytest.raises(TimeoutError, match="0 open"):
        fake.wait_until(lambda fake: fake.open > 0, 0.05)


def test_a_port_that_is_taken_is_an_error() -> None:
    with FakeOpenAI([answers()]) as fake, pytest.raises(OSError, match="in use"), FakeOpenAI([answers()], port=_port(fake)):
        pass


def test_alone_it_tells_its_bill_to_who_asks() -> None:
    command = [sys.executable, "-m", "tests.fake_openai", "--behaviour", "slow", "--seconds", "30"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        port = int(process.stdout.readline().rsplit(":", 1)[1].split("/")[0])
        with socket.create_connection(("127.0.0.1", port)) as line:
            line.sendall(_post(_request(True)))
            assert line.recv(12) == b"HTTP/1.1 200"
        bill = _bill_when(port, lambda bill: bill["open"] == 0)
        process.send_signal(signal.SIGTERM)
        assert process.wait(10) == 0
    (served,) = bill["served"]
    assert (served["cancelled"], served["complete"], bill["most_open"]) == (True, False, 1)
    assert served["usage"] == bill["charged"]
    assert served["usage"]["output_tokens"] == served["pieces"] <= 2


def _bill_when(port: int, holds: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
    line = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        while True:
            line.request("GET", "/bill")
            bill: dict[str, Any] = json.loads(line.getresponse().read())
            if bill["served"] and holds(bill):
                return bill
            time.sleep(0.01)
    finally:
        line.close()


def _request(stream: bool) -> dict[str, Any]:
    return {"model": "gpt-5-mini", "messages": MESSAGES, "stream": stream}


def _post(request: dict[str, Any]) -> bytes:
    body = json.dumps(request).encode()
    return b"POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body)


def _until_it_closes(fake: FakeOpenAI) -> bytes:
    with socket.create_connection(("127.0.0.1", _port(fake))) as line:
        line.sendall(_post(_request(True)))
        return b"".join(iter(lambda: line.recv(1 << 16), b""))


def _port(fake: FakeOpenAI) -> int:
    return int(fake.url.rsplit(":", 1)[1].split("/")[0])
