"""A gateway and a worker as they are watched: the dashboard and the page ask for what there is, one
id leads through both logs, and no secret stands in them."""

from __future__ import annotations

import contextlib
import json
import os
import re
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families
from websockets.exceptions import WebSocketException
from websockets.sync.client import connect

from tests.cluster.nodes import TOKEN, RunningNode, node, running
from tests.processes import within

pytestmark = pytest.mark.long

ROOT = Path(__file__).parents[2]
TEXT = "Nobodyshouldreadthis"
LOGGED = {"POLYVOX_SERVER__LOG_LEVEL": "debug", "POLYVOX_SERVER__LOG_FORMAT": "json"}


@dataclass(frozen=True)
class Watched:
    gateway: RunningNode
    worker: RunningNode
    key: str

    def ask(self, method: str, path: str, **more: Any) -> httpx.Response:
        headers = {"Authorization": f"Bearer {self.key}", **more.pop("headers", {})}
        url = f"{self.gateway.url}{path}"
        return httpx.request(method, url, headers=headers, timeout=20, **more)

    def speak(self, text: str, headers: dict[str, str] | None = None) -> httpx.Response:
        asked = {"model": "tone", "input": text, "response_format": "wav"}
        answer = self.ask("POST", "/v1/audio/speech", json=asked, headers=headers or {})
        assert answer.headers.get("x-node-id"), answer.text
        return answer

    @property
    def lines(self) -> list[tuple[str, dict[str, Any]]]:
        """Every line of both logs, with whose it is."""
        return [
            (whose, json.loads(line))
            for whose, log in (("gateway", self.gateway.log), ("worker", self.worker.log))
            for line in log.read_text().splitlines()
            if line.startswith("{")
        ]


@pytest.fixture(scope="module")
def watched(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Watched]:
    home, away = tmp_path_factory.mktemp("gateway"), tmp_path_factory.mktemp("worker")
    given = {"POLYVOX_ACCESS__KEYS": "on", "POLYVOX_ENGINES__ENABLED": "espeak,tone", **LOGGED}
    polyvox = [sys.executable, "-m", "polyvox"]
    folder = {"POLYVOX_STORAGE__FOLDER": str(home), "XDG_CONFIG_HOME": str(home / "config")}
    made = subprocess.run(
        [*polyvox, "keys", "create", "--name", "watcher", "--scope", "admin", "-q"],
        env=os.environ | folder,
        capture_output=True,
        text=True,
        check=True,
    )
    with running([*polyvox, "gateway", "--port", "0"], home, **given) as gateway:
        beats = {"POLYVOX_CLUSTER__BEAT_SECONDS": "0.3", **LOGGED}
        with node(away, "tone", "--gateway", gateway.url, "--auto-load", **beats) as worker:
            both = Watched(gateway, worker, made.stdout.strip())

            def ready() -> bool:
                nodes = both.ask("GET", "/v1/nodes").json()["nodes"]
                return any(each["state"] == "ready" for each in nodes)

            within(20, ready)
            yield both


@pytest.fixture(scope="module")
def there(watched: Watched) -> set[str]:
    """Names of what the gateway tells, once some requests were answered."""
    watched.speak("One.")
    watched.ask("POST", "/v1/jobs", json={"text": "Two.", "model": "tone"}).raise_for_status()
    asked = {"model": "tone", "input": "It goes on and on. " * 100, "response_format": "pcm"}
    headers = {"Authorization": f"Bearer {watched.key}"}
    url = f"{watched.gateway.url}/v1/audio/speech"
    with httpx.stream("POST", url, json=asked, headers=headers) as answer:
        next(answer.iter_raw())
    within(10, lambda: "polyvox_answers_broken_total" in _told(watched))
    return _told(watched)


def _told(watched: Watched) -> set[str]:
    page = watched.ask("GET", "/metrics").raise_for_status().text
    families = text_string_to_metric_families(page)
    return {sample.name for family in families for sample in family.samples}


def test_every_metric_that_the_dashboard_asks_for_is_told(there: set[str]) -> None:
    dashboard = json.loads((ROOT / "deploy/grafana/polyvox.json").read_text())
    asked = {
        name
        for panel in dashboard["panels"]
        for target in panel.get("targets", ())
        for name in re.findall(r"(?:polyvox|process)_\w+", target["expr"])
    }
    assert len(asked) > 15
    assert asked <= there, asked - there


def test_the_dashboard_has_a_place_for_each_panel_and_asks_only_its_own_prometheus() -> None:
    dashboard = json.loads((ROOT / "deploy/grafana/polyvox.json").read_text())
    places = [
        {
            (x, y)
            for x in range(at["x"], at["x"] + at["w"])
            for y in range(at["y"], at["y"] + at["h"])
        }
        for at in (panel["gridPos"] for panel in dashboard["panels"])
    ]
    assert sum(map(len, places)) == len(set().union(*places))
    assert all(x < 24 for x, _ in set().union(*places))
    assert len({panel["id"] for panel in dashboard["panels"]}) == len(dashboard["panels"])
    for panel in dashboard["panels"]:
        for target in panel.get("targets", ()):
            assert target["datasource"]["uid"] == "${source}"
            assert target["expr"].count("(") == target["expr"].count(")")


def test_the_page_has_every_metric_with_its_labels_and_no_other(
    watched: Watched, there: set[str]
) -> None:
    page = (ROOT / "docs/how-to/watch.md").read_text()
    table = re.findall(r"^\| `(polyvox_\w+)` \| (.*?) \|", page, re.MULTILINE)
    written = {name: set(re.findall(r"`(\w+)`", labels)) for name, labels in table}
    told: dict[str, set[str]] = {}
    for family in text_string_to_metric_families(watched.ask("GET", "/metrics").text):
        for sample in family.samples:
            if sample.name.startswith("polyvox"):
                whole = re.sub("_(bucket|sum|count)$", "", sample.name)
                told.setdefault(whole, set()).update(set(sample.labels) - {"le"})
    assert written == told
    for name in re.findall(r"(polyvox_[a-z]\w+)[{[)]", page):
        assert name in there, name


