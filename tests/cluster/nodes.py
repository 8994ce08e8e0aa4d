"""Real workers in processes of their own, on free ports."""

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

TOKEN = "a-token-of-some-length"
_UP_WITHIN = 20.0


@dataclass(frozen=True)
class RunningNode:
    url: str
    process: subprocess.Popen[bytes]
    log: Path


@contextlib.contextmanager
def node(
    folder: Path, engine: str, *arguments: str, port: int = 0, **environment: str
) -> Iterator[RunningNode]:
    """A worker with that engine, once it listens; `folder` holds its environments and weights and
    takes its log."""
    command = [sys.executable, "-m", "polyvox", "worker", "--engine", engine, "--device", "cpu"]
    with running([*command, "--port", str(port), *arguments], folder, **environment) as found:
        yield found


@contextlib.contextmanager
def running(command: list[str], folder: Path, **environment: str) -> Iterator[RunningNode]:
    """A process that says where it listens; stopped at the end."""
    given = {key: value for key, value in os.environ.items() if not key.startswith("POLYVOX_")}
    given |= {"POLYVOX_STORAGE__FOLDER": str(folder), "POLYVOX_CLUSTER__TOKEN": TOKEN}
    given |= {"XDG_CONFIG_HOME": str(folder / "config"), "PYTHONUNBUFFERED": "1", **environment}
    log = folder / f"node-{time.monotonic_ns()}.log"
    with log.open("wb") as written:
        process = subprocess.Popen(command, env=given, stdout=written, stderr=subprocess.STDOUT)
    try:
        yield RunningNode(_url(process, log), process, log)
    finally:
        process.terminate()
        process.wait(20)


def _url(process: subprocess.Popen[bytes], log: Path) -> str:
    until = time.monotonic() + _UP_WITHIN
    while time.monotonic() < until and process.poll() is None:
        found = re.search(r"listens on (\S+)", log.read_text())
        if found and "startup complete" in log.read_text():
            return found[1]
        time.sleep(0.05)
    raise AssertionError(f"The node did not start:\n{log.read_text()}")
