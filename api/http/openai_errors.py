"""Errors as OpenAI's clients expect them, made of the problem that every other operation tells, so that they raise their own exceptions."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from pydantic import BaseModel

from api.http.schemas import Problem

COMPLETIONS = "/v1/chat/completions"
MODELS = "/v1/models"

_CODES = {
    HTTPStatus.UNAUTHORIZED: "invalid_api_key",
    HTTPStatus.FORBIDDEN: "insufficient_permissions",
    HTTPStatus.NOT_FOUND: "model_not_found",
    HTTPStatus.TOO_MANY_REQUESTS: "rate_limit_exceeded",
    HTTPStatus.SERVICE_UNAVAILABLE: "service_unavailable",
}


class ErrorFieldsOut(BaseModel):
    """`param` names the field that is wrong."""

    message: str
    type: str
    param: str | None
    code: str | None


class ErrorOut(BaseModel):
    error: ErrorFieldsOut


def speaks_openai(path: str) -> bool:
    """Whether who asks there reads OpenAI's errors alone."""
    return path in (COMPLETIONS, MODELS)


def in_openais_words(problem: Problem) -> tuple[HTTPStatus, dict[str, Any]]:
    """The status and the body. OpenAI has no 422."""
    status = HTTPStatus(problem.status)
    if status is HTTPStatus.UNPROCESSABLE_ENTITY:
        status = HTTPStatus.BAD_REQUEST
    param = problem.errors[0].field if problem.errors else None
    fields = ErrorFieldsOut(message=problem.detail, type=_type(status), param=param, code=_CODES.get(status))
    return status, ErrorOut(error=fields).model_dump()


def _type(status: HTTPStatus) -> str:
    if status is HTTPStatus.TOO_MANY_REQUESTS:
        return "rate_limit_error"
    return "server_error" if status >= HTTPStatus.INTERNAL_SERVER_ERROR else "invalid_request_error"
