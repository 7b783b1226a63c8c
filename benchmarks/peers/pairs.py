"""What does a peer read and hand back? CSV tables in, scored pairs of ids out: the same files for every tool.

Nothing here needs this project to be installed, so that a peer may run in an environment of its own.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from benchmarks.stages import Seconds

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Row = Mapping[str, str]
SCORES = ("probability", "score")  # the column of `sandhan link`, that of the peers


class ScoredIds(NamedTuple):
    """n scored pairs of record ids; `score` has shape (n,), higher is likelier; `stages`, what finding them took."""

    left: Sequence[str]
    right: Sequence[str]
    score: Floats
    stages: Mapping[str, Seconds] = MappingProxyType({})


class Placed(NamedTuple):
    """n scored pairs by position in the two tables, shapes (n,)."""

    left: Ints
    right: Ints
    score: Floats


def read_table(path: Path) -> list[dict[str, str]]:
    """Return the rows of a CSV file, every value as text."""
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def write_table(path: Path, rows: Iterable[Row]) -> None:
    """Write rows, at least one, that all have the columns of the first."""
    every = iter(rows)
    first = next(every)
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(first))
        writer.writeheader()
        writer.writerow(first)
        writer.writerows(every)


def write_pairs(path: Path, pairs: ScoredIds) -> None:
    """Write scored pairs as left_id, right_id, score."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["left_id", "right_id", "score"])
        writer.writerows(zip(pairs.left, pairs.right, pairs.score.tolist(), strict=True))


def read_pairs(path: Path, left_ids: Iterable[str], right_ids: Iterable[str]) -> Placed:
    """Return the pairs of a file by position.

    Args:
        path: of a peer or of `sandhan link`.
        left_ids, right_ids: ids of the two tables in their order.
    Raises:
        KeyError: a pair names an id that is in neither table.
    """
    places = [{name: number for number, name in enumerate(ids)} for ids in (left_ids, right_ids)]
    rows = read_table(path)
    column = next((name for name in SCORES if rows and name in rows[0]), SCORES[0])
    return Placed(
        np.array([places[0][row["left_id"]] for row in rows], dtype=np.int64),
        np.array([places[1][row["right_id"]] for row in rows], dtype=np.int64),
        np.array([float(row[column]) for row in rows], dtype=np.float64),
    )


def best_of_each(right: Ints, score: Floats, limit: int) -> Ints:
    """Return the positions of the `limit` best pairs of each right record, best first within a record."""
    order = np.lexsort((-score, right))
    starts = np.flatnonzero(np.append(True, right[order][1:] != right[order][:-1])) if len(order) else order
    rank = np.arange(len(order)) - np.repeat(starts, np.diff(np.append(starts, len(order))))
    return order[rank < limit]
