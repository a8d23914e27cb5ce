"""What stands before the tools over HTTP: who asks, and may they.

Each request says who it comes from, also within a session: the SDK lets nobody go on with a session but who began it, and the tools look at
the request's own caller.
"""

from __future__ import annotations

from mcp.server.auth.middleware.bearer_auth import AuthenticatedUser
from mcp.server.auth.provider import AccessToken
from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from api.http.callers import needs
from api.http.problems import problem_of
from api.identity.callers import Caller
from assistant.errors import FootnoteError
from assistant.types import Principal


class Entrance:
    """Lets in who may ask, and says who it is; everybody else is told why not before anything is read."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._caller_of = needs("ask")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            try:
                scope["user"] = _User(await self._caller_of(Request(scope), None))
            except FootnoteError as error:
                await problem_of(error)(scope, receive, send)
                return
        await self._app(scope, receive, send)


def principal_of(request: Request) -> Principal:
    """Who sent a request that was let in."""
    user: _User = request.user
    return user.caller.principal


class _User(AuthenticatedUser):
    """A caller as the SDK knows users: it compares the names of who began a session and who goes on with it."""

    def __init__(self, caller: Caller) -> None:
        super().__init__(AccessToken(token="", client_id=caller.principal.name, scopes=sorted(caller.scopes)))
        self.caller = caller
