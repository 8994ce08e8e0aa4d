"""The gpt_sovits engine, against a server that follows the contract of `api_v2.py`."""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from polyvox.domain.audio import Samples
from polyvox.domain.errors import EngineFailed, InvalidInput, PolyvoxError, Unavailable
from polyvox.domain.speech import Segment
from polyvox.domain.voice import CLONED, PRESET, Reference, Voice
from polyvox.engines.check import check
from polyvox.engines.gpt_sovits import GptSovits
from polyvox.engines.remote.sound import wave_file
from tests.engines.listening import Exchange, Listener, listening, sound
from tests.sounds import decode, pitch_of, silence, voiced

_RATE = 32000
_PRESET = Voice("gpt_sovits.reference", "reference", "gpt_sovits", PRESET, "reference")
_NAMED = {"reference_path": "/there/narrator.wav", "reference_text": "Hello.", "retries": 0}
Make = Callable[..., GptSovits]


def _head(rate: int) -> bytes:
    """Of a WAV file whose end is not known yet, as Python's `wave` writes it."""
    return struct.pack(
        "<4sI4s4sIHHIIHH4sI",
        *(b"RIFF", 36, b"WAVE", b"fmt ", 16, 1, 1, rate, 2 * rate, 2, 16, b"data", 0),
    )


