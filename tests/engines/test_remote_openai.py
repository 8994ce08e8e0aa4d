"""The openai engine, against a second Polyvox and against servers that go wrong."""

from __future__ import annotations

import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import trustme

from polyvox.domain.audio import Samples
from polyvox.domain.errors import (
    Busy,
    EngineFailed,
    InvalidInput,
    NotFound,
    NothingToSpeak,
    PolyvoxError,
    TimedOut,
    TooLarge,
    Unavailable,
)
from polyvox.domain.speech import Segment
from polyvox.domain.voice import CLONED, PRESET, Reference, Voice
from polyvox.engines.check import check
from polyvox.engines.openai import OpenAI
from polyvox.engines.remote.sound import wave_file
from tests.engines.listening import Exchange, listening, sound
from tests.server import Server
from tests.sounds import decode, pitch_of, silence, voiced

_KEY = "sk-test-1234567890"
_ALLOY = Voice("openai.alloy", "alloy", "openai", PRESET, "alloy")
_RATE = 24000

Make = Callable[..., OpenAI]


@pytest.fixture
def make() -> Iterator[Make]:
    """Engines with an address and other settings, unloaded at the end."""
    made: list[OpenAI] = []

    def engine(url: str, **given: Any) -> OpenAI:
        engine = OpenAI()
        usual = {"base_url": url, "api_key": _KEY, "retries": 0, "timeout_seconds": 5.0}
        engine.settings = OpenAI.Settings(**(usual | given))
        engine.load("cpu")
        made.append(engine)
        return engine

    yield engine
    for each in made:
        each.unload()


def _said(
    engine: OpenAI, text: str = "Hello there.", voice: Voice = _ALLOY, remote: str = ""
) -> Samples:
    segment = Segment(text, "en", seed=3, instructions="calmly")
    chunks = list(engine.synthesize(segment, voice, OpenAI.Options(voice=remote)))
    assert all(chunk.sample_rate == _RATE for chunk in chunks)
    assert all(len(chunk.samples) <= _RATE / 10 for chunk in chunks)
    return np.concatenate([chunk.samples for chunk in chunks])


def _fails(
    make: Make, answer: Callable[[Exchange], None], times: int = 1, **given: Any
) -> PolyvoxError:
    """How speaking fails with a server that answers so, having been asked so many times."""
    with listening(answer) as server:
        with pytest.raises(PolyvoxError) as caught:
            _said(make(f"{server.url}/v1", **given))
        assert len(server.came) == times
    assert _KEY not in caught.value.message
    return caught.value


# A second Polyvox.


@pytest.mark.long
def test_it_keeps_the_contract_with_a_second_polyvox(server: Server) -> None:
    class Here(OpenAI):
        settings = OpenAI.Settings(base_url=f"{server.url}/v1", model="espeak")

    assert not [each for each in check(Here) if each[1]]


def test_a_voice_that_is_not_listed_is_named_in_the_options(server: Server, make: Make) -> None:
    said = _said(make(f"{server.url}/v1", model="tone"), "aaaaaaaaaa", remote="tone.high")
    assert pitch_of(said[4800:9600], _RATE) == pytest.approx(880, rel=0.02)


def test_a_voice_the_other_server_does_not_have_is_named(server: Server, make: Make) -> None:
    with pytest.raises(NotFound, match="nobody-here"):
        _said(make(f"{server.url}/v1", model="espeak"), remote="nobody-here")


def test_a_wrong_path_is_the_operators_matter(server: Server, make: Make) -> None:
    with pytest.raises(Unavailable, match=r"openai\.base_url"):
        _said(make(f"{server.url}/v2"))


@pytest.mark.long
def test_a_clone_lives_on_the_other_server(server: Server, make: Make, recording: Path) -> None:
    engine = make(f"{server.url}/v1", model="espeak", timeout_seconds=60.0)
    samples, rate = decode(recording.read_bytes(), "wav")
    spoken = Reference(samples, rate, None, "en")
    states = [engine.enroll(spoken), engine.enroll(spoken)]
    assert all(len(state) < 1000 for state in states)
    assert states[0] != states[1]
    voice = Voice("v", "v", "openai", CLONED, digest="d", state=states[0])
    said, usual = _said(engine, voice=voice), _said(engine)
    assert np.abs(said).max() > 0.05
    assert not np.array_equal(said, usual)


def test_silence_is_nobody_and_is_not_sent(make: Make) -> None:
    with listening(Exchange.break_off) as server:
        engine = make(server.url)
        for samples in (silence(5, _RATE), np.full(_RATE, np.nan, np.float32), silence(0, _RATE)):
            with pytest.raises(InvalidInput, match="Nobody speaks"):
                engine.enroll(Reference(samples, _RATE))
        assert not server.came


