"""What processes and their descendants cost, as Linux's /proc tells it (proc(5)), and how they are
started, frozen and stopped."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.load import Ask, Refused, ask_once

_TICK = os.sysconf("SC_CLK_TCK") if hasattr(os, "sysconf") else 100
_KIB = 1024


def cores() -> int:
    """Those that this process may use."""
    return len(os.sched_getaffinity(0))


def tree(root: int) -> list[int]:
    """The process and all its living descendants."""
    children: dict[int, list[int]] = {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            children.setdefault(int(_stat(path)[1]), []).append(int(path.parent.name))
    found = [root]
    for pid in found:
        found += children.get(pid, [])
    return found


def cpu_seconds(root: int) -> float:
    """Processor time of the tree so far, with that of its children that have ended."""
    ticks = 0
    for pid in tree(root):
        with contextlib.suppress(OSError):
            ticks += sum(int(each) for each in _stat(Path(f"/proc/{pid}/stat"))[11:15])
    return ticks / _TICK


def resident(pid: int) -> int:
    """Bytes in memory, shared pages counted whole."""
    return _memory(pid, "Rss:")


def proportional(pid: int) -> int:
    """Bytes in memory, shared pages counted by share."""
    return _memory(pid, "Pss:")


def command_line(pid: int) -> str:
    return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode().strip()


def freeze(root: int) -> None:
    """Stop the tree's clock: what polls while idle costs the others nothing."""
    _signal(root, signal.SIGSTOP)


def thaw(root: int) -> None:
    _signal(root, signal.SIGCONT)


@dataclass(frozen=True)
class Served:
    """A server that answers."""

    pid: int
    port: int


@contextlib.contextmanager
def serving(
    command: Sequence[str], environment: Mapping[str, str], log: Path, ready: Ask, within: float
) -> Iterator[Served]:
    """The server that `command` (with its port put in for `{port}`) starts, from when it answers
    `ready` until the block is left, with all its descendants. Raises RuntimeError with its log
    when that takes longer than `within` seconds."""
    port = free_port()
    with log.open("wb") as written:
        process = subprocess.Popen(
            [part.format(port=port) for part in command],
            env=dict(environment),
            stdin=subprocess.DEVNULL,
            stdout=written,
            stderr=subprocess.STDOUT,
        )
    try:
        _until_ready(process, port, ready, within, log)
        yield Served(process.pid, port)
    finally:
        stop(process)


def stop(process: subprocess.Popen[bytes]) -> None:
    """End the process, and whatever it leaves behind."""
    family = {pid: _born(pid) for pid in tree(process.pid)}
    process.send_signal(signal.SIGCONT)
    process.terminate()
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(10)
    for pid, born in family.items():
        if born and _born(pid) == born:  # the number may be another's by now
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
    process.wait()


def free_port() -> int:
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        return int(listening.getsockname()[1])


def _until_ready(
    process: subprocess.Popen[bytes], port: int, ready: Ask, within: float, log: Path
) -> None:
    until = time.monotonic() + within
    while time.monotonic() < until and process.poll() is None:
        with contextlib.suppress(OSError, Refused):
            ask_once(port, ready)
            return
        time.sleep(0.05)
    raise RuntimeError(f"It did not become ready:\n{log.read_text(errors='replace')[-2000:]}")


def _stat(path: Path) -> list[str]:
    """The fields of /proc/PID/stat from the third, the state, on."""
    return path.read_text().rpartition(")")[2].split()


def _born(pid: int) -> str:
    """When the process began, in the kernel's ticks; empty when there is none."""
    with contextlib.suppress(OSError):
        return _stat(Path(f"/proc/{pid}/stat"))[19]
    return ""


def _memory(pid: int, field: str) -> int:
    with contextlib.suppress(OSError):
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            if line.startswith(field):
                return int(line.split()[1]) * _KIB
    return 0


def _signal(root: int, which: signal.Signals) -> None:
    for pid in tree(root):
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, which)
