"""What tests of jobs share: waiting for one, and killing a server in the middle."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable
from typing import Any

import httpx

from tests.server import Server

OVER = ("completed", "failed", "cancelled")


def ended(client: httpx.Client, path: str, within: float = 40) -> dict[str, Any]:
    """What `path` says of a job once it is over."""
    until = time.monotonic() + within
    while time.monotonic() < until:
        job: dict[str, Any] = client.get(path).json()
        if job["status"] in OVER:
            return job
        time.sleep(0.05)
    raise AssertionError(f"the job is still {job['status']}: {job}")


def until(true: Callable[[], bool], within: float = 30) -> None:
    """Wait for it."""
    end = time.monotonic() + within
    while not true():
        assert time.monotonic() < end, "it did not come about"
        time.sleep(0.02)


def killed(server: Server) -> None:
    """The server is gone without a word."""
    server.process.send_signal(signal.SIGKILL)
    server.process.wait()
