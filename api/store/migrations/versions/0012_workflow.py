"""What people decide about a match: dispositions of both sides, the evidence they saw, and what they wrote.

Revision: 0012. The column types are repeated here on purpose: a migration must not change when the code does.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

identifier = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
sequence = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
document = sa.JSON(none_as_null=True).with_variant(postgresql.JSONB(none_as_null=True), "postgresql")
instant = sa.DateTime(timezone=True).with_variant(sa.Text(), "sqlite")


def upgrade() -> None:
    op.add_column("matches", sa.Column("version", sa.Integer, nullable=False, server_default="1"))
    grades = ("certainly-not", "possible", "probable", "certain")
    op.create_table(
        "match_dispositions",
        sa.Column("id", sequence, autoincrement=True, nullable=False),
        sa.Column("match_id", identifier, nullable=False),
        sa.Column("event_id", sequence, nullable=False),
        sa.Column("side", sa.Text, nullable=False),
        sa.Column("disposition", sa.Text, nullable=False),
        sa.Column("person", sa.Text, nullable=False),
        sa.Column("partner_id", identifier, nullable=False),
        sa.Column("at", instant, nullable=False),
        sa.Column("reason", sa.Text),
        sa.Column("until", instant),
        sa.Column("grade", sa.Text, nullable=False),
        sa.Column("weight", sa.Float(53), nullable=False),
        sa.Column("ended_at", instant),
        sa.PrimaryKeyConstraint("id", name="pk_match_dispositions"),
        _to("match_dispositions", "match_id", "matches"),
        _to("match_dispositions", "event_id", "match_events"),
        _to("match_dispositions", "partner_id", "partners"),
        _one_of("match_dispositions", "side", "missing", "rescued"),
        _one_of("match_dispositions", "disposition", "confirm", "reject", "needs_information", "unsure"),
        _one_of("match_dispositions", "reason", "different_person", "wrong_sex", "wrong_age", "already_found",
                "duplicate", "other"),
        _one_of("match_dispositions", "grade", *grades),
    )  # fmt: skip
    op.create_index("ix_match_dispositions_match_id", "match_dispositions", ["match_id"])
    op.create_table(
        "match_freezes",
        sa.Column("id", sequence, autoincrement=True, nullable=False),
        sa.Column("match_id", identifier, nullable=False),
        sa.Column("event_id", sequence, nullable=False),
        sa.Column("missing_version", sa.Integer, nullable=False),
        sa.Column("rescued_version", sa.Integer, nullable=False),
        sa.Column("model_version", sa.Text, nullable=False),
        sa.Column("evidence_hash", sa.Text, nullable=False),
        sa.Column("grade", sa.Text, nullable=False),
        sa.Column("weight", sa.Float(53), nullable=False),
        sa.Column("probability", sa.Float(53), nullable=False),
        sa.Column("contributions", document, nullable=False),
        sa.Column("thresholds", document),
        sa.Column("at", instant, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_match_freezes"),
        _to("match_freezes", "match_id", "matches"),
        _to("match_freezes", "event_id", "match_events"),
        _one_of("match_freezes", "grade", *grades),
    )
    op.create_index("ix_match_freezes_match_id", "match_freezes", ["match_id"])
    op.create_table(
        "match_notes",
        sa.Column("event_id", sequence, autoincrement=False, nullable=False),
        sa.Column("case_id", identifier, nullable=False),
        sa.Column("sealed", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("event_id", name="pk_match_notes"),
        _to("match_notes", "event_id", "match_events"),
        _to("match_notes", "case_id", "cases"),
    )
    op.create_index("ix_match_notes_case_id", "match_notes", ["case_id"])


def _to(table: str, column: str, target: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint([column], [f"{target}.id"], name=f"fk_{table}_{column}")


def _one_of(table: str, column: str, *words: str) -> sa.CheckConstraint:
    quoted = ", ".join(f"'{word}'" for word in words)
    return sa.CheckConstraint(f"{column} IN ({quoted})", name=op.f(f"ck_{table}_{column}"))
