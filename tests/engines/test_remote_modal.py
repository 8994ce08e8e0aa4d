"""The modal engine, against real nodes and against servers that go wrong."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest

from polyvox.domain.audio import AudioChunk, Samples
from polyvox.domain.errors import (
    Busy,
    EngineCrashed,
    EngineFailed,
    InvalidInput,
    NotFound,
    NothingToSpeak,
    PolyvoxError,
    TimedOut,
    TooLarge,
    Unavailable,
    to_message,
)
from polyvox.domain.speech import Segment
from polyvox.domain.voice import CLONED, DESIGNED, PRESET, Reference, Voice
from polyvox.engines.check import check
from polyvox.engines.espeak.engine import Espeak
from polyvox.engines.modal import Modal
from polyvox.engines.qwen3.engine import Qwen3
from polyvox.engines.tone import Tone
from polyvox.runtime.launch import Launch
from polyvox.runtime.pool import Pool
from polyvox.runtime.wire import Message, chunk_message, pack
from tests.cluster.nodes import TOKEN, RunningNode, node
from tests.engines.listening import Exchange, listening
from tests.sounds import decode, pitch_of, silence

pytestmark = pytest.mark.long

_RATE = 24000
_WIRE = "application/x-polyvox-wire"
_HIGH = Voice("modal.high", "high", "modal", PRESET, "high")


class FarTone(Modal):
    """Modal, with a node's tone engine at its far end."""

    Options = Tone.Options
    speakers = Tone.speakers
    design_settings = Tone.design_settings
    model = "modal-tone"


class FarEspeak(Modal):
    Options = Espeak.Options
    speakers = Espeak.speakers
    languages = Espeak.languages
    sample_rate = Espeak.sample_rate
    model = "modal-espeak"


_DROP_IN = """
from polyvox.engines.modal import Modal
from polyvox.engines.tone import Tone

class Far(Modal):
    name = "far"
    Options = Tone.Options
    speakers = Tone.speakers
"""

Make = Callable[..., Any]


@pytest.fixture(scope="module")
def tone(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningNode]:
    alone = {"POLYVOX_CLUSTER__WAITING": "1", "POLYVOX_ENGINES__HOSTS": "1"}
    with node(tmp_path_factory.mktemp("tone"), "tone", **alone) as running:
        yield running


@pytest.fixture(scope="module")
def espeak(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningNode]:
    with node(tmp_path_factory.mktemp("espeak"), "espeak") as running:
        yield running


@pytest.fixture
def make() -> Iterator[Make]:
    """Engines with an address and other settings, unloaded at the end."""
    made: list[Modal] = []

    def engine(url: str, kind: type[Modal] = FarTone, **given: Any) -> Modal:
        engine = kind()
        usual = {"base_url": url, "api_key": TOKEN, "retries": 0, "timeout_seconds": 5.0}
        engine.settings = kind.Settings(**({"start_seconds": 20.0} | usual | given))
        engine.load("cpu")
        made.append(engine)
        return engine

    yield engine
    for each in made:
        each.unload()


def _stream(
    engine: Modal, text: str = "ten chars.", voice: Voice = _HIGH, **options: Any
) -> Iterator[AudioChunk]:
    return engine.synthesize(Segment(text, "en"), voice, type(engine).Options(**options))


def _joined(chunks: Iterator[AudioChunk]) -> Samples:
    return np.concatenate([chunk.samples for chunk in chunks])


# Against a node.


def test_it_declares_what_the_far_engine_declares() -> None:
    assert Modal.models == tuple(f"modal-{each}" for each in Qwen3.models)
    assert set(Modal.abilities) == set(Modal.models)
    assert Modal.also_speaks["modal-qwen3-tts-1.7b-voice-design"] == tuple(
        model for model in Modal.models if "enroll" in Modal.abilities[model]
    )
    assert not set(Modal.models) & set(Qwen3.models)
    assert not Modal.weights
    assert not Modal.requires
    assert Modal.Options is Qwen3.Options


