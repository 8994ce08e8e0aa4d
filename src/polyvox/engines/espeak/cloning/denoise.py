"""Takes steady noise out of a reference before it is measured: light spectral subtraction.

After Boll (1979), with a floor, so that what remains is measured rather than heard.
"""

from __future__ import annotations

import numpy as np

from polyvox.engines.espeak.cloning.spectrum import Numbers, power, resynthesized, spectra

_QUIETEST, _LOUDEST = 10, 95
"""Percentiles of the frames' level that count as noise and as speech."""
_CLEAN = 45.0
"""Decibels between the two above which a reference is left alone."""
_EAGERNESS = 2.5
"""How much of the noise is taken away, against its mean power."""
_REST = 0.003
"""Share of a frequency's power that always remains."""


def without_noise(samples: Numbers) -> Numbers:
    """`samples` with the spectrum of their quietest frames subtracted; its end may be shorter."""
    transformed = spectra(samples)
    powers = power(transformed)
    levels = 10 * np.log10(powers.mean(1) + 1e-12)
    quiet, loud = np.percentile(levels, [_QUIETEST, _LOUDEST])
    if loud - quiet > _CLEAN:
        return samples
    noise = powers[levels <= quiet].mean(0)
    kept = np.maximum(1 - _EAGERNESS * noise / (powers + 1e-12), _REST)
    return resynthesized(transformed * np.sqrt(kept)).astype(np.float32)
