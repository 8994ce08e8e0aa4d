"""polyvox keys: who may use a server that others reach."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime
from time import time
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

if TYPE_CHECKING:
    from polyvox.domain.account import Key
    from polyvox.services.keys import Keys

app = typer.Typer(help="Make, list and revoke the keys of a server.", no_args_is_help=True)
_Answer = TypeVar("_Answer")
_DAY = 86400
_MOST_DAYS = 36500


@app.command()
def create(
    name: Annotated[str, typer.Option(help="Who or what it is for.")],
    scope: Annotated[
        list[str] | None,
        typer.Option("--scope", help="speak, voices, jobs, datasets or admin; repeat."),
    ] = None,
    expires_in: Annotated[
        float | None, typer.Option(help="Days until it is over; for good if not said.")
    ] = None,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Print the key alone.")] = False,
) -> None:
    """Make a key, and print it: nobody can be shown it again. Good for speaking if not said."""
    from polyvox.domain.errors import InvalidInput

    wanted = scope or ["speak"]
    if expires_in is not None and not 0 < expires_in <= _MOST_DAYS:
        raise InvalidInput(f"--expires-in takes more than 0 and up to {_MOST_DAYS} days.")
    seconds = None if expires_in is None else expires_in * _DAY
    key, written = _with(lambda keys: keys.create(name, wanted, seconds))
    if quiet:
        typer.echo(written)
        return
    typer.echo(f"Key {key.id} for {key.name} ({', '.join(key.scopes)}), shown this once:", err=True)
    typer.echo(written)


@app.command("list")
def list_keys() -> None:
    """Every key: what it is good for, until when, when it was last used."""
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    table = Table(box=None)
    for head in ("id", "name", "scopes", "made", "until", "last used", ""):
        table.add_column(head, no_wrap=head not in ("name", "scopes"))
    for key in _with(lambda keys: keys.all()):
        until = _day(key.expires_at) or "for good"
        used, made = _minute(key.used_at) or "never", _day(key.created_at)
        name, scopes = escape(key.name), ", ".join(key.scopes)
        table.add_row(key.id, name, scopes, made, until, used, _state(key))
    Console().print(table)


@app.command()
def revoke(
    ids: Annotated[list[str], typer.Argument(metavar="ID...", help="As `keys list` shows them.")],
) -> None:
    """Let keys open nothing any more; servers that run notice within seconds."""

    async def each(keys: Keys) -> None:
        for id in ids:
            await keys.revoke(id)
            typer.echo(f"Revoked {id}.")

    _with(each)


def _with(do: Callable[[Keys], Awaitable[_Answer]]) -> _Answer:
    from polyvox.app.access import keys
    from polyvox.settings import load

    async def doing() -> _Answer:
        async with keys(load()) as known:
            return await do(known)

    return asyncio.run(doing())


def _state(key: Key) -> str:
    """Why it opens nothing, if it does not."""
    if key.revoked_at:
        return "revoked"
    return "" if key.works(time()) else "over"


def _day(seconds: float | None) -> str:
    return datetime.fromtimestamp(seconds).strftime("%Y-%m-%d") if seconds else ""


def _minute(seconds: float | None) -> str:
    return datetime.fromtimestamp(seconds).strftime("%Y-%m-%d %H:%M") if seconds else ""
