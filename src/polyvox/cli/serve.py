"""polyvox serve: the API, the pages and the engines on this machine."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from polyvox.settings import Settings


def serve(
    host: Annotated[str | None, typer.Option(help="Address to listen on.")] = None,
    port: Annotated[int | None, typer.Option(help="Port to listen on.")] = None,
    engine: Annotated[
        list[str] | None, typer.Option("--engine", help="Engine that may be used; repeat.")
    ] = None,
    model: Annotated[str | None, typer.Option(help="Model of requests that name none.")] = None,
    hosts: Annotated[
        int | None, typer.Option(help="Processes per engine; 0 is one a core.")
    ] = None,
    insecure: Annotated[
        bool, typer.Option("--insecure", help="Ask nobody for a key, whoever can reach it.")
    ] = False,
    bootstrap: Annotated[
        bool, typer.Option("--bootstrap", help="Make a key for admins if there is none.")
    ] = False,
    config: Annotated[
        Path | None, typer.Option("--config", help="Settings file instead of the found one.")
    ] = None,
) -> None:
    """Start the server on http://127.0.0.1:8080, or where the settings say."""
    from polyvox.server import run

    given: dict[str, dict[str, Any]] = {
        "server": {"host": host, "port": port},
        "engines": {"enabled": tuple(engine) if engine else None, "hosts": hosts},
        "speech": {"model": model or (engine[0] if engine else None)},
        "access": access(insecure, bootstrap),
    }
    run(chosen(given, config))


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
