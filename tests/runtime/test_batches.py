"""Requests that wait while an engine speaks are spoken together, each with its own sound, error and
end."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from polyvox.domain.errors import EngineFailed, InvalidInput, TimedOut
from polyvox.domain.speech import Segment
from polyvox.domain.voice import CLONED, PRESET, Voice
from polyvox.runtime.launch import Launch
from polyvox.runtime.pool import Limits, Pool

CHOIR = '''
import time
from dataclasses import replace
from polyvox.domain.audio import AudioChunk
from polyvox.domain.errors import EngineFailed, PolyvoxError
from polyvox.engines.tone import Tone


class Choir(Tone):
    """Hums several lines in the time of one; how many they are is told by the loudness."""

    name = "choir"
    max_batch = 4

    def synthesize(self, segment, voice, options):
        if segment.text == "wait":
            time.sleep(0.5)
        yield from super().synthesize(segment, voice, options)

    def synthesize_batch(self, lines):
        if any(line.segment.text == "refuse" for line in lines):
            raise EngineFailed("too much at once")
        quick = replace(lines[0].options, real_time_factor=0.0)
        voices = [self.synthesize(line.segment, line.voice, quick) for line in lines]
        going = dict(enumerate(voices))
        while going:
            time.sleep(0.1 * lines[0].options.real_time_factor)
            for index, voice in list(going.items()):
                try:
                    chunk = next(voice)
                except StopIteration:
                    del going[index]
                    yield index, None
                except PolyvoxError as error:
                    del going[index]
                    yield index, error
                else:
                    yield index, AudioChunk(chunk.samples / len(lines), chunk.sample_rate)
                    if "lose" in lines[index].segment.text:
                        return
'''
LOW, MIDDLE, HIGH = (
    Voice(f"choir.{name}", name, "choir", PRESET, name) for name in ("low", "middle", "high")
)


@contextlib.asynccontextmanager
async def choir(folder: Path, seats: int = 4, limits: Limits | None = None) -> AsyncIterator[Pool]:
    (folder / "choir.py").write_text(CHOIR, encoding="utf-8")
    pool = Pool(lambda model: Launch(model, seats=seats, folder=folder), limits)
    try:
        await pool.warm("choir")
        yield pool
    finally:
        await pool.close()


async def hum(pool: Pool, text: str, voice: Voice = MIDDLE, **options: Any) -> np.ndarray[Any, Any]:
    parts = [
        chunk.samples async for chunk in pool.speak("choir", Segment(text, "en"), voice, options)
    ]
    return np.concatenate(parts)


def seconds(samples: np.ndarray[Any, Any]) -> float:
    return round(len(samples) / 24000, 3)


def pitch(samples: np.ndarray[Any, Any]) -> float:
    return float(np.abs(np.fft.rfft(samples)).argmax() * 24000 / len(samples))


def sung_by(samples: np.ndarray[Any, Any]) -> int:
    """How many lines were spoken together."""
    return round(0.5 / float(np.abs(samples).max()))


async def ahead(pool: Pool) -> "asyncio.Task[Any]":
    """Keeps the engine busy for half a second."""
    task = asyncio.create_task(hum(pool, "wait"))
    await asyncio.sleep(0.1)
    return task


async def test_those_who_wait_are_spoken_together_and_each_gets_its_own(tmp_path: Path) -> None:
    async with choir(tmp_path) as pool:
        busy = await ahead(pool)
        low, high, middle = await asyncio.gather(
            hum(pool, "ten chars.", LOW), hum(pool, "x" * 5, HIGH), hum(pool, "x" * 20)
        )
        assert sung_by(await busy) == 1
        assert [sung_by(each) for each in (low, high, middle)] == [3, 3, 3]
        assert [seconds(each) for each in (low, high, middle)] == [1.0, 0.5, 2.0]
        assert [pitch(each) for each in (low, high, middle)] == pytest.approx([220, 880, 440], 0.01)


async def test_no_more_than_the_seats_are_together(tmp_path: Path) -> None:
    async with choir(tmp_path, seats=2) as pool:
        busy = await ahead(pool)
        spoken = await asyncio.gather(*(hum(pool, "ten chars.") for _ in range(3)))
        await busy
        assert max(sung_by(each) for each in spoken) <= 2


async def test_only_requests_with_the_same_options_are_together(tmp_path: Path) -> None:
    async with choir(tmp_path) as pool:
        busy = await ahead(pool)
        one, other, third = await asyncio.gather(
            hum(pool, "ten chars.", level=0.5),
            hum(pool, "ten chars.", level=0.25),
            hum(pool, "ten chars.", level=0.5),
        )
        await busy
        loudest = [float(np.abs(each).max()) for each in (one, other, third)]
        assert loudest == pytest.approx([0.25, 0.25, 0.25], abs=0.01)


async def test_a_wrong_voice_costs_only_its_own_request(tmp_path: Path) -> None:
    wrong = Voice("x", "x", "choir", CLONED, digest="d", state=b"no state")
    async with choir(tmp_path) as pool:
        busy = await ahead(pool)
        low, failed, high = await asyncio.gather(
            hum(pool, "ten chars.", LOW),
            hum(pool, "ten chars.", wrong),
            hum(pool, "ten chars.", HIGH),
            return_exceptions=True,
        )
        await busy
        assert isinstance(failed, InvalidInput)
        assert [pitch(each) for each in (low, high)] == pytest.approx([220, 880], 0.01)  # type: ignore[arg-type]


async def test_who_leaves_a_batch_does_not_stop_the_others(tmp_path: Path) -> None:
    async with choir(tmp_path) as pool:
        process = pool.hosts("choir")[0].process.pid
        busy = await ahead(pool)
        staying = asyncio.create_task(hum(pool, "x" * 20, real_time_factor=0.5))
        leaving = pool.speak("choir", Segment("x" * 20, "en"), LOW, {"real_time_factor": 0.5})
        await anext(leaving)
        await leaving.aclose()
        assert seconds(await staying) == 2.0
        assert sung_by(await staying) == 2
        await busy
        assert sung_by(await hum(pool, "ten chars.")) == 1
        assert pool.hosts("choir")[0].process.pid == process


async def test_when_all_have_left_a_batch_it_ends(tmp_path: Path) -> None:
    async with choir(tmp_path) as pool:
        busy = await ahead(pool)
        slow = {"real_time_factor": 1.0}
        both = [pool.speak("choir", Segment("x" * 200, "en"), LOW, slow) for _ in range(2)]
        await asyncio.gather(*(anext(each) for each in both))
        await asyncio.gather(*(each.aclose() for each in both))
        await busy
        async with asyncio.timeout(3):  # the batch would take 20 s
            assert seconds(await hum(pool, "ten chars.")) == 1.0


async def test_who_leaves_while_waiting_frees_the_seat_at_once(tmp_path: Path) -> None:
    async with choir(tmp_path, seats=2) as pool:
        busy = asyncio.create_task(hum(pool, "x" * 20, real_time_factor=0.5))
        await asyncio.sleep(0.1)
        waiting = asyncio.create_task(hum(pool, "ten chars."))
        await asyncio.sleep(0.1)
        waiting.cancel()
        await asyncio.gather(waiting, return_exceptions=True)
        next_one = asyncio.create_task(hum(pool, "ten chars."))
        await asyncio.sleep(0.1)
        assert not busy.done()
        assert not pool.hosts("choir")[0].owing
        assert seconds(await next_one) == 1.0
        await busy


async def test_what_fails_together_is_spoken_alone(tmp_path: Path) -> None:
    async with choir(tmp_path) as pool:
        busy = await ahead(pool)
        one, other = await asyncio.gather(hum(pool, "refuse"), hum(pool, "ten chars."))
        await busy
        assert (sung_by(one), seconds(one)) == (1, 0.6)
        assert (sung_by(other), seconds(other)) == (1, 1.0)


async def test_a_batch_that_loses_somebody_is_an_error(tmp_path: Path) -> None:
    async with choir(tmp_path) as pool:
        busy = await ahead(pool)
        lost = await asyncio.gather(
            hum(pool, "lose this"), hum(pool, "ten chars."), return_exceptions=True
        )
        await busy
        assert all(isinstance(each, EngineFailed) for each in lost)
        assert seconds(await hum(pool, "ten chars.")) == 1.0


async def test_waiting_for_others_is_not_silence(tmp_path: Path) -> None:
    async with choir(tmp_path, limits=Limits(patience=0.6)) as pool:
        busy = asyncio.create_task(hum(pool, "x" * 20, real_time_factor=0.8))
        await asyncio.sleep(0.1)
        assert seconds(await hum(pool, "ten chars.")) == 1.0  # after 1.6 s
        assert seconds(await busy) == 2.0


async def test_a_process_that_dies_costs_all_that_it_served(tmp_path: Path) -> None:
    async with choir(tmp_path, limits=Limits(patience=0.4)) as pool:
        first, second = await asyncio.gather(
            hum(pool, "x" * 5, real_time_factor=10.0),
            hum(pool, "x" * 6, real_time_factor=10.0),
            return_exceptions=True,
        )
        assert isinstance(first, TimedOut)
        assert isinstance(second, Exception)
        assert seconds(await hum(pool, "ten chars.")) == 1.0
