"""The machines of a cluster as processes of this one: servers, gateways, workers, a Redis."""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from urllib.request import urlopen

from bench.load import Ask
from bench.paths import environment
from bench.processes import Served, free_port, serving, stop

_READY_WITHIN = 60.0
_ENGINES = ("--engine", "tone", "--engine", "espeak")


class Machines:
    """All of them end with the block."""

    def __init__(self, folder: Path) -> None:
        self._folder, self._stack, self._count = folder, contextlib.ExitStack(), 0

    def __enter__(self) -> Machines:
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def gateway(self, *more: str, **settings: str) -> Served:
        """One that counts nobody's requests and lets everybody wait."""
        command = ("gateway", "--port", "{port}", *_ENGINES, *more)
        free = {f"POLYVOX_RATES__{each}": "" for each in ("PER_MINUTE", "PER_ADDRESS", "AT_ONCE")}
        return self._served(command, {**free, **settings})

    def server(self, **settings: str) -> Served:
        """One that speaks itself, with one host."""
        enabled = {"POLYVOX_ENGINES__ENABLED": "tone,espeak", "POLYVOX_SPEECH__MODEL": "tone"}
        return self._served(("serve", "--port", "{port}"), {**enabled, **settings})

    def workers(self, gateway: Served, count: int, **settings: str) -> None:
        """So many more, once the gateway has heard that they have their model in memory."""
        known = _ready_nodes(gateway)
        for _ in range(count):
            self._worker(gateway, settings)
        until = time.monotonic() + _READY_WITHIN
        while _ready_nodes(gateway) < known + count:
            if time.monotonic() > until:
                raise RuntimeError(f"{count} workers did not become ready")
            time.sleep(0.1)

    def redis(self) -> str:
        """The address of one of its own."""
        port, folder = free_port(), self._own_folder()
        command = ["redis-server", "--port", str(port), "--save", "", "--dir", str(folder)]
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
        self._stack.callback(stop, process)
        return f"redis://127.0.0.1:{port}/0"

    def _served(self, command: tuple[str, ...], settings: Mapping[str, str]) -> Served:
        folder = self._own_folder()
        given = {**environment(folder), **_MACHINE, **settings}
        ours = (sys.executable, "-m", "polyvox", *command)
        ready = Ask("Ready.", "wav")
        return self._stack.enter_context(serving(ours, given, folder / "log", ready, _READY_WITHIN))

    def _worker(self, gateway: Served, settings: Mapping[str, str]) -> None:
        folder = self._own_folder()
        command = ["worker", "--engine", "tone", "--port", "0", "--auto-load"]
        command += ["--gateway", f"http://127.0.0.1:{gateway.port}"]
        with (folder / "log").open("wb") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", "polyvox", *command],
                env={**environment(folder), **_MACHINE, **settings},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        self._stack.callback(stop, process)

    def _own_folder(self) -> Path:
        self._count += 1
        folder = self._folder / f"machine-{self._count}"
        folder.mkdir()
        return folder


_MACHINE = {
    "POLYVOX_ENGINES__HOSTS": "1",
    "POLYVOX_SPEECH__MAX_WAITING": "10000",
    "POLYVOX_SPEECH__MAX_WAIT_SECONDS": "300",
}


def cpu_of(pid: int) -> float:
    """Processor seconds of all threads of one process, without its children: the scheduler's own
    count in nanoseconds, as /proc/PID/stat only counts hundredths of a second."""
    spent = 0
    for task in Path(f"/proc/{pid}/task").iterdir():
        with contextlib.suppress(OSError):
            spent += int((task / "schedstat").read_text().split()[0])
    return spent / 1e9


@contextlib.contextmanager
def spent(pid: int, found: list[float]) -> Iterator[None]:
    """Adds the processor seconds of the process within the block."""
    before = cpu_of(pid)
    yield
    found.append(cpu_of(pid) - before)


def url_of(served: Served) -> str:
    return f"http://127.0.0.1:{served.port}"


def busy_share(since: tuple[float, float]) -> float:
    """Of all cores of the machine, how much was in use by anyone since `machine_clock` said so."""
    now = machine_clock()
    return 1 - (now[1] - since[1]) / max(1e-9, now[0] - since[0])


def machine_clock() -> tuple[float, float]:
    """Ticks of all cores so far, and those in which they were idle (proc(5))."""
    ticks = [int(each) for each in Path("/proc/stat").read_text().split("\n")[0].split()[1:9]]
    return float(sum(ticks)), float(ticks[3] + ticks[4])


def _ready_nodes(gateway: Served) -> int:
    with urlopen(f"{url_of(gateway)}/api/nodes", timeout=10) as answer:
        found = json.load(answer)["nodes"]
    return sum(each["model_loaded"] for each in found)
