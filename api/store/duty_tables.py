"""Which tables hold what an organisation may publish of a missing child, and what the law has it do by when?

What is said of the child, and by whose order it may be published, is sealed by the key of the case. The migrations in
`migrations/versions` create these tables; a test keeps the two equal.
"""

from __future__ import annotations

from sqlalchemy import Boolean, Column, Date, ForeignKey, Index, Integer, LargeBinary, Table, Text

from api.store.tables import metadata, one_of
from api.store.types import Document, Id, UtcDateTime

AUTHORITIES = ("cwc", "court", "magistrate", "police", "guardian")
CLOCKS = ("untraced", "quarterly", "follow_up")

# Who allowed that a missing child is shown to whom, what of it, and until when.
publication_authorisations = Table(
    "publication_authorisations",
    metadata,
    Column("id", Id, primary_key=True),
    Column("case_id", Id, ForeignKey("cases.id"), nullable=False),
    Column("owner_id", Id, ForeignKey("partners.id"), nullable=False),  # of the case when it was given
    Column("authority", Text, nullable=False),
    # To whom: partners by id, kinds of partners, areas; `api.bulletins.scope` says how they go together.
    Column("scope", Document, nullable=False),
    Column("fields", Document, nullable=False),
    Column("with_photo", Boolean, nullable=False),
    Column("sealed", LargeBinary),  # the authority's name, the number of its order; none once it is over
    Column("expires_at", UtcDateTime, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("created_by", Text, nullable=False),
    Column("withdrawn_at", UtcDateTime),
    Column("withdrawn_by", Text),
    one_of("authority", AUTHORITIES),
    Index(None, "case_id"),
)

bulletins = Table(
    "bulletins",
    metadata,
    Column("id", Id, primary_key=True),
    Column("case_id", Id, ForeignKey("cases.id"), nullable=False),
    Column("authorisation_id", Id, ForeignKey("publication_authorisations.id"), nullable=False),
    Column("issuer_id", Id, ForeignKey("partners.id"), nullable=False),
    # What was shown, so that it can be answered for later: names of fields, the version of the case, the photo's id.
    Column("fields", Document, nullable=False),
    Column("case_version", Integer, nullable=False),
    Column("photo_id", Id),
    Column("media_type", Text),
    # Both sealed, and empty from the moment at which the bulletin is taken down.
    Column("sealed", LargeBinary),
    Column("photo", LargeBinary),
    Column("published_at", UtcDateTime, nullable=False),
    Column("published_by", Text, nullable=False),
    Column("taken_down_at", UtcDateTime),
    Column("taken_down_by", Text),
    Column("reason", Text),
    Index(None, "case_id"),
    Index(None, "authorisation_id"),
    Index(None, "issuer_id"),
    Index(None, "taken_down_at"),
)

bulletin_recipients = Table(
    "bulletin_recipients",
    metadata,
    Column("bulletin_id", Id, ForeignKey("bulletins.id"), primary_key=True),
    Column("partner_id", Id, ForeignKey("partners.id"), primary_key=True),
    Column("first_read_at", UtcDateTime),
    Column("ended_at", UtcDateTime),
    Column("reason", Text),
    Index(None, "partner_id"),
)

# What has fallen due of which case: told once, done by somebody. What is due is computed (`api.agenda.clocks`).
clock_marks = Table(
    "clock_marks",
    metadata,
    Column("id", Id, primary_key=True),  # of the thing to be done
    Column("case_id", Id, ForeignKey("cases.id"), nullable=False),
    Column("clock", Text, nullable=False),
    Column("number", Integer, nullable=False),  # which one of its kind, from 1; of a visit, the months
    Column("due_on", Date, nullable=False),
    Column("told_at", UtcDateTime),
    Column("done_on", Date),
    Column("done_at", UtcDateTime),
    Column("done_by", Text),
    one_of("clock", CLOCKS),
    Index(None, "case_id"),
)
