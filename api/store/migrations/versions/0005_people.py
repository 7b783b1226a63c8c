"""People with roles, their sessions and second factors; failed sign-ins; keys that are rotated and say when last used.

Revision: 0005. The column types are repeated here on purpose: a migration must not change when the code does.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

ident = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
document = sa.JSON(none_as_null=True).with_variant(postgresql.JSONB(none_as_null=True), "postgresql")
instant = sa.DateTime(timezone=True).with_variant(sa.Text(), "sqlite")
number = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "people",
        sa.Column("id", ident, nullable=False),
        sa.Column("partner_id", ident, nullable=False),
        sa.Column("roles", document, nullable=False),
        sa.Column("name_sealed", sa.LargeBinary, nullable=False),
        sa.Column("email_sealed", sa.LargeBinary, nullable=False),
        sa.Column("email_fingerprint", ident, nullable=False),
        sa.Column("language", sa.Text, nullable=False),
        sa.Column("active", sa.Boolean, nullable=False),
        sa.Column("created_at", instant, nullable=False),
        sa.Column("created_by", sa.Text, nullable=False),
        sa.Column("password_hash", sa.Text),
        sa.Column("totp_sealed", sa.LargeBinary),
        sa.Column("totp_last_step", number),
        sa.Column("oidc_fingerprint", ident),
        sa.PrimaryKeyConstraint("id", name="pk_people"),
        sa.ForeignKeyConstraint(["partner_id"], ["partners.id"], name="fk_people_partner_id"),
        sa.UniqueConstraint("email_fingerprint", name="uq_people_email_fingerprint"),
        sa.UniqueConstraint("oidc_fingerprint", name="uq_people_oidc_fingerprint"),
    )
    op.create_index("ix_people_partner_id", "people", ["partner_id"])
    op.create_table(
        "recovery_codes",
        sa.Column("person_id", ident, nullable=False),
        sa.Column("code_hash", ident, nullable=False),
        sa.Column("used_at", instant),
        sa.PrimaryKeyConstraint("person_id", "code_hash", name="pk_recovery_codes"),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name="fk_recovery_codes_person_id"),
    )
    op.create_table(
        "person_tokens",
        sa.Column("token_hash", ident, nullable=False),
        sa.Column("person_id", ident, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("created_at", instant, nullable=False),
        sa.Column("expires_at", instant, nullable=False),
        sa.Column("used_at", instant),
        sa.Column("totp_sealed", sa.LargeBinary),
        sa.PrimaryKeyConstraint("token_hash", name="pk_person_tokens"),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name="fk_person_tokens_person_id"),
        sa.CheckConstraint("kind IN ('enrolment', 'second_factor', 'code')", name="ck_person_tokens_kind"),
    )
    op.create_index("ix_person_tokens_person_id", "person_tokens", ["person_id"])
    op.create_index("ix_person_tokens_expires_at", "person_tokens", ["expires_at"])
    op.create_table(
        "person_sessions",
        sa.Column("id", ident, nullable=False),
        sa.Column("token_hash", ident, nullable=False),
        sa.Column("person_id", ident, nullable=False),
        sa.Column("created_at", instant, nullable=False),
        sa.Column("last_used_at", instant, nullable=False),
        sa.Column("expires_at", instant, nullable=False),
        sa.Column("revoked_at", instant),
        sa.PrimaryKeyConstraint("id", name="pk_person_sessions"),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name="fk_person_sessions_person_id"),
        sa.UniqueConstraint("token_hash", name="uq_person_sessions_token_hash"),
    )
    op.create_index("ix_person_sessions_person_id", "person_sessions", ["person_id"])
    op.create_index("ix_person_sessions_expires_at", "person_sessions", ["expires_at"])
    op.create_table(
        "sign_in_strikes",
        sa.Column("key", ident, nullable=False),
        sa.Column("recent", document, nullable=False),
        sa.Column("lockouts", sa.Integer, nullable=False),
        sa.Column("locked_at", instant),
        sa.Column("locked_until", instant),
        sa.Column("updated_at", instant, nullable=False),
        sa.PrimaryKeyConstraint("key", name="pk_sign_in_strikes"),
    )
    op.create_index("ix_sign_in_strikes_updated_at", "sign_in_strikes", ["updated_at"])
    for column in (
        sa.Column("created_by", sa.Text),
        sa.Column("last_used_on", sa.Date),
        sa.Column("previous_hash", sa.Text),
        sa.Column("previous_until", instant),
    ):
        op.add_column("api_keys", column)
    op.create_index("ix_api_keys_previous_hash", "api_keys", ["previous_hash"])
