"""Gateways and workers as processes of their own: killed, hung, cut off and started again.

Their engine, `far`, hums as `tone` does, and is installed on workers only: what a gateway sends was
spoken by a node.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from tests.jobs.rabbit import free_ports
from tests.processes import within

FAR = """
import time
from dataclasses import dataclass
from pathlib import Path

from polyvox.domain.errors import EngineFailed
from polyvox.engines.options import option
from polyvox.engines.tone import Tone


class Far(Tone):
    name = "far"
    separate = {separate}

    @dataclass(frozen=True)
    class Settings:
        slow: float = option(0.0, "Seconds that each tenth of a second takes here.")
        load: float = option(0.0, "Seconds of loading.")
        broken: str = option("", "File that keeps it from loading while it is there.")

    def load(self, device):
        time.sleep(self.settings.load)
        if self.settings.broken and Path(self.settings.broken).exists():
            raise EngineFailed("its weights are damaged")

    def synthesize(self, segment, voice, options):
        for chunk in super().synthesize(segment, voice, options):
            time.sleep(self.settings.slow)
            yield chunk
"""
SHARED = {
    "POLYVOX_CACHE__ENABLED": "false",
    "POLYVOX_CLUSTER__SILENCE_SECONDS": "2",
    "POLYVOX_CLUSTER__BEAT_SECONDS": "0.3",
    "POLYVOX_RATES__PER_MINUTE": "1000000",
    "POLYVOX_RATES__PER_ADDRESS": "1000000",
    "POLYVOX_RATES__AT_ONCE": "1000",
    "PYTHONUNBUFFERED": "1",
}


@dataclass
class Program:
    """One process; the same again after it was killed."""

    arguments: Sequence[str]
    environment: dict[str, str]
    folder: Path
    url: str
    process: subprocess.Popen[bytes] = field(init=False)

    def __post_init__(self) -> None:
        self.start()

    def start(self) -> None:
        kept = {name: each for name, each in os.environ.items() if "POLYVOX" not in name}
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen(
                self.arguments,
                env={**kept, **self.environment},
                cwd=self.folder,
                stdout=log,
                stderr=log,
            )

    @property
    def log(self) -> str:
        return (self.folder / "log").read_text()

    @property
    def port(self) -> int:
        return int(self.url.rpartition(":")[2])

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()

    def signal(self, number: signal.Signals) -> None:
        self.process.send_signal(number)

    def end(self) -> None:
        """At once, whatever it is doing."""
        if self.process.poll() is None:
            self.signal(signal.SIGCONT)
            self.signal(signal.SIGTERM)
            self.signal(signal.SIGTERM)
            try:
                self.process.wait(8)
            except subprocess.TimeoutExpired:
                self.kill()


@dataclass
class Gateway(Program):
    def nodes(self) -> list[dict[str, Any]]:
        """Empty while it does not answer."""
        try:
            found: list[dict[str, Any]] = httpx.get(f"{self.url}/api/nodes").json()["nodes"]
        except httpx.HTTPError:
            return []
        return found

    def node(self, worker: Program) -> dict[str, Any]:
        """Empty for one that is not there; what one that was killed left behind is older."""
        here = [each for each in self.nodes() if each["url"] == worker.url]
        return max(here, key=lambda each: each["registered_at"], default={})

    def command(self, worker: Program, command: str) -> httpx.Response:
        url = f"{self.url}/api/nodes/{self.node(worker)['node_id']}/command"
        return httpx.post(url, json={"command": command})

    def until(self, worker: Program, *states: str, seconds: float = 15) -> None:
        """Until the worker is in one of these states; "gone" is that of one that is not there."""
        try:
            within(seconds, lambda: self.node(worker).get("status", "gone") in states)
        except AssertionError as error:
            raise AssertionError(f"{error}: {self.node(worker)}\n{worker.log}") from error

    def ready(self, *workers: Program, seconds: float = 15) -> None:
        for worker in workers:
            self.until(worker, "ready", seconds=seconds)

    def revive(self, worker: Program) -> None:
        """Start it again, and wait until it is ready as another node than it was."""
        before = self.node(worker).get("node_id")
        worker.start()
        within(30, lambda: self.node(worker).get("node_id") != before)
        self.ready(worker, seconds=30)

    def speaking(self, *workers: Program) -> Program:
        """Which of them speaks, as soon as one does."""
        return within(5, lambda: next(filter(self._speaks, workers), None))

    def _speaks(self, worker: Program) -> bool:
        return bool(self.node(worker).get("current_concurrent"))

    def alive(self) -> bool:
        try:
            return httpx.get(f"{self.url}/api/status").is_success
        except httpx.HTTPError:
            return False


class Machines:
    """Those of one test; all end with it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._running: list[Program] = []

    def gateway(
        self,
        *options: str,
        before: Sequence[str] = (),
        host: str = "127.0.0.1",
        home: Path | None = None,
        **given: str,
    ) -> Gateway:
        """One that answers; `before` is what its command is given to."""
        folder, environment = self._home("gateway", True, given, home)
        (port,) = free_ports(1)
        command = [*before, sys.executable, "-m", "polyvox", "gateway", "--engine", "far"]
        command += ["--engine", "espeak", "--host", host, "--port", str(port), *options]
        made = Gateway(command, environment, folder, f"http://127.0.0.1:{port}")
        self._running.append(made)
        within(30, made.alive)
        return made

    def worker(
        self,
        gateway: str,
        *options: str,
        before: Sequence[str] = (),
        host: str = "127.0.0.1",
        engine: str = "far",
        settings: dict[str, Any] | None = None,
        load: bool = True,
        seats: int = 2,
        **given: str,
    ) -> Program:
        """One that has been started; `settings` are those of its engine."""
        given = {
            "POLYVOX_ENGINES__HOSTS": str(seats),
            "POLYVOX_ENGINES__SETTINGS": json.dumps({engine: settings or {}}),
            **given,
        }
        folder, environment = self._home("worker", False, given)
        (port,) = free_ports(1)
        command = [*before, sys.executable, "-m", "polyvox", "worker", "--engine", engine]
        command += ["--host", host, "--port", str(port), "--gateway", gateway, *options]
        url = f"http://{host}:{port}"
        made = Program([*command, *(["--auto-load"] if load else [])], environment, folder, url)
        self._running.append(made)
        return made

    def end(self) -> None:
        """The workers first, so that they need not ask for a gateway."""
        for each in sorted(self._running, key=lambda each: isinstance(each, Gateway)):
            each.end()

    def _home(
        self, name: str, separate: bool, given: dict[str, str], home: Path | None = None
    ) -> tuple[Path, dict[str, str]]:
        folder = self._folder / f"{name}-{len(self._running)}"
        engines = folder / "engines"
        engines.mkdir(parents=True)
        (engines / "far.py").write_text(FAR.replace("{separate}", str(separate)))
        environment = {
            "POLYVOX_STORAGE__FOLDER": str(home or folder),
            "POLYVOX_ENGINES__FOLDER": str(engines),
            "XDG_CONFIG_HOME": str(folder / "config"),
        }
        return folder, {**SHARED, **environment, **given}


@dataclass
class Pair:
    """A gateway and two workers that several tests share."""

    gateway: Gateway
    workers: list[Program]

    def mended(self) -> Pair:
        """As it was, whatever a test has done to it."""
        if self.gateway.process.poll() is not None:
            self.gateway.start()
        for each in self.workers:
            each.signal(signal.SIGCONT)
            if each.process.poll() is not None:
                self.gateway.revive(each)
            self.gateway.until(each, "ready", "standby", seconds=30)
            if self.gateway.node(each)["status"] == "standby":
                assert self.gateway.command(each, "activate").is_success
        self.gateway.ready(*self.workers, seconds=30)
        return self
