"""Quality profiles, and which of them engines use when none is named."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.create_table(
        "quality_profiles",
        sa.Column("id", sa.String(36), primary_key=True),
        sa.Column("name", sa.String(100), nullable=False),
        sa.Column("name_key", sa.String(200), nullable=False),
        sa.Column("engine", sa.String(64), nullable=False),
        sa.Column("options", sa.JSON, nullable=False),
        sa.Column("effects", sa.JSON, nullable=False),
        sa.Column("description", sa.Text, nullable=False),
        sa.Column("created_at", sa.Float, nullable=False),
        sa.Column("used_at", sa.Float, nullable=False),
        sa.UniqueConstraint("engine", "name_key", name="uq_quality_profiles_engine"),
    )
    op.create_index("ix_quality_profiles_used_at", "quality_profiles", ["used_at"])
    op.create_table(
        "default_profiles",
        sa.Column("engine", sa.String(64), primary_key=True),
        sa.Column("profile_id", sa.String(200), nullable=False),
    )


def downgrade() -> None:
    op.drop_table("default_profiles")
    op.drop_table("quality_profiles")
