"""Is the index a function of its records, whatever was done before, and does it find whom a slow search finds?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from typing import Any
from unittest.mock import patch

import numpy as np
from hypothesis import example, given, settings
from hypothesis import strategies as st

from indexing.key_lists import KEY_BUCKET_CAP
from indexing.match_index import (
    FACE_WIDTH,
    KEY_ROUTE,
    PHOTO_ROUTE,
    MatchIndex,
    SideIndex,
    context_of,
    keys_of,
)
from indexing.record_vectors import ROUTES, encode_records, weighted
from matcher.columns import RecordColumns
from matcher.names.frequency import NameFrequencies
from matcher.person import FaceEmbedding, PersonName, PersonRecord, Side

MODEL, OTHER_MODEL = "dlib-1", "onnx-9"
IDS = tuple(f"case-{number}" for number in range(8))
VERSIONS = 4


@cache
def pool(source: tuple[PersonRecord, ...]) -> dict[tuple[int, int], PersonRecord]:
    """Return versions of eight cases: real-looking people, with shared phones, faces, no names, either side."""
    rng = np.random.default_rng(5)
    records = {}
    for case in range(len(IDS)):
        for version in range(VERSIONS):
            base = source[int(rng.integers(len(source)))]
            faces = tuple(
                FaceEmbedding(
                    rng.standard_normal(FACE_WIDTH).astype(np.float32),
                    MODEL if rng.random() < 0.7 else OTHER_MODEL,
                )
                for _ in range(rng.integers(0, 3))
            )
            extra = (PersonName("Buli"),) if rng.random() < 0.4 else ()
            records[case, version] = replace(
                base,
                record_id=IDS[case],
                side=Side.MISSING if rng.random() < 0.6 else Side.RESCUED,
                names=() if rng.random() < 0.15 else base.names + extra,
                phones=tuple(f"+91980000000{n}" for n in rng.integers(0, 4, rng.integers(0, 3))),
                identifiers=(("FIR", f"{rng.integers(3)}/24"),) if rng.random() < 0.4 else (),
                faces=faces,
            )
    return records


@cache
def questions(source: tuple[PersonRecord, ...], strangers: tuple[PersonRecord, ...]) -> RecordColumns:
    """Return queries: every case in its first version, and people who are in no index."""
    return RecordColumns.build([*strangers, *(pool(source)[case, 0] for case in range(len(IDS)))])


CASE = st.integers(0, len(IDS) - 1)
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("upsert"), st.lists(st.tuples(CASE, st.integers(0, VERSIONS - 1)), max_size=5)),
        st.tuples(st.just("remove"), st.lists(CASE, max_size=4)),
    ),
    min_size=1,
    max_size=7,
)


def counts_of(frequencies: NameFrequencies) -> dict[str, tuple[int, dict[str, int]]]:
    """Return the counts of every region that has any; a region that was emptied weighs nothing."""
    return {
        region: (counts.names, dict(counts.words))
        for region, counts in frequencies.regions.items()
        if counts.names or counts.words
    }


def contents(index: MatchIndex) -> object:
    """Return all that an index holds, but for the numbers of its rows."""

    def rows_of(side: SideIndex) -> object:
        for rows in (side.vectors, side.faces):
            assert set(rows.owner) == set(rows.index.ids().tolist())
            assert sorted(row for owned in rows.rows.values() for row in owned) == sorted(rows.owner)
        return [
            {owner: rows.index.reconstruct(np.array(ids)).tolist() for owner, ids in rows.rows.items()}
            for rows in (side.vectors, side.faces)
        ]

    return (
        {name: (rows_of(side), side.keys, side.keys_of) for name, side in index.sides.items()},
        index.names_of,
        counts_of(index.context.own_names),
        counts_of(index.context.relative_names),
        len(index),
    )


def built(records: Sequence[PersonRecord]) -> MatchIndex:
    index = MatchIndex(MODEL)
    index.upsert(records)
    return index


@given(steps=STEPS, k=st.sampled_from([1, 2, 50]), allowed=st.one_of(st.none(), st.lists(st.sampled_from(IDS))))
@settings(max_examples=35, deadline=None)
def test_after_any_history_the_index_is_one_that_was_built_afresh(
    population: Any, steps: list[tuple[str, list[Any]]], k: int, allowed: list[str] | None
) -> None:
    records = pool(population.everybody)
    index, present = MatchIndex(MODEL), dict[str, PersonRecord]()
    for step, cases in steps:
        if step == "remove":
            index.remove(IDS[case] for case in cases)
            for case in cases:
                present.pop(IDS[case], None)
        else:
            index.upsert([records[case] for case in cases])
            for record_id, record in {records[case].record_id: records[case] for case in cases}.items():
                present.pop(record_id, None)
                present[record_id] = record
    fresh = built(list(present.values()))
    assert contents(index) == contents(fresh)
    queries = questions(population.everybody, population.rescues[:4])
    for side in Side:
        assert index.candidates(queries, side, k, allowed) == fresh.candidates(queries, side, k, allowed)
    reports = [record for record in present.values() if record.side is Side.MISSING]
    words = ["sunita", "buli", *sorted(counts_of(fresh.context.own_names).get("", (0, {}))[1])[:20]]
    for mine, theirs in zip(
        parts_of(index), parts_of(context_of(RecordColumns.build(reports), len(reports))), strict=True
    ):
        for area in ("", "IN/WB", "NP", "BD/dhaka"):
            assert np.allclose(mine.bits(words, [area] * len(words)), theirs.bits(words, [area] * len(words)))


def parts_of(source: Any) -> tuple[NameFrequencies, NameFrequencies]:
    context = getattr(source, "context", source)
    return context.own_names, context.relative_names


@given(data=st.data())
@settings(max_examples=10, deadline=None)
def test_the_order_of_the_records_does_not_matter_to_who_is_found(population: Any, data: st.DataObject) -> None:
    records = [*pool(population.everybody).values()][::VERSIONS]
    shuffled = data.draw(st.permutations(records))
    queries = RecordColumns.build(population.rescues[:6])
    one, other = built(records), built(shuffled)
    for side in Side:
        found = one.candidates(queries, side, 3), other.candidates(queries, side, 3)
        assert [dict(candidates.routes) for candidates in found[0]] == [
            dict(candidates.routes) for candidates in found[1]
        ]


# -- the slow search -----------------------------------------------------------------------------------------------


def slow_candidates(
    records: Sequence[PersonRecord], query: PersonRecord, side: Side, k: int, allowed: list[str] | None, cap: int
) -> dict[str, tuple[str, ...]]:
    """Return whom a search of every row finds, route by route; a key of more than `cap` records finds nobody."""
    everybody = [record for record in records if record.side is side]
    there = [record for record in everybody if allowed is None or record.record_id in allowed]
    found: dict[str, list[str]] = {}

    def note(record_id: str, route: str) -> None:
        if record_id != query.record_id and route not in found.setdefault(record_id, []):
            found[record_id].append(route)

    def nearest(ask: list[float], rows: list[tuple[str, list[float]]], route: str) -> None:
        if any(ask):
            scores = [sum(a * b for a, b in zip(ask, row, strict=True)) for _, row in rows]
            for at in sorted(range(len(rows)), key=lambda at: (-np.float32(scores[at]), at))[:k]:
                if np.float32(scores[at]) > 0:  # nothing in common is no reason to compare
                    note(rows[at][0], route)

    vectors = [(r.record_id, row) for r in there for row in encode_records(RecordColumns.build([r])).rows.tolist()]
    faces = [(r.record_id, unit_face(face)) for r in there for face in r.faces if face.model == MODEL]
    asked = encode_records(RecordColumns.build([query])).rows
    for route in ROUTES:
        for ask in weighted(asked, route).tolist():
            nearest(ask, vectors, route)
    for face in query.faces:
        if face.model == MODEL:
            nearest(unit_face(face), faces, PHOTO_ROUTE)
    # How common a key is does not depend on who may be found.
    telling = {key for key in keys_of(query) if sum(key in keys_of(record) for record in everybody) <= cap}
    for record in there:
        if telling & set(keys_of(record)):
            note(record.record_id, KEY_ROUTE)
    return {record_id: tuple(routes) for record_id, routes in found.items()}


def unit_face(face: FaceEmbedding) -> list[float]:
    unit: list[float] = (face.vector / np.linalg.norm(face.vector)).tolist()
    return unit


@given(
    chosen=st.lists(st.tuples(CASE, st.integers(0, VERSIONS - 1)), unique_by=lambda case: case[0]),
    query=st.tuples(CASE, st.integers(0, VERSIONS - 1)),
    transient=st.booleans(),
    side=st.sampled_from(Side),
    k=st.integers(1, 12),
    allowed=st.one_of(st.none(), st.lists(st.sampled_from(IDS))),
    cap=st.sampled_from([1, 2, KEY_BUCKET_CAP]),
)
# Two faces that point away from each other.
@example(chosen=[(0, 0)], query=(2, 0), transient=False, side=Side.MISSING, k=1, allowed=None, cap=KEY_BUCKET_CAP)
@settings(max_examples=60, deadline=None)
def test_candidates_are_those_of_the_slow_search(
    population: Any,
    chosen: list[tuple[int, int]],
    query: tuple[int, int],
    transient: bool,
    side: Side,
    k: int,
    allowed: list[str] | None,
    cap: int,
) -> None:
    records = [pool(population.everybody)[case] for case in chosen]
    asking = pool(population.everybody)[query]
    asking = replace(asking, record_id="query") if transient else asking
    with patch("indexing.match_index.KEY_BUCKET_CAP", cap):  # two hundred records would be slow to draw
        (found,) = built(records).candidates(RecordColumns.build([asking]), side, k, allowed)
    assert dict(found.routes) == slow_candidates(records, asking, side, k, allowed, cap)


@given(few=st.integers(1, 6), more=st.integers(1, 6))
@settings(max_examples=8, deadline=None)
def test_taking_more_rows_loses_nobody(population: Any, few: int, more: int) -> None:
    index = shared_index(population.reports)
    queries = RecordColumns.build(population.rescues[:8])
    short = index.candidates(queries, Side.MISSING, few)
    long = index.candidates(queries, Side.MISSING, few + more)
    for one, other in zip(short, long, strict=True):
        assert all(set(routes) <= set(other.routes[record_id]) for record_id, routes in one.routes.items())


@cache
def shared_index(records: tuple[PersonRecord, ...]) -> MatchIndex:
    return built(records)


@given(data=st.data())
@settings(max_examples=8, deadline=None)
def test_queries_do_not_meet_each_other(population: Any, data: st.DataObject) -> None:
    index = shared_index(population.reports)
    batch = data.draw(st.lists(st.sampled_from(population.rescues), min_size=1, max_size=6))
    together = index.candidates(RecordColumns.build(batch), Side.MISSING, 5)
    alone = [index.candidates(RecordColumns.build([query]), Side.MISSING, 5)[0] for query in batch]
    assert together == alone
