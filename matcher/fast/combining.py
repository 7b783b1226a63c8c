"""What does all evidence say together? Bits of the comparisons added up as `matcher.scoring.score_pairs` does.

Of each group what is strongest counts in full and the rest in part (`matcher.dependence`), alike faces of what may be
brothers or sisters say half, and of what a whole household has in common some is taken back (`matcher.household`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from matcher.compare.faces import SIBLING_FACTOR, may_be_siblings
from matcher.fast.compiled import Number, Rows, compiled
from matcher.household import HOUSEHOLD, NAME, sibling_bits
from matcher.model import MatchModel
from matcher.scoring import FACE_NAME, _mixed_names

Floats = npt.NDArray[np.float32]

_BLOCK = 2048  # pairs whose sums stay in the processor's cache
_NO_ODDS = -10.0
"""Log2 of the odds of a brother or sister below which nothing is taken back."""


@dataclass(frozen=True, slots=True)
class _Groups:
    """Which comparisons are counted together.

    Attributes:
        order: their rows, group by group, those without a group last and each by itself.
        ends: where each group ends in `order`.
        shares: what counts of all but the strongest of each group.
    """

    order: npt.NDArray[np.int64]
    ends: npt.NDArray[np.int64]
    shares: Floats

    @classmethod
    def of(cls, names: Sequence[str], rows: Sequence[int], model: MatchModel) -> _Groups:
        """Return the groups of the comparisons in `rows` among all `names`."""
        found = [
            ([row for row in rows if names[row] in group.comparisons], group.share) for group in model.groups.values()
        ]
        found = [(members, share) for members, share in found if len(members) > 1 and share != 1.0]
        grouped = {row for members, _ in found for row in members}
        found += [([row], 1.0) for row in rows if row not in grouped]
        return cls(
            np.array([row for members, _ in found for row in members], dtype=np.int64),
            np.cumsum([len(members) for members, _ in found], dtype=np.int64),
            np.array([share for _, share in found], dtype=np.float32),
        )

    def total(self, bits: Floats) -> Floats:
        """Return what counts of the bits of n pairs, shape (k, n), together, shape (n,)."""
        totals = np.zeros(bits.shape[1], dtype=np.float32)
        _add_up(bits, self.order, self.ends, self.shares, np.empty((3, _BLOCK), dtype=np.float32), totals)
        return totals


class Combiner:
    """Adds up the bits of some comparisons."""

    def __init__(self, names: Sequence[str], model: MatchModel, reports: int) -> None:
        """Read from the model which comparisons belong together.

        Args:
            names: of the k comparisons, by row of the bits.
            model: the weights.
            reports: how many reports a rescued person could be.
        """
        self._names, self._prior, self._model = tuple(names), model.prior_bits(reports), model
        rows = range(len(names))
        self._all = _Groups.of(names, rows, model)
        self._apart = _Groups.of(names, [row for row in rows if names[row] not in HOUSEHOLD], model)

    def weights(self, levels: npt.NDArray[np.int8], bits: Floats) -> Floats:
        """Return the weight of n pairs, shape (n,).

        Args:
            levels: shape (k, n), -1 null.
            bits: shape (k, n), 0 where it is null; those of faces and names are changed.
        """
        if FACE_NAME in self._names:
            face = bits[self._names.index(FACE_NAME)]
            rows = np.flatnonzero(face > 0)
            said = {name: levels[number, rows] for number, name in enumerate(self._names)}
            face[rows[may_be_siblings(said, len(rows))]] *= np.float32(SIBLING_FACTOR)
        weights = self._all.total(bits) + np.float32(self._prior)
        if self._model.sibling_share > 0:
            self._take_back(levels, bits, weights)
        return weights

    def _take_back(self, levels: npt.NDArray[np.int8], bits: Floats, weights: Floats) -> None:
        """Take back of household evidence what a brother or sister would have in common as well, in place."""
        share = self._model.sibling_share
        if NAME in self._names:
            name = self._names.index(NAME)
            mixed, most = _mixed_names(self._names, levels.T, self._model)
            bits[name, mixed] = np.minimum(bits[name, mixed], np.float32(most))
        apart = self._apart.total(bits)
        rows = np.flatnonzero(weights - apart > _NO_ODDS - np.log2(share))
        # What tells brothers and sisters apart is counted already.
        told, whole, none = (
            apart[rows, None].astype(np.float64),
            weights[rows].astype(np.float64),
            np.zeros(len(rows), bool),
        )
        weights[rows] += sibling_bits(told, whole, ("apart",), {}, share, (none, 0.0)).astype(np.float32)


@compiled
def _add_up(bits: Rows, order: Rows, ends: Rows, shares: Rows, scratch: Rows, totals: Rows) -> None:
    for start in range(0, bits.shape[1], scratch.shape[1]):
        out = totals[start : min(start + scratch.shape[1], bits.shape[1])]
        end = start + len(out)
        begin = 0
        for group in range(len(ends)):
            if ends[group] - begin == 1:
                _add(bits[order[begin], start:end], out)
            else:
                scratch[:] = 0
                for place in range(begin, ends[group]):
                    _count_in(bits[order[place], start:end], scratch[0], scratch[1], scratch[2])
                _add_shared(scratch[0], scratch[1], scratch[2], shares[group], out)
            begin = ends[group]


@compiled
def _add(row: Rows, out: Rows) -> None:
    for pair in range(len(out)):
        out[pair] += row[pair]


@compiled
def _count_in(row: Rows, total: Rows, highest: Rows, lowest: Rows) -> None:
    for pair in range(len(row)):
        value = row[pair]
        total[pair] += value
        # Nothing is added so that no value is written back to where it stood: the compiler would write with a mask,
        # which many processors do slowly.
        highest[pair] = (value if value > highest[pair] else highest[pair]) + np.float32(0)
        lowest[pair] = (value if value < lowest[pair] else lowest[pair]) + np.float32(0)


@compiled
def _add_shared(total: Rows, highest: Rows, lowest: Rows, share: Number, out: Rows) -> None:
    rest = np.float32(1) - share
    for pair in range(len(out)):
        out[pair] += share * total[pair] + rest * (highest[pair] + lowest[pair])
