"""The embedded engine: many languages, distinct voices, word times, the same sound twice."""

from collections.abc import Iterator
from itertools import combinations

import numpy as np
import pytest

from polyvox.domain.audio import AudioChunk, Samples
from polyvox.domain.speech import Segment, Word
from polyvox.domain.voice import PRESET, Voice
from polyvox.engines.espeak.engine import Espeak
from polyvox.engines.espeak.languages import VOICES, runs
from polyvox.engines.espeak.words import tokens
from polyvox.services.presets import GENERIC, OPENAI

QWEN = ("Vivian", "Serena", "Uncle_Fu", "Dylan", "Eric", "Ryan", "Aiden", "Ono_Anna", "Sohee")

SENTENCES = {
    "zh": "今天天气很好,我们一起去公园散步。",
    "en": "The weather is lovely today, so let us walk in the park.",
    "ja": "今日は天気がいいので、公園を散歩しましょう。",
    "ko": "오늘은 날씨가 좋아서 공원을 산책합시다.",
    "de": "Das Wetter ist heute schön, also gehen wir im Park spazieren.",
    "fr": "Il fait beau aujourd'hui, alors promenons-nous dans le parc.",
    "ru": "Сегодня хорошая погода, давайте погуляем в парке.",
    "pt": "O tempo está ótimo hoje, então vamos passear no parque.",
    "es": "Hoy hace buen tiempo, así que vamos a pasear por el parque.",
    "it": "Oggi il tempo è bello, quindi andiamo a passeggiare nel parco.",
}


@pytest.fixture(scope="module")
def espeak() -> Iterator[Espeak]:
    engine = Espeak()
    engine.load("cpu")
    yield engine
    engine.unload()


def speak(
    espeak: Espeak, text: str, language: str = "en", speaker: str = "alloy", **options: object
) -> list[AudioChunk]:
    voice = Voice(speaker, speaker, "espeak", PRESET, speaker)
    segment = Segment(text, language)
    return list(espeak.synthesize(segment, voice, Espeak.Options(**options)))  # type: ignore[arg-type]


def sound(chunks: list[AudioChunk]) -> Samples:
    return np.concatenate([chunk.samples for chunk in chunks])


def words(chunks: list[AudioChunk]) -> list[Word]:
    return [word for chunk in chunks for word in chunk.words]


@pytest.mark.parametrize("language", SENTENCES)
def test_ten_languages_are_spoken_with_a_time_for_every_word(espeak: Espeak, language: str) -> None:
    text = SENTENCES[language]
    chunks = speak(espeak, text, language)
    length = len(sound(chunks)) / espeak.sample_rate
    assert 2 < length < 8
    heard = words(chunks)
    assert [text[word.first : word.last] for word in heard] == [word.text for word in heard]
    written = "".join(character for character in text if character.isalnum())
    assert "".join(c for word in heard for c in word.text if c.isalnum()) == written
    starts = [word.start for word in heard]
    assert starts == sorted(starts)
    assert all(0 <= word.start <= word.end <= length + 0.01 for word in heard)


@pytest.mark.parametrize("language", sorted(VOICES))
def test_every_language_it_names_can_be_spoken(espeak: Espeak, language: str) -> None:
    assert np.abs(sound(speak(espeak, "Mama 1 2 3", language))).max() > 0.05


def test_its_languages_are_all_that_the_library_can_pronounce() -> None:
    from pathlib import Path

    import espeakng_loader

    data = Path(espeakng_loader.get_data_path())
    dictionaries = {path.name.removesuffix("_dict") for path in data.glob("*_dict")}
    covered = {voice.split("-")[0] for voice in VOICES.values()}
    assert dictionaries - covered == {"no"}, "Norwegian is spoken by its Bokmål voice"


def test_names_that_clients_send_mean_distinct_voices() -> None:
    names = [speaker.name for speaker in Espeak.speakers]
    assert set(names) == {*GENERIC, *OPENAI}
    aliases = [alias for speaker in Espeak.speakers for alias in speaker.aliases]
    assert sorted(aliases) == sorted(QWEN)


def test_no_two_voices_sound_alike(espeak: Espeak) -> None:
    """Apart by more than a semitone of pitch, or by 2 dB of long-time spectrum."""
    text = SENTENCES["en"]
    sounds = {each.name: sound(speak(espeak, text, "en", each.name)) for each in espeak.speakers}
    pitch = {name: 12 * np.log2(median_pitch(x, espeak.sample_rate)) for name, x in sounds.items()}
    colour = {name: _spectrum(x) for name, x in sounds.items()}
    for one, other in combinations(sounds, 2):
        apart = abs(pitch[one] - pitch[other]) > 1
        coloured = np.abs(colour[one] - colour[other]).mean() > 2
        assert apart or coloured, f"{one} sounds like {other}"


