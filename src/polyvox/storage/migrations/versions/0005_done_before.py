"""What a job had done when it was begun last, for the time that is left."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    column = sa.Column("done_before", sa.Integer, nullable=False, server_default="0")
    op.add_column("jobs", column)


def downgrade() -> None:
    with op.batch_alter_table("jobs") as table:
        table.drop_column("done_before")
