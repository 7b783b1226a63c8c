"""How is what identifies a person kept? Sealed for its partner, and found again by a keyed hash."""

from __future__ import annotations

from typing import Protocol


class Sealer(Protocol):
    """Seals and opens bytes, each for one partner and one place; `api.store.partner_seal` is one."""

    def seal(self, partner_id: str, place: str, data: bytes, /) -> bytes:
        """Return the sealed bytes."""

    def unseal(self, partner_id: str, place: str, data: bytes, /) -> bytes:
        """Return what was sealed for this place.

        Raises:
            SealBroken: it was sealed for another one, by another key, or altered.
        """

    def fingerprint(self, what: str, text: str, /) -> str:
        """Return a keyed hash of a text: the same for equal texts of one kind."""
