"""What is open, what a key without the scope is told, and that there is no way around it."""

from __future__ import annotations

from pathlib import Path

import httpx
import pytest

from tests.flows.access.processes import REACHED, Made, bearer, local, plainly
from tests.server import Server, served

pytestmark = pytest.mark.long


@pytest.mark.parametrize(
    "path",
    [
        "//v1/keys",
        "/v1//keys",
        "/v1/keys/",
        "/v1%2fkeys",
        "/V1/keys",
        "/health/../v1/keys",
        "/static/../v1/keys",
        "/static/..%2f..%2fv1/keys",
        "/docs/../v1/keys",
        "/v1/keys?/health",
        "/v1/keys%0a",
    ],
)
def test_no_other_way_to_write_a_path_passes(house: Server, path: str) -> None:
    status, said = plainly(house, path)
    assert status in (401, 404)
    assert b"scopes" not in said


@pytest.mark.parametrize(
    ("method", "path"), [("GET", "/v1/keys"), ("DELETE", "/v1/voices/v"), ("POST", "/v1/jobs")]
)
def test_a_key_without_the_scope_is_told_so_in_the_shape_of_the_house(
    anybody: httpx.Client, make: Made, method: str, path: str
) -> None:
    answer = anybody.request(method, path, headers=bearer(make("speak")["key"]))
    assert answer.status_code == 403
    assert set(answer.json()) == {"error"}
    assert set(answer.json()["error"]) == {"message", "type", "param", "code"}
    assert answer.json()["error"]["code"] == "forbidden"
    assert "it needs the scope '" in answer.json()["error"]["message"]


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/jobs"),
        ("DELETE", "/api/voices/v"),
        ("GET", "/admin/stats"),
        ("POST", "/speakers"),
        ("POST", "/api/v1/speakers"),
    ],
)
def test_a_key_without_the_scope_is_told_so_in_the_shape_of_the_dialect(
    anybody: httpx.Client, make: Made, method: str, path: str
) -> None:
    answer = anybody.request(method, path, headers=bearer(make("speak")["key"]))
    assert answer.status_code == 403
    assert set(answer.json()) == {"detail"}
    assert "it needs the scope '" in answer.json()["detail"]


@pytest.mark.parametrize("prefix", ["", "/api/v1"])
def test_celestial_answers_401_in_its_own_shape(anybody: httpx.Client, prefix: str) -> None:
    asked = {"model_id": "x", "text": "Hello.", "speaker": "Vivian"}
    answer = anybody.post(f"{prefix}/generate", json=asked)
    assert answer.status_code == 401
    assert set(answer.json()) == {"detail"}


def test_pages_and_health_are_open_and_what_they_show_is_not(anybody: httpx.Client) -> None:
    for path in ("/", "/health", "/health/live", "/health/ready", "/version", "/clone", "/docs"):
        assert anybody.get(path).status_code == 200, path
    for path in ("/v1/models", "/v1/voices", "/v1/jobs", "/v1/nodes", "/metrics", "/nowhere"):
        assert anybody.get(path).status_code == 401, path


def test_a_browser_is_led_to_where_it_can_sign_in(anybody: httpx.Client) -> None:
    answer = anybody.get("/metrics", headers={"Accept": "text/html"})
    assert (answer.status_code, answer.headers["location"]) == (303, "/sign-in?next=/metrics")


def test_lists_are_open_where_a_setting_says_so(tmp_path: Path) -> None:
    with served(tmp_path, **REACHED, POLYVOX_ACCESS__OPEN_LISTS="true") as server:
        for path in ("/v1/models", "/v1/audio/voices", "/v1/engines", "/languages"):
            assert httpx.get(local(server) + path).status_code == 200, path
        assert httpx.get(f"{local(server)}/v1/jobs").status_code == 401
        asked = {"input": "Hum."}
        assert httpx.post(f"{local(server)}/v1/audio/speech", json=asked).status_code == 401


def test_a_page_of_another_site_does_nothing_in_the_name_of_who_is_signed_in(
    anybody: httpx.Client, make: Made
) -> None:
    key = make("speak")["key"]
    anybody.post("/session", json={"key": key}).raise_for_status()
    asked = {"input": "Hum."}
    for origin in ("http://elsewhere.example", "null", "http://127.0.0.1:1"):
        for method, path in (("POST", "/v1/audio/speech"), ("DELETE", "/session")):
            sent = anybody.request(method, path, json=asked, headers={"Origin": origin})
            assert sent.status_code == 403, (origin, path)
        said = {"key": key}
        assert anybody.post("/session", json=said, headers={"Origin": origin}).status_code == 403
    own = {"Origin": str(anybody.base_url).rstrip("/")}
    assert anybody.post("/v1/audio/speech", json=asked, headers=own).status_code == 200
