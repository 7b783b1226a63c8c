"""Who is told what a feed says beside its persons: that a record was withdrawn, and notes about somebody?"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from api.access import AccessScope


class FeedDesk(Protocol):
    """Takes what of a feed is no case. Both may be told the same again and then change nothing."""

    def withdraw(self, external_id: str, reason: str, scope: AccessScope) -> bool:
        """Withdraw the caller's own cases of this id, on either side.

        Args:
            reason: "withdrawn_at_source" or "expired_at_source".
        Returns:
            Whether there was one.
        """
        ...

    def keep_note(self, external_id: str, note: Mapping[str, str], scope: AccessScope) -> bool:
        """Keep a note about the caller's own case of this id, known again by its `note_record_id`.

        Args:
            note: fields of PFIF 1.4 (`api.imports.pfif.NOTE_FIELDS`).
        Returns:
            Whether there is such a case.
        """
        ...
