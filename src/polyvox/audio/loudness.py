"""How loud a recording is to the ear, in LUFS: ITU-R BS.1770-5, one channel. NumPy only."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from polyvox.domain.audio import Samples

_Curve = npt.NDArray[np.complex128]

_SHELF = (1681.974450955533, 3.999843853973347, 0.7071752369554196)
"""Hertz, decibels and quality of the shelf that stands for the head."""
_HIGH_PASS = (38.13547087602444, 0.5003270373238773)
"""Hertz and quality. Both as Brecht De Man derived them ("Evaluation of implementations of the
EBU R128 loudness measurement", 2018) from the standard's coefficients at 48 kHz."""
_RINGING = 0.2
"""Seconds after which the filters have fallen below -120 dB."""
_SCALE = -0.691
_STEP, _STEPS_IN_BLOCK = 0.1, 4
"""Seconds between gating blocks of 0.4 s."""
_ABSOLUTE_GATE, _RELATIVE_GATE = -70.0, -10.0
"""LUFS, and LU below the loudness of what passes the first."""


def loudness(samples: Samples, rate: int) -> float | None:
    """Integrated loudness in LUFS of `samples` at `rate` hertz; None when nothing in it is above
    -70 LUFS. Less than 0.4 s counts as one block."""
    powers = _block_powers(samples, rate)
    loud = powers[_in_lufs(powers) > _ABSOLUTE_GATE]
    if not len(loud):
        return None
    gated = loud[_in_lufs(loud) > _in_lufs(loud.mean()) + _RELATIVE_GATE]
    return float(_in_lufs(gated.mean()))


def _in_lufs(power: npt.NDArray[np.float64] | np.float64) -> npt.NDArray[np.float64]:
    return np.asarray(_SCALE + 10 * np.log10(power + 1e-30))


def _block_powers(samples: Samples, rate: int) -> npt.NDArray[np.float64]:
    """Mean square after K-weighting, of blocks of 0.4 s that begin every 0.1 s."""
    step = round(_STEP * rate)
    weighted = _weighted(samples, rate)
    whole = len(weighted) // step * step
    if whole < _STEPS_IN_BLOCK * step:
        return (
            np.array([np.mean(np.square(weighted), dtype=np.float64)])
            if len(weighted)
            else np.zeros(0)
        )
    steps = np.square(weighted[:whole]).reshape(-1, step).sum(axis=1, dtype=np.float64)
    blocks = np.lib.stride_tricks.sliding_window_view(steps, _STEPS_IN_BLOCK)
    powers: npt.NDArray[np.float64] = blocks.sum(axis=1) / (step * _STEPS_IN_BLOCK)
    return powers


def _weighted(samples: Samples, rate: int) -> Samples:
    """K-weighted: each stretch is filtered by its spectrum, and begins early enough that what
    wraps around (overlap-save) has died away."""
    ringing = round(_RINGING * rate)
    size = 1 << (8 * ringing).bit_length()
    curve, fresh = _k_weighting(size, rate), size - ringing
    padded = np.concatenate([np.zeros(ringing, np.float32), samples, np.zeros(size, np.float32)])
    out = np.empty(-(-len(samples) // fresh) * fresh, np.float32)
    for start in range(0, len(out), fresh):
        stretch = np.fft.irfft(np.fft.rfft(padded[start : start + size]) * curve)
        out[start : start + fresh] = stretch[ringing:]
    return out[: len(samples)]


def _k_weighting(size: int, rate: int) -> _Curve:
    """The two filters' response at the frequencies of a transform of `size`."""
    z = np.exp(-2j * np.pi * np.fft.rfftfreq(size))
    return _shelf(z, rate) * _high_pass(z, rate)


def _shelf(z: _Curve, rate: int) -> _Curve:
    frequency, gain, quality = _SHELF
    k, top = np.tan(np.pi * frequency / rate), 10 ** (gain / 20)
    middle = top**0.4996667741545416
    rise = (
        top + middle * k / quality + k * k
        + 2 * (k * k - top) * z
        + (top - middle * k / quality + k * k) * z * z
    )  # fmt: skip
    return np.asarray(rise / _poles(z, k, quality))


def _high_pass(z: _Curve, rate: int) -> _Curve:
    frequency, quality = _HIGH_PASS
    k = np.tan(np.pi * frequency / rate)
    # The standard's numerator is 1, -2, 1 without the usual scale.
    return np.asarray((1 - 2 * z + z * z) * (1 + k / quality + k * k) / _poles(z, k, quality))


def _poles(z: _Curve, k: float, quality: float) -> _Curve:
    return np.asarray(
        1 + k / quality + k * k + 2 * (k * k - 1) * z + (1 - k / quality + k * k) * z * z
    )
