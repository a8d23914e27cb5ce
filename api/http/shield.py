"""What every request passes before it is read: whether there is room, whether it was sent here, how long it may take to arrive.

Turning away has to cost next to nothing, so this is plain ASGI in front of everything else. Health is always told.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from http import HTTPStatus

from fastapi.responses import JSONResponse
from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.http.openai_errors import speaks_openai
from api.http.problems import problem, problem_of
from api.http.room import Room, too_many

# What makes the server compute.
_WORK = frozenset({"/v1/ask", "/v1/search", "/v1/chat/completions", "/mcp"})
_PAGES = frozenset({"/docs", "/redoc", "/docs/oauth2-redirect"})
_LOOPBACK = frozenset({"localhost", "127.0.0.1", "[::1]"})
BODY_SECONDS = 30.0
# Bytes of a body: a question with the longest conversation that is allowed, each character written as an escape.
LARGEST = 8 * 2**20
HEADERS = {
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
    "cross-origin-resource-policy": "same-origin",
    "cache-control": "no-store",
}
_NOTHING_ELSE = "default-src 'none'; frame-ancestors 'none'"


class Shield:
    """Where the `room` is full, questions are turned away before anything of them is read. `loopback_only` says whether the server is to be
    reached under this machine's own names alone: a page in somebody's browser must not talk to it under another."""

    def __init__(
        self,
        app: ASGIApp,
        room: Room,
        *,
        loopback_only: Callable[[], bool],
        body_seconds: float = BODY_SECONDS,
    ) -> None:
        self._app = app
        self._body_seconds = body_seconds
        self._room = room
        self._no_room: dict[bool, list[Message]] = {}
        self._loopback_only = loopback_only

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        if self._room.full and scope["path"] in _WORK:
            await self._turn_away(scope, receive, send)
            return
        protected = _protected(scope["path"], send)
        if (objection := self._objection(scope)) is not None:
            await objection(scope, receive, protected)
            return
        body = _Body(receive, self._body_seconds)
        try:
            await self._app(scope, body.receive, body.unless_given_up(protected))
        except ClientDisconnect:
            if body.given_up is None:
                raise
        if body.given_up is not None:
            await body.given_up(scope, receive, protected)

    async def _turn_away(self, scope: Scope, receive: Receive, send: Send) -> None:
        """With a reply that is made once: this is for when there is no time."""
        scope.setdefault("state", {})["turned_away"] = True
        kind = speaks_openai(scope["path"])
        if kind not in self._no_room:
            told: list[Message] = []

            async def keep(message: Message) -> None:
                told.append(message)

            await problem_of(too_many())(scope, receive, _protected(scope["path"], keep))
            self._no_room[kind] = told
        for message in self._no_room[kind]:
            await send(message)

    def _objection(self, scope: Scope) -> JSONResponse | None:
        if self._loopback_only() and _host(Headers(scope=scope)) not in _LOOPBACK:
            return problem(HTTPStatus.MISDIRECTED_REQUEST, "Without keys the server answers under localhost and 127.0.0.1 alone.")
        if int(Headers(scope=scope).get("content-length", "0")) > LARGEST:
            return _too_large()
        return None


def _host(headers: Headers) -> str:
    name = headers.get("host", "")
    return name if name.endswith("]") else name.rsplit(":", 1)[0]


class _Body:
    """A request as it arrives. Whoever sends a byte a minute holds a connection, and whoever does not say how much comes may send anything:
    after so many seconds from the beginning, and after `LARGEST` bytes, nothing more is read. What comes after the body is the client's
    leaving, and may take its time."""

    def __init__(self, receive: Receive, seconds: float) -> None:
        self._receive = receive
        self._until = time.monotonic() + seconds
        self._bytes = 0
        self._whole = False
        self.given_up: JSONResponse | None = None

    async def receive(self) -> Message:
        if self._whole:
            return await self._receive()
        try:
            message = await asyncio.wait_for(self._receive(), self._until - time.monotonic())
        except TimeoutError:
            return self._give_up(_too_slow())
        self._bytes += len(message.get("body", b""))
        if self._bytes > LARGEST:
            return self._give_up(_too_large())
        self._whole = not message.get("more_body", False)
        return message

    def unless_given_up(self, send: Send) -> Send:
        """What the application makes of half a body is not told."""

        async def sent(message: Message) -> None:
            if self.given_up is None:
                await send(message)

        return sent

    def _give_up(self, told: JSONResponse) -> Message:
        self.given_up, self._whole = told, True
        return {"type": "http.disconnect"}


def _too_slow() -> JSONResponse:
    return problem(HTTPStatus.REQUEST_TIMEOUT, "The body took too long to arrive.", headers={"connection": "close"})


def _too_large() -> JSONResponse:
    return problem(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"The body is larger than {LARGEST} bytes.")


def _protected(path: str, send: Send) -> Send:
    async def sent(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(raw=message["headers"])
            for name, value in HEADERS.items():
                headers.setdefault(name, value)
            if path not in _PAGES:
                headers.setdefault("content-security-policy", _NOTHING_ELSE)
        await send(message)

    return sent
