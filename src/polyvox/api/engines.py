"""Engines: what they can do, which options they take, how they are doing."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Query
from pydantic import BaseModel

from polyvox.api.access import Served
from polyvox.api.errors import REFUSALS
from polyvox.domain.engine import EngineStatus

router = APIRouter(prefix="/engines", tags=["engines"], responses=REFUSALS)


class EngineList(BaseModel):
    engines: list[EngineStatus]


@router.get("")
async def list_engines(served: Served) -> EngineList:
    """Every engine that is switched on; `options` is JSON Schema."""
    return EngineList(engines=[served.engines.status(name) for name in served.engines.names])


Name = Annotated[str, Path(max_length=200)]
Model = Annotated[str | None, Query(max_length=200, description="One of its models.")]


@router.post("/{name}/load")
async def load_engine(name: Name, served: Served, model: Model = None) -> EngineStatus:
    """Bring a model into memory; the answer comes when it is there."""
    await served.engines.load(name, model)
    return served.engines.status(name)


@router.post("/{name}/unload")
async def unload_engine(name: Name, served: Served, model: Model = None) -> EngineStatus:
    """Give the memory of its models back; what is speaking goes on."""
    await served.engines.unload(name, model)
    return served.engines.status(name)


@router.get("/{name}")
async def get_engine(name: Name, served: Served) -> EngineStatus:
    """One engine."""
    return served.engines.status(name)
