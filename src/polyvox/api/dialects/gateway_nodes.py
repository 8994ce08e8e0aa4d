"""Nodes of the voice-clone gateway: they register, beat and leave; people look and command."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated, Any
from urllib.parse import urlsplit

from fastapi import APIRouter, Depends, Header, Path, Query, Request
from pydantic import BaseModel, ConfigDict, Field

from polyvox.api.access import Served
from polyvox.api.dialects.detail import DETAILS, DetailRoute
from polyvox.api.errors import Refusal
from polyvox.api.limits import Limits, is_here
from polyvox.api.nodes import Command
from polyvox.domain.errors import InvalidInput, Unauthorized
from polyvox.domain.node import STANDBY, STATES, Load, Node, Offer
from polyvox.services import Services
from polyvox.services.nodes import Seen

router = APIRouter(prefix="/api", tags=["nodes"], route_class=DetailRoute, responses=DETAILS)
Id = Annotated[str, Path(max_length=100)]
_LOAD = tuple(Load.__dataclass_fields__)


class OfferIn(BaseModel):
    engine: str = Field(max_length=100)
    model: str = Field(max_length=200)
    seats: int = Field(1, ge=1, le=10_000)
    languages: tuple[Annotated[str, Field(max_length=40)], ...] = Field((), max_length=500)
    loaded: bool = False


class Beat(BaseModel):
    """How a node is doing; what it does not say stays as it was, or is 0."""

    model_config = ConfigDict(extra="ignore")

    status: str | None = Field(None, max_length=20)
    model_loaded: bool | None = None
    error: str | None = Field(None, max_length=2000)
    offers: tuple[OfferIn, ...] | None = Field(None, max_length=100)
    cpu: float = Field(0, ge=0)
    memory: float = Field(0, ge=0)
    gpu: float | None = Field(None, ge=0)
    gpu_memory: float | None = Field(None, ge=0)
    current_concurrent: int = Field(0, ge=0)
    queue_size: int = Field(0, ge=0)
    request_count: int = Field(0, ge=0)
    error_count: int = Field(0, ge=0)
    avg_response_time_ms: float = Field(0, ge=0)


class Registration(Beat):
    """A node that wants to speak; `url`, or `host` and `port`, is where it is reached."""

    node_id: str | None = Field(None, max_length=100)
    engine_type: str = Field(max_length=100)
    host: str | None = Field(None, max_length=255)
    port: int | None = Field(None, ge=1, le=65535)
    url: str | None = Field(None, max_length=500)
    version: str = Field("", max_length=100)
    boot: str = Field("", max_length=100)
    about: dict[Annotated[str, Field(max_length=50)], Annotated[str, Field(max_length=300)]] = (
        Field({}, max_length=20)
    )


async def worker_only(request: Request, authorization: Annotated[str, Header()] = "") -> None:
    """Lets in who has the nodes' token; where there is none, programs of this machine."""
    limits: Limits = request.app.state.limits
    if limits.is_node(authorization, request.client.host if request.client else ""):
        return
    if limits.node_token:
        raise Refusal(Unauthorized("The token is missing or wrong (cluster.token)."))
    raise Refusal(
        Unauthorized("Nodes of other machines need a token: set cluster.token here and there.")
    )


Worker = Depends(worker_only)


@router.post("/nodes/register", dependencies=[Worker])
async def register(said: Registration, request: Request, served: Served) -> dict[str, Any]:
    """Take a node in; it beats under the id that it is given."""
    offers = [Offer(**each.model_dump()) for each in said.offers or ()]
    node = Node(
        id=said.node_id or "",
        url=_url(said, request),
        offers=tuple(offers) or served.nodes.offers(said.engine_type),
        state=_state(said) or STANDBY,
        error=said.error,
        load=_load(said),
        version=said.version,
        boot=said.boot,
        about=said.about,
    )
    kept = await served.nodes.register(node)
    return {"success": True, "node_id": kept.id}


