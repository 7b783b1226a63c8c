"""Which tables say who may exchange what, and what a person has agreed to?

The migrations in `migrations/versions` create these tables; a test keeps the two equal.
"""

from __future__ import annotations

from sqlalchemy import (
    Column,
    Date,
    ForeignKey,
    Index,
    Integer,
    Table,
    Text,
    UniqueConstraint,
)

from api.store.tables import metadata, one_of
from api.store.types import Id, Sequence, UtcDateTime

CONSENT_PURPOSES = ("matching", "sharing", "faces", "referral", "publication")
RECIPIENT_CLASSES = ("any", "police", "shelter", "ngo", "coordination")
DISCLOSURE_STATES = ("requested", "accepted", "refused", "withdrawn")


# Two partners exchange when both are in force as parties of one agreement: a pair's, or that of many.
agreements = Table(
    "agreements",
    metadata,
    Column("id", Id, primary_key=True),
    Column("reference", Text, nullable=False),  # of the paper that was signed; no personal data
    Column("valid_from", UtcDateTime, nullable=False),
    Column("valid_until", UtcDateTime),
    Column("created_at", UtcDateTime, nullable=False),
    Column("created_by", Text, nullable=False),
)

agreement_parties = Table(
    "agreement_parties",
    metadata,
    Column("agreement_id", Id, ForeignKey("agreements.id"), primary_key=True),
    Column("partner_id", Id, ForeignKey("partners.id"), primary_key=True),
    Column("accepted_at", UtcDateTime),
    Column("accepted_by", Text),
    Column("left_at", UtcDateTime),
    Column("left_by", Text),
    Index(None, "partner_id"),
)

# One row for each time that somebody agreed, or that a law stands in for it; withdrawn, never deleted.
consents = Table(
    "consents",
    metadata,
    Column("id", Id, primary_key=True),
    Column("case_id", Id, ForeignKey("cases.id"), nullable=False),
    Column("version", Integer, nullable=False),
    Column("purpose", Text, nullable=False),
    Column("recipients", Text, nullable=False),
    Column("basis", Text, nullable=False),
    Column("given_by", Text, nullable=False),
    Column("given_at", UtcDateTime, nullable=False),
    Column("recorded_by", Text, nullable=False),
    Column("withdrawn_at", UtcDateTime),
    Column("withdrawn_by", Text),
    UniqueConstraint("case_id", "version"),
    one_of("purpose", CONSENT_PURPOSES),
    one_of("recipients", RECIPIENT_CLASSES),
)

# One party of a match asks to see the other's case in full; its owner decides.
disclosures = Table(
    "disclosures",
    metadata,
    Column("id", Id, primary_key=True),
    Column("match_id", Id, ForeignKey("matches.id"), nullable=False),
    Column("case_id", Id, ForeignKey("cases.id"), nullable=False),
    Column("requester_id", Id, ForeignKey("partners.id"), nullable=False),
    Column("purpose", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("requested_at", UtcDateTime, nullable=False),
    Column("requested_by", Text, nullable=False),
    Column("decided_at", UtcDateTime),
    Column("decided_by", Text),
    Column("expires_at", UtcDateTime),
    one_of("state", DISCLOSURE_STATES),
    Index(None, "case_id", "requester_id"),
    Index(None, "requester_id"),
    Index(None, "match_id"),
)

# Keyed hashes of what was erased: an import cannot bring it back, and nobody can tell what it was.
suppressions = Table(
    "suppressions",
    metadata,
    Column("fingerprint", Id, primary_key=True),
    Column("case_id", Id, nullable=False),
    Column("at", UtcDateTime, nullable=False),
    Index(None, "case_id"),
)

# The head of the audit log at the end of each day, for partners to keep.
audit_roots = Table(
    "audit_roots",
    metadata,
    Column("day", Date, primary_key=True),
    Column("seq", Sequence, nullable=False),
    Column("hash", Text, nullable=False),
    Column("at", UtcDateTime, nullable=False),
)
