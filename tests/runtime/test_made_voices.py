"""Voices that are made travel to a host as states: once each, by digest, and never mixed up."""

import hashlib
from dataclasses import replace

import numpy as np
import pytest

from polyvox.domain.errors import EngineFailed, InvalidInput
from polyvox.domain.speech import Segment
from polyvox.domain.voice import CLONED, PRESET, Reference, Voice
from polyvox.runtime.pool import Pool
from polyvox.runtime.wire import STATES_HELD, States, from_fields, to_fields
from tests import sounds
from tests.runtime.test_pool import VOICE, pool_of

RATE = 24000


def made(state: bytes) -> Voice:
    digest = hashlib.sha256(state).hexdigest()
    return Voice(digest[:8], "made", "tone", CLONED, digest=digest, state=state)


async def pitch(pool: Pool, voice: Voice) -> float:
    chunks = pool.speak("tone", Segment("ten chars.", "en"), voice, {})
    samples = np.concatenate([chunk.samples async for chunk in chunks])
    return sounds.pitch_of(samples[: RATE // 2], RATE)


async def enrolled(pool: Pool, frequency: float) -> Voice:
    reference = Reference(sounds.tone(frequency, 2, RATE), RATE, transcript="hm", language="en")
    return made(await pool.enroll("tone", reference))


async def test_a_voice_made_of_a_recording_sounds_like_it() -> None:
    async with pool_of(1) as pool:
        assert await pitch(pool, await enrolled(pool, 330)) == pytest.approx(330, rel=0.01)


async def test_a_voice_made_of_words_says_what_was_understood() -> None:
    async with pool_of(1) as pool:
        design = await pool.design("tone", "a high voice", "en", {}, "")
        assert [(trait.words, trait.first, trait.last) for trait in design.understood] == [
            ("high", 2, 6)
        ]
        assert design.ignored == ("a", "voice")
        assert await pitch(pool, made(design.state)) == pytest.approx(880, rel=0.01)
        by_hand = await pool.design("tone", "a high voice", "en", {"pitch": 500.0}, "")
        assert await pitch(pool, made(by_hand.state)) == pytest.approx(500, rel=0.01)


async def test_a_blend_lies_between_its_voices() -> None:
    async with pool_of(1) as pool:
        voices = [VOICE, await enrolled(pool, 220)]
        state = await pool.blend("tone", voices, [0.5, 0.5])
        assert await pitch(pool, made(state)) == pytest.approx((440 * 220) ** 0.5, rel=0.01)


async def test_each_host_gets_a_state_before_it_is_needed_even_after_it_was_dropped() -> None:
    async with pool_of(2) as pool:
        frequencies = [200 + 10 * n for n in range(STATES_HELD + 3)]
        voices = [await enrolled(pool, frequency) for frequency in frequencies]
        for voice, frequency in [*zip(voices, frequencies, strict=True)] * 2:
            assert await pitch(pool, voice) == pytest.approx(frequency, rel=0.02)


async def test_a_recording_without_a_voice_is_the_callers_mistake() -> None:
    async with pool_of(1) as pool:
        with pytest.raises(InvalidInput, match="Nobody hums"):
            await pool.enroll("tone", Reference(sounds.silence(2, RATE), RATE))
        assert pool.state("tone") == "ready"


async def test_a_malformed_state_costs_its_request_alone() -> None:
    async with pool_of(1) as pool:
        with pytest.raises(InvalidInput, match="Not a voice state"):
            await pitch(pool, made(b"nonsense"))
        assert await pitch(pool, VOICE) == pytest.approx(440, rel=0.01)


async def test_an_engine_that_cannot_is_told_apart_from_one_that_fails() -> None:
    async with pool_of(1) as pool:
        with pytest.raises(EngineFailed):
            await pool.blend("tone", [replace(VOICE, speaker="nobody")], [1.0])


def test_bytes_and_samples_are_left_to_the_body() -> None:
    voice = Voice("a.b", "b", "a", PRESET, "b", digest="00", state=b"secret")
    assert from_fields(Voice, to_fields(voice)) == replace(voice, state=None)
    assert to_fields(Reference(sounds.silence(1, RATE), RATE)) == {
        "sample_rate": RATE,
        "transcript": None,
        "language": None,
    }


def test_both_sides_drop_the_same_state() -> None:
    ours, theirs = States(), States()
    for number in range(3 * STATES_HELD):
        digest = str(number % (STATES_HELD + 5))
        assert (ours.use(digest) is None) == (theirs.use(digest) is None)
        if digest not in ours:
            ours.add(digest, b"held")
            theirs.add(digest, b"state")
        assert list(ours) == list(theirs)
