"""polyvox speak: a text, a file or standard input to a sound file or the loudspeaker."""

from __future__ import annotations

import asyncio
import contextlib
import json
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, BinaryIO

import typer

from polyvox.cli.manner import Model, Option, Profile, Quiet, Seed, Speed, Voice, named_values

if TYPE_CHECKING:
    from polyvox.domain.speech import Utterance, Word
    from polyvox.services.synthesis import Speech
    from polyvox.settings import Settings

_PLAYERS = (
    ("ffplay", "-autoexit", "-nodisp", "-loglevel", "error"),
    ("afplay",),
    ("paplay",),
    ("aplay", "-q"),
    ("play", "-q"),
)
_CAPTIONS = (".srt", ".vtt", ".json")
_LONGEST = 100_000_000


def speak(
    text: Annotated[
        str | None, typer.Argument(help="The text; `-` or nothing reads standard input.")
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option("-o", "--output", help="File to write, `-` for standard output."),
    ] = None,
    file: Annotated[
        Path | None, typer.Option("-f", "--file", help="Read the text from a file (UTF-8).")
    ] = None,
    voice: Voice = None,
    model: Model = None,
    language: Annotated[str, typer.Option("-l", "--language", help="Code or name.")] = "auto",
    speed: Speed = 1.0,
    format: Annotated[
        str | None,
        typer.Option(help="mp3, opus, aac, flac, wav, pcm, ulaw, alaw; by the name of the output."),
    ] = None,
    sample_rate: Annotated[int | None, typer.Option(help="Hertz.")] = None,
    option: Option = None,
    profile: Profile = None,
    seed: Seed = None,
    captions: Annotated[
        Path | None, typer.Option(help="Write what is said when: .srt, .vtt or .json.")
    ] = None,
    quiet: Quiet = False,
) -> None:
    """Speak a text to a file, or aloud when there is a player and no file is named."""
    from polyvox.domain.errors import InvalidInput
    from polyvox.domain.speech import Utterance
    from polyvox.settings import load

    if captions and captions.suffix not in _CAPTIONS:
        raise InvalidInput(f"Captions are written as {', '.join(_CAPTIONS)}.")
    asked = Utterance(
        text=_text(text, file),
        voice=voice,
        model=model,
        language=language,
        speed=speed,
        seed=seed,
        options=named_values(option, "--option"),
        profile=profile,
    )
    settings = load({"speech": {"max_characters": _LONGEST}})
    asyncio.run(_speak(asked, settings, output, format, sample_rate, captions, quiet))


async def _speak(
    asked: Utterance,
    settings: Settings,
    output: Path | None,
    format: str | None,
    sample_rate: int | None,
    captions: Path | None,
    quiet: bool,
) -> None:
    from polyvox.app import catalogue, has_default_profiles, running
    from polyvox.audio.encode import format_named

    playing = None if output else player()
    named = format or (output.suffix[1:].lower() if output and output.suffix else "wav")
    fmt = format_named("mp3" if output and not output.suffix and not format else named)
    preset = asked.voice is None or catalogue(settings)[1].known(asked.voice)
    stored = not preset or asked.profile is not None or has_default_profiles(settings)
    async with running(settings, stored=stored) as services:
        whole = output is not None and str(output) != "-"
        speech = await services.synthesis.speak(asked, fmt, sample_rate, whole=whole)
        async with contextlib.aclosing(speech):
            with _sink(output) as sink:
                words, seconds = await _write(speech, sink, quiet)
                if playing:
                    sink.flush()
                    await asyncio.to_thread(subprocess.run, [*playing, sink.name], check=False)
    if captions:
        _write_captions(captions, words, asked.text)
    if not quiet and output and str(output) != "-":
        typer.echo(f"{output}: {seconds:.1f} s, voice {speech.voice.name}", err=True)


async def _write(speech: Speech, sink: BinaryIO, quiet: bool) -> tuple[list[Word], float]:
    """Writes what comes, with a bar when it takes long; words and seconds of the speech."""
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("speaking"), BarColumn(), TextColumn("{task.fields[seconds]:.0f} s"))
    console = Console(stderr=True)
    words: list[Word] = []
    seconds = 0.0
    with Progress(
        *columns, TimeRemainingColumn(), console=console, disable=quiet or not console.is_terminal
    ) as progress:
        bar = progress.add_task("speaking", total=1.0, seconds=0.0)
        async for part in speech:
            sink.write(part.data)
            words += part.words
            seconds = part.time
            progress.update(bar, completed=part.progress, seconds=seconds)
    if sink.seekable():
        _complete(speech, sink)
    return words, seconds


def _complete(speech: Speech, sink: BinaryIO) -> None:
    """Put the exact sizes into the head of a WAV that was written as it came."""
    from polyvox.audio.encode import completed_head

    size = sink.seek(0, 2)
    sink.seek(0)
    head = completed_head(speech.format, sink.read(64), size)
    sink.seek(0)
    sink.write(head)
    sink.seek(0, 2)


@contextlib.contextmanager
def _sink(output: Path | None) -> Iterator[BinaryIO]:
    """Where the sound goes. A file appears under its name only when it is whole."""
    from polyvox.domain.errors import InvalidInput

    if output is None:
        with tempfile.NamedTemporaryFile(suffix=".wav") as temporary:
            yield temporary  # type: ignore[misc]
    elif str(output) == "-":
        yield sys.stdout.buffer
        sys.stdout.buffer.flush()
    else:
        unfinished = output.with_name(f".{output.name}.part")
        try:
            with unfinished.open("w+b") as sink:
                yield sink
            unfinished.replace(output)
        except OSError as error:
            raise InvalidInput(f"{output} cannot be written: {error.strerror}.") from error
        finally:
            unfinished.unlink(missing_ok=True)


def _write_captions(path: Path, words: list[Word], text: str) -> None:
    from polyvox.services.captions import captions

    written = captions(words, text, path.suffix[1:])
    path.write_text(
        written if isinstance(written, str) else json.dumps(written, ensure_ascii=False, indent=1),
        encoding="utf-8",
    )


def _text(text: str | None, file: Path | None) -> str:
    from polyvox.domain.errors import InvalidInput

    if text is not None and file is not None:
        raise InvalidInput("Give either a text or --file, not both.")
    try:
        if file is not None:
            return file.read_text(encoding="utf-8-sig")
        if text in (None, "-"):
            if sys.stdin.isatty():
                typer.echo("Type the text; Ctrl-D ends it.", err=True)
            return sys.stdin.buffer.read().decode("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidInput(f"The text cannot be read: {error}") from error
    return text or ""


def player() -> tuple[str, ...]:
    from polyvox.domain.errors import Unavailable

    for command in _PLAYERS:
        if shutil.which(command[0]):
            return command
    names = ", ".join(command[0] for command in _PLAYERS)
    raise Unavailable(f"No player was found ({names}); name a file instead: -o speech.mp3")
