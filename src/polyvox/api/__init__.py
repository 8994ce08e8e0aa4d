"""The HTTP side: routes over services, and nothing else."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager

from fastapi import FastAPI
from fastapi_offline import FastAPIOffline

from polyvox import __version__
from polyvox.api import batch, engines, errors, pages, speech, status, voices
from polyvox.api.dialects import openai
from polyvox.api.guard import BodyLimits, Guard

Lifespan = Callable[[FastAPI], AbstractAsyncContextManager[None]]

_ABOUT = "A self-hosted speech platform. `POST /v1/audio/speech` speaks; it is OpenAI's API."


def build(lifespan: Lifespan, limits: BodyLimits, *, stall_seconds: float) -> FastAPI:
    """The application. `lifespan` sets `app.state.services` before the first request."""
    app = FastAPIOffline(
        title="Polyvox", version=__version__, description=_ABOUT, lifespan=lifespan
    )
    app.state.stall_seconds = stall_seconds
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
    app.add_middleware(Guard, limits=limits)
    return app
