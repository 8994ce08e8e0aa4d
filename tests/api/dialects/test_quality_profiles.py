"""The asynchronous audio service's clients keep quality profiles, by engine or by id alone."""

from typing import Any
from uuid import uuid4

import httpx
import pytest


def make(client: httpx.Client, engine: str = "espeak", **given: Any) -> dict[str, Any]:
    asked = {"name": f"Q {uuid4().hex[:8]}"} | given
    answer = client.post(f"/quality-profiles/{engine}", json=asked)
    assert answer.status_code == 201, answer.text
    return dict(answer.json())


def test_profiles_are_listed_of_all_engines_and_of_one(client: httpx.Client) -> None:
    everything = client.get("/quality-profiles").json()
    assert everything["total"] == len(everything["profiles"]) >= 6
    for listed in (
        client.get("/quality-profiles", params={"engine": "tone"}),
        client.get("/quality-profiles/tone"),
    ):
        assert {each["engine"] for each in listed.json()["profiles"]} == {"tone"}


@pytest.mark.parametrize("engine", ["", "espeak/"])
def test_a_profile_is_reached_by_its_id_with_and_without_its_engine(
    client: httpx.Client, engine: str
) -> None:
    made = make(client, options={"pitch": 30}, description="Low.")
    place = f"/quality-profiles/{engine}{made['id']}"
    assert client.get(place).json() == made
    assert (made["is_builtin"], made["is_default"]) == (False, False)
    changed = client.patch(place, json={"effects": {"dc": True}}).json()
    assert (changed["options"], changed["effects"]) == ({"pitch": 30}, {"dc": True})
    anew = client.put(place, json={"name": made["name"], "options": {"range": 20}}).json()
    assert (anew["options"], anew["effects"], anew["description"]) == ({"range": 20}, {}, "")
    copy = client.post(f"{place}/duplicate")
    assert (copy.status_code, copy.json()["name"]) == (201, f"{made['name']} copy")
    assert client.post(f"{place}/set-default").json()["is_default"]
    assert client.get("/quality-profiles/defaults").json()["defaults"]["espeak"] == (
        client.get(place).json()
    )
    assert client.delete(place).status_code == 409
    assert client.post("/quality-profiles/espeak/standard/set-default").json()["is_default"]
    assert client.delete(place).status_code == 204
    assert client.delete(f"/quality-profiles/{copy.json()['id']}").status_code == 204
    gone = client.get(place)
    assert (gone.status_code, "detail" in gone.json()) == (404, True)


def test_the_body_may_name_the_engine(client: httpx.Client) -> None:
    for field in ("engine", "tts_engine"):
        asked = {field: "tone", "name": f"Q {uuid4().hex[:8]}"}
        made = client.post("/quality-profiles", json=asked).json()
        assert made["engine"] == "tone"
        assert client.delete(f"/quality-profiles/tone/{made['id']}").status_code == 204


def test_built_in_profiles_are_found_by_name_and_stay(client: httpx.Client) -> None:
    clear = client.get("/quality-profiles/espeak/clear").json()
    assert (clear["id"], clear["is_builtin"]) == ("espeak.clear", True)
    for answer in (
        client.patch("/quality-profiles/espeak/clear", json={"name": "Mine"}),
        client.put("/quality-profiles/espeak.clear", json={"name": "Mine"}),
        client.delete("/quality-profiles/espeak/espeak.clear"),
    ):
        assert answer.status_code == 400
        assert "duplicate" in answer.json()["detail"]


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("GET", "nothing", None, 404),
        ("GET", "nothing/standard", None, 404),
        ("GET", "tone/espeak.clear", None, 400),
        ("GET", "tone/nothing", None, 404),
        ("POST", "nothing", {"name": "X"}, 404),
        ("POST", "tone", {"name": "standard"}, 409),
        ("POST", "tone", {"name": "X", "options": {"nothing": 1}}, 400),
        ("POST", "tone", {}, 422),
        ("POST", "", {"name": "X"}, 422),
        ("POST", "nothing/set-default", None, 404),
        ("POST", "tone/nothing/duplicate", None, 404),
        ("DELETE", "nothing", None, 404),
    ],
)
def test_refusals_carry_a_detail(
    client: httpx.Client, method: str, path: str, body: Any, status: int
) -> None:
    answer = client.request(method, f"/quality-profiles/{path}".rstrip("/"), json=body)
    assert answer.status_code == status
    assert answer.json()["detail"]
