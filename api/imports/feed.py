"""Who is told that a feed's source has withdrawn a record?"""

from __future__ import annotations

from typing import Protocol

from api.access import AccessScope
from api.cases.lifecycle import SourceReason


class FeedDesk(Protocol):
    """Takes what of a feed is no case; told the same again, it changes nothing."""

    def withdraw_at_source(self, external_id: str, reason: SourceReason, scope: AccessScope) -> bool:
        """Withdraw the caller's own cases of this id, on either side.

        Returns:
            Whether there was one.
        Raises:
            NotPermitted: the caller may not erase cases.
        """
        ...
