"""Whatever is sent as somebody's recording: a voice, or a refusal that says what was found and
what is allowed. A refusal keeps nothing."""

import io
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import httpx
import numpy as np
import pytest

from polyvox.audio.resample import resampled
from polyvox.domain.audio import Samples
from tests import sounds
from tests.audio.recordings import KINDS, Kind, kind, write
from tests.server import Server, served

RATE = 24000


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("recordings")


@pytest.fixture(scope="module")
def own(home: Path) -> Iterator[Server]:
    """A server of this module's own, whose files are counted."""
    environment = {"POLYVOX_ENGINES__ENABLED": "tone", "POLYVOX_SPEECH__MODEL": "tone"}
    with served(home, **environment) as server:
        yield server


@pytest.fixture(scope="module")
def speech(recording: Path) -> Samples:
    samples, rate = sounds.decode(recording.read_bytes(), "wav")
    return resampled(samples, rate, RATE)


def sent(
    server: Server, data: bytes, file: str = "audio.wav", media: str = "audio/wav"
) -> httpx.Response:
    return httpx.post(
        f"{server.url}/v1/voices",
        data={"name": f"Sent {uuid4().hex[:12]}"},
        files={"audio": (file, data, media)},
        timeout=60,
    )


def stored(home: Path) -> list[Path]:
    return sorted(path for path in (home / "blobs").rglob("*") if path.is_file())


def wav(samples: Samples, rate: int = RATE) -> bytes:
    written = io.BytesIO()
    write(written, Kind("x.wav", "pcm_s16le", "s16", rate), samples, container="wav")
    return written.getvalue()


def flac(samples: Samples, rate: int) -> bytes:
    written = io.BytesIO()
    write(written, Kind("x.flac", "flac", "s16", rate), samples, container="flac")
    return written.getvalue()


@pytest.mark.parametrize("what", KINDS, ids=lambda each: each.name)
def test_every_kind_of_recording_makes_a_voice(
    own: Server, tmp_path: Path, speech: Samples, what: Kind
) -> None:
    path = tmp_path / what.name
    write(path, what, resampled(speech, RATE, what.rate))
    answer = sent(own, path.read_bytes(), what.name, "application/octet-stream")
    assert answer.status_code == 201, answer.text
    assert answer.json()["seconds"] > 10


@pytest.mark.parametrize("media", ["text/plain", "image/png", "nonsense", ""])
def test_what_a_file_says_it_is_does_not_matter(own: Server, speech: Samples, media: str) -> None:
    assert sent(own, wav(speech), "photo.png", media).status_code == 201


def noise(seconds: float, level: float = 0.3) -> Samples:
    generator = np.random.default_rng(1)
    return (level * generator.standard_normal(round(seconds * RATE))).clip(-1, 1).astype(np.float32)


def music(seconds: float) -> Samples:
    chord = [sounds.tone(frequency, seconds, RATE, 0.2) for frequency in (261.6, 329.6, 392.0)]
    return np.sum(chord, axis=0).astype(np.float32)


REFUSED = {
    "nothing": (lambda speech: b"", 415, ""),
    "a text": (lambda speech: b"This is only a text.\n" * 1000, 415, ""),
    "a web page": (lambda speech: b"<!doctype html><title>x</title>" * 99, 415, ""),
    "a playlist": (lambda speech: b"#EXTM3U\n#EXTINF:10,\nfile:///etc/passwd\n", 415, ""),
    "silence": (lambda speech: wav(sounds.silence(15, RATE)), 400, "silen"),
    "noise": (lambda speech: wav(noise(15)), 400, "speech"),
    "a hum": (lambda speech: wav(sounds.tone(100, 15, RATE)), 400, "speech"),
    "music": (lambda speech: wav(music(15)), 400, "speech"),
    "one second": (lambda speech: wav(speech[:RATE]), 400, "10 s"),
    "two hours": (
        lambda speech: flac(sounds.silence(7200, 8000), 8000),
        400,
        "at most 5 min of recording are taken; this one is 2 h long",
    ),
    "six minutes": (lambda speech: wav(np.resize(speech, RATE * 360)), 400, "5 min"),
    "a header": (lambda speech: wav(speech)[:44], 400, ""),
}


@pytest.mark.parametrize("what", REFUSED)
def test_what_no_voice_can_be_made_of_is_refused_and_leaves_nothing(
    own: Server, home: Path, speech: Samples, what: str
) -> None:
    made, status, said = REFUSED[what]
    before = stored(home)
    answer = sent(own, made(speech))
    assert answer.status_code in (status, 415), answer.text
    problem = answer.json()["error"]
    assert said in problem["message"].lower()
    assert problem["type"] == "invalid_request_error"
    assert stored(home) == before


def test_a_song_that_breaks_off_is_taken_with_a_word_of_advice(
    own: Server, tmp_path: Path, speech: Samples
) -> None:
    path = tmp_path / "cut.mp3"
    write(path, kind("song.mp3"), resampled(np.tile(speech, 2), RATE, 44100))
    data = path.read_bytes()
    answer = sent(own, data[: len(data) * 3 // 4], "cut.mp3", "audio/mpeg")
    assert answer.status_code == 201, answer.text
    assert any("ends early" in each["message"] for each in answer.json()["origin"]["advice"])


def test_poor_recordings_are_taken_and_said_to_be_poor(own: Server, speech: Samples) -> None:
    def advised(samples: Samples) -> str:
        files = {"audio": wav(samples.astype(np.float32))}
        answer = httpx.post(f"{own.url}/v1/voices/check", files=files, timeout=60)
        assert answer.status_code == 200, answer.text
        return " ".join(each["message"] for each in answer.json()["advice"]).lower()

    quiet = np.concatenate([speech, sounds.silence(60, RATE)])
    assert advised(speech) == ""
    assert "clipped" in advised(np.clip(speech * 12, -1, 1))
    assert "nois" in advised((speech + noise(len(speech) / RATE, 0.05)[: len(speech)]).clip(-1, 1))
    assert "%" in advised(quiet)
    narrow = resampled(resampled(speech, RATE, 6800), 6800, RATE)[: len(speech)]
    assert "telephone" in advised(narrow)
