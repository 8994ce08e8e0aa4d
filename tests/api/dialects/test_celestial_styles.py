"""What clients of the multi-lingual REST service hear of speakers and styles where Qwen3-TTS is
switched on: said before any model is loaded, so that none needs to be here."""

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from polyvox.engines.qwen3.speakers import SPEAKERS
from tests.server import served

SMALL, LARGE = "qwen3-tts-0.6b-preset", "qwen3-tts-1.7b-preset"
CLONES, DESIGNS = "qwen3-tts-1.7b-voice-clone", "qwen3-tts-1.7b-voice-design"
NINE = ", ".join(each.name for each in SPEAKERS)


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    folder = tmp_path_factory.mktemp("styles")
    with (
        served(folder, POLYVOX_ENGINES__ENABLED="espeak,qwen3") as server,
        httpx.Client(base_url=server.url, timeout=30) as client,
    ):
        yield client


def generated(client: httpx.Client, **given: Any) -> tuple[int, str]:
    asked = {"model_id": SMALL, "text": "Hello.", "speaker": "Vivian", "language": "en"}
    answer = client.post("/generate", json=asked | given)
    return answer.status_code, answer.json().get("detail", "")


def test_a_style_is_refused_by_a_model_that_follows_none(client: httpx.Client) -> None:
    status, detail = generated(client, instruct="Very happy.")
    assert status == 400
    assert detail == (
        f"The model '{SMALL}' follows no style in words: leave `instruct` out, or speak with a "
        f"voice of {LARGE} or {DESIGNS}."
    )


@pytest.mark.parametrize("instruct", [None, "", "  ", "…"])
def test_a_style_that_says_nothing_is_none(client: httpx.Client, instruct: str | None) -> None:
    status, detail = generated(client, instruct=instruct)
    assert (status, "polyvox engines install qwen3" in detail) == (503, True), detail


@pytest.mark.parametrize("model", [LARGE, "qwen3-tts-preset", "qwen3-tts-custom"])
def test_a_style_is_taken_where_a_model_follows_it(client: httpx.Client, model: str) -> None:
    status, detail = generated(client, model_id=model, instruct="Very happy.")
    assert (status, "polyvox engines install qwen3" in detail) == (503, True), detail


def test_another_engine_takes_a_style_as_it_always_did(client: httpx.Client) -> None:
    assert generated(client, model_id="espeak", speaker="nova", instruct="Happy.")[0] == 200


@pytest.mark.parametrize("model", [SMALL, LARGE, "qwen3-tts-preset", "qwen3-tts-custom"])
@pytest.mark.parametrize("speaker", ["Nobody", "espeak.male_deep"])
def test_who_speaks_is_told_where_a_speaker_is_not_supported(
    client: httpx.Client, model: str, speaker: str
) -> None:
    status, detail = generated(client, model_id=model, speaker=speaker)
    assert (status, detail) == (400, f"Unsupported speaker '{speaker}'. Supported: {NINE}.")


def test_a_model_without_speakers_says_so(client: httpx.Client) -> None:
    status, detail = generated(client, model_id=CLONES, speaker="Nobody")
    assert status == 400
    assert detail.startswith("Unsupported speaker 'Nobody'. The model has none of its own")


def test_an_engines_own_speakers_are_told(client: httpx.Client) -> None:
    speakers = client.get("/v1/engines/espeak").json()["speakers"]
    status, detail = generated(client, model_id="espeak", speaker="Nobody")
    assert (status, detail.endswith(", ".join(each["name"] for each in speakers) + ".")) == (
        400,
        True,
    )


def test_names_without_a_size_are_listed_and_found(client: httpx.Client) -> None:
    listed = [each["id"] for each in client.get("/v1/models").json()["data"]]
    for name in ("qwen3-tts-preset", "qwen3-tts-custom"):
        assert listed.count(name) == 1
        found = client.get(f"/v1/models/{name}").json()
        assert (found["id"], found["owned_by"]) == (name, "polyvox-qwen3")
