"""polyvox models: the weights that engines load."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from polyvox.engines.contract import Weights

app = typer.Typer(
    help="The weights that engines load.", no_args_is_help=True, rich_markup_mode=None
)
Model = Annotated[str, typer.Argument(help="Id of the model; see `models list`.")]


@app.command("list")
def list_models() -> None:
    """List models, whether they are on this machine, and what their licences allow."""
    from rich.console import Console
    from rich.table import Table

    from polyvox.app import models
    from polyvox.settings import load

    kept = models(load())
    table = Table("model", "engine", "here", "size", "licence", "commercial use", box=None)
    for model, (engine, weights) in _every().items():
        here = kept.size(model)
        size = f"{here / 1e9:.1f} GB" if here else f"about {weights.gigabytes:g} GB"
        licences = ", ".join(dict.fromkeys(part.licence for part in weights.parts))
        commercial = "yes" if all(part.commercial for part in weights.parts) else "no"
        table.add_row(model, engine, "yes" if here else "no", size, licences, commercial)
    Console().print(table)


@app.command()
def pull(
    model: Model,
    source: Annotated[
        Path | None,
        typer.Option("--from", help="Folder or archive (in parts: the first) instead of the hub."),
    ] = None,
    accept: Annotated[
        bool, typer.Option("--accept-licence", help="You have read the licence and keep to it.")
    ] = False,
) -> None:
    """Bring a model's weights onto this machine, from the hub or from a folder."""
    from rich.console import Console

    from polyvox.app import models
    from polyvox.domain.errors import InvalidInput
    from polyvox.settings import load

    weights = _weights(model)
    for part in weights.parts:
        typer.echo(f"{part.source}: {part.licence}")
    strict = [part for part in weights.parts if not part.commercial]
    if strict and not accept:
        raise InvalidInput(
            f"The licence of {strict[0].source} does not allow commercial use. Read it, then say "
            "--accept-licence."
        )
    if source is None:
        home = models(load()).fetch(model, weights)
    else:
        with Console(stderr=True).status(f"Taking {model} …"):
            home = models(load()).take(model, weights, source)
    typer.echo(f"{model} is in {home}.")


@app.command()
def rm(
    model: Model,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
) -> None:
    """Remove a model's weights from this machine."""
    from polyvox.app import models
    from polyvox.settings import load

    _weights(model)
    kept = models(load())
    if not yes:
        typer.confirm(f"Remove {model} ({kept.size(model) / 1e9:.1f} GB)?", abort=True)
    kept.remove(model)
    typer.echo(f"{model} is removed.")


def _every() -> dict[str, tuple[str, Weights]]:
    """Engine and weights of every model there is, by its id."""
    from polyvox.app import registry
    from polyvox.settings import load

    known = registry(load())
    return {
        model: (name, weights)
        for name in known
        for model, weights in known.find(name).weights.items()
    }


def _weights(model: str) -> Weights:
    from polyvox.domain.errors import NotFound

    every = _every()
    if model not in every:
        raise NotFound(f"There is no model '{model}' with weights. Known: {', '.join(every)}.")
    return every[model][1]
