"""Who may exchange what, what a person has agreed to, how long a record is kept, and what is left when it is erased.

Revision: 0004. The column types are repeated here on purpose: a migration must not change when the code does.
"""

import os
from datetime import UTC, datetime, timedelta

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

identifier = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
instant = sa.DateTime(timezone=True).with_variant(sa.Text(), "sqlite")
sequence = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_KEPT_YEARS = {"missing": 10, "rescued": 5}


def _one_of(table: str, column: str, *words: str) -> sa.CheckConstraint:
    quoted = ", ".join(f"'{word}'" for word in words)
    return sa.CheckConstraint(f"{column} IN ({quoted})", name=f"ck_{table}_{column}")


def upgrade() -> None:
    for column in (
        sa.Column("closed_for", sa.Text),
        sa.Column("expires_at", instant),
        sa.Column("erased_at", instant),
        sa.Column("tombstone", sa.LargeBinary),
    ):
        op.add_column("cases", column)
    op.create_index("ix_cases_expires_at", "cases", ["expires_at"])
    op.create_index("ix_cases_erased_at", "cases", ["erased_at"])
    op.create_table(
        "agreements",
        sa.Column("id", identifier, nullable=False),
        sa.Column("reference", sa.Text, nullable=False),
        sa.Column("valid_from", instant, nullable=False),
        sa.Column("valid_until", instant),
        sa.Column("created_at", instant, nullable=False),
        sa.Column("created_by", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_agreements"),
    )
    op.create_table(
        "agreement_parties",
        sa.Column("agreement_id", identifier, nullable=False),
        sa.Column("partner_id", identifier, nullable=False),
        sa.Column("accepted_at", instant),
        sa.Column("accepted_by", sa.Text),
        sa.Column("left_at", instant),
        sa.Column("left_by", sa.Text),
        sa.PrimaryKeyConstraint("agreement_id", "partner_id", name="pk_agreement_parties"),
        sa.ForeignKeyConstraint(["agreement_id"], ["agreements.id"], name="fk_agreement_parties_agreement_id"),
        sa.ForeignKeyConstraint(["partner_id"], ["partners.id"], name="fk_agreement_parties_partner_id"),
    )
    op.create_index("ix_agreement_parties_partner_id", "agreement_parties", ["partner_id"])
    op.create_table(
        "consents",
        sa.Column("id", identifier, nullable=False),
        sa.Column("case_id", identifier, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("purpose", sa.Text, nullable=False),
        sa.Column("recipients", sa.Text, nullable=False),
        sa.Column("basis", sa.Text, nullable=False),
        sa.Column("given_by", sa.Text, nullable=False),
        sa.Column("given_at", instant, nullable=False),
        sa.Column("recorded_by", sa.Text, nullable=False),
        sa.Column("withdrawn_at", instant),
        sa.Column("withdrawn_by", sa.Text),
        sa.PrimaryKeyConstraint("id", name="pk_consents"),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name="fk_consents_case_id"),
        sa.UniqueConstraint("case_id", "version", name="uq_consents_case_id_version"),
        _one_of("consents", "purpose", "matching", "sharing", "faces", "referral", "publication"),
        _one_of("consents", "recipients", "any", "police", "shelter", "ngo", "coordination"),
    )
    op.create_table(
        "disclosures",
        sa.Column("id", identifier, nullable=False),
        sa.Column("match_id", identifier, nullable=False),
        sa.Column("case_id", identifier, nullable=False),
        sa.Column("requester_id", identifier, nullable=False),
        sa.Column("purpose", sa.Text, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("requested_at", instant, nullable=False),
        sa.Column("requested_by", sa.Text, nullable=False),
        sa.Column("decided_at", instant),
        sa.Column("decided_by", sa.Text),
        sa.Column("expires_at", instant),
        sa.PrimaryKeyConstraint("id", name="pk_disclosures"),
        sa.ForeignKeyConstraint(["match_id"], ["matches.id"], name="fk_disclosures_match_id"),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name="fk_disclosures_case_id"),
        sa.ForeignKeyConstraint(["requester_id"], ["partners.id"], name="fk_disclosures_requester_id"),
        _one_of("disclosures", "state", "requested", "accepted", "refused", "withdrawn"),
    )
    op.create_index("ix_disclosures_case_id_requester_id", "disclosures", ["case_id", "requester_id"])
    op.create_index("ix_disclosures_requester_id", "disclosures", ["requester_id"])
    op.create_index("ix_disclosures_match_id", "disclosures", ["match_id"])
    op.create_table(
        "suppressions",
        sa.Column("fingerprint", identifier, nullable=False),
        sa.Column("case_id", identifier, nullable=False),
        sa.Column("at", instant, nullable=False),
        sa.PrimaryKeyConstraint("fingerprint", name="pk_suppressions"),
    )
    op.create_index("ix_suppressions_case_id", "suppressions", ["case_id"])
    op.create_table(
        "audit_roots",
        sa.Column("day", sa.Date, nullable=False),
        sa.Column("seq", sequence, nullable=False, autoincrement=False),
        sa.Column("hash", sa.Text, nullable=False),
        sa.Column("at", instant, nullable=False),
        sa.PrimaryKeyConstraint("day", name="pk_audit_roots"),
    )
    _carry_over(op.get_bind())


def _carry_over(conn: sa.Connection) -> None:
    """Let what was agreed to by the rules of before stand: nobody is shut out, and nobody is searched who was not."""
    now = datetime.now(UTC)
    stamp = now.isoformat(timespec="microseconds") if conn.dialect.name == "sqlite" else now
    partners = list(conn.scalars(sa.text("SELECT id FROM partners WHERE kind <> 'operator'")))
    if len(partners) > 1:
        everybody = f"agreement_{os.urandom(13).hex()}"
        conn.execute(
            sa.text(
                "INSERT INTO agreements (id, reference, valid_from, created_at, created_by) "
                "VALUES (:id, 'in force before agreements were recorded', :at, :at, 'migration')"
            ),
            {"id": everybody, "at": stamp},
        )
        for partner in partners:
            conn.execute(
                sa.text(
                    "INSERT INTO agreement_parties (agreement_id, partner_id, accepted_at, accepted_by) "
                    "VALUES (:id, :partner, :at, 'migration')"
                ),
                {"id": everybody, "partner": partner, "at": stamp},
            )
    conn.execute(sa.text("UPDATE cases SET closed_for = 'owner' WHERE status = 'closed'"))
    for side, basis, given_by in (("missing", "report", "reporter"), ("rescued", "legal_duty", "authority")):
        for version, purpose in enumerate(("matching", "sharing", "referral", "faces"), 1):
            conn.execute(
                sa.text(
                    "INSERT INTO consents (id, case_id, version, purpose, recipients, basis, given_by, given_at, "
                    f"recorded_by) SELECT 'consent_{purpose}_' || id, id, {version}, '{purpose}', 'any', :basis, :by, "
                    "created_at, created_by FROM cases WHERE side = :side"
                    + (" AND face_consent" if purpose == "faces" else "")
                ),
                {"basis": "consent" if purpose == "faces" else basis, "by": given_by, "side": side},
            )
        cases = sa.table("cases", sa.column("id"), sa.column("side"), sa.column("expires_at", instant))
        until = now + timedelta(days=round(365.25 * _KEPT_YEARS[side]))
        expires = until.isoformat(timespec="microseconds") if conn.dialect.name == "sqlite" else until
        conn.execute(sa.update(cases).where(cases.c.side == side).values(expires_at=expires))
