"""Which columns are sealed by a partner's key? Those that are sealed anew when the key is exchanged."""

from __future__ import annotations

from typing import Any, Final, NamedTuple

from sqlalchemy import Column

from api.store.people_tables import people, person_tokens
from api.store.tables import cases, idempotency, partners


class SealedColumn(NamedTuple):
    """A column, the one that names its row, and what the place of a value begins with: "place:row"."""

    row: Column[Any]
    column: Column[Any]
    place: str


PARTNER_SEALED: Final[tuple[SealedColumn, ...]] = (
    SealedColumn(partners.c.id, partners.c.contacts, "partners.contacts"),
    SealedColumn(idempotency.c.id, idempotency.c.answer, "idempotency.answer"),
    SealedColumn(cases.c.id, cases.c.tombstone, "cases.tombstone"),
    SealedColumn(people.c.id, people.c.name_sealed, "people.name_sealed"),
    SealedColumn(people.c.id, people.c.email_sealed, "people.email_sealed"),
    SealedColumn(people.c.id, people.c.totp_sealed, "people.totp_sealed"),
    # The secret of somebody who is enrolling becomes that of the person as it is.
    SealedColumn(person_tokens.c.person_id, person_tokens.c.totp_sealed, "people.totp_sealed"),
)
