"""How often clients may ask, and how many at once."""

import asyncio
import socket
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import replace
from pathlib import Path

import httpx
import pytest
from starlette.types import ASGIApp, Message

from polyvox.api import build, guarded
from polyvox.api.limits import Limits, Rates
from polyvox.services import Services
from polyvox.settings import Settings
from tests.brokers import redis
from tests.server import Server, served

TOKEN = "a-token-of-some-length"
LIMITS = Limits(1000, 1000, 5, 5, 5, 5, False, 500, 500, False)
SLOW = {"input": "x" * 10, "model": "tone", "options": {"real_time_factor": 0.5}}
Asking = Callable[..., httpx.AsyncClient]


@pytest.fixture
async def application(services: Services) -> AsyncIterator[Callable[..., Asking]]:
    """Builds the API with rates; gives what makes clients of it, by their addresses."""
    all_built: list[ASGIApp] = []

    def built(rates: Rates, token: str | None = None) -> Asking:
        limits = replace(LIMITS, rates=rates, node_token=token)
        app = build(lambda _: nullcontext(), limits)
        app.state.services = services
        whole = guarded(app, limits)
        all_built.append(whole)

        def client(address: str = "192.0.2.1") -> httpx.AsyncClient:
            transport = httpx.ASGITransport(whole, client=(address, 1))
            return httpx.AsyncClient(transport=transport, base_url="http://polyvox")

        return client

    yield built
    for each in all_built:
        await _ended(each)


async def _ended(app: ASGIApp) -> None:
    """As a server that stops tells it."""
    coming = iter([{"type": "lifespan.startup"}, {"type": "lifespan.shutdown"}])

    async def receive() -> Message:
        return next(coming)

    async def send(message: Message) -> None:
        assert message["type"].endswith(".complete")

    await app({"type": "lifespan", "asgi": {}, "state": {}}, receive, send)


@pytest.fixture(autouse=True)
def _no_minute_turns() -> None:
    """What was asked in the last minute counts less after its turn."""
    if (left := 60 - time.time() % 60) < 3:
        time.sleep(left + 0.1)


async def statuses(client: httpx.AsyncClient, count: int, path: str = "/v1/models") -> list[int]:
    return [(await client.get(path)).status_code for _ in range(count)]


async def test_an_address_that_asks_too_often_is_told_when_to_ask_again(
    application: Callable[..., Asking],
) -> None:
    client = application(Rates(per_address=3))()
    assert await statuses(client, 3) == [200, 200, 200]
    house, dialect = await client.get("/v1/models"), await client.get("/api/voices")
    assert (house.status_code, dialect.status_code) == (429, 429)
    error = house.json()["error"]
    assert (set(error), error["code"]) == ({"message", "type", "param", "code"}, "rate_limited")
    assert set(dialect.json()) == {"error", "code"}
    assert dialect.json()["code"] == "RATE_LIMIT_EXCEEDED"
    for refused in (house, dialect):
        assert 1 <= int(refused.headers["retry-after"]) <= 60
        assert refused.headers["x-ratelimit-limit"] == "3"
        assert refused.headers["x-ratelimit-remaining"] == "0"
        assert 0 < int(refused.headers["x-ratelimit-reset"]) - time.time() <= 61
        assert refused.headers["x-request-id"]


async def test_addresses_count_alone_and_headers_do_not_make_one(
    application: Callable[..., Asking],
) -> None:
    asking = application(Rates(per_address=1))
    one, other = asking(), asking("192.0.2.2")
    assert await statuses(one, 2) == [200, 429]
    assert await statuses(other, 2) == [200, 429]
    pretending = await one.get("/v1/models", headers={"X-Forwarded-For": "192.0.2.3"})
    assert pretending.status_code == 429
    assert await statuses(asking("2001:db8::1"), 1) == [200]
    assert await statuses(asking("2001:db8::2"), 1) == [429], "of the same network"
    assert await statuses(asking("2001:db8:0:1::1"), 1) == [200]


async def test_all_clients_together_have_a_limit(application: Callable[..., Asking]) -> None:
    asking = application(Rates(per_minute=3, per_address=2))
    assert await statuses(asking(), 4) == [200, 200, 429, 429]
    assert await statuses(asking("192.0.2.2"), 2) == [200, 429], "refused ones did not count"
    last = (await asking("192.0.2.3").get("/v1/models")).json()["error"]["message"]
    assert "All clients" in last