def test_it_keeps_the_contract(tone: RunningNode) -> None:
    class Here(FarTone):
        settings = Modal.Settings(base_url=tone.url, api_key=TOKEN, retries=3)

    assert not [each for each in check(Here) if each[1]]


def test_sound_and_words_are_those_of_the_far_engine(tone: RunningNode, make: Make) -> None:
    chunks = list(_stream(make(tone.url), level=0.25))
    said = np.concatenate([chunk.samples for chunk in chunks])
    assert len(said) == _RATE
    assert np.abs(said).max() == pytest.approx(0.25, abs=0.01)
    assert pitch_of(said[4800:9600], _RATE) == pytest.approx(880, rel=0.01)
    assert [word.text for chunk in chunks for word in chunk.words] == ["ten", "chars."]


def test_the_first_sound_comes_before_the_last(tone: RunningNode, make: Make) -> None:
    engine = make(tone.url)
    _joined(_stream(engine))  # the far host runs
    began = time.monotonic()
    stream = _stream(engine, "a" * 20, real_time_factor=1.0)
    next(stream)
    first = time.monotonic() - began
    list(stream)
    whole = time.monotonic() - began
    assert first < 1
    assert whole > 1.9


def test_closing_the_stream_stops_the_far_engine(tone: RunningNode, make: Make) -> None:
    engine = make(tone.url)
    _joined(_stream(engine))
    stream = _stream(engine, "a" * 200, real_time_factor=1.0)
    next(stream)
    began = time.monotonic()
    stream.close()  # type: ignore[attr-defined]
    assert len(_joined(_stream(engine))) == _RATE
    assert time.monotonic() - began < 3


def test_a_client_that_goes_away_before_the_first_sound_is_noticed(
    tone: RunningNode, make: Make
) -> None:
    headers = {"Authorization": f"Bearer {TOKEN}"}
    engine = make(tone.url)
    _joined(_stream(engine))
    fields: dict[str, Any] = {"segment": {"text": "a" * 20, "language": "en"}}
    fields |= {"voice": {"id": "v", "name": "v", "engine": "tone", "kind": PRESET}}
    fields |= {"options": {"real_time_factor": 10.0}}
    body = pack(Message("speak", 1, fields))
    with httpx.stream("POST", f"{tone.url}/host?model=tone", content=body, headers=headers):
        pass
    began = time.monotonic()
    assert len(_joined(_stream(engine))) == _RATE
    assert time.monotonic() - began < 8, "twenty seconds are waited for"


def test_a_clone_and_a_design_are_made_and_spoken_with(
    espeak: RunningNode, make: Make, recording: Path
) -> None:
    engine = make(espeak.url, FarEspeak, timeout_seconds=60.0)
    samples, rate = decode(recording.read_bytes(), "wav")
    cloned = engine.enroll(Reference(samples, rate, None, "en"))
    design = engine.design("an old man with a deep voice", "en", {}, "Hello there.")
    assert design.gender == "male"
    assert any(trait.meaning for trait in design.understood)
    for state, kind in ((cloned, CLONED), (design.state, DESIGNED)):
        digest = sha256(state).hexdigest()
        voice = Voice("v", "v", "modal", kind, digest=digest, state=state)
        assert np.abs(_joined(_stream(engine, "Hello there.", voice))).max() > 0.05


@pytest.mark.parametrize(
    ("options", "kind", "about"),
    [
        ({"fail_after": 0.5}, EngineFailed, "asked to fail"),
        ({"die_after": 0.5}, EngineCrashed, "tone"),
    ],
)
def test_an_error_of_the_far_engine_keeps_its_kind(
    tone: RunningNode, make: Make, options: dict[str, float], kind: type[PolyvoxError], about: str
) -> None:
    engine = make(tone.url)
    with pytest.raises(PolyvoxError) as caught:
        list(_stream(engine, **options))
    assert type(caught.value) is kind
    assert about in caught.value.message
    assert len(_joined(_stream(engine))) == _RATE


