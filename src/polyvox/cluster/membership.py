"""A node among a gateway's: registers, says that it lives and how it is, leaves when it ends; and
registers again by itself when the gateway does not know it any more."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import asdict
from time import monotonic
from typing import Any
from uuid import uuid4

import aiohttp

from polyvox import __version__
from polyvox.cluster.desk import Desk
from polyvox.domain.errors import Unavailable

_log = logging.getLogger(__name__)
_LOOK = 0.25
"""Seconds between two looks whether something has changed that the gateway should know at once."""
_ANSWERS_WITHIN = 10.0
_PAUSES = (0.5, 1.0, 2.0, 4.0, 8.0)
"""Seconds before a gateway that was away is asked again."""


class Membership:
    """Of one node, with any of several gateways that share what they know."""

    def __init__(
        self,
        desk: Desk,
        gateways: Sequence[str],
        token: str | None,
        beat: float,
        about: Mapping[str, Any],
        engine: str,
        address: Callable[[str], str],
    ) -> None:
        """`beat` are the seconds between two signs of life; `address` gives this node's, as the
        gateway at that URL reaches it."""
        self.id = str(uuid4())
        self._boot = uuid4().hex
        self._desk, self._gateways, self._every = desk, list(gateways), beat
        self._headers = {"Authorization": f"Bearer {token}"} if token else {}
        self._about, self._engine, self._address = dict(about), engine, address
        self._told: tuple[Any, ...] = ()

    @contextlib.asynccontextmanager
    async def living(self) -> AsyncIterator[None]:
        """A member, while the block runs."""
        timeout = aiohttp.ClientTimeout(total=_ANSWERS_WITHIN)
        async with aiohttp.ClientSession(headers=self._headers, timeout=timeout) as session:
            beating = asyncio.create_task(self._live(session))
            try:
                yield
            finally:
                beating.cancel()
                await asyncio.gather(beating, return_exceptions=True)
                with contextlib.suppress(Unavailable):
                    await self._ask(session, "DELETE", f"/api/nodes/{self.id}", None)

    async def _live(self, session: aiohttp.ClientSession) -> None:
        failures = 0
        while True:
            try:
                await self._register(session)
                failures = 0
                await self._beat(session)
                _log.warning("the gateway does not know this node any more; it registers again")
            except Unavailable as error:
                pause = _PAUSES[min(failures, len(_PAUSES) - 1)]
                if failures in (0, len(_PAUSES)):
                    _log.warning("%s; it will be tried again", error.message)
                failures += 1
                await asyncio.sleep(pause)

    async def _register(self, session: aiohttp.ClientSession) -> None:
        said = await self._said()
        answer = await self._ask(session, "POST", "/api/nodes/register", said, placed=True)
        self.id = str(answer.get("node_id") or self.id)
        _log.info("registered with %s as %s", self._gateways[0], self.id)

    async def _beat(self, session: aiohttp.ClientSession) -> None:
        """Signs of life, at once when the state changes; returns when they are not known."""
        beaten = monotonic()
        while True:
            await asyncio.sleep(min(_LOOK, self._every))
            if self._now == self._told and monotonic() - beaten < self._every:
                continue
            beaten = monotonic()
            said = await self._said()
            answer = await self._ask(session, "POST", f"/api/nodes/{self.id}/heartbeat", said)
            if not answer.get("success"):
                return

    @property
    def _now(self) -> tuple[Any, ...]:
        """What the gateway should know at once when it changes; busy and ready come and go."""
        state = "ready" if self._desk.state == "busy" else self._desk.state
        return state, self._desk.error, self._desk.offers

    async def _said(self) -> dict[str, Any]:
        self._told = self._now
        load = await asyncio.to_thread(lambda: self._desk.load)
        offers = self._desk.offers
        return {
            "node_id": self.id,
            "engine_type": self._engine,
            "status": self._desk.state,
            "model_loaded": any(offer.loaded for offer in offers),
            "error": self._desk.error,
            "offers": [asdict(offer) for offer in offers],
            "version": __version__,
            "boot": self._boot,
            "about": self._about,
            **asdict(load),
        }

    async def _ask(
        self,
        session: aiohttp.ClientSession,
        method: str,
        path: str,
        said: Mapping[str, Any] | None,
        *,
        placed: bool = False,
    ) -> dict[str, Any]:
        """The first gateway's answer; one that does not answer goes to the end of the row.

        Raises Unavailable when none answers, or when it refuses.
        """
        reasons = []
        for gateway in list(self._gateways):
            try:
                body = said
                if said and placed:
                    body = {**said, "url": await asyncio.to_thread(self._address, gateway)}
                async with session.request(method, f"{gateway}{path}", json=body) as response:
                    if response.status < 300:
                        return dict(await response.json())
                    why = (await response.text())[:300]
                    reasons.append(f"{gateway} answers {response.status}: {why}")
            except (aiohttp.ClientError, OSError, ValueError, TypeError) as error:
                reasons.append(f"{gateway} is away: {error or type(error).__name__}")
            self._gateways.append(self._gateways.pop(0))
        raise Unavailable("No gateway takes this node: " + "; ".join(reasons))
