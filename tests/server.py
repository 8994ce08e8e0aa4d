"""A real server in a process of its own, on a free port, with a folder of its own."""

from __future__ import annotations

import contextlib
import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx

_READY_WITHIN = 30.0


@dataclass(frozen=True)
class Server:
    url: str
    process: subprocess.Popen[str]
    log: Path

    @property
    def port(self) -> int:
        return int(self.url.rpartition(":")[2])


@contextlib.contextmanager
def served(folder: Path, **environment: str) -> Iterator[Server]:
    """The server, once it can speak; stopped at the end. `environment` holds settings."""
    given = {key: value for key, value in os.environ.items() if not key.startswith("POLYVOX_")}
    given |= {"POLYVOX_STORAGE__FOLDER": str(folder), "PYTHONUNBUFFERED": "1"} | environment
    given |= {"XDG_CONFIG_HOME": str(folder / "config")}
    log = folder / "server.log"
    with log.open("w") as written:
        process = subprocess.Popen(
            [sys.executable, "-m", "polyvox", "serve", "--port", "0"],
            env=given,
            cwd=folder,
            stdout=written,
            stderr=subprocess.STDOUT,
            text=True,
        )
    try:
        yield Server(_url(process, log), process, log)
    finally:
        process.terminate()
        process.wait(20)


def _url(process: subprocess.Popen[str], log: Path) -> str:
    until = time.monotonic() + _READY_WITHIN
    while time.monotonic() < until and process.poll() is None:
        found = re.search(r"listens on (\S+)", log.read_text())
        if found and _ready(found[1]):
            return found[1]
        time.sleep(0.05)
    process.kill()
    raise AssertionError(f"The server did not become ready:\n{log.read_text()}")


def _ready(url: str) -> bool:
    try:
        return httpx.get(f"{url}/health/ready").status_code == 200
    except httpx.HTTPError:
        return False