def test_an_option_that_the_far_engine_refuses_is_the_callers_matter(
    tone: RunningNode, make: Make
) -> None:
    class Here(FarTone):
        Options = Qwen3.Options

    with pytest.raises(InvalidInput, match="top_k") as caught:
        list(_stream(make(tone.url, Here), top_k=7))
    assert caught.value.param == "options.top_k"


def test_options_at_their_usual_values_are_left_to_the_far_engine(
    tone: RunningNode, make: Make
) -> None:
    class Here(FarTone):
        Options = Qwen3.Options

    assert len(_joined(_stream(make(tone.url, Here)))) == _RATE


def test_a_wrong_token_is_the_operators_matter(tone: RunningNode, make: Make) -> None:
    with pytest.raises(Unavailable, match=r"modal\.api_key") as caught:
        list(_stream(make(tone.url, api_key="quite-another-token")))
    assert "quite-another-token" not in caught.value.message


def test_a_model_that_the_node_does_not_have_is_named(tone: RunningNode, make: Make) -> None:
    engine = make(tone.url)
    engine.model = Modal.models[0]
    with pytest.raises(NotFound, match="Known: tone"):
        list(_stream(engine))


def test_what_can_be_refused_here_wakes_nobody(make: Make) -> None:
    with listening(Exchange.break_off) as server:
        engine = make(server.url, Modal)
        engine.model = "modal-qwen3-tts-1.7b-preset"
        with pytest.raises(NothingToSpeak):
            list(_stream(engine, " … "))
        with pytest.raises(InvalidInput, match="too long"):
            list(_stream(engine, "a" * 2001))
        with pytest.raises(InvalidInput, match=r"modal-qwen3-tts-1\.7b-voice-clone"):
            engine.enroll(Reference(np.ones(_RATE, np.float32), _RATE))
        with pytest.raises(InvalidInput, match=r"modal-qwen3-tts-1\.7b-voice-design"):
            engine.design("deep", "en", {}, "Hello.")
        engine.model = "modal-qwen3-tts-1.7b-voice-clone"
        with pytest.raises(InvalidInput, match="Nobody speaks"):
            engine.enroll(Reference(silence(3, _RATE), _RATE))
        assert not server.came


def test_a_busy_node_says_so_and_is_asked_again(tone: RunningNode, make: Make) -> None:
    engines = [make(tone.url) for _ in range(3)]
    _joined(_stream(engines[0]))
    with ThreadPoolExecutor(2) as others:
        slow = [
            others.submit(lambda each=each: _joined(_stream(each, "a" * 15, real_time_factor=1.0)))
            for each in engines[:2]
        ]
        time.sleep(0.5)
        with pytest.raises(Busy) as caught:
            _joined(_stream(engines[2]))
        assert caught.value.retry_after
        assert len(_joined(_stream(make(tone.url, retries=9)))) == _RATE
        assert all(len(each.result()) == 1.5 * _RATE for each in slow)


def test_a_node_that_starts_meanwhile_is_found(tmp_path: Path, make: Make) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    engine = make(f"http://127.0.0.1:{port}", retries=5)
    with ThreadPoolExecutor(1) as aside:
        said = aside.submit(lambda: _joined(_stream(engine)))
        time.sleep(0.3)
        with node(tmp_path, "tone", port=port):
            assert len(said.result()) == _RATE


