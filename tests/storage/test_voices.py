"""Voices are found by id and by name as people write it, on both databases."""

import asyncio
import time
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import delete
from sqlalchemy.ext.asyncio import AsyncEngine

from polyvox.domain.errors import Conflict
from polyvox.domain.identity import is_id, new_id
from polyvox.domain.voice import CLONED, Consent, Voice, VoiceRecord
from polyvox.storage.blobs import Blobs
from polyvox.storage.consents import ConsentRows
from polyvox.storage.database import connect
from polyvox.storage.shelf import Shelf
from polyvox.storage.tables import metadata
from polyvox.storage.voices import VoiceRows

ANY = ("espeak", "tone")


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[AsyncEngine]:
    engine = await connect(database_url)
    async with engine.begin() as connection:
        for table in metadata.tables.values():
            await connection.execute(delete(table))
    yield engine
    await engine.dispose()


@pytest.fixture
def rows(database: AsyncEngine) -> VoiceRows:
    return VoiceRows(database)


def made(name: str, engine: str = "tone", **given: Any) -> VoiceRecord:
    voice = Voice(new_id(), name, engine, CLONED, language="de", digest="0" * 64)
    return VoiceRecord(voice, created_at=time.time(), **given)


async def test_a_voice_comes_back_as_it_was_kept(rows: VoiceRows) -> None:
    kept = made("Anna", origin={"measures": {"snr": 31.5}}, transcript="Hallo.", seconds=12.5)
    await rows.add(kept)
    assert await rows.get(kept.voice.id) == kept
    assert await rows.named(kept.voice.id) == kept


@pytest.mark.parametrize("asked", ["Ａnna  Maria", "ANNA MARIA", " anna maria "])
async def test_names_compare_as_people_compare_them(rows: VoiceRows, asked: str) -> None:
    await rows.add(made("Anna Maria"))
    found = await rows.named(asked)
    assert found
    assert found.voice.name == "Anna Maria"
    with pytest.raises(Conflict, match="already a voice"):
        await rows.add(made(asked))


async def test_of_voices_that_come_at_once_with_one_name_one_is_kept(rows: VoiceRows) -> None:
    outcomes = await asyncio.gather(
        *(rows.add(made("Twin")) for _ in range(5)), return_exceptions=True
    )
    assert sorted(type(outcome).__name__ for outcome in outcomes) == ["Conflict"] * 4 + ["NoneType"]


async def test_a_deleted_voice_can_come_back_until_it_is_purged(rows: VoiceRows) -> None:
    kept = made("Gone")
    await rows.add(kept)
    assert await rows.delete(kept.voice.id)
    assert not await rows.delete(kept.voice.id)
    assert await rows.get(kept.voice.id) is None
    assert await rows.named("gone") is None
    assert await rows.gone(time.time() - 60) == []
    assert await rows.restore(kept.voice.id) == kept
    assert await rows.named("gone") == kept
    await rows.delete(kept.voice.id)
    assert await rows.gone(time.time() + 1) == [kept.voice.id]
    await rows.purge([kept.voice.id])
    assert await rows.restore(kept.voice.id) is None


async def test_an_id_is_not_given_again_while_its_voice_can_come_back(
    rows: VoiceRows, database: AsyncEngine, tmp_path: Path
) -> None:
    shelf = Shelf(rows, ConsentRows(database), Blobs.local(tmp_path))
    first = made("First")
    await shelf.keep(first, b"first", None)
    await rows.delete(first.voice.id)
    again = replace(first, voice=replace(first.voice, name="Second"))
    with pytest.raises(Conflict, match="id"):
        await shelf.keep(again, b"second", None)
    await rows.restore(first.voice.id)
    assert await shelf.state(first.voice.id) == b"first"


async def test_a_name_that_was_given_away_is_not_taken_back(rows: VoiceRows) -> None:
    first, second = made("Name"), made("Name")
    await rows.add(first)
    await rows.delete(first.voice.id)
    await rows.add(second)
    with pytest.raises(Conflict):
        await rows.restore(first.voice.id)
    assert await rows.named("name") == second


async def test_a_voice_whose_time_is_over_is_gone_and_its_name_free(rows: VoiceRows) -> None:
    old = made("Short", expires_at=time.time() - 1)
    await rows.add(old)
    assert await rows.get(old.voice.id) is None
    await rows.add(made("Short"))
    assert await rows.gone(0) == [old.voice.id]


async def test_a_list_shows_the_newest_first_a_page_at_a_time(rows: VoiceRows) -> None:
    for number in range(7):
        await rows.add(replace(made(f"v{number}"), created_at=float(number)))
    await rows.add(made("100%_other", engine="espeak"))
    page, total = await rows.search(("tone",), first=2, count=3)
    assert ([each.voice.name for each in page], total) == (["v4", "v3", "v2"], 7)
    for text, count in (("V3", 1), ("%", 1), ("_", 1), ("de", 8), ("nobody", 0)):
        assert (await rows.search(ANY, text=text))[1] == count
    assert (await rows.search(ANY, kind="designed"))[1] == 0


async def test_a_rename_keeps_names_apart(rows: VoiceRows) -> None:
    one, two = made("One"), made("Two")
    await rows.add(one)
    await rows.add(two)
    with pytest.raises(Conflict):
        await rows.change(two.voice.id, name="ONE")
    await rows.change(two.voice.id, name="Three", description="new")
    found = await rows.named("three")
    assert found
    assert (found.voice.name, found.voice.description) == ("Three", "new")


async def test_consents_are_listed_from_where_the_last_page_ended(database: AsyncEngine) -> None:
    rows = ConsentRows(database)
    for number in range(5):
        await rows.add(Consent(f"cons_{number}", "Ann", "en", "audio/wav", 1.0))
    assert [each.id for each in await rows.list(2, None)] == ["cons_4", "cons_3"]
    assert [each.id for each in await rows.list(9, "cons_3")] == ["cons_2", "cons_1", "cons_0"]
    await rows.rename("cons_1", "Bea")
    await rows.delete("cons_0")
    assert [each.name for each in await rows.list(9, "cons_2")] == ["Bea"]


def test_ids_sort_by_the_time_they_were_made() -> None:
    ids = []
    for _ in range(5):
        ids.append(new_id())
        time.sleep(0.002)
    assert ids == sorted(ids)
    assert len({*ids}) == 5
    assert all(is_id(id) and id[14] == "7" and id[19] in "89ab" for id in ids)
    assert not any(map(is_id, ("", "../x", "espeak.nova", ids[0] + "0", ids[0].replace("-", ""))))
