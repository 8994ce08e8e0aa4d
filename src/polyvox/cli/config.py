"""polyvox config: the settings in force, and a file to write them in."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(help="Settings.", no_args_is_help=True, rich_markup_mode=None)


@app.command()
def show() -> None:
    """Show every setting in force, as TOML, and where the settings file is."""
    from polyvox import settings

    loaded = settings.load()
    file = settings.settings_file()
    typer.echo(f"# settings file: {file or f'none; {settings.user_file()} would be read'}")
    for section, values in loaded:
        typer.echo(f"\n[{section}]")
        for name, value in values:
            typer.echo(f"{name} = {settings.as_toml(_hidden(name, value))}")


@app.command()
def init(
    path: Annotated[
        Path | None, typer.Argument(help="Where; the user's configuration folder if not given.")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace a file that is there.")] = False,
) -> None:
    """Write a settings file in which every setting is explained."""
    from polyvox import settings
    from polyvox.domain.errors import Conflict

    target = path or settings.user_file()
    if target.exists() and not force:
        raise Conflict(f"{target} is there already; --force replaces it.")
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(settings.default_file(), encoding="utf-8")
    typer.echo(str(target))


def _hidden(name: str, value: object) -> object:
    """URLs without their passwords, and no secrets."""
    import re

    if name in ("s3_secret_key", "s3_session_token") and value:
        return "…"
    if name == "settings" and isinstance(value, dict):
        return {engine: dict.fromkeys(own, "…") for engine, own in value.items()}
    if name in ("database", "redis") and isinstance(value, str):
        return re.sub(r"(://[^:/@]*:)[^@]*@", r"\1…@", value)
    return value
