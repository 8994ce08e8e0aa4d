"""The preset voices: who they are, and the voice variants that make espeak-ng sound like them.

A variant is a small text file in espeak-ng's own format (its documentation: `docs/voices.md`).
No variant has flutter: with it espeak-ng would not give the same samples twice.
"""

from __future__ import annotations

from dataclasses import dataclass

from polyvox.domain.voice import Speaker

FEMALE, MALE, NEUTRAL = "female", "male", "neutral"


@dataclass(frozen=True)
class Timbre:
    """How a voice sounds."""

    pitch: int
    """Hertz, the middle of its melody."""
    spread: int
    """Hertz between its low and its high pitch."""
    tract: float
    """Scale of all formants: above 1 a shorter vocal tract, below 1 a longer one."""
    bright: int = 100
    """Per cent of the strength of the upper formants."""
    breath: int = 0
    """0 to 10: how much breath is in the voice."""
    rough: int = 0
    """0 to 7: how uneven the vocal folds swing."""
    pace: int = 100
    """Per cent of the usual speaking rate."""
    level: int = 100
    """Per cent of the usual loudness."""
    tilt: float = 0.0
    """Decibels by which 3 kHz stands out more than usual; below 0 the voice is darker."""
    whisper: int = 0
    """1: breath alone, the vocal folds do not swing; 0: a voice."""


def variant(name: str, timbre: Timbre) -> str:
    """The text of the voice variant file for `timbre`."""
    low, high = timbre.pitch - timbre.spread // 2, timbre.pitch + timbre.spread // 2
    formants = [f"formant 0 {100 + round(30 * (timbre.tract - 1))} 100 100"]
    for number in range(1, 9):
        strength = 100 if number < 3 else timbre.bright
        formants.append(f"formant {number} {round(100 * timbre.tract)} {strength} 100")
    lines = [
        "language variant",
        f"name {name}",
        f"pitch {low} {high}",
        *formants,
        "flutter 0",
        f"roughness {timbre.rough}",
        f"speed {timbre.pace}",
    ]
    if timbre.whisper:
        lines += _WHISPER
    elif timbre.breath:
        lines.append("breath 0 " + " ".join([str(timbre.breath)] * 6))
        lines.append(f"voicing {100 - 4 * timbre.breath}")
    if timbre.tilt:
        lines.append(f"tone {_tone(timbre.tilt)}")
    return "\n".join(lines) + "\n"


_WHISPER = ("breath 75 75 50 40 15 10", "breathw 150 150 200 200 400 400", "voicing 1")
"""Noise in place of a voice: strength and width (hertz) from the lowest formant up."""

_TONE = ((600, 170, 0.0), (1200, 135, 0.45), (2000, 110, 0.8), (3000, 110, 1.0))
"""espeak-ng's own tone curve: hertz, strength (255 at most), and the share of a tilt there."""


def _tone(tilt: float) -> str:
    """The tone curve as hertz and strength in turn, tilted by so many decibels at 3 kHz."""
    strengths = [strength * 10 ** (tilt * share / 20) for _, strength, share in _TONE]
    fit = min(1.0, 255 / max(strengths))
    points = zip((hertz for hertz, _, _ in _TONE), strengths, strict=True)
    return " ".join(f"{hertz} {round(strength * fit)}" for hertz, strength in points)


def _speaker(name: str, gender: str, description: str, *aliases: str) -> Speaker:
    return Speaker(name, gender, description, aliases=aliases)


PRESETS: dict[Speaker, Timbre] = {
    _speaker("female_generic", FEMALE, "clear and even", "Serena"): Timbre(205, 80, 1.14),
    _speaker("male_generic", MALE, "clear and even", "Ryan"): Timbre(112, 44, 0.99),
    _speaker("female_young", FEMALE, "young and lively", "Vivian"): Timbre(
        246, 120, 1.22, 120, pace=106
    ),
    _speaker("male_deep", MALE, "deep and slow", "Uncle_Fu"): Timbre(80, 26, 0.88, 80, pace=92),
    _speaker("female_warm", FEMALE, "warm and calm", "Sohee"): Timbre(
        184, 62, 1.08, 70, 1, pace=95
    ),
    _speaker("male_warm", MALE, "warm and calm", "Eric"): Timbre(102, 38, 0.94, 68, 1, pace=95),
    _speaker("female_soft", FEMALE, "soft and breathy", "Ono_Anna"): Timbre(
        214, 50, 1.17, 55, 5, pace=92
    ),
    _speaker("male_soft", MALE, "soft and breathy", "Dylan"): Timbre(122, 30, 1.02, 55, 5, pace=92),
    _speaker("alloy", NEUTRAL, "level, between high and low"): Timbre(152, 44, 1.05, 105),
    _speaker("ash", MALE, "bright and quick", "Aiden"): Timbre(130, 60, 0.97, 135, pace=108),
    _speaker("ballad", MALE, "singing melody"): Timbre(138, 96, 1.0, 90, pace=94),
    _speaker("coral", FEMALE, "bright and friendly"): Timbre(226, 104, 1.12, 135),
    _speaker("echo", MALE, "matter-of-fact"): Timbre(118, 20, 0.92, 110),
    _speaker("fable", NEUTRAL, "story-teller's melody"): Timbre(144, 110, 1.12, 130, pace=94),
    _speaker("onyx", MALE, "very deep and dark"): Timbre(70, 24, 0.84, 60),
    _speaker("nova", FEMALE, "brisk and clear"): Timbre(216, 76, 1.19, 115, pace=110),
    _speaker("sage", FEMALE, "composed, low for a woman"): Timbre(170, 46, 1.12, 85),
    _speaker("shimmer", FEMALE, "high and airy"): Timbre(262, 84, 1.18, 90, 3),
    _speaker("verse", MALE, "expressive, wide melody"): Timbre(106, 90, 0.93, 130),
    _speaker("marin", FEMALE, "natural, a little low"): Timbre(176, 100, 1.05, 125, pace=103),
    _speaker("cedar", MALE, "rough and weathered"): Timbre(88, 40, 0.97, 120, rough=3, pace=97),
}

TIMBRES = {speaker.name: timbre for speaker, timbre in PRESETS.items()}