# What is sent.


def _fine(exchange: Exchange) -> None:
    exchange.whole(sound(1, _RATE), "audio/pcm")


def test_the_request_is_openais(make: Make) -> None:
    with listening(_fine) as server:
        said = _said(make(f"{server.url}/v1/"))
        assert len(said) == _RATE
        came = server.came[0]
    assert came.path == "/v1/audio/speech"
    assert came.headers["Authorization"] == f"Bearer {_KEY}"
    assert came.asked == {
        "model": "gpt-4o-mini-tts",
        "input": "Hello there.",
        "voice": "alloy",
        "response_format": "pcm",
        "instructions": "calmly",
        "language": "English",
        "seed": 3,
        "stream": True,
    }


def test_openai_itself_gets_only_its_own_fields(make: Make) -> None:
    with listening(_fine) as server:
        _said(make(server.url, extras="no"))
        assert set(server.came[0].asked) == {
            *("model", "input", "voice", "response_format", "instructions")
        }


def test_without_a_key_none_is_sent(make: Make) -> None:
    with listening(_fine) as server:
        _said(make(server.url, api_key=""))
        assert "Authorization" not in server.came[0].headers


def test_a_connection_is_used_again(make: Make) -> None:
    with listening(_fine) as server:
        engine = make(server.url)
        for _ in range(3):
            _said(engine)
        assert len(server.connections) == 1


def test_a_connection_that_was_closed_meanwhile_is_made_anew(make: Make) -> None:
    def once(exchange: Exchange) -> None:
        _fine(exchange)
        exchange.close_connection = True

    with listening(once) as server:
        engine = make(server.url)
        for _ in range(3):
            _said(engine)
        assert len(server.came) == 3


# What comes back.


def test_the_first_sound_comes_before_the_last(make: Make) -> None:
    go_on = threading.Event()

    def slowly(exchange: Exchange) -> None:
        exchange.begin("audio/pcm;rate=24000")
        exchange.piece(sound(0.3, _RATE)[:-1])
        go_on.wait(5)
        exchange.piece(sound(0.3, _RATE)[-1:] + sound(1, _RATE))
        exchange.end()

    with listening(slowly) as server:
        stream = make(server.url).synthesize(Segment("Hello.", "en"), _ALLOY, OpenAI.Options())
        first = next(stream)
        go_on.set()
        rest = [chunk.samples for chunk in stream]
    assert len(first.samples) == _RATE / 10
    everything = np.concatenate([first.samples, *rest])
    expected = np.frombuffer(sound(0.3, _RATE) + sound(1, _RATE), "<i2") / 32768
    assert np.array_equal(everything, expected.astype(np.float32))


def test_closing_the_stream_hangs_up(make: Make) -> None:
    hung_up = threading.Event()

    def endless(exchange: Exchange) -> None:
        exchange.begin("audio/pcm")
        try:
            while True:
                exchange.piece(sound(0.5, _RATE))
        except OSError:
            hung_up.set()

    with listening(endless) as server:
        stream = make(server.url).synthesize(Segment("Hello.", "en"), _ALLOY, OpenAI.Options())
        next(stream)
        stream.close()  # type: ignore[attr-defined]
        assert hung_up.wait(5)


def test_a_wav_file_at_the_right_rate_is_understood(make: Make) -> None:
    tone = np.frombuffer(sound(1, _RATE), "<i2") / np.float32(32767)

    def wave(exchange: Exchange) -> None:
        exchange.whole(wave_file(tone.astype(np.float32), _RATE), "audio/wav")

    with listening(wave) as server:
        assert len(_said(make(server.url))) == _RATE


@pytest.mark.parametrize(
    ("body", "media_type", "about"),
    [
        (b"<html>Welcome</html>", "text/html; charset=utf-8", "text/html"),
        (b"{}", "application/json", "application/json"),
        (b"<!DOCTYPE html>", "", "<!DO"),
        (b"ID3\x04rest", "application/octet-stream", "ID3"),
        (b"\xff\xfb\x90", "audio/mpeg", "audio/mpeg"),
        (b"", "audio/pcm", "no audio"),
        (b"\0\0" * 5000, "audio/pcm", "silence"),
        (sound(1, 24000)[:-1], "audio/pcm", "middle of a sample"),
        (sound(1, 24000), "audio/pcm;rate=16000", "16000 Hz"),
        (wave_file(np.ones(100, np.float32), 8000), "audio/wav", "8000 Hz"),
        (b"RIFF", "audio/wav", "no WAV"),
    ],
)
def test_what_is_no_speech_is_refused(make: Make, body: bytes, media_type: str, about: str) -> None:
    failure = _fails(make, lambda exchange: exchange.whole(body, media_type))
    assert type(failure) is EngineFailed
    assert about in failure.message


