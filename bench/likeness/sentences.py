"""What is spoken: sentences to enrol from, other sentences to be judged by, and single words that
differ in one sound. Written for this benchmark."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Sentences:
    """In one language."""

    enrolled: tuple[str, ...]
    """About half a minute: the reference, and what a judge learns the target from."""
    judged: tuple[str, ...]
    """Said by the clone, and by the target where nobody has learned from it."""

    def fewer(self) -> Sentences:
        return Sentences(self.enrolled[:7], self.judged[:3])


def _sentences(enrolled: str, judged: str) -> Sentences:
    """From one sentence a line."""
    return Sentences(tuple(enrolled.strip().splitlines()), tuple(judged.strip().splitlines()))


SENTENCES = {
    "en": _sentences(
        """\
The baker opened her shop while the street was still dark.
Nine brown horses waited under the bridge for the rain to end.
A cheap umbrella will not survive a windy afternoon by the sea.
My uncle keeps his fishing boat beside the old lighthouse.
Please put the yellow cups back on the upper shelf.
The judge asked both of them to speak a little louder.
We found fresh footprints in the snow behind the garage.
Her choice of music surprised everybody at the party.
Boil the potatoes first, then add some salt and butter.
The last train leaves the village at a quarter past ten.
Few people know how the small museum got its name.
They measured the width of the river with a long rope.
""",
        """\
The young teacher drew a large circle on the board.
Warm bread and cheese is all I need for lunch.
Somebody has moved the ladder to the other side of the house.
Every child wanted a turn on the wooden swing.
The path through the forest was covered with thick moss.
He thought about the question and gave a short answer.
""",
    ),
    "cs": _sentences(
        """\
Pekařka otevřela svůj obchod ještě za tmy.
Pod mostem čekalo devět hnědých koní, až přestane pršet.
Můj strýc má rybářskou loďku vedle starého majáku.
Dej prosím žluté hrnky zpátky na horní polici.
Ve sněhu za garáží jsme našli čerstvé stopy.
Nejdřív uvař brambory a potom přidej sůl a máslo.
Poslední vlak odjíždí z vesnice ve čtvrt na jedenáct.
Málokdo ví, proč se to malé muzeum tak jmenuje.
Šířku řeky změřili dlouhým provazem.
""",
        """\
Mladá učitelka nakreslila na tabuli velký kruh.
K obědu mi stačí teplý chléb a sýr.
Někdo přenesl žebřík na druhou stranu domu.
Každé dítě se chtělo houpat na dřevěné houpačce.
Chvíli o té otázce přemýšlel a krátce odpověděl.
""",
    ),
    "fi": _sentences(
        """\
Leipuri avasi kauppansa, kun kadulla oli vielä pimeää.
Yhdeksän ruskeaa hevosta odotti sillan alla sateen loppumista.
Sedälläni on kalastusvene vanhan majakan vieressä.
Laita keltaiset kupit takaisin ylimmälle hyllylle.
Löysimme tuoreita jälkiä lumesta autotallin takaa.
Keitä ensin perunat ja lisää sitten suolaa ja voita.
Viimeinen juna lähtee kylästä vartin yli kymmenen.
Harva tietää, miten pieni museo sai nimensä.
He mittasivat joen leveyden pitkällä köydellä.
""",
        """\
Nuori opettaja piirsi taululle suuren ympyrän.
Lämmin leipä ja juusto riittävät minulle lounaaksi.
Joku on siirtänyt tikkaat talon toiselle puolelle.
Jokainen lapsi halusi keinua puisessa keinussa.
Hän mietti kysymystä ja vastasi lyhyesti.
""",
    ),
    "it": _sentences(
        """\
