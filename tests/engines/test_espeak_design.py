"""Words to a voice: what is understood in ten languages, and what is heard for it."""

import hashlib
from collections.abc import Mapping
from pathlib import Path

import espeakng_loader
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from polyvox.domain.audio import Samples
from polyvox.domain.errors import InvalidInput
from polyvox.engines.espeak.designing.design import (
    LONGEST_DESCRIPTION,
    SETTINGS,
    Described,
    describe,
)
from polyvox.engines.espeak.designing.lexicon import LANGUAGES, MEANS, parse, read
from polyvox.engines.espeak.designing.meanings import MEANINGS, NEUTRAL_VOICE
from polyvox.engines.espeak.languages import VOICES
from polyvox.engines.espeak.library import Library
from polyvox.engines.espeak.overlay import overlay
from polyvox.engines.espeak.presets import TIMBRES, variant

PRESETS_AS_THEY_WERE = "7293c9f9f9dedda855c0717e92b61311b505932204b52dcf9d1f8f1fff2fa0c8"
RATE = 22050
SENTENCES = (
    "The weather is lovely today, so let us walk in the park.",
    "She sells her old books on the market every Sunday morning, and nobody minds.",
)

UNDERSTOOD = [
    # English
    ("A deep, slow male voice", "low | slow | male"),
    ("a young girl, very cheerful", "young | female, teenage | very cheerful"),
    ("a little girl with a squeaky voice", "female, child | high"),
    ("elderly woman, whispering, without an accent", "female, old | whispering | no accent"),
    ("extremely high-pitched, not too fast", "extremely high | not fast"),
    ("in her 70s, hoarse and a bit tired", "female | old | rough | slightly tired"),
    ("British accent, rather quiet", "British accent | somewhat quiet"),
    # Deutsch
    ("Eine tiefe, ruhige Männerstimme", "low | calm | male"),
    ("eine alte Frau, die sehr langsam spricht", "female, old | very slow"),
    ("junges Mädchen, nicht zu schnell", "female, teenage | not fast"),
    ("mit heller, leicht heiserer Stimme", "bright | slightly rough"),
    ("er klingt alt, aber freundlich", "male | old | friendly"),
    ("flüsternde Stimme ohne Akzent", "whispering | no accent"),
    # Français
    ("une voix grave et très douce", "low | very soft"),
    ("une femme âgée, pas trop rapide", "female, old | not fast"),
    ("un homme jeune à la voix aiguë", "male | young | high"),
    ("une petite fille joyeuse", "female, child | cheerful"),
    ("voix rauque, un peu lente, sans accent", "rough | slightly slow | no accent"),
    # Español
    ("una voz grave y muy lenta", "low | very slow"),
    ("mujer joven y alegre, no demasiado rápida", "female | young | cheerful | not fast"),
    ("abuelo con voz ronca", "male, old | rough"),
    ("él susurra, con acento mexicano", "male | whispering | Latin American accent"),
    ("voz agudísima, brillante", "very high | bright"),
    # Italiano
    ("una voce maschile profonda e calda", "male | low | warm"),
    ("donna anziana, non troppo veloce", "female, old | not fast"),
    ("voce lentissima e leggermente roca", "very slow | slightly rough"),
    ("una ragazza allegra, molto espressiva", "female, teenage | cheerful | very expressive"),
    # Português
    ("uma voz feminina jovem e rápida", "female | young | fast"),
    ("homem idoso, muito calmo, sem sotaque", "male, old | very calm | no accent"),
    ("avó com voz trêmula", "female, old | trembling"),
    ("avô com sotaque brasileiro", "male, old | Brazilian accent"),
    ("voz não muito aguda, sussurrada", "not high | whispering"),
    # Русский
    ("низкий мужской голос", "low | male"),
    ("говорит низким, спокойным голосом", "low | calm"),
    ("пожилая женщина с хриплым голосом", "female, old | rough"),
    ("весёлая девочка, не слишком быстро", "cheerful | female, child | not fast"),
    ("веселый молодой человек, очень громко", "cheerful | young | very loud"),
    ("шёпотом, без акцента", "whispering | no accent"),
    # 中文
    ("低沉的男性声音", "low | male"),
    ("年轻女孩，非常活泼，语速不太快", "young | female, teenage | very lively | not fast"),
    ("老奶奶，声音稍微有点沙哑", "female, old | slightly rough"),
    ("中年女人，温柔，说话快一点", "adult | female | warm | slightly fast"),
    ("男聲，粵語，明亮", "male | Cantonese accent | bright"),
    ("没有口音", "no accent"),
    # 日本語
    ("低くて落ち着いた男性の声", "low | calm | male"),
    ("若い女性の明るい声、速すぎない", "young | female | bright | not fast"),
    ("少しかすれた、とてもゆっくりした話し方", "slightly rough | very slow"),
    ("訛りのないおばあさんの声", "no accent | female, old"),
    ("ささやくように話す少女", "whispering | female, teenage"),
    # 한국어
    ("낮고 차분한 남자 목소리", "low | calm | male"),
    ("젊은 여성이 아주 천천히 말하는", "young | female | very slow"),
    ("너무 빠르지 않은 밝은 목소리", "not fast | bright"),
    ("속삭이는 할머니, 사투리 없이", "whispering | female, old | no accent"),
    ("약간 거친 목소리", "slightly rough"),
]


