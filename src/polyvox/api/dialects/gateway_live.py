"""Live updates of the voice-clone gateway: how its nodes are doing, to whoever watches."""

from __future__ import annotations

import asyncio
import contextlib
import json
from time import monotonic
from urllib.parse import urlsplit

from fastapi import APIRouter, WebSocket
from fastapi.responses import JSONResponse
from starlette.websockets import WebSocketDisconnect

from polyvox.api.dialects.gateway_nodes import as_node, as_status
from polyvox.services import Services

router = APIRouter()
EVERY = 2.0
"""Seconds."""
_PORTS = {"http": 80, "https": 443}


class Watchers:
    """Those of one application, all of whom are told the same."""

    def __init__(self, most: int = 100) -> None:
        """`most` may watch at once."""
        self.most, self.count = most, 0
        self._text, self._written = "", -EVERY

    def news(self, served: Services) -> str:
        """What there is to tell now, written once for all who are told at about that time."""
        now = monotonic()
        if now - self._written > EVERY / 2:
            nodes = [as_node(seen) for seen in served.nodes.all()]
            told = {"type": "status", "status": as_status(served), "nodes": nodes}
            self._text, self._written = json.dumps(told), now
        return self._text


@router.websocket("/ws")
async def watch(socket: WebSocket) -> None:
    """The status of the gateway and its nodes, at once and every two seconds."""
    served: Services = socket.app.state.services
    watchers: Watchers = socket.app.state.watchers
    if not _from_here(socket):
        await _refuse(socket, 403, "Pages of other sites may not watch.")
    elif served.cluster is None:
        await _refuse(socket, 503, "This server speaks by itself; there are no nodes to watch.")
    elif watchers.count >= watchers.most:
        await _refuse(socket, 503, f"{watchers.most} are watching already.")
    else:
        watchers.count += 1
        try:
            await _tell(socket, watchers, served)
        finally:
            watchers.count -= 1


async def _tell(socket: WebSocket, watchers: Watchers, served: Services) -> None:
    """Until one side leaves."""
    await socket.accept()
    leaving = asyncio.ensure_future(_left(socket))
    try:
        with contextlib.suppress(WebSocketDisconnect):
            while not leaving.done():
                await socket.send_text(watchers.news(served))
                await asyncio.wait((leaving,), timeout=EVERY)
    finally:
        leaving.cancel()
        await asyncio.gather(leaving, return_exceptions=True)


async def _left(socket: WebSocket) -> None:
    """What a client says is not listened to."""
    while (await socket.receive())["type"] != "websocket.disconnect":
        pass


async def _refuse(socket: WebSocket, status: int, why: str) -> None:
    await socket.send_denial_response(JSONResponse({"detail": why}, status))


def _from_here(socket: WebSocket) -> bool:
    """Whether no page of another site asks: browsers say whose page does, other programs do not."""
    origin = socket.headers.get("origin")
    if origin is None:
        return True
    try:
        page = urlsplit(origin)
        port = _PORTS.get(page.scheme)
        here = urlsplit(f"//{socket.headers.get('host', '')}")
        return page.hostname is not None and (page.hostname, page.port or port) == (
            here.hostname,
            here.port or port,
        )
    except ValueError:
        return False
