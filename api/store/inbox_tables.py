"""In which order did alerts reach a partner's inbox?

The id of an alert tells when it was made, not when others could see it: two transactions may make theirs in one
order and commit in the other, and whoever follows the ids would skip one. These numbers become visible in order.
"""

from __future__ import annotations

from sqlalchemy import Column, ForeignKey, Index, Table, UniqueConstraint

from api.store.tables import metadata
from api.store.types import Id, Sequence

inbox = Table(
    "inbox",
    metadata,
    Column("seq", Sequence, primary_key=True, autoincrement=True),
    Column("recipient_id", Id, ForeignKey("partners.id"), nullable=False),
    Column("alert_id", Id, ForeignKey("alerts.id"), nullable=False),
    UniqueConstraint("alert_id"),
    Index(None, "recipient_id", "seq"),
)
