"""What the engine says to itself while it fits a voice: a few statements with all kinds of sounds.

Statements, because questions rise and would set the voice too low. Japanese is in kana.
"""

from __future__ import annotations

from typing import Optional

_SENTENCES = {
    "en": (
        "The blue jay sings early in the morning. We found fresh cheese, warm bread and a jug of "
        "milk. The young teacher thought about her voyage for hours. He put the heavy boxes there."
    ),
    "zh": (
        "今天早上他吃了面包和鸡蛋。我们在河边走了很久，风很大。"
        "他的女儿喜欢唱歌和画画。请把窗户关上，谢谢。"
    ),
    "ja": (
        "けさは パンと たまごを たべました。 かわのそばを ながいあいだ あるきました。"
        "むすめは うたと えが すきです。 それから まどを しめました。"
    ),
    "ko": (
        "오늘 아침에 빵과 달걀을 먹었어요. 우리는 강가를 오래 걸었어요. "
        "딸은 노래와 그림을 좋아해요. 그는 창문을 조용히 닫았어요."
    ),
    "de": (
        "Der Vogel singt schon früh am Morgen. Wir kauften frisches Brot, Käse und süße Milch. "
        "Die junge Lehrerin dachte lange über ihre Reise nach. Er schloss leise das Fenster."
    ),
    "fr": (
        "Les oiseaux chantent tôt le matin. Nous avons acheté du pain, du fromage et un peu de "
        "lait. La jeune fille pensait longuement à son voyage. Il a fermé doucement la fenêtre."
    ),
    "ru": (
        "Птицы поют рано утром. Мы купили свежий хлеб, сыр и тёплое молоко. "
        "Учительница долго думала о дальней поездке. Он тихо закрыл окно."
    ),
    "pt": (
        "Os pássaros cantam cedo de manhã. Compramos pão fresco, queijo e um pouco de leite. "
        "A jovem professora pensou muito na sua viagem. Ele fechou a janela devagar."
    ),
    "es": (
        "Los pájaros cantan temprano por la mañana. Compramos pan fresco, queso y un poco de "
        "leche. La joven maestra pensó mucho en su viaje. Él cerró la ventana despacio."
    ),
    "it": (
        "Gli uccelli cantano presto la mattina. Abbiamo comprato pane fresco, formaggio e un po' "
        "di latte. La giovane maestra pensava a lungo al suo viaggio. Lui ha chiuso la finestra."
    ),
    "cs": (
        "Ptáci zpívají brzy ráno. Koupili jsme čerstvý chléb, sýr a teplé mléko. "
        "Mladá učitelka dlouho přemýšlela o své cestě. Potom tiše zavřel okno."
    ),
    "fi": (
        "Linnut laulavat aikaisin aamulla. Ostimme tuoretta leipää, juustoa ja lämmintä maitoa. "
        "Nuori opettaja mietti matkaansa pitkään. Hän sulki ikkunan hiljaa."
    ),
    "ca": (
        "Els ocells canten aviat al matí. Hem comprat pa, formatge i una mica de llet. "
        "La jove mestra va pensar molt en el seu viatge. Ell va tancar la finestra a poc a poc."
    ),
}


def sentences(language: Optional[str]) -> tuple[str, str]:
    """The language to speak in, that of a reference or else English, and what to say in it."""
    spoken = (language or "en").split("-")[0]
    known = spoken if spoken in _SENTENCES else "en"
    return known, _SENTENCES[known]
