"""Real workers for tests of queues: what they do with a job is written in its request, and what
they did is written to a file. Run as a program it is a Celery worker: DATABASE LOG BROKER RULES."""

from __future__ import annotations

import asyncio
import contextlib
import json
import sys
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from time import time
from typing import Any

from polyvox.domain.errors import Busy, InvalidInput
from polyvox.domain.job import Job
from polyvox.jobs.worker import Do, Report, Rules, Worker
from polyvox.storage.database import connect
from polyvox.storage.jobs import JobRows


def doing(log: Path) -> Do:
    """Jobs that sleep for `seconds`, are busy until their attempt `until`, or are `wrong`."""

    async def do(job: Job, report: Report) -> Mapping[str, Any]:
        _note(log, "begun", job)
        if job.asked.get("wrong"):
            raise InvalidInput("It is wrong.")
        if job.attempts < job.asked.get("until", 0):
            raise Busy("later")
        await asyncio.sleep(job.asked.get("seconds", 0))
        _note(log, "done", job)
        return {"heard": job.asked["name"]}

    return do


def noted(log: Path) -> list[dict[str, Any]]:
    """What was done, in order."""
    return [json.loads(line) for line in log.read_text().splitlines()] if log.exists() else []


def _note(log: Path, what: str, job: Job) -> None:
    line = {"what": what, "name": job.asked["name"], "engine": job.engine, "at": time()}
    with log.open("a") as file:
        file.write(json.dumps(line) + "\n")


@contextlib.asynccontextmanager
async def _worker(database: str, log: Path, rules: Rules) -> AsyncIterator[Worker]:
    opened = await connect(database)
    yield Worker(JobRows(opened), doing(log), rules)
    await opened.dispose()


def main() -> None:
    database, log, broker, rules = sys.argv[1:]
    given = Rules(**json.loads(rules))

    from polyvox.jobs.celery import work

    work(broker, lambda: _worker(database, Path(log), given), given.slots)


if __name__ == "__main__":
    main()
