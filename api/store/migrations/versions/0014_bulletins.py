"""What an organisation may publish of a missing child, to whom, and what the law has it do by when.

Revision: 0014. The column types are repeated here on purpose: a migration must not change when the code does.
"""

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

identifier = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
document = sa.JSON(none_as_null=True).with_variant(postgresql.JSONB(none_as_null=True), "postgresql")
instant = sa.DateTime(timezone=True).with_variant(sa.Text(), "sqlite")


def upgrade() -> None:
    _authorisations()
    _bulletins()
    _recipients()
    _marks()


def _to(table: str, column: str, target: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint([column], [f"{target}.id"], name=f"fk_{table}_{column}")


def _one_of(table: str, column: str, *words: str) -> sa.CheckConstraint:
    quoted = ", ".join(f"'{word}'" for word in words)
    return sa.CheckConstraint(f"{column} IN ({quoted})", name=op.f(f"ck_{table}_{column}"))


def _make(table: str, *parts: Any, indexed: tuple[str, ...]) -> None:
    op.create_table(table, *parts)
    for column in indexed:
        op.create_index(f"ix_{table}_{column}", table, [column])


def _authorisations() -> None:
    table = "publication_authorisations"
    _make(
        table,
        sa.Column("id", identifier, nullable=False),
        sa.Column("case_id", identifier, nullable=False),
        sa.Column("owner_id", identifier, nullable=False),
        sa.Column("authority", sa.Text, nullable=False),
        sa.Column("scope", document, nullable=False),
        sa.Column("fields", document, nullable=False),
        sa.Column("with_photo", sa.Boolean, nullable=False),
        sa.Column("sealed", sa.LargeBinary),
        sa.Column("expires_at", instant, nullable=False),
        sa.Column("created_at", instant, nullable=False),
        sa.Column("created_by", sa.Text, nullable=False),
        sa.Column("withdrawn_at", instant),
        sa.Column("withdrawn_by", sa.Text),
        sa.PrimaryKeyConstraint("id", name=f"pk_{table}"),
        _to(table, "case_id", "cases"),
        _to(table, "owner_id", "partners"),
        _one_of(table, "authority", "cwc", "court", "magistrate", "police", "guardian"),
        indexed=("case_id",),
    )


def _bulletins() -> None:
    table = "bulletins"
    _make(
        table,
        sa.Column("id", identifier, nullable=False),
        sa.Column("case_id", identifier, nullable=False),
        sa.Column("authorisation_id", identifier, nullable=False),
        sa.Column("issuer_id", identifier, nullable=False),
        sa.Column("fields", document, nullable=False),
        sa.Column("case_version", sa.Integer, nullable=False),
        sa.Column("photo_id", identifier),
        sa.Column("media_type", sa.Text),
        sa.Column("sealed", sa.LargeBinary),
        sa.Column("photo", sa.LargeBinary),
        sa.Column("published_at", instant, nullable=False),
        sa.Column("published_by", sa.Text, nullable=False),
        sa.Column("taken_down_at", instant),
        sa.Column("taken_down_by", sa.Text),
        sa.Column("reason", sa.Text),
        sa.PrimaryKeyConstraint("id", name=f"pk_{table}"),
        _to(table, "case_id", "cases"),
        _to(table, "authorisation_id", "publication_authorisations"),
        _to(table, "issuer_id", "partners"),
        indexed=("case_id", "authorisation_id", "issuer_id", "taken_down_at"),
    )


def _recipients() -> None:
    table = "bulletin_recipients"
    _make(
        table,
        sa.Column("bulletin_id", identifier, nullable=False),
        sa.Column("partner_id", identifier, nullable=False),
        sa.Column("first_read_at", instant),
        sa.Column("ended_at", instant),
        sa.Column("reason", sa.Text),
        sa.PrimaryKeyConstraint("bulletin_id", "partner_id", name=f"pk_{table}"),
        _to(table, "bulletin_id", "bulletins"),
        _to(table, "partner_id", "partners"),
        indexed=("partner_id",),
    )


def _marks() -> None:
    table = "clock_marks"
    _make(
        table,
        sa.Column("id", identifier, nullable=False),
        sa.Column("case_id", identifier, nullable=False),
        sa.Column("clock", sa.Text, nullable=False),
        sa.Column("number", sa.Integer, nullable=False),
        sa.Column("due_on", sa.Date, nullable=False),
        sa.Column("told_at", instant),
        sa.Column("done_on", sa.Date),
        sa.Column("done_at", instant),
        sa.Column("done_by", sa.Text),
        sa.PrimaryKeyConstraint("id", name=f"pk_{table}"),
        _to(table, "case_id", "cases"),
        _one_of(table, "clock", "untraced", "quarterly", "follow_up"),
        indexed=("case_id",),
    )
