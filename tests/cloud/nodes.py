"""Real nodes in processes of their own, on free ports."""

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


@contextlib.contextmanager
def node(
    folder: Path, engine: str, *arguments: str, port: int = 0, **environment: str
) -> Iterator[RunningNode]:
    """A node of that engine, once it listens; `folder` takes its log."""
    log = folder / f"{engine}.log"
    command = [sys.executable, "-m", "polyvox.cloud.node", "--engine", engine, "--device", "cpu"]
    with log.open("wb") as written:
        process = subprocess.Popen(
            [*command, "--port", str(port), *arguments],
            env={**os.environ, "POLYVOX_TOKEN": TOKEN, **environment},
            stdout=written,
            stderr=subprocess.STDOUT,
        )
    try:
        yield RunningNode(_url(process, log), process)
    finally:
        process.terminate()
        process.wait(20)


def _url(process: subprocess.Popen[bytes], log: Path) -> str:
    until = time.monotonic() + _UP_WITHIN
    while time.monotonic() < until and process.poll() is None:
        if found := re.search(r"running on (\S+)", log.read_text()):
            return found[1]
        time.sleep(0.05)
    raise AssertionError(f"The node did not start:\n{log.read_text()}")
