"""Which pairs of cases may meet at all? Those whose owners have an agreement; others are not even weighed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

from api.ids import Clock
from api.store import Database, agreements, cases
from indexing.search import Permits


class Exchange:
    """Answers for one search; what it has looked up it keeps.

    Args:
        owners: owner of each record that asks, by id, also of one that is not stored.
    """

    def __init__(self, database: Database, owners: Mapping[str, str], clock: Clock) -> None:
        self._database, self._clock = database, clock
        self._owners = dict(owners)
        self._agreed: dict[str, set[str]] = {}

    def permits(self) -> Permits | None:
        """Return which pairs may meet; None where everybody has an agreement with everybody."""
        with self._database.read() as conn:
            return None if agreements.all_agreed(conn, self._clock()) else self._permit

    def _permit(self, first: Sequence[str], second: Sequence[str]) -> npt.NDArray[np.bool_]:
        with self._database.read() as conn:
            unknown = {*first, *second} - self._owners.keys()
            self._owners |= cases.owners_of(conn, sorted(unknown))
            for owner in {self._owners[one] for one in set(first) if one in self._owners} - self._agreed.keys():
                self._agreed[owner] = agreements.agreed_with(conn, owner, self._clock())
        return np.array(
            [
                one in self._owners and self._owners.get(other) in self._agreed[self._owners[one]]
                for one, other in zip(first, second, strict=True)
            ],
            dtype=np.bool_,
        )
