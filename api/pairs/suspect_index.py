"""Which suspects are worth comparing? All open ones, in an index of their own that never leaves this memory.

It is built when it is first needed and follows the database from then on: ten thousand suspects take eleven seconds
(docs/guides/same-person.md). Nothing of it is saved, so nothing of it has to be sealed, and the index of cases holds
nobody of it.
"""

from __future__ import annotations

import threading
from typing import Final

from api.store import Database, suspects
from api.suspects.records import as_record
from indexing.match_index import MatchIndex
from matcher.person import PersonRecord

_PAGE: Final = 1000
_NO_FACES: Final = "none"  # suspects have no photos here


class SuspectIndex:
    """Holds the open suspects.

    Attributes:
        index: of all of them, on one side.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self.index = MatchIndex(_NO_FACES)
        self._held: dict[str, int] = {}
        self._lock = threading.Lock()

    def refresh(self) -> dict[str, str]:
        """Take up what has changed; return the owner of each suspect who is here, by id."""
        with self._lock:
            with self._database.read() as conn:
                there = suspects.open_versions(conn)
            gone = [one for one in self._held if one not in there]
            self.index.remove(gone)
            for one in gone:
                del self._held[one]
            changed = [one for one, (version, _) in there.items() if self._held.get(one) != version]
            for start in range(0, len(changed), _PAGE):
                with self._database.read() as conn:
                    found = suspects.open_among(conn, changed[start : start + _PAGE])
                self.index.upsert([as_record(one.id, one.values) for one in found])
                self._held |= {one.id: one.version for one in found}
            return {one: owner for one, (_, owner) in there.items()}

    def records(self, suspect_ids: list[str]) -> tuple[list[PersonRecord], dict[str, int]]:
        """Return open suspects as they are compared, and in which version."""
        with self._database.read() as conn:
            found = suspects.open_among(conn, suspect_ids)
        return [as_record(one.id, one.values) for one in found], {one.id: one.version for one in found}
