"""Builds what speaks through nodes, and the node itself."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import platform
import socket
from collections.abc import AsyncIterator, Callable, Sequence
from urllib.parse import urlsplit

from polyvox.app.launching import launch
from polyvox.cluster.access import Token
from polyvox.cluster.balance import BALANCES
from polyvox.cluster.caller import Caller
from polyvox.cluster.cluster import Cluster
from polyvox.cluster.desk import Desk
from polyvox.cluster.launches import Launches
from polyvox.cluster.members import Members
from polyvox.cluster.membership import Membership
from polyvox.cluster.node import application
from polyvox.cluster.registry import OwnRegistry, SharedRegistry
from polyvox.domain.errors import PolyvoxError, Unavailable
from polyvox.engines.registry import Registry
from polyvox.runtime.lane import Limits
from polyvox.runtime.pool import Pool
from polyvox.runtime.speakers import Speakers
from polyvox.services.engines import Engines
from polyvox.services.nodes import Nodes
from polyvox.services.presets import Presets
from polyvox.settings import Settings

_log = logging.getLogger(__name__)
_TOKEN = "cluster.token (POLYVOX_CLUSTER__TOKEN)"


def cluster(settings: Settings, known: Registry, local: Pool, limits: Limits) -> Cluster:
    """Nodes that register, and this machine for what none of them speaks. Raises Unavailable for
    a token that can be guessed."""
    given = settings.cluster
    if given.token:
        Token(given.token, _TOKEN)
    book = SharedRegistry(given.redis) if given.redis else OwnRegistry()
    members = Members(book, given.dead_seconds)

    def here(model: str) -> bool:
        try:
            launch(settings, known, model)
        except PolyvoxError:
            return False
        return True

    caller = Caller(given.token, given.silence_seconds)
    return Cluster(members, caller, BALANCES[given.balance], limits, local, here)


def nodes(speakers: Speakers, engines: Engines, presets: Presets) -> Nodes:
    """Who manages the nodes of what `cluster` built; engines that they bring are switched on."""
    assert isinstance(speakers, Cluster)

    def learn(engine: str) -> None:
        try:
            engines.add(engine)
        except PolyvoxError as error:
            _log.warning("a node offers an engine that is unknown here: %s", error.message)
        presets.learn()

    speakers.members.learn = learn
    return Nodes(speakers, engines)


class Worker:
    """A node of this machine: its application, and its life among those of a gateway."""

    def __init__(self, settings: Settings, known: Registry, engines: Sequence[str]) -> None:
        """Raises NotFound for an unknown engine, Unavailable without a token it needs."""
        given = settings.cluster
        token = _token(given.token, settings.server.host)
        declared = {name: known.synthesizer(name) for name in engines}
        self._models = {name: each.models or (name,) for name, each in declared.items()}
        models = [model for each in self._models.values() for model in each]
        self._launches = Launches(models, lambda model: launch(settings, known, model))
        limits = Limits(
            waiting=given.waiting,
            wait=settings.speech.max_wait_seconds,
            load=settings.engines.load_seconds,
            patience=settings.engines.chunk_seconds,
            loaded=settings.engines.max_loaded_models,
            keep=None,
        )
        pool = Pool(self._launches, limits)
        languages = {name: tuple(each.languages) for name, each in declared.items()}
        self.desk = Desk(self._launches, pool, languages)
        self.application = application(token, self._launches, self.desk)
        self._settings = settings

    async def prepare(self, load: bool) -> None:
        """Find out which models can be spoken with here, and with `load` bring the first of each
        engine into memory. Raises Unavailable, with what to do, where there is none."""
        preparing = [self._launches.prepare(model) for model in self._launches.models]
        results = await asyncio.gather(*preparing, return_exceptions=True)
        here = self._launches.prepared()
        if not here:
            raise next(each for each in results if isinstance(each, BaseException))
        for models in self._models.values() if load else ():
            for model in [each for each in models if each in here][:1]:
                self.desk.activate(model)

    @contextlib.asynccontextmanager
    async def living(self, port: int) -> AsyncIterator[None]:
        """Registered with the gateways, if there are any, while the block runs."""
        given = self._settings.cluster
        if not given.gateways:
            yield
            return
        about = {"machine": platform.node(), "system": platform.system()}
        membership = Membership(
            self.desk,
            [each.rstrip("/") for each in given.gateways],
            given.token,
            given.beat_seconds,
            about,
            next(iter(self._models)),
            _address(given.advertise, self._settings, port),
        )
        mending = asyncio.create_task(self.desk.mend())
        try:
            async with membership.living():
                yield
        finally:
            mending.cancel()
            await asyncio.gather(mending, return_exceptions=True)

    async def drained(self) -> None:
        """Wait until it is told to stop and has spoken what it had begun."""
        await self.desk.stopping.wait()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self._settings.cluster.drain_seconds):
                await self.desk.idle.wait()


def _token(token: str | None, host: str) -> Token | None:
    if token:
        return Token(token, _TOKEN)
    if host not in ("127.0.0.1", "::1", "localhost"):
        raise Unavailable(
            f"A worker that listens on {host} needs a token that the gateway shares: set {_TOKEN}. "
            "Make one with: "
            "python -c 'import secrets; print(secrets.token_urlsafe(32))'"
        )
    return None


def _address(advertise: str | None, settings: Settings, port: int) -> Callable[[str], str]:
    """How a gateway reaches us: as we are told, or by the address from which we reach it."""
    host, scheme = settings.server.host, "https" if settings.server.certificate else "http"

    def address(gateway: str) -> str:
        if advertise:
            return advertise.rstrip("/")
        if host not in ("0.0.0.0", "::", ""):
            return f"{scheme}://{f'[{host}]' if ':' in host else host}:{port}"
        there = urlsplit(gateway)
        found = socket.getaddrinfo(there.hostname, there.port or 80, type=socket.SOCK_DGRAM)
        family, kind, _, _, place = found[0]
        with socket.socket(family, kind) as probe:
            probe.connect(place)
            own = probe.getsockname()[0]
        return f"{scheme}://{f'[{own}]' if ':' in own else own}:{port}"

    return address
