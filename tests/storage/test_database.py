"""Tables are brought up to date at start, on both databases, by any number of servers at once."""

import asyncio
import os
import sys
from pathlib import Path
from typing import Any

import psycopg
import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Connection, inspect

from polyvox.domain.errors import InvalidInput, Unavailable
from polyvox.storage.database import connect
from polyvox.storage.tables import metadata


def _differences(connection: Connection) -> Any:
    return compare_metadata(MigrationContext.configure(connection), metadata)


async def test_migrations_make_the_tables_that_the_code_knows(database_url: str) -> None:
    engine = await connect(database_url)
    async with engine.connect() as connection:
        assert await connection.run_sync(_differences) == []
    await engine.dispose()


async def test_servers_that_start_at_once_do_not_collide(database_url: str) -> None:
    first = await connect(database_url)
    async with first.begin() as connection:
        for table in reversed(metadata.sorted_tables):
            await connection.exec_driver_sql(f"DROP TABLE {table.name}")
        await connection.exec_driver_sql("DROP TABLE alembic_version")
    await first.dispose()
    program = (
        "import asyncio, sys; from polyvox.storage.database import connect; "
        "asyncio.run(connect(sys.argv[1]))"
    )
    starting = [
        await asyncio.create_subprocess_exec(sys.executable, "-c", program, database_url)
        for _ in range(4)
    ]
    assert [await process.wait() for process in starting] == [0, 0, 0, 0]
    engine = await connect(database_url)
    async with engine.connect() as connection:
        names = await connection.run_sync(lambda c: inspect(c).get_table_names())
        assert set(names) == {*metadata.tables, "alembic_version"}
    await engine.dispose()


@pytest.mark.parametrize("url", ["mysql://x/y", "nothing", "", "sqlite", "://"])
async def test_other_databases_are_refused(url: str) -> None:
    with pytest.raises(InvalidInput, match=r"(?i)database"):
        await connect(url)


async def test_a_database_that_is_not_there_is_named_without_its_password() -> None:
    with pytest.raises(Unavailable) as refused:
        await connect("postgresql://me:secret@127.0.0.1:1/nothing")
    assert "127.0.0.1" in refused.value.message
    assert "secret" not in refused.value.message


async def test_a_file_that_is_no_database_is_refused(tmp_path: Path) -> None:
    (tmp_path / "polyvox.db").write_bytes(b"this is not a database" * 100)
    with pytest.raises(Unavailable):
        await connect(f"sqlite:///{tmp_path / 'polyvox.db'}")


@pytest.mark.postgres
async def test_a_database_without_an_encoding_of_its_own_is_read_as_text() -> None:
    url = os.environ["POLYVOX_TEST_DATABASE_URL"]
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("DROP DATABASE IF EXISTS plain")
        connection.execute(
            "CREATE DATABASE plain ENCODING 'SQL_ASCII' TEMPLATE template0 "
            "LC_COLLATE 'C' LC_CTYPE 'C'"
        )
    engine = await connect(url.rpartition("/")[0] + "/plain")
    async with engine.connect() as connection:
        said = (await connection.exec_driver_sql("SELECT 'grün'")).scalar()
    await engine.dispose()
    assert said == "grün"
