"""Two records of one side that may be of one person, or two suspects that may be one; which suspects were compared.

Revision: 0015. The column types are repeated here on purpose: a migration must not change when the code does.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

identifier = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
document = sa.JSON(none_as_null=True).with_variant(postgresql.JSONB(none_as_null=True), "postgresql")
instant = sa.DateTime(timezone=True).with_variant(sa.Text(), "sqlite")
number = sa.Float(53)


def upgrade() -> None:
    op.add_column("suspects", sa.Column("compared_version", sa.Integer, nullable=False, server_default="0"))
    op.create_table(
        "pairs",
        sa.Column("id", identifier, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("first_id", identifier, nullable=False),
        sa.Column("second_id", identifier, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("grade", sa.Text, nullable=False),
        sa.Column("weight", number, nullable=False),
        sa.Column("evidence", document, nullable=False),
        sa.Column("model_version", sa.Text, nullable=False),
        sa.Column("told", sa.Integer, nullable=False),
        sa.Column("settled_grade", sa.Text, nullable=False),
        sa.Column("settled_weight", number, nullable=False),
        sa.Column("dismissed_by", identifier),
        sa.Column("dismissed_reason", sa.Text),
        sa.Column("dismissed_at", instant),
        sa.Column("ended_for", sa.Text),
        sa.Column("created_at", instant, nullable=False),
        sa.Column("updated_at", instant, nullable=False),
        sa.CheckConstraint("kind IN ('person', 'suspect')", name=op.f("ck_pairs_kind")),
        sa.CheckConstraint("state IN ('open', 'dismissed', 'ended')", name=op.f("ck_pairs_state")),
        sa.CheckConstraint(
            "grade IN ('certainly-not', 'possible', 'probable', 'certain')", name=op.f("ck_pairs_grade")
        ),
        sa.PrimaryKeyConstraint("id", name="pk_pairs"),
        sa.ForeignKeyConstraint(["dismissed_by"], ["partners.id"], name="fk_pairs_dismissed_by"),
        sa.UniqueConstraint("first_id", "second_id", name="uq_pairs_first_id_second_id"),
    )
    op.create_index("ix_pairs_second_id", "pairs", ["second_id"])
