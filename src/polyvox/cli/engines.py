"""polyvox engines: what speaks."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from polyvox.engines.contract import Engine
    from polyvox.settings import Settings

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
            _on(settings, engine),
            str(len(engine.languages)),
            str(len(engine.speakers)),
            ", ".join(schema(engine.Options)["properties"]),
            engine.summary,
        )
    Console().print(table)


def _on(settings: Settings, engine: type[Engine]) -> str:
    from polyvox.app import environments

    if engine.separate and environments(settings).python(engine) is None:
        return "not installed"
    return "yes" if engine.name in settings.engines.enabled else "no"


@app.command()
def install(
    name: Annotated[str, typer.Argument(help="The engine.")],
    constraint: Annotated[
        Path | None,
        typer.Option(
            help="File of versions to keep to, as pip reads it: which torch, for example."
        ),
    ] = None,
    python: Annotated[
        str | None,
        typer.Option(help="Python to make it from, 3.10 or newer, in place of this one."),
    ] = None,
    quiet: Annotated[bool, typer.Option("-q", "--quiet", help="No progress.")] = False,
) -> None:
    """Make the environment of an engine; go on where it was interrupted. A server that runs
    needs no restart. pip's own settings hold too: PIP_INDEX_URL, PIP_EXTRA_INDEX_URL, PIP_PROXY."""
    from rich.console import Console

    from polyvox.app import environments, registry
    from polyvox.settings import load

    settings = load()
    engine = registry(settings).find(name)
    if not engine.separate:
        typer.echo(f"{name} needs no environment of its own.")
        return
    console = Console(stderr=True)
    shown = console.is_terminal and not quiet
    with console.status(f"{name} …") if shown else contextlib.nullcontext() as status:

        def tell(line: str) -> None:
            if status:
                status.update(line[:100])
            elif not quiet:
                typer.echo(line, err=True)

        environments(settings).install(engine, tell, python=python, constraints=constraint)
    typer.echo(f"{name} is installed.")
    if name not in settings.engines.enabled:
        typer.echo(f'Switch it on: engines.enabled = ["espeak", "{name}"]')
    for model in engine.weights:
        typer.echo(f"Its weights: polyvox models pull {model}")


@app.command()
def remove(
    name: Annotated[str, typer.Argument(help="The engine.")],
) -> None:
    """Remove the environment of an engine; its models stay."""
    from polyvox.app import environments, registry
    from polyvox.settings import load

    settings = load()
    gone = environments(settings).remove(registry(settings).find(name))
    typer.echo(f"{name} is removed." if gone else f"{name} had no environment.")


@app.command()
def check(
    name: Annotated[str, typer.Argument(help="The engine.")],
    model: Annotated[
        str | None, typer.Option(help="One of its models; the first that is here.")
    ] = (None),
) -> None:
    """Run the contract on an engine, in a process and an environment of its own."""
    from polyvox.app import environments, models, registry
    from polyvox.domain.errors import Unavailable
    from polyvox.settings import load

    settings = load()
    engine = registry(settings).find(name)
    variables = {**os.environ, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    python: Path | str = sys.executable
    if engine.separate:
        found = environments(settings).python(engine)
        if found is None:
            raise Unavailable(f"It is not installed. Run: polyvox engines install {name}")
        python = found
        variables["PYTHONPATH"] = str(environments(settings).path(engine))
    command = [str(python), "-m", "polyvox.engines.check", name]
    if engine.weights:
        kept = models(settings)
        chosen = model or next((each for each in engine.weights if kept.size(each)), None)
        chosen = chosen or next(iter(engine.weights))
        weights = kept.folder(chosen, engine.weights[chosen])
        command += ["--model", chosen, "--weights", str(weights)]
    if settings.engines.folder:
        command += ["--folder", str(settings.engines.folder)]
    raise typer.Exit(subprocess.run(command, env=variables, check=False).returncode)
