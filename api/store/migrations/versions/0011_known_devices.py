"""Devices from which somebody signed in before.

Revision: 0011. The column types are repeated here on purpose: a migration must not change when the code does.
"""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

identifier = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
instant = sa.DateTime(timezone=True).with_variant(sa.Text(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "known_devices",
        sa.Column("token_hash", identifier, nullable=False),
        sa.Column("person_id", identifier, nullable=False),
        sa.Column("expires_at", instant, nullable=False),
        sa.PrimaryKeyConstraint("token_hash", name="pk_known_devices"),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name="fk_known_devices_person_id"),
    )
    op.create_index("ix_known_devices_person_id", "known_devices", ["person_id"])
    op.create_index("ix_known_devices_expires_at", "known_devices", ["expires_at"])
