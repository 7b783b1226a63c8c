"""Deadlines of a partner's own, what it does not want to be sent at once, and a short way to what awaits the digest.

Revision: 0016. The column types are repeated here on purpose: a migration must not change when the code does.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

document = sa.JSON(none_as_null=True).with_variant(postgresql.JSONB(none_as_null=True), "postgresql")

_AWAITING = sa.text("digest_id IS NULL AND priority = 'digest' AND kind <> 'digest'")


def upgrade() -> None:
    op.add_column("partners", sa.Column("deadlines", document))
    op.add_column("partners", sa.Column("quiet", document))
    op.create_index(
        "ix_alerts_awaiting_digest", "alerts", ["recipient_id"], sqlite_where=_AWAITING, postgresql_where=_AWAITING
    )
