"""polyvox narrate: a book or a long text to one file, without a server. It is a job like any other,
so that one that was stopped goes on where it was."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import json
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from polyvox.cli.manner import Model, Option, Profile, Quiet, Seed, Speed, Voice, named_values

if TYPE_CHECKING:
    from polyvox.domain.job import Job
    from polyvox.services import Services
    from polyvox.settings import Settings

_AUDIOBOOK = "m4b"
_LONGEST = 100_000_000
_LOOK = 0.3
"""Seconds between two looks at a job that somebody else works at."""


def narrate(
    file: Annotated[str, typer.Argument(help="Text, Markdown or EPUB; `-` is standard input.")],
    output: Annotated[
        Path | None,
        typer.Option("-o", "--output", help="File to write; FILE.mp3. A .m4b has chapters."),
    ] = None,
    voice: Voice = None,
    model: Model = None,
    language: Annotated[
        str | None, typer.Option("-l", "--language", help="Code or name; the book's own.")
    ] = None,
    speed: Speed = 1.0,
    format: Annotated[
        str | None,
        typer.Option(help="mp3, opus, aac, flac, wav, pcm, m4b; by the name of the output."),
    ] = None,
    title: Annotated[str | None, typer.Option(help="Of the book; its own.")] = None,
    option: Option = None,
    profile: Profile = None,
    seed: Seed = None,
    quiet: Quiet = False,
) -> None:
    """Speak a book or a long text to a file. After Ctrl-C the same command goes on."""
    from polyvox.services.audiobooks import RATE, book_in, chapters_of
    from polyvox.settings import load

    target = _target(file, output, format)
    book = book_in(_data(file), "text.txt" if file == "-" else Path(file).name)
    fmt = (format or target.suffix[1:] or "mp3").lower()
    asked = {
        "chapters": chapters_of(book),
        "voice": voice,
        "model": model,
        "language": language or book.language,
        "speed": speed,
        "options": named_values(option, "--option"),
        "profile": profile,
        "seed": seed,
        "format": "pcm" if fmt == _AUDIOBOOK else fmt,
        "sample_rate": RATE if fmt == _AUDIOBOOK else None,
    }
    asked = {name: value for name, value in asked.items() if value not in (None, {})}
    settings = load({"jobs": {"max_characters": _LONGEST}})
    wanted = _Wanted(target, fmt, title or book.title, book.author or "", book.cover)
    asyncio.run(_narrate(settings, asked, wanted, quiet))


@dataclass(frozen=True)
class _Wanted:
    """What is to lie where in the end."""

    path: Path
    format: str
    title: str
    author: str
    cover: bytes | None

    async def write(self, served: Services, job: Job) -> None:
        """The file appears under its name when it is whole."""
        from polyvox.domain.errors import InvalidInput
        from polyvox.services.audiobooks import About, write_audiobook

        unfinished = self.path.with_name(f".{self.path.name}.part")
        try:
            if self.format == _AUDIOBOOK:
                about = About(self.title, self.author, self.cover)
                await write_audiobook(served.jobs, job, about, unfinished)
            else:
                blob, _ = await served.jobs.audio(job.id, self.format)
                with unfinished.open("wb") as sink:
                    async for piece in blob.pieces:
                        sink.write(piece)
            unfinished.replace(self.path)
        except OSError as error:
            raise InvalidInput(f"{self.path} cannot be written: {error.strerror}.") from error
        finally:
            unfinished.unlink(missing_ok=True)


async def _narrate(settings: Settings, asked: dict[str, Any], wanted: _Wanted, quiet: bool) -> None:
    from polyvox.app import running

    key = hashlib.sha256(json.dumps(asked, sort_keys=True).encode()).hexdigest()
    async with running(settings) as served:
        job, new = await served.jobs.submit("narration", asked, key=f"narrate-{key}")
        if not new and job.status in ("failed", "cancelled"):
            job = await served.jobs.retry(job.id)
        if not new and not quiet:
            typer.echo(f"Goes on at segment {job.done + 1} of {job.total or '?'}.", err=True)
        try:
            async with _shown(served, job.id, quiet):
                job = await _over(settings, served, job)
        except asyncio.CancelledError:
            await served.jobs.cancel(job.id)
            if not quiet:
                typer.echo("Stopped; the same command goes on from here.", err=True)
            raise
        _check(job)
        await wanted.write(served, job)
    if not quiet:
        spoken = f"{job.result['seconds']:.1f} s, voice {job.result['voice']}"
        typer.echo(f"{wanted.path}: {spoken}", err=True)


async def _over(settings: Settings, served: Services, job: Job) -> Job:
    """Work at the job, or wait for whoever does, until it is over."""
    from polyvox.app import worker

    here = worker(settings, served)
    async with here.living():
        while not job.over:
            if not await here.take(job.id):
                await asyncio.sleep(_LOOK)
            job = await served.jobs.get(job.id)
    return job


def _check(job: Job) -> None:
    from polyvox.domain.errors import EngineFailed

    if job.status != "completed":
        raise EngineFailed(f"The narration is {job.status}: {job.error or 'somebody stopped it'}")


@contextlib.asynccontextmanager
async def _shown(served: Services, id: str, quiet: bool) -> AsyncIterator[None]:
    """A bar while the block runs."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TimeRemainingColumn

    console = Console(stderr=True)
    columns = ("narrating", BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, disable=quiet or not console.is_terminal) as bar:
        line = bar.add_task("narrating", total=None)

        async def follow() -> None:
            while True:
                job = await served.jobs.get(id)
                bar.update(line, completed=job.done, total=job.total or None)
                await asyncio.sleep(_LOOK)

        following = asyncio.create_task(follow())
        try:
            yield
        finally:
            following.cancel()
            await asyncio.gather(following, return_exceptions=True)
        job = await served.jobs.get(id)
        bar.update(line, completed=job.done, total=job.total or None)


def _data(file: str) -> bytes:
    from polyvox.domain.errors import InvalidInput

    try:
        return sys.stdin.buffer.read() if file == "-" else Path(file).read_bytes()
    except OSError as error:
        raise InvalidInput(f"{file} cannot be read: {error.strerror}.") from error


def _target(file: str, output: Path | None, fmt: str | None) -> Path:
    from polyvox.domain.errors import InvalidInput

    if output is not None:
        if not output.parent.is_dir():
            raise InvalidInput(f"{output} cannot be written: there is no such folder.")
        return output
    if file == "-":
        raise InvalidInput("Name the file to write: -o book.mp3")
    return Path(f"{Path(file).stem}.{fmt or 'mp3'}")
