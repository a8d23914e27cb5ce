"""What a route is given of its caller: who they are, once it is clear that they may use it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request, Security
from fastapi.security import HTTPBearer

from api.http.doors import Doors
from api.http.room import Room
from api.identity.callers import Caller, Scope
from assistant.answering import Assistant
from assistant.errors import Forbidden
from assistant.types import Principal

_SCHEME = HTTPBearer(auto_error=False, description="A key of `footnote keys create`, or a token of the company's sign-in.")


@dataclass(frozen=True, slots=True)
class TraceReader:
    """`whose` are the traces that are shown: one's own, None for everybody's."""

    whose: str | None


def assistant_of(request: Request) -> Assistant:
    found: Assistant = request.app.state.assistant
    return found


def doors_of(request: Request) -> Doors:
    found: Doors = request.app.state.doors
    return found


def needs(scope: Scope) -> Callable[..., Awaitable[Caller]]:
    """A dependency: the caller, who may do what the scope says. Raises Unauthenticated, Forbidden and TooMuch."""

    async def caller(request: Request, _: Annotated[object, Security(_SCHEME)]) -> Caller:
        doors = doors_of(request)
        found = await doors.doorman.identify(request.headers.get("authorization"))
        request.state.principal = found.principal.name
        if scope not in found.scopes and "admin" not in found.scopes:
            raise Forbidden(f"This key is not for this: it lacks the scope {scope}.")
        await doors.limits.request(found.principal.name)
        return found

    return caller


async def _reader_of_documents(caller: Annotated[Caller, Depends(needs("ask"))]) -> Principal:
    return caller.principal


async def _asker(request: Request, caller: Annotated[Caller, Depends(needs("ask"))]) -> AsyncIterator[Principal]:
    """Has a place, and counts as one question, until the reply is sent."""
    room: Room = request.app.state.room
    with doors_of(request).limits.question(caller.principal.name), room.place():
        yield caller.principal


def _reader(request: Request, caller: Annotated[Caller, Depends(needs("traces"))]) -> TraceReader:
    """Who is shown what others asked is written down first."""
    if "admin" not in caller.scopes:
        return TraceReader(caller.principal.name)
    doors_of(request).looked(caller, f"{request.url.path}?{request.url.query}".rstrip("?"))
    return TraceReader(None)


Core = Annotated[Assistant, Depends(assistant_of)]
Asker = Annotated[Principal, Depends(_asker)]
Insider = Annotated[Principal, Depends(_reader_of_documents)]
Reader = Annotated[TraceReader, Depends(_reader)]
