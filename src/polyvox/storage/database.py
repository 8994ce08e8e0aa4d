"""The database: SQLite in a file, or PostgreSQL by URL. Brings its tables up to date at start."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from sqlalchemy import URL, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, IntegrityError
from sqlalchemy.exc import TimeoutError as NoConnection
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine
from sqlalchemy.pool import NullPool

from polyvox.domain.errors import InvalidInput, Unavailable

_POSTGRESQL = "postgresql+psycopg"
_DRIVERS = {"sqlite": "sqlite", "postgresql": _POSTGRESQL, "postgres": _POSTGRESQL}
_MIGRATIONS = Path(__file__).with_name("migrations")


async def connect(url: str) -> AsyncEngine:
    """An engine for `url`, with the newest tables.

    Raises InvalidInput for a URL that is none of ours, Unavailable when the database cannot
    be reached.
    """
    parsed = _parsed(url)
    try:
        _migrate(parsed)
    except (DBAPIError, OSError) as error:
        where = parsed.render_as_string(hide_password=True)
        reason = str(getattr(error, "orig", error)).partition("\n")[0]
        raise Unavailable(
            f"The database {where} cannot be used: {reason}. Is it running, and is "
            "storage.database right?"
        ) from error
    asynchronous = "sqlite+aiosqlite" if _is_sqlite(parsed) else parsed.drivername
    engine = create_async_engine(
        parsed.set(drivername=asynchronous), pool_pre_ping=True, connect_args=_arguments(parsed)
    )
    if _is_sqlite(parsed):
        event.listen(engine.sync_engine, "connect", _tune_sqlite)
    return engine


@contextlib.asynccontextmanager
async def reading(database: AsyncEngine) -> AsyncIterator[AsyncConnection]:
    """A connection to read with. Raises Unavailable when the database does not answer."""
    with _told():
        async with database.connect() as connection:
            yield connection


@contextlib.asynccontextmanager
async def writing(database: AsyncEngine) -> AsyncIterator[AsyncConnection]:
    """A transaction, kept when the block ends well. Raises Unavailable as `reading` does;
    IntegrityError passes."""
    with _told():
        async with database.begin() as connection:
            yield connection


@contextlib.contextmanager
def _told() -> Iterator[None]:
    try:
        yield
    except IntegrityError:
        raise
    except (DBAPIError, NoConnection, OSError) as error:
        reason = str(getattr(error, "orig", error)).partition("\n")[0]
        raise Unavailable(f"The database cannot be used: {reason}") from error


def _parsed(url: str) -> URL:
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError) as error:
        raise InvalidInput(f"Not a database URL: {error}", param="database") from error
    dialect = parsed.drivername.split("+")[0]
    if dialect not in _DRIVERS:
        raise InvalidInput("The database must be sqlite:///… or postgresql://…", param="database")
    if dialect == "sqlite" and parsed.database:
        Path(parsed.database).parent.mkdir(parents=True, exist_ok=True)
    return parsed.set(drivername=_DRIVERS[dialect])


def _is_sqlite(url: URL) -> bool:
    return url.drivername.startswith("sqlite")


def _arguments(url: URL) -> dict[str, str]:
    """A PostgreSQL database whose encoding is SQL_ASCII would answer bytes."""
    return {} if _is_sqlite(url) else {"client_encoding": "utf8"}


def _migrate(url: URL) -> None:
    """Bring the tables up to date. It blocks, as nothing is served before it is done; Alembic's
    state is global, so migrations of one process must not run side by side."""
    engine = create_engine(url, poolclass=NullPool, connect_args=_arguments(url))
    if _is_sqlite(url):
        event.listen(engine, "connect", _tune_sqlite)
    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS).replace("%", "%%"))
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "head")


def _tune_sqlite(connection: Any, _record: Any) -> None:
    cursor = connection.cursor()
    for pragma in (
        "journal_mode=WAL",
        "synchronous=NORMAL",
        "busy_timeout=10000",
        "foreign_keys=ON",
    ):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()
