"""Asks nodes over HTTP: wire messages there, wire messages back as they come."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from typing import Any, cast

import aiohttp
from aiohttp.http_exceptions import HttpProcessingError

from polyvox.cluster.stream import MEDIA_TYPE
from polyvox.domain.errors import EngineFailed, NodeLost, from_message
from polyvox.domain.trace import HEADER, request_id
from polyvox.runtime.wire import Message, WireBroken, receive

_CONNECT_WITHIN = 3.0
_LONGEST_LINE = 1024 * 1024
_IDLE = 4.0
"""Seconds for which a connection is kept: fewer than the five after which a node closes it, for a
request that meets the closing is lost."""
_WHY = 2000
"""Characters of a refusal that are read."""


class StateNeeded(Exception):
    """The node does not hold the voice's state."""


class Caller:
    """One for all nodes; connections are kept for the next request."""

    def __init__(self, token: str | None, silence: float) -> None:
        """A node that sends nothing for `silence` seconds is lost; one that works says every
        second that it does."""
        self._headers = {"Authorization": f"Bearer {token}"} if token else {}
        self._timeout = aiohttp.ClientTimeout(
            total=None, sock_connect=_CONNECT_WITHIN, sock_read=silence
        )
        self._session: aiohttp.ClientSession | None = None

    async def ask(self, url: str, model: str, body: bytes) -> AsyncGenerator[Message, None]:
        """What the node answers, to its last message. Leaving early closes the connection, which
        the node hears.

        Raises NodeLost when it does not answer as a node does, StateNeeded, and what the node
        raised.
        """
        async with self._posted(f"{url}/host", body, {"model": model}) as response:
            if response.content_type != MEDIA_TYPE:
                raise NodeLost(f"Node {url} answers {response.content_type:.60}, not speech.")
            # aiohttp's reader has the two methods of asyncio's that are needed
            reader = cast(asyncio.StreamReader, response.content)
            while True:
                message = await _next(url, reader)
                if message.kind == "waiting":
                    continue
                if message.kind == "error":
                    raise from_message(dict(message.fields))
                yield message
                if message.kind in ("done", "made"):
                    await response.read()
                    return

    async def command(self, url: str, command: str, params: Mapping[str, Any]) -> dict[str, Any]:
        """Have a node do something; what it answers. Raises as `ask` does."""
        asked = json.dumps({"command": command, "params": dict(params)}).encode()
        async with self._posted(f"{url}/command", asked, {}) as response:
            try:
                return dict(await response.json())
            except (ValueError, TypeError, aiohttp.ClientError) as error:
                raise NodeLost(f"Node {url} does not answer as a node does.") from error

    async def close(self) -> None:
        if self._session:
            await self._session.close()

    @contextlib.asynccontextmanager
    async def _posted(
        self, url: str, body: bytes, query: Mapping[str, str]
    ) -> AsyncIterator[aiohttp.ClientResponse]:
        if self._session is None:
            self._session = aiohttp.ClientSession(
                headers=self._headers,
                timeout=self._timeout,
                connector=aiohttp.TCPConnector(limit=0, keepalive_timeout=_IDLE),
                read_bufsize=_LONGEST_LINE,
                auto_decompress=False,
            )
        try:
            asked_by = {HEADER: request_id()} if request_id() else None
            async with self._session.post(
                url, data=body, params=query, headers=asked_by, allow_redirects=False
            ) as response:
                if response.status != 200:
                    raise await _refusal(url, response)
                yield response
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise NodeLost(f"{_place(url)} is lost: {_reason(error)}") from error


async def _next(url: str, reader: asyncio.StreamReader) -> Message:
    try:
        message = await receive(reader)
    except (WireBroken, aiohttp.ClientError, HttpProcessingError, TimeoutError) as error:
        raise NodeLost(f"Node {url} broke off: {_reason(error)}") from error
    if message is None:
        raise NodeLost(f"Node {url} broke off before its answer's end.")
    return message


async def _refusal(url: str, response: aiohttp.ClientResponse) -> Exception:
    """What a status other than 200 means."""
    said = (await response.content.read(_WHY)).decode(errors="replace")
    try:
        error = json.loads(said)["error"]
        code, message = str(error["code"]), str(error["message"])
    except (ValueError, KeyError, TypeError):
        return NodeLost(f"{_place(url)} answers {response.status}, not as a node does.")
    if code == "state_needed":
        return StateNeeded()
    if code == "unauthorized":
        return NodeLost(f"{_place(url)} refuses our token (cluster.token).")
    known = from_message(dict(error))
    return known if type(known) is not EngineFailed else NodeLost(f"{_place(url)}: {message}")


def _reason(error: BaseException) -> str:
    """What has happened, without all the bytes that have come."""
    return f"{error!s:.200}" or f"nothing came ({type(error).__name__})"


def _place(url: str) -> str:
    return f"Node {url.rpartition('/')[0]}"
