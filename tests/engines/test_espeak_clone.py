"""Cloning on the embedded engine: what a clone takes from a reference, heard in its sound."""

from collections.abc import Callable, Iterator

import numpy as np
import numpy.typing as npt
import pytest

from polyvox.domain.audio import AudioChunk, Samples
from polyvox.domain.errors import InvalidInput
from polyvox.domain.speech import Segment, Word
from polyvox.domain.voice import BLENDED, CLONED, PRESET, Reference, Voice
from polyvox.engines.espeak.cloning.denoise import without_noise
from polyvox.engines.espeak.cloning.shape import shaper
from polyvox.engines.espeak.engine import Espeak
from polyvox.engines.espeak.presets import TIMBRES, Timbre
from polyvox.engines.espeak.state import Sound, pack, unpack

RATE = Espeak.sample_rate
TEXT = (
    "A grey heron stood in the shallow water all morning and waited. Nobody knew why the big "
    "house on the corner was empty. She had chosen thirty flowers for the kitchen table."
)
OTHER = "My uncle showed us the way to the harbour, where five old ships were lying."

Values = npt.NDArray[np.float64]


@pytest.fixture(scope="module")
def espeak() -> Iterator[Espeak]:
    engine = Espeak()
    engine.load("cpu")
    yield engine
    engine.unload()


@pytest.fixture(scope="module")
def low(espeak: Espeak) -> Voice:
    return cloned(espeak, dulled(recording(espeak, "onyx", pitch=60)))


@pytest.fixture(scope="module")
def high(espeak: Espeak) -> Voice:
    return cloned(espeak, sharpened(recording(espeak, "coral", pitch=45)))


def preset(name: str) -> Voice:
    return Voice(name, name, "espeak", PRESET, name)


def stored(state: bytes, kind: str = CLONED) -> Voice:
    return Voice("stored", "stored", "espeak", kind, state=state)


def cloned(espeak: Espeak, samples: Samples, transcript: str | None = None) -> Voice:
    return stored(espeak.enroll(Reference(samples, RATE, transcript, "en")))


def chunks(espeak: Espeak, voice: Voice, text: str = OTHER, **options: float) -> list[AudioChunk]:
    segment = Segment(text, "en")
    return list(espeak.synthesize(segment, voice, Espeak.Options(**options)))  # type: ignore[arg-type]


def speech(espeak: Espeak, voice: Voice, text: str = OTHER, **options: float) -> Samples:
    return np.concatenate([chunk.samples for chunk in chunks(espeak, voice, text, **options)])


def recording(espeak: Espeak, speaker: str, **options: float) -> Samples:
    return speech(espeak, preset(speaker), TEXT, **options)


def dulled(samples: Samples) -> Samples:
    """As if said behind a curtain."""
    return filtered(samples, [0.15, 0.25, 0.3, 0.2, 0.1])


def sharpened(samples: Samples) -> Samples:
    """As if said over a small loudspeaker."""
    return filtered(samples, [1.0, -0.8])


def filtered(samples: Samples, taps: list[float]) -> Samples:
    return np.convolve(samples, taps)[: len(samples)].astype(np.float32)


