"""Which tables hold what happens after the report, and the suspects, who are kept apart?

Whatever a person wrote is sealed: by the key of the case, or by the key of the suspect. Words in plain columns come
from the lists beside them. Nothing here is searched or compared.
"""

from __future__ import annotations

from sqlalchemy import (
    Boolean,
    CheckConstraint,
    Column,
    Date,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    Table,
    Text,
    UniqueConstraint,
)

from api.store.tables import metadata
from api.store.types import Id, Sequence, UtcDateTime

STAGES = ("reporting", "rescue", "rehabilitation", "repatriation", "re_integration", "re_compensation")
NOTE_KINDS = ("interview", "contact", "observation", "sighting", "medical", "legal", "other")
HOME_OUTCOMES = ("safe", "unsafe", "inconclusive")
FOLLOW_UP_STATES = ("due", "done", "missed", "cancelled")
REFERRAL_KINDS = ("referral", "transfer")
REFERRAL_STATES = ("proposed", "accepted", "rejected", "revoked", "done")
SUSPECT_STATUSES = ("open", "closed", "erased")
LINK_RELATIONS = ("recruiter", "transporter", "exploiter", "harbourer", "named")


def _one_of(column: str, words: tuple[str, ...]) -> CheckConstraint:
    quoted = ", ".join(f"'{word}'" for word in words)
    return CheckConstraint(f"{column} IN ({quoted})", name=column)


# No entry is ever changed: a later one that names it (`corrects`) stands in its place.
stage_events = Table(
    "stage_events",
    metadata,
    Column("id", Id, primary_key=True),
    Column("case_id", Id, ForeignKey("cases.id"), nullable=False),
    Column("stage", Text, nullable=False),
    Column("entered_on", Date, nullable=False),
    Column("corrects", Id, ForeignKey("stage_events.id")),
    Column("sealed", LargeBinary),  # the note
    Column("at", UtcDateTime, nullable=False),
    Column("by", Text, nullable=False),
    UniqueConstraint("corrects"),
    _one_of("stage", STAGES),
    Index(None, "case_id"),
)

case_notes = Table(
    "case_notes",
    metadata,
    Column("id", Id, primary_key=True),
    Column("case_id", Id, ForeignKey("cases.id"), nullable=False),
    Column("kind", Text, nullable=False),
    Column("source_date", Date),
    Column("corrects", Id, ForeignKey("case_notes.id")),
    Column("sealed", LargeBinary),  # the text; none once the case is erased
    Column("at", UtcDateTime, nullable=False),
    Column("by", Text, nullable=False),
    UniqueConstraint("corrects"),
    _one_of("kind", NOTE_KINDS),
    Index(None, "case_id"),
)

home_reports = Table(
    "home_reports",
    metadata,
    Column("id", Id, primary_key=True),
    Column("case_id", Id, ForeignKey("cases.id"), nullable=False),
    Column("unit_id", Id, ForeignKey("partners.id")),  # of whom it was asked, where it is a partner
    Column("due_on", Date, nullable=False),
    Column("version", Integer, nullable=False),  # 0 until it is received
    Column("sealed", LargeBinary),  # the unit by its name, where it is none of the partners; what was asked
    Column("at", UtcDateTime, nullable=False),
    Column("by", Text, nullable=False),
    Index(None, "case_id"),
)

home_report_versions = Table(
    "home_report_versions",
    metadata,
    Column("report_id", Id, ForeignKey("home_reports.id"), primary_key=True),
    Column("version", Integer, primary_key=True),
    Column("outcome", Text, nullable=False),
    Column("visited_on", Date, nullable=False),
    Column("sealed", LargeBinary),  # who investigated, and what was found
    Column("at", UtcDateTime, nullable=False),
    Column("by", Text, nullable=False),
    _one_of("outcome", HOME_OUTCOMES),
)

