"""The openai engine, against a second Polyvox and against servers that go wrong."""

from __future__ import annotations

import base64
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

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
from tests.engines.listening import Exchange, listening, sound
from tests.server import Server
from tests.sounds import pitch_of, voiced

_KEY = "sk-test-1234567890"
_ALLOY = Voice("openai.alloy", "alloy", "openai", PRESET, "alloy")
_CHUNK = 2400


def _engine(url: str, **given: Any) -> OpenAI:
    engine = OpenAI()
    defaults = {"base_url": url, "api_key": _KEY, "retries": 0, "timeout_seconds": 5.0}
    engine.settings = OpenAI.Settings(**(defaults | given))
    engine.load("cpu")
    return engine


def _said(
    engine: OpenAI, text: str = "Hello there.", voice: Voice = _ALLOY, **options: Any
) -> Samples:
    segment = Segment(text, "en", seed=3, instructions="calmly")
    chunks = list(engine.synthesize(segment, voice, OpenAI.Options(**options)))
    assert all(chunk.sample_rate == 24000 for chunk in chunks)
    assert all(len(chunk.samples) <= _CHUNK for chunk in chunks)
    return np.concatenate([chunk.samples for chunk in chunks])


@pytest.fixture
def cleaned() -> Iterator[list[OpenAI]]:
    engines: list[OpenAI] = []
    yield engines
    for engine in engines:
        engine.unload()


def _failure(answer: Callable[[Exchange], None], cleaned: list[OpenAI], **given: Any) -> Any:
    with listening(answer) as server:
        engine = _engine(f"{server.url}/v1", **given)
        cleaned.append(engine)
        with pytest.raises(PolyvoxError) as caught:
            _said(engine)
    assert _KEY not in caught.value.message
    return caught.value


class TestASecondPolyvox:
    def test_keeps_the_contract(self, server: Server) -> None:
        class Here(OpenAI):
            settings = OpenAI.Settings(base_url=f"{server.url}/v1", model="espeak")

        broken = [each for each in check(Here) if each[1]]
        assert not broken

    def test_speaks_with_a_voice_that_is_not_listed(
        self, server: Server, cleaned: list[OpenAI]
    ) -> None:
        engine = _engine(f"{server.url}/v1", model="tone")
        cleaned.append(engine)
        high = _said(engine, "aaaaaaaaaa", voice=_ALLOY, voice_="") if False else _said(
            engine, "aaaaaaaaaa", voice=_ALLOY, **{"voice_name": "tone.high"}
        )
        assert pitch_of(high[4800:9600], 24000) == pytest.approx(880, rel=0.02)

    def test_says_which_voice_it_does_not_know(
        self, server: Server, cleaned: list[OpenAI]
    ) -> None:
        engine = _engine(f"{server.url}/v1", model="espeak")
        cleaned.append(engine)
        with pytest.raises(NotFound, match="nobody-here"):
            _said(engine, voice_name="nobody-here")

    def test_a_wrong_path_is_the_operators_matter(
        self, server: Server, cleaned: list[OpenAI]
    ) -> None:
        engine = _engine(f"{server.url}/v2", model="espeak")
        cleaned.append(engine)
        with pytest.raises(Unavailable, match=r"openai\.base_url"):
            _said(engine)