def test_a_listener_who_leaves_is_heard_all_the_way(tone: RunningNode, tmp_path: Path) -> None:
    """Pool, host, HTTP, node, its pool, its host."""
    (tmp_path / "far.py").write_text(_DROP_IN, encoding="utf-8")
    settings = {"base_url": tone.url, "api_key": TOKEN}
    launch = Launch("far", model="modal-tone", settings=settings, folder=tmp_path)

    async def spoken(pool: Pool, text: str, **options: float) -> float:
        stream = pool.speak("far", Segment(text, "en"), _HIGH, options)
        seconds = 0.0
        async with contextlib.aclosing(stream):
            async for chunk in stream:
                seconds += chunk.duration
                if options:
                    break
        return seconds

    async def left_and_asked_again() -> None:
        pool = Pool(lambda _: launch)
        try:
            assert await spoken(pool, "ten chars.") == pytest.approx(1)
            process = pool.hosts("far")[0].process.pid
            began = time.monotonic()
            assert await spoken(pool, "a" * 200, real_time_factor=1.0) < 1
            assert await spoken(pool, "ten chars.") == pytest.approx(1)
            assert time.monotonic() - began < 3
            assert [host.process.pid for host in pool.hosts("far")] == [process]
        finally:
            await pool.close()

    asyncio.run(left_and_asked_again())


def test_a_node_that_dies_breaks_the_stream(tmp_path: Path, make: Make) -> None:
    with node(tmp_path, "tone") as running:
        stream = _stream(make(running.url), "a" * 50, real_time_factor=1.0)
        next(stream)
        os.kill(running.process.pid, signal.SIGKILL)
        with pytest.raises(EngineFailed, match="broke off"):
            list(stream)


# Servers that go wrong.


def _sound(seconds: float = 0.2, rate: int = _RATE) -> bytes:
    samples = np.full(round(seconds * rate), 0.1, np.float32)
    return pack(chunk_message(1, AudioChunk(samples, rate)))


def _waiting() -> bytes:
    return pack(Message("waiting", body=bytes(1024)))


def _fails(
    make: Make, answer: Callable[[Exchange], None], times: int = 1, **given: Any
) -> PolyvoxError:
    """How speaking fails with a server that answers so, having been asked so many times."""
    with listening(answer) as server:
        with pytest.raises(PolyvoxError) as caught:
            list(_stream(make(server.url, **given)))
        assert len(server.came) == times
    assert TOKEN not in caught.value.message
    return caught.value


@pytest.mark.parametrize(
    ("body", "media_type", "about"),
    [
        (b"<html>Welcome</html>", "text/html; charset=utf-8", "text/html"),
        (b"", _WIRE, "broke off"),
        (_sound(), _WIRE, "broke off"),
        (_sound()[:-1], _WIRE, "cannot be read"),
        (_sound() + b"nonsense", _WIRE, "cannot be read"),
        (_sound(rate=16000), _WIRE, "16000 Hz"),
        (pack(Message("chunk", 1, {"rate": 24000}, b"1234")), _WIRE, "not a chunk"),
        (pack(Message("chunk", 1, {"rate": 24000, "words": []}, b"123")), _WIRE, "not samples"),
        (pack(Message("made", 1)), _WIRE, "'made'"),
        (pack(Message("hello", 1)), _WIRE, "'hello'"),
        (pack(Message("error", 1, {"code": 5, "message": f"key {TOKEN}"})), _WIRE, "key …"),
    ],
)
def test_what_is_no_speech_is_a_failure(
    make: Make, body: bytes, media_type: str, about: str
) -> None:
    failure = _fails(make, lambda exchange: exchange.whole(body, media_type), retries=2)
    assert type(failure) is EngineFailed
    assert about in failure.message


def test_a_stream_that_breaks_off_is_a_failure_and_is_not_asked_again(make: Make) -> None:
    def broken(exchange: Exchange) -> None:
        exchange.begin(_WIRE)
        exchange.piece(_sound())
        exchange.break_off()

    failure = _fails(make, broken, retries=3)
    assert type(failure) is EngineFailed
    assert "broke off" in failure.message


