from itertools import pairwise

import numpy as np
import pytest

from polyvox.audio.join import FADE, LEAD, TAIL, Joiner
from polyvox.domain.audio import AudioChunk, Samples
from polyvox.domain.errors import EngineFailed
from polyvox.domain.speech import Word
from tests.sounds import pieces, silence, tone

RATE = 24000
LEFT, RIGHT, EDGE = (round(seconds * RATE) for seconds in (LEAD, TAIL, FADE))
every_size = pytest.mark.parametrize("size", [1, 7, 480, 1440, 10**6])


def spoken(before: float, sound: Samples, after: float) -> Samples:
    """A segment as an engine gives it: sound within silence, seconds of each."""
    return np.concatenate([silence(before, RATE), sound, silence(after, RATE)])


def joined(segments: list[Samples], pauses: list[float], size: int = 1440) -> Samples:
    joiner, parts = Joiner(RATE), []
    for samples, pause in zip(segments, pauses, strict=True):
        parts += [joiner.push(AudioChunk(piece, RATE)) for piece in pieces(samples, size)]
        parts.append(joiner.end(pause))
    stream = np.concatenate([silence(0, RATE), *(part.samples for part in parts if part)])
    assert joiner.time == len(stream) / RATE
    return stream


def loud(frequency: float = 1000, seconds: float = 0.1) -> Samples:
    """A tone that begins and ends at full swing."""
    time = np.arange(round(seconds * RATE)) / RATE
    return (0.9 * np.cos(2 * np.pi * frequency * time)).astype(np.float32)


@every_size
def test_silence_around_a_segment_is_cut_to_a_little(size: int) -> None:
    sound = loud()
    stream = joined([spoken(0.5, sound, 0.7)], [0.0], size)
    assert len(stream) == LEFT + len(sound) + RIGHT
    assert np.array_equal(stream[LEFT : LEFT + len(sound)], sound)


@every_size
def test_less_silence_than_that_stays(size: int) -> None:
    sound = loud()
    stream = joined([spoken(0.01, sound, 0.03)], [0.0], size)
    assert np.array_equal(stream, spoken(0.01, sound, 0.03))


@every_size
def test_silence_within_a_segment_stays(size: int) -> None:
    inside = np.concatenate([loud(), silence(0.8, RATE), loud()])
    stream = joined([spoken(0.3, inside, 0.3)], [0.0], size)
    assert np.array_equal(stream[LEFT:-RIGHT], inside)


@every_size
def test_pauses_come_between_segments_to_the_sample(size: int) -> None:
    segments = [spoken(0.2, loud(), 0.3), spoken(0.0, loud(), 0.0), spoken(0.1, loud(), 0.1)]
    stream = joined(segments, [0.25, 0.5, 0.0], size)
    sounding = np.flatnonzero(np.abs(stream) > 0.2)
    gaps = [right - left - 1 for left, right in pairwise(sounding) if right - left > 100]
    assert gaps == pytest.approx([0.25 * RATE + RIGHT, 0.5 * RATE + LEFT], abs=EDGE)


@every_size
@pytest.mark.parametrize("pause", [0.0, 0.001, 0.2])
def test_joins_of_loud_tones_do_not_click(size: int, pause: float) -> None:
    segments = [loud(300, 0.1), loud(700, 0.05), -loud(500, 0.1)]
    stream = joined(segments, [pause] * 3, size)
    within_a_tone = max(np.abs(np.diff(tone(700, 0.1, RATE, 0.9))))
    fading = 0.9 * np.pi / 2 / EDGE
    jumps = np.abs(np.diff(np.concatenate([[0], stream, [0]])))
    assert jumps.max() < within_a_tone + fading
    assert np.abs(np.diff(np.concatenate(segments))).max() > 2 * (within_a_tone + fading)


@every_size
def test_quiet_noise_counts_as_silence(size: int) -> None:
    noise = np.random.default_rng(2).uniform(-0.0009, 0.0009, RATE).astype(np.float32)
    stream = joined([np.concatenate([noise, loud(), noise])], [0.0], size)
    assert len(stream) == LEFT + len(loud()) + RIGHT
    assert abs(stream[0]) < 1e-5
    assert abs(stream[-1]) < 1e-5


@every_size
def test_how_segments_are_cut_into_chunks_does_not_matter(size: int) -> None:
    segments = [spoken(0.2, loud(), 0.3), silence(0.5, RATE), spoken(0.0, loud(90), 0.1)]
    whole = joined(segments, [0.1, 0.2, 0.3], 10**6)
    assert np.array_equal(joined(segments, [0.1, 0.2, 0.3], size), whole)


@every_size
def test_a_silent_segment_leaves_a_moment_of_silence(size: int) -> None:
    stream = joined([silence(1.0, RATE), spoken(0.1, loud(), 0.1)], [0.3, 0.0], size)
    before = np.flatnonzero(stream)[0]
    assert before == pytest.approx(LEFT + 0.3 * RATE + LEFT, abs=1)


def test_a_stream_of_silence_is_not_empty() -> None:
    assert len(joined([silence(1.0, RATE)], [0.0])) == LEFT


def test_a_segment_of_nothing_is_its_pause() -> None:
    assert len(joined([silence(0, RATE)], [0.25])) == 0.25 * RATE
    assert Joiner(RATE).end(0.0) is None


