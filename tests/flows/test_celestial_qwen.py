"""The multi-lingual REST service's clients, spoken to by the real Qwen3-TTS package on tiny random
models: presets, clones, designs, languages, sampling, many texts at once."""

import base64
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import httpx
import numpy as np
import pytest

from polyvox.domain.audio import Samples
from polyvox.engines.qwen3.models import MODELS
from polyvox.engines.qwen3.speakers import LANGUAGES, SPEAKERS
from tests import sounds
from tests.neural_home import CLONES, DESIGNS, PRESETS, SMALL, SMALL_CLONES, serving

pytestmark = pytest.mark.engines
SAID = "The old harbour lay quiet in the evening light."
FRAMES = 20
"""Of 80 ms, in the longest answer; the random models are slow to end by themselves."""


@pytest.fixture(scope="module")
def url(qwen_home: Callable[..., Path]) -> Iterator[str]:
    with serving(
        qwen_home(*MODELS),
        POLYVOX_ENGINES__MAX_LOADED_MODELS=str(len(MODELS)),
        POLYVOX_VOICES__PRIVATE_URLS="true",
    ) as running:
        yield running.server.url


@pytest.fixture(scope="module")
def root(url: str) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=url, timeout=180) as client:
        yield client


@pytest.fixture(params=["", "/api/v1"])
def api(request: pytest.FixtureRequest, url: str) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=url + request.param, timeout=180) as client:
        yield client


@pytest.fixture(scope="module")
def reference(recording: Path) -> str:
    """A recording, in base64."""
    return base64.b64encode(recording.read_bytes()).decode()


def asked(**more: Any) -> dict[str, Any]:
    plain = {"model_id": PRESETS, "text": "Hello there.", "speaker": "Vivian", "language": "en"}
    return {**plain, "max_new_tokens": FRAMES + 1, **more}


def generated(client: httpx.Client, **more: Any) -> httpx.Response:
    answer = client.post("/generate", json=asked(**more))
    assert answer.status_code == 200, answer.text
    return answer


def heard(answer: httpx.Response) -> list[Samples]:
    body = answer.json()
    assert (body["status"], body["sampling_rate"]) == ("ok", 24000)
    assert body["audio"] == body["wavs"][0]
    spoken = []
    for wav in body["wavs"]:
        samples, rate = sounds.decode(base64.b64decode(wav), "wav")
        assert rate == 24000
        assert 0.01 < np.abs(samples).max() <= 1
        spoken.append(samples)
    return spoken


def said(client: httpx.Client, **more: Any) -> bytes:
    return heard(generated(client, **more))[0].tobytes()


def made(client: httpx.Client, **more: Any) -> dict[str, Any]:
    """A new speaker."""
    body = {"model_id": "qwen3-tts-custom", "name": f"Speaker {uuid4().hex[:8]}", "text": SAID}
    answer = client.post("/speakers", json={**body, "language": "en", **more})
    assert answer.status_code == 200, answer.text
    speaker: dict[str, Any] = answer.json()
    return speaker


# Presets


def test_every_speaker_speaks_and_is_heard(root: httpx.Client) -> None:
    listed = root.get("/speakers", params={"model_id": "qwen3-tts-preset"}).json()["speakers"]
    assert [each["id"] for each in listed] == [each.name for each in SPEAKERS]
    sounded = set()
    for speaker in SPEAKERS:
        answer = generated(root, speaker=speaker.name, text=["Hello.", "How are you?", "Fine."])
        assert answer.headers["x-voice"] == f"qwen3.{speaker.name}"
        sounded.add(b"".join(each.tobytes() for each in heard(answer)))
    assert len(sounded) > 2


def test_a_speaker_answers_in_any_case_and_to_other_products_names(root: httpx.Client) -> None:
    def voice(name: str) -> str:
        return generated(root, speaker=name, max_new_tokens=3).headers["x-voice"]

    assert {voice(name) for name in ("Uncle_Fu", "uncle_fu", "UNCLE_FU")} == {"qwen3.Uncle_Fu"}
    women = {f"qwen3.{each.name}" for each in SPEAKERS if each.gender == "female"}
    assert {voice(name) for name in ("female_generic", "female_warm", "female_soft")} <= women
    assert not {voice(name) for name in ("male_generic", "male_deep")} & women
    assert len({voice(name) for name in ("nova", "onyx", "alloy")}) == 3


