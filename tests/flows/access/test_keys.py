"""Keys are taken however they are sent, until they are revoked or their time is over."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.flows.access.processes import REACHED, Made, bearer, local, plainly, printed
from tests.processes import within
from tests.server import Server, served

pytestmark = pytest.mark.long

NOTICED = 8.0
"""Seconds in which another server's revoking is noticed, with time to spare."""


def test_a_server_of_this_machine_alone_asks_nobody(client: httpx.Client) -> None:
    assert client.get("/v1/keys").status_code == 200
    assert client.get("/session").json() == {"keys_needed": False, "name": None, "scopes": []}


@pytest.mark.parametrize("name", ["Authorization", "xi-api-key", "X-API-Key", "Cookie"])
def test_a_key_is_taken_however_it_is_sent(anybody: httpx.Client, make: Made, name: str) -> None:
    key = make("speak")["key"]
    form = {"Authorization": "Bearer {}", "Cookie": "polyvox_key={}"}.get(name, "{}")
    asked = {"input": "Hum.", "response_format": "wav"}
    assert anybody.post("/v1/audio/speech", json=asked).status_code == 401
    answer = anybody.post("/v1/audio/speech", json=asked, headers={name: form.format(key)})
    assert answer.status_code == 200, answer.text
    assert len(answer.content) > 1000


def test_a_browser_that_signs_in_is_known_until_it_signs_out(
    anybody: httpx.Client, make: Made
) -> None:
    key = make("speak")["key"]
    assert anybody.post("/session", json={"key": f"{key}x"}).status_code == 401
    assert anybody.get("/v1/voices").status_code == 401
    signed = anybody.post("/session", json={"key": key})
    kept = signed.headers["set-cookie"].lower()
    assert "httponly" in kept
    assert "samesite=strict" in kept
    assert anybody.get("/session").json()["scopes"] == ["speak"]
    assert anybody.get("/v1/voices").status_code == 200
    assert anybody.delete("/session").status_code == 204
    assert anybody.get("/v1/voices").status_code == 401


@pytest.mark.parametrize("written", ["Bearer", "Bearer ", "bearer  ", "Basic abc", ""])
def test_an_empty_key_is_none(house: Server, make: Made, written: str) -> None:
    status, said = plainly(house, "/v1/voices", Authorization=written)
    assert status == 401
    assert json.loads(said)["error"]["message"].startswith("This needs a key")
    other = {"Authorization": written, "X-API-Key": make("speak")["key"]}
    assert plainly(house, "/v1/voices", **other)[0] == 200


def test_whatever_is_no_key_is_refused(anybody: httpx.Client, admin: str) -> None:
    wrong = (admin[:-1], admin + "A", admin[:16] + "_" + "x" * 43, "pv_", "' or 1=1", "x" * 5000)
    for each in wrong:
        answer = anybody.get("/v1/keys", headers=bearer(each))
        assert answer.status_code == 401, each
        assert answer.json()["error"]["code"] == "unauthorized"


def test_a_revoked_key_opens_nothing_from_then_on(
    anybody: httpx.Client, make: Made, admin: str
) -> None:
    made = make("speak")
    assert anybody.get("/v1/voices", headers=bearer(made["key"])).status_code == 200
    anybody.delete(f"/v1/keys/{made['id']}", headers=bearer(admin)).raise_for_status()
    assert anybody.get("/v1/voices", headers=bearer(made["key"])).status_code == 401


def test_a_key_opens_nothing_after_its_time(anybody: httpx.Client, make: Made) -> None:
    key = bearer(make("speak", expires_in_days=1.5 / 86400)["key"])
    assert anybody.get("/v1/voices", headers=key).status_code == 200
    within(4, lambda: anybody.get("/v1/voices", headers=key).status_code == 401)


def test_when_a_key_was_last_used_is_noted(anybody: httpx.Client, make: Made, admin: str) -> None:
    made = make("speak")

    def used() -> Any:
        keys = anybody.get("/v1/keys", headers=bearer(admin)).json()["keys"]
        return next(key["used_at"] for key in keys if key["id"] == made["id"])

    assert used() is None
    anybody.get("/v1/voices", headers=bearer(made["key"]))
    assert used() is not None


def test_another_server_of_the_same_database_notices_a_revoked_key(
    house: Server, make: Made, admin: str, tmp_path: Path
) -> None:
    database = f"sqlite:///{house.log.parent / 'polyvox.db'}"
    with served(tmp_path, **REACHED, POLYVOX_STORAGE__DATABASE=database) as other:
        assert not printed(other.log.read_text()), "there is a key already"
        made = make("speak")
        asked = f"{local(other)}/v1/voices"
        assert httpx.get(asked, headers=bearer(made["key"])).status_code == 200
        mine = f"{local(house)}/v1/keys/{made['id']}"
        httpx.delete(mine, headers=bearer(admin)).raise_for_status()
        within(NOTICED, lambda: httpx.get(asked, headers=bearer(made["key"])).status_code == 401)
