"""The quality profiles that come with Polyvox; the first of each engine is its default."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from polyvox.domain.profile import Profile

_CLEANED = {"dc": True, "high_pass": 50.0}
_FINISHED = {"low_pass": 12000.0, "loudness": -20.0}


def _f5(nfe_step: int, cfg_strength: float, denoise: float, de_ess: float) -> dict[str, Any]:
    """Options and effects of F5's profiles with the whole chain."""
    return {
        "options": {"nfe_step": nfe_step, "cfg_strength": cfg_strength},
        "effects": {**_CLEANED, "denoise": denoise, "de_ess": de_ess, **_FINISHED},
    }


def _xtts(
    temperature: float,
    repetition_penalty: float,
    top_p: float,
    top_k: int,
    length_penalty: float,
    speed: float,
) -> dict[str, Any]:
    return {
        "options": {
            "temperature": temperature,
            "repetition_penalty": repetition_penalty,
            "top_p": top_p,
            "top_k": top_k,
            "length_penalty": length_penalty,
            "speed": speed,
        }
    }


_DECLARED: Mapping[str, Mapping[str, Mapping[str, Any]]] = MappingProxyType(
    {
        "xtts": {
            "balanced": {
                "description": "Natural and reliable.",
                **_xtts(0.75, 1.5, 0.9, 60, 1.2, 1.0),
            },
            "expressive": {
                "description": "Livelier, a little slower, less predictable.",
                **_xtts(0.85, 1.3, 0.95, 70, 1.3, 0.98),
            },
            "stable": {
                "description": "Even, for long texts; a text is always split into sentences.",
                **_xtts(0.70, 1.7, 0.85, 55, 1.1, 1.0),
            },
        },
        "f5": {
            "ultra_quality": {
                "description": "The finest sound, the slowest to make.",
                **_f5(64, 2.0, 0.85, 7000.0),
            },
            "balanced": {
                "description": "A fine sound in two thirds of the time.",
                **_f5(40, 1.8, 0.75, 6500.0),
            },
            "fast": {
                "description": "A good sound in well under half of the time.",
                **_f5(24, 1.5, 0.6, 6500.0),
            },
            "natural": {
                "description": "The model's own sound at its own level: only what lies below "
                "speech is cut.",
                "options": {"nfe_step": 48, "cfg_strength": 2.0},
                "effects": _CLEANED,
            },
            "draft": {
                "description": "To hear a text soon, not well.",
                "options": {"nfe_step": 12, "cfg_strength": 1.5},
                "effects": {**_CLEANED, "loudness": -20.0},
            },
        },
        "espeak": {
            "standard": {"description": "The engine as it is."},
            "clear": {
                "description": "Slower, with a little air between words.",
                "options": {"speed": 0.85, "word_gap": 2},
                "effects": {"high_pass": 80.0},
            },
            "lively": {
                "description": "With more melody.",
                "options": {"range": 80, "pitch": 55},
            },
            "calm": {
                "description": "With less melody, softer hissing, and a little slower.",
                "options": {"speed": 0.95, "range": 30},
                "effects": {"de_ess": 5000.0},
            },
            "telephone": {
                "description": "The band of a telephone, at an even level.",
                "effects": {"high_pass": 300.0, "low_pass": 3400.0, "loudness": -18.0},
            },
        },
    }
)
_PLAIN: Mapping[str, Mapping[str, Any]] = MappingProxyType(
    {"standard": {"description": "The engine as it is."}}
)


def built_in(engine: str) -> tuple[Profile, ...]:
    """The built-in profiles of an engine, its default one first."""
    return tuple(
        Profile(f"{engine}.{name}", name, engine, built_in=True, **declared)
        for name, declared in _DECLARED.get(engine, _PLAIN).items()
    )
