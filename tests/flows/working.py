"""Jobs over HTTP for tests of what survives: asked for, waited for, heard; and a Celery worker."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests import sounds

SETTINGS = {
    "POLYVOX_ENGINES__ENABLED": "tone",
    "POLYVOX_SPEECH__MODEL": "tone",
    "POLYVOX_JOBS__SILENCE_SECONDS": "2",
    "POLYVOX_CACHE__ENABLED": "false",
}
LINE = "x" * 19 + "."
"""Hummed for two seconds, as one segment."""
OVER = ("completed", "failed", "cancelled")


class Caller:
    """Somebody who asks for jobs, and asks again when nobody answers."""

    def __init__(self, url: str) -> None:
        self._client = httpx.Client(base_url=url, timeout=30)

    def __enter__(self) -> Caller:
        return self

    def __exit__(self, *_: object) -> None:
        self._client.close()

    def ask(self, key: str, lines: int = 2, factor: float = 0.05, **given: Any) -> str:
        """The id of a job of so many segments. The same key is the same job."""
        asked = {"model": "tone", "voice": "low", "language": "en", "response_format": "wav"}
        asked |= {"text": "\n\n".join([LINE] * lines), "options": {"real_time_factor": factor}}
        answer = self._client.post(
            "/v1/jobs", json={**asked, **given}, headers={"Idempotency-Key": key}
        )
        assert answer.status_code in (200, 202), answer.text
        id: str = answer.json()["id"]
        return id

    def ask_many(self, count: int, **given: Any) -> list[str]:
        with ThreadPoolExecutor(8) as threads:
            return list(threads.map(lambda n: self.ask(str(n), **given), range(count)))

    def get(self, id: str) -> dict[str, Any]:
        """Of a job; with status "unknown" while the server or its database is away."""
        with contextlib.suppress(httpx.HTTPError):
            answer = self._client.get(f"/v1/jobs/{id}")
            if answer.status_code == 200:
                job: dict[str, Any] = answer.json()
                return job
            assert answer.status_code >= 500, answer.text
        return {"status": "unknown", "done": 0}

    def post(self, path: str) -> None:
        answer = self._client.post(path)
        assert answer.is_success, answer.text

    def count(self, status: str) -> int:
        with contextlib.suppress(httpx.HTTPError, KeyError):
            counts: dict[str, int] = self._client.get("/v1/jobs?page_size=1").json()["counts"]
            return counts[status]
        return 0

    def until_done(self, count: int, within: float = 30) -> None:
        """Until so many are completed."""
        until = time.monotonic() + within
        while self.count("completed") < count:
            assert time.monotonic() < until, f"{self.count('completed')} are completed"
            time.sleep(0.05)

    def ended(self, id: str, within: float = 60) -> dict[str, Any]:
        until = time.monotonic() + within
        while (job := self.get(id))["status"] not in OVER:
            assert time.monotonic() < until, job
            time.sleep(0.05)
        return job

    def check_all_done(self, ids: list[str], seconds: float) -> list[dict[str, Any]]:
        """Every one is completed, sounds right, and was not begun again and again."""
        assert len(set(ids)) == len(ids)
        jobs = [self.ended(id) for id in ids]
        assert {job["status"] for job in jobs} == {"completed"}, jobs
        assert max(job["attempts"] for job in jobs) <= 3
        assert {round(job["duration"], 1) for job in jobs} == {seconds}
        assert self.count("completed") == len(ids), "none was made twice"
        for id in ids[::10]:
            heard = self._client.get(f"/v1/jobs/{id}/audio").content
            samples, rate = sounds.decode(heard, "wav")
            assert len(samples) / rate == pytest.approx(seconds, abs=0.05)
            assert sounds.pitch_of(samples[rate // 2 : rate], rate) == pytest.approx(220, rel=0.02)
        return jobs

    @property
    def health(self) -> dict[str, Any]:
        found: dict[str, Any] = self._client.get("/health").json()
        return found


@contextlib.contextmanager
def working(folder: Path, *options: str, **environment: str) -> Iterator[subprocess.Popen[str]]:
    """`polyvox jobs work`, once it works; stopped warmly at the end, if it still runs."""
    given = {key: value for key, value in os.environ.items() if not key.startswith("POLYVOX_")}
    given |= {"POLYVOX_STORAGE__FOLDER": str(folder), "PYTHONUNBUFFERED": "1"} | environment
    given |= {"XDG_CONFIG_HOME": str(folder / "config")}
    log = folder / f"worker-{time.monotonic_ns()}.log"
    with log.open("w") as written:
        process = subprocess.Popen(
            [sys.executable, "-m", "polyvox", "jobs", "work", *options],
            env=given,
            cwd=folder,
            stdout=written,
            stderr=subprocess.STDOUT,
            text=True,
        )
    try:
        until = time.monotonic() + 30
        while "Works at jobs" not in log.read_text():
            assert process.poll() is None, log.read_text()
            assert time.monotonic() < until, log.read_text()
            time.sleep(0.05)
        yield process
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(20)
    assert process.returncode in (0, -signal.SIGKILL), log.read_text()
    assert "Traceback" not in log.read_text(), log.read_text()
