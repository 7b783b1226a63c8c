"""How much do several agreements say that tend to come together? The strongest counts in full, the others in part.

A child from Cox's Bazar speaks Bengali, belongs to a people of that coast and remembers a market there: four answers,
and not four independent ones. Comparisons that depend on each other form a group. Of each group the strongest evidence
for one person counts in full and so does the strongest against; of what else the group says a share counts, fitted so
that the probabilities are right.

    bits of a group = share * sum(bits) + (1 - share) * (largest positive + most negative)
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class DependenceGroup:
    """Comparisons whose evidence comes together.

    Attributes:
        comparisons: their names; one that is in no group counts in full.
        share: in [0, 1], what counts of everything but the strongest; 1: the comparisons are independent.
    """

    comparisons: tuple[str, ...]
    share: float


def count_once(bits: Floats, names: Sequence[str], groups: Mapping[str, DependenceGroup]) -> Floats:
    """Return what counts of the evidence, in place of it.

    Args:
        bits: shape (n, k), of each pair and comparison; 0 where nothing is known.
        names: the k comparisons.
        groups: by name; comparisons that are not among the k are passed over.
    Returns:
        Shape (n, k), `bits` itself, changed.
    """
    for group in groups.values():
        columns = [number for number, name in enumerate(names) if name in group.comparisons]
        if len(columns) < 2 or group.share == 1.0:
            continue
        part = bits[:, columns]
        rows = np.arange(len(part))
        strongest, most_against = part.argmax(axis=1), part.argmin(axis=1)
        factor = np.full(part.shape, group.share)
        factor[rows[part[rows, strongest] > 0], strongest[part[rows, strongest] > 0]] = 1.0
        factor[rows[part[rows, most_against] < 0], most_against[part[rows, most_against] < 0]] = 1.0
        bits[:, columns] = part * factor
    return bits
