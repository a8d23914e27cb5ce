"""The log's form, and what stays out of it."""

from __future__ import annotations

import asyncio
import io
import json
import logging
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import structlog

from api.monitoring.logs import QuestionLog, RequestLog, configure_logs, log_request
from api.monitoring.requests import Served
from tests.builders import trace

SECRET = "Does Zoe Quill get a raise?"
Lines = Callable[[], list[dict[str, Any]]]


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture(autouse=True)
def _as_before() -> Iterator[None]:
    """What is configured is configured for the process, and so is what a server of another test configured."""
    root, uvicorns = logging.getLogger(), logging.getLogger("uvicorn")
    before = [(logger, logger.handlers[:], logger.level, logger.propagate) for logger in (root, uvicorns)]
    uvicorns.handlers[:], uvicorns.propagate = [], True
    yield
    structlog.reset_defaults()
    for logger, handlers, level, propagates in before:
        logger.handlers[:], logger.propagate = handlers, propagates
        logger.setLevel(level)


def configured(*, content: bool = False) -> Lines:
    stream = io.StringIO()
    configure_logs(stream, content=content)
    return lambda: [json.loads(line) for line in stream.getvalue().splitlines()]


def test_a_request_is_one_line() -> None:
    lines = configured()
    log_request(Served("POST", "/v1/ask", 200, 12.5, "ann", "t1"))
    (line,) = lines()

    assert line.pop("timestamp").endswith("Z")
    assert line == {
        "event": "request", "level": "info", "method": "POST", "route": "/v1/ask", "status": 200, "milliseconds": 12.5, "principal": "ann",
        "trace_id": "t1",
    }  # fmt: skip


def test_on_a_terminal_it_is_to_be_read() -> None:
    stream = Terminal()
    configure_logs(stream, content=False)
    log_request(Served("POST", "/v1/ask", 200, 12.5, "ann", "t1"))

    assert "route" in stream.getvalue()
    assert not stream.getvalue().startswith("{")


def test_a_line_break_in_a_name_makes_no_second_line() -> None:
    lines = configured()
    log_request(Served("POST", "/v1/ask", 200, 12.5, 'ann\n{"event": "forged"}', None))

    assert len(lines()) == 1


def fail() -> None:
    try:
        int(SECRET)
    except ValueError as error:
        raise KeyError(SECRET) from error


def logged_failure() -> None:
    try:
        fail()
    except KeyError:
        structlog.get_logger().exception("it failed")


def test_an_error_is_told_by_its_kind_and_its_places() -> None:
    lines = configured()
    logged_failure()
    (line,) = lines()

    assert line["error"] == "KeyError from ValueError"
    assert [place.split(" ")[1] for place in line["places"]] == ["fail", "logged_failure", "fail"]
    assert line["places"][0].startswith("test_logs.py:")
    assert "Zoe" not in json.dumps(line)


def test_errors_in_a_group_are_told_one_by_one() -> None:
    lines = configured()
    structlog.get_logger().error("several", exc_info=ExceptionGroup(SECRET, [ValueError(SECRET), OSError(SECRET)]))
    (line,) = lines()

    assert line["error"] == "ExceptionGroup from ValueError from OSError"
    assert "Zoe" not in json.dumps(line)


def test_with_content_an_error_is_told_whole() -> None:
    lines = configured(content=True)
    logged_failure()

    assert SECRET in lines()[0]["exception"]


def test_a_library_is_told_in_what_it_always_says() -> None:
    lines = configured()
    logging.getLogger("openai").warning("retrying %s", SECRET)
    logging.getLogger("uvicorn.error").error("Exception in %s\n", "ASGI application", exc_info=ValueError(SECRET))
    logging.getLogger("some.library").error("first line\nsecond line: " + SECRET)  # as libraries do
    logging.getLogger("opentelemetry.exporter").warning("Transient error %s", "Connection refused")
    logging.getLogger("httpx").info("not worth a line")

    told = [(line["library"], line["level"], line["event"], line.get("error")) for line in lines()]
    assert told == [
        ("openai", "warning", "retrying %s", None),
        ("uvicorn.error", "error", "Exception in ASGI application", "ValueError"),
        ("some.library", "error", "first line", None),
        ("opentelemetry.exporter", "warning", "Transient error Connection refused", None),
    ]


async def test_a_task_that_nobody_waited_for_tells_no_content() -> None:
    lines = configured()

    async def failing() -> None:
        raise ValueError(SECRET)

    task = asyncio.ensure_future(failing())
    await asyncio.wait([task])
    asyncio.get_running_loop().call_exception_handler({"message": "Task was left alone", "task": task, "exception": task.exception()})

    assert [(line["event"], line["error"]) for line in lines()] == [("Task was left alone", "ValueError")]


def test_questions_are_logged_only_by_who_is_set_to_it_and_masked() -> None:
    lines = configured()
    QuestionLog(lambda text: text.replace("Zoe Quill", "[name]")).finished(trace("t1", question=SECRET))
    (line,) = lines()

    assert (line["trace_id"], line["outcome"], line["question"]) == ("t1", "answer", "Does [name] get a raise?")


def test_of_those_that_are_turned_away_a_line_a_second_says_how_many() -> None:
    stream, now = io.StringIO(), [100.0]
    configure_logs(stream, content=False)
    told = RequestLog(lambda: now[0])
    turned_away = Served("POST", "/v1/ask", 503, 0.1, None, None, turned_away=True)
    for seconds in (0.0, 0.2, 0.2, 0.7, 0.1):
        now[0] += seconds
        told(turned_away)
    told(Served("POST", "/v1/ask", 200, 12.5, "ann", "t1"))

    lines = [json.loads(line) for line in stream.getvalue().splitlines()]
    assert [(line["event"], line.get("requests")) for line in lines] == [("turned away", 1), ("turned away", 3), ("request", None)]
