"""polyvox serve: the API, the pages and the engines on this machine."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from polyvox.cli.starting import (
    Bootstrap,
    Config,
    Host,
    Insecure,
    Model,
    Port,
    access,
    chosen,
)


def serve(
    host: Host = None,
    port: Port = None,
    engine: Annotated[
        list[str] | None, typer.Option("--engine", help="Engine that may be used; repeat.")
    ] = None,
    model: Model = None,
    hosts: Annotated[
        int | None, typer.Option(help="Processes per engine; 0 is one a core.")
    ] = None,
    insecure: Insecure = False,
    bootstrap: Bootstrap = False,
    config: Config = None,
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
