"""Hosts are real processes: shared fairly, restarted when they die, freed when left."""

import asyncio
import contextlib
import os
import signal
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from polyvox.domain.audio import AudioChunk
from polyvox.domain.errors import (
    Busy,
    EngineCrashed,
    EngineFailed,
    InvalidInput,
    NotFound,
    TimedOut,
    Unavailable,
)
from polyvox.domain.speech import Segment
from polyvox.domain.voice import PRESET, Voice
from polyvox.runtime.launch import Launch
from polyvox.runtime.pool import Limits, Pool

VOICE = Voice("tone.middle", "middle", "tone", PRESET, "middle")
SECOND = "ten chars."
"""Hummed for one second."""


@contextlib.asynccontextmanager
async def pool_of(hosts: int, limits: Limits | None = None, **given: Any) -> AsyncIterator[Pool]:
    pool = Pool(lambda model: Launch(model, hosts=hosts, **given), limits)
    try:
        yield pool
    finally:
        await pool.close()


async def hum(pool: Pool, text: str = SECOND, **options: Any) -> list[AudioChunk]:
    segment = Segment(text, "en")
    return [chunk async for chunk in pool.speak("tone", segment, VOICE, options)]


def seconds(chunks: list[AudioChunk]) -> float:
    return sum(chunk.duration for chunk in chunks)


async def test_a_segment_comes_back_as_the_engine_spoke_it() -> None:
    async with pool_of(1) as pool:
        assert pool.state("tone") == "sleeping"
        chunks = await hum(pool)
        assert pool.state("tone") == "ready"
    assert seconds(chunks) == pytest.approx(1)
    assert np.abs(np.concatenate([chunk.samples for chunk in chunks])).max() == pytest.approx(
        0.5, abs=0.01
    )
    assert [word.text for chunk in chunks for word in chunk.words] == ["ten", "chars."]


async def test_slow_chunks_are_handed_on_one_by_one() -> None:
    async with pool_of(1) as pool:
        assert len(await hum(pool, real_time_factor=0.3)) == 10


async def test_several_hosts_speak_at_once() -> None:
    async with pool_of(2) as pool:
        await pool.warm("tone")
        assert len(pool.hosts("tone")) == 2
        spoken = await asyncio.gather(*(hum(pool) for _ in range(6)))
        assert [round(seconds(chunks), 3) for chunks in spoken] == [1.0] * 6
        assert len(pool.hosts("tone")) == 2


async def test_requests_during_the_start_do_not_make_more_hosts_than_allowed() -> None:
    async with pool_of(2) as pool:
        await asyncio.gather(pool.warm("tone"), *(hum(pool, "a") for _ in range(5)))
        assert len(pool.hosts("tone")) == 2


async def test_a_process_that_dies_costs_one_request_and_is_started_again() -> None:
    async with pool_of(1) as pool:
        with pytest.raises(EngineCrashed):
            await hum(pool, die_after=0.5)
        assert seconds(await hum(pool)) == pytest.approx(1)


async def test_a_process_killed_while_idle_costs_nothing() -> None:
    async with pool_of(1) as pool:
        await hum(pool)
        first = pool.hosts("tone")[0].process
        os.kill(first.pid, signal.SIGKILL)
        await first.wait()
        assert seconds(await hum(pool)) == pytest.approx(1)
        assert pool.hosts("tone")[0].process.pid != first.pid


async def test_an_engines_error_keeps_its_reason_and_its_process() -> None:
    async with pool_of(1) as pool:
        await hum(pool)
        process = pool.hosts("tone")[0].process.pid
        with pytest.raises(EngineFailed, match=r"asked to fail after 0\.5"):
            await hum(pool, fail_after=0.5)
        assert seconds(await hum(pool)) == pytest.approx(1)
        assert pool.hosts("tone")[0].process.pid == process


async def test_leaving_early_stops_the_engine_and_keeps_it_warm() -> None:
    async with pool_of(1) as pool:
        await hum(pool)
        process = pool.hosts("tone")[0].process.pid
        chunks = pool.speak("tone", Segment(SECOND * 20, "en"), VOICE, {"real_time_factor": 1.0})
        async with contextlib.aclosing(chunks):
            await anext(chunks)
        async with asyncio.timeout(3):  # the rest of the segment would take 20 s
            assert seconds(await hum(pool)) == pytest.approx(1)
        assert pool.hosts("tone")[0].process.pid == process


async def test_an_engine_that_goes_silent_loses_its_process() -> None:
    async with pool_of(1, limits=Limits(patience=0.3)) as pool:
        with pytest.raises(TimedOut):
            await hum(pool, real_time_factor=10.0)
        assert seconds(await hum(pool)) == pytest.approx(1)


