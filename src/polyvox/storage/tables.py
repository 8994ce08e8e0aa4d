"""The tables, as SQLAlchemy knows them. Every change here has its migration beside it."""

from __future__ import annotations

from sqlalchemy import JSON, BigInteger, Column, Float, Index, MetaData, String, Table, Text

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

voices = Table(
    "voices",
    metadata,
    Column("id", String(36), primary_key=True),  # UUIDv7
    Column("name", String(100), nullable=False),
    Column("name_key", String(200), unique=True),  # how names compare; null once deleted
    Column("engine", String(64), nullable=False),
    Column("model", String(100)),  # that made its state; null where its engine has one
    Column("kind", String(16), nullable=False),  # cloned, designed, blended
    Column("gender", String(16)),
    Column("language", String(35)),
    Column("description", Text, nullable=False),
    Column("digest", String(64), nullable=False),  # of the blob with its state
    Column("likeness", String(32)),
    Column("transcript", Text),
    Column("consent", Text),
    Column("origin", JSON, nullable=False),  # what it was made of
    Column("seconds", Float),  # of the reference; null where there is none
    Column("created_at", Float, nullable=False),  # seconds since 1970
    Column("expires_at", Float),
    Column("deleted_at", Float),
    Index("ix_voices_expires_at", "expires_at"),
    Index("ix_voices_deleted_at", "deleted_at"),
)

voice_consents = Table(
    "voice_consents",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("name", String(100), nullable=False),
    Column("language", String(35), nullable=False),
    Column("media_type", String(100), nullable=False),  # of the recorded consent
    Column("created_at", Float, nullable=False),
)
