"""From an utterance to audio, with the hum of `tone` to measure by."""

import asyncio
import dataclasses
from pathlib import Path

import numpy as np
import pytest

from polyvox.app import running
from polyvox.audio.encode import FORMATS, format_named
from polyvox.audio.join import LEAD, TAIL
from polyvox.domain.audio import Recording
from polyvox.domain.errors import EngineFailed, InvalidInput, NotFound, NothingToSpeak
from polyvox.domain.speech import Utterance
from polyvox.services import Services
from polyvox.settings import Settings
from tests.sounds import decode, pitch_of

PCM = format_named("pcm")
RATE = 24000


def hum(text: str, **given: object) -> Utterance:
    return Utterance(text, model="tone", language="en", **given)  # type: ignore[arg-type]


async def spoken(services: Services, utterance: Utterance, fmt: str = "pcm") -> Recording:
    return await (await services.synthesis.speak(utterance, format_named(fmt))).collect()


def samples(recording: Recording) -> np.ndarray[tuple[int], np.dtype[np.float32]]:
    return np.frombuffer(recording.data, "<i2").astype(np.float32) / 32768


async def test_what_is_asked_for_is_what_is_heard(services: Services) -> None:
    recording = await spoken(services, hum("ten chars."))
    assert recording.duration == pytest.approx(1, abs=0.05)
    assert len(samples(recording)) / RATE == pytest.approx(recording.duration, abs=0.01)
    assert pitch_of(samples(recording), RATE) == pytest.approx(440, rel=0.01)


@pytest.mark.parametrize(("voice", "pitch"), [("low", 220), ("high", 880), ("tone.high", 880)])
async def test_a_voice_is_found_by_name_and_by_id(
    services: Services, voice: str, pitch: int
) -> None:
    recording = await spoken(services, hum("ten chars.", voice=voice))
    assert pitch_of(samples(recording), RATE) == pytest.approx(pitch, rel=0.01)


async def test_a_voices_id_chooses_its_engine(services: Services) -> None:
    speech = await services.synthesis.speak(Utterance("hello", voice="tone.low"), PCM)
    assert (speech.engine, speech.model) == ("tone", "tone")
    await speech.aclose()