# They belong to whoever owns the case now: there is no owner here to go stale.
follow_ups = Table(
    "follow_ups",
    metadata,
    Column("id", Id, primary_key=True),
    Column("case_id", Id, ForeignKey("cases.id"), nullable=False),
    Column("source", Text, nullable=False),
    Column("returned_on", Date, nullable=False),
    Column("months", Integer, nullable=False),
    Column("due_on", Date, nullable=False),
    Column("state", Text, nullable=False),
    Column("outcome", Text),
    Column("sealed", LargeBinary),  # the note
    Column("created_at", UtcDateTime, nullable=False),
    Column("settled_at", UtcDateTime),
    Column("settled_by", Text),
    _one_of("source", ("stage", "return")),
    _one_of("state", FOLLOW_UP_STATES),
    Index(None, "case_id"),
    Index(None, "state", "due_on"),
)

referrals = Table(
    "referrals",
    metadata,
    Column("id", Id, primary_key=True),
    Column("case_id", Id, ForeignKey("cases.id"), nullable=False),
    Column("kind", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("proposer_id", Id, ForeignKey("partners.id"), nullable=False),
    Column("receiver_id", Id, ForeignKey("partners.id"), nullable=False),
    Column("state", Text, nullable=False),
    Column("version", Integer, nullable=False),
    Column("with_sources", Boolean, nullable=False),
    # Of a transfer that is done without its sources: up to this version they are kept from the new owner.
    Column("case_version", Integer),
    Column("sealed", LargeBinary),  # the proposer's words
    Column("created_at", UtcDateTime, nullable=False),
    Column("created_by", Text, nullable=False),
    Column("updated_at", UtcDateTime, nullable=False),
    _one_of("kind", REFERRAL_KINDS),
    _one_of("state", REFERRAL_STATES),
    Index(None, "case_id"),
    Index(None, "proposer_id", "state"),
    Index(None, "receiver_id", "state"),
)

referral_events = Table(
    "referral_events",
    metadata,
    Column("id", Sequence, primary_key=True, autoincrement=True),
    Column("referral_id", Id, ForeignKey("referrals.id"), nullable=False),
    Column("event", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("reason", Text),
    Column("partner_id", Id, ForeignKey("partners.id"), nullable=False),
    Column("at", UtcDateTime, nullable=False),
    Column("by", Text, nullable=False),
    _one_of("state", REFERRAL_STATES),
    Index(None, "referral_id"),
)

suspects = Table(
    "suspects",
    metadata,
    Column("id", Id, primary_key=True),
    Column("owner_id", Id, ForeignKey("partners.id"), nullable=False),
    Column("status", Text, nullable=False),
    Column("version", Integer, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("created_by", Text, nullable=False),
    Column("updated_at", UtcDateTime, nullable=False),
    # The version last compared with the suspects of other units; 0 asks for a new comparison.
    Column("compared_version", Integer, nullable=False, server_default="0"),
    _one_of("status", SUSPECT_STATUSES),
    Index(None, "owner_id", "status"),
)

# As `record_keys` for cases. No row: the suspect was erased.
suspect_keys = Table(
    "suspect_keys",
    metadata,
    Column("suspect_id", Id, ForeignKey("suspects.id"), primary_key=True),
    Column("partner_key_id", Id, ForeignKey("partner_keys.id"), nullable=False),
    Column("wrapped", LargeBinary, nullable=False),
    Index(None, "partner_key_id"),
)

suspect_versions = Table(
    "suspect_versions",
    metadata,
    Column("suspect_id", Id, ForeignKey("suspects.id"), primary_key=True),
    Column("version", Integer, primary_key=True),
    Column("sealed", LargeBinary, nullable=False),
    Column("at", UtcDateTime, nullable=False),
    Column("by", Text, nullable=False),
)

# Which case names which suspect: two ids and a word, nothing that was said.
suspect_links = Table(
    "suspect_links",
    metadata,
    Column("suspect_id", Id, ForeignKey("suspects.id"), primary_key=True),
    Column("case_id", Id, ForeignKey("cases.id"), primary_key=True),
    Column("relation", Text, primary_key=True),
    Column("at", UtcDateTime, nullable=False),
    Column("by", Text, nullable=False),
    _one_of("relation", LINK_RELATIONS),
    Index(None, "case_id"),
)
