"""Files that come with a request, as files on disk: from a form, in base64, or from a URL."""

from __future__ import annotations

import asyncio
import base64
import binascii
import contextlib
import shutil
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path, PurePath

from fastapi import Request, UploadFile
from starlette.datastructures import UploadFile as Sent

from polyvox.api.fetch import Bounds, fetched
from polyvox.api.limits import Limits
from polyvox.domain.errors import InvalidInput, TooLarge, UnsupportedMedia

_PIECE = 1 << 20
"""Characters of base64 that are decoded at once; a multiple of 4."""


@contextlib.asynccontextmanager
async def uploaded(upload: UploadFile) -> AsyncIterator[Path]:
    """A file with what was uploaded, until the block is left."""
    with tempfile.TemporaryDirectory(prefix="polyvox-") as folder:
        target = Path(folder) / "uploaded"
        await asyncio.to_thread(_copy, upload, target)
        yield target


@contextlib.asynccontextmanager
async def recording(
    request: Request, upload: UploadFile | None, url: str | None
) -> AsyncIterator[Path]:
    """A file with the recording that was uploaded or is at a URL."""
    if (upload is None) == (url is None):
        raise InvalidInput(
            "Send a recording as `audio` or its address as `audio_url`.", param="audio"
        )
    source = uploaded(upload) if upload else at_url(request, url or "")
    async with source as path:
        yield path


def at_url(request: Request, url: str) -> contextlib.AbstractAsyncContextManager[Path]:
    """A file with what is at a URL, within the limits of the application."""
    limits: Limits = request.app.state.limits
    return fetched(url, Bounds(limits.upload_bytes, limits.url_seconds, limits.private_urls))


@contextlib.asynccontextmanager
async def from_base64(request: Request, text: str) -> AsyncIterator[Path]:
    """A file with what `text`, which may be a data URL, holds in base64."""
    limits: Limits = request.app.state.limits
    encoded = text.partition(",")[2] if text.startswith("data:") else text
    encoded = encoded.replace("\r", "").replace("\n", "")
    if len(encoded) * 3 // 4 > limits.upload_bytes + 3:
        most = limits.upload_bytes / 1e6
        raise TooLarge(f"The recording is over the limit of {most:g} MB.", param="audio")
    with tempfile.TemporaryDirectory(prefix="polyvox-") as folder:
        target = Path(folder) / "decoded"
        await asyncio.to_thread(_decode, encoded, target)
        yield target


def _copy(upload: UploadFile, target: Path) -> None:
    with target.open("wb") as written:
        shutil.copyfileobj(upload.file, written)


def _decode(encoded: str, target: Path) -> None:
    """In pieces: the recording is never in memory twice."""
    try:
        with target.open("wb") as written:
            for first in range(0, len(encoded), _PIECE):
                written.write(base64.b64decode(encoded[first : first + _PIECE], validate=True))
    except (binascii.Error, ValueError) as error:
        raise InvalidInput("audio is neither base64 nor an http(s) URL.", param="audio") from error


async def document(file: object, limits: Limits, what: str) -> tuple[bytes, str]:
    """A text file that was sent as `file`, and its name, by which its kind is told; `what` says
    what it should be. Raises InvalidInput, UnsupportedMedia or TooLarge."""
    if not isinstance(file, Sent):
        raise InvalidInput(f"Send the {what} as `file`.", param="file")
    name = PurePath(file.filename or "").name
    if not name:
        raise UnsupportedMedia("The file has no name, by which its kind is told.", param="file")
    data = await file.read(limits.upload_bytes + 1)
    if len(data) > limits.upload_bytes:
        most = limits.upload_bytes / 1e6
        raise TooLarge(f"The {what} is over the limit of {most:g} MB.", param="file")
    return data, name
