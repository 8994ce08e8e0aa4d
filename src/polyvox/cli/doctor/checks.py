"""What every Polyvox needs: its folder, its stores, engines that speak, a port, something that
plays."""

from __future__ import annotations

import asyncio
import shutil
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from polyvox.cli.doctor.finding import Finding

if TYPE_CHECKING:
    from polyvox.settings import Settings


def folder(settings: Settings) -> Finding:
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


async def database(settings: Settings) -> Finding:
    from polyvox.app import check_database
    from polyvox.domain.errors import PolyvoxError

    try:
        return Finding("database", True, await check_database(settings))
    except PolyvoxError as error:
        return Finding("database", False, f"{error.message} Set POLYVOX_STORAGE__DATABASE.")


async def blobs(settings: Settings) -> Finding:
    from polyvox.app import check_blobs
    from polyvox.domain.errors import PolyvoxError

    try:
        return Finding("files", True, await check_blobs(settings))
    except PolyvoxError as error:
        advice = "Check storage.blobs, storage.s3_endpoint and the AWS_… variables."
        return Finding("files", False, f"{error.message} {advice}")


async def redis(url: str) -> Finding:
    where = urlsplit(url)
    try:
        async with asyncio.timeout(3):
            _, writer = await asyncio.open_connection(where.hostname, where.port or 6379)
        writer.close()
    except (OSError, TimeoutError, ValueError) as error:
        return Finding("redis", False, f"{where.hostname}: {error or 'no answer'}")
    return Finding("redis", True, f"{where.hostname}:{where.port or 6379} accepts connections")


async def queue(settings: Settings) -> Finding:
    from polyvox.app import running
    from polyvox.domain.errors import PolyvoxError

    try:
        async with running(settings) as services:
            await services.jobs.queue.ping()
    except PolyvoxError as error:
        return Finding("jobs", False, error.message)
    return Finding("jobs", True, "the broker answers; `polyvox jobs work` works at them")


async def engine(settings: Settings, name: str) -> Finding:
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


def port(settings: Settings) -> Finding:
    from polyvox.domain.errors import Unavailable
    from polyvox.server import can_listen

    where = f"{settings.server.host}:{settings.server.port}"
    try:
        can_listen(settings)
    except Unavailable as error:
        return Finding("port", False, error.message, needed=False)
    return Finding("port", True, f"{where} is free")


def player() -> Finding:
    from polyvox.cli.speak import player as find
    from polyvox.domain.errors import Unavailable

    try:
        return Finding("player", True, find()[0], needed=False)
    except Unavailable as error:
        return Finding("player", False, error.message, needed=False)
