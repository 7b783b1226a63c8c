"""Which tables hold the people of a partner, how they sign in, and what failed attempts leave behind?

Names, addresses and secrets of the second factor are sealed; an address is found by its keyed hash. Of every token,
password and recovery code only a hash is kept.
"""

from __future__ import annotations

from sqlalchemy import Boolean, Column, ForeignKey, Index, Integer, LargeBinary, Table, Text, UniqueConstraint

from api.store.tables import metadata, one_of
from api.store.types import Document, Id, Sequence, UtcDateTime

TOKEN_KINDS = ("enrolment", "second_factor", "code")
"""Sets password and second factor; sets the second factor; shows that the first step of a sign-in succeeded."""

people = Table(
    "people",
    metadata,
    Column("id", Id, primary_key=True),
    Column("partner_id", Id, ForeignKey("partners.id"), nullable=False),
    Column("roles", Document, nullable=False),
    Column("name_sealed", LargeBinary, nullable=False),
    Column("email_sealed", LargeBinary, nullable=False),
    Column("email_fingerprint", Id, nullable=False),
    Column("language", Text, nullable=False),
    Column("active", Boolean, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("created_by", Text, nullable=False),
    Column("password_hash", Text),
    Column("totp_sealed", LargeBinary),
    # The thirty seconds whose code was used last: a code that was overheard opens nothing.
    Column("totp_last_step", Sequence),
    # Keyed hash of issuer and subject of an account elsewhere.
    Column("oidc_fingerprint", Id),
    UniqueConstraint("email_fingerprint"),
    UniqueConstraint("oidc_fingerprint"),
    Index(None, "partner_id"),
)

recovery_codes = Table(
    "recovery_codes",
    metadata,
    Column("person_id", Id, ForeignKey("people.id"), primary_key=True),
    Column("code_hash", Id, primary_key=True),
    Column("used_at", UtcDateTime),
)

person_tokens = Table(
    "person_tokens",
    metadata,
    Column("token_hash", Id, primary_key=True),
    Column("person_id", Id, ForeignKey("people.id"), nullable=False),
    Column("kind", Text, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("expires_at", UtcDateTime, nullable=False),
    Column("used_at", UtcDateTime),
    # The secret of the second factor that is shown, until a code proves that it arrived.
    Column("totp_sealed", LargeBinary),
    one_of("kind", TOKEN_KINDS),
    Index(None, "person_id"),
    Index(None, "expires_at"),
)

person_sessions = Table(
    "person_sessions",
    metadata,
    Column("id", Id, primary_key=True),
    Column("token_hash", Id, nullable=False),
    Column("person_id", Id, ForeignKey("people.id"), nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("last_used_at", UtcDateTime, nullable=False),
    Column("expires_at", UtcDateTime, nullable=False),
    Column("revoked_at", UtcDateTime),
    UniqueConstraint("token_hash"),
    Index(None, "person_id"),
    Index(None, "expires_at"),
)

# A device that brings its token is counted by itself when somebody guesses; it opens nothing.
known_devices = Table(
    "known_devices",
    metadata,
    Column("token_hash", Id, primary_key=True),
    Column("person_id", Id, ForeignKey("people.id"), nullable=False),
    Column("expires_at", UtcDateTime, nullable=False),
    Index(None, "person_id"),
    Index(None, "expires_at"),
)

# Keyed hashes of addresses tried and of where from; no foreign key, since most of them belong to nobody.
sign_in_strikes = Table(
    "sign_in_strikes",
    metadata,
    Column("key", Id, primary_key=True),
    Column("recent", Document, nullable=False),
    Column("lockouts", Integer, nullable=False),
    Column("locked_at", UtcDateTime),
    Column("locked_until", UtcDateTime),
    Column("updated_at", UtcDateTime, nullable=False),
    Index(None, "updated_at"),
)
