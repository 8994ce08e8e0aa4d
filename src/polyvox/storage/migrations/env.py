"""Runs migrations on the connection that `database.connect` hands in.

Servers that start at once on one database take turns.
"""

from alembic import context
from sqlalchemy import text

from polyvox.storage.tables import metadata

_LOCK = 7052316601

connection = context.config.attributes["connection"]
if connection.dialect.name == "postgresql":
    connection.execute(text(f"SELECT pg_advisory_xact_lock({_LOCK})"))
else:
    connection.exec_driver_sql("BEGIN IMMEDIATE")
context.configure(connection=connection, target_metadata=metadata, render_as_batch=True)
with context.begin_transaction():
    context.run_migrations()
