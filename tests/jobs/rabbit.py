"""A real RabbitMQ of a test's own, which can be killed and started again with its data or without;
and either broker by its name."""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

from tests.brokers import redis

BROKERS = ("redis", "rabbitmq")
_PROGRAM = "/usr/lib/rabbitmq/bin/rabbitmq-server"
"""What Debian's own command runs as the user of its service."""
_READY_WITHIN = 60.0


class Broker(Protocol):
    @property
    def url(self) -> str: ...

    def kill(self) -> None: ...

    def again(self, *, empty: bool = False) -> None:
        """Start it once more after it was killed."""
        ...


class Rabbit:
    """One server on a port that stays the same, and the name server that Erlang wants."""

    def __init__(self, folder: Path, **configuration: int) -> None:
        self._folder = folder
        folder.mkdir(exist_ok=True)
        given = [f"-rabbit {name} {value}" for name, value in configuration.items()]
        self.port, names, nodes = free_ports(3)
        self._environment = {
            **{name: each for name, each in os.environ.items() if "RABBITMQ" not in name},
            "HOME": str(folder),
            "ERL_EPMD_PORT": str(names),
            "RABBITMQ_NODENAME": "polyvox@localhost",
            "RABBITMQ_NODE_IP_ADDRESS": "127.0.0.1",
            "RABBITMQ_NODE_PORT": str(self.port),
            "RABBITMQ_DIST_PORT": str(nodes),
            "RABBITMQ_MNESIA_BASE": str(folder / "data"),
            "RABBITMQ_LOG_BASE": str(folder),
            "RABBITMQ_CONFIG_FILE": str(folder / "none"),
            "RABBITMQ_CONF_ENV_FILE": str(folder / "none"),
            "RABBITMQ_ENABLED_PLUGINS_FILE": str(folder / "plugins"),
            "RABBITMQ_ALLOW_INPUT": "1",  # one process, without a shell around it
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": " ".join(["-noinput", *given]),
        }
        self._names = self._run("epmd", "-address", "127.0.0.1")
        self.process = self._run(_PROGRAM)

    @property
    def url(self) -> str:
        return f"amqp://guest:guest@127.0.0.1:{self.port}//"

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()

    def again(self, *, empty: bool = False) -> None:
        if empty:
            shutil.rmtree(self._folder / "data")
        self.process = self._run(_PROGRAM)
        self.wait()

    def wait(self) -> None:
        """Until it answers."""
        until = time.monotonic() + _READY_WITHIN
        while time.monotonic() < until and self.process.poll() is None:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port)):
                return
            time.sleep(0.05)
        raise AssertionError((self._folder / "rabbitmq.log").read_text())

    def close(self) -> None:
        for process in (self.process, self._names):
            process.kill()
            process.wait()

    def _run(self, *command: str) -> subprocess.Popen[bytes]:
        with (self._folder / "rabbitmq.log").open("ab") as log:
            return subprocess.Popen(
                command,
                cwd=self._folder,
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )


def free_ports(count: int) -> list[int]:
    with contextlib.ExitStack() as held:
        ports = []
        for _ in range(count):
            listening = held.enter_context(socket.socket())
            listening.bind(("127.0.0.1", 0))
            ports.append(int(listening.getsockname()[1]))
        return ports


@contextlib.contextmanager
def rabbitmq(folder: Path, **configuration: int) -> Iterator[Rabbit]:
    """`configuration` are parameters of its own."""
    server = Rabbit(folder, **configuration)
    try:
        server.wait()
        yield server
    finally:
        server.close()


def broker_named(name: str, folder: Path) -> contextlib.AbstractContextManager[Broker]:
    return rabbitmq(folder) if name == "rabbitmq" else redis(folder)
