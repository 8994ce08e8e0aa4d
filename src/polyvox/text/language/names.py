"""Languages by BCP 47 code, in canonical letter case, with their English names: everything that
espeak-ng 1.52 speaks and what other engines commonly add. Which of them an engine speaks, the
engine says."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

MAIN = ("zh", "en", "ja", "ko", "de", "fr", "ru", "pt", "es", "it")
"""The languages most often asked for; they win where a short text leaves a doubt."""

_TABLE = """
af Afrikaans; am Amharic; an Aragonese; ar Arabic; as Assamese; az Azerbaijani; ba Bashkir;
be Belarusian; bg Bulgarian; bn Bengali; bo Tibetan; bpy Bishnupriya Manipuri; br Breton;
bs Bosnian; ca Catalan; ca-BA Catalan (Balearic); ca-NW Catalan (North-western);
ca-VA Catalan (Valencian); chr Cherokee; cs Czech; cv Chuvash; cy Welsh; da Danish; de German;
de-AT German (Austria); de-CH German (Switzerland); de-DE German (Germany); el Greek;
en English; en-029 English (Caribbean); en-AU English (Australia); en-CA English (Canada);
en-GB English (Great Britain); en-GB-scotland English (Scotland);
en-GB-x-gbclan English (Lancaster); en-GB-x-gbcwmd English (West Midlands);
en-GB-x-rp English (Received Pronunciation); en-IE English (Ireland); en-IN English (India);
en-NZ English (New Zealand); en-Shaw English (Shavian alphabet); en-US English (America);
en-US-nyc English (New York City); en-ZA English (South Africa); eo Esperanto; es Spanish;
es-419 Spanish (Latin America); es-AR Spanish (Argentina); es-ES Spanish (Spain);
es-MX Spanish (Mexico); es-US Spanish (United States); et Estonian; eu Basque; fa Persian;
fa-Latn Persian (Latin script); fi Finnish; fil Filipino; fo Faroese; fr French;
fr-BE French (Belgium); fr-CA French (Canada); fr-CH French (Switzerland);
fr-FR French (France); fy Western Frisian; ga Irish; gd Scottish Gaelic; gl Galician;
gn Guarani; grc Ancient Greek; gu Gujarati; ha Hausa; hak Hakka Chinese; haw Hawaiian;
he Hebrew; hi Hindi; hr Croatian; ht Haitian Creole; hu Hungarian; hy Armenian;
hyw Western Armenian; ia Interlingua; id Indonesian; ig Igbo; io Ido; is Icelandic; it Italian;
it-IT Italian (Italy); ja Japanese; ja-JP Japanese (Japan); jbo Lojban; jv Javanese;
ka Georgian; kaa Karakalpak; kk Kazakh; kl Greenlandic; km Khmer; kn Kannada; ko Korean;
ko-KR Korean (South Korea); kok Konkani; ku Kurdish; ky Kyrgyz; la Latin; lb Luxembourgish;
lfn Lingua Franca Nova; ln Lingala; lo Lao; lt Lithuanian; ltg Latgalian; lv Latvian;
mg Malagasy; mi Māori; mk Macedonian; ml Malayalam; mn Mongolian; mr Marathi; ms Malay;
mt Maltese; mto Totontepec Mixe; my Burmese; nb Norwegian Bokmål; nci Classical Nahuatl;
ne Nepali; nl Dutch; nl-BE Dutch (Belgium); nl-NL Dutch (Netherlands); nn Norwegian Nynorsk;
nog Nogai; oc Occitan; om Oromo; or Odia; pa Punjabi; pap Papiamento; piqd Klingon; pl Polish;
ps Pashto; pt Portuguese; pt-BR Portuguese (Brazil); pt-PT Portuguese (Portugal); py Pyash;
qdb Lang Belta; qu Quechua; quc K'iche'; qya Quenya; ro Romanian; ru Russian;
ru-CL Russian (Classic); ru-LV Russian (Latvia); ru-RU Russian (Russia); sa Sanskrit; sd Sindhi;
shn Shan; si Sinhala; sjn Sindarin; sk Slovak; sl Slovenian; smj Lule Sámi; sn Shona; so Somali;
sq Albanian; sr Serbian; su Sundanese; sv Swedish; sw Swahili; ta Tamil; te Telugu; tg Tajik;
th Thai; ti Tigrinya; tk Turkmen; tl Tagalog; tn Tswana; tr Turkish; tt Tatar; ug Uyghur;
uk Ukrainian; ur Urdu; uz Uzbek; vi Vietnamese; vi-VN-x-central Vietnamese (Central);
vi-VN-x-south Vietnamese (Southern); xex Xextan; xh Xhosa; yi Yiddish; yo Yoruba;
yue Cantonese; yue-Latn-jyutping Cantonese (Jyutping); zh Chinese;
zh-CN Chinese (Mainland China); zh-Latn-pinyin Chinese (Pinyin); zh-TW Chinese (Taiwan);
zu Zulu
"""

NAMES: Mapping[str, str] = MappingProxyType(
    {
        code: name
        for code, _, name in (
            entry.strip().partition(" ") for entry in _TABLE.replace("\n", " ").split(";")
        )
    }
)
"""BCP 47 code to English name."""

OTHER_NAMES: Mapping[str, str] = MappingProxyType(
    {
        "mandarin": "zh",
        "mandarin chinese": "zh",
        "simplified chinese": "zh",
        "american english": "en-US",
        "british english": "en-GB",
        "brazilian portuguese": "pt-BR",
        "latin american spanish": "es-419",
        "castilian": "es",
        "farsi": "fa",
        "flemish": "nl",
        "gaelic": "gd",
        "hakka": "hak",
        "maori": "mi",
        "moldovan": "ro",
        "myanmar": "my",
        "norwegian": "nb",
        "oriya": "or",
        "setswana": "tn",
        "valencian": "ca-VA",
    }
)
"""More English names, in lower case, to the code they mean."""

OTHER_CODES: Mapping[str, str] = MappingProxyType(
    {
        "cmn": "zh",
        "zh-cmn": "zh",
        "zh-yue": "yue",
        "no": "nb",
        "hbs": "hr",
        "sh": "hr",
        "hy-arevela": "hy",
        "hy-arevmda": "hyw",
        "in": "id",
        "iw": "he",
        "ji": "yi",
        "chi": "zh",
        "zho": "zh",
        "eng": "en",
        "jpn": "ja",
        "kor": "ko",
        "deu": "de",
        "ger": "de",
        "fra": "fr",
        "fre": "fr",
        "rus": "ru",
        "por": "pt",
        "spa": "es",
        "ita": "it",
    }
)
"""Codes in lower case that mean the same language as a code of `NAMES`: ISO 639-2 and -3 codes of
the main languages, withdrawn ones, and macrolanguages."""
