"""The seam between those who ask for a job and those who work at it. A queue carries ids; what a
job is stands in its row."""

from __future__ import annotations

import asyncio
from typing import Protocol

from polyvox.domain.job import Job


class Queue(Protocol):
    """Tells workers that there is something to do. It may lose what it was told, for rows that
    wait too long are looked for; it must not invent anything."""

    async def put(self, job: Job) -> None:
        """Somebody should take this job."""
        ...

    async def ping(self) -> None:
        """Raises Unavailable, with what to do, when nobody could be told."""
        ...

    async def close(self) -> None: ...


class Embedded:
    """For workers in the same process: a bell."""

    def __init__(self) -> None:
        self._bell = asyncio.Event()

    async def put(self, job: Job) -> None:
        self._bell.set()

    async def ping(self) -> None:
        return

    async def close(self) -> None:
        return

    async def rung(self, within: float) -> None:
        """Wait until something was put, or for so many seconds."""
        try:
            async with asyncio.timeout(within):
                await self._bell.wait()
        except TimeoutError:
            return
        self._bell.clear()