def told(described: Described) -> str:
    return " | ".join(trait.meaning for trait in described.understood)


@pytest.mark.parametrize(("description", "meaning"), UNDERSTOOD)
def test_ten_languages_are_understood_without_being_named(description: str, meaning: str) -> None:
    described = describe(description, {})
    assert told(described) == meaning
    assert described.ignored in ((), ("человек",))


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_language_has_a_word_for_every_meaning_but_some_accents(language: str) -> None:
    senses = [sense for phrases in read(language).values() for _, sense in phrases]
    meant = {name for sense in senses if sense.role == MEANS for name in sense.meanings}
    needed = {name for name, meaning in MEANINGS.items() if meaning.about != "accent"}
    assert needed <= meant
    assert {"British accent", "American accent", "Brazilian accent"} <= meant


def test_a_word_with_two_meanings_is_refused() -> None:
    with pytest.raises(ValueError, match="deep"):
        parse("low: deep\nhigh: deep")
    with pytest.raises(ValueError, match="purple"):
        parse("purple: violet")


def test_words_of_one_language_mean_nothing_else_in_another() -> None:
    assert told(describe("Der Mann ist alt und redet tief", {})) == "male | old | low"
    assert told(describe("voz alta y clara", {})) == "high | clear"
    assert told(describe("voce alta e chiara", {})) == "high | clear"
    assert told(describe("sie ist fast so alt wie ich", {})) == "female | very old"
    assert told(describe("a kind man", {})) == "friendly | male"
    assert told(describe("die Stimme von einem Kind, hoch", {})) == "child | high"


def test_the_language_decides_about_a_word_that_several_have() -> None:
    assert told(describe("calma", {}, "it")) == "calm"
    assert told(describe("kind", {}, "de")) == "child"
    assert told(describe("kind", {}, "en-GB")) == "friendly"
    assert told(describe("alto", {}, "es")) == "high"
    assert told(describe("alto", {}, "en")) == "somewhat low"


def test_each_trait_stands_where_it_says() -> None:
    text = "A very deep voice, not too fast, for a girl."
    traits = describe(text, {}).understood
    assert [trait.words for trait in traits] == ["very deep", "not too fast", "girl"]
    assert [trait.about for trait in traits] == ["pitch", "pace", "gender, age"]
    assert [text.index(trait.words) for trait in traits] == [trait.first for trait in traits]


