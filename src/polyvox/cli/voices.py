"""polyvox voices: who can speak."""

from __future__ import annotations

import json
from typing import Annotated

import typer

app = typer.Typer(help="Who can speak.", no_args_is_help=True, rich_markup_mode=None)


@app.command("list")
def list_voices(
    engine: Annotated[str | None, typer.Option(help="Of this engine.")] = None,
    language: Annotated[str | None, typer.Option(help="That speak this language (code).")] = None,
    text: Annotated[str | None, typer.Option(help="In name, gender or description.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="As JSON.")] = False,
) -> None:
    """List voices."""
    from dataclasses import asdict

    from rich.console import Console
    from rich.table import Table

    from polyvox.app import catalogue
    from polyvox.settings import load

    _, voices = catalogue(load())
    found = voices.list(engine=engine, language=language, text=text)
    if as_json:
        typer.echo(json.dumps([asdict(voice) for voice in found], ensure_ascii=False, indent=1))
        return
    table = Table("name", "gender", "sounds", "also answers to", "id", box=None)
    for voice in found:
        aliases = ", ".join(voice.aliases)
        table.add_row(voice.name, voice.gender, voice.description, aliases, voice.id)
    Console().print(table)


@app.callback()
def _group() -> None:
    """Who can speak."""
