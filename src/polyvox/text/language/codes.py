"""What somebody calls a language, made into a code that an engine supports."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from difflib import get_close_matches
from functools import lru_cache

from polyvox.domain.errors import InvalidInput
from polyvox.text.language.names import NAMES, OTHER_CODES, OTHER_NAMES

AUTO = "auto"
"""The language that asks for detection."""


def canonical(code: str) -> str:
    """`code` in the letter case of BCP 47 (RFC 5646 §2.1.1), hyphens for underscores."""
    first, *rest = code.strip().replace("_", "-").lower().split("-")
    parts, private = [first], False
    for part in rest:
        if len(part) == 2 and not private:
            part = part.upper()
        elif len(part) == 4 and part.isalpha() and not private:
            part = part.title()
        private = private or len(part) == 1
        parts.append(part)
    return "-".join(parts)


@lru_cache(maxsize=1024)
def plain(code: str) -> str:
    """The language of `code` without region, script or variant: "pt" for "pt_BR", "zh" for "cmn".

    Always in lower case.
    """
    return _key(code).split("-")[0]


def resolve(name: str, supported: Iterable[str]) -> str:
    """The entry of `supported`, in its own spelling, that `name` means; "auto" stays "auto".

    `name` is a code ("de", "de-DE", "pt_BR", "cmn") or an English name, in any letter case. A
    region that is not supported falls back to the plain language, and a plain language of which
    only variants are supported to the first of them.
    Raises InvalidInput (param "language") when nothing fits.
    """
    wanted = name.strip().casefold()
    if wanted == AUTO:
        return AUTO
    entries = list(supported)
    found = _find(_code_of(wanted), entries)
    if found is None:
        raise InvalidInput(_unsupported(name, entries), param="language")
    return found


def _code_of(name: str) -> str:
    """The code for an English name; anything else is taken for a code."""
    by_name = {each.casefold(): code for code, each in NAMES.items()}
    return by_name.get(name) or OTHER_NAMES.get(name) or name


def _find(code: str, supported: Sequence[str]) -> str | None:
    by_key: dict[str, str] = {}
    for entry in supported:
        by_key.setdefault(_key(entry), entry)
    key = _key(code)
    while key:
        if key in by_key:
            return by_key[key]
        key = key.rpartition("-")[0]
    return next((entry for entry in supported if plain(entry) == plain(code)), None)


def _key(code: str) -> str:
    """What two spellings of one language have in common."""
    code = code.strip().replace("_", "-").lower()
    if code in OTHER_CODES:
        return OTHER_CODES[code].lower()
    first, dash, rest = code.partition("-")
    return OTHER_CODES.get(first, first).lower() + dash + rest


def _unsupported(name: str, supported: Sequence[str]) -> str:
    names = {entry: NAMES.get(canonical(entry), entry) for entry in supported}
    spoken = {each.casefold(): entry for entry, each in names.items()}
    spoken.update({entry.casefold(): entry for entry in supported})
    near = get_close_matches(name.strip().casefold()[:40], spoken, n=1)
    if near:
        entry = spoken[near[0]]
        hint = f"Did you mean '{entry}' ({names[entry]})?"
    else:
        hint = f"Supported are, among others: {', '.join(supported[:12])}."
    return f"Unsupported language '{name.strip()[:40]}'. {hint}"