@pytest.mark.parametrize("known", [True, False])
def test_a_stream_that_breaks_off_is_a_failure(make: Make, known: bool) -> None:
    def broken(exchange: Exchange) -> None:
        if known:
            exchange.send_response(200)
            exchange.send_header("Content-Type", "audio/pcm")
            exchange.send_header("Content-Length", "96000")
            exchange.end_headers()
            exchange.wfile.write(sound(1, _RATE))
        else:
            exchange.begin("audio/pcm")
            exchange.piece(sound(1, _RATE))
        exchange.break_off()

    failure = _fails(make, broken)
    assert type(failure) is EngineFailed
    assert "broke off" in failure.message


@pytest.mark.parametrize("part", ["head", "body", "trickle"])
def test_a_silent_server_is_not_waited_for(make: Make, part: str) -> None:
    def silent(exchange: Exchange) -> None:
        if part != "head":
            exchange.begin("audio/pcm")
        for _ in range(30):
            time.sleep(0.1)
            if part == "trickle":
                exchange.piece(b"\1")

    started = time.monotonic()
    failure = _fails(make, silent, timeout_seconds=0.4)
    assert type(failure) is TimedOut
    assert "timeout_seconds" in failure.message
    assert time.monotonic() - started < 2


# Refusals.


@pytest.mark.parametrize(
    ("status", "said", "kind", "about"),
    [
        (400, {"error": {"message": "bad voice"}}, InvalidInput, "bad voice"),
        (422, {"detail": [{"loc": ["body", "input"], "msg": "long"}]}, InvalidInput, "input: long"),
        (400, "?", EngineFailed, "base_url"),
        (401, {"error": {"message": f"Wrong key {_KEY}"}}, Unavailable, "openai.api_key"),
        (403, {}, Unavailable, "openai.api_key"),
        (404, {"error": {"message": "no model x"}}, NotFound, "no model x"),
        (404, {"detail": "Not Found"}, Unavailable, "openai.base_url"),
        (405, {"detail": "Method Not Allowed"}, Unavailable, "openai.base_url"),
        (413, {}, TooLarge, "too much"),
        (429, {"error": {"code": "insufficient_quota", "message": "pay"}}, Unavailable, "used up"),
        (500, {"error": "out\nof memory"}, EngineFailed, "out of memory"),
    ],
)
def test_a_refusal_is_told_apart(
    make: Make, status: int, said: Any, kind: type[PolyvoxError], about: str
) -> None:
    failure = _fails(make, lambda exchange: exchange.refused(status, said), retries=3)
    assert type(failure) is kind
    assert about in failure.message


def test_a_busy_server_is_asked_again(make: Make) -> None:
    def busy_once(exchange: Exchange) -> None:
        if len(server.came) == 1:
            exchange.refused(429, {}, Retry_After="1")
        else:
            _fine(exchange)

    with listening(busy_once) as server:
        started = time.monotonic()
        assert len(_said(make(server.url, retries=1))) == _RATE
        assert len(server.came) == 2
        assert time.monotonic() - started >= 1


@pytest.mark.parametrize(
    ("status", "kind"), [(502, Unavailable), (503, Unavailable), (504, TimedOut), (429, Busy)]
)
def test_a_server_that_stays_away_is_given_up(
    make: Make, status: int, kind: type[PolyvoxError]
) -> None:
    failure = _fails(make, lambda exchange: exchange.refused(status, {}), times=2, retries=1)
    assert type(failure) is kind


def test_who_is_to_wait_long_is_told_so_at_once(make: Make) -> None:
    failure = _fails(make, lambda exchange: exchange.refused(429, {}, Retry_After="60"), retries=3)
    assert isinstance(failure, Busy)
    assert failure.retry_after == 60


def test_a_clone_is_not_made_twice(make: Make) -> None:
    with listening(lambda exchange: exchange.refused(502, {})) as server:
        engine = make(server.url, retries=3)
        with pytest.raises(Unavailable):
            engine.enroll(Reference(voiced(110, 3, _RATE), _RATE))
        assert len(server.came) == 1


def test_the_key_does_not_follow_a_redirect(make: Make) -> None:
    with listening(_fine) as other:

        def elsewhere(exchange: Exchange) -> None:
            exchange.whole(b"", "", 307, Location=f"{other.url}/secret-path")

        failure = _fails(make, elsewhere)
        assert not other.came
    assert type(failure) is Unavailable
    assert "openai.base_url" in failure.message
    assert "secret-path" not in failure.message


