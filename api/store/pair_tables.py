"""Which tables hold pairs of one side: two records of perhaps one person, two suspects who may be one?"""

from __future__ import annotations

from sqlalchemy import CheckConstraint, Column, Float, ForeignKey, Index, Integer, Table, Text, UniqueConstraint

from api.store.tables import GRADES, metadata
from api.store.types import Document, Id, UtcDateTime

PAIR_KINDS = ("person", "suspect")
PAIR_STATES = ("open", "dismissed", "ended")


def _one_of(column: str, words: tuple[str, ...]) -> CheckConstraint:
    quoted = ", ".join(f"'{word}'" for word in words)
    return CheckConstraint(f"{column} IN ({quoted})", name=column)


# No foreign keys: a pair is of two cases or of two suspects.
pairs = Table(
    "pairs",
    metadata,
    Column("id", Id, primary_key=True),
    Column("kind", Text, nullable=False),
    # The lower id first: whoever finds whom, it is one pair.
    Column("first_id", Id, nullable=False),
    Column("second_id", Id, nullable=False),
    Column("state", Text, nullable=False),
    Column("grade", Text, nullable=False),
    Column("weight", Float(53), nullable=False),
    # [{"comparison", "bits"}]: which fields agree. No value and no label, so that nothing of it need be sealed.
    Column("evidence", Document, nullable=False),
    Column("model_version", Text, nullable=False),
    # How often the owners were told, and what the evidence was when they last were, or when one of them dismissed it.
    Column("told", Integer, nullable=False),
    Column("settled_grade", Text, nullable=False),
    Column("settled_weight", Float(53), nullable=False),
    Column("dismissed_by", Id, ForeignKey("partners.id")),
    Column("dismissed_reason", Text),
    Column("dismissed_at", UtcDateTime),
    Column("ended_for", Text),
    Column("created_at", UtcDateTime, nullable=False),
    Column("updated_at", UtcDateTime, nullable=False),
    UniqueConstraint("first_id", "second_id"),
    _one_of("kind", PAIR_KINDS),
    _one_of("state", PAIR_STATES),
    _one_of("grade", GRADES),
    Index(None, "second_id"),
)
