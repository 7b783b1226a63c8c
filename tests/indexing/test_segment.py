"""Is a segment the same after it was written and read, merged or thinned out, and does it know who is in it?"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from indexing.candidates import Filter, propose, routes_of
from indexing.match_index import context_of
from indexing.record_space import RecordSpace
from indexing.record_vectors import encode_records
from indexing.segment import Segment, keys_of_ids
from indexing.shelf import Asked
from matcher.columns import RecordColumns
from matcher.gathering import gather
from matcher.model import MatchModel
from matcher.person import PersonName, PersonRecord, Side
from matcher.scoring import score_pairs
from tests.indexing.made_records import a_report
from tests.matcher.made_columns import said

Tables = dict[str, npt.NDArray[Any]]


def as_they_are(tables: Tables, _: Path) -> Tables:
    return tables


def mapped(tables: Tables, folder: Path) -> Tables:
    """Return tables that lie in files and cannot be written."""
    for name, table in tables.items():
        assert name == name.lower()
        np.save(folder / f"{name}.npy", table)
    return {name: np.asarray(np.load(folder / f"{name}.npy", mmap_mode="r")) for name in tables}


def asked_of(records: tuple[PersonRecord, ...]) -> Asked:
    columns = RecordColumns.build(records)
    return Asked.of(columns, np.arange(len(records)), encode_records(columns), RecordSpace.load())


def found_in(
    segments: list[Segment], asked: Asked, side: Side, k: int, only: Filter | None = None
) -> set[tuple[int, str, tuple[str, ...]]]:
    found = propose(segments, asked, side, k, only=only)
    rows = zip(found.asking.tolist(), found.segment.tolist(), found.row.tolist(), found.routes.tolist(), strict=True)
    return {(asking, segments[part].columns.ids[row], routes_of(bits)) for asking, part, row, bits in rows}


@pytest.fixture(scope="module")
def everybody(population: Any) -> tuple[PersonRecord, ...]:
    """Return people of both sides, some of them with further names, some with none."""
    return tuple(
        PersonRecord(f"{record.record_id}-bare", record.side, phones=record.phones) if number % 9 == 0
        else replaced(record, PersonName("Buli")) if number % 4 == 0
        else record
        for number, record in enumerate(population.everybody[140:])
    )  # fmt: skip


def replaced(record: PersonRecord, name: PersonName) -> PersonRecord:
    return replace(record, names=(*record.names, name))


class TestTables:
    @pytest.mark.parametrize("kept", [as_they_are, mapped])
    def test_a_segment_of_its_tables_answers_alike(
        self, everybody: tuple[PersonRecord, ...], population: Any, tmp_path: Path, kept: Callable[..., Tables]
    ) -> None:
        segment = Segment.build(RecordColumns.build(everybody))
        again = Segment.of(kept(segment.tables(), tmp_path))
        assert len(again) == len(segment) == len(everybody)
        assert list(again.columns.ids) == [record.record_id for record in everybody]
        called = keys_of_ids([record.record_id for record in everybody] + ["nobody"])
        assert again.rows_of(called).tolist() == [*range(len(everybody)), -1]
        for asking, side in ((population.rescues, Side.MISSING), (population.reports[:50], Side.RESCUED)):
            asked = asked_of(asking)
            for k, only in ((3, None), (500, None), (5, Filter(sexes=(1,)))):
                expected = found_in([segment], asked, side, k, only)
                assert expected
                assert found_in([again], asked, side, k, only) == expected
        one, other = segment.tables(), again.tables()
        assert one.keys() == other.keys()
        assert all(np.array_equal(one[name], other[name], equal_nan=one[name].dtype.kind == "f") for name in one)

    def test_pairs_of_it_weigh_the_same(self, everybody: tuple[PersonRecord, ...], population: Any) -> None:
        segment = Segment.build(RecordColumns.build(everybody))
        again = Segment.of(segment.tables())
        asking = RecordColumns.build(population.rescues[:10])
        every, context = np.arange(len(everybody)), context_of(segment.columns, len(everybody))
        i, j = np.repeat(np.arange(10), len(every)), np.tile(10 + every, 10)
        weights = [
            score_pairs(
                gather([(asking, np.arange(10)), (one.columns, every)]), i, j, context, MatchModel.load(), 1000
            ).weight
            for one in (segment, again)
        ]
        assert np.array_equal(*weights)

    def test_a_table_that_is_missing(self, everybody: tuple[PersonRecord, ...]) -> None:
        tables = Segment.build(RecordColumns.build(everybody[:5])).tables()
        for name in ("called", "missing_rows", "rescued_owners", "missing_phone_keys", "ids_bounds", "own"):
            with pytest.raises(KeyError, match=name.removeprefix("missing_").removeprefix("rescued_")):
                Segment.of({key: table for key, table in tables.items() if key != name})

    def test_nobody(self, tmp_path: Path, population: Any) -> None:
        empty = Segment.build(RecordColumns.build([]))
        again = Segment.of(mapped(empty.tables(), tmp_path))
        assert len(again) == 0
        assert again.rows_of(keys_of_ids(["x"])).tolist() == [-1]
        assert found_in([again], asked_of(population.rescues[:2]), Side.MISSING, 3) == set()


class TestRemove:
    def test_who_was_removed_is_found_no_more(self, everybody: tuple[PersonRecord, ...], population: Any) -> None:
        segment = Segment.build(RecordColumns.build(everybody))
        gone = np.arange(0, len(everybody), 3)
        ids = {everybody[row].record_id for row in gone.tolist()}
        before = {side: found_in([segment], asked_of(population.everybody[::5]), side, 500) for side in Side}
        segment.remove(gone)
        called = keys_of_ids([record.record_id for record in everybody])
        rows = np.arange(len(everybody))
        assert np.array_equal(segment.rows_of(called), np.where(np.isin(rows, gone), -1, rows))
        assert np.array_equal(np.flatnonzero(~segment.alive), gone)
        for side in Side:
            after = found_in([segment], asked_of(population.everybody[::5]), side, 500)
            assert after == {one for one in before[side] if one[1] not in ids}
            assert after != before[side]


class TestMerged:
    @pytest.mark.parametrize("parts", [1, 2, 5])
    @pytest.mark.parametrize("kept", [False, True])
    def test_what_is_alive_is_as_if_it_had_been_built_at_once(
        self, everybody: tuple[PersonRecord, ...], population: Any, parts: int, kept: bool
    ) -> None:
        rng = np.random.default_rng(parts)
        dealt, gone = rng.integers(0, parts, len(everybody)), rng.random(len(everybody)) < 0.3
        segments, alive = [], []
        for part in range(parts):
            mine = np.flatnonzero(dealt == part)
            one = Segment.build(RecordColumns.build(everybody[number] for number in mine))
            one = Segment.of(one.tables()) if kept else one
            one.remove(np.flatnonzero(gone[mine]))
            segments.append(one)
            alive += [everybody[number] for number in mine if not gone[number]]
        merged, built = Segment.merged(segments), Segment.build(RecordColumns.build(alive))
        assert merged.alive.all()
        assert said(merged.columns) == said(built.columns)
        for side in Side:
            one, other = merged.sides[side], built.sides[side]
            assert np.array_equal(one.rows, other.rows)
            # Turned in other batches, a byte may be rounded otherwise; names stand with their own.
            mine, theirs = (by_name(stored.shelf) for stored in (one, other))
            assert mine.keys() == theirs.keys()
            assert all(np.abs(mine[name] - theirs[name]).max() <= 1 for name in mine)
            asked = asked_of(population.everybody[::7])
            assert found_in([merged], asked, side, 500) == found_in([built], asked, side, 500)

    def test_nobody_is_alive(self) -> None:
        segment = Segment.build(RecordColumns.build([a_report("a", "Sunita"), a_report("b", "Asha")]))
        segment.remove(np.arange(2))
        merged = Segment.merged([segment, segment])
        assert len(merged) == 0
        assert b"sunita" not in b"".join(table.tobytes() for table in merged.tables().values())


def by_name(shelf: Any) -> dict[tuple[int, int], npt.NDArray[np.int64]]:
    """Return the rows of a shelf by record and by which of her names."""
    out: dict[tuple[int, int], npt.NDArray[np.int64]] = {}
    for owner, row in zip(shelf.owners.tolist(), shelf.table.astype(np.int64), strict=True):
        out[owner, sum(record == owner for record, _ in out)] = row
    return out
