"""The reference's page on HTTP, from the OpenAPI document and the formats there are."""

from __future__ import annotations

import contextlib
import json
from collections.abc import AsyncIterator, Mapping
from typing import Any

from fastapi import FastAPI

from docs.tables import code, kind, table
from polyvox.api import build
from polyvox.api.limits import Limits
from polyvox.api.permissions import LISTS, NODES, PUBLIC, needed
from polyvox.audio.encode import FORMATS, Format, output_rate, rates

HEADERS = {
    "X-Request-Id": "The request's own, where it sent a plain one, else a new one.",
    "X-Engine": "The engine that spoke.",
    "X-Node-Id": "The node that spoke; absent for this machine's own engines.",
    "X-Model": "The model that spoke.",
    "X-Voice": "The id of the voice.",
    "X-Sample-Rate": "Hertz.",
    "X-Cache": "`hit` when the same was spoken before, else `miss`.",
    "X-Audio-Duration": "Seconds; when the clip was complete before its first byte.",
}
"""Of answers that carry speech; tests compare them with a server's."""
ANY_RATE = (8000, 96000)
"""Hertz, of formats that take any rate between; tests compare them with the encoder's."""


SCOPES = {
    PUBLIC: "No key is needed.",
    LISTS: "Any key opens it; none is needed with `access.open_lists`.",
    NODES: "For workers, with `cluster.token`; no key opens it.",
}
"""Where a key needs no scope."""


def openapi() -> dict[str, Any]:
    """The OpenAPI document, without starting anything."""

    @contextlib.asynccontextmanager
    async def nothing(_: FastAPI) -> AsyncIterator[None]:
        yield

    document: dict[str, Any] = build(nothing, Limits(1, 1, 1, 1, 1, 1, False, 1, 1, True)).openapi()
    return document


def http_page(document: Mapping[str, Any]) -> str:
    lines = [
        "# HTTP",
        "",
        "The same, for programs: [openapi.json](openapi.json); to try out: `/docs` on a running",
        "server. Everything under `/v1/audio` and `/v1/models` is also under `/api/v1`.",
        "",
        "A server that others can reach asks for a [key](../how-to/keys.md):",
        "`Authorization: Bearer KEY`, `xi-api-key`, `X-API-Key`, or the cookie of `POST /session`.",
        "Without one that works the answer is 401; without the scope that stands below, 403.",
        "",
        "A refusal has a status and a body as on the page on [errors](errors.md). What fails after",
        "the first byte breaks the transfer, or is a last event `speech.audio.error`.",
        "",
        "## Formats",
        *table(
            ("`response_format`", "type", "sample rate, Hz", "rates it takes"),
            map(_format, FORMATS.values()),
        ),
        "",
        "`pcm` is 16 bits, little endian, without a header; `ulaw` and `alaw` have no header",
        "either. A streamed WAV says 0xFFFFFFFF for its sizes; `stream: false` gives exact ones.",
        "",
        "## Headers of speech",
        *table(("header", ""), ((f"`{name}`", about) for name, about in HEADERS.items())),
    ]
    known = document["components"]["schemas"]
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            lines += ["", f"## {method.upper()} {path}", "", operation.get("description", "")]
            lines += _parameters(operation.get("parameters", ()), known)
            lines += _body(operation, known)
            answers = f"Answers: {', '.join(operation['responses'])}."
            lines += ["", f"{answers} {_scope(method.upper(), path)}"]
    return "\n".join(lines) + "\n"


def _scope(method: str, path: str) -> str:
    scope = needed(method, path)
    return SCOPES.get(scope, f"Scope: `{scope}`.")


def _format(each: Format) -> tuple[str, ...]:
    taken = rates(each)
    listed = ", ".join(map(str, taken)) or f"{ANY_RATE[0]} to {ANY_RATE[1]}"
    return f"`{each.name}`", each.media_type, str(output_rate(each, None)), listed


def _parameters(parameters: Any, known: Mapping[str, Any]) -> list[str]:
    def row(each: Mapping[str, Any]) -> tuple[str, ...]:
        rule = each["schema"]
        default = _default(rule, required=each["required"])
        return f"`{each['name']}`", kind(rule, known), default, each.get("description", "")

    return table(("parameter", "type", "default", ""), map(row, parameters))


def _body(operation: Mapping[str, Any], known: Mapping[str, Any]) -> list[str]:
    content = operation.get("requestBody", {}).get("content", {}).get("application/json")
    if not content:
        return []
    schema = content["schema"]
    if "$ref" in schema:
        schema = known[schema["$ref"].rpartition("/")[2]]
    required = schema.get("required", ())

    def row(field: tuple[str, Mapping[str, Any]]) -> tuple[str, ...]:
        name, rule = field
        default = _default(rule, required=name in required)
        return f"`{name}`", kind(rule, known), default, rule.get("description", "")

    return table(("field", "type", "default", ""), map(row, schema.get("properties", {}).items()))


def _default(rule: Mapping[str, Any], *, required: bool) -> str:
    return "required" if required else code(json.dumps(rule.get("default")))
