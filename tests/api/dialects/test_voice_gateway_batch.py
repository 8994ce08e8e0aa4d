"""What is made in order, for an answer that is written meanwhile."""

import asyncio
from contextlib import aclosing

import pytest

from polyvox.api.dialects.gateway_batch import in_order


class Bench:
    """Makes squares, the first ones slowest, and counts."""

    def __init__(self) -> None:
        self.begun, self.under_way, self.most = 0, 0, 0

    async def square(self, number: int) -> int:
        self.begun += 1
        self.under_way += 1
        self.most = max(self.most, self.under_way)
        try:
            await asyncio.sleep(0.02 if number < 3 else 0.001)
        finally:
            self.under_way -= 1
        return number * number


@pytest.mark.parametrize("at_once", [1, 3, 50])
async def test_all_come_in_their_order(at_once: int) -> None:
    bench = Bench()
    made = [each async for each in in_order(range(20), bench.square, at_once)]
    assert made == [number * number for number in range(20)]
    assert bench.most == min(20, 2 * at_once)


async def test_nothing_is_made_far_ahead_of_who_takes_it() -> None:
    bench = Bench()
    async with aclosing(in_order(range(100), bench.square, 2)) as squares:
        assert await anext(squares) == 0
        await asyncio.sleep(0.1)
        assert bench.begun == 4


async def test_who_leaves_stops_the_making() -> None:
    bench = Bench()
    async with aclosing(in_order(range(100), bench.square, 2)) as squares:
        await anext(squares)
    begun = bench.begun
    assert bench.under_way == 0
    await asyncio.sleep(0.05)
    assert bench.begun == begun
