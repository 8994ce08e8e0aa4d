"""A real S3 server over HTTP, in a process of its own (moto)."""

from __future__ import annotations

import contextlib
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from uuid import uuid4

import httpx

_READY_WITHIN = 60.0


@dataclass(frozen=True)
class S3:
    url: str

    @property
    def options(self) -> dict[str, str]:
        """How Polyvox reaches it."""
        return {
            "endpoint": self.url,
            "region": "us-east-1",
            "access_key_id": "polyvox",
            "secret_access_key": "not-a-real-secret",
        }

    def bucket(self, prefix: str = "") -> str:
        """The address of a new bucket."""
        name = f"bucket-{uuid4().hex[:12]}"
        httpx.put(f"{self.url}/{name}").raise_for_status()
        return f"s3://{name}/{prefix}".rstrip("/")


@contextlib.contextmanager
def s3_server() -> Iterator[S3]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        yield S3(_answering(f"http://127.0.0.1:{port}", process))
    finally:
        process.kill()
        process.wait()


def _answering(url: str, process: subprocess.Popen[bytes]) -> str:
    until = time.monotonic() + _READY_WITHIN
    while time.monotonic() < until and process.poll() is None:
        with contextlib.suppress(httpx.HTTPError):
            httpx.get(url)
            return url
        time.sleep(0.1)
    raise AssertionError("The S3 server does not answer.")
