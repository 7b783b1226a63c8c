"""The place of each message in its line, and of each alert in the inbox of its recipient.

Revision: 0013. The column types are repeated here on purpose: a migration must not change when the code does.
"""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

identifier = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
sequence = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.add_column("outbox", sa.Column("seq", sa.BigInteger, nullable=False, server_default="0"))
    op.add_column("outbox", sa.Column("early_attempts", sa.Integer, nullable=False, server_default="0"))
    op.add_column("outbox", sa.Column("refusals", sa.Integer, nullable=False, server_default="0"))
    op.execute(
        "UPDATE outbox SET seq = numbered.seq FROM"
        " (SELECT id, row_number() OVER (ORDER BY created_at, id) AS seq FROM outbox) AS numbered"
        " WHERE numbered.id = outbox.id"
    )
    op.create_index("ix_outbox_seq", "outbox", ["seq"], unique=True)
    op.create_index("ix_outbox_state_recipient_id_channel_seq", "outbox", ["state", "recipient_id", "channel", "seq"])
    op.create_table(
        "inbox",
        sa.Column("seq", sequence, autoincrement=True, nullable=False),
        sa.Column("recipient_id", identifier, nullable=False),
        sa.Column("alert_id", identifier, nullable=False),
        sa.PrimaryKeyConstraint("seq", name="pk_inbox"),
        sa.ForeignKeyConstraint(["recipient_id"], ["partners.id"], name="fk_inbox_recipient_id"),
        sa.ForeignKeyConstraint(["alert_id"], ["alerts.id"], name="fk_inbox_alert_id"),
        sa.UniqueConstraint("alert_id", name="uq_inbox_alert_id"),
    )
    op.create_index("ix_inbox_recipient_id_seq", "inbox", ["recipient_id", "seq"])
    op.execute("INSERT INTO inbox (recipient_id, alert_id) SELECT recipient_id, id FROM alerts ORDER BY created_at, id")
