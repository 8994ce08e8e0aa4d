"""Processes for tests of access: commands, servers that others can reach, and what they print."""

from __future__ import annotations

import contextlib
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import httpx

from tests.processes import within
from tests.server import Server

TOKEN = "the-token-of-all-the-nodes"
KEY = r"pv_[a-z0-9]{12}_[A-Za-z0-9_-]{43}"
TONE = {"POLYVOX_ENGINES__ENABLED": "tone", "POLYVOX_SPEECH__MODEL": "tone"}
REACHED = {
    **TONE,
    "POLYVOX_SERVER__HOST": "0.0.0.0",
    "POLYVOX_ACCESS__BOOTSTRAP": "true",
    "POLYVOX_CLUSTER__ENABLED": "true",
    "POLYVOX_CLUSTER__TOKEN": TOKEN,
}
"""Of a gateway that others can reach."""
Made = Callable[..., dict[str, Any]]
"""Makes a key with these scopes, as the API tells it."""


def bearer(key: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {key}"}


def printed(text: str) -> list[str]:
    return re.findall(rf"^  ({KEY})$", text, re.MULTILINE)


def polyvox(folder: Path, *arguments: str, **settings: str) -> subprocess.Popen[str]:
    """A command that has begun; what it says, it says into the folder's file `log`."""
    given = {name: value for name, value in os.environ.items() if not name.startswith("POLYVOX_")}
    given |= {"POLYVOX_STORAGE__FOLDER": str(folder), "PYTHONUNBUFFERED": "1"} | TONE | settings
    given |= {"XDG_CONFIG_HOME": str(folder / "config"), "COLUMNS": "200"}
    with (folder / "log").open("w") as log:
        return subprocess.Popen(
            [sys.executable, "-m", "polyvox", *arguments],
            env=given,
            cwd=folder,
            stdout=log,
            stderr=log,
            text=True,
        )


def done(folder: Path, *arguments: str, **settings: str) -> tuple[int, str]:
    """The exit code of a command that ends, and what it said."""
    code = polyvox(folder, *arguments, **settings).wait(30)
    return code, (folder / "log").read_text()


@contextlib.contextmanager
def starting(folder: Path, *options: str) -> Iterator[str]:
    """What a server says that others can reach, once it listens."""
    process = polyvox(folder, "serve", "--host", "0.0.0.0", "--port", "0", *options)

    def listens() -> str:
        said = (folder / "log").read_text()
        assert process.poll() is None, said
        found = re.search(r"listens on http://0.0.0.0:(\d+)", said)
        return said if found and answers(f"http://127.0.0.1:{found[1]}/health/live") else ""

    try:
        yield within(30, listens)
    finally:
        process.terminate()
        process.wait(20)


def answers(url: str) -> bool:
    with contextlib.suppress(httpx.HTTPError):
        return httpx.get(url).is_success
    return False


def place(said: str) -> str:
    found = re.search(r"listens on http://0.0.0.0:(\d+)", said)
    assert found
    return f"http://127.0.0.1:{found[1]}"


def local(server: Server) -> str:
    return f"http://127.0.0.1:{server.port}"


def plainly(server: Server, path: str, **headers: str) -> tuple[int, bytes]:
    """Status and body of an answer to what is sent as it is written, which httpx mends."""
    connection = HTTPConnection("127.0.0.1", server.port, timeout=10)
    with contextlib.closing(connection):
        connection.request("GET", path, headers=headers)
        answer = connection.getresponse()
        return answer.status, answer.read()
