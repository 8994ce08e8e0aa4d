"""Writes docs/reference from the code: settings, engines and options, errors, HTTP, command line.

python -m docs.generate            write
python -m docs.generate --check    exit with 1 when a page is stale
"""

from __future__ import annotations

import argparse
import contextlib
import inspect
import json
import sys
from collections.abc import AsyncIterator, Iterator, Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any

import typer
from fastapi import FastAPI

from polyvox import cli
from polyvox.api import Limits, build
from polyvox.api.errors import status_of
from polyvox.domain.errors import every_error
from polyvox.engines.contract import capabilities
from polyvox.engines.registry import BUILT_IN, Registry
from polyvox.settings import DELIMITER, PREFIX, Section, Settings, as_toml

FOLDER = Path(__file__).parent / "reference"
_WRITTEN = "<!-- Written by `make docs`; change the code, not this page. -->\n\n"


def pages() -> dict[str, str]:
    """File name to text of every generated page."""
    document = openapi()
    return {
        "settings.md": _WRITTEN + settings_page(),
        "engines.md": _WRITTEN + engines_page(),
        "errors.md": _WRITTEN + errors_page(),
        "http.md": _WRITTEN + http_page(document),
        "command-line.md": _WRITTEN + command_line_page(),
        "openapi.json": json.dumps(document, indent=1, ensure_ascii=False) + "\n",
    }


def openapi() -> dict[str, Any]:
    """The OpenAPI document, without starting anything."""

    @contextlib.asynccontextmanager
    async def nothing(_: FastAPI) -> AsyncIterator[None]:
        yield

    return build(nothing, Limits(1, 1, 1)).openapi()


def settings_page() -> str:
    lines = [
        "# Settings",
        "",
        "Arguments win over environment variables, those over a `.env` file, that over a settings",
        "file (`polyvox.toml`, or YAML, in the working folder or the user's configuration folder),",
        "that over the defaults. `polyvox config show` tells what is in force. `DATABASE_URL` and",
        "`REDIS_URL` are understood, and `POLYVOX_CONFIG` names another settings file.",
    ]
    for section, field in Settings.model_fields.items():
        lines += [
            "",
            f"## [{section}]",
            "",
            "| setting | variable | default | |",
            "|---|---|---|---|",
        ]
        kind = field.annotation
        assert isinstance(kind, type)
        assert issubclass(kind, Section)
        for name, each in kind.model_fields.items():
            variable = f"{PREFIX}{section}{DELIMITER}{name}".upper()
            default = "the user's data folder" if each.default_factory else as_toml(each.default)
            lines.append(f"| `{name}` | `{variable}` | {_code(default)} | {each.description} |")
    return "\n".join(lines) + "\n"


def engines_page() -> str:
    lines = ["# Engines and their options"]
    registry = Registry()
    for name in BUILT_IN:
        engine = registry.synthesizer(name)
        lines += [
            "",
            f"## {name}",
            "",
            engine.summary,
            "",
            f"- can: {', '.join(capabilities(engine))}",
            f"- licence: {engine.licence}",
            f"- needs: {', '.join(f'`{each}`' for each in engine.requires) or 'nothing'}",
            f"- sample rate: {engine.sample_rate} Hz; segments of up to {engine.max_characters} "
            "characters",
            f"- {len(engine.languages)} languages: {', '.join(sorted(engine.languages))}",
            "",
            "| option | type | default | allowed | |",
            "|---|---|---|---|---|",
        ]
        for each in fields(engine.Options):
            rule = each.metadata
            bounds = ", ".join(rule["choices"]) if rule["choices"] else _bounds(rule)
            kind = type(each.default).__name__
            default = f"`{each.default}`"
            lines.append(
                f"| `{each.name}` | {kind} | {default} | {bounds} | {rule['description']} |"
            )
        lines += ["", "| voice | gender | sounds | also answers to |", "|---|---|---|---|"]
        for speaker in engine.speakers:
            aliases = ", ".join(speaker.aliases)
            lines.append(
                f"| {speaker.name} | {speaker.gender} | {speaker.description} | {aliases} |"
            )
    return "\n".join(lines) + "\n"


def errors_page() -> str:
    tree = inspect.getdoc(sys.modules[every_error()[0].__module__]) or ""
    lines = [
        "# Errors",
        "",
        'HTTP answers carry `{"error": {"message", "type", "param", "code"}}`. The command line',
        "exits with 2 when the request was wrong and with 1 when something failed.",
        "",
        "| code | status | try again | |",
        "|---|---|---|---|",
    ]
    meaning = dict(_tree_lines(tree))
    for kind in every_error()[1:]:
        again = "yes" if kind.retry else "no"
        status = status_of(kind(""))
        lines.append(f"| `{kind.code}` | {status} | {again} | {meaning[kind.__name__]} |")
    return "\n".join(lines) + "\n"