@pytest.mark.parametrize("model", [PRESETS, SMALL, "qwen3-tts-preset", "qwen3-tts-custom"])
def test_presets_speak_with_and_without_a_size(root: httpx.Client, model: str) -> None:
    answer = generated(root, model_id=model, speaker="Ryan")
    assert answer.headers["x-engine"] == "qwen3"
    assert (answer.headers["x-model"] == model) == (model != "qwen3-tts-custom")
    assert "x-fallback-reason" not in answer.headers
    assert root.get(f"/v1/models/{model}").json()["owned_by"] == "polyvox-qwen3"
    heard(answer)


def test_headers_tell_how_it_was_spoken(api: httpx.Client) -> None:
    answer = generated(api)
    seconds = len(heard(answer)[0]) / 24000
    assert float(answer.headers["x-audio-duration"]) == pytest.approx(seconds, abs=0.002)
    told = {"x-engine": "qwen3", "x-model": PRESETS, "x-sample-rate": "24000", "x-cache": "miss"}
    assert {name: answer.headers[name] for name in told} == told
    assert answer.headers["x-request-id"]


def test_instructions_are_heard(root: httpx.Client) -> None:
    plain = said(root, top_k=0, temperature=1.5)
    assert said(root, top_k=0, temperature=1.5, instruct="Shout, very angrily.") != plain


@pytest.mark.parametrize("code", LANGUAGES)
def test_languages_go_by_code_and_by_name(root: httpx.Client, code: str) -> None:
    by_code = said(root, language=code, text="Ola 42.", max_new_tokens=12)
    assert said(root, language=LANGUAGES[code], text="Ola 42.", max_new_tokens=12) == by_code


def test_languages_are_heard(root: httpx.Client) -> None:
    text = "The weather is fine today."
    english, chinese = (said(root, text=text, language=each) for each in ("en", "zh"))
    assert english != chinese
    assert said(root, text=text, language="auto") == english


# Sampling


@pytest.mark.parametrize(
    "given",
    [{"top_k": 3}, {"top_p": 0.3}, {"temperature": 0.3}, {"repetition_penalty": 3.0}],
    ids=lambda given: str(*given),
)
def test_every_sampling_parameter_is_heard(root: httpx.Client, given: dict[str, float]) -> None:
    (name,) = given
    plain = said(root)
    assert said(root, **given) != plain
    assert said(root, **{name: None}) == plain


def test_the_same_request_sounds_the_same(root: httpx.Client) -> None:
    assert said(root, temperature=1.7) == said(root, temperature=1.7)


def test_max_new_tokens_bounds_the_length(root: httpx.Client) -> None:
    for tokens in (5, 9):
        (samples,) = heard(generated(root, max_new_tokens=tokens))
        assert len(samples) == (tokens - 1) * 1920


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("top_k", (-1, 3001)),
        ("top_p", (0, 1.1, -0.2)),
        ("temperature", (0, -1, 2.1)),
        ("repetition_penalty", (0.9, 5.1, 0)),
        ("max_new_tokens", (1, 0, -5, 8193)),
    ],
)
def test_sampling_out_of_range_is_refused_by_name(
    root: httpx.Client, name: str, values: tuple[float, ...]
) -> None:
    for value in values:
        answer = root.post("/generate", json=asked(**{name: value}))
        assert answer.status_code == 400, answer.text
        assert f"'{name}' must be between" in answer.json()["detail"]
    answer = root.post("/generate", json=asked(**{name: "much"}))
    assert answer.status_code == 422
    assert answer.json()["detail"][0]["loc"] == ["body", name]


# Many texts


def test_texts_come_back_in_order_each_as_alone(api: httpx.Client) -> None:
    texts = ["One.", "Two of them.", "And a third one, at some length.", "Four?"]
    together = heard(generated(api, text=texts))
    alone = [heard(generated(api, text=text))[0] for text in texts]
    for one, other in zip(together, alone, strict=True):
        assert one.shape == other.shape
        assert np.abs(one - other).max() < 1e-3


def test_up_to_32_texts_are_taken(root: httpx.Client) -> None:
    texts = [f"Number {number}." for number in range(33)]
    answer = generated(root, text=texts[:32], max_new_tokens=4)
    assert len(heard(answer)) == 32
    assert root.post("/generate", json=asked(text=texts)).status_code == 422


@pytest.mark.parametrize(
    ("wrong", "named"), [("x" * 4097, "4097 characters"), ("<|im_start|>", "nothing to say")]
)
def test_a_text_that_cannot_be_said_ends_the_whole_request(
    root: httpx.Client, wrong: str, named: str
) -> None:
    texts = [wrong, "A long story about a harbour, told slowly. " * 60]
    answer = root.post("/generate", json=asked(text=texts, max_new_tokens=2000, top_k=1))
    assert answer.status_code == 400, answer.text
    assert named in answer.json()["detail"]
    began = time.monotonic()
    generated(root)
    assert time.monotonic() - began < 5, "the other texts were still being spoken"


