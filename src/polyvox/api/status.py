"""How the server is doing, for people, load balancers and orchestrators."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse

from polyvox import __version__
from polyvox.api.access import Served
from polyvox.services.health import broker, job_queue, machine_gpus

router = APIRouter(tags=["status"])


@router.get("/health")
async def health(request: Request, served: Served) -> dict[str, Any]:
    """`ok` when the default engine can speak, else `starting`; how many jobs wait and run, and
    whether what carries them answers; the GPUs of this machine; and what is taken."""
    rules = served.enrolment.rules
    carries = await broker(served)
    devices = await machine_gpus()
    return {
        "status": "ok" if served.engines.ready() else "starting",
        "version": __version__,
        "queue": asdict(await job_queue(served, carries)),
        "broker": asdict(carries),
        "gpu": {"available": bool(devices), "devices": [asdict(each) for each in devices]},
        "default_model": served.engines.default.id,
        "max_characters": served.synthesis.max_characters,
        "max_clip_characters": request.app.state.limits.clip_characters,
        "recordings": {
            "min_seconds": rules.limits.shortest,
            "max_seconds": rules.limits.seconds,
            "max_bytes": rules.limits.bytes,
            "consent_needed": rules.consent_needed,
        },
    }


@router.get("/health/live")
async def live() -> dict[str, str]:
    """The process answers."""
    return {"status": "ok"}


@router.get("/health/ready", responses={503: {"description": "Not yet."}})
async def ready(served: Served) -> JSONResponse:
    """200 when the default engine can speak."""
    if served.engines.ready():
        return JSONResponse({"status": "ok"})
    failure = served.engines.status(served.engines.default.engine).failure
    return JSONResponse({"status": "starting", "reason": failure}, 503, {"Retry-After": "1"})


@router.get("/health/engines")
async def engines(served: Served) -> dict[str, Any]:
    """State of every engine."""
    statuses = [served.engines.status(name) for name in served.engines.names]
    return {
        "engines": {
            status.name: {
                "state": status.state,
                "hosts": status.hosts,
                "failure": status.failure,
                "breaker": served.engines.breaker(status.name),
            }
            for status in statuses
        }
    }


@router.get("/version")
async def version() -> dict[str, str]:
    """Which Polyvox this is."""
    return {"name": "polyvox", "version": __version__}
