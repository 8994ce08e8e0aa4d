"""What the pages of the reference share: Markdown tables, and JSON Schema in words."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

_NOTHING = ("", '""', "null")


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    """The lines of a table, after a blank one; none when there are no rows."""
    lines = [_row(each) for each in rows]
    return ["", _row(head), "|" + "---|" * len(head), *lines] if lines else []


def code(text: str) -> str:
    """A value as it is written, a dash for nothing."""
    return f"`{text}`" if text not in _NOTHING else "–"


def kind(rule: Mapping[str, Any], known: Mapping[str, Any] | None = None) -> str:
    """What a JSON Schema allows, in words; `known` holds the schemas that it may name."""
    if "enum" in rule:
        return ", ".join(map(str, rule["enum"]))
    if "anyOf" in rule:
        kinds = [kind(each, known) for each in rule["anyOf"] if each.get("type") != "null"]
        return " or ".join(kinds)
    if "$ref" in rule:
        fields = (known or {})[rule["$ref"].rpartition("/")[2]]["properties"]
        return "object with " + ", ".join(f"`{name}`" for name in fields)
    if rule.get("type") == "array":
        return f"list of {_plural(kind(rule['items'], known))}{_sizes(rule, 'Items', '')}"
    named = "path" if rule.get("format") == "path" else str(rule.get("type", "any"))
    return named + _bounds(rule) + _sizes(rule, "Length", " characters")


def _bounds(rule: Mapping[str, Any]) -> str:
    low, high = rule.get("minimum"), rule.get("maximum")
    if "exclusiveMinimum" in rule:
        return f", above {_number(rule['exclusiveMinimum'])}"
    if low is not None and high is not None:
        return f", {_number(low)} to {_number(high)}"
    return f", from {_number(low)}" if low is not None else ""


def _sizes(rule: Mapping[str, Any], what: str, unit: str) -> str:
    low, high = rule.get(f"min{what}"), rule.get(f"max{what}")
    if high is None:
        return ""
    return f", {low} to {high}{unit}" if low else f", up to {high}{unit}"


def _number(value: float) -> str:
    return f"{value:.15g}"


def _plural(kind: str) -> str:
    return f"{kind}s" if kind.isalpha() else kind


def _row(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|").replace("\n", " ") for cell in cells) + " |"