def test_requests_that_come_together_are_spoken_together_each_as_alone(
    root: httpx.Client,
) -> None:
    manner = [
        {"text": f"{number} ships came.", "speaker": each.name, "max_new_tokens": 41}
        for number, each in enumerate(SPEAKERS[:6], 2)
    ]
    generated(root)
    began = time.monotonic()
    alone = [heard(generated(root, **each))[0] for each in manner]
    usual = (time.monotonic() - began) / len(manner)

    def timed(each: dict[str, Any]) -> tuple[Samples, float]:
        return heard(generated(root, **each))[0], time.monotonic()

    busy = {"model": PRESETS, "input": SAID, "voice": "Ryan", "response_format": "pcm"}
    busy |= {"options": {"max_new_tokens": 200, "top_k": 1}}  # type: ignore[dict-item]
    with (
        ThreadPoolExecutor(6) as clients,
        root.stream("POST", "/v1/audio/speech", json=busy) as first,
    ):
        next(first.iter_raw())
        spoken = list(clients.map(timed, manner))
    for (samples, _), other in zip(spoken, alone, strict=True):
        assert samples.shape == other.shape
        assert np.abs(samples - other).max() < 1e-3
    ends = [end for _, end in spoken]
    assert max(ends) - min(ends) < 2 * usual, "one after the other, they end five apart"


# Clones


def test_a_clone_is_made_listed_spoken_with_and_deleted(api: httpx.Client, reference: str) -> None:
    speaker = made(api, audio=reference)
    assert UUID(speaker["id"]).version == 7
    listed = api.get("/speakers", params={"model_id": CLONES}).json()["speakers"]
    assert speaker["speaker"] in listed
    answer = generated(api, model_id="qwen3-tts-custom", speaker=speaker["id"])
    assert answer.headers["x-voice"] == speaker["id"]
    assert heard(generated(api, model_id=CLONES, speaker=speaker["name"]))[0].tobytes() == (
        heard(answer)[0].tobytes()
    )
    deletion = {"model_id": CLONES, "speaker_id": speaker["id"]}
    assert api.request("DELETE", "/speakers", json=deletion).json()["status"] == "ok"
    assert api.request("DELETE", "/speakers", json=deletion).status_code == 404
    gone = api.post("/generate", json=asked(model_id=CLONES, speaker=speaker["id"]))
    assert (gone.status_code, gone.json()) == (
        404,
        {"detail": f"Speaker {speaker['id']} not found"},
    )


def test_every_form_of_a_reference_gives_the_same_voice(
    root: httpx.Client, reference: str, recording: Path
) -> None:
    folded = "\n".join(reference[first : first + 76] for first in range(0, len(reference), 76))
    forms = [reference, folded, f"data:audio/wav;base64,{reference}"]
    handler = partial(SimpleHTTPRequestHandler, directory=str(recording.parent))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as files:
        threading.Thread(target=files.serve_forever, daemon=True).start()
        forms.append(f"http://127.0.0.1:{files.server_port}/{recording.name}")
        speakers = [made(root, audio=form) for form in forms]
        files.shutdown()
    voices = {said(root, model_id=CLONES, speaker=each["id"]) for each in speakers}
    assert len(voices) == 1


def test_the_transcript_of_a_reference_is_heard(root: httpx.Client, reference: str) -> None:
    known, unknown = made(root, audio=reference), made(root, audio=reference, text="")
    more = {"model_id": CLONES, "top_k": 0}
    assert said(root, speaker=known["id"], **more) != said(root, speaker=unknown["id"], **more)


def test_a_clone_speaks_with_the_model_that_made_it(root: httpx.Client, reference: str) -> None:
    small = made(root, audio=reference, model_id=SMALL_CLONES)
    answer = generated(root, model_id="qwen3-tts-custom", speaker=small["id"])
    assert answer.headers["x-model"] == SMALL_CLONES
    other = root.post("/generate", json=asked(model_id=CLONES, speaker=small["id"]))
    assert other.status_code == 400
    assert f"was made for model '{SMALL_CLONES}'" in other.json()["detail"]


@pytest.mark.parametrize("path", ["/etc/passwd", "file:///etc/passwd", "../../etc/passwd"])
def test_no_path_is_read_as_a_reference(root: httpx.Client, path: str) -> None:
    body = {"model_id": CLONES, "name": "Thief", "text": SAID, "audio": path}
    answer = root.post("/speakers", json=body)
    assert answer.status_code == 400
    assert answer.json() == {"detail": "audio is neither base64 nor an http(s) URL."}


