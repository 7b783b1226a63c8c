"""What happens after the report: stages, notes, home reports, follow-ups, referrals; and suspects, with their own keys.

Revision: 0006. The column types are repeated here on purpose: a migration must not change when the code does.
"""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

identifier = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
sequence = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
instant = sa.DateTime(timezone=True).with_variant(sa.Text(), "sqlite")


def upgrade() -> None:
    _stages_and_notes()
    _home_reports()
    _follow_ups()
    _referrals()
    _suspects()


def _to(table: str, column: str, target: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint([column], [f"{target}.id"], name=f"fk_{table}_{column}")


def _one_of(table: str, column: str, *words: str) -> sa.CheckConstraint:
    quoted = ", ".join(f"'{word}'" for word in words)
    return sa.CheckConstraint(f"{column} IN ({quoted})", name=op.f(f"ck_{table}_{column}"))


def _index(table: str, *columns: str) -> None:
    op.create_index(f"ix_{table}_{'_'.join(columns)}", table, list(columns))


def _written() -> tuple[sa.Column[Any], sa.Column[Any]]:
    return sa.Column("at", instant, nullable=False), sa.Column("by", sa.Text, nullable=False)


def _stages_and_notes() -> None:
    for table, what in (
        ("stage_events", (
            sa.Column("stage", sa.Text, nullable=False),
            sa.Column("entered_on", sa.Date, nullable=False),
            _one_of("stage_events", "stage", "reporting", "rescue", "rehabilitation", "repatriation", "re_integration",
                    "re_compensation"),
        )),
        ("case_notes", (
            sa.Column("kind", sa.Text, nullable=False),
            sa.Column("source_date", sa.Date),
            _one_of("case_notes", "kind", "interview", "contact", "observation", "sighting", "medical", "legal",
                    "other"),
        )),
    ):  # fmt: skip
        op.create_table(
            table,
            sa.Column("id", identifier, nullable=False),
            sa.Column("case_id", identifier, nullable=False),
            *what,
            sa.Column("corrects", identifier),
            sa.Column("sealed", sa.LargeBinary),
            *_written(),
            sa.PrimaryKeyConstraint("id", name=f"pk_{table}"),
            _to(table, "case_id", "cases"),
            _to(table, "corrects", table),
            sa.UniqueConstraint("corrects", name=f"uq_{table}_corrects"),
        )
        _index(table, "case_id")


def _home_reports() -> None:
    op.create_table(
        "home_reports",
        sa.Column("id", identifier, nullable=False),
        sa.Column("case_id", identifier, nullable=False),
        sa.Column("unit_id", identifier),
        sa.Column("due_on", sa.Date, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("sealed", sa.LargeBinary),
        *_written(),
        sa.PrimaryKeyConstraint("id", name="pk_home_reports"),
        _to("home_reports", "case_id", "cases"),
        _to("home_reports", "unit_id", "partners"),
    )
    _index("home_reports", "case_id")
    op.create_table(
        "home_report_versions",
        sa.Column("report_id", identifier, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("outcome", sa.Text, nullable=False),
        sa.Column("visited_on", sa.Date, nullable=False),
        sa.Column("sealed", sa.LargeBinary),
        *_written(),
        sa.PrimaryKeyConstraint("report_id", "version", name="pk_home_report_versions"),
        _to("home_report_versions", "report_id", "home_reports"),
        _one_of("home_report_versions", "outcome", "safe", "unsafe", "inconclusive"),
    )


def _follow_ups() -> None:
    op.create_table(
        "follow_ups",
        sa.Column("id", identifier, nullable=False),
        sa.Column("case_id", identifier, nullable=False),
        sa.Column("source", sa.Text, nullable=False),
        sa.Column("returned_on", sa.Date, nullable=False),
        sa.Column("months", sa.Integer, nullable=False),
        sa.Column("due_on", sa.Date, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("outcome", sa.Text),
        sa.Column("sealed", sa.LargeBinary),
        sa.Column("created_at", instant, nullable=False),
        sa.Column("settled_at", instant),
        sa.Column("settled_by", sa.Text),
        sa.PrimaryKeyConstraint("id", name="pk_follow_ups"),
        _to("follow_ups", "case_id", "cases"),
        _one_of("follow_ups", "source", "stage", "return"),
        _one_of("follow_ups", "state", "due", "done", "missed", "cancelled"),
    )
    _index("follow_ups", "case_id")
    _index("follow_ups", "state", "due_on")


def _referrals() -> None:
    states = ("proposed", "accepted", "rejected", "revoked", "done")
    op.create_table(
        "referrals",
        sa.Column("id", identifier, nullable=False),
        sa.Column("case_id", identifier, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("proposer_id", identifier, nullable=False),
        sa.Column("receiver_id", identifier, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("with_sources", sa.Boolean, nullable=False),
        sa.Column("case_version", sa.Integer),
        sa.Column("sealed", sa.LargeBinary),
        sa.Column("created_at", instant, nullable=False),
        sa.Column("created_by", sa.Text, nullable=False),
        sa.Column("updated_at", instant, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_referrals"),
        _to("referrals", "case_id", "cases"),
        _to("referrals", "proposer_id", "partners"),
        _to("referrals", "receiver_id", "partners"),
        _one_of("referrals", "kind", "referral", "transfer"),
        _one_of("referrals", "state", *states),
    )
    _index("referrals", "case_id")
    _index("referrals", "proposer_id", "state")
    _index("referrals", "receiver_id", "state")
    op.create_table(
        "referral_events",
        sa.Column("id", sequence, autoincrement=True, nullable=False),
        sa.Column("referral_id", identifier, nullable=False),
        sa.Column("event", sa.Text, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("reason", sa.Text),
        sa.Column("partner_id", identifier, nullable=False),
        *_written(),
        sa.PrimaryKeyConstraint("id", name="pk_referral_events"),
        _to("referral_events", "referral_id", "referrals"),
        _to("referral_events", "partner_id", "partners"),
        _one_of("referral_events", "state", *states),
    )
    _index("referral_events", "referral_id")


def _suspects() -> None:
    op.create_table(
        "suspects",
        sa.Column("id", identifier, nullable=False),
        sa.Column("owner_id", identifier, nullable=False),
        sa.Column("status", sa.Text, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("created_at", instant, nullable=False),
        sa.Column("created_by", sa.Text, nullable=False),
        sa.Column("updated_at", instant, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_suspects"),
        _to("suspects", "owner_id", "partners"),
        _one_of("suspects", "status", "open", "closed", "erased"),
    )
    _index("suspects", "owner_id", "status")
    op.create_table(
        "suspect_keys",
        sa.Column("suspect_id", identifier, nullable=False),
        sa.Column("partner_key_id", identifier, nullable=False),
        sa.Column("wrapped", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("suspect_id", name="pk_suspect_keys"),
        _to("suspect_keys", "suspect_id", "suspects"),
        _to("suspect_keys", "partner_key_id", "partner_keys"),
    )
    _index("suspect_keys", "partner_key_id")
    op.create_table(
        "suspect_versions",
        sa.Column("suspect_id", identifier, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("sealed", sa.LargeBinary, nullable=False),
        *_written(),
        sa.PrimaryKeyConstraint("suspect_id", "version", name="pk_suspect_versions"),
        _to("suspect_versions", "suspect_id", "suspects"),
    )
    op.create_table(
        "suspect_links",
        sa.Column("suspect_id", identifier, nullable=False),
        sa.Column("case_id", identifier, nullable=False),
        sa.Column("relation", sa.Text, nullable=False),
        *_written(),
        sa.PrimaryKeyConstraint("suspect_id", "case_id", "relation", name="pk_suspect_links"),
        _to("suspect_links", "suspect_id", "suspects"),
        _to("suspect_links", "case_id", "cases"),
        _one_of("suspect_links", "relation", "recruiter", "transporter", "exploiter", "harbourer", "named"),
    )
    _index("suspect_links", "case_id")
