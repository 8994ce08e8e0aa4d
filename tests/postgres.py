"""A private PostgreSQL of a test's own, which can be killed and started again."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path


class Postgres:
    """One cluster on a port that stays the same. It does not run as root."""

    def __init__(self, folder: Path) -> None:
        self._bin = sorted(Path("/usr/lib/postgresql").glob("*/bin"))[-1]
        self._data, self._sockets = folder / "db", folder
        with socket.socket() as listening:
            listening.bind(("127.0.0.1", 0))
            self.port: int = listening.getsockname()[1]
        self._run("initdb", "-D", str(self._data), "-A", "trust", "-U", "polyvox", "--no-sync")
        self.start()
        self._run("createdb", "-h", "127.0.0.1", "-p", str(self.port), "-U", "polyvox", "polyvox")

    @property
    def url(self) -> str:
        return f"postgresql://polyvox@127.0.0.1:{self.port}/polyvox"

    def start(self) -> None:
        """With whatever was written before."""
        options = f"-p {self.port} -k {self._sockets} -c listen_addresses=127.0.0.1"
        log = str(self._sockets / "log")
        self._run("pg_ctl", "-D", str(self._data), "-w", "-l", log, "-o", options, "start")

    def kill(self) -> None:
        """The postmaster and all its children, as if the machine had lost power."""
        parent = int((self._data / "postmaster.pid").read_text().split()[0])
        children = Path(f"/proc/{parent}/task/{parent}/children").read_text().split()
        for process in (parent, *map(int, children)):
            with contextlib.suppress(ProcessLookupError):
                os.kill(process, signal.SIGKILL)

    def _run(self, program: str, *arguments: str) -> None:
        """As the user postgres, where we are root."""
        command = [str(self._bin / program), *arguments]
        if os.geteuid() == 0:
            command = ["runuser", "-u", "postgres", "--", *command]
        with (self._sockets / "log.txt").open("ab") as log:
            subprocess.run(command, check=True, stdout=log, stderr=log, cwd="/")


@contextlib.contextmanager
def postgres() -> Iterator[Postgres]:
    folder = Path(tempfile.mkdtemp(prefix="polyvox-postgres-"))
    if os.geteuid() == 0:
        shutil.chown(folder, "postgres")
    try:
        server = Postgres(folder)
        try:
            yield server
        finally:
            server.kill()
    finally:
        shutil.rmtree(folder, ignore_errors=True)
