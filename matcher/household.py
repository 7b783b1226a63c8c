"""Would a brother or sister fit as well? What a whole family has in common cannot tell which of its children it is.

Parents, village, languages, the family's telephone: all of it agrees for every child of one house. However much of
it agrees, it is this child only as far as it is not her brother or sister; what tells them apart is name, sex, age,
marks, photos. A pair is weighed against two strangers by its weight, against two children of one house by what tells
these apart, p bits; with `share`, the chance that a rescued person without a report has a brother or sister with one,

    1 / odds = 1 / 2^weight + share / 2^p        so that    siblings = -log2(1 + share * 2^(weight - p))    bits

and household evidence alone lifts a pair no further than -log2(share).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

from matcher.dependence import DependenceGroup, count_once

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

NAME = "name"

SIBLINGS = "siblings"
SIBLING_FITS = "a brother or sister would fit as well"
HOUSEHOLD = frozenset(
    {"father", "mother", "relative", "origin", "remembered", "languages", "community", "address", "postcode", "phones"}
)
_NEXT_TO_NOTHING = 0.05
"""Bits that are let pass, so that an explanation need not speak of siblings where they hardly matter."""
_HIGHEST = 200.0
_MIXED_OF_SIBLINGS = 0.8
"""Share of brothers and sisters with a surname in common whose given names differ; others write no surname."""


def sibling_bits(
    raw: Floats,
    weight: Floats,
    names: Sequence[str],
    groups: Mapping[str, DependenceGroup],
    share: float,
    mixed: tuple[Bools, float],
) -> Floats:
    """Return what is taken back of household evidence, shape (n,), at most 0.

    Args:
        raw: shape (n, k), bits of each comparison by itself.
        weight: shape (n,), prior and all evidence, counted once.
        names: the k comparisons.
        groups: within which evidence comes together.
        share: in [0, 1].
        mixed: where one part of the own names agrees and one contradicts, shape (n,), as for nearly all children of one
            house; and what that says against two of them, bits (`bits_of_mixed_names`).
    """
    own = [number for number, name in enumerate(names) if name not in HOUSEHOLD]
    apart = raw[:, own]
    own_names = [names[number] for number in own]
    if NAME in own_names:
        column = own_names.index(NAME)
        apart[:, column] = np.where(mixed[0], np.minimum(apart[:, column], mixed[1]), apart[:, column])
    tells = count_once(apart, own_names, groups).sum(axis=1)
    bits = -np.log2(1.0 + share * np.exp2(np.clip(weight - tells, -_HIGHEST, _HIGHEST)))
    out: Floats = np.minimum(bits + _NEXT_TO_NOTHING, 0.0)
    return out


def bits_of_mixed_names(m: float) -> float:
    """Return what a surname in common and another given name say against brother and sister, given m of that level."""
    return float(np.log2(m / _MIXED_OF_SIBLINGS))
