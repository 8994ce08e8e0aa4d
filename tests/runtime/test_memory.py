"""Models with weights share the memory: few at once, the least recently used leaves, unused ones
go by themselves. `tone` plays models whose weights are an empty folder."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from polyvox.domain.errors import Busy, EngineFailed, Unavailable
from polyvox.domain.speech import Segment
from polyvox.domain.voice import PRESET, Voice
from polyvox.runtime.launch import Launch
from polyvox.runtime.pool import Limits, Pool

VOICE = Voice("tone.middle", "middle", "tone", PRESET, "middle")


@asynccontextmanager
async def pool_in(folder: Path, limits: Limits) -> AsyncIterator[Pool]:
    pool = Pool(lambda model: Launch("tone", model=model, weights=folder), limits)
    try:
        yield pool
    finally:
        await pool.close()


async def hum(pool: Pool, model: str, slow: float = 0.0) -> None:
    options = {"real_time_factor": slow}
    async for _ in pool.speak(model, Segment("ten chars.", "en"), VOICE, options):
        pass


def resident(pool: Pool, *models: str) -> list[bool]:
    """Which models are in memory: which have a living process."""
    return [any(host.alive for host in pool.hosts(model)) for model in models]


async def test_the_least_recently_used_model_leaves_for_another(tmp_path: Path) -> None:
    async with pool_in(tmp_path, Limits(loaded=2)) as pool:
        await hum(pool, "a")
        await hum(pool, "b")
        await hum(pool, "a")
        process = pool.hosts("b")[0].process
        await hum(pool, "c")
        assert resident(pool, "a", "b", "c") == [True, False, True]
        assert process.returncode is not None
        await hum(pool, "b")
        assert resident(pool, "a", "b", "c") == [False, True, True]


async def test_requests_for_a_model_that_loads_wait_for_one_load(tmp_path: Path) -> None:
    async with pool_in(tmp_path, Limits(loaded=1)) as pool:
        await asyncio.gather(*(hum(pool, "a") for _ in range(5)))
        assert len(pool.hosts("a")) == 1


async def test_a_model_that_speaks_is_not_taken_away(tmp_path: Path) -> None:
    async with pool_in(tmp_path, Limits(loaded=1)) as pool:
        await hum(pool, "a")
        speaking = asyncio.create_task(hum(pool, "a", slow=1.0))
        await asyncio.sleep(0.2)
        await hum(pool, "b")
        assert speaking.done()
        await speaking
        assert resident(pool, "a", "b") == [False, True]


async def test_who_waits_too_long_for_memory_is_told_when_to_come_back(tmp_path: Path) -> None:
    async with pool_in(tmp_path, Limits(loaded=1, wait=0.3)) as pool:
        await hum(pool, "a")
        speaking = asyncio.create_task(hum(pool, "a", slow=2.0))
        await asyncio.sleep(0.2)
        with pytest.raises(Busy, match="max_loaded_models") as refused:
            await hum(pool, "b")
        assert refused.value.retry_after
        assert pool.failure("b") is None
        await speaking
        await hum(pool, "b")


async def test_a_model_that_nobody_asks_for_gives_its_memory_back(tmp_path: Path) -> None:
    async with pool_in(tmp_path, Limits(keep=0.3)) as pool:
        await hum(pool, "a")
        assert resident(pool, "a") == [True]
        await pool.hosts("a")[0].process.wait()
        assert pool.state("a") == "sleeping"
        await hum(pool, "a")


async def test_an_engine_without_weights_stays(tmp_path: Path) -> None:
    pool = Pool(lambda model: Launch("tone", model=model), Limits(loaded=1, keep=0))
    await hum(pool, "a")
    await hum(pool, "b")
    await asyncio.sleep(0.1)
    assert resident(pool, "a", "b") == [True, True]
    await pool.close()


async def test_a_model_that_cannot_fit_is_refused_before_it_breaks_others(tmp_path: Path) -> None:
    (tmp_path / "small").mkdir()
    (tmp_path / "huge").mkdir()
    with (tmp_path / "huge" / "model.safetensors").open("wb") as file:
        file.truncate(10**13)

    pool = Pool(lambda model: Launch("tone", model=model, weights=tmp_path / model))
    await hum(pool, "small")
    with pytest.raises(Unavailable, match=r"10001\.0 GB"):
        await hum(pool, "huge")
    assert pool.state("huge") == "failed"
    assert resident(pool, "small") == [True]
    await pool.close()


async def test_a_failed_load_does_not_poison_the_next(tmp_path: Path) -> None:
    (tmp_path / "fussy.py").write_text(
        "from polyvox.engines.tone import Tone\n\n\n"
        "class Fussy(Tone):\n    name = 'fussy'\n\n"
        "    def load(self, device):\n"
        "        if not (self.folder / 'model').exists():\n"
        "            raise RuntimeError('no model in ' + self.model)\n",
        encoding="utf-8",
    )
    weights = tmp_path / "weights"
    weights.mkdir()
    pool = Pool(lambda model: Launch("fussy", model=model, weights=weights, folder=tmp_path))
    with pytest.raises(EngineFailed, match="no model in it"):
        await hum(pool, "it")
    assert "no model in it" in str(pool.failure("it"))
    (weights / "model").touch()
    await hum(pool, "it")
    assert (pool.state("it"), pool.failure("it")) == ("ready", None)
    await pool.close()
