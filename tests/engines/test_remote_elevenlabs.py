"""The elevenlabs engine, against a server that follows the documented contract."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import numpy as np
import pytest

from polyvox.domain.audio import Samples
from polyvox.domain.errors import EngineFailed, InvalidInput, NotFound, PolyvoxError, Unavailable
from polyvox.domain.speech import Segment
from polyvox.domain.voice import CLONED, PRESET, Reference, Voice
from polyvox.engines.check import check
from polyvox.engines.elevenlabs import ElevenLabs
from tests.engines.listening import Exchange, Listener, listening, sound
from tests.sounds import silence, voiced

_KEY = "xi-test-1234567890"
_RATE = 24000
_GEORGE = Voice("elevenlabs.george", "george", "elevenlabs", PRESET, "george")
_CLONE = "clonedVoice000000001"


def _account(exchange: Exchange) -> None:
    """Speaks and clones as the documentation says."""
    if exchange.headers["xi-api-key"] != _KEY:
        said = {"detail": {"status": "invalid_api_key", "message": "Invalid API key"}}
        return exchange.refused(401, said)
    place = urlsplit(exchange.path)
    if place.path == "/v1/voices/add":
        assert re.search(rb'name="files"; filename="[^"]+"', exchange.body)
        assert b"RIFF" in exchange.body
        said = {"voice_id": _CLONE, "requires_verification": False}
        return exchange.whole(json.dumps(said).encode(), "application/json")
    found = re.fullmatch(r"/v1/text-to-speech/([^/]+)/stream", place.path)
    assert found
    assert parse_qs(place.query) == {"output_format": ["pcm_24000"]}
    voice = unquote(found[1])
    if len(voice) != 20:
        said = {"detail": {"status": "voice_not_found", "message": f"No voice {voice}."}}
        return exchange.refused(404, said)
    manner = exchange.asked["voice_settings"]
    if exchange.asked["model_id"] == "eleven_v3" and manner["stability"] not in (0, 0.5, 1):
        return exchange.refused(400, {"detail": {"status": "invalid", "message": "stability"}})
    exchange.begin("audio/pcm")
    for _ in range(4):
        exchange.piece(sound(0.4 / manner["speed"], _RATE))
    exchange.end()


@pytest.fixture
def account() -> Iterator[Listener]:
    with listening(_account) as server:
        yield server


@pytest.fixture
def make() -> Iterator[Callable[..., ElevenLabs]]:
    made: list[ElevenLabs] = []

    def engine(url: str, model: str = "", **given: Any) -> ElevenLabs:
        engine = ElevenLabs()
        engine.model = model
        usual = {"base_url": url, "api_key": _KEY, "retries": 0, "timeout_seconds": 5.0}
        engine.settings = ElevenLabs.Settings(**(usual | given))
        engine.load("cpu")
        made.append(engine)
        return engine

    yield engine
    for each in made:
        each.unload()


Make = Callable[..., ElevenLabs]


def _said(
    engine: ElevenLabs,
    voice: Voice = _GEORGE,
    language: str = "en",
    other: str = "",
    **options: Any,
) -> Samples:
    segment = Segment("Hello there.", language, seed=5)
    chunks = engine.synthesize(segment, voice, ElevenLabs.Options(voice=other, **options))
    return np.concatenate([chunk.samples for chunk in chunks])


def test_it_keeps_the_contract(account: Listener) -> None:
    class Here(ElevenLabs):
        settings = ElevenLabs.Settings(base_url=account.url, api_key=_KEY)

    assert not [each for each in check(Here) if each[1]]


def test_the_request_is_theirs(account: Listener, make: Make) -> None:
    said = _said(make(account.url, "eleven_flash_v2_5"), stability=0.3, speed=0.8)
    assert len(said) == 4 * round(0.5 * _RATE)
    came = account.came[0]
    assert came.path.startswith("/v1/text-to-speech/JBFqnCBsd6RMkjVDRZzb/stream?")
    assert came.asked == {
        "text": "Hello there.",
        "model_id": "eleven_flash_v2_5",
        "seed": 5,
        "language_code": "en",
        "voice_settings": {
            "stability": 0.3,
            "similarity_boost": 0.75,
            "style": 0.0,
            "use_speaker_boost": True,
            "speed": 0.8,
        },
    }


def test_each_model_gets_what_it_knows(account: Listener, make: Make) -> None:
    _said(make(account.url))
    assert account.came[0].asked["model_id"] == "eleven_multilingual_v2"
    assert "language_code" not in account.came[0].asked
    _said(make(account.url, "eleven_v3"), stability=0.7)
    assert account.came[1].asked["voice_settings"]["stability"] == 0.5
    with pytest.raises(InvalidInput, match="eleven_flash_v2_5 does"):
        _said(make(account.url), language="vi")


def test_other_voices_of_the_account_speak(account: Listener, make: Make) -> None:
    _said(make(account.url), other="anotherVoice00000001")
    assert "/anotherVoice00000001/" in account.came[0].path


def test_a_voice_is_part_of_a_path_and_no_more(account: Listener, make: Make) -> None:
    with pytest.raises(NotFound, match=r"\.\./\.\./v1/user\?x="):
        _said(make(account.url), other="../../v1/user?x=")
    assert account.came[0].path.startswith("/v1/text-to-speech/..%2F..%2Fv1%2Fuser%3Fx%3D/stream")


def test_a_clone_is_a_voice_of_the_account(account: Listener, make: Make) -> None:
    engine = make(account.url)
    state = engine.enroll(Reference(voiced(120, 4, _RATE), _RATE))
    _said(engine, Voice("v", "v", "elevenlabs", CLONED, state=state))
    assert f"/{_CLONE}/" in account.came[1].path
    with pytest.raises(InvalidInput, match="Nobody speaks"):
        engine.enroll(Reference(silence(4, _RATE), _RATE))


@pytest.mark.parametrize(
    ("said", "kind", "about"),
    [
        ({"voice_id": "x", "requires_verification": True}, Unavailable, "verify"),
        ({"voice": "x"}, EngineFailed, "voice_id"),
        ([], EngineFailed, "voice_id"),
    ],
)
def test_a_clone_that_is_none_is_told(
    make: Make, said: Any, kind: type[PolyvoxError], about: str
) -> None:
    with listening(lambda exchange: exchange.refused(200, said)) as server:
        engine = make(server.url)
        with pytest.raises(kind, match=about):
            engine.enroll(Reference(voiced(120, 4, _RATE), _RATE))


def test_a_wrong_key_is_the_operators_matter(account: Listener, make: Make) -> None:
    with pytest.raises(Unavailable, match=r"elevenlabs\.api_key: Invalid API key"):
        _said(make(account.url, api_key="another"))
    with pytest.raises(Unavailable, match=r"elevenlabs\.api_key is empty"):
        make(account.url, api_key="")


@pytest.mark.parametrize(
    ("status", "detail", "kind", "about"),
    [
        (401, {"status": "quota_exceeded", "message": "0 credits"}, Unavailable, "used up"),
        (402, {"status": "payment_required", "message": "plan"}, Unavailable, "used up"),
        (422, [{"loc": ["body", "seed"], "msg": "too big"}], InvalidInput, "seed: too big"),
        (400, {"status": "max_character_limit_exceeded", "message": "long"}, InvalidInput, "long"),
    ],
)
def test_a_refusal_is_told_apart(
    make: Make, status: int, detail: Any, kind: type[PolyvoxError], about: str
) -> None:
    with listening(lambda exchange: exchange.refused(status, {"detail": detail})) as server:
        engine = make(server.url, retries=2)
        with pytest.raises(kind, match=about):
            _said(engine)
        assert len(server.came) == 1


@pytest.mark.parametrize(
    ("body", "media_type"),
    [
        (b"<html>", "text/html"),
        (b"{}", "application/json"),
        (b"ID3\x04", "audio/mpeg"),
        (b"", "audio/pcm"),
        (b"\0\0" * 9000, "audio/pcm"),
        (sound(1, _RATE)[1:], "audio/pcm"),
    ],
)
def test_what_is_no_speech_is_refused(make: Make, body: bytes, media_type: str) -> None:
    with listening(lambda exchange: exchange.whole(body, media_type)) as server:
        engine = make(server.url)
        with pytest.raises(EngineFailed):
            _said(engine)


def test_a_stream_that_breaks_off_is_a_failure(make: Make) -> None:
    def broken(exchange: Exchange) -> None:
        exchange.begin("audio/pcm")
        exchange.piece(sound(1, _RATE))
        exchange.break_off()

    with listening(broken) as server:
        engine = make(server.url)
        with pytest.raises(EngineFailed, match="broke off"):
            _said(engine)
