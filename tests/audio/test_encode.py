import io
import struct
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import av
import numpy as np
import pytest

from polyvox.audio.encode import FORMATS, Encoder, Format, completed, format_named, output_rate
from polyvox.audio.resample import Resampler
from polyvox.domain.audio import Samples
from polyvox.domain.errors import EngineFailed, InvalidInput
from tests.sounds import decode, level_of, pieces, pitch_of, tone, voiced

every_format = pytest.mark.parametrize("name", FORMATS)

ADDED = {"mp3": 0.1, "aac": 0.1}
"""Seconds by which a codec's delay and last frame may lengthen a stream; 0 for the others."""
DELAY = {"mp3": 1105, "aac": 1024}
"""Samples before the sound, which the format has no way to tell."""


PLAIN = {name: replace(fmt, marked=False) for name, fmt in FORMATS.items()}
"""Formats of files that do not tell where they come from."""


def encoded(
    name: str,
    samples: Samples,
    size: int = 2400,
    rate: int | None = None,
    formats: Mapping[str, Format] = FORMATS,
) -> bytes:
    fmt = formats[name]
    encoder = Encoder(fmt, output_rate(fmt, rate))
    return b"".join(map(encoder.encode, pieces(samples, size))) + encoder.finish()


def default_rate(name: str) -> int:
    return output_rate(FORMATS[name], None)


