"""Voices are made, heard, renamed, deleted and carried over HTTP; what is wrong keeps nothing."""

import base64
import io
import json
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest

from tests import sounds


def fresh() -> str:
    return f"Voice {uuid4().hex[:10]}"


def spoken(client: httpx.Client, voice: str, **more: Any) -> tuple[Any, int]:
    asked = {"input": "One two three four.", "voice": voice, "response_format": "wav", **more}
    answer = client.post("/v1/audio/speech", json=asked)
    assert answer.status_code == 200, answer.text
    return sounds.decode(answer.content, "wav")


def names(client: httpx.Client) -> list[str]:
    listed = client.get("/v1/voices", params={"page_size": 1000}).json()["voices"]
    return [voice["name"] for voice in listed]


@pytest.fixture
def clone(client: httpx.Client, recording: Path) -> Iterator[dict[str, Any]]:
    """A voice of engine tone, cloned for one test."""
    with recording.open("rb") as audio:
        form = {"name": fresh(), "engine": "tone", "language": "en", "consent": "It is me."}
        answer = client.post("/v1/voices", data=form, files={"audio": audio})
    assert answer.status_code == 201, answer.text
    yield answer.json()
    client.delete(f"/v1/voices/{answer.json()['id']}")


def test_a_cloned_voice_is_listed_first_and_speaks_by_id_and_name(
    client: httpx.Client, clone: dict[str, Any]
) -> None:
    assert clone["kind"] == "cloned"
    assert clone["likeness"] == "approximate"
    assert clone["consent"] == "It is me."
    assert clone["seconds"] == pytest.approx(15, abs=5)
    assert clone["origin"]["measures"]["speech"] > 0.5
    assert names(client)[0] == clone["name"]
    assert client.get(f"/v1/voices/{clone['id']}").json() == clone
    by_id, rate = spoken(client, clone["id"])
    by_name, _ = spoken(client, clone["name"].upper(), model="tone")
    assert (by_id == by_name).all()
    assert 40 < sounds.pitch_of(by_id[rate // 4 : rate], rate) < 1500


def test_its_recording_and_a_preview_can_be_heard(
    client: httpx.Client, clone: dict[str, Any]
) -> None:
    answer = client.get(f"/v1/voices/{clone['id']}/reference")
    assert answer.headers["content-type"] == "audio/wav"
    assert int(answer.headers["content-length"]) == len(answer.content)
    samples, rate = sounds.decode(answer.content, "wav")
    assert (len(samples) / rate, rate) == (pytest.approx(clone["seconds"], abs=0.1), 24000)
    heard = client.get(f"/v1/voices/{clone['id']}/preview", params={"text": "ten chars."})
    assert heard.headers["x-voice"] == clone["id"]
    samples, rate = sounds.decode(heard.content, "mp3")
    assert len(samples) / rate == pytest.approx(1, abs=0.15)


def test_presets_have_previews_but_no_recordings(client: httpx.Client) -> None:
    assert client.get("/v1/voices/espeak.nova/preview").status_code == 200
    for refused in (
        client.get("/v1/voices/espeak.nova/reference"),
        client.get("/v1/voices/espeak.nova/export"),
        client.patch("/v1/voices/espeak.nova", json={"name": "mine"}),
        client.delete("/v1/voices/espeak.nova"),
    ):
        assert refused.status_code == 400
        assert "preset" in refused.json()["error"]["message"].lower()


def test_a_deleted_voice_is_gone_until_it_is_restored(
    client: httpx.Client, clone: dict[str, Any]
) -> None:
    path = f"/v1/voices/{clone['id']}"
    assert client.delete(path).status_code == 204
    assert client.delete(path).status_code == 404
    assert client.get(path).status_code == 404
    assert clone["name"] not in names(client)
    refused = client.post("/v1/audio/speech", json={"input": "Hm.", "voice": clone["id"]})
    assert refused.status_code == 404
    assert client.post(f"{path}/restore").json() == clone
    assert client.post(f"{path}/restore").status_code == 404
    spoken(client, clone["id"])


def test_a_voice_that_is_deleted_while_it_speaks_speaks_to_the_end(
    client: httpx.Client, clone: dict[str, Any]
) -> None:
    sentence = "This is a sentence of forty characters. "
    asked = {
        "input": sentence * 8,
        "voice": clone["id"],
        "response_format": "pcm",
        "options": {"real_time_factor": 0.05},
    }
    with client.stream("POST", "/v1/audio/speech", json=asked) as answer:
        pieces = answer.iter_raw()
        first = next(pieces)
        assert client.delete(f"/v1/voices/{clone['id']}").status_code == 204
        size = len(first) + sum(map(len, pieces))
    assert size / 48000 == pytest.approx(len(sentence) * 8 * 0.1, rel=0.1)


def test_a_renamed_voice_answers_to_its_new_name_only(
    client: httpx.Client, clone: dict[str, Any]
) -> None:
    name = fresh()
    path = f"/v1/voices/{clone['id']}"
    changed = client.patch(path, json={"name": name, "description": "Hums."}).json()
    assert (changed["name"], changed["description"]) == (name, "Hums.")
    spoken(client, name, model="tone")
    asked = {"input": "Hm.", "voice": clone["name"], "model": "tone"}
    assert client.post("/v1/audio/speech", json=asked).status_code == 404


def test_a_design_tells_what_it_understood_and_can_be_heard_before_it_is_kept(
    client: httpx.Client,
) -> None:
    before = names(client)
    asked = {"description": "a high hum", "engine": "tone", "text": "ten chars."}
    preview = client.post("/v1/voices/design/preview", json=asked).json()
    assert preview["understood"] == [
        {"words": "high", "first": 2, "last": 6, "about": "pitch", "meaning": "high"}
    ]
    assert preview["ignored"] == ["a", "hum"]
    assert not preview["neutral"]
    samples, rate = sounds.decode(base64.b64decode(preview["audio"]), "mp3")
    assert sounds.pitch_of(samples[rate // 4 : rate // 2], rate) == pytest.approx(880, rel=0.02)
    silent = client.post("/v1/voices/design/preview", json={**asked, "speak": False}).json()
    assert silent["audio"] is None
    assert names(client) == before

    name = fresh()
    kept = client.post("/v1/voices/design", json={**asked, "name": name}).json()
    assert (kept["kind"], kept["understood"]) == ("designed", preview["understood"])
    samples, rate = spoken(client, name, model="tone")
    assert sounds.pitch_of(samples[rate // 4 : rate], rate) == pytest.approx(880, rel=0.02)
    by_hand = {**asked, "settings": {"pitch": 300}, "text": "ten chars."}
    preview = client.post("/v1/voices/design/preview", json=by_hand).json()
    assert preview["settings"] == {"pitch": 300}


def test_a_blend_is_a_voice_between_others(client: httpx.Client) -> None:
    voices = [{"voice": "tone.low", "weight": 3}, {"voice": "high", "weight": 1}]
    asked = {"name": fresh(), "voices": voices}
    kept = client.post("/v1/voices/blend", json=asked).json()
    assert kept["kind"] == "blended"
    assert [each["weight"] for each in kept["origin"]["voices"]] == [0.75, 0.25]
    samples, rate = spoken(client, kept["id"])
    between = 220**0.75 * 880**0.25
    assert sounds.pitch_of(samples[rate // 4 : rate], rate) == pytest.approx(between, rel=0.02)


@pytest.mark.parametrize(
    ("voices", "status"),
    [
        ([{"voice": "tone.low"}], 400),
        ([{"voice": "tone.low"}, {"voice": "espeak.nova"}], 404),
        ([{"voice": "tone.low"}, {"voice": "nobody"}], 404),
        ([{"voice": "tone.low", "weight": 0}, {"voice": "tone.high", "weight": 0}], 400),
        ([{"voice": "tone.low", "weight": -1}, {"voice": "tone.high"}], 400),
    ],
)
def test_what_cannot_be_blended_is_refused(
    client: httpx.Client, voices: list[dict[str, Any]], status: int
) -> None:
    answer = client.post("/v1/voices/blend", json={"name": fresh(), "voices": voices})
    assert answer.status_code == status, answer.text


def test_a_voice_travels_in_one_file(client: httpx.Client, clone: dict[str, Any]) -> None:
    exported = client.get(f"/v1/voices/{clone['id']}/export")
    assert exported.headers["content-type"] == "application/zip"
    with zipfile.ZipFile(io.BytesIO(exported.content)) as parcel:
        assert set(parcel.namelist()) == {"voice.json", "state.safetensors", "reference.wav"}
    taken = client.post("/v1/voices/import", files={"file": exported.content})
    assert taken.status_code == 409
    name = fresh()
    kept = client.post(
        "/v1/voices/import", files={"file": exported.content}, data={"name": name}
    ).json()
    assert kept["id"] != clone["id"]
    assert {**kept, "id": 0, "name": 0, "created_at": 0} == {
        **clone,
        "id": 0,
        "name": 0,
        "created_at": 0,
    }
    same, _ = spoken(client, clone["id"])
    other, _ = spoken(client, kept["id"])
    assert (same == other).all()
    again = client.get(f"/v1/voices/{kept['id']}/reference").content
    assert again == client.get(f"/v1/voices/{clone['id']}/reference").content


def parcel_of(**files: bytes) -> bytes:
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w", zipfile.ZIP_DEFLATED) as parcel:
        for name, data in files.items():
            parcel.writestr(name.replace("__", "."), data)
    return written.getvalue()


ABOUT: dict[str, Any] = {
    "format": 1,
    "voice": {"id": "x", "name": "Stranger", "engine": "tone", "kind": "cloned"},
    "record": {"origin": {}},
}


@pytest.mark.parametrize(
    ("parcel", "status"),
    [
        (b"no archive", 400),
        (b"", 400),
        (parcel_of(voice__json=b"{}"), 400),
        (parcel_of(voice__json=b"[1]", state__safetensors=b"x"), 400),
        (parcel_of(voice__json=json.dumps(ABOUT).encode(), state__safetensors=b"x"), 400),
        (parcel_of(voice__json=b" " * 2_000_000, state__safetensors=b"x"), 413),
        (
            parcel_of(
                voice__json=json.dumps({**ABOUT, "format": 2}).encode(), state__safetensors=b"x"
            ),
            400,
        ),
        (
            parcel_of(
                voice__json=json.dumps(
                    {**ABOUT, "voice": {**ABOUT["voice"], "engine": "../x"}}
                ).encode(),
                state__safetensors=b"x",
            ),
            404,
        ),
    ],
)
def test_a_file_that_is_no_voice_is_refused(
    client: httpx.Client, parcel: bytes, status: int
) -> None:
    before = names(client)
    answer = client.post("/v1/voices/import", files={"file": parcel}, data={"name": fresh()})
    assert answer.status_code == status, answer.text
    assert names(client) == before


@pytest.mark.parametrize(
    ("name", "status"),
    [
        ("", 400),
        ("   ", 400),
        ("x" * 101, 400),
        ("x" * 10_000, 400),
        ("../../etc/passwd", 400),
        ("a\\b", 400),
        ("..", 400),
        ("tab\tnew\nline\x00nul", 400),
        ("nova", 409),
        ("Uncle_Fu", 409),
        ("espeak.nova", 409),
        ("0193e4a0-1111-7222-8333-444455556666", 409),
    ],
)
def test_names_that_would_mislead_are_refused(
    client: httpx.Client, recording: Path, name: str, status: int
) -> None:
    with recording.open("rb") as audio:
        answer = client.post("/v1/voices", data={"name": name}, files={"audio": audio})
    assert answer.status_code == status, answer.text
    assert answer.json()["error"]["param"] == "name"


def test_a_name_is_given_once(client: httpx.Client, recording: Path, clone: dict[str, Any]) -> None:
    for name in (clone["name"], clone["name"].upper(), f"  {clone['name']} "):
        with recording.open("rb") as audio:
            answer = client.post("/v1/voices", data={"name": name}, files={"audio": audio})
        assert answer.status_code == 409
        assert clone["name"].lower() in answer.json()["error"]["message"].lower()


def test_a_recording_is_measured_without_being_kept(client: httpx.Client, recording: Path) -> None:
    before = names(client)
    with recording.open("rb") as audio:
        heard = client.post("/v1/voices/check", files={"audio": audio}).json()
    assert heard["seconds"] == pytest.approx(15, abs=5)
    assert len(heard["peaks"]) == 400
    assert 0.1 < max(heard["peaks"]) <= 1
    assert names(client) == before


def test_a_recording_must_come_one_way(client: httpx.Client, recording: Path) -> None:
    assert client.post("/v1/voices", data={"name": fresh()}).status_code == 400
    with recording.open("rb") as audio:
        both = {"name": fresh(), "audio_url": "https://example.org/x.wav"}
        answer = client.post("/v1/voices", data=both, files={"audio": audio})
    assert answer.status_code == 400


def test_an_engine_that_cannot_or_is_not_there_is_named(
    client: httpx.Client, recording: Path
) -> None:
    with recording.open("rb") as audio:
        form = {"name": fresh(), "engine": "nothing"}
        answer = client.post("/v1/voices", data=form, files={"audio": audio})
    assert answer.status_code == 404
    assert "tone" in answer.json()["error"]["message"]


def test_a_body_above_the_limit_is_refused_before_it_is_read(client: httpx.Client) -> None:
    many = b"\0" * 52_000_000
    answer = client.post("/v1/voices", data={"name": fresh()}, files={"audio": many})
    assert answer.status_code == 413
    assert "MB" in answer.json()["error"]["message"]
    answer = client.post("/v1/audio/speech", json={"input": "x" * 5_000_000})
    assert answer.status_code == 413


@pytest.mark.parametrize("ttl", ["0", "-5", "nan", "inf", "1e300", "soon"])
def test_a_lifetime_is_a_positive_time(client: httpx.Client, recording: Path, ttl: str) -> None:
    with recording.open("rb") as audio:
        form = {"name": fresh(), "ttl": ttl}
        answer = client.post("/v1/voices", data=form, files={"audio": audio})
    assert answer.status_code == 400, answer.text
    assert answer.json()["error"]["param"] == "ttl"


def test_a_voice_with_a_lifetime_says_when_it_ends(client: httpx.Client, recording: Path) -> None:
    with recording.open("rb") as audio:
        form = {"name": fresh(), "ttl": "3600", "engine": "tone"}
        kept = client.post("/v1/voices", data=form, files={"audio": audio}).json()
    assert kept["expires_at"] > kept["created_at"]


def test_lists_are_filtered_and_paged(client: httpx.Client, clone: dict[str, Any]) -> None:
    def listed(**asked: Any) -> dict[str, Any]:
        return client.get("/v1/voices", params=asked).json()  # type: ignore[no-any-return]

    assert [each["id"] for each in listed(text=clone["name"])["voices"]] == [clone["id"]]
    assert clone["id"] in [each["id"] for each in listed(kind="cloned")["voices"]]
    assert listed(kind="cloned", engine="espeak", text=clone["name"])["total"] == 0
    assert {each["kind"] for each in listed(kind="preset")["voices"]} == {"preset"}
    whole = listed(page_size=1000)
    pages = [listed(page=number, page_size=7) for number in range(1, whole["total"] // 7 + 2)]
    assert [each["id"] for page in pages for each in page["voices"]] == [
        each["id"] for each in whole["voices"]
    ]


@pytest.mark.parametrize(
    "id", ["nobody", "..%2f..", "a" * 201, "0193e4a0-1111-7222-8333-444455556666"]
)
@pytest.mark.parametrize("way", ["", "/preview", "/reference", "/export"])
def test_an_unknown_id_is_said_to_be(client: httpx.Client, id: str, way: str) -> None:
    assert client.get(f"/v1/voices/{id}{way}").status_code in (400, 404)
    assert client.post(f"/v1/voices/{id}/restore").status_code in (400, 404)
