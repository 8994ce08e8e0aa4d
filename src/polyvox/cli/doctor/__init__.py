"""polyvox doctor: what works on this machine, and what to do about what does not."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import typer

from polyvox.cli.doctor import checks, gpu
from polyvox.cli.doctor.finding import Finding


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
    yield checks.folder(loaded)
    yield await checks.database(loaded)
    yield await checks.blobs(loaded)
    if loaded.storage.redis:
        yield await checks.redis(loaded.storage.redis)
    if loaded.jobs.queue != "embedded":
        yield await checks.queue(loaded)
    for name in loaded.engines.enabled:
        yield await checks.engine(loaded, name)
    yield checks.port(loaded)
    yield checks.player()
    for seen in gpu.findings(loaded):
        yield seen
