"""What a recording's measures mean for whoever made it: plain sentences, the gravest first."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from polyvox.audio.measure import Measures

REFUSE, WARN, NOTE = "refuse", "warn", "note"

_SILENT = -80.0
"""Decibels below full scale of a peak that is no sound."""
_NO_SPEECH, _LITTLE_SPEECH = 0.2, 0.4
"""Seconds of speech that are none, share that is little."""
_SHORT, _BRIEF = 3.0, 6.0
"""Seconds of speech."""
_CLIPPED, _TOUCHED = 0.02, 0.005
"""Shares of the frames."""
_NOISY, _AUDIBLE = 15.0, 20.0
"""Decibels of speech above noise. Twenty told clean recordings from noisy ones best: 98 of 100."""
_HOPELESS = 0.0
_TELEPHONE, _NARROW = 4100.0, 7500.0
"""Hertz."""
_QUIET = -40.0
"""LUFS."""
_OFFSET = 0.02


@dataclass(frozen=True)
class Advice:
    """One thing to know about a recording."""

    code: str
    """Stable: silent, no_speech, noise, mostly_silence, clipped, noisy, narrow, short, quiet,
    dc_offset, cut_off."""
    message: str
    """A sentence."""
    severity: str
    """refuse: nothing can be made of it; warn: the result will suffer; note: it may."""


def advice(measures: Measures, complete: bool = True) -> tuple[Advice, ...]:
    """What there is to say, the gravest first; one sentence only when it is to be refused.
    `complete` is False for a file that ends early or has holes."""
    refused = _refused(measures)
    if refused:
        return (refused,)
    found = [*_of_length(measures), *_of_level(measures), *_of_quality(measures)]
    if not complete:
        found.append(Advice("cut_off", "The file ends early, or parts cannot be read.", NOTE))
    return tuple(sorted(found, key=lambda each: (WARN, NOTE).index(each.severity)))


def _refused(measures: Measures) -> Advice | None:
    if measures.peak <= _SILENT:
        return Advice("silent", "The recording is silent.", REFUSE)
    if measures.speech * measures.duration < _NO_SPEECH:
        return Advice("no_speech", "No speech was found in the recording.", REFUSE)
    if measures.snr is not None and measures.snr < _HOPELESS:
        return Advice("noise", "Nothing but noise: it is louder than the speech.", REFUSE)
    return None


def _of_length(measures: Measures) -> Iterator[Advice]:
    spoken = measures.speech * measures.duration
    if measures.speech < _LITTLE_SPEECH:
        share = f"{100 * measures.speech:.0f} %"
        message = f"Mostly silence: only {share} of the recording is speech."
        yield Advice("mostly_silence", message, WARN)
    if spoken < _BRIEF:
        message = f"Short: {spoken:.1f} s of speech; {_BRIEF:.0f} s or more work better."
        yield Advice("short", message, WARN if spoken < _SHORT else NOTE)


def _of_level(measures: Measures) -> Iterator[Advice]:
    if measures.clipping >= _TOUCHED:
        share = f"{100 * measures.clipping:.1f}".removesuffix(".0")
        message = f"Clipped in {share} % of frames: record again at a lower level."
        yield Advice("clipped", message, WARN if measures.clipping >= _CLIPPED else NOTE)
    if measures.loudness is None or measures.loudness < _QUIET:
        yield Advice("quiet", "Quiet: record closer to the microphone, or at a higher level.", WARN)
    if abs(measures.dc_offset) >= _OFFSET:
        yield Advice("dc_offset", "The signal lies off centre; that has been removed.", NOTE)


def _of_quality(measures: Measures) -> Iterator[Advice]:
    if measures.snr is not None and measures.snr < _AUDIBLE:
        message = f"Noisy: speech is only {measures.snr:.0f} dB above the noise."
        yield Advice("noisy", message, WARN if measures.snr < _NOISY else NOTE)
    if measures.bandwidth is not None and measures.bandwidth < _NARROW:
        reach = f"{measures.bandwidth / 1000:.1f}".removesuffix(".0")
        narrow = measures.bandwidth < _TELEPHONE
        message = f"Narrow: nothing above {reach} kHz" + (
            ", as over a telephone." if narrow else "."
        )
        yield Advice("narrow", message, WARN if narrow else NOTE)