def test_words_that_say_something_else_are_told() -> None:
    described = describe("a purple, deep voice with caramel undertones", {})
    assert described.ignored == ("purple", "caramel", "undertones")
    assert describe("紫色の声", {}).ignored == ("紫色",)
    assert describe("보라색 목소리", {}).ignored == ("보라색",)
    assert describe("βαθιά φωνή", {}).ignored == ("βαθιά", "φωνή")


def test_an_accent_is_told_unless_it_is_known_or_denied() -> None:
    assert describe("with a Martian accent", {}).ignored == ("Martian", "accent")
    assert describe("with a Scottish accent", {}).ignored == ()
    assert describe("with a Scottish accent", {}).accent == "en-gb-scotland"
    assert describe("without a Scottish accent", {}).accent is None


@pytest.mark.parametrize("description", ["", "   ", "...", "purple elephants", "voice"])
def test_without_a_known_word_it_is_the_neutral_voice(description: str) -> None:
    described = describe(description, {})
    assert described.settings == NEUTRAL_VOICE
    assert described.understood == ()
    assert described.gender is described.accent is None


def test_a_denied_word_changes_nothing() -> None:
    assert describe("not deep, never loud", {}).settings == NEUTRAL_VOICE


def test_of_opposites_the_later_wins() -> None:
    assert describe("high, or rather low", {}).settings["pitch"] < NEUTRAL_VOICE["pitch"]
    assert describe("a man, no, she is a woman", {}).gender == "female"


def test_a_special_age_wins_over_a_general_one() -> None:
    girl = describe("girl", {}).settings["pitch"]
    assert describe("girl, young", {}).settings == describe("young girl", {}).settings
    assert describe("young girl", {}).settings["pitch"] == girl
    assert describe("young child", {}).settings == describe("child", {}).settings


@pytest.mark.parametrize(
    ("younger", "older"),
    [("a girl of 9 years", "a woman of 30 years"), ("6歳の少年", "40歳の男性")],
)
def test_years_are_an_age(younger: str, older: str) -> None:
    assert describe(younger, {}).settings["pitch"] > 1.1 * describe(older, {}).settings["pitch"]


@pytest.mark.parametrize("word", ["deep", "high", "fast", "slow", "bright", "dark", "loud", "sad"])
def test_degrees_are_in_order(word: str) -> None:
    degrees = ("", "slightly ", "", "very ", "extremely ")
    plain = NEUTRAL_VOICE
    steps = [
        sum(abs(described.settings[name] - plain[name]) for name in SETTINGS)
        for described in (describe(degree + word, {}) for degree in degrees[1:])
    ]
    assert 0 < steps[0] < steps[1] < steps[2] < steps[3]


def test_every_accent_is_a_language_that_can_be_spoken() -> None:
    accents = {meaning.accent for meaning in MEANINGS.values() if meaning.accent}
    assert len(accents) == 14
    assert accents <= set(VOICES)


def test_settings_by_hand_win_over_the_words() -> None:
    described = describe("a very deep voice", {"pitch": 300, "whisper": 1})
    assert described.settings["pitch"] == 300
    assert described.timbre.whisper == 1
    assert described.settings["tract"] < NEUTRAL_VOICE["tract"], "the rest is as described"
    assert set(described.settings) == set(SETTINGS)


@pytest.mark.parametrize("name", SETTINGS)
def test_a_setting_out_of_its_range_is_refused(name: str) -> None:
    low, high = SETTINGS[name].low, SETTINGS[name].high
    for value in (low, high):
        assert describe("", {name: value}).settings[name] == value
    for value in (low - 0.1, high + 0.1, float("nan"), float("inf")):
        with pytest.raises(InvalidInput, match=f"'{name}' must be between {low:g} and {high:g}"):
            describe("", {name: value})


def test_an_unknown_setting_is_refused() -> None:
    with pytest.raises(InvalidInput, match="colour") as refused:
        describe("", {"colour": 1})
    assert refused.value.param == "colour"


