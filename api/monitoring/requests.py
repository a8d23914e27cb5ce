"""Every request that was served, told to whoever counts or logs it: by the route's template, never by what stood in its place."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from http import HTTPStatus

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

# A path that belongs to no operation: it may hold anything.
OTHER = "other"
# What proxies write where the client left before there was an answer.
CLIENT_LEFT = 499
TRACE_HEADER = "x-trace-id"
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


@dataclass(frozen=True, slots=True)
class Served:
    """`principal` is None where nobody was identified, `trace_id` where no question was answered. `turned_away`: there was no room."""

    method: str
    route: str
    status: int
    milliseconds: float
    principal: str | None
    trace_id: str | None
    turned_away: bool = False


Told = Callable[[Served], None]


class Watch:
    """Goes around all other middleware, so that what they turn away counts, too. A door that knows more leaves it in the request's state,
    as `principal` and `trace_id`; a reply may name its trace in a header."""

    def __init__(self, app: ASGIApp, told: Sequence[Told]) -> None:
        self._app = app
        self._told = told
        self._known: set[str] = set()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started, status, trace_id = time.perf_counter(), CLIENT_LEFT, None
        state = scope.setdefault("state", {})

        async def sent(message: Message) -> None:
            nonlocal status, trace_id
            if message["type"] == "http.response.start":
                status, trace_id = int(message["status"]), Headers(raw=message["headers"]).get(TRACE_HEADER)
            await send(message)

        try:
            await self._app(scope, receive, sent)
        except Exception:
            status = HTTPStatus.INTERNAL_SERVER_ERROR.value
            raise
        finally:
            took = round((time.perf_counter() - started) * 1000, 1)
            traced = state.get("trace_id") or trace_id
            method = scope["method"] if scope["method"] in _METHODS else OTHER
            self._tell(Served(method, self._route(scope), status, took, state.get("principal"), traced, state.get("turned_away", False)))

    def _tell(self, served: Served) -> None:
        for told in self._told:
            told(served)

    def _route(self, scope: Scope) -> str:
        """What was turned away before it was routed has the route of what came through under the very same path."""
        template = route_of(scope)
        if template != OTHER:
            self._known.add(template)
        return scope["path"] if template == OTHER and scope["path"] in self._known else template


def route_of(scope: Scope) -> str:
    """The template of the route that took the request."""
    return str(getattr(scope.get("route"), "path", None) or OTHER)
