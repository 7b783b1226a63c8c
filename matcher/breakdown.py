"""For whom is it good, and for whom less? One row of figures for each kind of pair, and no row about a handful.

    true pairs and wrong pairs taken -> a key for each (matcher.pair_kinds) -> a row a key -> small rows merged

Statistics do not show cells of fewer than five people: a row that holds one child tells about that child.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from matcher.evaluation import Decision, decide

Bools = npt.NDArray[np.bool_]
Ints = npt.NDArray[np.int64]

LEAST_PEOPLE = 5
OTHER = "other"
NEVER = int(np.iinfo(np.int64).max)
"""Rank of a true pair that the search for candidates lost."""
NOT_COMPARED = -1.0
"""Its probability: no threshold takes it."""


@dataclass(frozen=True, slots=True)
class PairOutcomes:
    """n pairs and what became of them: every true pair, compared or not, and every wrong pair that was taken.

    Attributes:
        is_true: shape (n,).
        person: shape (n,), number of the person whom a true pair is about; anything where `is_true` is false.
        probability: shape (n,), `NOT_COMPARED` where the search for candidates lost the pair.
        rank: shape (n,), 0 first among the candidates of its right record, `NEVER` where it is none of them.
    """

    is_true: Bools
    person: Ints
    probability: npt.NDArray[np.float64]
    rank: Ints

    def part(self, rows: Bools) -> PairOutcomes:
        """Return some of the pairs; `rows` has shape (n,)."""
        return PairOutcomes(self.is_true[rows], self.person[rows], self.probability[rows], self.rank[rows])

    @property
    def people(self) -> frozenset[int]:
        """Return the numbers of the people whom the true pairs are about."""
        return frozenset(self.person[self.is_true].tolist())


@dataclass(frozen=True, slots=True)
class Row:
    """The figures of one key's pairs; what the search for candidates lost counts as missed in all of them.

    Attributes:
        key: what the pairs have in common.
        people, pairs: how many people the true pairs are about, and how many true pairs there are.
        candidate_recall: share of the true pairs that were compared at all.
        recall_at_1, recall_at_10: share of the true pairs among the first candidates of their right record.
        decisions: precision, recall and F1, one for each threshold asked for.
    """

    key: str
    people: int
    pairs: int
    candidate_recall: float
    recall_at_1: float
    recall_at_10: float
    decisions: tuple[Decision, ...]


def table(
    outcomes: PairOutcomes,
    keys: Sequence[str],
    thresholds: Sequence[float],
    *,
    other: str = OTHER,
    most: int | None = None,
) -> list[Row]:
    """Return one row a key, that of most people first and that of merged keys last.

    Args:
        outcomes: n pairs.
        keys: n keys.
        thresholds: probabilities at which the pairs are judged.
        other: key of the row in which keys of fewer than `LEAST_PEOPLE` people are merged.
        most: how many keys have a row of their own; the rarer ones are merged as well.
    Returns:
        Rows of at least `LEAST_PEOPLE` people: none when there are fewer in all. A key that only wrong pairs have is
        among the merged, or nowhere.
    """
    labels = np.array(merged_keys(outcomes, keys, other, most), dtype=object)
    rows = []
    for label in dict.fromkeys(labels.tolist()):
        part = outcomes.part(np.asarray(labels == label, dtype=np.bool_))
        if len(part.people) >= LEAST_PEOPLE:
            rows.append(_row(label, part, thresholds))
    return sorted(rows, key=lambda row: (row.key == other, -row.people, row.key))


def merged_keys(outcomes: PairOutcomes, keys: Sequence[str], other: str = OTHER, most: int | None = None) -> list[str]:
    """Return each pair's key, or `other` where `table` merges it."""
    people: dict[str, set[int]] = {key: set() for key in keys}
    for place in np.flatnonzero(outcomes.is_true).tolist():
        people[keys[place]].add(int(outcomes.person[place]))
    large = [key for key, found in people.items() if len(found) >= LEAST_PEOPLE]
    kept = sorted(large, key=lambda key: (-len(people[key]), key))[:most]
    merged = set().union(*(found for key, found in people.items() if key not in kept))
    # A small row that is left out is the total less the others: it takes the next smallest row along.
    while 0 < len(merged) < LEAST_PEOPLE and kept:
        merged |= people[kept.pop()]
    shown = set(kept)
    return [key if key in shown else other for key in keys]


def merged_name(outcomes: PairOutcomes, keys: Sequence[str], order: Sequence[str]) -> str:
    """Return a name for what `table` merges of a few keys, as "0-5 or 6-11", for "other" says nothing of them.

    Args:
        order: every key there can be, as they are named.
    """
    merged = {key for key, label in zip(keys, merged_keys(outcomes, keys), strict=True) if label == OTHER}
    return " or ".join(key for key in order if key in merged) or OTHER


def nested_table(
    outcomes: PairOutcomes,
    groups: Sequence[str],
    keys: Sequence[str],
    thresholds: Sequence[float],
    order: Sequence[str],
) -> tuple[list[Row], list[Row]]:
    """Return the rows of groups, and the rows of their keys, merged inside each group only.

    Rows merged across groups could be told apart again by subtracting from the groups' totals.

    Args:
        groups, keys: one each for the n pairs.
        order: every group there can be.
    """
    rest = merged_name(outcomes, groups, order)
    labels = np.array(merged_keys(outcomes, groups, rest), dtype=object)
    inner, others = [], set()
    for group in dict.fromkeys(labels.tolist()):
        inside = np.asarray(labels == group, dtype=np.bool_)
        own = [key for key, chosen in zip(keys, inside.tolist(), strict=True) if chosen]
        others.add(f"{OTHER} {group}")
        inner += table(outcomes.part(inside), own, thresholds, other=f"{OTHER} {group}")
    outer = table(outcomes, groups, thresholds, other=rest)
    return outer, sorted(inner, key=lambda row: (row.key in others, -row.people, row.key))


def yes_no_rows(outcomes: PairOutcomes, said: Bools, keys: tuple[str, str], thresholds: Sequence[float]) -> list[Row]:
    """Return the rows of the pairs for which something holds and of those for which it does not.

    Args:
        said: shape (n,).
        keys: of the two rows.
    Returns:
        Nothing where one of the two is about fewer than `LEAST_PEOPLE` people, but not about nobody.
    """
    rows = table(outcomes, [keys[0] if yes else keys[1] for yes in said.tolist()], thresholds)
    return [] if any(row.key == OTHER for row in rows) else sorted(rows, key=lambda row: keys.index(row.key))


def number_people(pairs: Ints) -> Ints:
    """Return the person each true pair is about, shape (n,): pairs that share a record are about one.

    Args:
        pairs: shape (n, 2), rows of the left and of the right input.
    """
    person = np.arange(len(pairs), dtype=np.int64)
    sides = [np.unique(pairs[:, side], return_inverse=True)[1] for side in (0, 1)]
    while True:
        before = person.copy()
        for inverse in sides:  # the smallest number goes to every pair of the record, until nothing changes
            least = np.full(len(pairs), NEVER, dtype=np.int64)
            np.minimum.at(least, inverse, person)
            person = least[inverse]
        if np.array_equal(before, person):
            return person


def _row(key: str, part: PairOutcomes, thresholds: Sequence[float]) -> Row:
    ranks = part.rank[part.is_true]
    return Row(
        key,
        len(part.people),
        len(ranks),
        float((ranks < NEVER).mean()),
        float((ranks < 1).mean()),
        float((ranks < 10).mean()),
        tuple(decide(part.probability, part.is_true, threshold) for threshold in thresholds),
    )
