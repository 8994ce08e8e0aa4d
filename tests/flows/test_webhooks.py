"""Webhooks behind a real server: whoever asked is told, signed and once, when a job is over."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import hashlib
import hmac
import json
import re
import signal
import socket
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import pytest
from standardwebhooks import Webhook, WebhookVerificationError

from polyvox.api.webhooks import PAUSES, Herald, herald
from polyvox.app import running, worker
from polyvox.domain.errors import Unavailable
from polyvox.domain.job import Job
from polyvox.jobs.queue import Embedded
from polyvox.services import Services
from polyvox.settings import Settings
from tests.processes import within
from tests.server import Server, served

pytestmark = pytest.mark.long

KEY = "not-to-be-seen"
SETTINGS = {
    "POLYVOX_ENGINES__ENABLED": "tone",
    "POLYVOX_SPEECH__MODEL": "tone",
    "POLYVOX_JOBS__WEBHOOK_SECRET": KEY,
    "POLYVOX_JOBS__PRIVATE_WEBHOOKS": "true",
    "POLYVOX_CACHE__ENABLED": "false",
}
PAGE = Path(__file__).parents[2] / "docs" / "how-to" / "webhooks.md"
NEXT = 1.6
"""Seconds in which a look for what is due has surely come by."""


class Ear:
    """A server that hears webhooks, and answers as it is told to."""

    def __init__(self, *answers: int | Callable[[BaseHTTPRequestHandler], None], port: int = 0):
        """`answers` come one after the other, the last one again and again."""
        self.heard: list[tuple[dict[str, str], bytes]] = []
        self.over = threading.Event()
        ear, left = self, list(answers) or [204]

        class Answering(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                ear.heard.append((dict(self.headers), body))
                answer = left.pop(0) if len(left) > 1 else left[0]
                if not isinstance(answer, int):
                    answer(self)
                    return
                self.send_response(answer)
                self.end_headers()

            def log_message(self, format: str, *args: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", port), Answering)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}/heard?token={KEY}"
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    def __enter__(self) -> Ear:
        return self

    def __exit__(self, *_: object) -> None:
        self.over.set()
        self._server.shutdown()
        self._server.server_close()

    def types(self) -> list[str]:
        return sorted(json.loads(body)["type"] for _, body in self.heard)

    def ids(self) -> list[str]:
        return [headers["webhook-id"] for headers, _ in self.heard]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with served(tmp_path_factory.mktemp("webhooks"), **SETTINGS) as server:
        yield server


@pytest.fixture
def client(server: Server) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=server.url, timeout=30) as client:
        yield client


def begun(client: httpx.Client, url: str, **options: float) -> str:
    asked = {"text": "hum " * 20, "language": "en", "webhook_url": url, "options": options}
    answer = client.post("/v1/jobs", json=asked)
    assert answer.status_code == 202, answer.text
    return str(answer.json()["id"])


def status(client: httpx.Client, id: str) -> str:
    return str(client.get(f"/v1/jobs/{id}").json()["status"])


@pytest.fixture(scope="module")
async def services(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Services]:
    """That work at jobs, and tell nobody."""
    given = Settings.model_validate(
        {
            "engines": {"enabled": ("tone",)},
            "speech": {"model": "tone"},
            "storage": {"folder": tmp_path_factory.mktemp("told")},
        }
    )
    async with running(given) as built:
        assert isinstance(built.jobs.queue, Embedded)
        working = asyncio.create_task(worker(given, built).work(built.jobs.queue))
        yield built
        working.cancel()
        await asyncio.gather(working, return_exceptions=True)


@contextlib.asynccontextmanager
async def telling(services: Services, teller: Herald) -> AsyncIterator[None]:
    task = asyncio.create_task(herald(services.jobs, teller))
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def hummed(services: Services, url: str) -> str:
    """A job that hums and then tells the address."""
    asked = {"text": "hum", "model": "tone", "language": "en", "format": "wav"}
    job, _ = await services.jobs.submit("narration", asked, webhook=url)
    return job.id


async def tried(services: Services, id: str, *, at_last: bool = False) -> Job:
    """The job, once somebody was to be told of it; `at_last`: and is not told again."""
    until = time.monotonic() + 20
    while time.monotonic() < until:
        job = await services.jobs.get(id)
        if job.tellings and not (at_last and job.telling_at):
            return job
        await asyncio.sleep(0.05)
    raise AssertionError(f"Nobody was told: {job}")


async def told(services: Services, id: str) -> Job:
    """The job, once nobody is told of it any more."""
    return await tried(services, id, at_last=True)


def closed_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def short(*, private: bool = True, times: int = 3) -> Herald:
    """Who waits no longer than the next look."""
    return Herald(KEY.encode(), private, pauses=(0.1,) * times)


def documented() -> Callable[[bytes, dict[str, str], bytes], bool]:
    """The check that the documentation shows."""
    found: dict[str, Any] = {}
    exec(PAGE.read_text().partition("```python\n")[2].partition("```")[0], found)
    check: Callable[[bytes, dict[str, str], bytes], bool] = found["is_ours"]
    return check


def test_every_end_is_told_once_and_signed(client: httpx.Client) -> None:
    is_ours = documented()
    with Ear() as ear:
        done = begun(client, ear.url)
        failed = begun(client, ear.url, fail_after=0.5)
        slow = begun(client, ear.url, real_time_factor=5)
        client.post(f"/v1/jobs/{slow}/cancel")
        within(20, lambda: len(ear.heard) == 3)
        time.sleep(NEXT)
        assert ear.types() == ["job.cancelled", "job.completed", "job.failed"]
    for headers, body in ear.heard:
        id, moment, signed = (
            headers[f"webhook-{name}"] for name in ("id", "timestamp", "signature")
        )
        proof = hmac.digest(KEY.encode(), f"{id}.{moment}.".encode() + body, hashlib.sha256)
        assert signed == f"v1,{base64.b64encode(proof).decode()}"
        assert is_ours(KEY.encode(), headers, body)
        assert not is_ours(KEY.encode(), headers, body + b" ")
        message = Webhook(KEY.encode()).verify(body, headers)
        assert message["data"] == client.get(f"/v1/jobs/{message['data']['id']}").json()
        assert message["timestamp"] == message["data"]["ended_at"]
        with pytest.raises(WebhookVerificationError):
            Webhook(b"another").verify(body, headers)
        with pytest.raises(WebhookVerificationError):
            Webhook(KEY.encode()).verify(body.replace(b"job.", b"jab."), headers)
    assert {json.loads(body)["data"]["id"] for _, body in ear.heard} == {done, failed, slow}
    assert len(set(ear.ids())) == 3


def test_a_job_that_is_begun_again_is_told_again_by_another_id(client: httpx.Client) -> None:
    with Ear() as ear:
        id = begun(client, ear.url, real_time_factor=0.2)
        client.post(f"/v1/jobs/{id}/cancel")
        within(10, lambda: len(ear.heard) == 1)
        assert client.post(f"/v1/jobs/{id}/retry").status_code == 202
        within(15, lambda: len(ear.heard) == 2)
        assert ear.types() == ["job.cancelled", "job.completed"]
        assert len(set(ear.ids())) == 2


def test_neither_key_nor_address_is_written_anywhere(server: Server, client: httpx.Client) -> None:
    with Ear(500) as ear:
        id = begun(client, ear.url)
        away = begun(client, f"http://127.0.0.1:{closed_port()}/?token={KEY}")
        within(20, lambda: server.log.read_text().count("was not heard") >= 2)
    log = server.log.read_text()
    assert re.search(rf"webhook of job {id} was not heard: It answers 500", log)
    assert re.search(rf"webhook of job {away} was not heard: It cannot be reached", log)
    assert KEY not in log
    refused = client.post("/v1/jobs", json={"text": "hum", "webhook_url": f"ftp://{KEY}/"})
    assert refused.status_code == 400
    assert KEY not in refused.text + client.get("/v1/jobs").text
    assert KEY not in repr(Herald(KEY.encode(), private=True))


def test_a_server_that_was_killed_before_it_told_does_so_when_it_is_back(tmp_path: Path) -> None:
    port = closed_port()
    with served(tmp_path, **SETTINGS) as server, httpx.Client(base_url=server.url) as client:
        id = begun(client, f"http://127.0.0.1:{port}/")
        within(20, lambda: status(client, id) == "completed")
        server.process.send_signal(signal.SIGKILL)
        server.process.wait()
    with Ear(port=port) as ear, served(tmp_path, **SETTINGS):
        within(20, lambda: ear.heard)
        time.sleep(NEXT)
        assert ear.types() == ["job.completed"]
        assert json.loads(ear.heard[0][1])["data"]["id"] == id


def test_without_a_key_webhooks_are_refused(tmp_path: Path) -> None:
    with served(tmp_path, **SETTINGS | {"POLYVOX_JOBS__WEBHOOK_SECRET": ""}) as server:
        asked = {"text": "hum", "webhook_url": "https://example.org/"}
        answer = httpx.post(f"{server.url}/v1/jobs", json=asked)
    assert answer.status_code == 400
    assert "jobs.webhook_secret" in answer.json()["error"]["message"]


async def test_it_is_told_again_by_the_same_id_until_it_is_heard(services: Services) -> None:
    with Ear(500, 503, 204) as ear:
        async with telling(services, short()):
            job = await told(services, await hummed(services, ear.url))
            await asyncio.sleep(NEXT)
        assert len(ear.heard) == job.tellings == 3
        assert len(set(ear.ids())) == 1


async def test_an_address_that_was_away_is_told_once_it_is_back(services: Services) -> None:
    port = closed_port()
    async with telling(services, short(times=50)):
        id = await hummed(services, f"http://127.0.0.1:{port}/")
        await tried(services, id)
        with Ear(port=port) as ear:
            await told(services, id)
            assert ear.types() == ["job.completed"]


async def test_it_is_given_up_at_last(services: Services) -> None:
    with Ear(500) as ear:
        async with telling(services, short(times=2)):
            await told(services, await hummed(services, ear.url))
            await asyncio.sleep(NEXT)
        assert len(ear.heard) == 3


def test_that_takes_about_half_a_day() -> None:
    assert list(PAUSES) == sorted(PAUSES)
    assert 8 * 3600 < sum(PAUSES) < 14 * 3600
    assert Herald(KEY.encode(), private=False).pauses == PAUSES


async def test_whoever_answers_gone_is_not_told_again(services: Services) -> None:
    with Ear(410) as ear:
        async with telling(services, short()):
            await told(services, await hummed(services, ear.url))
            await asyncio.sleep(NEXT)
        assert len(ear.heard) == 1


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::ffff:127.0.0.1]", "2130706433"])
async def test_private_addresses_are_refused_and_not_tried_again(
    services: Services, host: str
) -> None:
    with Ear() as ear:
        async with telling(services, short(private=False)):
            job = await told(services, await hummed(services, ear.url.replace("127.0.0.1", host)))
        assert (ear.heard, job.tellings) == ([], 1)


@pytest.mark.parametrize("code", [301, 302, 307, 308])
async def test_redirects_are_not_followed(services: Services, code: int) -> None:
    def moved(answering: BaseHTTPRequestHandler) -> None:
        answering.send_response(code)
        answering.send_header("Location", elsewhere.url)
        answering.end_headers()

    with Ear() as elsewhere, Ear(moved) as ear:
        async with telling(services, short(times=0)):
            await told(services, await hummed(services, ear.url))
        assert (len(ear.heard), elsewhere.heard) == (1, [])


async def test_those_who_do_not_answer_do_not_hold_the_others(services: Services) -> None:
    def silent(answering: BaseHTTPRequestHandler) -> None:
        slow.over.wait(60)

    with Ear(silent) as slow, Ear() as quick:
        async with telling(services, short()):
            for _ in range(12):
                await hummed(services, slow.url)
            await asyncio.to_thread(within, 20, lambda: len(slow.heard) == 8)
            begun_at = time.monotonic()
            await told(services, await hummed(services, quick.url))
            assert time.monotonic() - begun_at < 5
            assert len(slow.heard) == 8, "one address gets so many at a time"
        slow.over.set()
        async with telling(services, short()):
            await asyncio.sleep(NEXT)


async def test_what_ends_again_while_it_is_told_is_told_again(services: Services) -> None:
    def late(answering: BaseHTTPRequestHandler) -> None:
        done.wait(30)
        answering.send_response(204)
        answering.end_headers()

    done = threading.Event()
    with Ear(late, 204) as ear:
        async with telling(services, short()):
            id = await hummed(services, ear.url)
            await asyncio.to_thread(within, 20, lambda: ear.heard)
            first = await services.jobs.get(id)
            await services.jobs.again(id, 0, 5)
            until = time.monotonic() + 20
            while (now := await services.jobs.get(id)).ended_at in (None, first.ended_at):
                assert time.monotonic() < until, now
                await asyncio.sleep(0.05)
            done.set()
            await asyncio.to_thread(within, 20, lambda: len(ear.heard) == 2)
        assert len(set(ear.ids())) == 2


async def test_several_servers_at_one_database_tell_once(services: Services) -> None:
    def slow(answering: BaseHTTPRequestHandler) -> None:
        time.sleep(1.5)  # longer than it takes the others to look
        answering.send_response(204)
        answering.end_headers()

    with Ear(slow) as ear:
        async with telling(services, short()), telling(services, short()):
            ids = [await hummed(services, ear.url) for _ in range(6)]
            jobs = [await told(services, id) for id in ids]
            await asyncio.sleep(NEXT)
        assert len(ear.heard) == len(set(ear.ids())) == 6
        assert {job.tellings for job in jobs} == {1}


async def test_who_stops_while_telling_leaves_it_to_another_at_once(services: Services) -> None:
    def silent(answering: BaseHTTPRequestHandler) -> None:
        ear.over.wait(30)

    with Ear(silent, 204) as ear:
        async with telling(services, short()):
            id = await hummed(services, ear.url)
            await asyncio.to_thread(within, 20, lambda: ear.heard)
        async with telling(services, short()):
            job = await told(services, id)
        assert (len(ear.heard), job.tellings) == (2, 1)
        assert len(set(ear.ids())) == 1


@pytest.mark.parametrize("after_head", [True, False])
async def test_an_endless_answer_is_not_read(services: Services, after_head: bool) -> None:
    def endless(answering: BaseHTTPRequestHandler) -> None:
        if after_head:
            answering.send_response(200)
            answering.end_headers()
        else:
            answering.wfile.write(b"HTTP/1.1 200 OK\r\n")
        with contextlib.suppress(OSError):
            while not ear.over.wait(0.01):
                answering.wfile.write(b"and: on\r\n")

    with Ear(endless) as ear:
        teller = Herald(KEY.encode(), True, pauses=(), within=1.5)
        begun_at = time.monotonic()
        async with telling(services, teller):
            await told(services, await hummed(services, ear.url))
        assert time.monotonic() - begun_at < 8
        assert len(ear.heard) == 1


async def test_a_key_may_be_written_as_other_senders_write_theirs() -> None:
    key = f"whsec_{base64.b64encode(b'of many bytes, all of them secret').decode()}"
    with Ear() as ear:
        await Herald(key.encode(), private=True).tell(ear.url, "one", {"type": "job.completed"})
    headers, body = ear.heard[0]
    assert Webhook(key).verify(body, headers) == {"type": "job.completed"}
    with pytest.raises(Unavailable, match="base64") as refused:
        Herald(b"whsec_#" + KEY.encode(), private=True)
    assert KEY not in str(refused.value)
