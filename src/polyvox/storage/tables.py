"""The tables, as SQLAlchemy knows them. Every change here has its migration beside it."""

from __future__ import annotations

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
)

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

jobs = Table(
    "jobs",
    metadata,
    Column("id", String(36), primary_key=True),  # UUIDv7
    Column("kind", String(32), nullable=False),
    Column("asked", JSON, nullable=False),
    Column("engine", String(64), nullable=False),
    Column("priority", Integer, nullable=False),
    Column("status", String(16), nullable=False),
    Column("done", Integer, nullable=False),
    Column("total", Integer, nullable=False),
    Column("result", JSON, nullable=False),
    Column("error", Text),
    Column("error_code", String(64)),
    Column("key", String(200), unique=True),  # of the caller
    Column("webhook", Text),
    Column("telling_at", Float),  # when the webhook is told next; null when it need not be
    Column("tellings", Integer, nullable=False),  # how often that was tried
    Column("attempts", Integer, nullable=False),
    Column("stopping", Boolean, nullable=False),
    Column("worker", String(36)),  # who works at it
    Column("beat_at", Float),  # when that was last known to live
    Column("created_at", Float, nullable=False),  # seconds since 1970
    Column("ready_at", Float, nullable=False),
    Column("done_before", Integer, nullable=False, server_default="0"),
    Column("started_at", Float),
    Column("ended_at", Float),
    Column("expires_at", Float),
    Index("ix_jobs_status", "status", "priority", "id"),
    Index("ix_jobs_created_at", "created_at"),
    Index("ix_jobs_expires_at", "expires_at"),
    Index("ix_jobs_telling_at", "telling_at"),
)

job_segments = Table(
    "job_segments",
    metadata,
    Column("job_id", String(36), ForeignKey("jobs.id", ondelete="CASCADE"), primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("digest", String(64), nullable=False),  # of what was asked of it
    Column("seconds", Float, nullable=False),
    Column("words", JSON, nullable=False),  # [text, start, end, first, last] each
    Column("error", Text),  # why it could not be spoken
)

quality_profiles = Table(
    "quality_profiles",
    metadata,
    Column("id", String(36), primary_key=True),  # UUIDv7
    Column("name", String(100), nullable=False),
    Column("name_key", String(200), nullable=False),  # how names compare
    Column("engine", String(64), nullable=False),
    Column("options", JSON, nullable=False),
    Column("effects", JSON, nullable=False),
    Column("description", Text, nullable=False),
    Column("created_at", Float, nullable=False),  # seconds since 1970
    Column("used_at", Float, nullable=False),  # the same as created_at at first
    UniqueConstraint("engine", "name_key"),
    Index("ix_quality_profiles_used_at", "used_at"),
)

default_profiles = Table(
    "default_profiles",
    metadata,
    Column("engine", String(64), primary_key=True),
    Column("profile_id", String(200), nullable=False),  # a built-in one's too
)

access_keys = Table(
    "access_keys",
    metadata,
    Column("id", String(16), primary_key=True),  # stands in the key itself
    Column("digest", String(64), nullable=False),  # SHA-256 of its secret
    Column("name", String(100), nullable=False),
    Column("scopes", JSON, nullable=False),
    Column("created_at", Float, nullable=False),  # seconds since 1970
    Column("expires_at", Float),
    Column("used_at", Float),
    Column("revoked_at", Float),
)
