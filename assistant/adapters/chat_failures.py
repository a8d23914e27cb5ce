"""What went wrong with a request to a chat model, as one short word whoever the vendor is, and whether another try may help."""

from __future__ import annotations

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
_WHAT_TO_DO = {
    "bad_request": "it refused the request; check that FOOTNOTE_MODEL names a chat model with a large enough context",
    "unauthorized": "check the provider's API key (OPENAI_API_KEY for openai)",
    "forbidden": "the API key may not use this model; check FOOTNOTE_MODEL and the key's rights",
    "not_found": "no such model or address; check FOOTNOTE_MODEL and OPENAI_BASE_URL",
    "rate_limited": "it limits the rate; wait a minute or raise the account's limit",
    "quota": "the account's quota is used up; check its billing",
    "timeout": "it took too long; try again later or choose a faster model",
    "connection": "it cannot be reached; check the network and OPENAI_BASE_URL",
}
_PASSING = frozenset({"timeout", "conflict", "rate_limited", "server_error", "connection"})


@dataclass(frozen=True, slots=True)
class Failure:
    """One failed request. `retry_after`: seconds that the server asks to wait; `detail`: the vendor's words, never shown or stored."""

    error: str
    retry_after: float | None = None
    detail: str = ""

    @property
    def passing(self) -> bool:
        return self.error in _PASSING

    @property
    def what_to_do(self) -> str:
        return _WHAT_TO_DO.get(self.error, "try again later")


def vendor_errors() -> tuple[type[Exception], ...]:
    """All that a request through LangChain raises: its own classified errors, the OpenAI client's, the system's, and the errors of
    reading a body that is no chat completion."""
    from langchain_core.exceptions import LangChainException
    from openai import OpenAIError

    return LangChainException, OpenAIError, OSError, ValueError, TypeError, KeyError, AttributeError, IndexError


def failure(error: Exception) -> Failure:
    """Classifies by HTTP status where there was one."""
    from langchain_core.exceptions import ModelConnectionError, ModelTimeoutError

    status = getattr(error, "status_code", None)
    if getattr(error, "code", None) == "insufficient_quota":
        word = "quota"
    elif isinstance(status, int):
        word = "server_error" if status >= 500 else _BY_STATUS.get(status, "rejected")
    elif isinstance(error, (TimeoutError, ModelTimeoutError)):
        word = "timeout"
    elif isinstance(error, (OSError, ModelConnectionError)):
        word = "connection"
    else:
        word = "unreadable"
    headers = getattr(getattr(error, "response", None), "headers", None) or {}
    return Failure(word, _seconds(headers.get("retry-after")), str(error))


def _seconds(retry_after: str | None) -> float | None:
    """A Retry-After header, in seconds or as a date; None where there is none that can be read."""
    if retry_after is None:
        return None
    try:
        return max(0.0, float(retry_after))
    except ValueError:
        pass
    try:
        return max(0.0, (parsedate_to_datetime(retry_after) - datetime.now(UTC)).total_seconds())
    except (ValueError, TypeError):  # no date, or one without a time zone
        return None
