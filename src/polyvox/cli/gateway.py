"""polyvox gateway: the API and the pages, speaking through nodes that register."""

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

_RATES = {"per_minute": 1000, "per_address": 100, "at_once": 50}


def gateway(
    host: Host = None,
    port: Port = None,
    engine: Annotated[
        list[str] | None,
        typer.Option("--engine", help="Engine that may be used, here or on nodes; repeat."),
    ] = None,
    model: Model = None,
    balance: Annotated[
        str | None, typer.Option(help="round-robin, least-outstanding or affinity.")
    ] = None,
    redis: Annotated[
        str | None, typer.Option(help="redis://… that several gateways share.")
    ] = None,
    insecure: Insecure = False,
    bootstrap: Bootstrap = False,
    config: Config = None,
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
