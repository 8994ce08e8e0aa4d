"""What commands that start a server share: where it listens, who may ask, its settings."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from polyvox.settings import Settings

Host = Annotated[str | None, typer.Option(help="Address to listen on.")]
Port = Annotated[int | None, typer.Option(help="Port to listen on.")]
Model = Annotated[str | None, typer.Option(help="Model of requests that name none.")]
Insecure = Annotated[
    bool, typer.Option("--insecure", help="Ask nobody for a key, whoever can reach it.")
]
Bootstrap = Annotated[
    bool, typer.Option("--bootstrap", help="Make a key for admins if there is none.")
]
Config = Annotated[
    Path | None, typer.Option("--config", help="Settings file instead of the found one.")
]


def access(insecure: bool, bootstrap: bool) -> dict[str, Any]:
    """The settings that two options stand for."""
    return {"keys": "off" if insecure else None, "bootstrap": bootstrap or None}


def chosen(
    given: dict[str, dict[str, Any]], config: Path | None, defaults: dict[str, Any] | None = None
) -> Settings:
    """The settings in force, with what was `given` by section; None was not given."""
    from polyvox import settings

    if not settings.settings_file() and not config:
        _write_default(settings.user_file())
    said = {
        section: {name: value for name, value in values.items() if value is not None}
        for section, values in given.items()
    }
    return settings.load(said, config, defaults)


def _write_default(path: Path) -> None:
    """The first start leaves a settings file to edit, if the folder allows it."""
    from polyvox.settings import default_file

    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(default_file(), encoding="utf-8")
    except OSError:
        return
    typer.echo(f"Settings can be changed in {path}", err=True)
