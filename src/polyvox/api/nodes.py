"""Nodes as a gateway sees them: looked at, told what to do, forgotten. They register through
`dialects/gateway_nodes`."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Self

from fastapi import APIRouter, Path, Query
from pydantic import BaseModel, Field

from polyvox.api.access import Served
from polyvox.api.errors import REFUSALS
from polyvox.api.voices import moment
from polyvox.domain.node import Load, Offer
from polyvox.services.nodes import Seen

router = APIRouter(prefix="/nodes", tags=["nodes"], responses=REFUSALS)
Id = Annotated[str, Path(max_length=100, description="A node's id.")]


class NodeAnswer(BaseModel):
    """A machine's worker process that speaks for this gateway."""

    id: str
    url: str = Field(description="Where the gateway reaches it.")
    state: str = Field(
        description="standby, loading, ready, busy, draining, error; offline when nothing has been "
        "heard of it."
    )
    error: str | None = Field(description="Why it cannot speak, where its state is error.")
    offers: tuple[Offer, ...] = Field(description="The models that it speaks with.")
    load: Load = Field(description="What it measured of itself at its last sign of life.")
    under_way: int = Field(description="Segments that it is speaking, as far as is known here.")
    silent_seconds: float = Field(description="Since its last sign of life.")
    registered_at: datetime | None
    version: str
    about: dict[str, Any] = Field(description="What it says of its machine.")

    @classmethod
    def of(cls, seen: Seen) -> Self:
        node = seen.node
        return cls(
            id=node.id,
            url=node.url,
            state=seen.state,
            error=node.error,
            offers=node.offers,
            load=node.load,
            under_way=seen.under_way,
            silent_seconds=round(seen.silent, 1),
            registered_at=moment(node.registered_at),
            version=node.version,
            about=dict(node.about),
        )


class NodeList(BaseModel):
    nodes: list[NodeAnswer]


class Command(BaseModel):
    """What a node is to do."""

    command: str = Field(
        max_length=40,
        description="activate (or load_model) brings a model into memory, standby (or "
        "unload_model) gives its memory back, stop lets the node finish and end.",
    )
    params: dict[str, Any] = Field({}, description="`model`: which one; else the node chooses.")


class CommandAnswer(BaseModel):
    id: str
    command: str
    state: str = Field(description="Of the node, when it had heard the command.")


@router.get("")
async def list_nodes(
    served: Served,
    engine: Annotated[str | None, Query(max_length=100, description="That they offer.")] = None,
    state: Annotated[str | None, Query(max_length=20, description="That they are in.")] = None,
) -> NodeList:
    """The nodes there are, in the order in which they registered."""
    return NodeList(nodes=[NodeAnswer.of(seen) for seen in served.nodes.all(engine, state)])


@router.get("/{id}")
async def get_node(id: Id, served: Served) -> NodeAnswer:
    """One node."""
    return NodeAnswer.of(served.nodes.get(id))


@router.post("/{id}/command")
async def command_node(id: Id, asked: Command, served: Served) -> CommandAnswer:
    """Have a node do something; the answer comes when it has begun."""
    answer = await served.nodes.command(id, asked.command, asked.params)
    return CommandAnswer(id=id, command=asked.command, state=str(answer.get("status", "")))


@router.delete("/{id}", status_code=204)
async def forget_node(id: Id, served: Served) -> None:
    """Forget a node that does not come back; one that lives registers again."""
    await served.nodes.remove(id)
