"""`POST /v1/audio/speech` over real HTTP, against a real server."""

import base64
import json
import struct
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import numpy as np
import openai
import pytest

from polyvox.audio.encode import FORMATS
from tests.server import Server
from tests.sounds import decode, pitch_of

SPEECH = "/v1/audio/speech"


def hum(text: str = "ten chars.", **fields: Any) -> dict[str, Any]:
    return {"model": "tone", "input": text, "language": "en", **fields}


@pytest.mark.parametrize("fmt", FORMATS)
def test_each_format_has_its_media_type_and_sound(client: httpx.Client, fmt: str) -> None:
    answer = client.post(SPEECH, json=hum(response_format=fmt))
    assert answer.status_code == 200
    assert answer.headers["content-type"] == FORMATS[fmt].media_type
    assert answer.headers["x-engine"] == "tone"
    assert answer.headers["x-voice"] == "tone.middle"
    assert answer.headers["x-request-id"]
    heard, rate = decode(answer.content, fmt)
    assert len(heard) / rate == pytest.approx(1, abs=0.15)
    assert pitch_of(heard[len(heard) // 4 : -len(heard) // 4], rate) == pytest.approx(440, rel=0.01)


def test_mp3_is_what_comes_when_nothing_is_asked_for(client: httpx.Client) -> None:
    answer = client.post(SPEECH, json={"input": "Hello there.", "model": "tts-1", "voice": "nova"})
    assert answer.headers["content-type"] == "audio/mpeg"
    assert answer.headers["x-engine"] == "espeak"
    assert answer.headers["x-voice"] == "espeak.nova"


def test_pcm_is_at_24_khz_whatever_the_engines_rate(client: httpx.Client) -> None:
    asked = {"input": "Hello there, how are you?", "response_format": "pcm"}
    pcm = client.post(SPEECH, json=asked).content
    wav = client.post(SPEECH, json=asked | {"response_format": "wav", "stream": False})
    assert pcm == wav.content[wav.content.index(b"data") + 8 :]
    assert len(pcm) / 2 / 24000 == pytest.approx(float(wav.headers["x-audio-duration"]), abs=0.01)


def test_a_streamed_wav_has_open_sizes_and_a_whole_one_exact_sizes(client: httpx.Client) -> None:
    asked = hum("open sizes", response_format="wav", options={"real_time_factor": 0.01})
    streamed = client.post(SPEECH, json=asked)
    assert streamed.headers["x-cache"] == "miss"
    assert struct.unpack_from("<I", streamed.content, 4)[0] == 0xFFFFFFFF
    samples = streamed.content.index(b"data") + 8
    assert struct.unpack_from("<I", streamed.content, samples - 4)[0] == 0xFFFFFFFF
    for whole in (
        client.post(SPEECH, json=asked | {"stream": False}),  # from the cache
        client.post(SPEECH, json=asked | {"stream": False, "seed": 5}),
    ):
        assert struct.unpack_from("<I", whole.content, 4)[0] == len(whole.content) - 8
        size = struct.unpack_from("<I", whole.content, samples - 4)[0]
        assert size == len(whole.content) - samples
        assert int(whole.headers["content-length"]) == len(whole.content)


def test_sound_arrives_while_the_engine_still_speaks(client: httpx.Client) -> None:
    asked = hum("ten chars. " * 3, response_format="pcm", options={"real_time_factor": 0.5})
    times = []
    with client.stream("POST", SPEECH, json=asked) as answer:
        times = [time.monotonic() for _ in answer.iter_raw()]
    assert len(times) > 10
    assert times[-1] - times[0] > 1


def test_events_concatenate_to_one_stream_with_words_and_usage(client: httpx.Client) -> None:
    asked = hum("one two three", response_format="opus", stream_format="sse", timestamps=True)
    with client.stream("POST", SPEECH, json=asked) as answer:
        assert answer.headers["content-type"].startswith("text/event-stream")
        lines = [line for line in answer.iter_lines() if line]
    assert all(line.startswith("data: ") for line in lines)
    events = [json.loads(line[6:]) for line in lines]
    deltas, done = events[:-1], events[-1]
    assert {event["type"] for event in deltas} == {"speech.audio.delta"}
    heard, rate = decode(b"".join(base64.b64decode(each["audio"]) for each in deltas), "opus")
    assert len(heard) / rate == pytest.approx(1.3, abs=0.1)
    words = [word for event in deltas for word in event["words"]]
    assert [word["text"] for word in words] == ["one", "two", "three"]
    usage = done["usage"]
    assert usage["total_tokens"] == usage["input_tokens"] + usage["output_tokens"]


def test_stream_format_wins_over_stream(client: httpx.Client) -> None:
    answer = client.post(SPEECH, json=hum(stream=False, stream_format="sse"))
    assert answer.headers["content-type"].startswith("text/event-stream")
    raw = client.post(SPEECH, json=hum(stream=True))
    assert raw.headers["content-type"] == "audio/mpeg"


def test_timestamps_without_events_are_json(client: httpx.Client) -> None:
    text = "Hallo schöne Welt! 😀 3.14"
    answer = client.post(
        SPEECH, json={"input": text, "timestamps": True, "response_format": "wav"}
    ).json()
    heard, rate = decode(base64.b64decode(answer["audio"]), "wav")
    assert len(heard) / rate == pytest.approx(answer["duration"], abs=0.02)
    for word in answer["words"]:
        assert text[word["first"] : word["last"]] == word["text"]
    assert answer["words"][-1]["text"] == "3.14"


@pytest.mark.parametrize("kind", ["srt", "vtt", "json"])
def test_captions_say_when_what_is_said(client: httpx.Client, kind: str) -> None:
    asked = {"input": "First sentence here. Then comes another one.", "captions_format": kind}
    answer = client.post("/v1/audio/captions", json=asked)
    assert answer.status_code == 200
    if kind == "json":
        assert answer.json()["words"][0]["text"] == "First"
    else:
        assert "First sentence here." in answer.text
        assert "-->" in answer.text
        assert answer.text.startswith("WEBVTT" if kind == "vtt" else "1\n")


def test_a_failure_after_the_first_byte_breaks_the_transfer(client: httpx.Client) -> None:
    options = {"real_time_factor": 0.1, "fail_after": 0.8}
    with pytest.raises(httpx.RemoteProtocolError):
        client.post(SPEECH, json=hum("ten chars. " * 2, response_format="pcm", options=options))


def test_a_failure_after_the_first_event_is_an_event(client: httpx.Client) -> None:
    options = {"real_time_factor": 0.1, "fail_after": 0.8}
    asked = hum("ten chars.", stream_format="sse", response_format="pcm", options=options)
    last = json.loads(client.post(SPEECH, json=asked).text.strip().split("\n\n")[-1][6:])
    assert last["type"] == "speech.audio.error"
    assert last["error"]["code"] == "engine_failed"


def test_a_process_that_dies_is_a_clear_error_and_the_next_request_works(
    client: httpx.Client,
) -> None:
    answer = client.post(SPEECH, json=hum(options={"die_after": 0.0}))
    assert answer.status_code == 500
    assert answer.json()["error"]["code"] == "engine_crashed"
    assert client.post(SPEECH, json=hum("after it")).status_code == 200


@pytest.mark.parametrize(
    ("fields", "status", "param"),
    [
        ({"input": ""}, 400, "input"),
        ({"input": "  \n "}, 400, "input"),
        ({"input": None}, 400, "input"),
        ({"input": 7}, 400, "input"),
        ({"input": ["a"]}, 400, "input"),
        ({"input": "x" * 4097}, 400, "input"),
        ({"voice": "nobody"}, 404, "voice"),
        ({"voice": "../../../etc/passwd"}, 404, "voice"),
        ({"voice": {"id": "nobody"}}, 404, "voice"),
        ({"model": "no-model"}, 404, "model"),
        ({"model": "../espeak"}, 404, "model"),
        ({"response_format": "ogg"}, 400, "response_format"),
        ({"speed": 5}, 400, "speed"),
        ({"speed": 0}, 400, "speed"),
        ({"speed": -1e308}, 400, "speed"),
        ({"speed": "fast"}, 400, "speed"),
        ({"seed": -1}, 400, "seed"),
        ({"seed": 10**30}, 400, "seed"),
        ({"sample_rate": 10**30}, 400, "sample_rate"),
        ({"sample_rate": 1}, 400, "sample_rate"),
        ({"language": "xx"}, 400, "language"),
        ({"options": {"nothing": 1}}, 400, "options.nothing"),
        ({"options": []}, 400, "options"),
        ({"stream_format": "ws"}, 400, "stream_format"),
    ],
)
def test_refusals_come_before_the_first_byte_in_openais_shape(
    client: httpx.Client, fields: dict[str, Any], status: int, param: str
) -> None:
    answer = client.post(SPEECH, json=hum() | fields)
    assert answer.status_code == status, answer.text
    error = answer.json()["error"]
    assert set(error) == {"message", "type", "param", "code"}
    assert error["type"] == "invalid_request_error"
    assert error["param"] == param
    assert error["message"]


def test_what_clients_send_beyond_the_rules_is_ignored(client: httpx.Client) -> None:
    extras = {"lang_code": "de", "normalization_options": {"x": 1}, "user": "me", "n": None}
    assert client.post(SPEECH, json=hum() | extras).status_code == 200


def test_the_same_request_is_answered_from_storage(client: httpx.Client) -> None:
    asked = {"input": "This is said twice.", "voice": "shimmer"}
    first = client.post(SPEECH, json=asked)
    second = client.post(SPEECH, json=asked)
    assert (first.headers["x-cache"], second.headers["x-cache"]) == ("miss", "hit")
    assert first.content == second.content
    assert float(second.headers["x-audio-duration"]) > 0.5


def test_a_batch_speaks_what_it_can_and_names_what_it_cannot(client: httpx.Client) -> None:
    items: list[dict[str, Any]] = [
        {"input": "one"},
        {"input": ""},
        {"input": "three", "voice": "low"},
        {"input": "four", "model": "none"},
        {"text": "no input"},
    ]
    asked = {"items": items, "model": "tone", "response_format": "wav"}
    answer = client.post(f"{SPEECH}/batch", json=asked).json()
    assert (answer["total"], answer["succeeded"], answer["failed"]) == (5, 2, 3)
    statuses = [result["status"] for result in answer["results"]]
    assert statuses == ["success", "error", "success", "error", "error"]
    assert [each["error"]["param"] for each in answer["results"] if "error" in each] == [
        "input",
        "model",
        "input",
    ]
    heard, rate = decode(base64.b64decode(answer["results"][2]["audio_data"]), "wav")
    assert pitch_of(heard, rate) == pytest.approx(220, rel=0.02)


@pytest.mark.parametrize("count", [0, 33])
def test_a_batch_has_1_to_32_items(client: httpx.Client, count: int) -> None:
    answer = client.post(f"{SPEECH}/batch", json={"items": [{"input": "x"}] * count})
    assert answer.status_code == 400
    assert answer.json()["error"]["param"] == "items"


def test_two_hundred_clients_at_once_are_all_answered(server: Server) -> None:
    async_limits = httpx.Limits(max_connections=200)
    with (
        httpx.Client(base_url=server.url, timeout=60, limits=async_limits) as many,
        ThreadPoolExecutor(200) as pool,
    ):

        def ask(number: int) -> httpx.Response:
            return many.post(SPEECH, json={"input": f"Client number {number}."})

        answers = list(pool.map(ask, range(200)))
    statuses = {answer.status_code for answer in answers}
    assert statuses <= {200, 503}
    assert sum(answer.status_code == 200 for answer in answers) >= 100
    for answer in answers:
        if answer.status_code == 503:
            assert int(answer.headers["retry-after"]) >= 1
        else:
            assert len(decode(answer.content, "mp3")[0]) > 10000


def test_everything_is_also_under_api_v1(client: httpx.Client) -> None:
    assert client.post("/api/v1/audio/speech", json=hum()).status_code == 200
    assert client.get("/api/v1/models").json() == client.get("/v1/models").json()


class TestOfficialClient:
    """OpenAI's own package against our server."""

    @pytest.fixture
    def official(self, server: Server) -> Iterator[openai.OpenAI]:
        place = f"{server.url}/v1"
        with openai.OpenAI(base_url=place, api_key="none", max_retries=0) as client:
            yield client

    def test_it_gets_speech(self, official: openai.OpenAI) -> None:
        answer = official.audio.speech.create(
            model="gpt-4o-mini-tts", voice="marin", input="Hello!", instructions="Kindly."
        )
        assert len(decode(answer.read(), "mp3")[0]) > 5000

    @pytest.mark.parametrize("fmt", ["mp3", "opus", "aac", "flac", "wav", "pcm"])
    def test_it_streams_every_format(self, official: openai.OpenAI, fmt: Any) -> None:
        with official.audio.speech.with_streaming_response.create(
            model="tts-1", voice="alloy", input="Hello there.", response_format=fmt, speed=1.2
        ) as answer:
            data = b"".join(answer.iter_bytes())
        heard, _ = decode(data, fmt)
        assert np.abs(heard).max() > 0.1

    def test_it_gets_events(self, official: openai.OpenAI) -> None:
        with official.audio.speech.with_streaming_response.create(
            model="tts-1", voice="alloy", input="Hello there.", stream_format="sse"
        ) as answer:
            text = "".join(answer.iter_text())
        assert text.rstrip().endswith("}}")
        assert "speech.audio.done" in text

    def test_it_lists_models_and_finds_each(self, official: openai.OpenAI) -> None:
        ids = [model.id for model in official.models.list()]
        assert {"espeak", "tone", "tts-1", "tts-1-hd", "gpt-4o-mini-tts"} <= set(ids)
        assert all(official.models.retrieve(id).id == id for id in ids)

    def test_it_raises_its_own_errors(self, official: openai.OpenAI) -> None:
        with pytest.raises(openai.BadRequestError) as refused:
            official.audio.speech.create(model="tts-1", voice="alloy", input="")
        assert refused.value.param == "input"
        with pytest.raises(openai.NotFoundError):
            official.audio.speech.create(model="tts-1", voice="nobody", input="hi")


def test_a_client_that_leaves_frees_the_engine(server: Server) -> None:
    asked = hum("ten chars. " * 15, response_format="pcm", options={"real_time_factor": 1.0})

    def leave_after_one_chunk() -> None:
        with (
            httpx.Client(base_url=server.url, timeout=10) as leaving,
            leaving.stream("POST", SPEECH, json=asked) as answer,
        ):
            next(answer.iter_raw())

    threads = [threading.Thread(target=leave_after_one_chunk) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    begun = time.monotonic()
    with httpx.Client(base_url=server.url, timeout=10) as staying:
        assert staying.post(SPEECH, json=hum("still here")).status_code == 200
    assert time.monotonic() - begun < 8, "each of the six would have taken 16 s"