La fornaia apre il negozio quando la strada è ancora buia.
Nove cavalli marroni aspettavano sotto il ponte la fine della pioggia.
Mio zio tiene la barca da pesca vicino al vecchio faro.
Per favore rimetti le tazze gialle sul ripiano in alto.
Dietro il garage abbiamo trovato orme fresche nella neve.
Prima bisogna bollire le patate, poi aggiungere sale e burro.
Il treno della sera parte dal paese alle dieci e un quarto.
Poche persone sanno come il piccolo museo ha avuto il suo nome.
""",
        """\
La giovane maestra ha disegnato un grande cerchio sulla lavagna.
Per pranzo mi basta del pane caldo con il formaggio.
Qualcuno ha spostato la scala dietro la casa.
Ogni bambino voleva salire sulla vecchia altalena di legno.
Il ragazzo pensava alla domanda e rispose con poche parole.
""",
    ),
    "ru": _sentences(
        """\
Хозяйка пекарни открыла магазин, когда на улице было ещё темно.
Девять лошадей ждали под мостом, пока кончится дождь.
Мой дядя держит рыбацкую лодку возле старого маяка.
Поставь, пожалуйста, жёлтые чашки обратно на верхнюю полку.
За гаражом мы нашли на снегу свежие следы.
Сначала сварите картофель, потом добавьте соль и масло.
Последний поезд уходит из деревни поздно вечером.
Мало кто знает, почему музей так называется.
Они измерили ширину реки длинной верёвкой.
""",
        """\
Молодая учительница нарисовала на доске большой круг.
На обед мне хватит тёплого хлеба и сыра.
Кто-то перенёс лестницу на другую сторону дома.
Каждый ребёнок хотел покачаться на деревянных качелях.
Он подумал над вопросом и дал короткий ответ.
""",
    ),
    "ca": _sentences(
        """\
La fornera va obrir la botiga quan el carrer encara era fosc.
Nou cavalls marrons esperaven sota el pont que parés de ploure.
El meu oncle té la barca de pesca al costat del far vell.
Si us plau, torna a posar les tasses grogues al prestatge de dalt.
Darrere del garatge vam trobar petjades fresques a la neu.
Primer bull les patates i després afegeix sal i mantega.
El darrer tren surt del poble a un quart d'onze.
Poca gent sap com va rebre el nom aquell petit museu.
""",
        """\
La mestra jove va dibuixar un cercle gran a la pissarra.
Per dinar en tinc prou amb pa calent i formatge.
Algú ha portat l'escala a l'altra banda de la casa.
Tots els nens volien pujar al gronxador de fusta.
Va pensar en la pregunta i va respondre amb poques paraules.
""",
    ),
    "hi": _sentences(
        """\
बेकरी वाली ने अपनी दुकान अंधेरे में ही खोल दी।
पुल के नीचे नौ भूरे घोड़े बारिश रुकने का इंतज़ार कर रहे थे।
मेरे चाचा अपनी नाव पुराने घाट के पास रखते हैं।
पीले प्याले ऊपर वाली अलमारी में वापस रख दो।
हमें घर के पीछे बर्फ़ में ताज़े निशान मिले।
पहले आलू उबालो, फिर थोड़ा नमक और मक्खन डालो।
आख़िरी गाड़ी गाँव से रात दस बजे निकलती है।
बहुत कम लोग जानते हैं कि इस गली का नाम कैसे पड़ा।
""",
        """\
नई अध्यापिका ने तख़्ते पर एक बड़ा गोला बनाया।
दोपहर के खाने में मुझे गरम रोटी और दाल चाहिए।
किसी ने सीढ़ी घर के दूसरी तरफ़ रख दी है।
हर बच्चा लकड़ी के झूले पर झूलना चाहता था।
उसने सवाल पर सोचा और छोटा सा जवाब दिया।
""",
    ),
}
"""By BCP 47 code."""

WORDS = tuple(
    "letter ladder leather pillow yellow fellow bottle river seven window garden music paper "
    "doctor summer never kitchen mother button pocket silver number finger table city money honey "
    "shoulder morning water winter daughter better butter battle kettle simple sample".split()
)
"""English, several of them a sound or two away from some other."""
