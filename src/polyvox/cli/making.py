"""polyvox voices clone | design | blend: new voices, on this machine and without a server."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from polyvox.domain.voice import VoiceRecord
    from polyvox.services import Services

Name = Annotated[str, typer.Argument(help="Name of the new voice.")]
Engine = Annotated[str | None, typer.Option(help="Engine that makes it; see `engines list`.")]
Days = Annotated[float | None, typer.Option(help="Days it is kept; for ever if not given.")]


def clone(
    name: Name,
    recording: Annotated[
        Path,
        typer.Argument(
            help="Recording of the speaker, 10 s to 5 min.", exists=True, dir_okay=False
        ),
    ],
    ref_text: Annotated[str | None, typer.Option(help="What is said in it.")] = None,
    language: Annotated[str | None, typer.Option("-l", "--language", help="Of what is said.")] = (
        None
    ),
    engine: Engine = None,
    description: Annotated[str, typer.Option(help="A few words about it.")] = "",
    consent: Annotated[str | None, typer.Option(help="Note that the speaker agrees.")] = None,
    days: Days = None,
) -> None:
    """Clone whoever speaks in a recording."""
    from polyvox.services.enrolment import About

    about = About(
        name,
        description,
        language,
        transcript=ref_text,
        consent=consent,
        lifetime=days and days * 86400,
    )

    async def cloning() -> VoiceRecord:
        async with services() as served:
            return await served.enrolment.clone(recording, about, engine)

    with _waiting("Listening to the recording"):
        record = asyncio.run(cloning())
    tell(record)
    for each in record.origin.get("advice", ()):
        typer.echo(f"  {each['severity']}: {each['message']}")
    if record.likeness == "approximate":
        typer.echo(
            "  It matches pitch, melody, tone colour and roughly the pace; it still sounds like "
            "a synthesizer."
        )


def design(
    name: Name,
    description: Annotated[str, typer.Argument(help="The voice, in words.")],
    language: Annotated[str | None, typer.Option("-l", "--language", help="It says a line in.")] = (
        None
    ),
    engine: Engine = None,
    setting: Annotated[
        list[str] | None, typer.Option("--set", help="NAME=VALUE that wins over the words; repeat.")
    ] = None,
    days: Days = None,
) -> None:
    """Make a voice from words, such as "a calm old man with a deep voice"."""
    from polyvox.services.enrolment import About

    about = About(name, description, language, lifetime=days and days * 86400)
    settings = dict(_setting(each) for each in setting or ())

    async def designing() -> VoiceRecord:
        async with services() as served:
            return (await served.enrolment.design(about, engine, settings))[0]

    record = asyncio.run(designing())
    tell(record)
    for trait in record.origin["understood"]:
        typer.echo(f"  {trait['words']}: {trait['meaning']} ({trait['about']})")
    if record.origin["ignored"]:
        typer.echo(f"  not understood: {', '.join(record.origin['ignored'])}")
    settled = ", ".join(f"{key}={value:g}" for key, value in record.origin["settings"].items())
    typer.echo(f"  {settled}")


def blend(
    name: Name,
    voices: Annotated[
        list[str], typer.Argument(help="Two or more voices, each NAME or NAME=WEIGHT.")
    ],
    days: Days = None,
) -> None:
    """Make a voice between others of one engine."""
    from polyvox.services.enrolment import About

    parts = [_setting(each) if "=" in each else (each, 1.0) for each in voices]

    async def blending() -> VoiceRecord:
        async with services() as served:
            about = About(name, lifetime=days and days * 86400)
            return await served.enrolment.blend(about, parts)

    tell(asyncio.run(blending()))


@contextlib.asynccontextmanager
async def services() -> AsyncIterator[Services]:
    """What the command works with: the same storage as the server's."""
    from polyvox.app import running
    from polyvox.settings import load

    async with running(load()) as served:
        yield served


def tell(record: VoiceRecord) -> None:
    """Say what was made, and how to speak with it."""
    voice = record.voice
    typer.echo(f"{voice.name}: {voice.kind} voice {voice.id}")
    typer.echo(f'  polyvox speak --voice {voice.name!r} "…"')


@contextlib.contextmanager
def _waiting(what: str) -> Iterator[None]:
    from rich.console import Console

    console = Console(stderr=True)
    with console.status(f"{what} …") if console.is_terminal else contextlib.nullcontext():
        yield


def _setting(given: str) -> tuple[str, float]:
    from polyvox.domain.errors import InvalidInput

    name, _, value = given.rpartition("=")
    try:
        return name, float(value)
    except ValueError as error:
        raise InvalidInput(f"'{given}' is not NAME=NUMBER.") from error
