"""The command line: one file a command. Each imports what it needs when it runs, so that
`--help` answers at once."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from polyvox import __version__
from polyvox.cli import (
    config,
    doctor,
    engines,
    gateway,
    jobs,
    keys,
    models,
    narrate,
    nodes,
    profiles,
    serve,
    speak,
    voices,
    worker,
)

_EPILOG = "Settings come from arguments, POLYVOX_… variables and polyvox.toml; see `config show`."
_INTERRUPTED, _FAILED, _WRONG = 130, 1, 2

app = typer.Typer(
    name="polyvox",
    help="Polyvox speaks: on the command line, over HTTP and on a page.",
    epilog=_EPILOG,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command()(speak.speak)
app.command()(narrate.narrate)
app.command()(serve.serve)
app.command()(gateway.gateway)
app.command()(worker.worker)
app.add_typer(voices.app, name="voices")
app.add_typer(profiles.app, name="profiles")
app.add_typer(jobs.app, name="jobs")
app.add_typer(keys.app, name="keys")
app.add_typer(nodes.app, name="nodes")
app.add_typer(engines.app, name="engines")
app.add_typer(models.app, name="models")
app.add_typer(config.app, name="config")
app.command()(doctor.doctor)


@app.callback(invoke_without_command=True)
def _root(
    version: Annotated[bool, typer.Option("--version", help="Say which version this is.")] = False,
) -> None:
    if version:
        typer.echo(f"polyvox {__version__}")
        raise typer.Exit


def main() -> None:
    """Run the command line; exits with 1 when something failed, 2 when the request was wrong."""
    from polyvox.domain.errors import InvalidInput, PolyvoxError

    try:
        app()
    except InvalidInput as error:
        typer.echo(f"polyvox: {error.message}", err=True)
        sys.exit(_WRONG)
    except PolyvoxError as error:
        typer.echo(f"polyvox: {error.message}", err=True)
        sys.exit(_FAILED)
    except KeyboardInterrupt:
        sys.exit(_INTERRUPTED)
