"""Counts requests of the last minute, in memory or in a Redis that several servers share. The
window slides: what came before the minute's turn counts by the part of it that is not too old."""

from __future__ import annotations

import logging
from time import monotonic
from typing import Any

from limits import RateLimitItemPerMinute
from limits.aio.storage import MemoryStorage, RedisStorage
from limits.aio.strategies import SlidingWindowCounterRateLimiter
from limits.errors import ConfigurationError, StorageError

from polyvox.api.limits import Rates, Refused
from polyvox.domain.errors import Unavailable

_log = logging.getLogger(__name__)
_ANSWERS_WITHIN = 1.0
"""Seconds that Redis has."""
_REST = 5.0
"""Seconds for which Redis is not asked after it did not answer."""


class Counts:
    """Requests of the last minute, of all clients and of each address."""

    def __init__(self, rates: Rates) -> None:
        """Raises Unavailable without what Redis needs."""
        self._all = _a_minute(rates.per_minute)
        self._each = _a_minute(rates.per_address)
        self._storage = _shared(rates.redis) if rates.redis else MemoryStorage()
        self._limiter = SlidingWindowCounterRateLimiter(self._storage)
        self._rests_until = 0.0
        self._warned = False

    async def refused(self, address: str) -> Refused | None:
        """Count a request. One that an address has too many does not count for all."""
        if monotonic() < self._rests_until:
            return None
        try:
            refused = await self._hit(self._each, "address", address)
            refused = refused or await self._hit(self._all, "all")
        except (StorageError, OSError) as error:
            self._rests_until = monotonic() + _REST
            if not self._warned:
                _log.warning("requests are not counted, Redis (cluster.redis) is away: %s", error)
            self._warned = True
            return None
        self._warned = False
        return refused

    async def close(self) -> None:
        if isinstance(self._storage, RedisStorage):
            redis: Any = self._storage.bridge
            await redis.storage.aclose()

    async def _hit(self, item: RateLimitItemPerMinute | None, *of: str) -> Refused | None:
        if item is None or await self._limiter.hit(item, *of):
            return None
        reset = (await self._limiter.get_window_stats(item, *of)).reset_time
        who = "Your address has" if of[0] == "address" else "All clients together have"
        why = f"{who} asked {item.amount} times within a minute, which is the limit."
        return Refused(why, item.amount, reset)


def _a_minute(most: int | None) -> RateLimitItemPerMinute | None:
    return RateLimitItemPerMinute(most, namespace="polyvox") if most else None


def _shared(url: str) -> RedisStorage:
    try:
        return RedisStorage(
            url.replace("unix://", "redis+unix://", 1),
            wrap_exceptions=True,
            implementation="redispy",
            socket_timeout=_ANSWERS_WITHIN,
            socket_connect_timeout=_ANSWERS_WITHIN,
        )
    except ConfigurationError as error:
        raise Unavailable(
            "Limits in Redis need the package redis. Run: pip install 'polyvox[redis]'"
        ) from error
