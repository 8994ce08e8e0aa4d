"""Bodies that may be JSON or a form: read by hand, for the framework knows one kind a route."""

from __future__ import annotations

import json
from typing import Any, TypeVar

from fastapi import Request
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ValidationError

Model = TypeVar("Model", bound=BaseModel)
_FORMS = ("multipart/form-data", "application/x-www-form-urlencoded")


def is_form(request: Request) -> bool:
    """Whether the body is a form."""
    return request.headers.get("content-type", "").startswith(_FORMS)


async def fields(request: Request) -> dict[str, Any]:
    """What the body says. Raises RequestValidationError for what is neither."""
    if is_form(request):
        return dict(await request.form())
    try:
        found = json.loads(await request.body())
    except (ValueError, RecursionError) as error:
        wrong = {"type": "json_invalid", "loc": ("body",), "msg": "The body is not JSON."}
        raise RequestValidationError([wrong]) from error
    if not isinstance(found, dict):
        wrong = {"type": "dict_type", "loc": ("body",), "msg": "The body is no JSON object."}
        raise RequestValidationError([wrong])
    return found


def checked(model: type[Model], given: dict[str, Any]) -> Model:
    """What the body says, as `model`. Raises RequestValidationError."""
    try:
        return model.model_validate(given)
    except ValidationError as error:
        problems = [{**each, "loc": ("body", *each["loc"])} for each in error.errors()]
        raise RequestValidationError(problems) from error


def described(*bodies: tuple[str, dict[str, Any]]) -> dict[str, Any]:
    """For the OpenAPI document: the body's schema by its media type."""
    content = {kind: {"schema": _whole(schema, schema)} for kind, schema in bodies}
    return {"requestBody": {"required": True, "content": content}}


def _whole(part: Any, schema: dict[str, Any]) -> Any:
    """A schema with what it refers to in its place."""
    if isinstance(part, list):
        return [_whole(each, schema) for each in part]
    if not isinstance(part, dict):
        return part
    if "$ref" in part:
        return _whole(schema["$defs"][part["$ref"].rpartition("/")[2]], schema)
    return {name: _whole(each, schema) for name, each in part.items() if name != "$defs"}
