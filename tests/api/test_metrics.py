"""/metrics tells what happened, and nobody can fill it with names of their own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from threading import Thread

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.processes import hosts_of, within
from tests.server import Server, served

SPEECH = "/v1/audio/speech"
SLOW = """
import time
from polyvox.engines.tone import Tone


class Slow(Tone):
    name = "slow"

    def synthesize(self, segment, voice, options):
        for chunk in super().synthesize(segment, voice, options):
            time.sleep(0.04)
            yield chunk
"""


@pytest.fixture(scope="module")
def watched(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server whose one host takes its time, and that works at one job at once."""
    folder: Path = tmp_path_factory.mktemp("watched")
    (folder / "engines").mkdir()
    (folder / "engines" / "slow.py").write_text(SLOW)
    with served(
        folder,
        POLYVOX_ENGINES__FOLDER=str(folder / "engines"),
        POLYVOX_ENGINES__ENABLED="tone,slow",
        POLYVOX_ENGINES__HOSTS="1",
        POLYVOX_SPEECH__MODEL="tone",
        POLYVOX_JOBS__SLOTS="1",
    ) as server:
        yield server


@pytest.fixture
def asking(watched: Server) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=watched.url, timeout=30) as client:
        yield client


def scraped(client: httpx.Client) -> dict[tuple[str, tuple[tuple[str, str], ...]], float]:
    answer = client.get("/metrics")
    assert answer.headers["content-type"].startswith("text/plain; version=")
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(answer.text)
        for sample in family.samples
    }


def value(client: httpx.Client, name: str, **labels: str) -> float:
    """0 for what has not happened yet."""
    return scraped(client).get((name, tuple(sorted(labels.items()))), 0.0)


def spoken(client: httpx.Client, text: str, **fields: object) -> httpx.Response:
    asked = {"model": "tone", "input": text, "response_format": "wav", **fields}
    return client.post(SPEECH, json=asked).raise_for_status()


def test_routes_are_told_by_their_template_and_nothing_by_what_clients_make_up(
    asking: httpx.Client,
) -> None:
    asking.get("/v1/engines/madeup1")
    asking.get("/api/v1/models/madeup2")
    asking.get("/madeup3/madeup3")
    asking.get("/static/madeup4.css")
    asking.request("PROPFIND", SPEECH)
    asking.get("/version", headers={"X-Engine": "madeup6", "X-Model": "madeup7"})
    found = asking.get("/metrics").text
    assert "madeup" not in found
    assert "PROPFIND" not in found
    for labels in (
        {"route": "/v1/engines/{name}", "method": "GET", "status": "404"},
        {"route": "other", "method": "GET", "status": "404"},
        {"route": "/static/*", "method": "GET", "status": "404"},
        {"route": SPEECH, "method": "other", "status": "405"},
    ):
        assert value(asking, "polyvox_requests_total", **labels) == 1, labels


def test_a_route_under_two_prefixes_is_two_routes(asking: httpx.Client) -> None:
    for prefix in ("/v1", "/api/v1"):
        asking.get(f"{prefix}/models").raise_for_status()
        counted = value(asking, "polyvox_request_duration_seconds_count", route=f"{prefix}/models")
        assert counted == 1


def test_the_first_sound_is_timed_where_it_is_streamed_and_not_spoken_before(
    asking: httpx.Client,
) -> None:
    def heard() -> float:
        return value(asking, "polyvox_first_audio_seconds_count", engine="tone", model="tone")

    def cached(result: str) -> float:
        return value(asking, "polyvox_cache_answers_total", result=result)

    before, hits, misses = heard(), cached("hit"), cached("miss")
    spoken(asking, "Streamed at first.")
    assert (heard(), cached("miss")) == (before + 1, misses + 1)
    spoken(asking, "Streamed at first.")
    spoken(asking, "Whole at once.", stream=False)
    assert heard() == before + 1
    assert (cached("hit"), cached("miss")) == (hits + 1, misses + 2)


def test_what_was_spoken_and_how_long_it_took_is_what_the_engine_did(
    asking: httpx.Client,
) -> None:
    labels = {"engine": "slow", "model": "slow"}
    audio = value(asking, "polyvox_spoken_seconds_total", **labels)
    took = value(asking, "polyvox_speaking_seconds_total", **labels)
    answer = spoken(asking, "Some words that take a while.", model="slow", stream=False)
    audio = value(asking, "polyvox_spoken_seconds_total", **labels) - audio
    took = value(asking, "polyvox_speaking_seconds_total", **labels) - took
    assert audio == pytest.approx(float(answer.headers["x-audio-duration"]), abs=0.3)
    assert took > 0.2
    assert took == pytest.approx(answer.elapsed.total_seconds(), abs=1)


@pytest.mark.long
def test_who_waits_for_the_one_host_is_told_while_it_speaks(asking: httpx.Client) -> None:
    def ask(number: int) -> None:
        with httpx.Client(base_url=str(asking.base_url), timeout=30) as client:
            spoken(client, f"Number {number} takes its time to be spoken.", model="slow")

    threads = [Thread(target=ask, args=(number,)) for number in range(3)]
    for each in threads:
        each.start()
    labels = {"engine": "slow", "model": "slow"}
    within(10, lambda: value(asking, "polyvox_waiting", **labels) == 2)
    assert value(asking, "polyvox_requests_under_way") == 4  # with the one that asks
    for each in threads:
        each.join()
    assert value(asking, "polyvox_waiting", **labels) == 0
    within(5, lambda: value(asking, "polyvox_requests_under_way") == 1)


def test_an_answer_that_breaks_off_counts_as_broken(asking: httpx.Client) -> None:
    before = value(asking, "polyvox_answers_broken_total", route=SPEECH)
    asked = {"model": "slow", "input": "It goes on and on. " * 20, "response_format": "pcm"}
    with asking.stream("POST", SPEECH, json=asked) as answer:
        next(answer.iter_raw())
    within(10, lambda: value(asking, "polyvox_answers_broken_total", route=SPEECH) == before + 1)


def test_the_memory_is_that_of_the_engines_processes(watched: Server, asking: httpx.Client) -> None:
    spoken(asking, "In memory.")
    within(10, lambda: value(asking, "polyvox_host_memory_bytes", engine="tone"))
    told = value(asking, "polyvox_host_memory_bytes", engine="tone")
    held = sum(
        int(Path(f"/proc/{process}/statm").read_text().split()[1]) * 4096
        for process in hosts_of(watched, "tone")
    )
    assert told == pytest.approx(held, rel=0.2)


def test_jobs_are_told_by_status_and_how_long_the_oldest_waits(asking: httpx.Client) -> None:
    text = "This is a long text that takes its time. " * 20
    ids = [
        asking.post("/v1/jobs", json={"text": text, "model": "slow"}).raise_for_status().json()
        for _ in range(3)
    ]
    within(10, lambda: value(asking, "polyvox_jobs", status="running") == 1)
    within(10, lambda: value(asking, "polyvox_jobs_oldest_waiting_seconds") > 0.5)
    assert value(asking, "polyvox_jobs", status="queued") == 2
    waits = value(asking, "polyvox_jobs_oldest_waiting_seconds")
    within(5, lambda: value(asking, "polyvox_jobs_oldest_waiting_seconds") > waits)
    for each in ids:
        asking.post(f"/v1/jobs/{each['id']}/cancel").raise_for_status()
    within(10, lambda: value(asking, "polyvox_jobs", status="cancelled") == 3)
    assert value(asking, "polyvox_jobs_oldest_waiting_seconds") == 0
