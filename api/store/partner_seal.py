"""How is what identifies a person at a partner kept? Sealed by the partner's key, and found again by a keyed hash."""

from __future__ import annotations

from api.store import keys
from api.store.engine import Database


class PartnerSeal:
    """Seals and opens bytes, each for one partner and one place."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def seal(self, partner_id: str, place: str, data: bytes, /) -> bytes:
        """Return the sealed bytes.

        Args:
            place: where they will stand, "table.column:row".
        """
        with self._database.read() as conn:
            return keys.seal_for_partner(conn, partner_id, place, data)

    def unseal(self, _partner_id: str, place: str, data: bytes, /) -> bytes:
        """Return what was sealed for this place.

        Raises:
            SealBroken: it was sealed for another one, by another key, or altered.
        """
        with self._database.read() as conn:
            return keys.unseal_for_partner(conn, place, data)

    def fingerprint(self, what: str, text: str, /) -> str:
        """Return a keyed hash of a text: the same for equal texts of one kind."""
        with self._database.read() as conn:
            return keys.fingerprint(conn, what, text)
