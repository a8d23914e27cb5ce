"""Chat objects of LangChain and the connections under them: made once for each event loop, kept open between requests, closed with it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping
from functools import lru_cache, partial
from typing import Any

from httpx2 import AsyncByteStream, Response

from assistant.adapters.chat_failures import NoCompletion, vendor_errors
from assistant.errors import SettingsError

OPENAI = ("openai", "azure_openai")
# Seconds. Whoever cannot be reached by then was not: another try costs nothing. All other times are the caller's.
CONNECT_TIMEOUT = 5.0
# Bytes of one reply: some hundred times what a reply has, as each piece of a stream comes in an envelope of 300 bytes.
MOST_BYTES = 32 << 20
_MOST_KINDS = 8
_FOREVER = 1e9

Connect = Callable[..., Any]


class Connections:
    """The chat objects of one model. `connect` makes one; it takes an `http_async_client` where `shared`."""

    def __init__(self, connect: Connect, *, shared: bool) -> None:
        self._connect = connect
        self._shared = shared
        self._loops: dict[asyncio.AbstractEventLoop, Connect] = {}

    async def chat(self, **options: Any) -> Any:
        """One with these options, for the running event loop."""
        loop = asyncio.get_running_loop()
        if loop not in self._loops:
            pool: dict[str, Any] = _pool() if self._shared else {}
            self._loops[loop] = lru_cache(_MOST_KINDS)(partial(self._connect, **pool))
            end = self._end_of(loop, *pool.values())
            await anext(end)
            loop.call_later(_FOREVER, end.aclose)  # so that it lives as long as the loop
        return self._loops[loop](**options)

    async def _end_of(self, loop: asyncio.AbstractEventLoop, *pools: Any) -> AsyncGenerator[None, None]:
        """A loop that ends closes its asynchronous generators, and waits for it: the one place where connections that are kept between
        requests can be closed whoever opened them."""
        try:
            yield
        finally:
            del self._loops[loop]
            for pool in pools:
                await pool.aclose()


def connect(name: str, **arguments: Any) -> Any:
    """What init_chat_model makes of a name. Raises SettingsError where name, package or key is missing."""
    from langchain.chat_models import init_chat_model

    try:
        return init_chat_model(name or " ", max_retries=0, **arguments)
    except ImportError as error:
        raise SettingsError(f"FOOTNOTE_MODEL={name}: the provider's package is missing. {error}") from None
    except vendor_errors() as error:
        raise SettingsError(_unset(name, error)) from None


def openai_like(chat: Any) -> Connect:
    """Makes chat objects of the same class of OpenAI's, but for streams that take less and tell more."""
    kind = type("StreamingChat", (_PassesRefusals, type(chat)), {})

    def make(**arguments: Any) -> Any:
        made = kind(max_retries=0, stream_chunk_timeout=None, http_socket_options=(), **arguments)
        made.root_async_client.timeout = _timeout()
        made.async_client = _PlainStreams(made.root_async_client)
        return made

    return make


class _PlainStreams:
    """OpenAI's completions, their streams given as the JSON that came: half of the time that a stream takes is spent on making objects
    of each piece, which LangChain takes apart again."""

    def __init__(self, client: Any) -> None:
        self.with_raw_response = client.chat.completions.with_raw_response
        self._post = client.post

    async def create(self, *, extra_body: Mapping[str, object] | None = None, **body: object) -> Any:
        from openai import AsyncStream

        body |= extra_body or {}
        return await self._post("/chat/completions", cast_to=object, body=body, stream=True, stream_cls=AsyncStream[object])


class _PassesRefusals:
    """LangChain drops from a stream the words in which a model refuses."""

    def _convert_chunk_to_generation_chunk(self, chunk: Mapping[str, Any], *others: Any) -> Any:
        generation = super()._convert_chunk_to_generation_chunk(chunk, *others)  # type: ignore[misc]  # LangChain's
        for choice in chunk.get("choices") or () if generation else ():
            if refusal := choice["delta"].get("refusal"):
                generation.message.additional_kwargs["refusal"] = refusal
        return generation


def _pool() -> dict[str, Any]:
    """The OpenAI client's own (a thousand connections at once), but not the one that LangChain shares among all event loops."""
    from openai import DefaultAsyncHttpxClient

    return {"http_async_client": DefaultAsyncHttpxClient(event_hooks={"response": [_look_at]})}


def _timeout() -> Any:
    from openai import Timeout

    return Timeout(None, connect=CONNECT_TIMEOUT)


async def _look_at(response: Response) -> None:
    """A proxy's page would be read as a stream without an event, and a reply that does not end until memory does."""
    if response.is_success and "html" in response.headers.get("content-type", ""):
        raise NoCompletion
    if isinstance(response.stream, AsyncByteStream):
        response.stream = _Limited(response.stream)


class _Limited(AsyncByteStream):
    def __init__(self, stream: AsyncByteStream) -> None:
        self._stream = stream
        self._bytes = 0

    async def __aiter__(self) -> AsyncIterator[bytes]:
        async for data in self._stream:
            self._bytes += len(data)
            if self._bytes > MOST_BYTES:
                raise NoCompletion
            yield data

    async def aclose(self) -> None:
        await self._stream.aclose()


def _unset(name: str, error: Exception) -> str:
    if "api_key" in str(error).lower() or "credentials" in str(error).lower():
        return f"FOOTNOTE_MODEL={name} needs an API key: set the provider's variable (OPENAI_API_KEY for openai)."
    return f"FOOTNOTE_MODEL={name} is not known: write provider:model, for example openai:gpt-5-mini."
