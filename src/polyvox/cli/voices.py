"""polyvox voices: who can speak; heard, carried to other servers, deleted. Making them is in
`making`."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from polyvox.cli import making

if TYPE_CHECKING:
    from polyvox.domain.voice import VoiceRecord
    from polyvox.services import Services

app = typer.Typer(help="Who can speak.", no_args_is_help=True, rich_markup_mode=None)
app.command("clone")(making.clone)
app.command("design")(making.design)
app.command("blend")(making.blend)
Which = Annotated[str, typer.Argument(help="Name or id of the voice.")]


@app.command("list")
def list_voices(
    engine: Annotated[str | None, typer.Option(help="Of this engine.")] = None,
    language: Annotated[str | None, typer.Option(help="That speak this language (code).")] = None,
    kind: Annotated[str | None, typer.Option(help="preset, cloned, designed or blended.")] = None,
    text: Annotated[str | None, typer.Option(help="In name, gender or description.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="As JSON.")] = False,
) -> None:
    """List voices: your own first."""
    from dataclasses import asdict

    from rich.console import Console
    from rich.table import Table

    found = asyncio.run(_found(engine, language, kind, text))
    if as_json:
        listed = [{**asdict(each), **asdict(each.voice)} for each in found]
        for each in listed:
            del each["voice"], each["state"]
        typer.echo(json.dumps(listed, ensure_ascii=False, indent=1))
        return
    table = Table("name", "kind", "gender", "sounds", "also answers to", "id", box=None)
    for record in found:
        voice = record.voice
        aliases = ", ".join(voice.aliases)
        about = (voice.name, voice.kind, voice.gender, voice.description, aliases, voice.id)
        table.add_row(*(each or "" for each in about))
    Console().print(table)


@app.command()
def preview(
    voice: Which,
    text: Annotated[str | None, typer.Option(help="What it says.")] = None,
    output: Annotated[
        Path | None, typer.Option("-o", "--output", help="File to write instead of playing.")
    ] = None,
) -> None:
    """Hear a voice say a line."""
    from polyvox.cli.speak import speak
    from polyvox.services.samples import sentence

    language = asyncio.run(_one(voice)).voice.language
    speak(text or sentence(language), output, voice=voice, language=language or "auto")


@app.command()
def export(
    voice: Which,
    output: Annotated[
        Path | None, typer.Option("-o", "--output", help="File to write; NAME.voice.zip.")
    ] = None,
) -> None:
    """Write a voice of your own to one file: recording, state and what is known of it."""

    async def exporting() -> None:
        async with making.services() as served:
            record = await _own(served, voice)
            from polyvox.services.parcels import SUFFIX

            target = output or Path(f"{record.voice.name}{SUFFIX}")
            unfinished = target.with_name(f".{target.name}.part")
            try:
                await served.parcels.pack(record.voice.id, unfinished)
                unfinished.replace(target)
            finally:
                unfinished.unlink(missing_ok=True)
            typer.echo(str(target))

    asyncio.run(exporting())


@app.command("import")
def import_voice(
    file: Annotated[Path, typer.Argument(help="What `export` wrote.", exists=True, dir_okay=False)],
    name: Annotated[str | None, typer.Option(help="Another name for it.")] = None,
) -> None:
    """Keep a voice that was exported."""

    async def importing() -> None:
        async with making.services() as served:
            making.tell(await served.parcels.unpack(file, name))

    asyncio.run(importing())


@app.command()
def delete(
    voice: Which,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
) -> None:
    """Delete a voice of your own."""

    async def deleting() -> None:
        async with making.services() as served:
            record = await _own(served, voice)
            if not yes:
                typer.confirm(
                    f"Delete {record.voice.kind} voice '{record.voice.name}'?", abort=True
                )
            await served.voices.delete(record.voice.id)
            typer.echo(f"Deleted {record.voice.name} ({record.voice.id}).")

    asyncio.run(deleting())


async def _found(
    engine: str | None, language: str | None, kind: str | None, text: str | None
) -> list[VoiceRecord]:
    async with making.services() as served:
        found, _ = await served.voices.list(
            engine=engine, language=language, kind=kind, text=text, count=100_000
        )
        return found


async def _one(voice: str) -> VoiceRecord:
    async with making.services() as served:
        return await _own(served, voice)


async def _own(served: Services, voice: str) -> VoiceRecord:
    """By name or id. Raises NotFound."""
    engine = served.engines.default.engine
    found = await served.voices.find(voice, engine, anywhere=True)
    return await served.voices.get(found.id)


@app.callback()
def _group() -> None:
    """Who can speak."""
