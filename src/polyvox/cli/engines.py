"""polyvox engines: what speaks."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import Annotated

import typer

app = typer.Typer(help="What speaks.", no_args_is_help=True, rich_markup_mode=None)


@app.command("list")
def list_engines() -> None:
    """List engines, with their models and options."""
    from rich.console import Console
    from rich.table import Table

    from polyvox.app import registry
    from polyvox.engines.options import schema
    from polyvox.settings import load

    settings = load()
    known = registry(settings)
    table = Table("engine", "on", "languages", "voices", "options", "about", box=None)
    for name in known:
        engine = known.synthesizer(name)
        table.add_row(
            name,
            "yes" if name in settings.engines.enabled else "no",
            str(len(engine.languages)),
            str(len(engine.speakers)),
            ", ".join(schema(engine.Options)["properties"]),
            engine.summary,
        )
    Console().print(table)


@app.command()
def check(
    name: Annotated[str, typer.Argument(help="The engine.")],
) -> None:
    """Run the contract on an engine, in a process of its own."""
    from polyvox.settings import load

    environment = {**os.environ, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    folder = load().engines.folder
    command = [sys.executable, "-m", "polyvox.engines.check", name]
    if folder:
        command += ["--folder", str(folder)]
    raise typer.Exit(subprocess.run(command, env=environment, check=False).returncode)