@every_size
@pytest.mark.parametrize("length", [1, 2, EDGE - 1, EDGE, EDGE + 1, 2 * EDGE])
def test_a_segment_shorter_than_its_fades_keeps_its_length(size: int, length: int) -> None:
    click = np.full(length, 0.9, np.float32)
    stream = joined([click], [0.0], size)
    assert len(stream) == length
    assert max(abs(stream[0]), abs(stream[-1])) < 0.01


def test_sound_is_given_out_at_once_but_for_its_possible_end() -> None:
    joiner = Joiner(RATE)
    first = joiner.push(AudioChunk(spoken(0.5, loud(), 0.0), RATE))
    assert first is not None
    assert len(first.samples) == LEFT + len(loud()) - EDGE


def test_trailing_silence_waits_for_more_sound() -> None:
    joiner = Joiner(RATE)
    joiner.push(AudioChunk(loud(), RATE))
    joiner.push(AudioChunk(silence(0.2, RATE), RATE))
    assert joiner.time == pytest.approx(0.1 + TAIL - FADE)
    assert joiner.push(AudioChunk(silence(0.2, RATE), RATE)) is None
    more = joiner.push(AudioChunk(loud(), RATE))
    assert more is not None
    assert joiner.time == pytest.approx(0.6 - FADE)


def test_what_the_engine_gave_is_not_written_to() -> None:
    chunk = loud()
    chunk.flags.writeable = False
    assert len(joined([chunk, chunk], [0.1, 0.0])) > 0


def test_another_sample_rate_is_the_engines_failure() -> None:
    with pytest.raises(EngineFailed, match=r"22050 Hz.*24000 Hz"):
        Joiner(RATE).push(AudioChunk(loud(), 22050))


def word(text: str, start: float, end: float) -> Word:
    return Word(text, start, end, 0, len(text))


def heard(parts: list[AudioChunk | None]) -> list[tuple[str, float, float]]:
    words = [word for part in parts if part for word in part.words]
    return [(word.text, round(word.start, 9), round(word.end, 9)) for word in words]


def test_words_move_with_their_sound() -> None:
    joiner = Joiner(RATE)
    first = AudioChunk(spoken(0.5, loud(), 0.4), RATE, (word("one", 0.5, 0.6),))
    second = AudioChunk(spoken(0.1, loud(), 0.0), RATE, (word("two", 0.1, 0.2),))
    parts = [joiner.push(first), joiner.end(0.25), joiner.push(second), joiner.end(0.0)]
    begin = LEAD + 0.1 + TAIL + 0.25 + LEAD
    assert heard(parts) == [
        ("one", round(LEAD, 9), round(LEAD + 0.1, 9)),
        ("two", round(begin, 9), round(begin + 0.1, 9)),
    ]


def test_words_stay_within_what_is_left_of_their_segment() -> None:
    joiner = Joiner(RATE)
    early, late = word("early", 0.0, 0.55), word("late", 0.55, 1.0)
    joiner.push(AudioChunk(loud(), RATE))
    joiner.end(0.1)
    chunk = AudioChunk(spoken(0.5, loud(), 0.4), RATE, (early, late))
    parts = [joiner.push(chunk), joiner.end(1.0)]
    assert heard(parts) == [
        ("early", 0.2, round(0.2 + LEAD + 0.05, 9)),
        ("late", round(0.2 + LEAD + 0.05, 9), round(0.2 + LEAD + 0.1 + TAIL, 9)),
    ]


@every_size
def test_no_word_is_lost_or_doubled_or_comes_before_its_sound(size: int) -> None:
    joiner = Joiner(RATE)
    parts = pieces(spoken(0.1, np.tile(np.append(loud(), silence(0.1, RATE)), 4), 0.2), size)
    words = [word(str(n), 0.1 + n * 0.2, 0.2 + n * 0.2) for n in range(4)]
    given = []
    for index, piece in enumerate(parts):
        chunk = joiner.push(AudioChunk(piece, RATE, tuple(words) if index == 0 else ()))
        given.append(chunk)
        assert all(known.end <= joiner.time for known in (chunk.words if chunk else ()))
    given.append(joiner.end(0.0))
    assert [text for text, _, _ in heard(given)] == ["0", "1", "2", "3"]
    starts = [start for _, start, _ in heard(given)]
    assert starts == pytest.approx([LEAD + n * 0.2 for n in range(4)])


def test_words_may_come_after_their_sound() -> None:
    joiner = Joiner(RATE)
    joiner.push(AudioChunk(spoken(0.5, loud(), 0.0), RATE))
    late = joiner.push(AudioChunk(loud(), RATE, (word("late", 0.5, 0.6),)))
    assert heard([late]) == [("late", round(LEAD, 9), round(LEAD + 0.1, 9))]


def test_the_words_of_a_silent_segment_are_not_lost() -> None:
    joiner = Joiner(RATE)
    chunk = AudioChunk(silence(1.0, RATE), RATE, (word("hush", 0.2, 0.8),))
    ((text, start, end),) = heard([joiner.push(chunk), joiner.end(0.0)])
    assert text == "hush"
    assert 0 <= start <= end <= LEAD