@router.post("/nodes/{node_id}/heartbeat", dependencies=[Worker])
async def heartbeat(node_id: Id, said: Beat, served: Served) -> dict[str, bool]:
    """A sign of life; `success` is false for a node that must register again."""
    offers = None if said.offers is None else [Offer(**each.model_dump()) for each in said.offers]
    known = await served.nodes.beat(node_id, _load(said), _state(said), offers, said.error)
    return {"success": known}


@router.delete("/nodes/{node_id}", dependencies=[Worker])
async def leave(node_id: Id, served: Served) -> dict[str, bool]:
    """Forget a node."""
    await served.nodes.remove(node_id)
    return {"success": True}


@router.get("/nodes")
async def nodes(
    served: Served,
    engine: Annotated[str | None, Query(max_length=100)] = None,
    status: Annotated[str | None, Query(max_length=20)] = None,
) -> dict[str, Any]:
    """The nodes there are."""
    found = [as_node(seen) for seen in served.nodes.all(engine, status)]
    return {"nodes": found, "total": len(found)}


@router.get("/nodes/{node_id}")
async def node(node_id: Id, served: Served) -> dict[str, Any]:
    """One node."""
    return as_node(served.nodes.get(node_id))


@router.post("/nodes/{node_id}/command")
async def command(node_id: Id, asked: Command, served: Served) -> dict[str, Any]:
    """`activate` brings a model into memory, `standby` gives the memory back, `stop` lets the node
    finish and end."""
    answer = await served.nodes.command(node_id, asked.command, asked.params)
    return {"success": True, "message": f"{asked.command} sent", **answer}


@router.get("/status")
async def status(served: Served) -> dict[str, Any]:
    """All nodes together."""
    return as_status(served)


def as_status(served: Services) -> dict[str, Any]:
    """As the status route and the live updates tell it."""
    seen = served.nodes.summary()
    return {
        "status": "ok" if seen.online else "no_nodes",
        "online_nodes": seen.online,
        "total_nodes": seen.total,
        "total_requests": seen.requests,
        "total_errors": seen.errors,
        "current_concurrent": seen.concurrent,
        "seats": seen.seats,
        "avg_response_time_ms": seen.mean_ms,
        "engines": dict(seen.engines),
    }


def as_node(seen: Seen) -> dict[str, Any]:
    """A node as this dialect writes it."""
    node = seen.node
    place = urlsplit(node.url)
    return {
        "node_id": node.id,
        "engine_type": node.offers[0].engine if node.offers else None,
        "host": place.hostname,
        "port": place.port,
        "url": node.url,
        "status": seen.state,
        "model_loaded": any(offer.loaded for offer in node.offers),
        "error": node.error,
        "offers": [asdict(offer) for offer in node.offers],
        "seconds_since_heartbeat": round(seen.silent, 1),
        "registered_at": node.registered_at,
        "version": node.version,
        "about": dict(node.about),
        **asdict(node.load),
        "current_concurrent": seen.under_way,
    }


def _load(said: Beat) -> Load:
    return Load(**{name: getattr(said, name) for name in _LOAD})


def _state(said: Beat) -> str | None:
    if said.status is not None and said.status not in STATES:
        raise InvalidInput(
            f"There is no state '{said.status}'. Known: {', '.join(STATES)}.", param="status"
        )
    return said.status


def _url(said: Registration, request: Request) -> str:
    """Where the node is reached; on this machine only, where nodes need no token."""
    url = said.url or f"http://{said.host}:{said.port}"
    try:
        place = urlsplit(url)
        usable = place.scheme in ("http", "https") and place.hostname and place.port != 0
    except ValueError:
        usable = False
    if not usable or not (said.url or (said.host and said.port)):
        raise InvalidInput("Say where the node is reached: url, or host and port.", param="url")
    if not request.app.state.limits.node_token and not is_here(place.hostname):
        raise Unauthorized(
            "Nodes of other machines need a token: set cluster.token here and there."
        )
    return url.rstrip("/")
