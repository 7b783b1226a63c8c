"""How many cases may be compared at once in the memory that an operator allows a run?

The figures are those of `python -m benchmarks.speed.nightly`, rounded up by half, for cases compared one by one: many
at once share candidates and need less. The index is extra: its size depends on how many records there are, not on how a
run goes through them.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

from api.nightly.errors import MemoryTooSmall

MOST_AT_ONCE: Final = 50
"""More at once are no faster, and the lease would be renewed less often."""

_FIXED_MB: Final = 64.0  # words and pairs of words are read once and kept, up to a bound
_MB_EACH: Final = 3.5
_MB_PER_CANDIDATE: Final = 0.004
_MB_LISTED: Final = 400 / 2**20  # the id of a case that is taken up, in a list and two sets


@dataclass(frozen=True, slots=True)
class MemoryBudget:
    """What a run may hold beyond the program and its index.

    Attributes:
        megabytes: the bound; infinite for none.
        candidates: how many are proposed for each name of a case: the more, the more is held of each.
        most: cases at once beyond which more are no faster.
    """

    megabytes: float
    candidates: int
    most: int = MOST_AT_ONCE

    @classmethod
    def unlimited(cls, most: int = MOST_AT_ONCE) -> MemoryBudget:
        """Return a budget that bounds no memory."""
        return cls(math.inf, 0, most)

    def cases_at_once(self, listed: int) -> int:
        """Return how many cases may be compared at once, from 1 to `most`.

        Args:
            listed: cases that the run takes up.
        Raises:
            MemoryTooSmall: not even one.
        """
        each = _MB_EACH + _MB_PER_CANDIDATE * self.candidates
        fixed = _FIXED_MB + _MB_LISTED * listed
        if self.megabytes < fixed + each:
            raise MemoryTooSmall(math.ceil(fixed + each))
        if math.isinf(self.megabytes):
            return self.most
        return min(int((self.megabytes - fixed) / each), self.most)
