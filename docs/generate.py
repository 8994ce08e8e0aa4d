"""Writes docs/reference from the code: settings, engines and options, errors, HTTP, command line.

python -m docs.generate            write
python -m docs.generate --check    exit with 1 when a page is stale
"""

from __future__ import annotations

import argparse
import inspect
import json
import sys
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path
from typing import Any

import typer

from docs.http import http_page, openapi
from docs.tables import code, kind, table
from polyvox.api.errors import status_of
from polyvox.cli import app
from polyvox.domain import errors
from polyvox.domain.errors import PolyvoxError, every_error
from polyvox.engines.contract import Synthesizer, capabilities
from polyvox.engines.options import schema
from polyvox.engines.registry import BUILT_IN, Registry
from polyvox.settings import DELIMITER, PREFIX, Section, Settings, as_toml

FOLDER = Path(__file__).parent / "reference"
_WRITTEN = "<!-- Written by `make docs`; change the code, not this page. -->\n\n"
_ITSELF = "what nobody foresaw; the server's log says more"


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


def settings_page() -> str:
    lines = [
        "# Settings",
        "",
        "Arguments win over environment variables, those over a `.env` file, that over a settings",
        "file (`polyvox.toml`, or YAML, in the working folder or the user's configuration folder),",
        "that over the defaults. `polyvox config show` tells what is in force. `DATABASE_URL` and",
        "`REDIS_URL` are understood, and `POLYVOX_CONFIG` names another settings file.",
        "",
        "A variable holds a list with commas between its entries. An unknown setting is refused.",
    ]
    for section, field in Settings.model_fields.items():
        section_class: Any = field.annotation
        assert issubclass(section_class, Section)
        lines += ["", f"## [{section}]", *_section(section, section_class)]
    return "\n".join(lines) + "\n"


def _section(section: str, declared: type[Section]) -> list[str]:
    rules = declared.model_json_schema()["properties"]

    def row(name: str) -> tuple[str, ...]:
        each = declared.model_fields[name]
        variable = f"{PREFIX}{section}{DELIMITER}{name}".upper()
        default = "the user's data folder" if each.default_factory else code(as_toml(each.default))
        return f"`{name}`", f"`{variable}`", kind(rules[name]), default, str(each.description)

    return table(("setting", "variable", "type", "default", ""), map(row, declared.model_fields))


def engines_page() -> str:
    lines = ["# Engines and their options"]
    registry = Registry()
    for name in BUILT_IN:
        engine = registry.synthesizer(name)
        rules = schema(engine.Options)["properties"]
        lines += [
            "",
            f"## {name}",
            "",
            engine.summary,
            "",
            f"- can: {', '.join(capabilities(engine))}",
            f"- licence: {engine.licence}",
            f"- needs: {', '.join(f'`{each}`' for each in engine.requires) or 'nothing'}",
            f"- sample rate: {engine.sample_rate} Hz",
            *_speaks(engine),
            *table(
                ("option", "type", "default", ""),
                (
                    (
                        f"`{each.name}`",
                        kind(rules[each.name]),
                        f"`{each.default}`",
                        rules[each.name]["description"],
                    )
                    for each in fields(engine.Options)
                ),
            ),
            *table(
                ("voice", "gender", "sounds", "also answers to"),
                (
                    (each.name, each.gender, each.description, ", ".join(each.aliases))
                    for each in engine.speakers
                ),
            ),
        ]
    return "\n".join(lines) + "\n"


def _speaks(engine: type[Synthesizer]) -> list[str]:
    if "synthesize" not in capabilities(engine):
        return ["- speaks through another engine, in its languages"]
    return [
        f"- segments of up to {engine.max_characters} characters",
        f"- {len(engine.languages)} languages: {', '.join(sorted(engine.languages))}",
    ]


def errors_page() -> str:
    lines = [
        "# Errors",
        "",
        'HTTP answers carry `{"error": {"message", "type", "param", "code"}}`: what is wrong and',
        "what would be right; `invalid_request_error` or `server_error`; the field that is wrong,",
        "if it is one; a code of this table. Where the same request may succeed later,",
        "`Retry-After` says in how many seconds. The command line exits with 2 when the request",
        "was wrong and with 1 when something failed.",
        *table(("code", "status", "try again", ""), map(_error, errors_there_are())),
    ]
    return "\n".join(lines) + "\n"


def errors_there_are() -> list[type[PolyvoxError]]:
    """Every error of the domain, whoever else derives from them."""
    return [each for each in every_error() if each.__module__ == errors.__name__]


def _error(error: type[PolyvoxError]) -> tuple[str, ...]:
    meaning = dict(_tree_lines(inspect.getdoc(errors) or ""))
    again = "yes" if error.retry else "no"
    about = _ITSELF if error is PolyvoxError else meaning[error.__name__]
    return f"`{error.code}`", str(status_of(error(""))), again, about


def _tree_lines(tree: str) -> Iterator[tuple[str, str]]:
    for line in tree.splitlines():
        name, _, meaning = line.lstrip("│├└─ ").partition(" ")
        if line[:1] in "│├└" and meaning:
            yield name, meaning.strip()


def command_line_page() -> str:
    root = typer.main.get_command(app)
    lines = ["# Command line", "", root.help or "", *_options(root)]
    for name, command in _commands(root, "polyvox"):
        arguments = [each for each in command.params if each.param_type_name == "argument"]
        shown = " ".join(f"[{each.name}]".upper() for each in arguments)
        lines += ["", f"## {name} {shown}".rstrip(), "", (command.help or "").strip()]
        lines += _options(command)
    return "\n".join(lines) + "\n"


def _commands(command: Any, name: str) -> Iterator[tuple[str, Any]]:
    inner = getattr(command, "commands", None)
    if not inner:
        yield name, command
        return
    for below, each in inner.items():
        yield from _commands(each, f"{name} {below}")


def _options(command: Any) -> list[str]:
    return table(("option", "default", ""), map(_option, command.params))


def _option(option: Any) -> tuple[str, ...]:
    names = ", ".join(f"`{each}`" for each in (*option.opts, *option.secondary_opts))
    if option.param_type_name == "argument":
        names = f"`{option.name.upper()}`"
    default = "" if option.default in (None, False, ()) else code(str(option.default))
    return names, default, getattr(option, "help", "") or ""


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--check", action="store_true", help="write nothing; say what is stale")
    check = parser.parse_args().check
    written = pages()
    stale = [name for name, text in written.items() if _now(FOLDER / name) != text]
    for name in stale:
        if not check:
            FOLDER.mkdir(exist_ok=True)
            (FOLDER / name).write_text(written[name], encoding="utf-8")
        print(f"docs/reference/{name} {'is stale; run `make docs`' if check else 'written'}")
    return int(check and bool(stale))


def _now(path: Path) -> str | None:
    return path.read_text(encoding="utf-8") if path.exists() else None


if __name__ == "__main__":
    sys.exit(main())