def test_busy_after_the_first_sound_is_not_asked_again(make: Make) -> None:
    said = _sound() + pack(Message("error", 1, to_message(Busy("Full.", retry_after=1))))
    failure = _fails(make, lambda exchange: exchange.whole(said, _WIRE), retries=3)
    assert type(failure) is Busy


@pytest.mark.parametrize("kind", [InvalidInput, NotFound, TooLarge, Unavailable, TimedOut])
def test_every_kind_of_error_keeps_its_kind(make: Make, kind: type[PolyvoxError]) -> None:
    said = pack(Message("error", 1, to_message(kind("So it is.", param="voice"))))
    failure = _fails(make, lambda exchange: exchange.whole(said, _WIRE), retries=3)
    assert type(failure) is kind
    assert (failure.message, failure.param) == ("So it is.", "voice")


@pytest.mark.parametrize("part", ["head", "body"])
def test_a_silent_node_is_not_waited_for(make: Make, part: str) -> None:
    def silent(exchange: Exchange) -> None:
        if part == "body":
            exchange.begin(_WIRE)
            exchange.piece(_sound())
        time.sleep(2)

    limits = {"head": {"start_seconds": 0.4}, "body": {"timeout_seconds": 0.4}}
    began = time.monotonic()
    failure = _fails(make, silent, **limits[part])
    assert type(failure) is TimedOut
    assert next(iter(limits[part])) in failure.message
    assert time.monotonic() - began < 1.5


@pytest.mark.parametrize("begun", [False, True])
def test_a_node_that_only_says_that_it_goes_on_is_given_up(make: Make, begun: bool) -> None:
    def busy(exchange: Exchange) -> None:
        exchange.begin(_WIRE)
        exchange.piece(_sound() if begun else _waiting())
        for _ in range(30):
            time.sleep(0.1)
            exchange.piece(_waiting())

    limits = {"timeout_seconds": 0.5} if begun else {"start_seconds": 0.5}
    began = time.monotonic()
    assert type(_fails(make, busy, **limits)) is TimedOut
    assert time.monotonic() - began < 1.5


def test_a_cold_start_may_take_longer_than_a_silence(make: Make) -> None:
    def slowly(exchange: Exchange) -> None:
        time.sleep(0.7)  # a machine is found
        exchange.begin(_WIRE)
        for _ in range(7):  # a model loads
            exchange.piece(_waiting())
            time.sleep(0.1)
        exchange.piece(_sound() + pack(Message("done", 1)))
        exchange.end()

    with listening(slowly) as server:
        engine = make(server.url, timeout_seconds=0.5, start_seconds=5.0)
        assert len(_joined(_stream(engine))) == 0.2 * _RATE
        assert len(_joined(_stream(engine))) == 0.2 * _RATE
        assert len(server.connections) == 1


def test_a_connection_that_is_closed_at_once_is_named(make: Make) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:

        def answer() -> None:
            connection, _ = server.accept()
            connection.recv(100)
            connection.close()

        thread = threading.Thread(target=answer)
        thread.start()
        with pytest.raises(Unavailable, match="does not speak HTTP"):
            list(_stream(make(f"http://127.0.0.1:{server.getsockname()[1]}")))
        thread.join()


@pytest.mark.parametrize(
    ("given", "about"),
    [
        ({"base_url": ""}, "base_url"),
        ({"base_url": "http://user:word@127.0.0.1"}, "base_url"),
        ({"base_url": "ftp://127.0.0.1"}, "base_url"),
        ({"api_key": ""}, "api_key"),
        ({"api_key": "two words"}, "api_key"),
    ],
)
def test_a_setting_that_is_none_is_named(make: Make, given: dict[str, str], about: str) -> None:
    with pytest.raises(Unavailable, match=about):
        make(given.pop("base_url", "http://127.0.0.1:9"), **given)


def test_the_token_is_not_shown() -> None:
    assert TOKEN not in repr(Modal.Settings(api_key=TOKEN))
