"""Voices that are made, and consents to make them."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.create_table(
        "voices",
        sa.Column("id", sa.String(36), primary_key=True),
        sa.Column("name", sa.String(100), nullable=False),
        sa.Column("name_key", sa.String(200), unique=True),
        sa.Column("engine", sa.String(64), nullable=False),
        sa.Column("model", sa.String(100)),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("gender", sa.String(16)),
        sa.Column("language", sa.String(35)),
        sa.Column("description", sa.Text, nullable=False),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("likeness", sa.String(32)),
        sa.Column("transcript", sa.Text),
        sa.Column("consent", sa.Text),
        sa.Column("origin", sa.JSON, nullable=False),
        sa.Column("seconds", sa.Float),
        sa.Column("created_at", sa.Float, nullable=False),
        sa.Column("expires_at", sa.Float),
        sa.Column("deleted_at", sa.Float),
    )
    op.create_index("ix_voices_expires_at", "voices", ["expires_at"])
    op.create_index("ix_voices_deleted_at", "voices", ["deleted_at"])
    op.create_table(
        "voice_consents",
        sa.Column("id", sa.String(64), primary_key=True),
        sa.Column("name", sa.String(100), nullable=False),
        sa.Column("language", sa.String(35), nullable=False),
        sa.Column("media_type", sa.String(100), nullable=False),
        sa.Column("created_at", sa.Float, nullable=False),
    )


def downgrade() -> None:
    op.drop_table("voice_consents")
    op.drop_table("voices")
