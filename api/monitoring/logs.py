"""The server's log: lines of JSON, or lines to be read where it goes to a terminal. Libraries' lines have the same form.

What was asked and answered stays out of it, unless FOOTNOTE_LOG_CONTENT says otherwise. So of an error its kind and its places in the code
are told, and not its message, which may quote anything; and of what a library says the part that is the same each time.
"""

from __future__ import annotations

import logging
import math
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from traceback import extract_tb
from typing import TextIO

import structlog
from structlog.typing import EventDict

from api.monitoring.requests import Served
from assistant.types import Trace

# Their lines are of connections and of themselves; nothing that either is given holds content where the log is not to.
_SPEAK_OF_THEMSELVES = frozenset({"uvicorn", "opentelemetry"})
log = structlog.get_logger()


def configure_logs(stream: TextIO, *, content: bool) -> None:
    """For the whole process: to be called where it begins, before a server that would set up logs of its own."""
    readable = stream.isatty()
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info if content else _places,
            structlog.dev.ConsoleRenderer() if readable else structlog.processors.JSONRenderer(ensure_ascii=False, default=str),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=structlog.WriteLoggerFactory(stream),
        cache_logger_on_first_use=False,
    )
    logging.basicConfig(level=logging.WARNING, handlers=[_Relay(content=content)], force=True)


class RequestLog:
    """A line for each request; for those that are turned away for want of room one in a second, since there is no time for more."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._told = -math.inf
        self._since = 0

    def __call__(self, served: Served) -> None:
        if not served.turned_away:
            log_request(served)
            return
        self._since += 1
        if self._clock() - self._told >= 1:
            log.warning("turned away", requests=self._since, route=served.route)
            self._told, self._since = self._clock(), 0


def log_request(served: Served) -> None:
    """One line each."""
    log.info(
        "request",
        method=served.method,
        route=served.route,
        status=served.status,
        milliseconds=served.milliseconds,
        principal=served.principal,
        trace_id=served.trace_id,
    )


class QuestionLog:
    """For the ledger to call, where questions are to be in the log; `mask` is what is applied to them in the ledger."""

    def __init__(self, mask: Callable[[str], str]) -> None:
        self._mask = mask

    def finished(self, trace: Trace) -> None:
        log.info("question", trace_id=trace.id, outcome=trace.outcome, question=self._mask(trace.question.text))


class _Relay(logging.Handler):
    """Hands what libraries log to our log."""

    def __init__(self, *, content: bool) -> None:
        super().__init__()
        self._content = content

    def emit(self, record: logging.LogRecord) -> None:
        whole = self._content or record.name.partition(".")[0] in _SPEAK_OF_THEMSELVES
        said = record.getMessage() if whole else str(record.msg)
        line = said.strip().partition("\n")[0]
        level = min(record.levelno // 10 * 10, logging.CRITICAL)
        log.log(level, line, library=record.name, exc_info=record.exc_info)


def _places(_: object, __: str, event: EventDict) -> EventDict:
    """In an error's place its kind and where it came from, and those of what caused it."""
    found = event.pop("exc_info", None)
    error = found if isinstance(found, BaseException) else found[1] if isinstance(found, tuple) else sys.exc_info()[1] if found else None
    if error is not None:
        event["error"] = " from ".join(type(one).__name__ for one in _chain(error))
        event["places"] = [place for one in _chain(error) for place in _frames(one)]
    return event


def _chain(error: BaseException) -> Iterator[BaseException]:
    """The error, those in it where it is a group, and what caused it."""
    yield error
    if isinstance(error, BaseExceptionGroup):
        for one in error.exceptions:
            yield from _chain(one)
    cause = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    if cause is not None:
        yield from _chain(cause)


def _frames(error: BaseException) -> list[str]:
    return [f"{Path(frame.filename).name}:{frame.lineno} {frame.name}" for frame in reversed(extract_tb(error.__traceback__))]
