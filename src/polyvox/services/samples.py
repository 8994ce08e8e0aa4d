"""A sentence in each main language, for hearing a voice before a text is at hand."""

from __future__ import annotations

_SENTENCES = {
    "en": "Hello, this is how I sound. I can read you anything you like.",
    "zh": "你好，这就是我的声音。你想听什么，我都可以读给你听。",
    "ja": "こんにちは、これが私の声です。お好きな文章を読み上げます。",
    "ko": "안녕하세요, 이것이 제 목소리입니다. 무엇이든 읽어 드릴게요.",
    "de": "Hallo, so klinge ich. Ich lese dir gerne alles vor.",
    "fr": "Bonjour, voici ma voix. Je peux te lire tout ce que tu veux.",
    "ru": "Здравствуйте, вот так я звучу. Я прочту вам всё, что захотите.",
    "pt": "Olá, é assim que eu soo. Posso ler tudo o que você quiser.",
    "es": "Hola, así es como sueno. Puedo leerte todo lo que quieras.",
    "it": "Ciao, questa è la mia voce. Posso leggerti tutto quello che vuoi.",
}


def sentence(language: str | None) -> str:
    """In that language (a code), or in English."""
    return _SENTENCES.get((language or "en").split("-")[0], _SENTENCES["en"])