WORDS = st.sampled_from(
    "deep very not slightly girl tiefe nicht sehr grave très pas 低 不 很 低い ない とても "
    "낮은 않은 низкий очень не 30 years accent voice purple ,".split()
)


@settings(max_examples=30, deadline=None)
@given(st.one_of(st.text(max_size=80), st.lists(WORDS, max_size=12).map(" ".join)))
def test_any_text_has_a_consistent_reading(text: str) -> None:
    described = describe(text, {})
    assert described == describe(text, {})
    end = 0
    for trait in described.understood:
        assert trait.words == text[trait.first : trait.last]
        assert end <= trait.first < trait.last
        end = trait.last
    words = {trait.words.casefold() for trait in described.understood}
    assert not words & {word.casefold() for word in described.ignored}
    assert len(set(described.ignored)) == len(described.ignored)
    assert all(word in text for word in described.ignored)
    for name, rule in SETTINGS.items():
        low, high = rule.low, rule.high
        assert low <= described.settings[name] <= high


def test_what_is_too_long_is_not_read_to_its_end() -> None:
    filled = "voice " * (LONGEST_DESCRIPTION // 6)
    assert told(describe("deep " + filled, {})) == "low"
    assert told(describe(filled + "voice deep", {})) == ""


def test_the_presets_are_what_they_were() -> None:
    text = "".join(variant(name, timbre) for name, timbre in TIMBRES.items())
    assert hashlib.sha256(text.encode()).hexdigest() == PRESETS_AS_THEY_WERE


HEARD = (
    "",
    "a man",
    "a woman",
    "a child",
    "an old woman",
    "a deep male voice",
    "a slightly deep male voice",
    "a very deep male voice",
    "an extremely deep male voice",
    "a high female voice",
    "an extremely high child's voice",
    "a slow man",
    "a fast man",
    "a very fast man",
    "a slightly fast man",
    "a sad man",
    "a cheerful young woman",
    "a monotone woman",
    "an expressive woman",
    "a breathy woman",
    "a rough man",
    "a whispering man",
    "a whispering woman",
    "a bright woman",
    "a very bright woman",
    "a dark woman",
    "a loud man",
    "a quiet man",
)
EXTREME = ("an extremely deep male voice", "an extremely high child's voice", "an expressive woman")


@pytest.fixture(scope="module")
def heard(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Samples]:
    """Both sentences, one after the other, as spoken by each voice of `HEARD`."""
    designs = {f"design{n}": describe(words, {}).timbre for n, words in enumerate(HEARD)}
    texts = {name: variant(name, timbre) for name, timbre in designs.items()}
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("v")))
        data = overlay(Path(espeakng_loader.get_data_path()), texts)
    library = Library(espeakng_loader.get_library_path(), str(data))
    usual = {"rate": 175, "pitch": 50, "range": 50, "word_gap": 0, "punctuation": 0}
    sounds = {}
    for words, (name, timbre) in zip(HEARD, designs.items(), strict=True):
        parameters = {**usual, "volume": timbre.level}
        pieces = [
            samples
            for sentence in SENTENCES
            for samples, _ in library.speak(sentence, f"en-us+{name}", parameters, 0)
        ]
        sounds[words] = (np.concatenate(pieces) / 32768).astype(np.float32)
    return sounds


