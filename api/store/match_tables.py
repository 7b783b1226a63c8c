"""Which tables hold what people decided about a match?

Nothing here is overwritten: what no longer stands has an end. The migrations in `migrations/versions` create these
tables; a test keeps the two equal.
"""

from __future__ import annotations

from sqlalchemy import Column, Float, ForeignKey, Index, Integer, LargeBinary, Table, Text

from api.store.tables import GRADES, SIDES, metadata, one_of
from api.store.types import Document, Id, Sequence, UtcDateTime

DISPOSITIONS = ("confirm", "reject", "needs_information", "unsure")
REJECTION_REASONS = ("different_person", "wrong_sex", "wrong_age", "already_found", "duplicate", "other")

# What a side said, by the step that it was said with; of each side the last one without an end stands.
match_dispositions = Table(
    "match_dispositions",
    metadata,
    Column("id", Sequence, primary_key=True, autoincrement=True),
    Column("match_id", Id, ForeignKey("matches.id"), nullable=False),
    Column("event_id", Sequence, ForeignKey("match_events.id"), nullable=False),
    Column("side", Text, nullable=False),
    Column("disposition", Text, nullable=False),
    Column("person", Text, nullable=False),
    Column("partner_id", Id, ForeignKey("partners.id"), nullable=False),
    Column("at", UtcDateTime, nullable=False),
    # Of a rejection: why, and how long the pair is silent.
    Column("reason", Text),
    Column("until", UtcDateTime),
    # How strong the evidence was.
    Column("grade", Text, nullable=False),
    Column("weight", Float(53), nullable=False),
    # Undone, or the pair was suggested anew.
    Column("ended_at", UtcDateTime),
    one_of("side", SIDES),
    one_of("disposition", DISPOSITIONS),
    one_of("reason", REJECTION_REASONS),
    one_of("grade", GRADES),
    Index(None, "match_id"),
)

# The evidence on which a match was confirmed first: it stays as it was then, whatever the engine finds later.
match_freezes = Table(
    "match_freezes",
    metadata,
    Column("id", Sequence, primary_key=True, autoincrement=True),
    Column("match_id", Id, ForeignKey("matches.id"), nullable=False),
    Column("event_id", Sequence, ForeignKey("match_events.id"), nullable=False),
    Column("missing_version", Integer, nullable=False),
    Column("rescued_version", Integer, nullable=False),
    Column("model_version", Text, nullable=False),
    Column("evidence_hash", Text, nullable=False),
    Column("grade", Text, nullable=False),
    Column("weight", Float(53), nullable=False),
    Column("probability", Float(53), nullable=False),
    Column("contributions", Document, nullable=False),
    # Grade -> probability from which on; none where the pair was weighed by another model than the one in use.
    Column("thresholds", Document),
    Column("at", UtcDateTime, nullable=False),
    one_of("grade", GRADES),
    Index(None, "match_id"),
)

# What somebody wrote with a step, and the number of an order: sealed by the key of the case on whose side it was.
match_notes = Table(
    "match_notes",
    metadata,
    Column("event_id", Sequence, ForeignKey("match_events.id"), primary_key=True, autoincrement=False),
    Column("case_id", Id, ForeignKey("cases.id"), nullable=False),
    Column("sealed", LargeBinary, nullable=False),
    Index(None, "case_id"),
)
