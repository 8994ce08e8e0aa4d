"""polyvox doctor: what works on this machine, and what to do about what does not."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import typer

if TYPE_CHECKING:
    from polyvox.settings import Settings


@dataclass(frozen=True)
class Finding:
    subject: str
    works: bool
    detail: str
    """What was seen, or what to do."""
    needed: bool = True
    """Whether Polyvox cannot do its main job without it."""


def doctor() -> None:
    """Check what works here; exits with 1 when something that is needed does not."""
    raise typer.Exit(asyncio.run(_report()))


async def _report() -> int:
    broken = 0
    async for finding in _findings():
        mark = "ok    " if finding.works else "BROKEN" if finding.needed else "absent"
        typer.echo(f"{mark} {finding.subject}: {finding.detail}")
        broken += finding.needed and not finding.works
    return min(broken, 1)


async def _findings() -> AsyncIterator[Finding]:
    import sys

    from polyvox import settings

    version = ".".join(map(str, sys.version_info[:3]))
    yield Finding("python", sys.version_info >= (3, 11), f"{version} (3.11 or newer is needed)")
    loaded = settings.load()
    yield Finding("settings", True, str(settings.settings_file() or "defaults, no file"))
    yield _folder(loaded)
    yield await _database(loaded)
    yield await _blobs(loaded)
    if loaded.storage.redis:
        yield await _redis(loaded.storage.redis)
    if loaded.jobs.queue != "embedded":
        yield await _queue(loaded)
    for name in loaded.engines.enabled:
        yield await _engine(loaded, name)
    yield _port(loaded)
    yield _player()


def _folder(settings: Settings) -> Finding:
    folder = settings.storage.folder
    try:
        folder.mkdir(parents=True, exist_ok=True)
        free = shutil.disk_usage(folder).free / 1e9
        (folder / ".doctor").touch()
        (folder / ".doctor").unlink()
    except OSError as error:
        advice = f"{folder}: {error.strerror}; choose another with POLYVOX_STORAGE__FOLDER"
        return Finding("folder", False, advice)
    return Finding("folder", True, f"{folder}, {free:.0f} GB free")


async def _database(settings: Settings) -> Finding:
    from polyvox.app import check_database
    from polyvox.domain.errors import PolyvoxError

    try:
        return Finding("database", True, await check_database(settings))
    except PolyvoxError as error:
        return Finding("database", False, f"{error.message} Set POLYVOX_STORAGE__DATABASE.")


async def _blobs(settings: Settings) -> Finding:
    from polyvox.app import check_blobs
    from polyvox.domain.errors import PolyvoxError

    try:
        return Finding("files", True, await check_blobs(settings))
    except PolyvoxError as error:
        advice = "Check storage.blobs, storage.s3_endpoint and the AWS_… variables."
        return Finding("files", False, f"{error.message} {advice}")


async def _redis(url: str) -> Finding:
    where = urlsplit(url)
    try:
        async with asyncio.timeout(3):
            _, writer = await asyncio.open_connection(where.hostname, where.port or 6379)
        writer.close()
    except (OSError, TimeoutError, ValueError) as error:
        return Finding("redis", False, f"{where.hostname}: {error or 'no answer'}")
    return Finding("redis", True, f"{where.hostname}:{where.port or 6379} accepts connections")


async def _queue(settings: Settings) -> Finding:
    from polyvox.app import running
    from polyvox.domain.errors import PolyvoxError

    try:
        async with running(settings) as services:
            await services.jobs.queue.ping()
    except PolyvoxError as error:
        return Finding("jobs", False, error.message)
    return Finding("jobs", True, "the broker answers; `polyvox jobs work` works at them")


async def _engine(settings: Settings, name: str) -> Finding:
    from polyvox.app import running
    from polyvox.audio.encode import format_named
    from polyvox.domain.errors import PolyvoxError
    from polyvox.domain.speech import Utterance

    try:
        async with running(settings, stored=False) as services:
            model = services.engines.status(name).models[0]
            asked = Utterance("One, two, three.", model=model, language="en")
            recording = await (await services.synthesis.speak(asked, format_named("mp3"))).collect()
    except PolyvoxError as error:
        return Finding(f"engine {name}", False, error.message)
    return Finding(f"engine {name}", True, f"spoke {recording.duration:.1f} s")


def _port(settings: Settings) -> Finding:
    from polyvox.domain.errors import Unavailable
    from polyvox.server import can_listen

    where = f"{settings.server.host}:{settings.server.port}"
    try:
        can_listen(settings)
    except Unavailable as error:
        return Finding("port", False, error.message, needed=False)
    return Finding("port", True, f"{where} is free")


def _player() -> Finding:
    from polyvox.cli.speak import player
    from polyvox.domain.errors import Unavailable

    try:
        return Finding("player", True, player()[0], needed=False)
    except Unavailable as error:
        return Finding("player", False, error.message, needed=False)
