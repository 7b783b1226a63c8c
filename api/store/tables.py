"""Which tables hold the truth, and which rules does the database itself keep?

Identifiers are text made by the caller. The migrations in `migrations/versions` create these tables; a test keeps
the two equal. Columns named `state` hold the words listed beside them.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Date,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
    text,
    true,
)

from api.store.types import CanonicalJson, Document, Id, Sequence, UtcDateTime

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

SIDES = ("missing", "rescued")
CASE_STATUSES = ("open", "closed")
PHOTO_STATES = ("pending", "embedded", "failed", "withheld")
GRADES = ("certainly-not", "possible", "probable", "certain")  # weakest first: the order is used
ALERT_KINDS = ("match", "bulletin", "same_person", "same_suspect", "clock", "digest")
PRIORITIES = ("critical", "standard", "digest")
AWAITING_DIGEST = "digest_id IS NULL AND priority = 'digest' AND kind <> 'digest'"
CHANNELS = ("webhook", "email")
OUTBOX_STATES = ("queued", "sending", "retrying", "delivered", "dead_letter")
RUN_STATES = ("running", "finished", "failed")


def one_of(column: str, words: tuple[str, ...]) -> CheckConstraint:
    """Return the rule that a column holds one of these words."""
    quoted = ", ".join(f"'{word}'" for word in words)
    return CheckConstraint(f"{column} IN ({quoted})", name=column)


meta = Table(
    "meta",
    metadata,
    Column("key", Id, primary_key=True),
    Column("value", Text, nullable=False),
)

partners = Table(
    "partners",
    metadata,
    Column("id", Id, primary_key=True),
    Column("name", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("country", Text, nullable=False),
    Column("language", Text, nullable=False),
    # Sealed JSON: email, webhook_url, webhook_secret.
    Column("contacts", LargeBinary),
    Column("active", Boolean, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    # Whether faces in photos of its cases may be compared at all.
    Column("faces", Boolean, nullable=False, server_default=true()),
    # The country in which its records must be kept; none: it makes no demand.
    Column("residency", Text),
    Column("time_zone", Text),
    # Weekday -> periods of local time (`api.partners.office_hours`); none: always open.
    Column("office_hours", Document),
    # How it wants to be told, the way it likes best first; none: by every contact there is.
    Column("channels", Document),
    # Class of alerts -> hours to acknowledge and to act, where it has its own (`api.alerts.deadlines`).
    Column("deadlines", Document),
    # What it does not want to be sent, or not at once (`api.alerts.quiet`).
    Column("quiet", Document),
)

# Wrapped by a master key (`api.store.keys`); `current` wraps what is new.
partner_keys = Table(
    "partner_keys",
    metadata,
    Column("id", Id, primary_key=True),
    Column("partner_id", Id, ForeignKey("partners.id"), nullable=False),
    Column("master_id", Text, nullable=False),
    Column("wrapped", LargeBinary, nullable=False),
    Column("current", Boolean, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Index(None, "partner_id"),
)

service_keys = Table(
    "service_keys",
    metadata,
    Column("name", Id, primary_key=True),
    Column("master_id", Text, nullable=False),
    Column("wrapped", LargeBinary, nullable=False),
)

# Wrapped by the key of the record's owner. No row: the record was erased, and nothing opens what was sealed for it.
record_keys = Table(
    "record_keys",
    metadata,
    Column("case_id", Id, ForeignKey("cases.id"), primary_key=True),
    Column("partner_key_id", Id, ForeignKey("partner_keys.id"), nullable=False),
    Column("wrapped", LargeBinary, nullable=False),
    Index(None, "partner_key_id"),
)

jurisdictions = Table(
    "jurisdictions",
    metadata,
    Column("id", Sequence, primary_key=True, autoincrement=True),
    Column("partner_id", Id, ForeignKey("partners.id"), nullable=False),
    # A path from wide to narrow: "IN", "IN/WB", "IN/WB/south-24-parganas".
    Column("area", Id, nullable=False),
    UniqueConstraint("partner_id", "area"),
    Index(None, "area"),
)

api_keys = Table(
    "api_keys",
    metadata,
    Column("id", Id, primary_key=True),
    Column("partner_id", Id, ForeignKey("partners.id"), nullable=False),
    Column("secret_hash", Text, nullable=False),
    Column("label", Text, nullable=False),
    Column("permissions", Document, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("expires_at", UtcDateTime),
    Column("revoked_at", UtcDateTime),
    Column("created_by", Text),
    Column("last_used_on", Date),
    # After a rotation: the secret before, and until when it is still taken.
    Column("previous_hash", Text),
    Column("previous_until", UtcDateTime),
    UniqueConstraint("secret_hash"),
    Index(None, "partner_id"),
    Index(None, "previous_hash"),
)

cases = Table(
    "cases",
    metadata,
    Column("id", Id, primary_key=True),
    Column("side", Text, nullable=False),
    Column("owner_id", Id, ForeignKey("partners.id"), nullable=False),
    # A keyed hash of the number in the owner's own system: enough to find it again.
    Column("external_id", Id),
    Column("status", Text, nullable=False),
    Column("version", Integer, nullable=False),
    # Sealed: a hash of the content, the owner's number, and the record as JSON (`api.store.contents`).
    Column("sealed", LargeBinary),
    Column("origin_area", Id),
    Column("event_area", Id),
    Column("protect_location", Boolean, nullable=False),
    Column("face_consent", Boolean, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("created_by", Text, nullable=False),
    Column("updated_at", UtcDateTime, nullable=False),
    # The version last compared with the other side; 0 asks for a new comparison.
    Column("matched_version", Integer, nullable=False, server_default="0"),
    # Why a closed one is closed: "owner", "consent" (to matching, withdrawn), "erased".
    Column("closed_for", Text),
    # Kept no longer than that, unless its owner says why.
    Column("expires_at", UtcDateTime),
    # What is left then is a tombstone: `sealed` is empty, and its key is destroyed.
    Column("erased_at", UtcDateTime),
    # Sealed by the owner's key: the numbers by which its own systems know what was erased, for its exports.
    Column("tombstone", LargeBinary),
    UniqueConstraint("owner_id", "side", "external_id"),
    one_of("side", SIDES),
    one_of("status", CASE_STATUSES),
    Index(None, "side", "status"),
    Index(None, "status", "matched_version"),
    Index(None, "origin_area"),
    Index(None, "event_area"),
    Index(None, "expires_at"),
    Index(None, "erased_at"),
)

case_versions = Table(
    "case_versions",
    metadata,
    Column("case_id", Id, ForeignKey("cases.id"), primary_key=True),
    Column("version", Integer, primary_key=True),
    Column("sealed", LargeBinary, nullable=False),
    Column("at", UtcDateTime, nullable=False),
    Column("by", Text, nullable=False),
)

photos = Table(
    "photos",
    metadata,
    Column("id", Id, primary_key=True),
    Column("case_id", Id, ForeignKey("cases.id"), nullable=False),
    Column("position", Integer, nullable=False),
    Column("state", Text, nullable=False),
    Column("fingerprint", Text, nullable=False),  # keyed hash of the bytes as they arrived
    Column("media_type", Text, nullable=False),
    Column("content", LargeBinary, nullable=False),  # sealed
    Column("captured_on", Date),
    Column("error_code", Text),
    Column("error_detail", Text),
    Column("faces_found", Integer),
    Column("attempts", Integer, nullable=False, server_default="0"),
    Column("created_at", UtcDateTime, nullable=False),
    # Where it shows several faces: their boxes and the size of the picture, then which one a person said is meant.
    Column("faces_seen", Document),
    Column("chosen_box", Document),
    Column("chosen_by", Text),
    Column("chosen_at", UtcDateTime),
    Column("attempted_at", UtcDateTime),
    UniqueConstraint("case_id", "fingerprint", name="uq_photos_case_id_sha256"),
    one_of("state", PHOTO_STATES),
    Index(None, "state"),
)

faces = Table(
    "faces",
    metadata,
    Column("id", Id, primary_key=True),
    Column("photo_id", Id, ForeignKey("photos.id"), nullable=False),
    Column("case_id", Id, ForeignKey("cases.id"), nullable=False),
    Column("model", Text, nullable=False),
    Column("vector", LargeBinary, nullable=False),  # sealed: `width` little-endian float32 numbers
    Column("width", Integer, nullable=False),
    Column("box", Document, nullable=False),
    Column("quality", Text, nullable=False),
    Column("score", Float(53), nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Index(None, "photo_id"),
    Index(None, "case_id"),
    Index(None, "model", "id"),
)

# No foreign key: a change outlives its case, as the tombstone that followers need.
changes = Table(
    "changes",
    metadata,
    Column("seq", Sequence, primary_key=True, autoincrement=True),
    Column("case_id", Id, nullable=False),
    Column("kind", Text, nullable=False),
    Column("at", UtcDateTime, nullable=False),
    Index(None, "case_id"),
    sqlite_autoincrement=True,
)

matches = Table(
    "matches",
    metadata,
    Column("id", Id, primary_key=True),
    Column("missing_id", Id, ForeignKey("cases.id"), nullable=False),
    Column("rescued_id", Id, ForeignKey("cases.id"), nullable=False),
    Column("state", Text, nullable=False),
    Column("grade", Text, nullable=False),
    Column("weight", Float(53), nullable=False),
    Column("weight_without_face", Float(53), nullable=False),
    Column("probability", Float(53), nullable=False),
    Column("contributions", Document, nullable=False),
    Column("routes", Document, nullable=False),
    Column("model_version", Text, nullable=False),
    Column("evidence_hash", Text, nullable=False),
    Column("missing_version", Integer, nullable=False),
    Column("rescued_version", Integer, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("updated_at", UtcDateTime, nullable=False),
    # One more whenever the evidence or the state changes: what somebody decides about is what he has read.
    Column("version", Integer, nullable=False, server_default="1"),
    UniqueConstraint("missing_id", "rescued_id"),
    one_of("grade", GRADES),
    Index(None, "rescued_id"),
)

match_events = Table(
    "match_events",
    metadata,
    Column("id", Sequence, primary_key=True, autoincrement=True),
    Column("match_id", Id, ForeignKey("matches.id"), nullable=False),
    Column("kind", Text, nullable=False),
    Column("at", UtcDateTime, nullable=False),
    Column("actor", Text, nullable=False),
    Column("detail", Document, nullable=False),
    Index(None, "match_id"),
)

alerts = Table(
    "alerts",
    metadata,
    Column("id", Id, primary_key=True),
    Column("kind", Text, nullable=False, server_default="match"),
    # What it is about: a match, or what the kind says (a bulletin, a case), or nothing (a digest).
    Column("match_id", Id, ForeignKey("matches.id")),
    Column("subject_id", Id),
    # The alert that this one recalls or escalates.
    Column("about_id", Id, ForeignKey("alerts.id")),
    Column("recipient_id", Id, ForeignKey("partners.id"), nullable=False),
    Column("event", Text, nullable=False),
    Column("dedupe_key", Id, nullable=False),
    Column("grade", Text),
    Column("priority", Text, nullable=False),
    Column("state", Text, nullable=False),
    # The compiled view: the recipient's own case, whom it concerns, by which rule it is told, what is withheld and why.
    Column("own_case_id", Id, ForeignKey("cases.id")),
    Column("other_organisation", Text),
    Column("rule", Text),
    Column("withheld", Document),
    # By when it is to be acknowledged, and by when to be acted on.
    Column("due_at", UtcDateTime),
    Column("act_by", UtcDateTime),
    # When somebody is reminded or told next if nothing happens, and how often that was.
    Column("next_step_at", UtcDateTime),
    Column("steps", Integer, nullable=False, server_default="0"),
    Column("digest_id", Id, ForeignKey("alerts.id")),
    Column("created_at", UtcDateTime, nullable=False),
    Column("updated_at", UtcDateTime, nullable=False),
    Column("acknowledged_at", UtcDateTime),
    Column("acknowledged_by", Text),
    Column("actioned_at", UtcDateTime),
    Column("actioned_by", Text),
    Column("closed_at", UtcDateTime),
    UniqueConstraint("dedupe_key"),
    one_of("kind", ALERT_KINDS),
    one_of("grade", GRADES),
    one_of("priority", PRIORITIES),
    Index(None, "recipient_id", "state"),
    Index(None, "match_id"),
    Index(None, "subject_id"),
    Index(None, "about_id"),
    Index(None, "next_step_at"),
    Index(None, "digest_id"),
    # Few wait for the digest, and somebody looks every half minute.
    Index(
        "ix_alerts_awaiting_digest",
        "recipient_id",
        sqlite_where=text(AWAITING_DIGEST),
        postgresql_where=text(AWAITING_DIGEST),
    ),
)

# What happened to an alert, by whom: "reminded", "escalated", "acknowledged", "lapsed", "actioned", "recalled", ….
alert_events = Table(
    "alert_events",
    metadata,
    Column("id", Sequence, primary_key=True, autoincrement=True),
    Column("alert_id", Id, ForeignKey("alerts.id"), nullable=False),
    Column("kind", Text, nullable=False),
    Column("at", UtcDateTime, nullable=False),
    Column("actor", Text, nullable=False),
    Column("detail", Document, nullable=False),
    Index(None, "alert_id"),
)

# Whoever adds messages holds the commit order (`portable.hold_commit_order`), so numbers become visible in order.
_NEXT_IN_OUTBOX = text("(SELECT coalesce(max(seq), 0) + 1 FROM outbox)")
outbox = Table(
    "outbox",
    metadata,
    Column("id", Id, primary_key=True),  # also the webhook-id that a receiver recognises a repetition by
    Column("alert_id", Id, ForeignKey("alerts.id"), nullable=False),
    Column("recipient_id", Id, ForeignKey("partners.id"), nullable=False),
    Column("channel", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("attempts", Integer, nullable=False, server_default="0"),
    Column("next_attempt_at", UtcDateTime, nullable=False),
    Column("claimed_until", UtcDateTime),
    Column("payload", Document, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("delivered_at", UtcDateTime),
    Column("seq", BigInteger, nullable=False, server_default="0", default=_NEXT_IN_OUTBOX),  # place in line
    Column("early_attempts", Integer, nullable=False, server_default="0"),  # before their time: not of the schedule
    Column("refusals", Integer, nullable=False, server_default="0"),  # the receiver did not want this very message
    one_of("channel", CHANNELS),
    one_of("state", OUTBOX_STATES),
    Index(None, "state", "next_attempt_at"),
    Index(None, "state", "recipient_id", "channel", "seq"),
    Index(None, "alert_id"),
    Index(None, "seq", unique=True),
)

delivery_attempts = Table(
    "delivery_attempts",
    metadata,
    Column("id", Sequence, primary_key=True, autoincrement=True),
    Column("outbox_id", Id, ForeignKey("outbox.id"), nullable=False),
    Column("at", UtcDateTime, nullable=False),
    Column("outcome", Text, nullable=False),
    Column("status_code", Integer),
    Column("detail", Text, nullable=False),
    Index(None, "outbox_id"),
)

# Triggers refuse UPDATE and DELETE here (migration 0001). `seq` is counted by the writer, without gaps, because
# the hash of a row covers its own number.
audit = Table(
    "audit",
    metadata,
    Column("seq", Sequence, primary_key=True, autoincrement=False),
    Column("at", UtcDateTime, nullable=False),
    Column("actor", Text, nullable=False),
    Column("action", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("purpose", Text),
    Column("detail", CanonicalJson, nullable=False),
    Column("previous_hash", Text, nullable=False),
    Column("hash", Text, nullable=False),
    Index(None, "subject"),
    Index(None, "subject", "action", "at"),
)

runs = Table(
    "runs",
    metadata,
    Column("id", Id, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("parameters", Document, nullable=False),
    Column("upto_seq", Sequence, nullable=False),
    Column("cursor", Text),
    Column("counters", Document, nullable=False),
    Column("started_at", UtcDateTime, nullable=False),
    Column("updated_at", UtcDateTime, nullable=False),
    Column("finished_at", UtcDateTime),
    one_of("state", RUN_STATES),
    Index(None, "kind", "state"),
)

leases = Table(
    "leases",
    metadata,
    Column("name", Id, primary_key=True),
    Column("holder", Text, nullable=False),
    Column("expires_at", UtcDateTime, nullable=False),
)

# Requests sent with an idempotency key (`api.store.idempotency`); `answer` is sealed.
idempotency = Table(
    "idempotency",
    metadata,
    Column("id", Id, primary_key=True),
    Column("partner_id", Id, ForeignKey("partners.id"), nullable=False),
    Column("key_hash", Text, nullable=False),
    Column("operation", Text, nullable=False),
    Column("request_hash", Text, nullable=False),
    Column("subject_id", Id, nullable=False),
    Column("attempt", Integer, nullable=False),
    Column("leased_until", UtcDateTime),
    Column("status", Integer),
    Column("headers", Document),
    Column("answer", LargeBinary),
    Column("created_at", UtcDateTime, nullable=False),
    UniqueConstraint("partner_id", "key_hash"),
    Index(None, "created_at"),
)
