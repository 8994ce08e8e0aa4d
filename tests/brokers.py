"""A real Redis of a test's own, which can be killed and started again with its data or without."""

from __future__ import annotations

import contextlib
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

_READY_WITHIN = 10.0


class Redis:
    """One server on a port that stays the same."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        with socket.socket() as listening:
            listening.bind(("127.0.0.1", 0))
            self.port: int = listening.getsockname()[1]
        self.process = self._started()

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}/0"

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()

    def again(self, *, empty: bool = False) -> None:
        """Start it once more after it was killed."""
        if empty:
            shutil.rmtree(self._folder / "appendonlydir")
        self.process = self._started()

    def _started(self) -> subprocess.Popen[bytes]:
        self._folder.mkdir(exist_ok=True)
        given = {"port": self.port, "bind": "127.0.0.1", "appendonly": "yes", "save": ""}
        options = [part for name, value in given.items() for part in (f"--{name}", str(value))]
        log = (self._folder / "redis.log").open("ab")
        with log:
            process = subprocess.Popen(
                ["redis-server", *options], cwd=self._folder, stdout=log, stderr=log
            )
        until = time.monotonic() + _READY_WITHIN
        while time.monotonic() < until and process.poll() is None:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port)):
                return process
            time.sleep(0.02)
        raise AssertionError((self._folder / "redis.log").read_text())


@contextlib.contextmanager
def redis(folder: Path) -> Iterator[Redis]:
    server = Redis(folder)
    try:
        yield server
    finally:
        server.kill()
