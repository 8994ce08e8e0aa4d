"""The HTTP side: routes over services, and nothing else."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass

from fastapi import FastAPI
from fastapi_offline import FastAPIOffline
from starlette.types import ASGIApp

from polyvox import __version__
from polyvox.api import batch, engines, errors, pages, speech, status, voices
from polyvox.api.dialects import openai
from polyvox.api.guard import Guard

Lifespan = Callable[[FastAPI], AbstractAsyncContextManager[None]]

_ABOUT = "A self-hosted speech platform. `POST /v1/audio/speech` speaks; it is OpenAI's API."


@dataclass(frozen=True)
class Limits:
    """What a client may do."""

    body_bytes: int
    body_seconds: float
    """Time in which a whole body must have come."""
    stall_seconds: float
    """How long it may stop reading."""


def build(lifespan: Lifespan, limits: Limits) -> FastAPI:
    """The application. `lifespan` sets `app.state.services` before the first request."""
    app = FastAPIOffline(
        title="Polyvox",
        version=__version__,
        description=_ABOUT,
        lifespan=lifespan,
        max_body_size=limits.body_bytes,
    )
    app.state.stall_seconds = limits.stall_seconds
    for prefix in ("/v1", "/api/v1"):
        listed = prefix == "/v1"
        app.include_router(speech.router, prefix=prefix, include_in_schema=listed)
        app.include_router(batch.router, prefix=prefix, include_in_schema=listed)
        app.include_router(openai.router, prefix=prefix, include_in_schema=listed)
    app.include_router(voices.router, prefix="/v1")
    app.include_router(engines.router, prefix="/v1")
    app.include_router(status.router)
    app.include_router(pages.router)
    app.mount("/static", pages.files, "static")
    errors.install(app)
    return app


def guarded(app: FastAPI, limits: Limits) -> ASGIApp:
    """The application as it is served: around it stands what may refuse before it."""
    return Guard(app, limits.body_bytes, limits.body_seconds)
