"""Profiles that are heard before they are kept."""

from typing import Any
from uuid import uuid4

import httpx
import numpy as np
import pytest

from tests.sounds import decode, level_of

TEXT = "The weather is lovely today."


def tried(client: httpx.Client, **given: Any) -> httpx.Response:
    return client.post("/v1/profiles/preview", json={"engine": "espeak", "input": TEXT} | given)


def heard(client: httpx.Client, **given: Any) -> Any:
    answer = tried(client, **given)
    assert answer.status_code == 200, answer.text
    assert (answer.headers["content-type"], answer.headers["cache-control"]) == (
        "audio/wav",
        "no-store",
    )
    samples, rate = decode(answer.content, "wav")
    assert float(answer.headers["x-audio-duration"]) == pytest.approx(len(samples) / rate, abs=0.01)
    return samples


def test_a_trial_sounds_as_the_profile_does_once_it_is_kept(client: httpx.Client) -> None:
    values = {"options": {"speed": 0.7, "pitch": 60}, "effects": {"loudness": -23, "dc": True}}
    before = heard(client, voice="espeak.male_deep", **values)
    name = f"T {uuid4().hex[:8]}"
    kept = client.post("/v1/profiles", json={"engine": "espeak", "name": name, **values})
    asked = {"input": TEXT, "voice": "espeak.male_deep", "profile": name}
    how = {"response_format": "wav", "stream": False}
    after, _ = decode(client.post("/v1/audio/speech", json=asked | how).content, "wav")
    assert client.delete(f"/v1/profiles/{kept.json()['id']}").status_code == 204
    assert np.array_equal(before, after)


def test_options_and_effects_are_heard_and_nothing_of_them_is_kept(client: httpx.Client) -> None:
    profiles = client.get("/v1/profiles").json()
    plain, slow = heard(client), heard(client, options={"speed": 0.5})
    assert len(slow) == pytest.approx(2 * len(plain), rel=0.15)
    quiet = heard(client, effects={"loudness": -35})
    assert level_of(quiet) < level_of(plain) - 8
    assert client.get("/v1/profiles").json() == profiles


def test_what_an_engine_uses_by_default_is_not_mixed_in(client: httpx.Client) -> None:
    values = {"engine": "tone", "name": f"T {uuid4().hex[:8]}", "options": {"level": 0.05}}
    made = client.post("/v1/profiles", json=values).json()
    client.post(f"/v1/profiles/{made['id']}/default")
    loud = heard(client, engine="tone", input="hum hum hum")
    client.post("/v1/profiles/tone.standard/default")
    client.delete(f"/v1/profiles/{made['id']}")
    assert np.abs(loud).max() > 0.2


@pytest.mark.parametrize("fmt", ["mp3", "flac", "opus"])
def test_a_trial_comes_in_every_format(client: httpx.Client, fmt: str) -> None:
    answer = tried(client, response_format=fmt)
    assert len(decode(answer.content, fmt)[0]) > 10_000


@pytest.mark.parametrize(
    ("wrong", "status", "param"),
    [
        ({"engine": "none"}, 404, "engine"),
        ({"options": {"sped": 1}}, 400, "options.sped"),
        ({"options": {"speed": 99}}, 400, "options.speed"),
        ({"effects": {"high_pass": 5}}, 400, "effects.high_pass"),
        ({"effects": {"echo": 1}}, 400, "effects.echo"),
        ({"voice": "nobody"}, 404, "voice"),
        ({"voice": "tone.low"}, 404, "voice"),
        ({"input": " "}, 400, "input"),
        ({"language": "klingonese"}, 400, "language"),
        ({"response_format": "midi"}, 400, "response_format"),
    ],
)
def test_what_is_wrong_with_a_trial_is_named(
    client: httpx.Client, wrong: dict[str, Any], status: int, param: str
) -> None:
    answer = tried(client, **wrong)
    assert answer.status_code == status, answer.text
    assert answer.json()["error"]["param"] == param


def test_a_trial_is_a_line_and_not_a_book(client: httpx.Client) -> None:
    assert tried(client, input="word " * 201).status_code in (400, 422)
