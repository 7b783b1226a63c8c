"""How rare is a word of a name where the reports come from?

Two people called Sunita Mondal in West Bengal are two people; two called Balaiamlang Kharbuli are probably one. The
counts come from the deployment's own reports, state by state: a name that is rare among all partners may be everybody's
name in one district. A state with few reports leans on its country, a country on all. Spellings that fold to one form
share their frequency.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from matcher.names.grammar import parse_name

_PRIOR_NAMES, _PRIOR_FREQUENCY = 300.0, 2.0**-9
"""A deployment that has just begun has counted few names: until it has more, a word is taken for middling rare."""
_LEANING = 150.0
"""How many names of the wider area count as much as the area's own."""
_MAX_BITS = 13.0
"""Even a unique name is not a fingerprint: one clerk's spelling may be another clerk's common name."""

EVERYWHERE = ""


@dataclass(slots=True)
class _Counts:
    words: Counter[str] = field(default_factory=Counter)
    names: int = 0


def region_of(area: str) -> str:
    """Return the part of an area path over which names are counted: country and state."""
    return "/".join(area.split("/")[:2])


def _wider(region: str) -> list[str]:
    """Return a region and everything that contains it, widest first: "", "IN", "IN/WB"."""
    parts = region.split("/") if region else []
    return [EVERYWHERE, *("/".join(parts[: n + 1]) for n in range(len(parts)))]


@dataclass(slots=True)
class NameFrequencies:
    """Counts of folded words over the names of a population, by region."""

    regions: dict[str, _Counts] = field(default_factory=dict)

    @property
    def names(self) -> int:
        """Return how many names have been counted."""
        return self.regions[EVERYWHERE].names if EVERYWHERE in self.regions else 0

    def add(self, text: str, area: str = EVERYWHERE) -> None:
        """Count one more name of somebody who comes from `area` (a gazetteer path)."""
        self._change(text, area, 1)

    def subtract(self, text: str, area: str = EVERYWHERE) -> None:
        """Take one counted name away again."""
        self._change(text, area, -1)

    def _change(self, text: str, area: str, by: int) -> None:
        words = {token.folded for token in parse_name(text) if not token.initial}
        for region in _wider(region_of(area)):
            counts = self.regions.setdefault(region, _Counts())
            counts.names = max(counts.names + by, 0)
            for word in words:
                counts.words[word] += by
                if counts.words[word] <= 0:
                    del counts.words[word]

    def bits(self, words: Sequence[str], areas: Sequence[str]) -> npt.NDArray[np.float32]:
        """Return -log2 of the frequency of each word in the area beside it, shape (n,), float32, in [0, 13].

        Args:
            words, areas: of equal length; an area is a gazetteer path, "" for everywhere.
        """
        chains = {area: [self.regions[r] for r in _wider(region_of(area)) if r in self.regions] for area in set(areas)}
        floor = _PRIOR_NAMES * _PRIOR_FREQUENCY / (self.names + _PRIOR_NAMES)
        out = np.empty(len(words), dtype=np.float64)
        for number, (word, area) in enumerate(zip(words, areas, strict=True)):
            frequency = floor
            for depth, counts in enumerate(chains[area]):
                own = counts.words.get(word, 0)
                if depth == 0:
                    frequency = (own + _PRIOR_NAMES * _PRIOR_FREQUENCY) / (counts.names + _PRIOR_NAMES)
                else:
                    frequency = (own + _LEANING * frequency) / (counts.names + _LEANING)
            out[number] = frequency
        return np.clip(-np.log2(np.minimum(out, 1.0)), 0.0, _MAX_BITS).astype(np.float32)
