"""The effects on its sound that a profile may ask for, declared as an engine's options are."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import partial
from typing import Any

from polyvox.audio.effects import Chain
from polyvox.domain.errors import InvalidInput
from polyvox.engines.options import check, option, schema

_LOWEST = {"high_pass": 20.0, "de_ess": 2000.0, "low_pass": 1000.0}
"""Hertz, where an effect is not off."""
_LOUDEST = -10.0
"""LUFS; beyond it, speech would be nothing but limited."""


@dataclass(frozen=True)
class Effects:
    """In the order in which they are applied; all are off unless they are asked for."""

    dc: bool = option(False, "Take away a constant offset.")
    high_pass: float = option(
        0.0, "Hertz below which sound is cut, 24 dB an octave, 20 to 500; 0 is off.", ge=0, le=500
    )
    denoise: float = option(
        0.0, "How deep steady noise falls: 1 is about 22 dB; 0 is off.", ge=0, le=1
    )
    de_ess: float = option(
        0.0,
        "Hertz from which hissing is softened, by up to 12 dB, 2000 to 20000; 0 is off.",
        ge=0,
        le=20000,
    )
    low_pass: float = option(
        0.0,
        "Hertz above which sound is cut, 80 dB at a tenth more, 1000 to 20000; 0 is off.",
        ge=0,
        le=20000,
    )
    loudness: float = option(
        0.0,
        "LUFS to bring speech to, with true peaks below -1 dB, -40 to -10; 0 leaves it as it is.",
        ge=-40,
        le=0,
    )

    def chain(self, *, whole: bool) -> partial[Chain] | None:
        """Makes the chain for a sample rate; None where nothing is to be done. `whole` sets the
        loudness once everything is there."""
        if self == Effects():
            return None
        return partial(Chain, **asdict(self), whole=whole)


def checked(given: Mapping[str, Any]) -> Effects:
    """Raises InvalidInput naming `effects.<name>`."""
    effects: Effects = check(Effects, given, "effect")
    for name, lowest in _LOWEST.items():
        value = getattr(effects, name)
        if 0 < value < lowest:
            raise InvalidInput(
                f"Effect '{name}' must be 0 or at least {lowest:g}, not {value:g}.",
                param=f"effects.{name}",
            )
    if 0 > effects.loudness > _LOUDEST:
        raise InvalidInput(
            f"Effect 'loudness' must be 0 or at most {_LOUDEST:g}, not {effects.loudness:g}.",
            param="effects.loudness",
        )
    return effects


def rules() -> dict[str, Any]:
    """The JSON Schema of the effects."""
    return schema(Effects)