def test_a_huge_refusal_is_not_read(make: Make) -> None:
    def endless(exchange: Exchange) -> None:
        exchange.send_response(500)
        exchange.send_header("Transfer-Encoding", "chunked")
        exchange.end_headers()
        while True:
            exchange.piece(b"x" * 65536)

    assert type(_fails(make, endless)) is EngineFailed


# Servers that are not there.


def test_an_unreachable_server_is_named(make: Make) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    with pytest.raises(Unavailable, match=rf"127\.0\.0\.1:{port} cannot be reached"):
        _said(make(f"http://127.0.0.1:{port}/v1"))


def test_a_server_that_starts_meanwhile_is_found(make: Make) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]

    def late() -> None:
        time.sleep(0.3)
        with listening(_fine, port):
            done.wait(10)

    done = threading.Event()
    thread = threading.Thread(target=late)
    thread.start()
    try:
        assert len(_said(make(f"http://127.0.0.1:{port}/v1", retries=2))) == _RATE
    finally:
        done.set()
        thread.join()


def test_a_server_that_speaks_no_http_or_tls_is_named(make: Make) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:

        def answer() -> None:
            for _ in range(2):
                connection, _ = server.accept()
                connection.recv(100)
                connection.sendall(b"SSH-2.0-x\r\n")
                connection.close()

        thread = threading.Thread(target=answer)
        thread.start()
        port = server.getsockname()[1]
        for scheme, about in (("http", "does not speak HTTP"), ("https", "trustworthy|reached")):
            with pytest.raises(Unavailable, match=about):
                _said(make(f"{scheme}://127.0.0.1:{port}"))
        thread.join()


# Settings and texts.


@pytest.mark.parametrize(
    ("given", "about"),
    [
        ({"base_url": "api.openai.com/v1"}, "base_url must begin"),
        ({"base_url": "file:///etc/passwd"}, "base_url must begin"),
        ({"base_url": "http://api.openai.com/v1"}, "https"),
        ({"base_url": "https://user:word@host/v1"}, "name or password"),
        ({"base_url": "https://host/v1?key=1"}, "plain address"),
        ({"base_url": "https://host:port/v1"}, "not an address"),
        ({"api_key": "sk-1\r\nX-Other: 1"}, "openai.api_key"),
        ({"api_key": "schlüssel"}, "openai.api_key"),
        ({"base_url": "https://api.openai.com/v1", "api_key": " "}, "openai.api_key is empty"),
    ],
)
def test_settings_that_cannot_be_are_named(make: Make, given: dict[str, str], about: str) -> None:
    with pytest.raises(Unavailable, match=about) as caught:
        make(**({"url": given.pop("base_url", "http://127.0.0.1:1")} | given))
    assert "word" not in caught.value.message.replace("password", "")
    assert "sk-1" not in caught.value.message


def test_the_key_is_not_shown() -> None:
    assert _KEY not in repr(OpenAI.Settings(api_key=_KEY))


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("", NothingToSpeak),
        (" \n", NothingToSpeak),
        ("…!", NothingToSpeak),
        ("a" * 1001, InvalidInput),
    ],
)
def test_texts_that_cannot_be_spoken_are_not_sent(
    make: Make, text: str, kind: type[PolyvoxError]
) -> None:
    with listening(_fine) as server:
        with pytest.raises(kind):
            _said(make(server.url), text)
        assert not server.came


@pytest.mark.parametrize("state", [b"", b"no state", b"\x02\0\0\0\0\0\0\0{}"])
def test_a_state_of_something_else_is_refused(make: Make, state: bytes) -> None:
    with listening(_fine) as server:
        with pytest.raises(InvalidInput, match="Not a voice state"):
            _said(make(server.url), voice=Voice("v", "v", "openai", CLONED, state=state))
        assert not server.came


def test_a_name_that_is_none_is_refused(make: Make) -> None:
    for name in ("x" * 201, "a\nb"):
        with pytest.raises(InvalidInput, match="no name"):
            _said(make("http://127.0.0.1:1"), remote=name)


def test_the_key_is_sent_only_to_a_server_with_a_certificate(
    make: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    authority, certificate = trustme.CA(), tmp_path / "authority.pem"
    authority.cert_pem.write_to_path(str(certificate))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost").configure_cert(context)
    with listening(_fine, tls=context) as server:
        place = server.url.replace("http://127.0.0.1", "https://localhost")
        with pytest.raises(Unavailable, match="no trustworthy connection") as caught:
            _said(make(place, retries=2))
        assert not server.came
        assert _KEY not in caught.value.message
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
        assert len(_said(make(place))) == _RATE
        with pytest.raises(Unavailable, match="no trustworthy connection"):
            _said(make(place.replace("localhost", "127.0.0.1")))
