"""polyvox profiles: saved options of an engine and effects on its sound."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any

import typer

from polyvox.cli import making

if TYPE_CHECKING:
    from polyvox.domain.profile import Profile
    from polyvox.services import Services

app = typer.Typer(help="Quality profiles.", no_args_is_help=True, rich_markup_mode=None)
Which = Annotated[str, typer.Argument(help="Id of the profile, or its name with --engine.")]
Engine = Annotated[
    str | None, typer.Option(help="Engine of the profile; the default model's if not given.")
]


@app.command("list")
def list_profiles(
    engine: Annotated[str | None, typer.Option(help="Of this engine.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="As JSON.")] = False,
) -> None:
    """List profiles: those that come with Polyvox, then your own."""
    from dataclasses import asdict

    from rich.console import Console
    from rich.table import Table

    async def listing() -> list[Profile]:
        async with making.services() as served:
            return await served.profiles.list(engine)

    found = asyncio.run(listing())
    if as_json:
        typer.echo(json.dumps([asdict(each) for each in found], ensure_ascii=False, indent=1))
        return
    table = Table("engine", "name", "default", "options", "effects", "about", box=None)
    table.add_column("id", no_wrap=True)
    for each in found:
        table.add_row(
            each.engine,
            each.name,
            "yes" if each.default else "",
            _shown(each.options),
            _shown(each.effects),
            each.description,
            each.id,
        )
    Console().print(table)


@app.command()
def show(profile: Which, engine: Engine = None) -> None:
    """Show one profile, as JSON."""
    from dataclasses import asdict

    async def showing() -> Profile:
        async with making.services() as served:
            return await _one(served, profile, engine)

    typer.echo(json.dumps(asdict(asyncio.run(showing())), ensure_ascii=False, indent=1))


@app.command()
def create(
    name: Annotated[str, typer.Argument(help="Name of the new profile.")],
    engine: Engine = None,
    option: Annotated[
        list[str] | None, typer.Option("--option", help="An engine's option, NAME=VALUE; repeat.")
    ] = None,
    effect: Annotated[
        list[str] | None,
        typer.Option("--effect", help="dc, high_pass, denoise, de_ess, low_pass or loudness."),
    ] = None,
    like: Annotated[
        str | None, typer.Option(help="A profile whose options and effects it starts from.")
    ] = None,
    description: Annotated[str, typer.Option(help="A few words about it.")] = "",
) -> None:
    """Keep a profile of your own."""
    from polyvox.cli.manner import named_values

    options = named_values(option, "--option")
    effects = named_values(effect, "--effect")

    async def creating() -> Profile:
        async with making.services() as served:
            begun = await _one(served, like, engine) if like else None
            return await served.profiles.create(
                begun.engine if begun else _engine(served, engine),
                name,
                {**(begun.options if begun else {}), **options},
                {**(begun.effects if begun else {}), **effects},
                description or (begun.description if begun else ""),
            )

    _tell(asyncio.run(creating()))


@app.command()
def delete(profile: Which, engine: Engine = None) -> None:
    """Delete a profile of your own."""

    async def deleting() -> Profile:
        async with making.services() as served:
            found = await _one(served, profile, engine)
            await served.profiles.delete(found.id)
            return found

    gone = asyncio.run(deleting())
    typer.echo(f"Deleted {gone.name} ({gone.id}).")


@app.command()
def default(profile: Which, engine: Engine = None) -> None:
    """Let its engine use a profile whenever none is named."""

    async def setting() -> Profile:
        async with making.services() as served:
            found = await _one(served, profile, engine)
            return await served.profiles.set_default(found.id)

    _tell(asyncio.run(setting()))


async def _one(served: Services, profile: str, engine: str | None) -> Profile:
    """By id; by name of the engine's. Raises NotFound."""
    from polyvox.domain.errors import NotFound

    if engine is None:
        try:
            return await served.profiles.get(profile)
        except NotFound:
            pass
    return await served.profiles.find(profile, _engine(served, engine))


def _engine(served: Services, engine: str | None) -> str:
    return served.engines.synthesizer(engine or served.engines.default.engine).name


def _tell(profile: Profile) -> None:
    role = ", the default" if profile.default else ""
    typer.echo(f"{profile.name} ({profile.id}), of {profile.engine}{role}")


def _shown(values: Mapping[str, Any]) -> str:
    return ", ".join(f"{name} {json.dumps(value)}" for name, value in values.items())


@app.callback()
def _group() -> None:
    """Quality profiles."""