def pitches(samples: Samples) -> tuple[np.ndarray[tuple[int], np.dtype[np.float64]], float]:
    """Hertz of each voiced frame of 50 ms, and the share of voiced ones among those with sound."""
    size = RATE // 20
    frames = samples[: len(samples) // size * size].reshape(-1, size).astype(np.float64)
    alike = np.fft.irfft(np.abs(np.fft.rfft(frames, 2 * size)) ** 2)[:, :size]
    alike /= np.arange(size, 0, -1)
    first, last = RATE // 500, RATE // 55
    best = alike[:, first:last].argmax(1) + first
    loud = alike[:, 0] > 1e-4
    voiced = loud & (alike[np.arange(len(best)), best] > 0.8 * alike[:, 0])
    return RATE / best[voiced], float(voiced.sum() / loud.sum())


def middle(samples: Samples) -> float:
    return float(np.median(pitches(samples)[0]))


def high_share(samples: Samples) -> float:
    """Decibels of what lies above 2 kHz against what lies below."""
    power = np.abs(np.fft.rfft(samples)) ** 2
    edge = 2 * len(samples) * 1000 // RATE
    return float(10 * np.log10(power[edge:].sum() / power[:edge].sum()))


@pytest.mark.parametrize("words", [each for each in HEARD if "whisper" not in each])
def test_the_pitch_that_is_heard_is_the_one_that_was_meant(
    heard: Mapping[str, Samples], words: str
) -> None:
    meant = describe(words, {}).settings["pitch"]
    off = middle(heard[words]) / meant - 1
    assert abs(off) < (0.12 if words in EXTREME else 0.06)


def test_deep_is_lower_than_plain_and_high_is_higher(heard: Mapping[str, Samples]) -> None:
    assert middle(heard["a deep male voice"]) < 0.9 * middle(heard["a man"])
    assert middle(heard["a man"]) < 0.9 * middle(heard[""]) < 0.81 * middle(heard["a woman"])
    assert middle(heard["a woman"]) < 0.9 * middle(heard["a high female voice"])


def test_very_is_more_than_plain_and_slightly_is_less(heard: Mapping[str, Samples]) -> None:
    names = ("extremely deep", "very deep", "deep", "slightly deep")
    lower = [middle(heard[f"a{'n' * (n[0] == 'e')} {n} male voice"]) for n in names]
    assert lower == sorted(lower)
    assert len(set(lower)) == 4
    lengths = [len(heard[f"a {each} man"]) for each in ("very fast", "fast", "slightly fast")]
    assert lengths[0] < 0.95 * lengths[1] < 0.9 * lengths[2]
    assert high_share(heard["a very bright woman"]) > high_share(heard["a bright woman"]) + 1


def test_fast_is_shorter_than_slow(heard: Mapping[str, Samples]) -> None:
    usual = len(heard["a man"])
    assert len(heard["a fast man"]) < 0.85 * usual
    assert len(heard["a slow man"]) > 1.2 * usual


def test_bright_has_more_up_high_than_dark(heard: Mapping[str, Samples]) -> None:
    bright, plain, dark = (
        high_share(heard[words]) for words in ("a bright woman", "a woman", "a dark woman")
    )
    assert bright > plain + 2 > dark + 4


def test_a_whisper_has_no_voice(heard: Mapping[str, Samples]) -> None:
    for words in ("a whispering man", "a whispering woman"):
        assert np.abs(heard[words]).max() > 0.1
        assert pitches(heard[words])[1] < 0.12 < pitches(heard["a woman"])[1] - 0.3


def test_loud_is_louder_than_quiet(heard: Mapping[str, Samples]) -> None:
    def strength(words: str) -> float:
        return float(np.sqrt((heard[words] ** 2).mean()))

    assert strength("a loud man") > 1.1 * strength("a man") > 1.4 * strength("a quiet man")


def test_expressive_melodies_are_wide_and_monotone_ones_narrow(
    heard: Mapping[str, Samples],
) -> None:
    def width(words: str) -> float:
        """Semitones that hold the middle four fifths."""
        return float(12 * np.log2(np.divide(*np.percentile(pitches(heard[words])[0], (90, 10)))))

    assert width("a monotone woman") < 0.4 * width("a woman")
    assert width("an expressive woman") > 1.2 * width("a woman")


def test_roughness_and_breath_are_heard(heard: Mapping[str, Samples]) -> None:
    """The folds swing less evenly, so that neighbouring periods are less alike."""
    assert pitches(heard["a rough man"])[1] < pitches(heard["a man"])[1]
    assert pitches(heard["a breathy woman"])[1] < pitches(heard["a woman"])[1]
