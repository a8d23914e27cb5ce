"""Every error over HTTP as `application/problem+json`: what happened, which field, what to do; never a traceback."""

from __future__ import annotations

import math
from collections.abc import Sequence
from http import HTTPStatus
from typing import Any

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException
from starlette.types import Receive, Scope, Send

from api.http.openai_errors import in_openais_words, speaks_openai
from api.http.schemas import FieldErrorOut, Problem
from api.monitoring.requests import route_of
from assistant.errors import (
    FootnoteError,
    Forbidden,
    IndexUnavailable,
    InvalidRequest,
    NotFound,
    Overloaded,
    TooMuch,
    Unauthenticated,
)

MEDIA_TYPE = "application/problem+json"
log = structlog.get_logger()

# The status of each kind of failure; the first that fits counts.
_STATUS: Sequence[tuple[type[FootnoteError], HTTPStatus]] = (
    (InvalidRequest, HTTPStatus.UNPROCESSABLE_ENTITY),
    (NotFound, HTTPStatus.NOT_FOUND),
    (Unauthenticated, HTTPStatus.UNAUTHORIZED),
    (Forbidden, HTTPStatus.FORBIDDEN),
    (Overloaded, HTTPStatus.SERVICE_UNAVAILABLE),
    (TooMuch, HTTPStatus.TOO_MANY_REQUESTS),
    (IndexUnavailable, HTTPStatus.SERVICE_UNAVAILABLE),
    (FootnoteError, HTTPStatus.INTERNAL_SERVER_ERROR),
)


def install(app: FastAPI) -> None:
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _refused)
    app.add_exception_handler(FootnoteError, _failed)
    app.add_exception_handler(Exception, _crashed)


class ProblemResponse(JSONResponse):
    """Where it is sent decides its words, so that everything that turns a request away says it in those of the operation."""

    media_type = MEDIA_TYPE

    def __init__(self, body: Problem, headers: dict[str, str] | None) -> None:
        super().__init__(body.model_dump(), body.status, headers)
        self.problem = body
        self._more = headers

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if speaks_openai(scope["path"]):
            status, body = in_openais_words(self.problem)
            await JSONResponse(body, status, self._more)(scope, receive, send)
        else:
            await super().__call__(scope, receive, send)


def problem(
    status: HTTPStatus, detail: str, errors: Sequence[FieldErrorOut] = (), headers: dict[str, str] | None = None
) -> ProblemResponse:
    return ProblemResponse(Problem(title=status.phrase, status=status.value, detail=detail, errors=list(errors)), headers)


async def _invalid(_: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)
    errors = [FieldErrorOut(field=_field(e["loc"]), message=_message(e)) for e in error.errors()]
    detail = "; ".join(f"{e.field}: {e.message}" for e in errors)
    return problem(HTTPStatus.UNPROCESSABLE_ENTITY, detail, errors)


async def _refused(_: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)
    status = HTTPStatus(error.status_code)
    if status is HTTPStatus.BAD_REQUEST:
        message = "is not JSON in UTF-8"
        return problem(status, f"body: {message}", [FieldErrorOut(field="body", message=message)])
    return problem(status, str(error.detail), headers=dict(error.headers or {}))


def problem_of(error: BaseException) -> ProblemResponse:
    """A failure of ours says what happened; of any other the log does."""
    if not isinstance(error, FootnoteError):
        return problem(HTTPStatus.INTERNAL_SERVER_ERROR, "Something went wrong on the server; its log says what.")
    status = next(status for kind, status in _STATUS if isinstance(error, kind))
    errors = [FieldErrorOut(field=error.field, message=error.message)] if isinstance(error, InvalidRequest) else []
    return problem(status, str(error), errors, _headers(error))


def _headers(error: FootnoteError) -> dict[str, str]:
    if isinstance(error, TooMuch):
        return {"retry-after": str(max(1, math.ceil(error.retry_after)))}
    return {"www-authenticate": "Bearer"} if isinstance(error, Unauthenticated) else {}


async def _failed(_: Request, error: Exception) -> JSONResponse:
    return problem_of(error)


async def _crashed(request: Request, error: Exception) -> JSONResponse:
    log.error("request failed", route=route_of(request.scope), exc_info=error)
    return problem_of(error)


def _field(location: Sequence[int | str]) -> str:
    """`("body", "history", 0, "role")` → `history.0.role`; the body itself stays `body`."""
    inner = [str(part) for part in location if part not in ("body", "query", "path")]
    if location[:1] == ("body",) and all(isinstance(part, int) for part in location[1:]):
        return "body"
    return ".".join(inner) or "body"


def _message(error: dict[str, Any]) -> str:
    if error["type"] == "extra_forbidden":
        return "there is no such field"
    if error["type"] == "json_invalid":
        return f"is not JSON: {error['ctx']['error']}"
    if error["type"] == "model_attributes_type":
        return "is no JSON object; send one, with Content-Type: application/json"
    message = str(error["msg"])
    return message[:1].lower() + message[1:]
