"""The HTTP side: routes over services, and nothing else."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager

from fastapi import FastAPI
from fastapi_offline import FastAPIOffline
from starlette.types import ASGIApp

from polyvox import __version__
from polyvox.api import (
    admin,
    batch,
    batches,
    books,
    engines,
    errors,
    jobs,
    keys,
    making,
    metrics,
    nodes,
    pages,
    profiles,
    session,
    speech,
    status,
    voices,
)
from polyvox.api.dialects import (
    audio_voice,
    audio_voice_jobs,
    celestial,
    gateway_live,
    gateway_nodes,
    openai,
    openai_voices,
    quality_profiles,
    utter,
    utter_tasks,
    voice_gateway,
)
from polyvox.api.door import Door
from polyvox.api.guard import Guard
from polyvox.api.limits import Limits
from polyvox.api.observing import Measures, Observing
from polyvox.api.rates import Turnstile

Lifespan = Callable[[FastAPI], AbstractAsyncContextManager[None]]

_ABOUT = "A self-hosted speech platform. `POST /v1/audio/speech` speaks; it is OpenAI's API."


def build(lifespan: Lifespan, limits: Limits) -> FastAPI:
    """The application. `lifespan` sets `app.state.services` before the first request."""
    app = FastAPIOffline(
        title="Polyvox",
        version=__version__,
        description=_ABOUT,
        lifespan=lifespan,
        max_body_size=limits.body_bytes,
    )
    app.state.limits = limits
    app.state.measures = Measures()
    app.state.watchers = gateway_live.Watchers()
    for prefix in ("/v1", "/api/v1"):
        listed = prefix == "/v1"
        app.include_router(speech.router, prefix=prefix, include_in_schema=listed)
        app.include_router(batch.router, prefix=prefix, include_in_schema=listed)
        app.include_router(openai.router, prefix=prefix, include_in_schema=listed)
        app.include_router(
            openai_voices.router,
            prefix=prefix,
            include_in_schema=listed,
            max_body_size=limits.form_bytes,
        )
    for prefix in ("", "/api/v1"):
        app.include_router(
            celestial.router,
            prefix=prefix,
            include_in_schema=not prefix,
            max_body_size=limits.encoded_bytes,
        )
    app.include_router(making.router, prefix="/v1", max_body_size=limits.form_bytes)
    app.include_router(voices.router, prefix="/v1")
    app.include_router(utter.router, max_body_size=limits.form_bytes)
    app.include_router(utter_tasks.router)
    app.include_router(audio_voice.router)
    app.include_router(audio_voice_jobs.router, max_body_size=limits.form_bytes)
    app.include_router(quality_profiles.router)
    app.include_router(gateway_nodes.router)
    app.include_router(gateway_live.router)
    app.include_router(voice_gateway.router, max_body_size=limits.form_bytes)
    app.include_router(engines.router, prefix="/v1")
    app.include_router(nodes.router, prefix="/v1")
    app.include_router(profiles.router, prefix="/v1")
    body, _ = limits.of("/jobs", "")
    app.include_router(jobs.router, prefix="/v1", max_body_size=body)
    largest = max(body, limits.form_bytes)
    app.include_router(batches.router, prefix="/v1", max_body_size=largest)
    app.include_router(books.router, prefix="/v1", max_body_size=limits.form_bytes)
    app.include_router(keys.router, prefix="/v1")
    app.include_router(session.router)
    app.include_router(admin.router)
    app.include_router(status.router)
    app.include_router(metrics.router)
    app.include_router(pages.router)
    app.mount("/static", pages.files, "static")
    errors.install(app)
    return app


def guarded(app: FastAPI, limits: Limits) -> ASGIApp:
    """The application as it is served: around it stands what may refuse before it."""
    inside = Guard(Turnstile(Door(app, limits), limits), limits)
    return Observing(inside, app.state.measures)
