"""polyvox worker: this machine's engine, speaking for a gateway."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from polyvox.cli.starting import Config, Host, chosen

_PORT = 8001


def worker(
    engine: Annotated[
        list[str] | None, typer.Option("--engine", help="Engine that speaks here; repeat.")
    ] = None,
    gateway: Annotated[
        list[str] | None, typer.Option("--gateway", help="URL of a gateway to join; repeat.")
    ] = None,
    host: Host = None,
    port: Annotated[int, typer.Option(help="Port to listen on; 0 takes a free one.")] = _PORT,
    advertise: Annotated[
        str | None, typer.Option(help="URL at which gateways reach this worker.")
    ] = None,
    auto_load: Annotated[
        bool,
        typer.Option("--auto-load", help="Bring each engine's first model into memory at once."),
    ] = False,
    device: Annotated[str | None, typer.Option(help="auto, cpu, cuda or cuda:N.")] = None,
    config: Config = None,
) -> None:
    """Start a worker that registers with a gateway and speaks for it.

    Stopping it (Ctrl-C, SIGTERM) lets it finish what it speaks; a second time ends it at once.
    The token that both share is the setting cluster.token (POLYVOX_CLUSTER__TOKEN).
    """
    from polyvox.server import run_worker

    given: dict[str, dict[str, Any]] = {
        "server": {"host": host, "port": port},
        "engines": {"enabled": tuple(engine) if engine else None, "device": device},
        "cluster": {"gateways": tuple(gateway) if gateway else None, "advertise": advertise},
    }
    run_worker(chosen(given, config), auto_load)
