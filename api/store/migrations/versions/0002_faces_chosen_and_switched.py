"""Which face of a photo is meant, and who said so; partners may have face matching switched off.

Revision: 0002. The column types are repeated here on purpose: a migration must not change when the code does.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

document = sa.JSON(none_as_null=True).with_variant(postgresql.JSONB(none_as_null=True), "postgresql")
instant = sa.DateTime(timezone=True).with_variant(sa.Text(), "sqlite")


def upgrade() -> None:
    for column in (
        sa.Column("faces_seen", document),
        sa.Column("chosen_box", document),
        sa.Column("chosen_by", sa.Text),
        sa.Column("chosen_at", instant),
        sa.Column("attempted_at", instant),
    ):
        op.add_column("photos", column)
    op.add_column("partners", sa.Column("faces", sa.Boolean, nullable=False, server_default=sa.true()))