def test_women_are_higher_than_men(espeak: Espeak) -> None:
    pitches: dict[str, list[float]] = {"female": [], "male": [], "neutral": []}
    for each in espeak.speakers:
        x = sound(speak(espeak, SENTENCES["en"], "en", each.name))
        pitches[each.gender].append(median_pitch(x, espeak.sample_rate))
    assert min(pitches["female"]) > max(pitches["male"])


def median_pitch(samples: Samples, rate: int) -> float:
    """Hertz, 60 to 400: the median over voiced frames of 50 ms, by autocorrelation."""
    size = rate // 20
    frames = samples[: len(samples) // size * size].reshape(-1, size).astype(np.float64)
    alike = np.fft.irfft(np.abs(np.fft.rfft(frames, 2 * size)) ** 2)[:, :size]
    alike /= np.arange(size, 0, -1)
    first, last = rate // 400, rate // 60
    best = alike[:, first:last].argmax(1) + first
    strength = alike[np.arange(len(best)), best] / (alike[:, 0] + 1e-9)
    return float(np.median(rate / best[(strength > 0.8) & (alike[:, 0] > 1e-3)]))


def _spectrum(samples: Samples) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """Long-time average spectrum in 32 bands of equal width up to 8 kHz, in dB."""
    frames = samples[: len(samples) // 1024 * 1024].reshape(-1, 1024) * np.hanning(1024)
    power = (np.abs(np.fft.rfft(frames)) ** 2).mean(0)[4:356].reshape(-1, 11).mean(1)
    return 10 * np.log10(power / power.mean() + 1e-9)


def test_the_same_request_gives_the_same_samples_whatever_came_between(espeak: Espeak) -> None:
    first = sound(speak(espeak, "Say it again.", "en", "fable"))
    speak(espeak, "Etwas anderes.", "de", "onyx", pitch=90)
    assert np.array_equal(first, sound(speak(espeak, "Say it again.", "en", "fable")))


def test_options_do_what_they_say(espeak: Espeak) -> None:
    def spoken(**options: object) -> Samples:
        return sound(speak(espeak, SENTENCES["en"], "en", "alloy", **options))

    plain = spoken()
    assert len(spoken(speed=2.0)) < 0.62 * len(plain)
    assert len(spoken(word_gap=20)) > 1.2 * len(plain)
    high, low = spoken(pitch=90), spoken(pitch=10)
    assert median_pitch(high, espeak.sample_rate) > 1.2 * median_pitch(low, espeak.sample_rate)
    assert len(spoken(punctuation="all")) > 1.05 * len(plain)
    assert not np.array_equal(spoken(range=0), plain)


def test_a_number_is_one_word(espeak: Espeak) -> None:
    heard = words(speak(espeak, "It costs 1234.56 euros."))
    assert [word.text for word in heard] == ["It", "costs", "1234.56", "euros"]
    assert heard[2].end - heard[2].start > 1


def test_words_of_other_scripts_are_read_by_who_can_read_them(espeak: Espeak) -> None:
    text = "I love 東京 and Москва."
    heard = words(speak(espeak, text))
    assert [word.text for word in heard] == ["I", "love", "東", "京", "and", "Москва"]
    assert [text[word.first : word.last] for word in heard] == [word.text for word in heard]
    parts = [(language, text[first:last]) for language, first, last in runs(text, "en")]
    assert [language for language, _ in parts] == ["en", "zh", "en", "ru"]
    assert "".join(part for _, part in parts) == text


def test_kanji_are_read_as_japanese(espeak: Espeak) -> None:
    """ "Nihongo" takes under two seconds; "Chinese letter" three times takes longer."""
    assert len(sound(speak(espeak, "日本語", "ja"))) < 1.5 * espeak.sample_rate


def test_closing_the_stream_stops_the_library(espeak: Espeak) -> None:
    stream = espeak.synthesize(
        Segment("word " * 90, "en"), Voice("a", "a", "espeak", PRESET, "alloy"), Espeak.Options()
    )
    next(stream)
    stream.close()  # type: ignore[attr-defined]
    assert words(speak(espeak, "Still here."))[-1].text == "here"


@pytest.mark.parametrize(
    "text",
    ["<speak>hi</speak>", "[[h@l'oU]] x", "a\0b", "\\x", "%s%n", "& < >", "😀 ok", "ok " * 160],
)
def test_nothing_in_a_text_is_a_command(espeak: Espeak, text: str) -> None:
    assert np.abs(sound(speak(espeak, text))).max() > 0.05


def test_tokens_are_words_without_their_punctuation() -> None:
    text = "Don't stop—now! «Ça va?» 東京 😀 -- 3.14"
    assert [text[first:last] for first, last in tokens(text)] == [
        "Don't",
        "stop—now",
        "Ça",
        "va",
        "東",
        "京",
        "😀",
        "3.14",
    ]
