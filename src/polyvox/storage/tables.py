"""The tables, as SQLAlchemy knows them. Every change here has its migration beside it."""

from __future__ import annotations

from sqlalchemy import JSON, BigInteger, Column, Float, Index, MetaData, String, Table

metadata = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "ix": "ix_%(table_name)s_%(column_0_name)s",
        "uq": "uq_%(table_name)s_%(column_0_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
    }
)

cached_speech = Table(
    "cached_speech",
    metadata,
    Column("key", String(64), primary_key=True),
    Column("size", BigInteger, nullable=False),  # bytes of the blob
    Column("duration", Float, nullable=False),  # seconds
    Column("words", JSON, nullable=False),  # [text, start, end, first, last] each
    Column("used_at", Float, nullable=False),  # seconds since 1970
    Index("ix_cached_speech_used_at", "used_at"),
)
