"""Alerts of other kinds than a match, what a recipient is told and why, and what happens while nobody answers.

Revision: 0009. The column types are repeated here on purpose: a migration must not change when the code does.
SQLite cannot loosen a column or a rule; the table is built anew, and its rows are copied.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

identifier = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
document = sa.JSON(none_as_null=True).with_variant(postgresql.JSONB(none_as_null=True), "postgresql")
sequence = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
instant = sa.DateTime(timezone=True).with_variant(sa.Text(), "sqlite")

_KINDS = "kind IN ('match', 'bulletin', 'same_person', 'same_suspect', 'clock', 'digest')"
_PRIORITIES = "priority IN ('critical', 'standard', 'digest')"
_GRADES = "grade IN ('certainly-not', 'possible', 'probable', 'certain')"
_BEFORE = (
    "id", "match_id", "recipient_id", "event", "dedupe_key", "grade", "priority", "state", "due_at", "created_at",
    "updated_at", "acknowledged_at", "acknowledged_by",
)  # fmt: skip
_OPTIONAL = ("match_id", "grade", "due_at")
_REFERENCES = {
    "match_id": "matches", "recipient_id": "partners", "about_id": "alerts", "own_case_id": "cases",
    "digest_id": "alerts",
}  # fmt: skip


def _added() -> tuple[sa.Column[object], ...]:
    return (
        sa.Column("kind", sa.Text, nullable=False, server_default="match"),
        sa.Column("subject_id", identifier),
        sa.Column("about_id", identifier),
        sa.Column("own_case_id", identifier),
        sa.Column("other_organisation", sa.Text),
        sa.Column("rule", sa.Text),
        sa.Column("withheld", document),
        sa.Column("act_by", instant),
        sa.Column("next_step_at", instant),
        sa.Column("steps", sa.Integer, nullable=False, server_default="0"),
        sa.Column("digest_id", identifier),
        sa.Column("actioned_at", instant),
        sa.Column("actioned_by", sa.Text),
        sa.Column("closed_at", instant),
    )


def upgrade() -> None:
    if op.get_bind().dialect.name == "sqlite":
        _build_anew()
    else:
        _loosen()
    for column in ("subject_id", "about_id", "next_step_at", "digest_id"):
        op.create_index(f"ix_alerts_{column}", "alerts", [column])
    op.create_table(
        "alert_events",
        sa.Column("id", sequence, autoincrement=True, nullable=False),
        sa.Column("alert_id", identifier, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("at", instant, nullable=False),
        sa.Column("actor", sa.Text, nullable=False),
        sa.Column("detail", document, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_alert_events"),
        sa.ForeignKeyConstraint(["alert_id"], ["alerts.id"], name="fk_alert_events_alert_id"),
    )
    op.create_index("ix_alert_events_alert_id", "alert_events", ["alert_id"])


def _loosen() -> None:
    for column in _OPTIONAL:
        op.alter_column("alerts", column, nullable=True)
    for added in _added():
        op.add_column("alerts", added)
    op.drop_constraint(op.f("ck_alerts_priority"), "alerts", type_="check")
    op.create_check_constraint(op.f("ck_alerts_priority"), "alerts", _PRIORITIES)
    op.create_check_constraint(op.f("ck_alerts_kind"), "alerts", _KINDS)
    for column in ("about_id", "own_case_id", "digest_id"):
        op.create_foreign_key(f"fk_alerts_{column}", "alerts", _REFERENCES[column], [column], ["id"])


def _build_anew() -> None:
    kept = [
        sa.Column(name, instant if name.endswith("_at") else sa.Text, nullable=name in _OPTIONAL or "acknowl" in name)
        for name in _BEFORE
    ]
    op.create_table(
        "alerts_new",
        *kept,
        *_added(),
        sa.CheckConstraint(_KINDS, name=op.f("ck_alerts_kind")),
        sa.CheckConstraint(_GRADES, name=op.f("ck_alerts_grade")),
        sa.CheckConstraint(_PRIORITIES, name=op.f("ck_alerts_priority")),
        *(
            sa.ForeignKeyConstraint([column], [f"{table}.id"], name=f"fk_alerts_{column}")
            for column, table in _REFERENCES.items()
        ),
        sa.PrimaryKeyConstraint("id", name="pk_alerts"),
        sa.UniqueConstraint("dedupe_key", name="uq_alerts_dedupe_key"),
    )
    columns = ", ".join(_BEFORE)
    op.execute(f"INSERT INTO alerts_new ({columns}) SELECT {columns} FROM alerts")
    op.drop_table("alerts")
    op.rename_table("alerts_new", "alerts")
    op.create_index("ix_alerts_match_id", "alerts", ["match_id"])
    op.create_index("ix_alerts_recipient_id_state", "alerts", ["recipient_id", "state"])
