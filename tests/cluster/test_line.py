"""Waiting for a seat is first come first served, and bounded."""

from __future__ import annotations

import asyncio

import pytest

from polyvox.cluster.line import Line
from polyvox.domain.errors import Busy
from polyvox.runtime.lane import Limits


async def test_the_first_who_came_is_served_first() -> None:
    line, served = Line(Limits()), list[int]()

    async def wait(number: int) -> None:
        async with line.head(False, 1):
            served.append(number)
            await asyncio.sleep(0)

    await asyncio.gather(*map(wait, range(5)))
    assert served == [0, 1, 2, 3, 4]


async def test_who_finds_the_line_full_is_told_when_to_come_again() -> None:
    line = Line(Limits(waiting=1))
    async with line.head(False, 1):
        with pytest.raises(Busy) as caught:
            async with line.head(False, 1):
                pass
        assert caught.value.retry_after
        waiting = asyncio.create_task(_through(line))
        await asyncio.sleep(0)
        assert not waiting.done()
    await waiting


async def _through(line: Line) -> None:
    """What is promised waits its turn in a line that is full."""
    async with line.head(True, 1):
        pass


async def test_who_waits_too_long_is_told_so() -> None:
    line = Line(Limits(wait=0.05))
    async with line.head(True, 1):
        with pytest.raises(Busy, match="No node"):
            async with line.head(False, 1):
                pass


async def test_who_leaves_the_line_makes_room() -> None:
    line = Line(Limits(waiting=2))
    async with line.head(False, 1):
        waiting = asyncio.create_task(_through(line))
        await asyncio.sleep(0)
        waiting.cancel()
        await asyncio.gather(waiting, return_exceptions=True)
        await asyncio.wait_for(_busy_or_not(line), 1)


async def _busy_or_not(line: Line) -> None:
    again = asyncio.create_task(_through(line))
    await asyncio.sleep(0)
    again.cancel()
    await asyncio.gather(again, return_exceptions=True)
