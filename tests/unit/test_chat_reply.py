"""What LangChain's messages come to, for the providers whose packages are not installed here; and what waiting a header asks for."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import httpx
import httpx2
import pytest
from hypothesis import given
from hypothesis import strategies as st
from langchain_core.messages import AIMessage, AIMessageChunk

from assistant.adapters.chat_failures import failure, seconds
from assistant.adapters.chat_reply import ReplyParts
from assistant.types import Usage


def parts(*messages: AIMessage, adds_up: bool = True) -> ReplyParts:
    gathered = ReplyParts("asked-for", says_why=False, adds_up=adds_up)
    for message in messages:
        gathered.add(message)
    return gathered


def usage(given: int, made: int) -> Any:
    return {"input_tokens": given, "output_tokens": made, "total_tokens": given + made}


def test_usage_that_comes_in_parts_adds_up() -> None:
    messages = AIMessageChunk(content="a", usage_metadata=usage(800, 0)), AIMessageChunk(content="b", usage_metadata=usage(0, 60))
    assert parts(*messages).completion().usage == Usage(800, 60)
    assert parts(*messages, adds_up=False).completion().usage == Usage(0, 60)


@pytest.mark.parametrize(
    ("said", "ended"),
    [
        ({"stop_reason": "end_turn"}, "complete"),
        ({"stop_reason": "max_tokens"}, "cut"),
        ({"stop_reason": "refusal"}, "declined"),
        ({"finish_reason": "STOP"}, "complete"),
        ({"finish_reason": "MAX_TOKENS"}, "cut"),
        ({"finish_reason": "SAFETY"}, "declined"),
        ({"stopReason": "guardrail_intervened"}, "declined"),
        ({"done_reason": "length"}, "cut"),
        ({}, "complete"),
    ],
)
def test_every_provider_says_in_its_own_words_why_it_ends(said: dict[str, str], ended: str) -> None:
    assert parts(AIMessage("a", response_metadata=said)).completion().ended == ended


def test_only_text_is_text() -> None:
    blocks: list[str | dict[str, Any]] = [{"type": "thinking", "thinking": "hm"}, {"type": "text", "text": "yes"}]
    assert parts(AIMessage(blocks)).completion().text == "yes"


def test_the_model_is_the_one_asked_for_until_another_name_comes() -> None:
    assert parts(AIMessage("a")).completion().model == "asked-for"
    assert parts(AIMessage("a", response_metadata={"model_name": "x" * 999}), AIMessage("b")).completion().model == "x" * 200


@given(st.text() | st.floats().map(str) | st.datetimes().map(str))
def test_a_wait_is_a_number_of_seconds_or_none(header: str) -> None:
    wait = seconds(header)
    assert wait is None or (math.isfinite(wait) and wait >= 0)


def test_a_date_is_a_wait_until_then() -> None:
    later = datetime.now(UTC) + timedelta(seconds=90)
    assert 85 < (seconds(format_datetime(later, usegmt=True)) or 0) <= 90
    assert seconds(format_datetime(later - timedelta(hours=1), usegmt=True)) == 0


@pytest.mark.parametrize("library", [httpx, httpx2])
@pytest.mark.parametrize("reached", [False, True])
def test_who_was_never_reached_did_not_work_whatever_the_client_is_built_on(library: Any, reached: bool) -> None:
    for name in ("ReadError", "ReadTimeout", "RemoteProtocolError") if reached else ("ConnectError", "ConnectTimeout", "ProxyError"):
        wrapped = ValueError("Connection error.")
        wrapped.__cause__ = getattr(library, name)("of the network")
        found = failure(wrapped)
        assert found.worked is reached
        assert found.error == ("timeout" if name == "ReadTimeout" else "connection")


def test_a_failure_that_was_being_handled_meanwhile_is_not_the_cause() -> None:
    later = ValueError("of another attempt")
    later.__context__ = httpx2.ConnectError("of the attempt before")
    assert failure(later).worked