@pytest.mark.parametrize("fmt", FORMATS)
async def test_every_format_carries_the_same_sound(services: Services, fmt: str) -> None:
    recording = await spoken(services, hum("ten chars. " * 2), fmt)
    heard, rate = decode(recording.data, fmt)
    assert len(heard) / rate == pytest.approx(recording.duration, abs=0.12)
    middle = heard[len(heard) // 4 : -len(heard) // 4]
    assert pitch_of(middle, rate) == pytest.approx(440, rel=0.01)


@pytest.mark.parametrize("speed", [0.25, 0.5, 2.0, 4.0])
async def test_speed_changes_the_pace_and_not_the_pitch(services: Services, speed: float) -> None:
    recording = await spoken(services, hum("ten chars.", speed=speed))
    heard = samples(recording)
    assert len(heard) / RATE == pytest.approx(1 / speed, rel=0.05, abs=0.08)
    assert recording.duration == pytest.approx(len(heard) / RATE, abs=0.08)
    assert pitch_of(heard, RATE) == pytest.approx(440, rel=0.02)


async def test_espeak_speeds_up_by_itself_as_far_as_it_can(services: Services) -> None:
    text = "The weather is lovely today, so let us walk in the park."
    plain = (await spoken(services, Utterance(text))).duration
    for speed in (0.25, 0.5, 2.0, 4.0):
        recording = await spoken(services, Utterance(text, speed=speed))
        assert recording.duration == pytest.approx(plain / speed, rel=0.2)


async def test_words_keep_their_times_and_places_through_everything(services: Services) -> None:
    text = "one two [pause:1s] three\n\nfour cafe\u0301 end"
    recording = await spoken(services, hum(text, speed=2.0))
    words = {word.text: word for word in recording.words}
    assert list(words) == ["one", "two", "three", "four", "cafe\u0301", "end"]
    assert all(text[word.first : word.last] == word.text for word in recording.words)
    starts = [word.start for word in recording.words]
    assert starts == sorted(starts)
    assert words["three"].start - words["two"].end == pytest.approx(1, abs=0.1)
    assert words["end"].end <= recording.duration + 0.01


async def test_a_pause_is_as_long_as_it_says(services: Services) -> None:
    plain = (await spoken(services, hum("hello you"))).duration
    with_pause = (await spoken(services, hum("hello [pause:1.5s] you"))).duration
    assert with_pause - plain == pytest.approx(1.5, abs=0.15)


async def test_a_pause_before_the_first_word_is_kept(services: Services) -> None:
    recording = await spoken(services, hum("[pause:1s] ten chars."), "wav")
    heard, rate = decode(recording.data, "wav")
    assert np.abs(heard[: int(0.9 * rate)]).max() == 0
    assert recording.words[0].start == pytest.approx(1, abs=0.05)


@pytest.mark.parametrize("fmt", FORMATS)
async def test_even_the_shortest_sound_is_sent(services: Services, fmt: str) -> None:
    recording = await spoken(services, hum("a", speed=4.0), fmt)
    assert np.abs(decode(recording.data, fmt)[0]).max() > 0.05


async def test_punctuation_alone_is_a_short_silence(services: Services) -> None:
    """As some clients ask for "." to see whether the server works."""
    recording = await spoken(services, hum("."), "wav")
    heard, rate = decode(recording.data, "wav")
    assert len(heard) == pytest.approx(0.25 * rate, rel=0.1)
    assert not heard.any()


async def test_a_long_text_is_spoken_whole_and_in_order(services: Services) -> None:
    sentences = [f"Sentence number {index} hums for a while." for index in range(60)]
    text = " ".join(sentences)
    recording = await spoken(services, hum(text))
    assert " ".join(word.text for word in recording.words) == text
    silent_edges = LEAD + TAIL + 0.6
    assert recording.duration == pytest.approx(len(text) * 0.1, abs=20 * silent_edges)
    steps = np.abs(np.diff(samples(recording)))
    assert steps.max() < 0.5 * 2 * np.pi * 440 / RATE * 1.1, "a click"


async def test_parts_come_before_the_end(services: Services) -> None:
    asked = hum("ten chars. " * 3, options={"real_time_factor": 0.2})
    speech = await services.synthesis.speak(asked, PCM)
    progress = [part.progress async for part in speech]
    assert len(progress) > 10
    assert progress == sorted(progress)
    assert progress[-1] == 1.0


@pytest.mark.parametrize(
    ("given", "kind", "param"),
    [
        ({"text": ""}, NothingToSpeak, "input"),
        ({"text": " \n\t "}, NothingToSpeak, "input"),
        ({"text": "\u200b\x00"}, NothingToSpeak, "input"),
        ({"text": "hello", "options": {"level": 0.0}}, NothingToSpeak, "input"),
        ({"text": "a" * 5000}, InvalidInput, "input"),
        ({"text": "hi [pause:99s]"}, InvalidInput, "input"),
        ({"voice": "nobody"}, NotFound, "voice"),
        ({"voice": "../../etc/passwd"}, NotFound, "voice"),
        ({"voice": "espeak.alloy"}, NotFound, "voice"),
        ({"model": "gpt-9"}, NotFound, "model"),
        ({"language": "tlh"}, InvalidInput, "language"),
        ({"speed": 0.2}, InvalidInput, "speed"),
        ({"speed": float("nan")}, InvalidInput, "speed"),
        ({"options": {"pitch": 1}}, InvalidInput, "options.pitch"),
        ({"options": {"level": 2.0}}, InvalidInput, "options.level"),
    ],
)
async def test_refusals_come_before_the_first_byte(
    services: Services, given: dict[str, object], kind: type[Exception], param: str
) -> None:
    asked = dataclasses.replace(hum("hello"), **given)  # type: ignore[arg-type]
    with pytest.raises(kind) as refused:
        await services.synthesis.speak(asked, PCM)
    assert refused.value.param == param  # type: ignore[attr-defined]


async def test_a_sample_rate_that_a_format_cannot_have_is_refused(services: Services) -> None:
    with pytest.raises(InvalidInput) as refused:
        await services.synthesis.speak(hum("hello"), PCM, 44100)
    assert refused.value.param == "sample_rate"


async def test_an_engine_that_fails_before_its_first_sound_is_a_refusal(
    services: Services,
) -> None:
    with pytest.raises(EngineFailed):
        await services.synthesis.speak(hum("hello", options={"fail_after": 0.0}), PCM)


async def test_an_engine_that_fails_later_breaks_the_stream(services: Services) -> None:
    asked = hum("ten chars. " * 5, options={"fail_after": 2.0, "real_time_factor": 0.1})
    speech = await services.synthesis.speak(asked, PCM)
    with pytest.raises(EngineFailed):
        async for _ in speech:
            pass


async def test_a_listener_who_leaves_frees_the_engine(services: Services) -> None:
    asked = hum("ten chars. " * 18, options={"real_time_factor": 1.0})
    for _ in range(4):  # more often than there are hosts
        speech = await services.synthesis.speak(asked, PCM)
        await speech.aclose()
    async with asyncio.timeout(5):  # each would take 20 s
        await spoken(services, hum("hello"))


async def test_cancelling_while_it_waits_frees_the_engine(services: Services) -> None:
    asked = hum("ten chars. " * 18, options={"real_time_factor": 1.0})
    tasks = [asyncio.create_task(spoken(services, asked)) for _ in range(6)]
    await asyncio.sleep(0.3)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    async with asyncio.timeout(5):
        await spoken(services, hum("hello"))


async def test_a_repeated_request_is_answered_from_storage(tmp_path: Path) -> None:
    settings = Settings.model_validate(
        {"engines": {"enabled": ("espeak", "tone")}, "storage": {"folder": tmp_path}}
    )
    asked = Utterance("Once more, with words.", voice="fable")
    async with running(settings) as services:
        first = await services.synthesis.speak(asked, PCM)
        kept = await first.collect()
        again = await services.synthesis.speak(asked, PCM)
        assert (first.cached, again.cached) == (False, True)
        assert await again.collect() == kept
    async with running(settings) as services:  # a new process finds it again
        again = await services.synthesis.speak(asked, PCM)
        assert again.cached
        assert await again.collect() == kept
        assert services.engines.status("espeak").hosts == 0, "nothing was spoken for it"
        for other in (
            dataclasses.replace(asked, voice="nova"),
            dataclasses.replace(asked, speed=1.5),
            dataclasses.replace(asked, pitch=1.5),
            dataclasses.replace(asked, seed=1),
            dataclasses.replace(asked, options={"pitch": 51}),
            dataclasses.replace(asked, text="Once more, with words!"),
            dataclasses.replace(asked, language="en-gb"),
        ):
            speech = await services.synthesis.speak(other, PCM)
            assert not speech.cached, other
            await speech.aclose()
        for fmt, rate in (("mp3", None), ("wav", 16000)):
            speech = await services.synthesis.speak(asked, format_named(fmt), rate)
            assert not speech.cached
            await speech.aclose()


async def test_speech_that_was_left_is_not_kept(tmp_path: Path) -> None:
    settings = Settings.model_validate(
        {"engines": {"enabled": ("tone",)}, "speech": {"model": "tone"}}
        | {"storage": {"folder": tmp_path}}
    )
    asked = hum("ten chars. " * 3, options={"real_time_factor": 0.1})
    async with running(settings) as services:
        speech = await services.synthesis.speak(asked, PCM)
        await speech.aclose()
        assert not (await services.synthesis.speak(asked, PCM)).cached


async def test_the_cache_can_be_switched_off(tmp_path: Path) -> None:
    settings = Settings.model_validate(
        {"cache": {"enabled": False}, "storage": {"folder": tmp_path}}
    )
    async with running(settings) as services:
        for _ in range(2):
            assert not (await services.synthesis.speak(Utterance("hi"), PCM)).cached
