"""Profiles are kept, found as people write their names, and go when nobody uses them; on both
databases."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import delete
from sqlalchemy.ext.asyncio import AsyncEngine

from polyvox.domain.errors import Conflict
from polyvox.domain.identity import new_id
from polyvox.domain.profile import Profile
from polyvox.storage.database import connect
from polyvox.storage.glance import has_default_profiles
from polyvox.storage.profiles import ProfileRows
from polyvox.storage.tables import default_profiles, quality_profiles

DAY = 86400.0


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[AsyncEngine]:
    engine = await connect(database_url)
    async with engine.begin() as connection:
        for table in (quality_profiles, default_profiles):
            await connection.execute(delete(table))
    yield engine
    await engine.dispose()


@pytest.fixture
def rows(database: AsyncEngine) -> ProfileRows:
    return ProfileRows(database, 30 * DAY)


def made(name: str, engine: str = "tone", age: float = 0.0, **given: Any) -> Profile:
    when = round(time.time() - age, 3)
    return Profile(new_id(), name, engine, created_at=when, used_at=when, **given)


async def test_a_profile_comes_back_as_it_was_kept(rows: ProfileRows) -> None:
    kept = made("Anna", options={"pitch": 40, "style": "é"}, effects={"dc": True, "denoise": 0.5})
    await rows.add(kept)
    assert kept.used_at
    assert await rows.get(kept.id) == replace(kept, expires_at=kept.used_at + 30 * DAY)
    assert await rows.get(new_id()) is None


async def test_names_are_one_engines_own_and_compare_as_people_compare_them(
    rows: ProfileRows,
) -> None:
    await rows.add(made("My Voice"))
    await rows.add(made("My Voice", engine="espeak"))
    with pytest.raises(Conflict, match="already"):
        await rows.add(made("  my  VOICE"))
    assert {each.engine for each in await rows.named("MY VOICE")} == {"tone", "espeak"}
    other = made("Other")
    await rows.add(other)
    with pytest.raises(Conflict, match="already"):
        await rows.change(other, name="my voice")


async def test_of_profiles_that_come_at_once_with_one_name_one_is_kept(rows: ProfileRows) -> None:
    outcomes = await asyncio.gather(
        *(rows.add(made("Twin")) for _ in range(5)), return_exceptions=True
    )
    assert sorted(type(outcome).__name__ for outcome in outcomes) == ["Conflict"] * 4 + ["NoneType"]


@pytest.mark.parametrize("going", ["get", "named", "of"])
async def test_a_profile_that_nobody_uses_is_gone_and_its_name_free(
    rows: ProfileRows, going: str
) -> None:
    old = made("Old", age=31 * DAY)
    await rows.add(old)
    look: dict[str, Callable[[], Any]] = {
        "get": lambda: rows.get(old.id),
        "named": lambda: rows.named("old"),
        "of": lambda: rows.of(["tone"]),
    }
    assert not await look[going]()
    await rows.add(made("Old"))
    assert len(await rows.of(["tone"])) == 1


async def test_using_a_profile_keeps_it(rows: ProfileRows) -> None:
    old = made("Old", age=31 * DAY)
    await rows.add(old)
    now = time.time()
    await rows.touch(old.id, now)
    assert await rows.purge() == 0
    found = await rows.get(old.id)
    assert found
    assert found.expires_at == pytest.approx(now + 30 * DAY, abs=1)


async def test_a_default_profile_stays_and_cannot_be_deleted(rows: ProfileRows) -> None:
    old = made("Old", age=31 * DAY)
    await rows.add(old)
    await rows.set_default("tone", old.id)
    await rows.add(made("Another"))
    found = await rows.get(old.id)
    assert found
    assert found.expires_at is None
    assert await rows.purge() == 0
    assert not await rows.delete(old.id)
    await rows.set_default("tone", "tone.standard")
    assert await rows.defaults() == {"tone": "tone.standard"}
    assert await rows.purge() == 1
    assert await rows.get(old.id) is None


async def test_defaults_that_are_set_at_once_do_not_collide(rows: ProfileRows) -> None:
    ids = [f"tone.{number}" for number in range(5)]
    await asyncio.gather(*(rows.set_default("tone", id) for id in ids))
    assert (await rows.defaults())["tone"] in ids


async def test_without_a_lifetime_profiles_stay(database: AsyncEngine) -> None:
    rows = ProfileRows(database, None)
    old = made("Old", age=3000 * DAY)
    await rows.add(old)
    assert await rows.purge() == 0
    assert await rows.get(old.id) == old
    assert await rows.delete(old.id)
    assert not await rows.delete(old.id)


async def test_a_glance_sees_whether_a_default_was_set(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'a b.db'}"
    assert not has_default_profiles(url)
    database = await connect(url)
    assert not has_default_profiles(url)
    await ProfileRows(database, None).set_default("tone", "tone.standard")
    assert has_default_profiles(url)
    await database.dispose()
    (tmp_path / "other.db").write_bytes(b"")
    assert not has_default_profiles(f"sqlite:///{tmp_path / 'other.db'}")
    assert has_default_profiles("postgresql://somewhere/else")
