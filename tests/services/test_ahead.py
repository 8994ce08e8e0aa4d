"""Segments are spoken before their turn: some always, more where seats are free, none while much
lies ready."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncGenerator

import numpy as np
import pytest

from polyvox.domain.audio import AudioChunk
from polyvox.domain.errors import EngineFailed
from polyvox.services.ahead import Ahead

_RATE = 1000


class Engine:
    """Speaks segments of so many seconds at once, and notes which were begun."""

    def __init__(self, seats: int, seconds: float = 1.0) -> None:
        self.seats, self.seconds = asyncio.Semaphore(seats), seconds
        self.size, self.begun = seats, list[int]()
        self.speaking = 0

    def free(self) -> int:
        return self.size - self.speaking

    async def speak(self, number: int) -> AsyncGenerator[AudioChunk, None]:
        self.begun.append(number)
        async with self.seats:
            self.speaking += 1
            try:
                await asyncio.sleep(0)
                samples = np.full(int(self.seconds * _RATE), number / 100, np.float32)
                for at in range(0, len(samples), _RATE):
                    yield AudioChunk(samples[at : at + _RATE], _RATE)
            finally:
                self.speaking -= 1


async def _settled() -> None:
    for _ in range(50):
        await asyncio.sleep(0)


async def test_all_is_heard_in_order() -> None:
    engine = Engine(4, seconds=2.5)
    ahead, heard, ends = Ahead([engine.speak(n) for n in range(9)], 2, engine.free), [], []
    async for number, chunks, ended in ahead.takes():
        heard += [float(chunk.samples[0]) * 100 for chunk in chunks]
        ends += [number] if ended else []
    assert [round(each) for each in heard] == [n for n in range(9) for _ in range(3)]
    assert ends == list(range(9))


async def _begun_at_the_first_sound(engine: Engine, least: int, count: int = 30) -> list[int]:
    ahead = Ahead([engine.speak(n) for n in range(count)], least, engine.free)
    async with contextlib.aclosing(ahead.takes()) as takes:
        await anext(takes)
        await _settled()
        return list(engine.begun)


async def test_as_many_are_begun_as_there_are_seats() -> None:
    assert len(await _begun_at_the_first_sound(Engine(8, seconds=0.0), 1)) >= 8


async def test_a_few_are_begun_where_no_seat_is_free() -> None:
    engine = Engine(1)
    engine.size = 0
    begun = await _begun_at_the_first_sound(engine, 2)
    assert begun[:3] == [0, 1, 2]


async def test_none_is_begun_where_none_is_wanted() -> None:
    assert await _begun_at_the_first_sound(Engine(8), 0) == [0]


async def test_for_a_slow_listener_only_so_much_lies_ready() -> None:
    engine = Engine(4, seconds=10.0)
    begun = await _begun_at_the_first_sound(engine, 2, count=100)
    assert len(begun) * engine.seconds <= 60


async def test_what_lies_ready_is_made_up_for_while_it_is_heard() -> None:
    engine = Engine(2, seconds=10.0)
    ahead = Ahead([engine.speak(n) for n in range(40)], 2, engine.free)
    most = 0
    async for number, _, _ in ahead.takes():
        await _settled()
        most = max(most, len(engine.begun) - number)
    assert len(engine.begun) == 40
    assert most <= 4


async def test_an_error_comes_in_its_turn_and_ends_what_was_begun() -> None:
    engine = Engine(4)

    async def failing() -> AsyncGenerator[AudioChunk, None]:
        raise EngineFailed("no voice")
        yield AudioChunk(np.empty(0, np.float32), _RATE)

    segments = [engine.speak(0), failing(), engine.speak(2)]
    heard = list[int]()

    async def listen() -> None:
        async for number, chunks, _ in Ahead(segments, 2, engine.free).takes():
            heard.extend([number] * len(chunks))

    with pytest.raises(EngineFailed):
        await listen()
    assert heard == [0]
    await _settled()
    assert engine.speaking == 0
