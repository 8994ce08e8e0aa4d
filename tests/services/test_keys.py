"""Keys are shown once, kept as hashes, believed while they work."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sqlalchemy import update

from polyvox.domain.account import ADMIN, SPEAK, VOICES
from polyvox.domain.errors import InvalidInput, NotFound, Unauthorized
from polyvox.services.keys import Keys
from polyvox.storage.database import connect, writing
from polyvox.storage.keys import KeyRows
from polyvox.storage.tables import access_keys


@pytest.fixture
async def rows(tmp_path: Path) -> AsyncIterator[KeyRows]:
    database = await connect(f"sqlite:///{tmp_path / 'keys.db'}")
    yield KeyRows(database)
    await database.dispose()


@pytest.fixture
def keys(rows: KeyRows) -> Keys:
    return Keys(rows)


async def test_who_shows_a_key_may_do_what_it_is_good_for(keys: Keys) -> None:
    key, written = await keys.create("App", [VOICES, SPEAK])
    assert key.scopes == (SPEAK, VOICES)
    caller = await keys.caller(written)
    assert caller.key
    assert caller.key.id == key.id
    assert caller.may(SPEAK)
    assert not caller.may(ADMIN)


async def test_an_admins_key_is_good_for_everything(keys: Keys) -> None:
    assert not await keys.any_admin()
    _, written = await keys.create("Boss", [ADMIN])
    assert (await keys.caller(written)).may(VOICES)
    assert await keys.any_admin()


@pytest.mark.parametrize(
    "written", ["", "pv_", "hello", "pv_abcdefghijkl_" + "x" * 43, "pv_abcdefghijkl_" + "x" * 99]
)
async def test_what_is_no_key_opens_nothing(keys: Keys, written: str) -> None:
    with pytest.raises(Unauthorized):
        await keys.caller(written)


async def test_the_id_without_its_secret_opens_nothing(keys: Keys) -> None:
    _, written = await keys.create("App", [SPEAK])
    wrong = written[:-1] + ("A" if written[-1] != "A" else "B")
    with pytest.raises(Unauthorized):
        await keys.caller(wrong)


async def test_a_revoked_key_opens_nothing_from_then_on(keys: Keys) -> None:
    key, written = await keys.create("App", [ADMIN])
    await keys.caller(written)
    await keys.revoke(key.id)
    with pytest.raises(Unauthorized):
        await keys.caller(written)
    assert not await keys.any_admin()
    first = (await keys.all())[0].revoked_at
    await keys.revoke(key.id)
    assert (await keys.all())[0].revoked_at == first


async def test_a_key_whose_time_is_over_opens_nothing_even_where_it_is_remembered(
    keys: Keys,
) -> None:
    _, written = await keys.create("Short", [SPEAK], 0.2)
    await keys.caller(written)
    await asyncio.sleep(0.25)
    with pytest.raises(Unauthorized):
        await keys.caller(written)


async def test_another_server_notices_within_seconds_that_a_key_was_revoked(
    rows: KeyRows,
) -> None:
    keys = Keys(rows, believed_for=0.1)
    key, written = await keys.create("App", [SPEAK])
    await keys.caller(written)
    await Keys(rows).revoke(key.id)
    await asyncio.sleep(0.15)
    with pytest.raises(Unauthorized):
        await keys.caller(written)


async def test_the_last_use_is_noted_to_the_minute(keys: Keys, rows: KeyRows) -> None:
    key, written = await keys.create("App", [SPEAK])
    assert (await keys.all())[0].used_at is None
    await keys.caller(written)
    noted = (await keys.all())[0].used_at
    assert noted
    assert abs(noted - time.time()) < 60
    await Keys(rows).caller(written)
    assert (await keys.all())[0].used_at == noted
    database = rows._database
    async with writing(database) as connection:
        await connection.execute(update(access_keys).values(used_at=noted - 120))
    await Keys(rows).caller(written)
    assert (await keys.all())[0].used_at != noted - 120
    assert key.used_at is None


async def test_no_secret_is_kept(keys: Keys, tmp_path: Path) -> None:
    _, written = await keys.create("App", [SPEAK])
    kept = b"".join(_read(path) for path in _files(tmp_path))
    assert written[3:15].encode() in kept
    assert written[16:36].encode() not in kept


def _files(folder: Path) -> list[Path]:
    return list(folder.iterdir())


def _read(path: Path) -> bytes:
    return path.read_bytes()


@pytest.mark.parametrize(
    ("name", "scopes", "seconds", "about"),
    [
        (" ", [SPEAK], None, "name"),
        ("x" * 101, [SPEAK], None, "name"),
        ("App", [], None, "scope"),
        ("App", ["sing"], None, "'sing'"),
        ("App", [SPEAK], -1.0, "future"),
    ],
)
async def test_a_key_that_makes_no_sense_is_refused(
    keys: Keys, name: str, scopes: list[str], seconds: float | None, about: str
) -> None:
    with pytest.raises(InvalidInput, match=about):
        await keys.create(name, scopes, seconds)
    assert await keys.all() == []


async def test_only_a_key_that_is_there_can_be_revoked(keys: Keys) -> None:
    with pytest.raises(NotFound):
        await keys.revoke("nothing")
