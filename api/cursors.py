"""Where does the next page begin? Cursors that only this service makes, for one caller, one list and its filters.

A cursor is the last id of a page under a signature. It holds no secret; it is signed so that nobody comes to depend on
what stands in it, and so that a cursor of another list is refused instead of skipping what the caller never saw.
"""

from __future__ import annotations

import base64
import hmac
import json
from binascii import Error as NotBase64
from collections.abc import Mapping
from dataclasses import dataclass, field

from matcher.errors import InvalidRecord

MAX_CHARACTERS = 400
_SIGNATURE_BYTES = 16
Filters = Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Cursors:
    """Makes and reads cursors.

    Args:
        key: the service's own, so that every process reads every other's cursors.
    """

    key: bytes = field(repr=False)

    def seal(self, name: str, partner_id: str, filters: Filters, last_id: str) -> str:
        """Return the cursor of the page that follows an id.

        Args:
            name: of the list.
            filters: those in force; a cursor goes on with the same ones only.
        """
        raw = self._sign(name, partner_id, filters, last_id) + last_id.encode()
        return base64.urlsafe_b64encode(raw).decode().rstrip("=")

    def open(self, name: str, partner_id: str, filters: Filters, cursor: str | None) -> str | None:
        """Return the id that a cursor was made of; None for none.

        Raises:
            InvalidRecord: it was made by somebody else, for somebody else, or for another list; names `after` only.
        """
        if cursor is None:
            return None
        try:
            raw = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
            last_id = raw[_SIGNATURE_BYTES:].decode()
        except (NotBase64, ValueError):
            raise _refused() from None
        if not hmac.compare_digest(raw[:_SIGNATURE_BYTES], self._sign(name, partner_id, filters, last_id)):
            raise _refused()
        # Bits that encode nothing may differ: one page has one cursor.
        if self.seal(name, partner_id, filters, last_id) != cursor:
            raise _refused()
        return last_id

    def _sign(self, name: str, partner_id: str, filters: Filters, last_id: str) -> bytes:
        given = {key: value for key, value in filters.items() if value is not None}
        signed = json.dumps([name, partner_id, given, last_id], sort_keys=True, ensure_ascii=False, default=str)
        return hmac.digest(self.key, b"cursor\0" + signed.encode(), "sha256")[:_SIGNATURE_BYTES]


def _refused() -> InvalidRecord:
    return InvalidRecord("after", "is not the `next` of this list with these filters; begin again without it")
