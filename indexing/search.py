"""Who might this person be? Candidates from the index, weighed with all evidence, the best of them explained."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

from indexing.candidates import CANDIDATES, Filter, routes_of
from indexing.errors import BadSearch
from indexing.match_index import MatchIndex
from indexing.meeting import Here, Meeting, Met, Wanted
from matcher.compare import COMPARISONS
from matcher.compare.faces import face_notes
from matcher.comparison import Comparison
from matcher.model import MatchModel
from matcher.person import PersonRecord, Side
from matcher.rivals import alike_rivals, rival_bits
from matcher.scoring import ScoredPair, score_pairs, scored_pair, to_probability

FEWEST_REPORTS = 1000
"""A deployment that has just begun holds few of the reports that exist: its own count would make the prior too sure."""

_MARGIN = 8.0
"""Pairs so many times less probable than the possible grade asks for stay far from it with rivals and without."""
_CLOSE = 0.01
"""Bits within which weights in batch may stand in another order than the exact ones."""

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]
Permits = Callable[[Sequence[str], Sequence[str]], Bools]
"""Tells, of pairs of ids (who asks, who is found), which may be weighed at all; shape (n,)."""


class RecordSource(Protocol):
    """Gives records by id; those that no longer exist are left out."""

    def records(self, record_ids: Sequence[str]) -> list[PersonRecord]:
        """Return the records that exist among the ids given, in any order."""
        ...


@dataclass(frozen=True, slots=True)
class FoundMatch:
    """A scored pair and the routes that found it; `pair.left_id` is the missing report."""

    pair: ScoredPair
    routes: tuple[str, ...]


def other_side(side: Side) -> Side:
    """Return the side that a record is matched against."""
    return Side.MISSING if side is Side.RESCUED else Side.RESCUED


def find_matches(
    query: PersonRecord,
    index: MatchIndex,
    source: RecordSource,
    model: MatchModel,
    *,
    limit: int = 20,
    candidates: int = CANDIDATES,
    only: Filter | None = None,
    permits: Permits | None = None,
    compete: bool = True,
) -> list[FoundMatch]:
    """Return the best matches of one record on the other side, best first.

    Args:
        query: a record; it need not be in the index.
        index: who is searched.
        source: gives the records of rescued persons who are asked for their other reports.
        model: the evidence model.
        limit: how many are returned, at least 1.
        candidates: rows taken for each name and photo, at least 1.
        only: who may be found; None for all.
        permits: who may be found by whom; None for all.
        compete: see `find_matches_batch`.
    Raises:
        BadSearch: `limit` or `candidates` is below 1.
    """
    return find_matches_batch(
        [query], index, source, model, limit=limit, candidates=candidates, only=only, permits=permits, compete=compete
    )[0]


def find_matches_batch(
    queries: Sequence[PersonRecord],
    index: MatchIndex,
    source: RecordSource,
    model: MatchModel,
    *,
    limit: int = 20,
    candidates: int = CANDIDATES,
    only: Filter | None = None,
    permits: Permits | None = None,
    also: Sequence[Sequence[str]] | None = None,
    comparisons: Sequence[Comparison] = COMPARISONS,
    compete: bool = True,
    proposed: list[Counter[str]] | None = None,
    meeting: Meeting = Here(),
) -> list[list[FoundMatch]]:
    """Return the best matches of each record; all queries must be of one side. See `find_matches`.

    Args:
        also: for each query, ids that are scored and returned in any case, beyond `limit` if need be: matches known
            from before, whose evidence may have fallen.
        compete: weigh reports of one rescued person against each other; False where the asker may not learn that there
            are others.
        proposed: to which is added, for each query, how many candidates each route proposed.
        meeting: brings queries and candidates together, here or on other machines.
    Raises:
        BadSearch: `limit` or `candidates` is below 1.
        ValueError: the queries are of both sides, or `also` is not one entry for each.
    """
    if limit < 1 or candidates < 1:
        raise BadSearch("limit and candidates must be at least 1")
    known = also if also is not None else [()] * len(queries)
    if len(known) != len(queries):
        raise ValueError("also needs one entry for each query")
    if not queries:
        return []
    side = other_side(queries[0].side)
    if any(other_side(query.side) is not side for query in queries):
        raise ValueError("queries of both sides in one batch")
    pool = _Pool(index, source, model, comparisons, candidates, meeting, permits)
    met = pool.meet(queries, side, known, only)
    if proposed is not None:
        proposed += _proposed(met)
    rivals = np.zeros(len(met))
    if compete and side is Side.MISSING:
        rivals = pool.rivals(met)
    elif compete:
        rivals, there = pool.rivals_elsewhere(queries, met)
        met, rivals = met.some(there), rivals[there]
    return pool.best(met, rivals, limit, compete=compete)


@dataclass(frozen=True, slots=True)
class _Pool:
    """What one search looks through, and by what it weighs what it finds."""

    index: MatchIndex
    source: RecordSource
    model: MatchModel
    comparisons: Sequence[Comparison]
    candidates: int
    meeting: Meeting
    permits: Permits | None = None

    @property
    def reports(self) -> int:
        """Return how many reports a rescued person could be."""
        return max(self.index.count(Side.MISSING), FEWEST_REPORTS)

    def meet(
        self,
        queries: Sequence[PersonRecord],
        side: Side,
        also: Sequence[Sequence[str]],
        only: Filter | None = None,
        held: Met | None = None,
    ) -> Met:
        """Return the candidates of each query on a side, and `also`, beside it and weighed.

        Args:
            held: its queries are taken as they are there, whether the index knows them or not; `also` are of these.
        """
        wanted = Wanted(
            queries, side, self.candidates, also, self.model, self.reports, self.comparisons, only, held
        )  # fmt: skip
        met = self.meeting.meet(self.index, wanted)
        if self.permits is None or not len(met):
            return met
        ids = met.columns.ids
        permitted = self.permits([ids[row] for row in met.first.tolist()], [ids[row] for row in met.second.tolist()])
        return met.some(permitted | met.known)

    def rivals(self, met: Met) -> Floats:
        """Return the bits of the rivals of each pair; queries are rescued persons, whose reports compete."""
        # Of the reports that must be assumed to exist, those that are not here may be hers as well.
        here = min(self.index.count(Side.MISSING) / self.reports, 1.0)
        alike = alike_rivals(
            met.columns, met.weight, met.first, met.second, self.index.context, self.model, self.reports
        )
        return rival_bits(met.weight, met.first, 1.0 - self.model.report_share * here, alike)

    def rivals_elsewhere(self, queries: Sequence[PersonRecord], met: Met) -> tuple[Floats, Bools]:
        """Return (the bits of the rivals of pairs whose query is a report, which pairs are still there).

        The rivals are other reports, found from the rescued persons, so a pair weighs the same whoever asks. Of pairs
        that are far from any grade it is not asked who else fits.
        """
        bits, there = np.zeros(len(met)), np.ones(len(met), dtype=np.bool_)
        # What is stored is weighed alike from both sides, however weak it has become.
        asked = np.flatnonzero(met.known | (to_probability(met.weight) >= self.model.thresholds.possible / _MARGIN))
        rescued: dict[str, list[int]] = {}
        for pair in asked.tolist():
            rescued.setdefault(met.columns.ids[int(met.second[pair])], []).append(pair)
        persons = self.source.records(sorted(rescued)) if rescued else []
        persons = [person for person in persons if person.side is Side.RESCUED]
        asking = [[queries[int(met.first[pair])].record_id for pair in rescued[one.record_id]] for one in persons]
        if persons:
            back = self.meet(persons, Side.MISSING, asking, held=met)
            found = self.rivals(back)
            place = {
                (persons[person].record_id, back.columns.ids[report]): number
                for number, (person, report) in enumerate(zip(back.first.tolist(), back.second.tolist(), strict=True))
            }
            for person in persons:
                for pair in rescued.pop(person.record_id):
                    bits[pair] = found[place[person.record_id, queries[int(met.first[pair])].record_id]]
        # Whom the source does not know any more is nobody's match.
        there[[pair for pairs in rescued.values() for pair in pairs]] = False
        return bits, there

    def best(self, met: Met, rivals: Floats, limit: int, *, compete: bool) -> list[list[FoundMatch]]:
        """Return the best pairs of each query, and the known ones, explained."""
        chosen = np.flatnonzero(_among_the_best(met, met.weight + rivals, limit) | met.known)
        first, second = met.first[chosen], met.second[chosen]
        scored = score_pairs(met.columns, first, second, self.index.context, self.model, self.reports, self.comparisons)
        if compete:
            scored = scored.among(rivals[chosen])
        notes = face_notes(met.columns, first, second, self.index.context)
        ids = met.columns.ids
        results: list[list[FoundMatch]] = []
        for number in range(met.queries):
            mine = np.flatnonzero(first == number).tolist()
            # Equal weights are ordered by id, so that the same question always gets the same answer.
            mine.sort(key=lambda row: (-scored.weight[row], ids[int(second[row])]))
            kept = mine[:limit] + [row for row in mine[limit:] if met.known[chosen[row]]]
            matches = []
            for row in kept:
                query, other = ids[number], ids[int(second[row])]
                left, right = (query, other) if met.columns.rescued[second[row]] else (other, query)
                pair = scored_pair(scored, row, left, right, self.model, notes[row])
                matches.append(FoundMatch(pair, routes_of(int(met.routes[chosen[row]]))))
            results.append(matches)
        return results


def _among_the_best(met: Met, weight: Floats, limit: int) -> Bools:
    """Return which pairs may be among the best of their query, shape (n,): weights are all but exact."""
    order = np.lexsort((-weight, met.first))
    first = met.first[order]
    begins = np.searchsorted(first, first)
    rank = np.arange(len(order)) - begins
    last = np.minimum(begins + limit - 1, np.searchsorted(first, first, side="right") - 1)
    out = np.zeros(len(order), dtype=np.bool_)
    out[order] = (rank < limit) | (weight[order] >= weight[order][last] - _CLOSE)
    return out


def _proposed(met: Met) -> list[Counter[str]]:
    """Return how many candidates each route proposed to each query."""
    counts: list[Counter[str]] = [Counter() for _ in range(met.queries)]
    for query, bits in zip(met.first.tolist(), met.routes.tolist(), strict=True):
        counts[query].update(routes_of(bits))
    return counts
