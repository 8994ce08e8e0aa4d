"""Pauses written into a text: `[pause:0.5s]`, `[pause:500ms]`, `[pause:2]` (seconds).
Anything that is not exactly a pause is ordinary text."""

from __future__ import annotations

import re
from dataclasses import dataclass

from polyvox.domain.errors import InvalidInput

LONGEST_PAUSE = 30.0
"""Seconds that one pause may last."""
LONGEST_SILENCE = 300.0
"""Seconds that all pauses of a text may last together."""

_PAUSE = re.compile(r"\[pause:([0-9]+(?:\.[0-9]+)?|\.[0-9]+)(ms|s)?\]", re.IGNORECASE | re.ASCII)


@dataclass(frozen=True)
class Pause:
    """A pause and where it is written."""

    first: int
    """Index of its opening bracket."""
    last: int
    """Index after its closing bracket."""
    seconds: float


def find_pauses(text: str) -> list[Pause]:
    """The pauses written in `text`, in order.

    Raises InvalidInput (param "input") for a pause over 30 s, or when all together are over
    300 s.
    """
    pauses = [
        Pause(match.start(), match.end(), _seconds(match[1], match[2] or "s"))
        for match in _PAUSE.finditer(text)
    ]
    for pause in pauses:
        if pause.seconds > LONGEST_PAUSE:
            written = text[pause.first : pause.last][:40]
            raise InvalidInput(
                f"The pause {written} is longer than {LONGEST_PAUSE:g} seconds.", param="input"
            )
    total = sum(pause.seconds for pause in pauses)
    if total > LONGEST_SILENCE:
        raise InvalidInput(
            f"The pauses last {total:g} seconds together; at most {LONGEST_SILENCE:g} are allowed.",
            param="input",
        )
    return pauses


def without_pauses(text: str) -> str:
    """`text` with spaces in place of each pause, as many as it has characters."""
    return _PAUSE.sub(lambda match: " " * len(match.group()), text)


def _seconds(number: str, unit: str) -> float:
    return float(number) / (1000.0 if unit.lower() == "ms" else 1.0)