async def test_a_full_queue_is_refused_with_a_time_to_come_back() -> None:
    async with pool_of(1, limits=Limits(waiting=1)) as pool:
        await pool.warm("tone")
        speaking = [asyncio.create_task(hum(pool, real_time_factor=0.5)) for _ in range(2)]
        await asyncio.sleep(0.1)
        with pytest.raises(Busy) as refused:
            await hum(pool)
        assert refused.value.retry_after is not None
        assert refused.value.retry_after >= 1
        await asyncio.gather(*speaking)


async def test_a_wait_has_an_end() -> None:
    async with pool_of(1, limits=Limits(wait=0.2)) as pool:
        await pool.warm("tone")
        speaking = asyncio.create_task(hum(pool, real_time_factor=1.0))
        await asyncio.sleep(0.1)
        with pytest.raises(Busy):
            await hum(pool)
        assert seconds(await speaking) == pytest.approx(1)


async def test_who_waits_longest_is_served_first() -> None:
    async with pool_of(1) as pool:
        await pool.warm("tone")
        order: list[int] = []

        async def numbered(number: int) -> None:
            await hum(pool, "a", real_time_factor=0.5)
            order.append(number)

        tasks = []
        for number in range(5):
            tasks.append(asyncio.create_task(numbered(number)))
            await asyncio.sleep(0.01)
        await asyncio.gather(*tasks)
        assert order == sorted(order)


async def test_options_are_checked_where_the_engine_is() -> None:
    async with pool_of(1) as pool:
        with pytest.raises(InvalidInput, match="levle"):
            await hum(pool, levle=1.0)


async def test_an_unknown_engine_is_not_found() -> None:
    async with pool_of(1) as pool:
        with pytest.raises(NotFound):
            await anext(pool.speak("nobody", Segment("x", "en"), VOICE, {}))


PRINTING = """
from polyvox.engines.tone import Tone
import os

class Chatty(Tone):
    name = "chatty"

    def load(self, device):
        print("loading" * 1000)
        os.write(1, b"raw bytes on standard output")

    def synthesize(self, segment, voice, options):
        for chunk in super().synthesize(segment, voice, options):
            print("a chunk!")
            yield chunk
"""


async def test_an_engine_may_print_what_it_likes(tmp_path: Path) -> None:
    (tmp_path / "chatty.py").write_text(PRINTING, encoding="utf-8")
    async with pool_of(1, folder=tmp_path) as pool:
        chunks = [c async for c in pool.speak("chatty", Segment(SECOND, "en"), VOICE, {})]
        assert seconds(chunks) == pytest.approx(1)


FAILING = """
from polyvox.engines.tone import Tone

class Failing(Tone):
    name = "failing"

    def load(self, device):
        raise RuntimeError("the weights are gone")
"""


async def test_a_load_that_fails_says_why_and_frees_its_place(tmp_path: Path) -> None:
    (tmp_path / "failing.py").write_text(FAILING, encoding="utf-8")
    async with pool_of(1, folder=tmp_path) as pool:
        for _ in range(3):
            with pytest.raises(EngineFailed, match="the weights are gone"):
                await anext(pool.speak("failing", Segment("x", "en"), VOICE, {}))
        assert pool.state("failing") == "failed"
        assert "weights" in str(pool.failure("failing"))


async def test_a_process_that_ends_before_it_is_ready_is_unavailable(tmp_path: Path) -> None:
    (tmp_path / "gone.py").write_text(
        "from polyvox.engines.tone import Tone\nimport os\n\n\n"
        "class Gone(Tone):\n    name = 'gone'\n\n"
        "    def load(self, device):\n        os._exit(3)\n",
        encoding="utf-8",
    )
    async with pool_of(1, folder=tmp_path) as pool:
        with pytest.raises(Unavailable):
            await anext(pool.speak("gone", Segment("x", "en"), VOICE, {}))


async def test_hosts_end_with_their_pool() -> None:
    async with pool_of(2) as pool:
        await pool.warm("tone")
        processes = [host.process for host in pool.hosts("tone")]
        assert len(processes) == 2
    assert all(process.returncode is not None for process in processes)


async def test_an_interpreter_that_is_not_there_is_unavailable(tmp_path: Path) -> None:
    async with pool_of(1, python=tmp_path / "python") as pool:
        with pytest.raises(Unavailable, match="polyvox engines install tone"):
            await hum(pool)
        assert pool.state("tone") == "failed"
