"""The processes below a server: which are engines' hosts, how much memory they take together."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from tests.server import Server

_Found = TypeVar("_Found")
_PROC = Path("/proc")


def hosts_of(server: Server, engine: str) -> list[int]:
    """Process ids of the engine's hosts."""
    return [
        process
        for process in _below(server.process.pid)
        if _command(process)[1:4] == ["-m", "polyvox.runtime.host", engine]
    ]


def memory_of(server: Server) -> float:
    """Megabytes of the server with all processes below it; what they share counts once (PSS)."""
    everyone = [server.process.pid, *_below(server.process.pid)]
    return sum(map(_share, everyone)) / 1024


def killed(process: int) -> None:
    os.kill(process, signal.SIGKILL)


def stopped(process: int) -> None:
    """It does nothing any more, until it is killed."""
    os.kill(process, signal.SIGSTOP)


def within(seconds: float, look: Callable[[], _Found]) -> _Found:
    """What `look` gives as soon as it gives something."""
    until = time.monotonic() + seconds
    while not (found := look()):
        assert time.monotonic() < until, f"not within {seconds:g} s"
        time.sleep(0.02)
    return found


def _below(parent: int) -> list[int]:
    children = [each for each in map(int, _names()) if _parent(each) == parent]
    return [*children, *(one for child in children for one in _below(child))]


def _names() -> list[str]:
    return [each.name for each in _PROC.iterdir() if each.name.isdigit()]


def _parent(process: int) -> int:
    """0 for one that has ended."""
    try:
        told = (_PROC / str(process) / "stat").read_text()
    except OSError:
        return 0
    return int(told.rpartition(")")[2].split()[1])


def _command(process: int) -> list[str]:
    try:
        return (_PROC / str(process) / "cmdline").read_text().split("\0")
    except OSError:
        return []


def _share(process: int) -> int:
    """Kilobytes."""
    try:
        lines = (_PROC / str(process) / "smaps_rollup").read_text().splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) for line in lines if line.startswith("Pss:")), 0)
