"""Profiles over HTTP: made, used, changed, and refused before the first byte."""

from typing import Any
from uuid import uuid4

import httpx
import pytest

from tests.sounds import decode

TEXT = "The weather is lovely today."


def speech(client: httpx.Client, **given: Any) -> httpx.Response:
    asked = {"input": TEXT, "response_format": "wav", "stream": False} | given
    return client.post("/v1/audio/speech", json=asked)


def make(client: httpx.Client, **given: Any) -> dict[str, Any]:
    asked = {"engine": "espeak", "name": f"P {uuid4().hex[:8]}"} | given
    answer = client.post("/v1/profiles", json=asked)
    assert answer.status_code == 201, answer.text
    return dict(answer.json())


def test_a_profile_is_made_spoken_with_changed_and_deleted(client: httpx.Client) -> None:
    made = make(client, options={"speed": 0.5}, effects={"loudness": -23}, description="Slow.")
    assert (made["built_in"], made["default"], made["description"]) == (False, False, "Slow.")
    assert made["expires_at"] > made["created_at"] == made["used_at"]
    place = f"/v1/profiles/{made['id']}"
    assert client.get(place).json() == made
    assert made in client.get("/v1/profiles", params={"engine": "espeak"}).json()["profiles"]
    slow, plain = speech(client, profile=made["name"]), speech(client)
    ratio = len(decode(slow.content, "wav")[0]) / len(decode(plain.content, "wav")[0])
    assert ratio == pytest.approx(2, rel=0.15)
    assert slow.content == speech(client, profile=made["id"]).content
    changed = client.patch(place, json={"name": f"{made['name']}!", "options": {}}).json()
    assert (changed["name"], changed["options"]) == (f"{made['name']}!", {})
    assert (changed["effects"], changed["description"]) == ({"loudness": -23}, "Slow.")
    assert client.delete(place).status_code == 204
    for gone in (client.get(place), client.delete(place), speech(client, profile=made["id"])):
        assert (gone.status_code, gone.json()["error"]["code"]) == (404, "not_found")


def test_every_engine_has_a_default_and_lists_are_filtered(client: httpx.Client) -> None:
    everything = client.get("/v1/profiles").json()["profiles"]
    assert {each["engine"] for each in everything} == {"espeak", "tone"}
    defaults = [each["engine"] for each in everything if each["default"]]
    assert sorted(defaults) == ["espeak", "tone"]
    of_tone = client.get("/v1/profiles", params={"engine": "tone"}).json()["profiles"]
    assert {each["engine"] for each in of_tone} == {"tone"}
    assert client.get("/v1/profiles", params={"engine": "none"}).status_code == 404


def test_a_default_is_set_and_set_back(client: httpx.Client) -> None:
    made = make(client, engine="tone")
    answer = client.post(f"/v1/profiles/{made['id']}/default")
    assert (answer.status_code, answer.json()["default"]) == (200, True)
    assert answer.json()["expires_at"] is None
    refused = client.delete(f"/v1/profiles/{made['id']}")
    assert (refused.status_code, refused.json()["error"]["code"]) == (409, "conflict")
    assert client.post("/v1/profiles/tone.standard/default").json()["default"]
    assert client.delete(f"/v1/profiles/{made['id']}").status_code == 204


def test_a_built_in_profile_is_copied_not_changed(client: httpx.Client) -> None:
    for refused in (
        client.patch("/v1/profiles/espeak.calm", json={"name": "Mine"}),
        client.delete("/v1/profiles/espeak.calm"),
    ):
        assert refused.status_code == 400
        assert "duplicate" in refused.json()["error"]["message"]
    copy = client.post("/v1/profiles/espeak.calm/duplicate")
    assert (copy.status_code, copy.json()["built_in"]) == (201, False)
    named = client.post("/v1/profiles/espeak.calm/duplicate", json={"name": copy.json()["name"]})
    assert named.status_code == 409
    assert client.delete(f"/v1/profiles/{copy.json()['id']}").status_code == 204


def test_effects_are_described(client: httpx.Client) -> None:
    described = client.get("/v1/profiles/effects").json()
    names = ["dc", "high_pass", "denoise", "de_ess", "low_pass", "loudness"]
    assert list(described["properties"]) == names
    assert described["properties"]["denoise"]["maximum"] == 1


@pytest.mark.parametrize(
    ("given", "status", "param"),
    [
        ({"profile": "nothing"}, 404, "profile"),
        ({"profile": "\x00"}, 404, "profile"),
        ({"profile": "tone.standard"}, 400, "profile"),
        ({"profile": "x" * 201}, 400, "profile"),
        ({"profile": 3}, 400, "profile"),
        ({"profile": "clear", "options": {"pitch": 500}}, 400, "options.pitch"),
    ],
)
def test_refusals_come_before_the_first_byte(
    client: httpx.Client, given: dict[str, Any], status: int, param: str
) -> None:
    answer = speech(client, **given)
    assert (answer.status_code, answer.json()["error"]["param"]) == (status, param)


@pytest.mark.parametrize(
    ("given", "status", "param"),
    [
        ({"engine": "nothing"}, 404, "engine"),
        ({"name": "clear"}, 409, "name"),
        ({"name": ""}, 400, "name"),
        ({"options": {"pitch": "high"}}, 400, "options.pitch"),
        ({"effects": {"echo": 1}}, 400, "effects.echo"),
        ({"options": []}, 400, "options"),
        ({"description": "x" * 1001}, 400, "description"),
        ({"description": "\x00"}, 400, "description"),
    ],
)
def test_what_cannot_be_kept_is_refused_by_field(
    client: httpx.Client, given: dict[str, Any], status: int, param: str
) -> None:
    answer = client.post("/v1/profiles", json={"engine": "espeak", "name": "New one"} | given)
    assert (answer.status_code, answer.json()["error"]["param"]) == (status, param)
    assert "New one" not in client.get("/v1/profiles").text


def test_a_batch_takes_profiles_too(client: httpx.Client) -> None:
    items = [{"input": TEXT}, {"input": TEXT, "profile": "telephone"}, {"input": TEXT}]
    items[2]["profile"] = "nothing"
    asked = {"items": items, "response_format": "wav"}
    results = client.post("/v1/audio/speech/batch", json=asked).json()["results"]
    assert [each["status"] for each in results] == ["success", "success", "error"]
    assert results[0]["audio_data"] != results[1]["audio_data"]
