"""polyvox jobs: long work, seen and steered in the server's own storage; and who works at it."""

from __future__ import annotations

import asyncio
import contextlib
import json
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from time import time
from typing import TYPE_CHECKING, Annotated

import typer

from polyvox.cli import making

if TYPE_CHECKING:
    from polyvox.domain.audio import Recording
    from polyvox.domain.job import Job
    from polyvox.jobs.worker import Worker
    from polyvox.services import Services

app = typer.Typer(help="Long work.", no_args_is_help=True, rich_markup_mode=None)
Which = Annotated[list[str], typer.Argument(help="Ids of jobs.")]
AsJson = Annotated[bool, typer.Option("--json", help="As JSON.")]


@app.command("list")
def list_jobs(
    status: Annotated[
        list[str] | None,
        typer.Option(help="queued, running, completed, failed or cancelled; repeat."),
    ] = None,
    count: Annotated[int, typer.Option("-n", "--count", min=1, help="At most so many.")] = 50,
    as_json: AsJson = False,
) -> None:
    """List jobs: the newest first."""
    from rich.console import Console
    from rich.table import Table

    async def finding() -> tuple[list[Job], int]:
        async with making.services() as served:
            return await served.jobs.list(statuses=status or (), count=count)

    found, total = asyncio.run(finding())
    if as_json:
        typer.echo(json.dumps([asdict(job) for job in found], ensure_ascii=False, indent=1))
        return
    table = Table(box=None)
    table.add_column("id", no_wrap=True, min_width=36)
    for head in ("kind", "engine", "status", "done", "asked", "text or error"):
        table.add_column(head, no_wrap=True)
    for job in found:
        about = " ".join((job.error or _text(job)).split())[:60]
        row = (job.id, job.kind, job.engine, job.status, f"{job.progress:.0%}")
        table.add_row(*row, _moment(job.created_at), about)
    Console().print(table)
    if total > len(found):
        typer.echo(f"… and {total - len(found)} more: --count {total}")


@app.command()
def show(
    id: Annotated[str, typer.Argument(help="Id of the job.")], as_json: AsJson = False
) -> None:
    """Show how a job is doing and what was asked."""

    async def finding() -> Job:
        async with making.services() as served:
            return await served.jobs.get(id)

    job = asyncio.run(finding())
    if as_json:
        typer.echo(json.dumps(asdict(job), ensure_ascii=False, indent=1))
        return
    lines = {
        "id": job.id,
        "kind": f"{job.kind} by {job.engine}",
        "status": f"{job.status}, {job.progress:.0%}: {job.done} of {job.total or '?'} segments",
        "left": _span(job.left(time())),
        "error": job.error,
        "attempts": str(job.attempts),
        "asked": _moment(job.created_at),
        "begun": _moment(job.started_at),
        "ended": _moment(job.ended_at),
        "kept until": _moment(job.expires_at),
        "sound": _span(job.result.get("seconds")),
        "text": _text(job)[:200],
    }
    for name, value in lines.items():
        if value:
            typer.echo(f"{name:11}{value}")


@app.command()
def segment(
    id: Annotated[str, typer.Argument(help="Id of the job.")],
    number: Annotated[int, typer.Argument(min=0, help="Of the segment, counted from 0.")],
    output: Annotated[
        Path, typer.Option("-o", "--output", help="File to write, `-` for standard output.")
    ],
    format: Annotated[
        str | None,
        typer.Option(help="mp3, opus, aac, flac, wav, pcm, ulaw, alaw; by the name of the output."),
    ] = None,
) -> None:
    """Write what one segment of a narration sounds like, which runs or is over."""
    from polyvox.domain.errors import InvalidInput

    async def finding() -> Recording:
        async with making.services() as served:
            found, _ = await served.tracks.segment(id, number, format or output.suffix[1:] or None)
            return found

    recording = asyncio.run(finding())
    if str(output) == "-":
        sys.stdout.buffer.write(recording.data)
        return
    try:
        output.write_bytes(recording.data)
    except OSError as error:
        raise InvalidInput(f"{output} cannot be written: {error.strerror}.") from error
    typer.echo(f"{output}: {recording.duration:.1f} s, segment {number}", err=True)


@app.command()
def cancel(ids: Which) -> None:
    """Cancel jobs that wait or run; what is over stays as it is."""
    _each(ids, lambda served, id: served.jobs.cancel(id))


@app.command()
def retry(ids: Which) -> None:
    """Begin jobs again that failed or were cancelled; what is spoken is kept."""
    _each(ids, lambda served, id: served.jobs.retry(id))


@app.command()
def delete(
    ids: Which, yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False
) -> None:
    """Remove jobs and their results; those that run are cancelled."""
    if not yes:
        typer.confirm(f"Delete {len(ids)} job{'s' * (len(ids) > 1)}?", abort=True)
    _each(ids, lambda served, id: served.jobs.delete(id))


@app.command()
def work(
    slots: Annotated[int | None, typer.Option(min=1, help="Jobs at once.")] = None,
) -> None:
    """Work at the jobs of servers that share a broker, until stopped (Celery)."""
    import logging.config

    from polyvox.app import running, worker
    from polyvox.domain.errors import InvalidInput
    from polyvox.settings import load

    settings = load({"jobs": {"slots": slots}} if slots else {})
    queue = settings.jobs.queue
    if queue == "embedded":
        raise InvalidInput(
            "The server works at its jobs itself. For workers of their own set "
            "POLYVOX_JOBS__QUEUE=redis://… (or amqp://…), for the servers too."
        )
    from polyvox.app.logs import log_config
    from polyvox.jobs.celery import work as work_for

    @contextlib.asynccontextmanager
    async def opened() -> AsyncIterator[Worker]:
        async with running(settings) as served:
            typer.echo(f"Works at jobs, {settings.jobs.slots} at once.")
            yield worker(settings, served)

    logging.config.dictConfig(log_config(settings.server.log_format, settings.server.log_level))
    work_for(queue, opened, settings.jobs.slots)


def _each(ids: list[str], change: Callable[[Services, str], Awaitable[Job | None]]) -> None:
    async def changing() -> None:
        async with making.services() as served:
            for id in ids:
                job = await change(served, id)
                typer.echo(f"{id}: {_said(job)}")

    asyncio.run(changing())


def _said(job: Job | None) -> str:
    if job is None:
        return "deleted"
    return "stops" if job.stopping and not job.over else job.status


def _text(job: Job) -> str:
    chapters = job.asked.get("chapters") or [{"text": job.asked.get("text") or ""}]
    return str(chapters[0]["text"])


def _moment(seconds: float | None) -> str:
    return "" if seconds is None else f"{datetime.fromtimestamp(seconds):%Y-%m-%d %H:%M:%S}"


def _span(seconds: float | None) -> str:
    if seconds is None:
        return ""
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes // 60}:{minutes % 60:02}:{rest:02}"


@app.callback()
def _group() -> None:
    """Long work: narrations that were asked of the server or of `narrate`."""
