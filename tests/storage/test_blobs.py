"""Blobs are whole or not there, in a folder and in a real S3 server over HTTP alike."""

import os
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from polyvox.domain.errors import InvalidInput, Unavailable
from polyvox.storage.blobs import Blobs
from tests.s3 import S3, s3_server

BIG = os.urandom(12_000_000)


@pytest.fixture(scope="module")
def s3() -> Iterator[S3]:
    with s3_server() as running:
        yield running


@pytest.fixture(params=["folder", pytest.param("s3", marks=pytest.mark.s3)])
def blobs(request: pytest.FixtureRequest, tmp_path: Path) -> Blobs:
    if request.param == "folder":
        return Blobs.local(tmp_path / "new" / "blobs")
    s3: S3 = request.getfixturevalue("s3")
    return Blobs.s3(s3.bucket("some/prefix"), s3.options)


async def test_what_was_put_is_read_back_whole_and_in_pieces(blobs: Blobs, tmp_path: Path) -> None:
    file = tmp_path / "big"
    file.write_bytes(BIG)
    await blobs.put("a/bytes", b"some")
    await blobs.put("a/file", file)
    assert await blobs.get("a/bytes") == b"some"
    opened = await blobs.open("a/file")
    assert opened
    pieces = [piece async for piece in opened.pieces]
    assert opened.size == len(BIG)
    assert b"".join(pieces) == BIG
    assert max(map(len, pieces)) < len(BIG) / 4


async def test_what_is_not_there_is_none(blobs: Blobs) -> None:
    assert await blobs.get("no/such") is None
    assert await blobs.open("no/such") is None
    await blobs.delete(["no/such"])


async def test_what_was_deleted_is_gone(blobs: Blobs) -> None:
    await blobs.put("x", b"1")
    await blobs.put("x", b"2")
    assert await blobs.get("x") == b"2"
    await blobs.delete(["x", "never"])
    assert await blobs.get("x") is None


async def test_old_blobs_are_found_by_their_folder(blobs: Blobs) -> None:
    await blobs.put("generated/1.mp3", b"1")
    await blobs.put("references/1.wav", b"1")
    assert await blobs.older("generated", 60) == []
    assert await blobs.older("generated", -60) == ["generated/1.mp3"]


async def test_a_folder_has_no_addresses(tmp_path: Path) -> None:
    assert await Blobs.local(tmp_path).link("x", 60) is None


@pytest.mark.s3
async def test_a_signed_address_gives_the_blob_for_a_while(s3: S3) -> None:
    blobs = Blobs.s3(s3.bucket(), s3.options)
    await blobs.put("x/y.wav", b"sound")
    link = await blobs.link("x/y.wav", 60)
    assert link
    assert "Signature" in link
    assert s3.options["secret_access_key"] not in link
    async with httpx.AsyncClient() as client:
        assert (await client.get(link)).content == b"sound"


@pytest.mark.s3
async def test_a_store_that_refuses_is_said_to(s3: S3) -> None:
    blobs = Blobs.s3("s3://no-such-bucket", s3.options)
    with pytest.raises(Unavailable, match="store of files"):
        await blobs.put("x", b"1")


async def test_a_store_that_is_not_there_is_said_to_soon() -> None:
    options = {
        "endpoint": "http://127.0.0.1:9",
        "region": "x",
        "access_key_id": "a",
        "secret_access_key": "b",
    }
    since = time.monotonic()
    with pytest.raises(Unavailable, match="store of files"):
        await Blobs.s3("s3://bucket", options).get("x")
    assert time.monotonic() - since < 60


@pytest.mark.parametrize("url", ["s3://", "http://x/y", "bucket", "s3:///prefix"])
def test_an_address_that_is_no_bucket_is_refused(url: str) -> None:
    with pytest.raises(InvalidInput, match="s3://BUCKET"):
        Blobs.s3(url, {})


async def test_sizes_are_told_without_reading(blobs: Blobs) -> None:
    await blobs.put("sized/a", b"12345")
    await blobs.put("sized/below/b", b"123")
    await blobs.put("sizedup/c", b"1")
    assert await blobs.sizes("sized") == {"sized/a": 5, "sized/below/b": 3}
    assert (await blobs.size("sized/a"), await blobs.size("sized/none")) == (5, None)
