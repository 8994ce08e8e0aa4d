"""The database: SQLite in a file, or PostgreSQL by URL. Brings its tables up to date at start."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, event, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from polyvox.domain.errors import InvalidInput, Unavailable

_DRIVERS = {"sqlite": "sqlite+aiosqlite", "postgresql": "postgresql+psycopg"}
_ALSO_CALLED = {"postgres": "postgresql"}
_MIGRATIONS = Path(__file__).with_name("migrations")


async def connect(url: str) -> AsyncEngine:
    """An engine for `url`, with the newest tables.

    Raises InvalidInput for a URL that is none of ours, Unavailable when the database cannot
    be reached.
    """
    engine = _engine(url)
    try:
        async with engine.begin() as connection:
            await connection.run_sync(_migrate)
    except (DBAPIError, OSError) as error:
        await engine.dispose()
        where = engine.url.render_as_string(hide_password=True)
        raise Unavailable(f"The database {where} cannot be used: {error}") from error
    return engine


def _engine(url: str) -> AsyncEngine:
    try:
        parsed = make_url(url)
        dialect = parsed.drivername.split("+")[0]
        dialect = _ALSO_CALLED.get(dialect, dialect)
        if dialect not in _DRIVERS:
            raise InvalidInput(
                "The database must be sqlite:///… or postgresql://…", param="database"
            )
        engine = create_async_engine(parsed.set(drivername=_DRIVERS[dialect]), pool_pre_ping=True)
    except (ArgumentError, NoSuchModuleError, ValueError) as error:
        raise InvalidInput(f"Not a database URL: {error}", param="database") from error
    if dialect == "sqlite":
        if parsed.database:
            Path(parsed.database).parent.mkdir(parents=True, exist_ok=True)
        event.listen(engine.sync_engine, "connect", _tune_sqlite)
    return engine


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


def _migrate(connection: Connection) -> None:
    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS).replace("%", "%%"))
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
