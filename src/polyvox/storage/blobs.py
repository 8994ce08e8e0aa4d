"""Named bytes in a local folder or in an S3-compatible store. Names are made by Polyvox, never
taken from a caller. Files travel in pieces, so that none is in memory as a whole."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import obstore
from obstore.exceptions import BaseError
from obstore.store import LocalStore, S3Store

from polyvox.domain.blob import Blob
from polyvox.domain.errors import InvalidInput, Unavailable

_PIECE = 256 * 1024
"""Bytes that are read at once."""

_PIECES = 2
"""Of a large file, sent side by side; each is held in memory."""


class Blobs:
    """A store of blobs."""

    def __init__(self, store: LocalStore | S3Store) -> None:
        self._store = store

    @classmethod
    def local(cls, folder: Path) -> Blobs:
        """Below a folder, which is made if it is not there."""
        folder.mkdir(parents=True, exist_ok=True)
        return cls(LocalStore(folder))

    @classmethod
    def s3(cls, url: str, options: Mapping[str, str]) -> Blobs:
        """In `s3://BUCKET/PREFIX`. `options` are obstore's: endpoint, region, access_key_id,
        secret_access_key, session_token. Raises InvalidInput for a URL that is not one."""
        bucket, _, prefix = url.removeprefix("s3://").partition("/")
        if not url.startswith("s3://") or not bucket:
            raise InvalidInput("Blobs are stored in s3://BUCKET or s3://BUCKET/PREFIX.")
        plain = options.get("endpoint", "").startswith("http://")
        store = S3Store(
            bucket,
            prefix=prefix or None,
            config=dict(options),  # type: ignore[arg-type]
            client_options={"allow_http": plain, "timeout": "60s", "connect_timeout": "5s"},
            retry_config={"max_retries": 3, "retry_timeout": timedelta(seconds=20)},
        )
        return cls(store)

    async def put(self, name: str, data: bytes | Path) -> None:
        """Store bytes or a file, whole or not at all."""
        try:
            with _told():
                await obstore.put_async(self._store, name, data, max_concurrency=_PIECES)
        except FileNotFoundError as error:  # no such bucket
            raise _unusable(error) from error

    async def get(self, name: str) -> bytes | None:
        """The blob's bytes, or None when there is none."""
        try:
            with _told():
                found = await obstore.get_async(self._store, name)
                return bytes(await found.bytes_async())
        except FileNotFoundError:
            return None

    async def open(self, name: str) -> Blob | None:
        """The blob in pieces, or None when there is none."""
        try:
            with _told():
                found = await obstore.get_async(self._store, name)
        except FileNotFoundError:
            return None
        return Blob(found.meta["size"], _pieces(found))

    async def link(self, name: str, seconds: int) -> str | None:
        """An address that gives the blob to whoever holds it, for that long; None where the
        store has no addresses."""
        if not isinstance(self._store, S3Store):
            return None
        return await obstore.sign_async(self._store, "GET", name, timedelta(seconds=seconds))

    async def delete(self, names: Sequence[str]) -> None:
        """Remove blobs; those that are gone already do not matter."""
        for name in names:
            try:
                with _told():
                    await obstore.delete_async(self._store, name)
            except FileNotFoundError:
                continue

    async def names(self, prefix: str) -> list[str]:
        """Every name below `prefix`."""
        return await self.older(prefix, -3600)

    async def older(self, prefix: str, seconds: float) -> list[str]:
        """Names below `prefix` that were written longer ago than that."""
        until = datetime.now(UTC) - timedelta(seconds=seconds)
        found: list[str] = []
        with _told():
            async for some in obstore.list(self._store, prefix):
                found += [each["path"] for each in some if each["last_modified"] < until]
        return found

    async def size(self, name: str) -> int | None:
        """Bytes of the blob, or None when there is none."""
        try:
            with _told():
                return int((await obstore.head_async(self._store, name))["size"])
        except FileNotFoundError:
            return None

    async def sizes(self, prefix: str) -> dict[str, int]:
        """Bytes of every blob below `prefix`, by name."""
        found: dict[str, int] = {}
        with _told():
            async for some in obstore.list(self._store, prefix):
                found |= {each["path"]: each["size"] for each in some}
        return found


async def _pieces(found: obstore.GetResult) -> AsyncIterator[bytes]:
    with _told():
        async for piece in found.stream(_PIECE):
            yield bytes(piece)


@contextmanager
def _told() -> Iterator[None]:
    """The store's own errors as ours."""
    try:
        yield
    except FileNotFoundError:
        raise
    except (BaseError, OSError) as error:
        raise _unusable(error) from error


def _unusable(error: Exception) -> Unavailable:
    reason = str(error).partition("\n")[0]
    return Unavailable(f"The store of files cannot be used: {reason}")
