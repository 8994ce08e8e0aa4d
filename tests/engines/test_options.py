"""Options are declared once; the check and the schema follow."""

from dataclasses import dataclass
from typing import Any

import pytest

from polyvox.domain.errors import InvalidInput
from polyvox.engines.options import check, option, schema


@dataclass(frozen=True)
class Options:
    rate: float = option(1.0, "How fast.", ge=0.5, le=2.0)
    count: int = option(3, "How many.", ge=0, le=9)
    style: str = option("plain", "Which.", choices=("plain", "fancy"))
    loud: bool = option(False, "Whether.")


def test_defaults_hold_where_nothing_is_given() -> None:
    assert check(Options, {}) == Options()
    assert check(Options, {"rate": 2, "loud": True}) == Options(rate=2.0, loud=True)


@pytest.mark.parametrize(
    ("given", "named"),
    [
        ({"rat": 1.0}, "options.rat"),
        ({"rate": 2.1}, "options.rate"),
        ({"rate": float("nan")}, "options.rate"),
        ({"rate": float("inf")}, "options.rate"),
        ({"rate": "fast"}, "options.rate"),
        ({"rate": True}, "options.rate"),
        ({"count": 1.5}, "options.count"),
        ({"count": True}, "options.count"),
        ({"count": 10**400}, "options.count"),
        ({"style": "none"}, "options.style"),
        ({"style": None}, "options.style"),
        ({"loud": 1}, "options.loud"),
    ],
)
def test_what_does_not_fit_is_refused_by_name(given: dict[str, Any], named: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        check(Options, given)
    assert refused.value.param == named


def test_an_unknown_option_is_answered_with_the_nearest() -> None:
    with pytest.raises(InvalidInput, match="'rate'"):
        check(Options, {"rates": 1})


def test_the_schema_says_what_the_check_does() -> None:
    described = schema(Options)
    assert described["additionalProperties"] is False
    assert described["properties"]["rate"] == {
        "type": "number",
        "default": 1.0,
        "description": "How fast.",
        "minimum": 0.5,
        "maximum": 2.0,
    }
    assert described["properties"]["style"]["enum"] == ["plain", "fancy"]
    assert described["properties"]["loud"]["type"] == "boolean"
