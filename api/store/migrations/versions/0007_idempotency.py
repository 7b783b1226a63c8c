"""Requests sent with an idempotency key, and what was answered.

Revision: 0007. The column types are repeated here on purpose: a migration must not change when the code does.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

identifier = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
document = sa.JSON(none_as_null=True).with_variant(postgresql.JSONB(none_as_null=True), "postgresql")
instant = sa.DateTime(timezone=True).with_variant(sa.Text(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "idempotency",
        sa.Column("id", identifier, nullable=False),
        sa.Column("partner_id", identifier, nullable=False),
        sa.Column("key_hash", sa.Text, nullable=False),
        sa.Column("operation", sa.Text, nullable=False),
        sa.Column("request_hash", sa.Text, nullable=False),
        sa.Column("subject_id", identifier, nullable=False),
        sa.Column("attempt", sa.Integer, nullable=False),
        sa.Column("leased_until", instant),
        sa.Column("status", sa.Integer),
        sa.Column("headers", document),
        sa.Column("answer", sa.LargeBinary),
        sa.Column("created_at", instant, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_idempotency"),
        sa.ForeignKeyConstraint(["partner_id"], ["partners.id"], name="fk_idempotency_partner_id"),
        sa.UniqueConstraint("partner_id", "key_hash", name="uq_idempotency_partner_id_key_hash"),
    )
    op.create_index("ix_idempotency_created_at", "idempotency", ["created_at"])
