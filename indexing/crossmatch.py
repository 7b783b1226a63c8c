"""Who among a million reports may each of these people be? Whole nights of questions at once, on the records in memory.

    records that ask -> candidates of all segments, each pair once -> weights in batch -> the best of each

The service asks for one person and explains; this asks for ten thousand and keeps what is worth explaining.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from indexing.candidates import CANDIDATES, propose
from indexing.meeting import beside_each_other
from indexing.segment import Segment
from indexing.shelf import Asked
from matcher.comparison import Context
from matcher.model import MatchModel
from matcher.person import Side

LIMIT: Final = 20

Ints = npt.NDArray[np.int64]
Bits = npt.NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Ranked:
    """The best pairs of each record that asks, best first, ties by where the stored record is.

    Attributes:
        asking: shape (n,), position among those that ask.
        segment, record: shape (n,), where the stored record is: a segment, and a row of its columns.
        weight: shape (n,), float32, bits.
        routes: shape (n,), uint8, bit m for `candidates.ROUTES[m]`.
        compared: how many pairs were weighed.
    """

    asking: Ints
    segment: Ints
    record: Ints
    weight: npt.NDArray[np.float32]
    routes: Bits
    compared: int


def cross_match(
    segments: Sequence[Segment], asked: Asked, side: Side, context: Context, model: MatchModel, reports: int, *,
    k: int = CANDIDATES, limit: int = LIMIT, threads: int = 2,
) -> Ranked:  # fmt: skip
    """Return the best stored records for each that asks, all of its columns' records in order.

    Args:
        segments: the stored records.
        asked: those that ask.
        side: whom they may be.
        context: name frequencies where the reports come from.
        model: the weights.
        reports: how many reports a rescued person could be; sets the prior.
        k: rows taken for each name that asks.
        limit: most pairs kept for each that asks.
        threads: how many work at once.
    """
    found = propose(segments, asked, side, k, threads=threads)
    met = beside_each_other(asked.columns, found, [segment.columns for segment in segments])
    met = met.weighed(context, model, reports, threads=threads)
    order = np.lexsort((found.row, found.segment, -met.weight, found.asking))
    place = np.arange(len(order)) - np.searchsorted(found.asking[order], found.asking[order])
    kept = order[place < limit]
    return Ranked(
        found.asking[kept], found.segment[kept], found.row[kept], met.weight[kept].astype(np.float32),
        found.routes[kept], len(order),
    )  # fmt: skip
