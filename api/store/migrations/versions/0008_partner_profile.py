"""What a partner says of itself: where its records are kept, when its office is open, how it wants to be told.

Revision: 0008. The column types are repeated here on purpose: a migration must not change when the code does.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

document = sa.JSON(none_as_null=True).with_variant(postgresql.JSONB(none_as_null=True), "postgresql")


def upgrade() -> None:
    for column in (
        sa.Column("residency", sa.Text),
        sa.Column("time_zone", sa.Text),
        sa.Column("office_hours", document),
        sa.Column("channels", document),
    ):
        op.add_column("partners", column)