def _speaking(rate: int) -> Callable[[Exchange], None]:
    """Speaks at that rate; 60 ms a character."""

    def answer(exchange: Exchange) -> None:
        asked = exchange.asked
        if exchange.path != "/tts" or not asked["ref_audio_path"]:
            return exchange.refused(400, {"message": "ref_audio_path is required"})
        if asked["ref_audio_path"].startswith("/missing"):
            return exchange.refused(400, {"message": "tts failed", "Exception": "not exists"})
        if asked["text_lang"] == "yue":
            return exchange.refused(400, {"message": "text_lang: yue is not supported"})
        spoken = sound(0.06 * len(asked["text"]) / asked["speed_factor"], rate)
        if asked["streaming_mode"] == 0:
            samples = np.frombuffer(spoken, "<i2").astype(np.float32) / 32768
            return exchange.whole(wave_file(samples, rate), "audio/wav")
        exchange.begin("audio/wav")
        exchange.piece(_head(rate))
        for start in range(0, len(spoken), rate // 2):
            exchange.piece(spoken[start : start + rate // 2])
        exchange.end()

    return answer


@pytest.fixture
def sovits() -> Iterator[Listener]:
    with listening(_speaking(_RATE)) as server:
        yield server


@pytest.fixture
def make() -> Iterator[Make]:
    made: list[GptSovits] = []

    def engine(url: str, **given: Any) -> GptSovits:
        engine = GptSovits()
        engine.settings = GptSovits.Settings(base_url=url, **(_NAMED | given))
        engine.load("cpu")
        made.append(engine)
        return engine

    yield engine
    for each in made:
        each.unload()


def _said(engine: GptSovits, voice: Voice = _PRESET, **options: Any) -> Samples:
    segment = Segment("Hello there, you.", "en", seed=5)
    chunks = list(engine.synthesize(segment, voice, GptSovits.Options(**options)))
    assert all(chunk.sample_rate == _RATE for chunk in chunks)
    assert all(len(chunk.samples) <= _RATE / 10 for chunk in chunks)
    return np.concatenate([chunk.samples for chunk in chunks])


def _made(state: bytes) -> Voice:
    return Voice("v", "v", "gpt_sovits", CLONED, state=state)


def test_it_keeps_the_contract(sovits: Listener, tmp_path: Path) -> None:
    class Here(GptSovits):
        settings = GptSovits.Settings(
            base_url=sovits.url, reference_path="/there/a.wav", shared_folder=str(tmp_path)
        )

    assert not [each for each in check(Here) if each[1]]


def test_the_request_is_theirs(sovits: Listener, make: Make) -> None:
    _said(make(sovits.url), speed=1.25, top_k=5)
    assert sovits.came[0].asked == {
        "text": "Hello there, you.",
        "text_lang": "en",
        "ref_audio_path": "/there/narrator.wav",
        "prompt_text": "Hello.",
        "prompt_lang": "zh",
        "media_type": "wav",
        "streaming_mode": 2,
        "seed": 5,
        "speed_factor": 1.25,
        "top_k": 5,
        "top_p": 1.0,
        "temperature": 1.0,
        "repetition_penalty": 1.35,
        "sample_steps": 32,
        "text_split_method": "cut5",
    }


@pytest.mark.parametrize("mode", [0, 2])
@pytest.mark.parametrize("rate", [24000, 32000, 48000])
def test_every_model_is_heard_at_one_rate(make: Make, rate: int, mode: int) -> None:
    with listening(_speaking(rate)) as server:
        said = _said(make(server.url), streaming_mode=mode)
    assert len(said) == round(0.06 * 17 * _RATE)
    assert pitch_of(said[3200:12800], _RATE) == pytest.approx(220, rel=0.005)


def test_a_second_of_silence_at_16_khz_is_its_failure(make: Make) -> None:
    def failed(exchange: Exchange) -> None:
        exchange.whole(wave_file(silence(1, 16000), 16000), "audio/wav")

    with listening(failed) as server, pytest.raises(EngineFailed, match="second of silence"):
        _said(make(server.url))


def _broken(exchange: Exchange) -> None:
    exchange.begin("audio/wav")
    exchange.piece(_head(_RATE) + sound(1, _RATE))
    exchange.break_off()


def _short(exchange: Exchange) -> None:
    exchange.whole(wave_file(voiced(99, 1, _RATE), _RATE)[:-100], "audio/wav")


def _empty(exchange: Exchange) -> None:
    exchange.whole(_head(_RATE), "audio/wav")


def _page(exchange: Exchange) -> None:
    exchange.whole(b"<html>Gradio</html>", "text/html")


def _odd_rate(exchange: Exchange) -> None:
    exchange.whole(wave_file(voiced(99, 1, 22050), 22050), "audio/wav")


def _stereo(exchange: Exchange) -> None:
    file = bytearray(wave_file(voiced(99, 1, _RATE), _RATE))
    file[22] = 2
    exchange.whole(bytes(file), "audio/wav")


@pytest.mark.parametrize(
    ("answer", "about"),
    [
        (_broken, "broke off"),
        (_short, "shorter than it says"),
        (_empty, "no audio"),
        (_page, "no WAV"),
        (_odd_rate, "22050 Hz"),
        (_stereo, "2 channels"),
    ],
)
def test_what_is_no_speech_is_refused(
    make: Make, answer: Callable[[Exchange], None], about: str
) -> None:
    with listening(answer) as server, pytest.raises(EngineFailed, match=about):
        _said(make(server.url))


@pytest.mark.parametrize(
    ("given", "kind", "about"),
    [
        ({"reference_path": ""}, Unavailable, "gpt_sovits.reference_path is empty"),
        ({"reference_path": "/missing.wav"}, EngineFailed, "tts failed not exists"),
    ],
)
def test_a_reference_that_is_not_there_is_told(
    sovits: Listener, make: Make, given: Any, kind: type[PolyvoxError], about: str
) -> None:
    with pytest.raises(kind, match=about):
        _said(make(sovits.url, **given))


def test_a_language_that_its_model_does_not_know_is_the_callers_matter(
    sovits: Listener, make: Make
) -> None:
    stream = make(sovits.url).synthesize(Segment("早晨", "yue"), _PRESET, GptSovits.Options())
    with pytest.raises(InvalidInput, match="yue is not supported"):
        next(stream)


# Clones.


def test_a_clone_lies_in_the_shared_folder(sovits: Listener, make: Make, tmp_path: Path) -> None:
    engine = make(sovits.url, shared_folder=str(tmp_path), shared_folder_there="/srv/voices/")
    samples = voiced(130, 5, _RATE)
    state = engine.enroll(Reference(samples, _RATE, "Good morning.", "en-GB"))
    assert not list(tmp_path.iterdir())
    assert np.abs(_said(engine, _made(state))).max() > 0.1
    [file] = tmp_path.iterdir()
    asked = sovits.came[0].asked
    assert asked["ref_audio_path"] == f"/srv/voices/{file.name}"
    assert (asked["prompt_text"], asked["prompt_lang"]) == ("Good morning.", "en")
    kept, rate = decode(file.read_bytes(), "wav")
    assert rate == _RATE
    assert np.abs(kept - samples).max() < 1e-4
    file.unlink()
    _said(engine, _made(state))
    assert file.exists()


def test_a_long_recording_is_cut_in_a_pause(sovits: Listener, make: Make, tmp_path: Path) -> None:
    engine = make(sovits.url, shared_folder=str(tmp_path))
    samples = np.concatenate([voiced(130, 7.5, _RATE), silence(0.4, _RATE), voiced(130, 9, _RATE)])
    state = engine.enroll(Reference(samples, _RATE, "Good morning.", "fr"))
    _said(engine, _made(state))
    kept, _ = decode(next(tmp_path.iterdir()).read_bytes(), "wav")
    assert 7.5 <= len(kept) / _RATE <= 7.9
    asked = sovits.came[0].asked
    assert (asked["prompt_text"], asked["prompt_lang"]) == ("", "zh")


def test_what_cannot_be_cloned_is_told(sovits: Listener, make: Make, tmp_path: Path) -> None:
    fine = Reference(voiced(130, 4, _RATE), _RATE)
    with pytest.raises(Unavailable, match=r"set engines\.settings\.gpt_sovits\.shared_folder "):
        make(sovits.url).enroll(fine)
    with pytest.raises(Unavailable, match="no folder"):
        make(sovits.url, shared_folder=str(tmp_path / "none")).enroll(fine)
    engine = make(sovits.url, shared_folder=str(tmp_path))
    with pytest.raises(InvalidInput, match=r"2\.0 s"):
        engine.enroll(Reference(voiced(130, 2, _RATE), _RATE))
    with pytest.raises(InvalidInput, match="Nobody"):
        engine.enroll(Reference(silence(5, _RATE), _RATE))


def test_a_folder_that_has_gone_is_the_operators_matter(
    sovits: Listener, make: Make, tmp_path: Path
) -> None:
    folder = tmp_path / "shared"
    folder.mkdir()
    engine = make(sovits.url, shared_folder=str(folder))
    state = engine.enroll(Reference(voiced(130, 4, _RATE), _RATE))
    folder.rmdir()
    with pytest.raises(Unavailable, match=r"gpt_sovits\.shared_folder"):
        _said(engine, _made(state))
    assert not sovits.came
