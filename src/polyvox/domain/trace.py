"""On whose behalf something is done: the id of a request, for the log here and on the nodes that
speak for it."""

from __future__ import annotations

import re
from contextvars import ContextVar
from uuid import uuid4

HEADER = "X-Request-Id"
_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")
_REQUEST_ID: ContextVar[str] = ContextVar("request_id", default="")


def begin(given: str) -> str:
    """The id of a request, which all that is done for it from here on knows: the `given` one, or
    another where that is none."""
    id = given if _ID.fullmatch(given) else uuid4().hex
    _REQUEST_ID.set(id)
    return id


def request_id() -> str:
    """Of the request for which this is done; empty for none."""
    return _REQUEST_ID.get()
