"""Speech to measure: two sentences by the embedded engine, with half a second of silence around."""

import numpy as np
import pytest

from polyvox.audio.resample import resampled
from polyvox.domain.audio import Samples
from polyvox.domain.speech import Segment
from polyvox.domain.voice import PRESET, Voice
from polyvox.engines.espeak.engine import Espeak
from tests.sounds import silence

RATE = 24000
TEXT = (
    "The weather is lovely today, so let us walk in the park. "
    "After that, we shall see what comes next, and who comes with us."
)


@pytest.fixture(scope="session")
def voices() -> dict[str, Samples]:
    """What six voices make of it at 24 kHz, without the silence."""
    engine = Espeak()
    engine.load("cpu")
    said = {}
    for name in ("alloy", "onyx", "nova", "cedar", "echo", "shimmer"):
        voice = Voice(name, name, "espeak", PRESET, name)
        chunks = engine.synthesize(Segment(TEXT, "en"), voice, Espeak.Options())
        samples = np.concatenate([chunk.samples for chunk in chunks])
        said[name] = resampled(samples, engine.sample_rate, RATE)
    engine.unload()
    return said


@pytest.fixture(scope="session")
def speech(voices: dict[str, Samples]) -> Samples:
    return np.concatenate([silence(0.5, RATE), voices["alloy"], silence(0.5, RATE)])
