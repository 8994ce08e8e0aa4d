"""An engine's options, declared once as a dataclass; the check, the JSON Schema, the web form
and the command line's help all follow from the declaration.

    @dataclass(frozen=True)
    class Options:
        pitch: int = option(50, "Height of the voice.", ge=0, le=99)
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import Field, field, fields
from difflib import get_close_matches
from typing import Any, Optional

from polyvox.domain.errors import InvalidInput

_JSON_TYPES = {bool: "boolean", int: "integer", float: "number", str: "string"}


def option(
    default: Any,
    description: str,
    *,
    ge: Optional[float] = None,
    le: Optional[float] = None,
    choices: Optional[Sequence[str]] = None,
) -> Any:
    """A field of an engine's `Options`.

    `default` also fixes the type: bool, int, float or str. `ge` and `le` bound numbers,
    `choices` bounds strings.
    """
    rule = {"description": description, "ge": ge, "le": le, "choices": choices}
    return field(default=default, metadata=rule)


def check(declared: type[Any], given: Mapping[str, Any], kind: str = "option") -> Any:
    """An instance of `declared` with `given` filled in; `kind` is what messages call a field.

    Raises InvalidInput naming `<kind>s.<name>` for an unknown name, a wrong type or a value
    out of bounds.
    """
    known = {each.name: each for each in fields(declared)}
    for name in given:
        if name not in known:
            near = get_close_matches(name, known, n=1)
            hint = f" Did you mean '{near[0]}'?" if near else f" Known are: {', '.join(known)}."
            raise InvalidInput(f"Unknown {kind} '{name}'.{hint}", param=f"{kind}s.{name}")
    return declared(**{name: _value(known[name], value, kind) for name, value in given.items()})


def schema(declared: type[Any]) -> dict[str, Any]:
    """The JSON Schema (2020-12) of an engine's options."""
    return {
        "type": "object",
        "properties": {each.name: _property(each) for each in fields(declared)},
        "additionalProperties": False,
    }


def _value(rule: Field[Any], value: Any, called: str) -> Any:
    name, bounds = f"{called.capitalize()} '{rule.name}'", rule.metadata
    param = f"{called}s.{rule.name}"
    kind: type[Any] = type(rule.default)
    if kind is float and isinstance(value, int) and not isinstance(value, bool):
        value = float(value)
    if type(value) is not kind or (kind is float and not math.isfinite(value)):
        shown = "" if bounds.get("secret") else f", not {value!r:.60}"
        raise InvalidInput(f"{name} must be {_JSON_TYPES[kind]}{shown}.", param=param)
    low, high, choices = bounds["ge"], bounds["le"], bounds["choices"]
    if (low is not None and value < low) or (high is not None and value > high):
        raise InvalidInput(f"{name} must be between {low} and {high}, not {value}.", param=param)
    if choices is not None and value not in choices:
        raise InvalidInput(
            f"{name} must be one of {', '.join(choices)}; not {value!r:.60}.", param=param
        )
    return value


def _property(each: Field[Any]) -> dict[str, Any]:
    rule = each.metadata
    described = {
        "type": _JSON_TYPES[type(each.default)],
        "default": each.default,
        "description": rule["description"],
        "minimum": rule["ge"],
        "maximum": rule["le"],
        "enum": list(rule["choices"]) if rule["choices"] else None,
    }
    return {key: value for key, value in described.items() if value is not None}