def _tree_lines(tree: str) -> Iterator[tuple[str, str]]:
    for line in tree.splitlines():
        name, _, meaning = line.lstrip("│├└─ ").partition(" ")
        if line[:1] in "│├└" and meaning:
            yield name, meaning.strip()


def http_page(document: Mapping[str, Any]) -> str:
    lines = [
        "# HTTP",
        "",
        "The same, for programs: [openapi.json](openapi.json); to try out: `/docs` on a running",
        "server. Everything under `/v1/audio` and `/v1/models` is also under `/api/v1`.",
    ]
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            lines += ["", f"## {method.upper()} {path}", "", operation.get("description", "")]
            lines += _parameters(operation.get("parameters", ()))
            lines += _body(operation, document)
            statuses = ", ".join(operation["responses"])
            lines += ["", f"Answers: {statuses}."]
    return "\n".join(lines) + "\n"


def _parameters(parameters: Any) -> list[str]:
    if not parameters:
        return []
    lines = ["", "| parameter | in | default | |", "|---|---|---|---|"]
    for each in parameters:
        default = (
            _code(json.dumps(each["schema"]["default"])) if "default" in each["schema"] else ""
        )
        about = each.get("description", "")
        lines.append(f"| `{each['name']}` | {each['in']} | {default} | {about} |")
    return lines


def _body(operation: Mapping[str, Any], document: Mapping[str, Any]) -> list[str]:
    content = operation.get("requestBody", {}).get("content", {}).get("application/json")
    if not content:
        return []
    name = content["schema"]["$ref"].rpartition("/")[2]
    schema = document["components"]["schemas"][name]
    lines = ["", "| field | type | default | |", "|---|---|---|---|"]
    for field, rule in schema["properties"].items():
        required = field in schema.get("required", ())
        default = "required" if required else _code(json.dumps(rule.get("default")))
        lines.append(f"| `{field}` | {_type(rule)} | {default} | {rule.get('description', '')} |")
    return lines


def _type(rule: Mapping[str, Any]) -> str:
    if "enum" in rule:
        return ", ".join(map(str, rule["enum"]))
    if "anyOf" in rule:
        kinds = [_type(each) for each in rule["anyOf"] if each.get("type") != "null"]
        return " or ".join(kinds)
    if "$ref" in rule:
        return '`{"id"}`' if rule["$ref"].endswith("VoiceId") else "object"
    return str(rule.get("type", "any"))


def command_line_page() -> str:
    lines = ["# Command line"]
    for name, command in _commands(typer.main.get_command(cli.app), "polyvox"):
        arguments = [each for each in command.params if each.param_type_name == "argument"]
        shown = " ".join(f"[{each.name}]".upper() for each in arguments)
        lines += ["", f"## {name} {shown}".rstrip(), "", (command.help or "").strip()]
        rows = [_option_row(each) for each in command.params]
        if rows:
            lines += ["", "| option | default | |", "|---|---|---|", *rows]
    return "\n".join(lines) + "\n"


def _commands(command: Any, name: str) -> Iterator[tuple[str, Any]]:
    inner = getattr(command, "commands", None)
    if not inner:
        yield name, command
        return
    for below, each in inner.items():
        yield from _commands(each, f"{name} {below}")


def _option_row(option: Any) -> str:
    names = ", ".join(f"`{each}`" for each in (*option.opts, *option.secondary_opts))
    if option.param_type_name == "argument":
        names = f"`{option.name.upper()}`"
    default = "" if option.default in (None, False, ()) else _code(str(option.default))
    return f"| {names} | {default} | {getattr(option, 'help', '') or ''} |"


def _bounds(rule: Mapping[str, Any]) -> str:
    low, high = rule["ge"], rule["le"]
    if low is None and high is None:
        return ""
    return f"{low} to {high}" if high is not None else f"from {low}"


def _code(text: str) -> str:
    return f"`{text}`" if text not in ("", '""', "null") else "–"


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--check", action="store_true", help="write nothing; say what is stale")
    check = parser.parse_args().check
    FOLDER.mkdir(exist_ok=True)
    stale = [
        name
        for name, text in pages().items()
        if not (FOLDER / name).exists() or (FOLDER / name).read_text(encoding="utf-8") != text
    ]
    if not check:
        for name in stale:
            (FOLDER / name).write_text(pages()[name], encoding="utf-8")
    for name in stale:
        print(f"docs/reference/{name} {'is stale; run `make docs`' if check else 'written'}")
    return int(check and bool(stale))


if __name__ == "__main__":
    sys.exit(main())
