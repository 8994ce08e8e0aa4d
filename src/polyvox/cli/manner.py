"""How to speak: the options that commands share."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Annotated, Any

import typer

Voice = Annotated[str | None, typer.Option("-v", "--voice", help="See `voices list`.")]
Model = Annotated[str | None, typer.Option("-m", "--model", help="See `engines list`.")]
Speed = Annotated[float, typer.Option(help="0.25 to 4.")]
Option = Annotated[
    list[str] | None, typer.Option("--option", help="An engine's option, NAME=VALUE; repeat.")
]
Profile = Annotated[str | None, typer.Option("-p", "--profile", help="See `profiles list`.")]
Seed = Annotated[int | None, typer.Option(help="Same seed, same speech.")]
Quiet = Annotated[bool, typer.Option("-q", "--quiet", help="No progress.")]


def named_values(given: Sequence[str] | None, flag: str) -> dict[str, Any]:
    """What NAME=VALUE says, for each; the value as JSON where it is such. Raises InvalidInput."""
    return dict(_named_value(each, flag) for each in given or ())


def _named_value(given: str, flag: str) -> tuple[str, Any]:
    """The two sides of NAME=VALUE, the value as JSON where it is such."""
    from polyvox.domain.errors import InvalidInput

    name, equals, value = given.partition("=")
    if not equals:
        raise InvalidInput(f"{flag} needs NAME=VALUE, not '{given}'.")
    try:
        return name, json.loads(value)
    except ValueError:
        return name, value
