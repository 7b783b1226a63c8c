"""Which columns are sealed by a partner's key? Those that are sealed anew when the key is exchanged."""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy import Column

from api.store.tables import idempotency, partners

PARTNER_SEALED: Final[tuple[tuple[Column[Any], Column[Any]], ...]] = (
    (partners.c.id, partners.c.contacts),
    (idempotency.c.id, idempotency.c.answer),
)
"""(id column, sealed column); the place of a value is "table.column:id"."""