def test_the_node_is_told_with_its_seats_and_state(watched: Watched, there: set[str]) -> None:
    page = watched.ask("GET", "/metrics").text.splitlines()
    id = watched.ask("GET", "/v1/nodes").json()["nodes"][0]["id"]
    assert 'polyvox_nodes{state="offline"} 0.0' in page
    assert sum(line.startswith("polyvox_nodes{") and line.endswith(" 1.0") for line in page) == 1
    assert any(line.startswith(f'polyvox_node_seats{{node="{id}"}} ') for line in page)
    spoken = [line for line in page if line.startswith("polyvox_spoken_seconds_total")]
    assert any('model="tone"' in line and not line.endswith(" 0.0") for line in spoken)


def test_one_id_is_found_in_the_logs_of_gateway_and_worker(watched: Watched) -> None:
    answer = watched.speak("Who was it?", {"X-Request-Id": "mine-1"})
    assert answer.headers["x-request-id"] == "mine-1"

    def whose() -> set[str]:
        return {whose for whose, line in watched.lines if line.get("request_id") == "mine-1"}

    within(5, lambda: whose() == {"gateway", "worker"})
    made = watched.speak("Who was it then?").headers["x-request-id"]
    within(5, lambda: {w for w, line in watched.lines if line.get("request_id") == made})
    assert made != "mine-1"


def test_what_a_job_has_spoken_is_found_by_the_id_of_the_job(watched: Watched) -> None:
    job = watched.ask("POST", "/v1/jobs", json={"text": "A job.", "model": "tone"}).json()["id"]
    within(
        10, lambda: ("worker", job) in {(w, line.get("request_id")) for w, line in watched.lines}
    )


def test_what_a_client_sends_as_id_forges_no_line(watched: Watched) -> None:
    answer = watched.speak("Forged.", {"X-Request-Id": '"} {"level": "forged'})
    assert re.fullmatch("[0-9a-f]{32}", answer.headers["x-request-id"])
    assert not any(line["level"] == "forged" for _, line in watched.lines)


def test_a_line_says_when_how_bad_who_and_what(watched: Watched) -> None:
    watched.speak("Lines.")
    lines = watched.lines
    assert {whose for whose, _ in lines} == {"gateway", "worker"}
    for _, line in lines:
        assert set(line) - {"request_id", "exception"} == {"time", "level", "logger", "message"}
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}\+00:00", line["time"])
    begun = [
        text for text in watched.worker.log.read_text().splitlines() if not text.startswith("{")
    ]
    assert not any("uvicorn" in text or "INFO" in text for text in begun)


def test_no_key_no_cookie_no_token_and_no_text_is_in_a_line_at_debug_level(
    watched: Watched,
) -> None:
    secret, url = watched.key, watched.gateway.url
    watched.speak(f"{TEXT} aloud.")
    watched.ask("GET", f"/v1/voices?search={TEXT}")
    watched.ask("POST", "/v1/audio/speech", content=f'{{"input": "{TEXT}", broken')
    watched.ask("POST", "/v1/audio/speech", json={"input": TEXT, "speed": "fast"})
    watched.ask("POST", "/v1/audio/speech", json={"input": TEXT, "model": "nobody"})
    watched.ask("POST", "/v1/jobs", json={"text": TEXT, "model": "tone"})
    asked = {"name": "hidden", "description": f"{TEXT} deep", "text": TEXT, "engine": "espeak"}
    watched.ask("POST", "/v1/voices/design", json=asked)
    signed = httpx.post(f"{url}/session", json={"key": secret})
    cookie = {"Cookie": f"polyvox_key={secret}"}
    assert signed.is_success
    assert httpx.get(f"{url}/v1/voices", headers=cookie).is_success
    for wrong in ({"xi-api-key": f"pv_{TEXT}"}, {"Authorization": f"Bearer pv_{TEXT}"}):
        assert httpx.get(f"{url}/v1/voices", headers=wrong).status_code == 401
    with connect(f"{url.replace('http', 'ws')}/ws", additional_headers=cookie) as live:
        live.send(TEXT)
        live.recv(5)
    with pytest.raises(WebSocketException), connect(f"{url.replace('http', 'ws')}/ws?{TEXT}"):
        pass
    with _without_table(watched.gateway.log.parent / "polyvox.db", "jobs"):
        refused = watched.ask("POST", "/v1/jobs", json={"text": TEXT, "model": "tone"})
        assert refused.status_code >= 500
        assert TEXT not in refused.text
    watched.ask("GET", "/version", headers={"X-Request-Id": "last"})
    within(5, lambda: any(line.get("request_id") == "last" for _, line in watched.lines))
    for log in (watched.gateway.log.read_text(), watched.worker.log.read_text()):
        for hidden in (secret, secret.rpartition("_")[2][:20], TEXT, TOKEN):
            assert hidden not in log


@contextlib.contextmanager
def _without_table(database: Path, name: str) -> Iterator[None]:
    """As if the database were damaged, while the block runs."""
    with contextlib.closing(sqlite3.connect(database)) as connection:
        connection.execute(f"ALTER TABLE {name} RENAME TO elsewhere")
        try:
            yield
        finally:
            connection.execute(f"ALTER TABLE elsewhere RENAME TO {name}")
