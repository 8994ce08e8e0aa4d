"""Errors as products that grew up on FastAPI answer them: `{"detail": …}`."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any

from fastapi import Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from fastapi.routing import APIRoute
from pydantic import BaseModel
from starlette.exceptions import HTTPException

from polyvox.api.errors import status_of
from polyvox.domain.errors import PolyvoxError


class Detail(BaseModel):
    """The body of every refusal."""

    detail: Any


DETAILS: dict[int | str, dict[str, Any]] = {
    "4XX": {"model": Detail, "description": "The request is refused."},
    "5XX": {"model": Detail, "description": "It could not be done."},
}
"""For the OpenAPI document."""
Handler = Callable[[Request], Coroutine[Any, Any, Response]]


class DetailRoute(APIRoute):
    """A route whose errors have that shape; what does not fit its model is 422."""

    def get_route_handler(self) -> Handler:
        handler = super().get_route_handler()

        async def handling(request: Request) -> Response:
            try:
                return await handler(request)
            except PolyvoxError as error:
                headers = (
                    {"Retry-After": str(max(1, error.retry_after or 1))} if error.retry else {}
                )
                return JSONResponse({"detail": error.message}, status_of(error), headers)
            except HTTPException as error:
                return JSONResponse({"detail": error.detail}, error.status_code, error.headers)
            except RequestValidationError as error:
                return JSONResponse({"detail": _problems(error)}, 422)

        return handling


def _problems(error: RequestValidationError) -> list[dict[str, Any]]:
    """Where, what and which kind, without what was sent."""
    return [
        {"loc": list(each["loc"]), "msg": each["msg"], "type": each["type"]}
        for each in error.errors()
    ]
