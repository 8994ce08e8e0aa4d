"""One segment of a narration is heard by itself, as soon as it is spoken."""

import time
from typing import Any
from uuid import uuid4

import httpx
import numpy as np
import pytest

from tests.processes import within
from tests.sounds import decode, level_of, pitch_of

LINE = "x" * 19 + "."
"""Hummed for two seconds, in a segment of its own where the paragraph ends."""


def begun(client: httpx.Client, lines: int = 3, **given: Any) -> str:
    asked = {"model": "tone", "voice": "low", "language": "en", "response_format": "wav"}
    text = "\n\n".join([LINE] * lines)
    answer = client.post("/v1/jobs", json={**asked, "text": text, **given})
    assert answer.status_code == 202, answer.text
    return str(answer.json()["id"])


def over(client: httpx.Client, id: str) -> str:
    within(30, lambda: client.get(f"/v1/jobs/{id}").json()["ended_at"])
    return str(client.get(f"/v1/jobs/{id}").json()["status"])


def narrated(client: httpx.Client, **given: Any) -> str:
    id = begun(client, **given)
    assert over(client, id) == "completed"
    return id


def asked(client: httpx.Client, id: str, number: int, **query: str) -> httpx.Response:
    return client.get(f"/v1/jobs/{id}/segments/{number}/audio", params=query)


def refused(answer: httpx.Response, status: int = 404) -> str:
    assert answer.status_code == status, answer.text
    return str(answer.json()["error"]["message"])


def heard(client: httpx.Client, id: str, number: int, fmt: str = "wav") -> Any:
    answer = asked(client, id, number, format=fmt)
    assert answer.status_code == 200, answer.text
    samples, rate = decode(answer.content, fmt)
    assert float(answer.headers["x-audio-duration"]) == pytest.approx(len(samples) / rate, abs=0.1)
    return samples


def test_a_segment_sounds_as_it_does_in_the_whole(client: httpx.Client) -> None:
    id = narrated(client, speed=1.25)
    whole, rate = decode(client.get(f"/v1/jobs/{id}/audio").content, "wav")
    first = heard(client, id, 0)
    assert len(first) / rate == pytest.approx(2 / 1.25, abs=0.1)
    assert pitch_of(first[rate // 4 : rate], rate) == pytest.approx(220, rel=0.02)
    end = len(first) - rate // 4
    assert np.abs(first[:end] - whole[:end]).max() < 1e-3


@pytest.mark.parametrize("fmt", ["mp3", "opus", "flac", "pcm", "ulaw"])
def test_a_segment_comes_in_every_format(client: httpx.Client, fmt: str) -> None:
    id = narrated(client, lines=1)
    answer = asked(client, id, 0, format=fmt)
    assert f'filename="{id}-0.{fmt}"' in answer.headers["content-disposition"]
    if fmt != "ulaw":
        samples, rate = decode(answer.content, fmt)
        assert len(samples) / rate == pytest.approx(2, abs=0.15)
    else:
        assert len(answer.content) == pytest.approx(16_000, abs=800)


@pytest.mark.parametrize(
    ("wanted", "media"), [("flac", "audio/flac"), ("m4b", "audio/wav"), ("m4a", "audio/wav")]
)
def test_a_segment_comes_as_the_job_was_asked_and_of_an_audiobook_in_wav(
    client: httpx.Client, wanted: str, media: str
) -> None:
    id = narrated(client, lines=1, response_format=wanted)
    assert asked(client, id, 0).headers["content-type"] == media


def test_a_profiles_effects_are_heard_in_a_segment(client: httpx.Client) -> None:
    name = f"P {uuid4().hex[:8]}"
    effects = {"high_pass": 200, "loudness": -35}
    made = client.post("/v1/profiles", json={"name": name, "engine": "tone", "effects": effects})
    plain, quiet = narrated(client, lines=1), narrated(client, lines=1, profile=name)
    levels = [level_of(heard(client, id, 0)) for id in (plain, quiet)]
    assert levels[1] < levels[0] - 10
    client.delete(f"/v1/profiles/{made.json()['id']}")


def test_what_is_spoken_is_heard_while_the_rest_is_not(client: httpx.Client) -> None:
    id = begun(client, lines=60, options={"real_time_factor": 0.25})
    within(30, lambda: client.get(f"/v1/jobs/{id}").json()["done"] >= 1)
    spoken = client.get(f"/v1/jobs/{id}/segments").json()
    first = next(each["number"] for each in spoken if each["seconds"])
    assert len(heard(client, id, first)) > 40_000
    assert refused(asked(client, id, 59)) == "Segment 59 is not spoken yet."
    client.post(f"/v1/jobs/{id}/cancel")
    assert over(client, id) == "cancelled"
    assert len(heard(client, id, first)) > 40_000
    assert "the job is cancelled" in refused(asked(client, id, 59))


def test_a_segment_that_is_spoken_again_is_heard_once_it_is(client: httpx.Client) -> None:
    id = narrated(client, lines=2, options={"real_time_factor": 0.5})
    before = heard(client, id, 1)
    client.post(f"/v1/jobs/{id}/segments/1/again", params={"seed": 5})
    said = set[str]()
    while client.get(f"/v1/jobs/{id}").json()["status"] != "completed":
        answer = asked(client, id, 1)
        said |= {refused(answer)} if answer.status_code != 200 else set()
        time.sleep(0.05)
    told = {"Segment 1 is being spoken again; wait for it.", "Segment 1 is not spoken yet."}
    assert said
    assert said <= told
    assert heard(client, id, 1).shape == before.shape


def test_what_is_no_segment_is_told(client: httpx.Client) -> None:
    id = narrated(client, lines=2)
    assert refused(asked(client, id, 2)) == "The job has segments 0 to 1."
    assert "midi" in refused(asked(client, id, 0, format="midi"), 400)
    assert "m4b" in refused(asked(client, id, 0, format="m4b"), 400)
    assert asked(client, id, -1).status_code in (400, 422)
    assert "There is no job" in refused(asked(client, str(uuid4()), 0))
    batch = client.post("/v1/batches", json={"items": [{"text": "One."}], "model": "tone"})
    assert "no narration" in refused(asked(client, batch.json()["id"], 0), 400)
