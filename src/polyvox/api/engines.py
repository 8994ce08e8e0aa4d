"""Engines: what they can do, which options they take, how they are doing."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path
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


@router.get("/{name}")
async def get_engine(name: Annotated[str, Path(max_length=200)], served: Served) -> EngineStatus:
    """One engine."""
    return served.engines.status(name)
