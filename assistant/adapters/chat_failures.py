"""What went wrong with a request to a chat model, as one short word whoever the vendor is, and whether another try may help."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

_BY_STATUS = {
    400: "bad_request",
    401: "unauthorized",
    403: "forbidden",
    404: "not_found",
    408: "timeout",
    409: "conflict",
    422: "bad_request",
    429: "rate_limited",
}
# Where an error comes without a status, in the middle of a stream: parts of the codes and types that providers give.
_BY_CODE = {
    "insufficient_quota": "quota",
    "rate_limit": "rate_limited",
    "invalid_request": "bad_request",
    "badrequest": "bad_request",
    "context_length": "bad_request",
}
_WHAT_TO_DO = {
    "bad_request": "it refused the request; check that FOOTNOTE_MODEL names a chat model with a large enough context",
    "unauthorized": "check the provider's API key (OPENAI_API_KEY for openai)",
    "forbidden": "the API key may not use this model; check FOOTNOTE_MODEL and the key's rights",
    "not_found": "no such model or address; check FOOTNOTE_MODEL and OPENAI_BASE_URL",
    "rate_limited": "it limits the rate; wait a minute or raise the account's limit",
    "quota": "the account's quota is used up; check its billing",
    "timeout": "it took too long; try again later or choose a faster model",
    "connection": "it cannot be reached, or broke off; check the network and OPENAI_BASE_URL",
    "unreadable": "what came back is no chat completion; check OPENAI_BASE_URL",
}
_PASSING = frozenset({"timeout", "conflict", "rate_limited", "server_error", "connection", "unreadable"})
# By name, as some providers' packages build on httpx and others on httpx2. The first that fits counts.
_BY_KIND = {
    "timeout": frozenset({"TimeoutError", "TimeoutException", "ModelTimeoutError"}),
    "connection": frozenset({"OSError", "TransportError", "APIConnectionError", "ModelConnectionError"}),
    "server_error": frozenset({"APIError"}),
}
_NEVER_REACHED = frozenset({"ConnectError", "ConnectTimeout", "ProxyError", "UnsupportedProtocol", "InvalidURL"})


class NoCompletion(ValueError):
    """The provider's address answers, but not as a chat model."""


@dataclass(frozen=True, slots=True)
class Failure:
    """One failed request. `retry_after`: seconds that the provider asks to wait; `worked`: it may have worked for us; `detail`: the
    vendor's words, never shown or stored."""

    error: str
    retry_after: float | None = None
    worked: bool = True
    detail: str = ""

    @property
    def passing(self) -> bool:
        return self.error in _PASSING

    @property
    def what_to_do(self) -> str:
        return _WHAT_TO_DO.get(self.error, "try again later")


def vendor_errors() -> tuple[type[Exception], ...]:
    """All that a request through LangChain raises: its own classified errors, the OpenAI client's, those of HTTP, the system's, and the
    errors of reading a body that is no chat completion."""
    from httpx2 import HTTPError, InvalidURL
    from langchain_core.exceptions import LangChainException
    from openai import OpenAIError

    of_reading = (ValueError, TypeError, KeyError, AttributeError, IndexError, RecursionError)
    return LangChainException, OpenAIError, HTTPError, InvalidURL, OSError, *of_reading


def failure(error: Exception) -> Failure:
    """Classifies by HTTP status where there was one."""
    status = getattr(error, "status_code", None)
    causes = {kind.__name__ for cause in _causes(error) for kind in type(cause).__mro__}
    if isinstance(status, int):
        word = "quota" if getattr(error, "code", None) == "insufficient_quota" else _by_status(status)
        headers = getattr(getattr(error, "response", None), "headers", None) or {}
        return Failure(word, seconds(headers.get("retry-after")), worked=False, detail=str(error))
    if causes & _NEVER_REACHED:
        return Failure("connection", worked=False)
    return Failure(_by_body(error) or next((word for word, kinds in _BY_KIND.items() if causes & kinds), "unreadable"))


def seconds(retry_after: str | None) -> float | None:
    """A Retry-After header, in seconds or as a date; None where there is none that can be read."""
    if retry_after is None:
        return None
    try:
        wait = float(retry_after)
        return max(0.0, wait) if math.isfinite(wait) else None
    except ValueError:
        pass
    try:
        return max(0.0, (parsedate_to_datetime(retry_after) - datetime.now(UTC)).total_seconds())
    except (ValueError, TypeError, OverflowError):  # no date, or one without a time zone
        return None


def _by_status(status: int) -> str:
    return "server_error" if status >= 500 else _BY_STATUS.get(status, "rejected")


def _by_body(error: Exception) -> str | None:
    """Of an error that the provider told in a stream, or in place of a reply."""
    body = getattr(error, "body", None) or next(iter(error.args), None)
    if not isinstance(body, Mapping):
        return None
    code = str(body.get("code") or "")
    if code.isdecimal() and len(code) == 3:
        return _by_status(int(code))
    said = f"{code} {body.get('type')}".lower()
    return next((word for part, word in _BY_CODE.items() if part in said), "server_error")


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    """Not what was being handled meanwhile: that may be the failure of the attempt before."""
    while error is not None:
        yield error
        error = error.__cause__
