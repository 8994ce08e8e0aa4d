"""The studio speakers that XTTS-v2 ships in `speakers_xtts.pth`, in its order."""

from __future__ import annotations

from polyvox.domain.voice import Speaker

_WOMEN = """
Claribel Dervla, Daisy Studious, Gracie Wise, Tammie Ema, Alison Dietlinde, Ana Florence,
Annmarie Nele, Asya Anara, Brenda Stern, Gitta Nikolina, Henriette Usha, Sofia Hellen, Tammy Grit,
Tanja Adelina, Vjollca Johnnie
"""
_MEN = """
Andrew Chipper, Badr Odhiambo, Dionisio Schuyler, Royston Min, Viktor Eka, Abrahan Mack,
Adde Michal, Baldur Sanjin, Craig Gutsy, Damien Black, Gilberto Mathias, Ilkin Urbano,
Kazuhiko Atallah, Ludvig Milivoj, Suad Qasim, Torcull Diarmuid, Viktor Menelaos, Zacharie Aimilios
"""
_MORE_WOMEN = """
Nova Hogarth, Maja Ruoho, Uta Obando, Lidiya Szekeres, Chandra MacFarland, Szofi Granger,
Camilla Holmström, Lilya Stainthorpe, Zofija Kendrick, Narelle Moon, Barbora MacLean,
Alexandra Hisakawa, Alma María, Rosemary Okafor
"""
_MORE_MEN = """
Ige Behringer, Filip Traverse, Damjan Chapman, Wulf Carlevaro, Aaron Dreschner, Kumar Dahl,
Eugenio Mataracı, Ferran Simen, Xavier Hayasaka, Luis Moray, Marcos Rudaski
"""


def _listed(names: str, gender: str) -> tuple[Speaker, ...]:
    return tuple(
        Speaker(" ".join(name.split()), gender, "a studio voice of XTTS-v2")
        for name in names.split(",")
    )


SPEAKERS = (
    *_listed(_WOMEN, "female"),
    *_listed(_MEN, "male"),
    *_listed(_MORE_WOMEN, "female"),
    *_listed(_MORE_MEN, "male"),
)