def pitches(samples: Samples) -> Values:
    """Hertz, 60 to 400, of the voiced frames of 50 ms, by autocorrelation."""
    size = RATE // 20
    frames = samples[: len(samples) // size * size].reshape(-1, size).astype(np.float64)
    alike = np.fft.irfft(np.abs(np.fft.rfft(frames, 2 * size)) ** 2)[:, :size]
    alike /= np.arange(size, 0, -1)
    first, last = RATE // 400, RATE // 60
    best = alike[:, first:last].argmax(1) + first
    strength = alike[np.arange(len(best)), best] / (alike[:, 0] + 1e-9)
    return np.asarray(RATE / best[(strength > 0.8) & (alike[:, 0] > 1e-4)])


def height(samples: Samples) -> float:
    """Semitones."""
    return float(12 * np.log2(np.median(pitches(samples))))


def colour(samples: Samples) -> Values:
    """Long-term average spectrum in 32 bands of equal width up to 7.5 kHz, in dB."""
    frames = samples[: len(samples) // 1024 * 1024].reshape(-1, 1024) * np.hanning(1024)
    power = (np.abs(np.fft.rfft(frames)) ** 2).mean(0)[4:356].reshape(-1, 11).mean(1)
    levels = 10 * np.log10(power + 1e-12)
    return np.asarray(levels - levels.mean())


def apart(one: Samples, other: Samples) -> float:
    """Decibels between two colours."""
    return float(np.abs(colour(one) - colour(other)).mean())


def level(samples: Samples) -> float:
    """Decibels."""
    return float(10 * np.log10((samples.astype(np.float64) ** 2).mean()))


def words(spoken: list[AudioChunk]) -> list[Word]:
    return [word for chunk in spoken for word in chunk.words]


@pytest.mark.parametrize(("speaker", "pitch"), [("onyx", 60), ("ash", 30), ("coral", 45)])
def test_a_clone_takes_the_pitch_of_its_reference(espeak: Espeak, speaker: str, pitch: int) -> None:
    reference = recording(espeak, speaker, pitch=pitch)
    assert abs(height(speech(espeak, cloned(espeak, reference))) - height(reference)) < 1


def test_a_clone_is_as_lively_as_its_reference(espeak: Espeak) -> None:
    flat, lively = (
        speech(espeak, cloned(espeak, recording(espeak, "echo", range=each))) for each in (10, 95)
    )
    spread = [float(np.std(12 * np.log2(pitches(each)))) for each in (flat, lively)]
    assert spread[1] > 1.5 * spread[0]


def test_a_clone_is_nearer_to_the_colour_of_its_reference_than_any_preset(
    espeak: Espeak, low: Voice, high: Voice
) -> None:
    references = {
        "low": (low, dulled(recording(espeak, "onyx", pitch=60))),
        "high": (high, sharpened(recording(espeak, "coral", pitch=45))),
    }
    for name, (voice, reference) in references.items():
        presets = [apart(speech(espeak, preset(each), TEXT), reference) for each in TIMBRES]
        assert apart(speech(espeak, voice, TEXT), reference) < 0.7 * min(presets), name


def test_a_clone_speaks_at_the_pace_of_its_reference(espeak: Espeak) -> None:
    def length(speed: float, transcript: str | None) -> int:
        reference = recording(espeak, "alloy", speed=speed)
        return len(speech(espeak, cloned(espeak, reference, transcript)))

    for transcript in (None, TEXT):
        assert length(0.75, transcript) > 1.25 * length(1.3, transcript)


def test_a_transcript_tells_the_pace_exactly(espeak: Espeak) -> None:
    reference = recording(espeak, "alloy", speed=1.25)
    spoken = speech(espeak, cloned(espeak, reference, TEXT), TEXT)
    assert len(spoken) == pytest.approx(len(reference), rel=0.08)


def test_a_clone_is_as_loud_as_a_preset(espeak: Espeak, low: Voice, high: Voice) -> None:
    usual = level(speech(espeak, preset("alloy")))
    for voice in (low, high):
        for closeness in (0.0, 0.3, 1.0):
            spoken = speech(espeak, voice, closeness=closeness)
            assert abs(level(spoken) - usual) < 4
            assert np.abs(spoken).max() <= 1


def test_the_same_reference_gives_the_same_voice_whatever_came_between(
    espeak: Espeak, low: Voice, high: Voice
) -> None:
    again = cloned(espeak, dulled(recording(espeak, "onyx", pitch=60)))
    assert again.state == low.state != high.state


def test_the_same_request_gives_the_same_samples(espeak: Espeak, low: Voice, high: Voice) -> None:
    first = speech(espeak, low)
    second = speech(espeak, high)
    assert not np.array_equal(first[:RATE], second[:RATE])
    assert np.array_equal(first, speech(espeak, low))


def test_presets_sound_as_before_after_a_clone_has_spoken(espeak: Espeak, low: Voice) -> None:
    before = speech(espeak, preset("fable"))
    speech(espeak, low)
    assert np.array_equal(before, speech(espeak, preset("fable"), closeness=1.0))


def test_closeness_brings_a_clone_closer(espeak: Espeak, high: Voice) -> None:
    loose, close = (speech(espeak, high, closeness=each) for each in (0.0, 1.0))
    assert len(loose) == len(close)
    assert apart(loose, close) > 0.1


def test_a_state_is_a_sound_packed(low: Voice) -> None:
    assert low.state is not None
    sound = unpack(low.state)
    assert pack(sound) == low.state
    assert sound.mapping is not None
    assert len(sound.mapping.frames) > 300
    plain = Sound(Timbre(100, 30, 1.05, breath=2), "en-gb-scotland")
    assert unpack(pack(plain)) == plain


@pytest.mark.parametrize(
    "damage",
    [
        lambda state: b"",
        lambda state: b"no voice at all",
        lambda state: state[: len(state) // 2],
        lambda state: state.replace(b"timbre.pitch", b"timbre.patch"),
        lambda state: state.replace(b'"format"', b'"farmat"'),
        lambda state: state.replace(b"mapping.turn", b"mapping.burn"),
        lambda state: state[:-400] + np.full(100, np.nan, np.float32).tobytes(),
    ],
)
def test_what_is_no_voice_of_this_engine_is_refused(
    espeak: Espeak, low: Voice, damage: Callable[[bytes], bytes]
) -> None:
    assert low.state is not None
    with pytest.raises(InvalidInput):
        speech(espeak, stored(damage(low.state)))


def test_where_a_stream_is_cut_does_not_matter(espeak: Espeak, low: Voice) -> None:
    sound = unpack(low.state or b"")
    assert sound.mapping is not None
    shape = shaper(sound.mapping, sound.timbre, 1.0)
    plain = speech(espeak, stored(pack(Sound(sound.timbre))))
    whole = np.concatenate(list(shape.stream(iter([plain]))))
    pieces = np.split(plain, np.sort(np.random.default_rng(1).integers(0, len(plain), 30)))
    assert np.array_equal(whole, np.concatenate(list(shape.stream(iter(pieces)))))
    assert len(whole) == len(plain)
    late = 7 * 220
    delayed = np.concatenate([np.zeros(late, np.float32), plain])
    moved = np.concatenate(list(shape.stream(iter([delayed]))))[late:]
    assert np.abs(moved - whole).max() < 1e-4


def test_words_lie_where_the_unshaped_voice_says_them(espeak: Espeak, low: Voice) -> None:
    sound = unpack(low.state or b"")
    plain = words(chunks(espeak, stored(pack(Sound(sound.timbre)))))
    spoken = chunks(espeak, low)
    assert words(spoken) == plain
    heard = 0.0
    for chunk in spoken:
        heard += chunk.duration
        assert all(word.end <= heard + 0.01 for word in chunk.words)


def test_the_first_sound_comes_before_the_text_is_finished(espeak: Espeak, low: Voice) -> None:
    stream = espeak.synthesize(Segment(TEXT, "en"), low, Espeak.Options())
    assert 0 < next(stream).duration <= 0.25
    stream.close()  # type: ignore[attr-defined]
    assert words(chunks(espeak, low, "Still here."))[-1].text == "here"


def test_several_languages_in_one_text_stay_whole(espeak: Espeak, low: Voice) -> None:
    heard = words(chunks(espeak, low, "I love 東京 and Москва."))
    assert [word.text for word in heard] == ["I", "love", "東", "京", "and", "Москва"]


def test_a_stored_accent_is_heard_in_its_own_language_only(espeak: Espeak) -> None:
    scottish, plain = (
        stored(pack(Sound(TIMBRES["ash"], accent))) for accent in ("en-gb-scotland", None)
    )

    def says(voice: Voice, text: str, language: str) -> Samples:
        spoken = espeak.synthesize(Segment(text, language), voice, Espeak.Options())
        return np.concatenate([chunk.samples for chunk in spoken])

    bird, vogel = "A bird heard the girl.", "Ein Vogel sang."
    assert not np.array_equal(says(scottish, bird, "en"), says(plain, bird, "en"))
    assert np.array_equal(says(scottish, vogel, "de"), says(plain, vogel, "de"))
    assert np.array_equal(says(plain, bird, "en"), speech(espeak, preset("ash"), bird))


def test_a_blend_lies_between_its_voices(espeak: Espeak, low: Voice, high: Voice) -> None:
    for one, other in ((low, high), (preset("onyx"), preset("shimmer")), (low, preset("nova"))):
        ends = [height(speech(espeak, each)) for each in (one, other)]
        between = [
            height(speech(espeak, stored(espeak.blend((one, other), weights), BLENDED)))
            for weights in ((0.7, 0.3), (0.3, 0.7))
        ]
        assert ends[0] < between[0] < between[1] < ends[1]


def test_half_a_blend_has_half_the_colour(espeak: Espeak, low: Voice, high: Voice) -> None:
    half = speech(espeak, stored(espeak.blend((low, high), (0.5, 0.5)), BLENDED))
    ends = [speech(espeak, each) for each in (low, high)]
    assert max(apart(half, each) for each in ends) < 0.8 * apart(*ends)


def test_a_blend_of_one_voice_is_that_voice(espeak: Espeak, low: Voice) -> None:
    alone = stored(espeak.blend((low, preset("nova")), (1.0, 0.0)), BLENDED)
    assert apart(speech(espeak, alone), speech(espeak, low)) < 0.1


SECONDS = np.arange(8 * RATE) / RATE
NOISE = np.random.default_rng(5).standard_normal(len(SECONDS))
HUM = sum(np.sin(2 * np.pi * 100 * n * SECONDS) / n for n in range(1, 30))
STEPS = np.repeat(220 * 2 ** (np.array([0, 4, 7, 12, 7, 5, 9, 2] * 4) / 12), RATE // 4)
ORGAN = sum(np.sin(2 * np.pi * n * np.cumsum(STEPS) / RATE) / n for n in range(1, 20))
PINK = np.fft.irfft(np.fft.rfft(NOISE) / np.sqrt(1 + np.arange(len(NOISE) // 2 + 1)))


@pytest.mark.parametrize(
    "sound",
    [
        np.zeros(0),
        np.zeros(RATE),
        0 * SECONDS,
        0.1 * NOISE,
        PINK / np.abs(PINK).max(),
        0.4 * np.sin(2 * np.pi * 220 * SECONDS),
        0.4 * np.sin(2 * np.pi * 220 * SECONDS) + 0.03 * NOISE,
        0.1 * HUM,
        0.1 * HUM + 0.01 * NOISE,
        0.1 * ORGAN,
    ],
    ids="nothing second silence noise pink sine noisy-sine hum noisy-hum organ".split(),
)
def test_nobody_is_cloned_who_does_not_speak(espeak: Espeak, sound: Values) -> None:
    with pytest.raises(InvalidInput, match="reference"):
        espeak.enroll(Reference(sound.astype(np.float32), RATE))


def test_a_word_is_not_enough_for_a_voice(espeak: Espeak) -> None:
    with pytest.raises(InvalidInput, match="too little"):
        cloned(espeak, speech(espeak, preset("alloy"), "Hello."))


def test_steady_noise_is_taken_out_of_a_reference(espeak: Espeak) -> None:
    clean = recording(espeak, "verse")
    noise = np.random.default_rng(2).standard_normal(len(clean)) * clean.std() / 10
    noisy = (clean + noise).astype(np.float32)
    assert apart(without_noise(noisy), clean) < 0.4 * apart(noisy, clean)
    assert apart(without_noise(clean), clean) < 0.1
    voices = [cloned(espeak, each) for each in (clean, noisy)]
    assert apart(*(speech(espeak, each) for each in voices)) < 2.5


def test_nothing_of_a_stored_voice_stays_behind(low: Voice) -> None:
    engine = Espeak()
    engine.load("cpu")
    folder = engine._slot._file.parent
    speech(engine, low)
    assert engine._slot._file.exists()
    left = engine._slot.name
    engine.unload()
    assert not (folder / left).exists()
