"""All tables of the first version, and the triggers that keep the audit log append-only.

Revision: 0001. The column types are repeated here on purpose: a migration must not change when the code does.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

identifier = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
document = sa.JSON(none_as_null=True).with_variant(postgresql.JSONB(none_as_null=True), "postgresql")
sequence = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
instant = sa.DateTime(timezone=True).with_variant(sa.Text(), "sqlite")


def upgrade() -> None:
    _create_tables()
    if op.get_bind().dialect.name == "postgresql":
        _guard_audit_postgresql()
    else:
        _guard_audit_sqlite()


def _guard_audit_sqlite() -> None:
    for action in ("UPDATE", "DELETE"):
        op.execute(
            f"CREATE TRIGGER audit_refuses_{action.lower()} BEFORE {action} ON audit "
            "BEGIN SELECT RAISE(ABORT, 'audit is append-only'); END"
        )


def _guard_audit_postgresql() -> None:
    op.execute(
        "CREATE FUNCTION audit_is_append_only() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
        "RAISE EXCEPTION 'audit is append-only' USING ERRCODE = 'integrity_constraint_violation', "
        "CONSTRAINT = 'audit is append-only'; END $$"
    )
    op.execute(
        "CREATE TRIGGER audit_refuses_change BEFORE UPDATE OR DELETE OR TRUNCATE ON audit "
        "FOR EACH STATEMENT EXECUTE FUNCTION audit_is_append_only()"
    )


def _create_tables() -> None:
    op.create_table(
        "audit",
        sa.Column("seq", sequence, autoincrement=False, nullable=False),
        sa.Column("at", instant, nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("purpose", sa.Text(), nullable=True),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.Column("previous_hash", sa.Text(), nullable=False),
        sa.Column("hash", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_audit")),
    )
    op.create_index(op.f("ix_audit_subject"), "audit", ["subject"], unique=False)
    op.create_table(
        "changes",
        sa.Column("seq", sequence, autoincrement=True, nullable=False),
        sa.Column("case_id", identifier, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("at", instant, nullable=False),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_changes")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_changes_case_id"), "changes", ["case_id"], unique=False)
    op.create_table(
        "leases",
        sa.Column("name", identifier, nullable=False),
        sa.Column("holder", sa.Text(), nullable=False),
        sa.Column("expires_at", instant, nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_leases")),
    )
    op.create_table(
        "meta",
        sa.Column("key", identifier, nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_meta")),
    )
    op.create_table(
        "partners",
        sa.Column("id", identifier, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("country", sa.Text(), nullable=False),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column("email", sa.Text(), nullable=True),
        sa.Column("webhook_url", sa.Text(), nullable=True),
        sa.Column("webhook_secret", sa.Text(), nullable=True),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("created_at", instant, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_partners")),
    )
    op.create_table(
        "runs",
        sa.Column("id", identifier, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("parameters", document, nullable=False),
        sa.Column("upto_seq", sequence, nullable=False),
        sa.Column("cursor", sa.Text(), nullable=True),
        sa.Column("counters", document, nullable=False),
        sa.Column("started_at", instant, nullable=False),
        sa.Column("updated_at", instant, nullable=False),
        sa.Column("finished_at", instant, nullable=True),
        sa.CheckConstraint("state IN ('running', 'finished', 'failed')", name=op.f("ck_runs_state")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_runs")),
    )
    op.create_index(op.f("ix_runs_kind_state"), "runs", ["kind", "state"], unique=False)
    op.create_table(
        "api_keys",
        sa.Column("id", identifier, nullable=False),
        sa.Column("partner_id", identifier, nullable=False),
        sa.Column("secret_hash", sa.Text(), nullable=False),
        sa.Column("label", sa.Text(), nullable=False),
        sa.Column("permissions", document, nullable=False),
        sa.Column("created_at", instant, nullable=False),
        sa.Column("expires_at", instant, nullable=True),
        sa.Column("revoked_at", instant, nullable=True),
        sa.ForeignKeyConstraint(["partner_id"], ["partners.id"], name=op.f("fk_api_keys_partner_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_api_keys")),
        sa.UniqueConstraint("secret_hash", name=op.f("uq_api_keys_secret_hash")),
    )
    op.create_index(op.f("ix_api_keys_partner_id"), "api_keys", ["partner_id"], unique=False)
    op.create_table(
        "cases",
        sa.Column("id", identifier, nullable=False),
        sa.Column("side", sa.Text(), nullable=False),
        sa.Column("owner_id", identifier, nullable=False),
        sa.Column("external_id", identifier, nullable=True),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("content_hash", sa.Text(), nullable=False),
        sa.Column("payload", document, nullable=False),
        sa.Column("origin_area", identifier, nullable=True),
        sa.Column("event_area", identifier, nullable=True),
        sa.Column("protect_location", sa.Boolean(), nullable=False),
        sa.Column("face_consent", sa.Boolean(), nullable=False),
        sa.Column("created_at", instant, nullable=False),
        sa.Column("created_by", sa.Text(), nullable=False),
        sa.Column("updated_at", instant, nullable=False),
        sa.Column("matched_version", sa.Integer(), server_default="0", nullable=False),
        sa.CheckConstraint("side IN ('missing', 'rescued')", name=op.f("ck_cases_side")),
        sa.CheckConstraint("status IN ('open', 'closed')", name=op.f("ck_cases_status")),
        sa.ForeignKeyConstraint(["owner_id"], ["partners.id"], name=op.f("fk_cases_owner_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_cases")),
        sa.UniqueConstraint("owner_id", "side", "external_id", name=op.f("uq_cases_owner_id_side_external_id")),
    )
    op.create_index(op.f("ix_cases_event_area"), "cases", ["event_area"], unique=False)
    op.create_index(op.f("ix_cases_origin_area"), "cases", ["origin_area"], unique=False)
    op.create_index(op.f("ix_cases_side_status"), "cases", ["side", "status"], unique=False)
    op.create_index(op.f("ix_cases_status_matched_version"), "cases", ["status", "matched_version"], unique=False)
    op.create_table(
        "jurisdictions",
        sa.Column("id", sequence, autoincrement=True, nullable=False),
        sa.Column("partner_id", identifier, nullable=False),
        sa.Column("area", identifier, nullable=False),
        sa.ForeignKeyConstraint(["partner_id"], ["partners.id"], name=op.f("fk_jurisdictions_partner_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_jurisdictions")),
        sa.UniqueConstraint("partner_id", "area", name=op.f("uq_jurisdictions_partner_id_area")),
    )
    op.create_index(op.f("ix_jurisdictions_area"), "jurisdictions", ["area"], unique=False)
    op.create_table(
        "case_versions",
        sa.Column("case_id", identifier, nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("payload", document, nullable=False),
        sa.Column("content_hash", sa.Text(), nullable=False),
        sa.Column("at", instant, nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_case_versions_case_id")),
        sa.PrimaryKeyConstraint("case_id", "version", name=op.f("pk_case_versions")),
    )
    op.create_table(
        "matches",
        sa.Column("id", identifier, nullable=False),
        sa.Column("missing_id", identifier, nullable=False),
        sa.Column("rescued_id", identifier, nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("grade", sa.Text(), nullable=False),
        sa.Column("weight", sa.Float(53), nullable=False),
        sa.Column("weight_without_face", sa.Float(53), nullable=False),
        sa.Column("probability", sa.Float(53), nullable=False),
        sa.Column("contributions", document, nullable=False),
        sa.Column("routes", document, nullable=False),
        sa.Column("model_version", sa.Text(), nullable=False),
        sa.Column("evidence_hash", sa.Text(), nullable=False),
        sa.Column("missing_version", sa.Integer(), nullable=False),
        sa.Column("rescued_version", sa.Integer(), nullable=False),
        sa.Column("created_at", instant, nullable=False),
        sa.Column("updated_at", instant, nullable=False),
        sa.CheckConstraint(
            "grade IN ('certainly-not', 'possible', 'probable', 'certain')", name=op.f("ck_matches_grade")
        ),
        sa.ForeignKeyConstraint(["missing_id"], ["cases.id"], name=op.f("fk_matches_missing_id")),
        sa.ForeignKeyConstraint(["rescued_id"], ["cases.id"], name=op.f("fk_matches_rescued_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_matches")),
        sa.UniqueConstraint("missing_id", "rescued_id", name=op.f("uq_matches_missing_id_rescued_id")),
    )
    op.create_index(op.f("ix_matches_rescued_id"), "matches", ["rescued_id"], unique=False)
    op.create_table(
        "photos",
        sa.Column("id", identifier, nullable=False),
        sa.Column("case_id", identifier, nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("media_type", sa.Text(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.Column("captured_on", sa.Date(), nullable=True),
        sa.Column("error_code", sa.Text(), nullable=True),
        sa.Column("error_detail", sa.Text(), nullable=True),
        sa.Column("faces_found", sa.Integer(), nullable=True),
        sa.Column("attempts", sa.Integer(), server_default="0", nullable=False),
        sa.Column("created_at", instant, nullable=False),
        sa.CheckConstraint("state IN ('pending', 'embedded', 'failed', 'withheld')", name=op.f("ck_photos_state")),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_photos_case_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_photos")),
        sa.UniqueConstraint("case_id", "sha256", name=op.f("uq_photos_case_id_sha256")),
    )
    op.create_index(op.f("ix_photos_state"), "photos", ["state"], unique=False)
    op.create_table(
        "alerts",
        sa.Column("id", identifier, nullable=False),
        sa.Column("match_id", identifier, nullable=False),
        sa.Column("recipient_id", identifier, nullable=False),
        sa.Column("event", sa.Text(), nullable=False),
        sa.Column("dedupe_key", identifier, nullable=False),
        sa.Column("grade", sa.Text(), nullable=False),
        sa.Column("priority", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("due_at", instant, nullable=False),
        sa.Column("created_at", instant, nullable=False),
        sa.Column("updated_at", instant, nullable=False),
        sa.Column("acknowledged_at", instant, nullable=True),
        sa.Column("acknowledged_by", sa.Text(), nullable=True),
        sa.CheckConstraint(
            "grade IN ('certainly-not', 'possible', 'probable', 'certain')", name=op.f("ck_alerts_grade")
        ),
        sa.CheckConstraint("priority IN ('critical', 'standard')", name=op.f("ck_alerts_priority")),
        sa.ForeignKeyConstraint(["match_id"], ["matches.id"], name=op.f("fk_alerts_match_id")),
        sa.ForeignKeyConstraint(["recipient_id"], ["partners.id"], name=op.f("fk_alerts_recipient_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_alerts")),
        sa.UniqueConstraint("dedupe_key", name=op.f("uq_alerts_dedupe_key")),
    )
    op.create_index(op.f("ix_alerts_match_id"), "alerts", ["match_id"], unique=False)
    op.create_index(op.f("ix_alerts_recipient_id_state"), "alerts", ["recipient_id", "state"], unique=False)
    op.create_table(
        "faces",
        sa.Column("id", identifier, nullable=False),
        sa.Column("photo_id", identifier, nullable=False),
        sa.Column("case_id", identifier, nullable=False),
        sa.Column("model", sa.Text(), nullable=False),
        sa.Column("vector", sa.LargeBinary(), nullable=False),
        sa.Column("width", sa.Integer(), nullable=False),
        sa.Column("box", document, nullable=False),
        sa.Column("quality", sa.Text(), nullable=False),
        sa.Column("score", sa.Float(53), nullable=False),
        sa.Column("created_at", instant, nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_faces_case_id")),
        sa.ForeignKeyConstraint(["photo_id"], ["photos.id"], name=op.f("fk_faces_photo_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_faces")),
    )
    op.create_index(op.f("ix_faces_case_id"), "faces", ["case_id"], unique=False)
    op.create_index(op.f("ix_faces_model_id"), "faces", ["model", "id"], unique=False)
    op.create_index(op.f("ix_faces_photo_id"), "faces", ["photo_id"], unique=False)
    op.create_table(
        "match_events",
        sa.Column("id", sequence, autoincrement=True, nullable=False),
        sa.Column("match_id", identifier, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("at", instant, nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("detail", document, nullable=False),
        sa.ForeignKeyConstraint(["match_id"], ["matches.id"], name=op.f("fk_match_events_match_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_match_events")),
    )
    op.create_index(op.f("ix_match_events_match_id"), "match_events", ["match_id"], unique=False)
    op.create_table(
        "outbox",
        sa.Column("id", identifier, nullable=False),
        sa.Column("alert_id", identifier, nullable=False),
        sa.Column("recipient_id", identifier, nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("attempts", sa.Integer(), server_default="0", nullable=False),
        sa.Column("next_attempt_at", instant, nullable=False),
        sa.Column("claimed_until", instant, nullable=True),
        sa.Column("payload", document, nullable=False),
        sa.Column("created_at", instant, nullable=False),
        sa.Column("delivered_at", instant, nullable=True),
        sa.CheckConstraint("channel IN ('webhook', 'email')", name=op.f("ck_outbox_channel")),
        sa.CheckConstraint(
            "state IN ('queued', 'sending', 'retrying', 'delivered', 'dead_letter')", name=op.f("ck_outbox_state")
        ),
        sa.ForeignKeyConstraint(["alert_id"], ["alerts.id"], name=op.f("fk_outbox_alert_id")),
        sa.ForeignKeyConstraint(["recipient_id"], ["partners.id"], name=op.f("fk_outbox_recipient_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_outbox")),
    )
    op.create_index(op.f("ix_outbox_alert_id"), "outbox", ["alert_id"], unique=False)
    op.create_index(op.f("ix_outbox_state_next_attempt_at"), "outbox", ["state", "next_attempt_at"], unique=False)
    op.create_table(
        "delivery_attempts",
        sa.Column("id", sequence, autoincrement=True, nullable=False),
        sa.Column("outbox_id", identifier, nullable=False),
        sa.Column("at", instant, nullable=False),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("status_code", sa.Integer(), nullable=True),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["outbox_id"], ["outbox.id"], name=op.f("fk_delivery_attempts_outbox_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_delivery_attempts")),
    )
    op.create_index(op.f("ix_delivery_attempts_outbox_id"), "delivery_attempts", ["outbox_id"], unique=False)