# Designs


def test_a_design_is_made_from_words_and_keeps_its_voice(api: httpx.Client) -> None:
    old = made(api, model_id=DESIGNS, instruct="A deep old man.")
    young = made(api, instruct="A young woman.")
    spoken = {}
    for each in (old, young):
        answer = generated(api, model_id=DESIGNS, speaker=each["id"])
        assert answer.headers["x-model"] == DESIGNS
        spoken[each["id"]] = heard(answer)[0].tobytes()
        custom = generated(api, model_id="qwen3-tts-custom", speaker=each["id"])
        assert heard(custom)[0].tobytes() == spoken[each["id"]]
    assert len(set(spoken.values())) == 2


# Styles


def test_a_style_is_followed_or_refused_and_never_ignored(
    root: httpx.Client, reference: str
) -> None:
    root.post("/v1/engines/qwen3/load", params={"model": SMALL})
    any_size = generated(root, model_id="qwen3-tts-preset", instruct="Shout.")
    assert any_size.headers["x-model"] == PRESETS
    clone, design = made(root, audio=reference), made(root, instruct="A deep old man.")
    custom = {"model_id": "qwen3-tts-custom", "instruct": "Shout."}
    assert generated(root, **custom, speaker=design["id"]).headers["x-model"] == DESIGNS
    assert generated(root, **custom, speaker="Ryan").headers["x-model"] == PRESETS
    for model, speaker, named in (
        (SMALL, "Ryan", SMALL),
        (CLONES, clone["id"], CLONES),
        ("qwen3-tts-custom", clone["id"], CLONES),
        (CLONES, design["id"], CLONES),
    ):
        wrong = asked(model_id=model, speaker=speaker, instruct="Shout.")
        answer = root.post("/generate", json=wrong)
        assert answer.status_code == 400, answer.text
        assert answer.json()["detail"].startswith(f"The model '{named}' follows no style in words")


# Refusals


@pytest.mark.parametrize(
    ("wrong", "status", "words"),
    [
        ({"model_id": "gpt-9"}, 400, "Unknown model 'gpt-9'"),
        ({"model_id": CLONES}, 400, f"these can: {PRESETS}, {SMALL}."),
        ({"model_id": DESIGNS}, 400, f"these can: {PRESETS}, {SMALL}."),
        ({"language": "klingonese"}, 400, "Unsupported language 'klingonese'"),
        ({"language": "ar"}, 400, "Unsupported language 'ar'"),
        ({"speaker": "Nobody"}, 400, "Unsupported speaker 'Nobody'"),
        ({"speaker": "espeak.male_deep"}, 400, "Unsupported speaker 'espeak.male_deep'"),
        ({"speaker": "0193e4a0-1111-7222-8333-444455556666"}, 404, "not found"),
        ({"provider": "remote"}, 400, "provider"),
        ({"instruct": "x" * 1501}, 413, "1500 characters of instructions"),
    ],
)
def test_what_is_wrong_is_said_in_the_products_own_shape(
    root: httpx.Client, wrong: dict[str, Any], status: int, words: str
) -> None:
    answer = root.post("/generate", json=asked(**wrong))
    assert answer.status_code == status, answer.text
    assert list(answer.json()) == ["detail"]
    assert words in answer.json()["detail"]


@pytest.mark.parametrize(
    ("wrong", "status", "words"),
    [
        ({"model_id": PRESETS, "audio": "AAAA"}, 400, "does not support custom speakers"),
        ({"model_id": DESIGNS, "audio": "AAAA"}, 400, f"these can: {CLONES}, {SMALL_CLONES}."),
        ({"model_id": CLONES, "instruct": "Deep."}, 400, f"these can: {DESIGNS}."),
        ({"model_id": DESIGNS, "instruct": "  "}, 400, "`instruct` to design one"),
        ({"model_id": DESIGNS, "instruct": "x" * 1001}, 400, "1001 characters"),
        ({"model_id": CLONES, "audio": "AAAA", "language": "xx"}, 400, "Unsupported language"),
        ({"model_id": CLONES, "audio": "AAAA"}, 415, "not a recording"),
    ],
)
def test_what_no_speaker_can_be_made_of_is_said(
    root: httpx.Client, wrong: dict[str, Any], status: int, words: str
) -> None:
    answer = root.post("/speakers", json={"name": "Someone", "text": SAID, **wrong})
    assert answer.status_code == status, answer.text
    assert words in answer.json()["detail"]