@pytest.mark.parametrize(
    "path", ["/health", "/health/live", "/metrics", "/version", "/", "/clone", "/docs"]
)
async def test_who_looks_after_the_server_and_pages_are_never_refused(
    application: Callable[..., Asking], path: str
) -> None:
    client = application(Rates(per_address=1))()
    assert await statuses(client, 3, path) == [200] * 3
    assert await statuses(client, 2, "/static/api.js") == [200] * 2
    assert (await client.post("/generate", json={})).status_code == 422
    assert (await client.post("/generate", json={})).status_code == 429, "no page, but its path"


async def test_no_more_are_answered_at_once_than_are_allowed(
    application: Callable[..., Asking],
) -> None:
    client = application(Rates(at_once=3))()
    asked = (client.post("/v1/audio/speech", json=SLOW) for _ in range(12))
    answers = await asyncio.gather(*asked)
    assert Counter(each.status_code for each in answers) == {200: 3, 429: 9}
    assert {each.headers.get("retry-after") for each in answers} == {None, "1"}
    assert await statuses(client, 1) == [200]


async def test_a_minutes_limit_is_exact_under_a_rush(application: Callable[..., Asking]) -> None:
    client = application(Rates(per_minute=50, per_address=40))()
    answers = await asyncio.gather(*(client.get("/v1/models") for _ in range(100)))
    assert Counter(each.status_code for each in answers) == {200: 40, 429: 60}


async def test_nodes_are_not_counted_if_they_have_the_token(
    application: Callable[..., Asking],
) -> None:
    """This server has no nodes, and answers 503 to those that may ask."""
    client = application(Rates(per_address=2), TOKEN)()

    async def beat(token: str) -> int:
        headers = {"Authorization": f"Bearer {token}"}
        answer = await client.post("/api/nodes/n/heartbeat", json={}, headers=headers)
        return answer.status_code

    assert [await beat(TOKEN) for _ in range(4)] == [503] * 4
    assert [await beat("another") for _ in range(4)] == [401, 401, 429, 429]
    assert [await beat(TOKEN) for _ in range(2)] == [503] * 2
    assert await statuses(client, 1, "/api/nodes") == [429]


async def test_without_a_token_nodes_of_this_machine_are_not_counted(
    application: Callable[..., Asking],
) -> None:
    asking = application(Rates(per_address=1))
    for address, expected in (("127.0.0.1", [503] * 3), ("192.0.2.1", [401, 429, 429])):
        client = asking(address)
        answers = [await client.delete("/api/nodes/n") for _ in range(3)]
        assert [each.status_code for each in answers] == expected


@pytest.mark.jobs
async def test_servers_count_together_in_redis_and_do_without_it(
    application: Callable[..., Asking], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with redis(tmp_path / "redis") as broker:
        clients = [application(Rates(per_address=4, redis=broker.url))() for _ in range(2)]
        assert [await statuses(each, 2) for each in clients] == [[200] * 2] * 2
        assert [await statuses(each, 1) for each in clients] == [[429]] * 2
        broker.kill()
        began = time.monotonic()
        assert await statuses(clients[0], 20) == [200] * 20
        assert time.monotonic() - began < 2
        assert caplog.text.count("requests are not counted") == 1


async def test_without_limits_nothing_is_refused(application: Callable[..., Asking]) -> None:
    client = application(Rates())()
    answers = await asyncio.gather(*(client.get("/version") for _ in range(200)))
    assert {each.status_code for each in answers} == {200}


def test_plain_servers_have_no_limits() -> None:
    rates = Settings().rates
    assert (rates.per_minute, rates.per_address, rates.at_once) == (None, None, None)


@contextmanager
def one_at_once(folder: Path) -> Iterator[tuple[Server, httpx.Client]]:
    environment = {"POLYVOX_ENGINES__ENABLED": "espeak,tone", "POLYVOX_RATES__AT_ONCE": "1"}
    with served(folder, **environment) as server, httpx.Client(base_url=server.url) as client:
        yield server, client


def test_a_place_is_taken_to_the_last_byte_and_given_back_by_who_leaves(tmp_path: Path) -> None:
    long = SLOW | {"input": "x" * 190, "response_format": "pcm"}
    with one_at_once(tmp_path) as (server, client):
        with client.stream("POST", "/v1/audio/speech", json=long) as speaking:
            coming = speaking.iter_raw()
            assert next(coming)
            assert client.get("/v1/models").status_code == 429
            head = b"POST /api/synthesize HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n"
            with socket.create_connection(("127.0.0.1", server.port), timeout=5) as asking:
                asking.sendall(head)
                assert asking.recv(100).startswith(b"HTTP/1.1 429"), "before the body has come"
        left = time.monotonic()
        while client.get("/v1/models").status_code == 429:
            assert time.monotonic() - left < 3
            time.sleep(0.05)
