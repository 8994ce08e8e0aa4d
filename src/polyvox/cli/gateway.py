"""polyvox gateway: the API and the pages, speaking through nodes that register."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from polyvox.cli.serve import access, chosen

_RATES = {"per_minute": 1000, "per_address": 100, "at_once": 50}


def gateway(
    host: Annotated[str | None, typer.Option(help="Address to listen on.")] = None,
    port: Annotated[int | None, typer.Option(help="Port to listen on.")] = None,
    engine: Annotated[
        list[str] | None,
        typer.Option("--engine", help="Engine that may be used, here or on nodes; repeat."),
    ] = None,
    model: Annotated[str | None, typer.Option(help="Model of requests that name none.")] = None,
    balance: Annotated[
        str | None, typer.Option(help="round-robin, least-outstanding or affinity.")
    ] = None,
    redis: Annotated[
        str | None, typer.Option(help="redis://… that several gateways share.")
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
    """Start a gateway; nodes join it with `polyvox worker --gateway URL`.

    The token that both share is the setting cluster.token (POLYVOX_CLUSTER__TOKEN); without one
    only workers of this machine are let in.
    """
    from polyvox.server import run

    given: dict[str, dict[str, Any]] = {
        "server": {"host": host, "port": port},
        "engines": {"enabled": tuple(engine) if engine else None},
        "speech": {"model": model or (engine[0] if engine else None)},
        "access": access(insecure, bootstrap),
        "cluster": {"enabled": True, "balance": balance, "redis": redis},
    }
    run(chosen(given, config, {"rates": _RATES}))