@every_format
@pytest.mark.parametrize("size", [1, 7, 480, 10**6])
def test_a_tone_comes_back_however_it_is_cut(name: str, size: int) -> None:
    rate = default_rate(name)
    sound = tone(440, 0.4, rate)
    heard, heard_rate = decode(encoded(name, sound, size), name)
    added = len(heard) / heard_rate - len(sound) / rate
    assert 0 <= added <= ADDED.get(name, 0)
    middle = heard[heard_rate // 10 : heard_rate * 3 // 10]
    assert pitch_of(middle, heard_rate) == pytest.approx(440, rel=0.01)
    assert level_of(middle) == pytest.approx(level_of(sound), abs=1)


@every_format
def test_the_sound_does_not_depend_on_how_it_was_cut(name: str) -> None:
    sound = voiced(150, 1.5, default_rate(name))
    whole, _ = decode(encoded(name, sound, 10**6), name)
    for size in (7, 333, 4800):
        assert np.array_equal(decode(encoded(name, sound, size), name)[0], whole)


@pytest.mark.parametrize("name", [name for name, fmt in FORMATS.items() if fmt.lossless])
def test_lossless_formats_give_every_16_bit_sample_back(name: str) -> None:
    values = np.random.default_rng(1).permutation(np.arange(-32768, 32768))
    sound = (values / 32768).astype(np.float32)
    heard, _ = decode(encoded(name, sound), name)
    assert np.array_equal(heard, sound)


@pytest.mark.parametrize(("name", "least"), [("mp3", 20), ("aac", 20), ("opus", 10)])
def test_a_voice_survives_compression(name: str, least: float) -> None:
    sound = np.concatenate([voiced(f, 0.3, 24000) for f in (110, 140, 180, 120)])
    heard, rate = decode(encoded(name, sound), name)
    resampler = Resampler(24000, rate)
    wanted = np.concatenate([resampler.push(sound), resampler.finish()])
    noise = heard[DELAY.get(name, 0) :][: len(wanted)] - wanted
    assert level_of(wanted) - level_of(noise) > least


@pytest.mark.parametrize(
    ("name", "milliseconds"),
    [("mp3", 48), ("aac", 86), ("opus", 20), ("flac", 24)]
    + [(name, 1) for name in ("wav", "pcm", "ulaw", "alaw")],
)
def test_the_first_bytes_come_early(name: str, milliseconds: int) -> None:
    rate = default_rate(name)
    encoder = Encoder(FORMATS[name], rate)
    sound = pieces(voiced(150, 0.5, rate), rate // 1000)
    needed = next(i for i, piece in enumerate(sound, start=1) if encoder.encode(piece))
    assert needed <= milliseconds


@every_format
def test_what_has_come_can_be_heard_before_the_end(name: str) -> None:
    rate = default_rate(name)
    encoder = Encoder(FORMATS[name], rate)
    data = b"".join(map(encoder.encode, pieces(voiced(150, 1.0, rate), rate // 50)))
    heard, heard_rate = decode(data, name)
    assert len(heard) / heard_rate > 0.93
    assert pitch_of(heard[heard_rate // 4 : heard_rate // 2], heard_rate) == pytest.approx(
        150, rel=0.01
    )


@every_format
def test_what_is_too_loud_is_clamped(name: str) -> None:
    rate = default_rate(name)
    loud = tone(200, 0.5, rate, level=3.0)
    clamped, _ = decode(encoded(name, loud), name)
    assert np.array_equal(clamped, decode(encoded(name, np.clip(loud, -1, 1)), name)[0])
    if len(clamped) == len(loud):
        assert np.all(clamped[loud > 1] > 0.9)
        assert np.all(clamped[loud < -1] < -0.9)


@every_format
@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_what_is_no_number_is_the_engines_failure(name: str, value: float) -> None:
    encoder = Encoder(FORMATS[name], default_rate(name))
    with pytest.raises(EngineFailed):
        encoder.encode(np.array([0.0, value], np.float32))


@every_format
def test_nothing_makes_a_stream_too(name: str) -> None:
    encoder = Encoder(FORMATS[name], default_rate(name))
    assert encoder.encode(np.zeros(0, np.float32)) == b""
    assert len(encoder.finish()) < 300


@every_format
def test_a_listener_may_leave_without_the_end(name: str) -> None:
    encoder = Encoder(FORMATS[name], default_rate(name))
    encoder.encode(tone(200, 0.1, 24000))
    del encoder


def test_the_header_of_a_wav_tells_its_size_where_it_is_known() -> None:
    encoder = Encoder(PLAIN["wav"], 22050, total_samples=1000)
    data = encoder.encode(np.zeros(600, np.float32)) + encoder.encode(np.zeros(400, np.float32))
    data += encoder.finish()
    assert len(data) == 44 + 2000
    assert struct.unpack_from("<I", data, 4) == (len(data) - 8,)
    assert struct.unpack_from("<I", data, 40) == (2000,)
    assert struct.unpack_from("<HHIIHH", data, 20) == (1, 1, 22050, 44100, 2, 16)


def test_a_wav_stream_leaves_its_size_open_until_it_is_completed() -> None:
    wav = PLAIN["wav"]
    stream = encoded("wav", tone(440, 0.5, 24000), formats=PLAIN)
    assert struct.unpack_from("<I", stream, 4) == struct.unpack_from("<I", stream, 40)
    assert struct.unpack_from("<I", stream, 40) == (0xFFFFFFFF,)
    whole = completed(wav, stream)
    assert len(whole) == len(stream)
    assert struct.unpack_from("<I", whole, 4) == (len(whole) - 8,)
    assert struct.unpack_from("<I", whole, 40) == (len(whole) - 44,)
    assert whole[44:] == stream[44:]


@pytest.mark.parametrize("name", [name for name in FORMATS if name != "wav"])
def test_other_streams_are_complete_as_they_are(name: str) -> None:
    stream = encoded(name, tone(440, 0.1, 24000))
    assert completed(FORMATS[name], stream) is stream


@pytest.mark.parametrize("given", [999, 1001])
def test_another_number_of_samples_than_announced_is_an_error(given: int) -> None:
    encoder = Encoder(FORMATS["wav"], 24000, total_samples=1000)
    encoder.encode(np.zeros(given, np.float32))
    with pytest.raises(EngineFailed, match="1000"):
        encoder.finish()


def test_an_mp3_stream_claims_no_length_and_players_find_it() -> None:
    data = encoded("mp3", voiced(150, 3.0, 24000))
    assert b"Xing" not in data
    assert b"Info" not in data
    with av.open(io.BytesIO(data)) as container:
        assert container.duration is not None
        assert container.duration / 1e6 == pytest.approx(3.0, abs=0.1)


@pytest.mark.parametrize(("name", "codec"), [("ulaw", "pcm_mulaw"), ("alaw", "pcm_alaw")])
def test_g711_decides_as_ffmpeg_does_but_for_the_edges(name: str, codec: str) -> None:
    values = np.arange(-32768, 32768).astype(np.int16)
    sound = values.astype(np.float32) / 32768
    reference = av.CodecContext.create(codec, "w")
    reference.sample_rate, reference.layout, reference.format = 8000, "mono", "s16"
    frame = av.AudioFrame.from_ndarray(values.reshape(1, -1), format="s16", layout="mono")
    frame.sample_rate = 8000
    theirs, _ = decode(b"".join(map(bytes, reference.encode(frame))), name)
    ours, _ = decode(encoded(name, sound), name)
    assert np.all(np.diff(ours) >= 0)
    assert np.mean(ours != theirs) < 0.02
    levels = np.unique(ours)
    assert np.abs(np.searchsorted(levels, ours) - np.searchsorted(levels, theirs)).max() == 1
    assert np.abs(ours - sound).max() <= np.abs(theirs - sound).max()


@pytest.mark.parametrize("name", ["ulaw", "alaw"])
def test_every_byte_of_g711_stands_for_itself(name: str) -> None:
    negative_zero = {"ulaw": 0x7F}.get(name)
    codes = bytes(code for code in range(256) if code != negative_zero)
    levels, _ = decode(codes, name)
    assert encoded(name, levels) == codes


@pytest.mark.parametrize(
    ("name", "rate"),
    [("mp3", r) for r in (8000, 11025, 12000, 16000, 22050, 24000, 32000, 44100, 48000)]
    + [("aac", r) for r in (8000, 11025, 16000, 22050, 32000, 44100, 48000, 64000, 88200, 96000)]
    + [("opus", r) for r in (8000, 12000, 16000, 24000, 48000)]
    + [(name, r) for name in ("flac", "wav") for r in (8000, 8001, 22050, 44100, 96000)],
)
def test_every_rate_that_is_allowed_can_be_heard(name: str, rate: int) -> None:
    heard, heard_rate = decode(encoded(name, tone(440, 0.6, rate), rate=rate), name)
    assert heard_rate == (48000 if name == "opus" else rate)
    middle = heard[heard_rate // 4 : heard_rate // 2]
    assert pitch_of(middle, heard_rate) == pytest.approx(440, rel=0.01)
    assert level_of(middle) == pytest.approx(level_of(tone(440, 0.5, rate)), abs=1)


@pytest.mark.parametrize(
    ("name", "rate", "named"),
    [
        ("opus", 22050, "8000, 12000, 16000, 24000, 48000"),
        ("mp3", 96000, "44100, 48000"),
        ("aac", 7350, "8000, 11025"),
        ("wav", 7999, "8000 to 96000"),
        ("flac", 96001, "8000 to 96000"),
        ("pcm", 16000, "24000"),
        ("ulaw", 24000, "8000"),
        ("alaw", 16000, "8000"),
        ("mp3", 0, "24000"),
    ],
)
def test_other_rates_are_refused_and_the_right_ones_named(name: str, rate: int, named: str) -> None:
    for refused in (output_rate, Encoder):
        with pytest.raises(InvalidInput, match=named) as error:
            refused(FORMATS[name], rate)
        assert error.value.param == "sample_rate"


def test_speech_leaves_at_24_khz_unless_the_format_says_otherwise() -> None:
    rates = {name: output_rate(fmt, None) for name, fmt in FORMATS.items()}
    assert rates == dict.fromkeys(FORMATS, 24000) | {"ulaw": 8000, "alaw": 8000}


def test_an_unknown_format_is_refused_and_the_known_ones_named() -> None:
    assert all(format_named(name) is fmt for name, fmt in FORMATS.items())
    with pytest.raises(InvalidInput, match="mp3, opus, aac, flac, wav, pcm, ulaw, alaw") as error:
        format_named("ogg")
    assert error.value.param == "response_format"


@every_format
def test_encoders_side_by_side_do_not_mix(name: str) -> None:
    rate = default_rate(name)
    sounds = [voiced(pitch, 1.0, rate) for pitch in (100, 130, 170, 220)]
    with ThreadPoolExecutor(4) as threads:
        streams = list(threads.map(lambda sound: encoded(name, sound, 480), sounds))
    for stream, sound in zip(streams, sounds, strict=True):
        assert np.array_equal(decode(stream, name)[0], decode(encoded(name, sound), name)[0])
