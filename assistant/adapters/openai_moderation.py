"""OpenAI's moderation of texts: one request for all of them, which costs nothing."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

from assistant.adapters.chat_connections import CONNECT_TIMEOUT, Connections
from assistant.adapters.chat_failures import Failure, NoCompletion, failure, vendor_errors
from assistant.errors import ModelFailed, SettingsError

_MODEL = "omni-moderation-latest"
# Where the server does not know the request, as many that speak OpenAI's protocol do not.
_UNKNOWN_THERE = frozenset({"bad_request", "not_found", "unreadable"})


class OpenAIModerator:
    """Implements `assistant.ports.Moderator`.

    `base_url` unset: OpenAI's own address, or what OPENAI_BASE_URL says. `seconds` is how long one request may take. Raises SettingsError
    without a key.
    """

    provider = "openai"
    model = _MODEL

    def __init__(self, *, api_key: str | None, base_url: str | None = None, seconds: float = 10.0) -> None:
        if not api_key:
            raise SettingsError("FOOTNOTE_MODERATION=openai needs an API key: set OPENAI_API_KEY.")
        self._api_key = api_key
        self._base_url = base_url
        self._seconds = seconds
        self._connections = Connections(self._connect, shared=True)

    async def flagged(self, texts: Sequence[str]) -> list[str | None]:
        """For each text the categories that speak against it, in the order of the alphabet, or None. Raises ModelFailed; when cancelled,
        the connection is closed."""
        if not texts:
            return []
        try:
            async with asyncio.timeout(self._seconds):
                client = await self._connections.chat()
                reply = await client.moderations.create(input=list(texts), model=_MODEL)
            return _flags(reply, len(texts))
        except vendor_errors() as error:
            found = failure(error)
        raise _failed(found)  # outside the handler: vendors quote keys and texts in their errors

    def _connect(self, http_async_client: Any) -> Any:
        from openai import AsyncOpenAI, Timeout

        waiting = Timeout(None, connect=CONNECT_TIMEOUT)
        return AsyncOpenAI(api_key=self._api_key, base_url=self._base_url, http_client=http_async_client, timeout=waiting, max_retries=0)


def _flags(reply: Any, texts: int) -> list[str | None]:
    """What is not understood must not pass for harmless."""
    if len(reply.results) != texts:
        raise NoCompletion
    return [_flag(result) for result in reply.results]


def _flag(result: Any) -> str | None:
    if not isinstance(result.flagged, bool):
        raise NoCompletion
    categories = sorted(name for name, holds in result.categories.model_dump(by_alias=True).items() if holds)
    return (", ".join(categories) or "flagged") if result.flagged else None


def _failed(found: Failure) -> ModelFailed:
    what_to_do = found.what_to_do
    if found.error in _UNKNOWN_THERE:
        what_to_do = "check that OPENAI_BASE_URL leads to a server with POST /v1/moderations, or unset FOOTNOTE_MODERATION"
    return ModelFailed(
        found.error,
        f"openai:{_MODEL} did not answer ({found.error}): {what_to_do}.",
        passing=found.passing,
        retry_after=found.retry_after,
        worked=found.worked,
    )
