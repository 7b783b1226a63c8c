"""Is the index a function of its records, whatever was done before, and does it find whom a slow search finds?"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cache
from typing import Any
from unittest.mock import patch

import numpy as np
import numpy.typing as npt
from hypothesis import given, settings
from hypothesis import strategies as st

from indexing.candidates import KEY_ROUTE, PHOTO_ROUTE, Filter
from indexing.key_lists import KEY_BUCKET_CAP
from indexing.match_index import FACE_WIDTH, MatchIndex, context_of
from indexing.record_space import RecordSpace
from indexing.record_vectors import encode_records
from indexing.segment import Segment
from indexing.shelf import ROUTES, Asked, Shelf
from matcher.columns import RecordColumns
from matcher.gathering import gather
from matcher.names.frequency import NameFrequencies
from matcher.person import FaceEmbedding, PersonName, PersonRecord, Sex, Side
from tests.indexing.made_records import MODEL, bytes_of, indexed, keys_of, looks, telling_keys, unit
from tests.matcher.made_columns import said

IDS = tuple(f"case-{letter}" for letter in "abcdefghijkl")
VERSIONS, EVERYBODY = 3, 10_000
FILTERS = (
    None,
    Filter(),
    Filter(sexes=(1,)),
    Filter(areas=("IN/WB", "BD")),
    Filter(born=(733_000, 735_000), sexes=(1, 2)),
    Filter(areas=("XX",), sexes=(3,), born=(1, 1)),
)


@cache
def pool(source: tuple[PersonRecord, ...]) -> dict[tuple[int, int], PersonRecord]:
    """Return versions of twelve cases, told apart by their heights: shared phones and faces, no names, either side."""
    rng = np.random.default_rng(5)
    records = {}
    for case in range(len(IDS)):
        for version in range(VERSIONS):
            base = source[int(rng.integers(len(source)))]
            faces = tuple(
                FaceEmbedding(
                    rng.standard_normal(FACE_WIDTH).astype(np.float32), MODEL if rng.random() < 0.7 else "onnx-9"
                )
                for _ in range(rng.integers(0, 3))
            )
            extra = (PersonName("Buli"),) if rng.random() < 0.4 else ()
            records[case, version] = replace(
                base,
                record_id=IDS[case],
                side=Side.MISSING if rng.random() < 0.6 else Side.RESCUED,
                names=() if rng.random() < 0.15 else base.names + extra,
                sex=Sex.UNKNOWN if rng.random() < 0.2 else base.sex,
                phones=tuple(f"+91980000000{n}" for n in rng.integers(0, 4, rng.integers(0, 3))),
                identifiers=(("FIR", f"{rng.integers(3)}/24"),) if rng.random() < 0.4 else (),
                height_cm=float(60 + case * VERSIONS + version),
                faces=faces,
            )
    return records


@cache
def questions(source: tuple[PersonRecord, ...], strangers: tuple[PersonRecord, ...]) -> tuple[PersonRecord, ...]:
    """Return queries: cases in their first version, a copy of one under another name, and people of no index."""
    cases = [pool(source)[case, 0] for case in range(0, len(IDS), 3)]
    return (*strangers, *cases, replace(pool(source)[1, 0], record_id="copy"), PersonRecord("nobody", Side.RESCUED))


CASE = st.integers(0, len(IDS) - 1)
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("upsert"), st.lists(st.tuples(CASE, st.integers(0, VERSIONS - 1)), max_size=6)),
        st.tuples(st.just("upsert"), st.lists(st.tuples(CASE, st.integers(0, VERSIONS - 1)), min_size=3, max_size=9)),
        st.tuples(st.just("remove"), st.lists(CASE, max_size=4)),
        st.tuples(st.just("compact"), st.just([])),
        st.tuples(st.just("restart"), st.just([])),
    ),
    min_size=1,
    max_size=9,
)


@dataclass(frozen=True)
class Sizes:
    """How large segments become."""

    most: int
    small: int
    growth: int


SIZES = st.builds(Sizes, st.sampled_from([1, 3, 8, 2**18]), st.sampled_from([0, 4, 2**14]), st.sampled_from([1, 2, 4]))


@contextmanager
def segments_of(sizes: Sizes) -> Iterator[None]:
    with (
        patch("indexing.match_index.MOST_IN_A_SEGMENT", sizes.most),
        patch("indexing.match_index._SMALL", sizes.small),
        patch("indexing.match_index._GROWTH", sizes.growth),
    ):
        yield


def lived(
    records: dict[tuple[int, int], PersonRecord], steps: Sequence[tuple[str, Sequence[Any]]]
) -> tuple[MatchIndex, dict[str, PersonRecord]]:
    """Return an index after some changes, and the records that it should hold, in their last version."""
    index, present = MatchIndex(MODEL), dict[str, PersonRecord]()
    for step, cases in steps:
        if step == "upsert":
            index.upsert([records[case] for case in cases])
            present |= {records[case].record_id: records[case] for case in cases}
        elif step == "remove":
            index.remove(IDS[case] for case in cases)
            for case in cases:
                present.pop(IDS[case], None)
        elif step == "compact":
            index.compact()
        else:
            index = restarted(index)
    return index, present


def restarted(index: MatchIndex) -> MatchIndex:
    """Return what is read of an index that was written."""
    index.compact()
    again = MatchIndex(MODEL)
    for segment in index.segments:
        again.add(Segment.of(segment.tables()))
    again.photos = index.photos
    return again


def counts_of(frequencies: NameFrequencies) -> dict[str, tuple[int, dict[str, int]]]:
    """Return the counts of every region that has any; a region that was emptied weighs nothing."""
    return {
        region: (counts.names, dict(counts.words))
        for region, counts in frequencies.regions.items()
        if counts.names or counts.words
    }


def contents(index: MatchIndex) -> object:
    """Return all that an index holds, whatever segments it lies in."""
    alive = [(segment.columns, np.flatnonzero(segment.alive)) for segment in index.segments]
    records = sorted(said(gather(alive)), key=lambda one: str(one["id"])) if alive else []
    photos = []
    for rows in index.photos.values():
        assert set(rows.owner) == set(rows.index.ids().tolist())
        assert sorted(row for held in rows.rows.values() for row in held) == sorted(rows.owner)
        photos.append({owner: rows.index.reconstruct(np.array(held)).tolist() for owner, held in rows.rows.items()})
    counts = [counts_of(one) for one in (index.context.own_names, index.context.relative_names)]
    return records, photos, counts, {side: (index.ids(side), index.count(side)) for side in Side}, len(index)


@given(steps=STEPS, sizes=SIZES)
@settings(max_examples=40, deadline=None)
def test_after_any_history_the_index_is_one_that_was_built_afresh(
    population: Any, steps: list[tuple[str, list[Any]]], sizes: Sizes
) -> None:
    with segments_of(sizes):
        index, present = lived(pool(population.everybody), steps)
        fresh = indexed(*present.values())
        assert contents(index) == contents(fresh)
        there = index.locate(list(IDS))
        assert {name for name, segment in zip(IDS, there.segment.tolist(), strict=True) if segment >= 0} == set(present)
        index.compact()
        assert contents(index) == contents(fresh)
    assert all(segment.alive.all() and len(segment) for segment in index.segments)
    written = bytes_of(index.segments)
    assert {name for name in IDS if name.encode() in written} == set(present)
    reports = [record for record in present.values() if record.side is Side.MISSING]
    expected = context_of(RecordColumns.build(reports), len(reports))
    words = ["sunita", "buli", *sorted(counts_of(fresh.context.own_names).get("", (0, {}))[1])[:20]]
    for mine, theirs in (
        (index.context.own_names, expected.own_names),
        (index.context.relative_names, expected.relative_names),
    ):
        for area in ("", "IN/WB", "NP", "BD/dhaka"):
            assert np.allclose(mine.bits(words, [area] * len(words)), theirs.bits(words, [area] * len(words)))


# -- the slow search -----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Seen:
    """A row that a name looks at: its exact product, where it is, whose, and by which route it was met."""

    product: int
    record_id: str
    route: str


class Slow:
    """Searches the segments of an index one by one, each as a shelf made anew of its records, and all rows of it."""

    def __init__(self, index: MatchIndex, versions: Sequence[PersonRecord], side: Side) -> None:
        """Take who is in an index, by the heights of the records' versions."""
        self.side = side
        by_height = {record.height_cm: record for record in versions}
        self.parts = []
        for segment in index.segments:
            records = [by_height[float(height)] for height in segment.columns.height.tolist()]
            assert [record.record_id for record in records] == list(segment.columns.ids)
            mine = np.array([n for n, record in enumerate(records) if record.side is side], dtype=np.int64)
            columns = RecordColumns.build(records)
            shelf = Shelf.build(columns, mine, encode_records(columns).some(mine), RecordSpace.load())
            stored = named_rows(segment.sides[side].shelf)
            for name, row in named_rows(shelf).items():
                # Turned in other batches, a byte may be rounded otherwise; products are of what is stored.
                assert np.abs(row - stored[name]).max() <= 1
            alive = [bool(segment.alive[number]) for number in mine.tolist()]
            self.parts.append(([records[number] for number in mine.tolist()], alive, shelf, stored))

    @property
    def there(self) -> list[PersonRecord]:
        """Return who is alive."""
        return [record for records, alive, *_ in self.parts for record, one in zip(records, alive, strict=True) if one]

    def seen(self, asked: Asked, passes: set[str]) -> list[list[Seen]]:
        """Return, for each name that asks, every row that it looks at and that may be found."""
        out: list[list[Seen]] = [[] for _ in asked.owners]
        for records, alive, shelf, stored in self.parts:
            names = list(named_rows(shelf))
            for name, rows in enumerate(shelf.sift(asked, EVERYBODY).rows.tolist()):
                for coded in rows:
                    owner, alias = names[coded // 4] if coded >= 0 else (-1, 0)
                    if coded < 0 or not alive[owner] or records[owner].record_id not in passes:
                        continue
                    product = int(asked.queries[name].astype(np.int64) @ stored[owner, alias])
                    out[name].append(Seen(product, records[owner].record_id, ROUTES[coded % 4]))
        return out


def named_rows(shelf: Shelf) -> dict[tuple[int, int], npt.NDArray[np.int64]]:
    """Return the rows of a shelf, in their order, by record and by which of her names."""
    aliases: dict[int, int] = defaultdict(int)
    out = {}
    for owner, row in zip(shelf.owners.tolist(), shelf.table.astype(np.int64), strict=True):
        out[owner, aliases[owner]] = row
        aliases[owner] += 1
    return out


Routes = dict[str, set[str]]


def slow_candidates(
    slow: Slow, queries: Sequence[PersonRecord], k: int, only: Filter | None, cap: int
) -> list[tuple[Routes, Routes]]:
    """Return, for each query, who must be found and who may be, where several products are the k-th, by routes."""
    there = slow.there
    passing = [only is None or bool(only.passes(RecordColumns.build([record]))[0]) for record in there]
    passes = {record.record_id for record, one in zip(there, passing, strict=True) if one}
    columns = RecordColumns.build(queries)
    asked = Asked.of(columns, np.arange(len(queries)), encode_records(columns), RecordSpace.load())
    found: list[tuple[Routes, Routes]] = [(defaultdict(set), defaultdict(set)) for _ in queries]
    for owner, rows in zip(asked.owners.tolist(), slow.seen(asked, passes), strict=True):
        must, may = found[owner]
        products = sorted((row.product for row in rows), reverse=True)
        cut = products[k - 1] if len(products) > k else -(10**12)
        tied = len(products) > k and products[k] == cut
        for row in rows:
            if row.product >= cut:
                may[row.record_id].add(row.route)
            if row.product > cut or (row.product == cut and not tied):
                must[row.record_id].add(row.route)
    for query, routes in zip(queries, found, strict=True):
        telling = telling_keys(query, there, cap)
        for record in there:
            if record.record_id in passes and telling & keys_of(record):
                note(routes, record.record_id, KEY_ROUTE)
        faces = [
            (record.record_id, unit(face))
            for record in there
            for face in record.faces
            if face.model == MODEL and record.record_id in passes
        ]
        for face in query.faces:
            if face.model == MODEL:
                scores = [sum(a * b for a, b in zip(unit(face), other, strict=True)) for _, other in faces]
                for at in sorted(range(len(faces)), key=lambda at: -scores[at])[:k]:
                    if scores[at] > 1e-6:  # nothing in common is no reason to compare
                        note(routes, faces[at][0], PHOTO_ROUTE)
        for one in routes:
            one.pop(query.record_id, None)
    return found


def note(routes: tuple[Routes, Routes], record_id: str, route: str) -> None:
    for one in routes:
        one[record_id].add(route)


@given(
    steps=STEPS,
    sizes=SIZES,
    side=st.sampled_from(Side),
    k=st.sampled_from([1, 2, 4, 50]),
    only=st.sampled_from(FILTERS),
    cap=st.sampled_from([1, 2, KEY_BUCKET_CAP]),
)
@settings(max_examples=60, deadline=None)
def test_candidates_are_those_of_the_slow_search(
    population: Any,
    steps: list[tuple[str, list[Any]]],
    sizes: Sizes,
    side: Side,
    k: int,
    only: Filter | None,
    cap: int,
) -> None:
    versions = pool(population.everybody)
    queries = questions(population.everybody, population.rescues[:4])
    with segments_of(sizes), patch("indexing.key_lists.KEY_BUCKET_CAP", cap):  # two hundred would be slow to draw
        index, present = lived(versions, steps)
        found = looks(index, queries, k, side=side, only=only)
        slow = Slow(index, list(versions.values()), side)
        assert {record.record_id for record in slow.there} == index.ids(side)
        assert all(present[record.record_id] is record for record in slow.there)
        expected = slow_candidates(slow, queries, k, only, cap)
    for query, got, (must, may) in zip(queries, found, expected, strict=True):
        assert set(must) <= set(got) <= set(may), query.record_id
        assert all(must[record_id] <= set(got[record_id]) for record_id in must)
        assert all(set(routes) <= may[record_id] for record_id, routes in got.items())


@given(data=st.data())
@settings(max_examples=10, deadline=None)
def test_the_order_of_the_records_does_not_matter_to_who_is_found(population: Any, data: st.DataObject) -> None:
    records = [*pool(population.everybody).values()][::VERSIONS]
    shuffled = data.draw(st.permutations(records))
    one, other = indexed(*records), indexed(*shuffled)
    queries = population.rescues[:6]
    for side in Side:
        for k in (3, EVERYBODY):
            assert looks(one, queries, k, side=side) == looks(other, queries, k, side=side)


@given(few=st.integers(1, 6), more=st.integers(1, 6))
@settings(max_examples=8, deadline=None)
def test_taking_more_rows_loses_nobody(population: Any, few: int, more: int) -> None:
    index = shared_index(population.reports)
    short, long = (looks(index, population.rescues[:8], k) for k in (few, few + more))
    for one, other in zip(short, long, strict=True):
        # A row is met by several of its words with one product: by which of these it is the last is nobody's business.
        assert set(one) <= set(other)


@cache
def shared_index(records: tuple[PersonRecord, ...]) -> MatchIndex:
    """Return an index of several segments."""
    index = MatchIndex(MODEL)
    with segments_of(Sizes(2**18, 30, 2)):
        for start in range(0, len(records), 35):
            index.upsert(records[start : start + 35])
    assert len(index.segments) > 3
    return index


@given(data=st.data())
@settings(max_examples=8, deadline=None)
def test_queries_do_not_meet_each_other(population: Any, data: st.DataObject) -> None:
    index = shared_index(population.reports)
    batch = data.draw(st.lists(st.sampled_from(population.rescues), min_size=1, max_size=6))
    assert looks(index, batch, 5) == [looks(index, [query], 5)[0] for query in batch]
