"""Samples that come over a network: the same however they are cut, at any rate."""

from __future__ import annotations

import numpy as np
import pytest

from polyvox.domain.audio import Samples
from polyvox.domain.errors import EngineFailed
from polyvox.engines.remote.resampling import Resampler
from polyvox.engines.remote.sound import chunks, wave_file, wave_stream
from tests.engines.listening import sound
from tests.sounds import level_of, pieces, tone


def _resampled(samples: Samples, source: int, target: int, size: int) -> Samples:
    resampler = Resampler(source, target)
    made = [resampler.push(piece) for piece in pieces(samples, size)]
    return np.concatenate([*made, resampler.flush()])


@pytest.mark.parametrize(("source", "target"), [(24000, 32000), (48000, 32000), (22050, 32000)])
def test_a_tone_stays_the_same_tone(source: int, target: int) -> None:
    made = _resampled(tone(1000, 1, source), source, target, 777)
    assert len(made) == target
    inner = slice(100, -100)
    assert np.abs(made - tone(1000, 1, target))[inner].max() < 1e-3


def test_what_the_lower_rate_cannot_hold_is_gone() -> None:
    made = _resampled(tone(20000, 1, 48000), 48000, 32000, 4096)
    assert level_of(made[100:-100]) < -60


@pytest.mark.parametrize("size", [1, 10, 333, 48000])
def test_pieces_do_not_matter(size: int) -> None:
    samples = tone(440, 0.2, 48000)
    whole = _resampled(samples, 48000, 32000, len(samples))
    assert np.array_equal(_resampled(samples, 48000, 32000, size), whole)


@pytest.mark.parametrize("size", [1, 3, 45, 1000])
def test_a_wav_file_may_come_in_any_pieces(size: int) -> None:
    file = wave_file(tone(440, 0.3, 24000), 24000)
    listed = file[:12] + b"LIST" + (5).to_bytes(4, "little") + b"INFO!\0" + file[12:] + b"more"
    rate, samples = wave_stream(iter([listed[n : n + size] for n in range(0, len(listed), size)]))
    made = np.concatenate([chunk.samples for chunk in chunks(samples, rate, rate)])
    assert np.abs(made - tone(440, 0.3, 24000)).max() < 1e-4


def test_silence_before_sound_is_kept() -> None:
    data = b"\0\0" * 24000 + sound(1, 24000)
    made = [chunk.samples for chunk in chunks(iter([data]), 24000, 24000)]
    assert sum(map(len, made)) == 48000


@pytest.mark.parametrize("data", [b"RIFF", b"RIFF\0\0\0\0WAVE", b"x" * 200_000, b""])
def test_what_is_no_wav_file_is_refused(data: bytes) -> None:
    with pytest.raises(EngineFailed):
        wave_stream(iter([data]))


def test_a_head_without_end_is_refused() -> None:
    endless = iter([b"RIFF\0\0\0\0WAVE" + b"junk\0\0\0\x7f", *([b"x" * 1000] * 1000)])
    with pytest.raises(EngineFailed, match="no samples"):
        wave_stream(endless)
