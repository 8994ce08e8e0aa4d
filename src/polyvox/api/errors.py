"""Errors as HTTP answers, in OpenAI's shape: all four keys, a status before the first byte."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel
from starlette.exceptions import HTTPException

from polyvox.domain.errors import (
    Busy,
    Cancelled,
    Conflict,
    EngineFailed,
    Forbidden,
    InvalidInput,
    NotFound,
    PolyvoxError,
    RateLimited,
    TimedOut,
    TooLarge,
    TooSlow,
    Unauthorized,
    Unavailable,
    UnsupportedMedia,
)

STATUSES: dict[type[PolyvoxError], int] = {
    PolyvoxError: 500,
    InvalidInput: 400,
    Unauthorized: 401,
    Forbidden: 403,
    NotFound: 404,
    Conflict: 409,
    TooSlow: 408,
    TooLarge: 413,
    UnsupportedMedia: 415,
    Busy: 503,
    RateLimited: 429,
    Unavailable: 503,
    EngineFailed: 500,
    TimedOut: 504,
    Cancelled: 499,
}
"""Of the nearest class up the tree."""

_CODES = {404: NotFound.code, 413: TooLarge.code, 415: UnsupportedMedia.code}
"""Of refusals that are the framework's own."""


class Problem(BaseModel):
    """What went wrong."""

    message: str
    type: str
    param: str | None
    code: str | None


class ErrorAnswer(BaseModel):
    """The body of every refusal."""

    error: Problem


REFUSALS: dict[int | str, dict[str, Any]] = {
    "4XX": {"model": ErrorAnswer, "description": "The request is refused."},
    "5XX": {"model": ErrorAnswer, "description": "It could not be done."},
}
"""For the OpenAPI document."""


class Refusal(HTTPException):
    """A PolyvoxError for places inside the framework that let only its own errors through."""

    def __init__(self, error: PolyvoxError) -> None:
        super().__init__(status_of(error), error.message)
        self.error = error


def status_of(error: PolyvoxError) -> int:
    return next(STATUSES[kind] for kind in type(error).__mro__ if kind in STATUSES)


def as_problem(error: PolyvoxError) -> dict[str, Any]:
    kind = "invalid_request_error" if isinstance(error, InvalidInput) else "server_error"
    return {"message": error.message, "type": kind, "param": error.param, "code": error.code}


def as_answer(error: PolyvoxError) -> JSONResponse:
    headers = {}
    if error.retry:
        headers["Retry-After"] = str(max(1, error.retry_after or 1))
    return JSONResponse({"error": as_problem(error)}, status_of(error), headers)


def install(app: FastAPI) -> None:
    """Answer every kind of error of `app` in this shape."""

    @app.exception_handler(PolyvoxError)
    async def _(_request: Request, error: PolyvoxError) -> JSONResponse:
        return as_answer(error)

    @app.exception_handler(RequestValidationError)
    async def _(_request: Request, error: RequestValidationError) -> JSONResponse:
        return as_answer(invalid(error.errors()))

    @app.exception_handler(HTTPException)
    async def _(_request: Request, error: HTTPException) -> JSONResponse:
        if isinstance(error, Refusal):
            return as_answer(error.error)
        code = _CODES.get(error.status_code)
        kind = "invalid_request_error" if error.status_code < 500 else "server_error"
        problem = {"message": str(error.detail), "type": kind, "param": None, "code": code}
        return JSONResponse({"error": problem}, error.status_code, error.headers)

    @app.exception_handler(Exception)
    async def _(_request: Request, _error: Exception) -> JSONResponse:
        return as_answer(PolyvoxError("Something went wrong here; the server's log says what."))


def invalid(problems: Sequence[Any]) -> InvalidInput:
    """The first of Pydantic's problems, by the field it is about."""
    problem = problems[0]
    path = [str(part) for part in problem["loc"] if part not in ("body", "query", "path")]
    if problem["type"] == "json_invalid":
        return InvalidInput("The body is not valid JSON.")
    field = ".".join(path) or None
    return InvalidInput(f"{field or 'body'}: {problem['msg']}", param=field)
