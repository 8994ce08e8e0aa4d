"""The servers that the same texts go through, started side by side. Each stands still unless it is
being measured, so that what one does while idle is not charged to another."""

from __future__ import annotations

import contextlib
import importlib.util
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from bench.load import Ask, Job, Result
from bench.processes import Served, cores, cpu_seconds, freeze, serving, thaw

LIMIT, POLYVOX, SUBPROCESS, LITSERVE = "limit", "Polyvox", "FastAPI + espeak-ng", "LitServe"
_READY_WITHIN = 60.0
_ROOT = Path(__file__).parents[1]


@dataclass(frozen=True)
class Server:
    """A way to speak over HTTP."""

    name: str
    command: tuple[str, ...]
    """`{port}` stands for the port to listen on."""
    missing: str | None = None
    """What it needs and does not find here, and how to get it."""


def polyvox() -> Server:
    return Server(POLYVOX, (sys.executable, "-m", "polyvox", "serve", "--port", "{port}"))


def peers() -> list[Server]:
    """Those that can run here and those that cannot."""
    workers = str(cores())
    uvicorn = ("-m", "uvicorn", "bench.peers.subprocesses:app", "--log-level", "warning")
    espeak, litserve = shutil.which("espeak-ng"), importlib.util.find_spec("litserve")
    return [
        Server(
            SUBPROCESS,
            (sys.executable, *uvicorn, "--workers", workers, "--port", "{port}"),
            None if espeak else "there is no espeak-ng program: apt-get install espeak-ng",
        ),
        Server(
            LITSERVE,
            (sys.executable, "-m", "bench.peers.lit", "{port}", workers),
            None if litserve else "LitServe is not installed: pip install 'polyvox[bench]'",
        ),
    ]


@contextlib.contextmanager
def started(server: Server, folder: Path) -> Iterator[Served]:
    """The server, once it speaks; its files and its log are in `folder`."""
    log = folder / f"{server.name.replace(' ', '')}.log"
    ready = Ask("Ready.", "wav")
    with serving(server.command, environment(folder), log, ready, _READY_WITHIN) as served:
        yield served


def environment(folder: Path) -> dict[str, str]:
    """For a Polyvox of its own, with the cache off and no settings but these."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith("POLYVOX_")}
    return kept | {
        "PYTHONPATH": os.pathsep.join(filter(None, (str(_ROOT), kept.get("PYTHONPATH")))),
        "XDG_CONFIG_HOME": str(folder / "config"),
        "POLYVOX_STORAGE__FOLDER": str(folder / "storage"),
        "POLYVOX_CACHE__ENABLED": "false",
        "POLYVOX_SERVER__LOG_LEVEL": "warning",
    }


def loaded(
    served: Served, clients: int, texts: Sequence[str], format_name: str
) -> tuple[Result, float]:
    """What `clients` at once get from the server, and the processor seconds that it took."""
    cpu = cpu_seconds(served.pid)
    job = json.dumps(asdict(Job(served.port, clients, format_name, texts)))
    done = subprocess.run(
        [sys.executable, "-m", "bench.load"],
        input=job.encode(),
        stdout=subprocess.PIPE,
        cwd=_ROOT,
        check=True,
    )
    return Result(**json.loads(done.stdout)), cpu_seconds(served.pid) - cpu


@contextlib.contextmanager
def awake(served: Served) -> Iterator[None]:
    """The server runs within the block and stands still after it."""
    thaw(served.pid)
    try:
        yield
    finally:
        freeze(served.pid)
