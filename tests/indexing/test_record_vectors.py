"""Does each block of a record's vector say what its field says, and nothing when the field is unknown?"""

from __future__ import annotations

from datetime import date
from typing import Any

import numpy as np
import pytest

from indexing.record_vectors import BLOCKS, ROUTES, WIDTH, RecordVectors, Vectors, encode_records, weighted
from matcher.columns import RecordColumns
from matcher.names.encoder import NAME_WIDTH, NameEncoder
from matcher.person import PartialDate, PersonName, PersonRecord, Place, Sex, Side


def person(record_id: str = "a", **fields: Any) -> PersonRecord:
    return PersonRecord(record_id, Side.MISSING, **fields)


def named(*texts: str) -> tuple[PersonName, ...]:
    return tuple(PersonName(text) for text in texts)


def encoded(*records: PersonRecord) -> RecordVectors:
    return encode_records(RecordColumns.build(records))


def block(rows: Vectors, name: str) -> Vectors:
    start = 0
    for known, width in BLOCKS.items():
        if known == name:
            return rows[:, start : start + width]
        start += width
    raise AssertionError(name)


def years(first: int, last: int) -> PartialDate:
    return PartialDate(date(first, 1, 1), date(last, 12, 31))


class TestRows:
    def test_a_record_without_anything_is_one_row_of_zeros(self) -> None:
        result = encoded(person())
        assert result.rows.shape == (1, WIDTH)
        assert result.rows.dtype == np.float32
        assert not result.rows.any()
        assert result.owners.tolist() == [0]

    def test_no_records_no_rows(self) -> None:
        result = encoded()
        assert result.rows.shape == (0, WIDTH)
        assert result.owners.shape == (0,)

    def test_every_alias_is_a_row_of_its_record_in_the_order_of_its_names(self) -> None:
        records = (
            person("a", names=named("Sunita Mondal", "Buli")),
            person("b"),
            person("c", names=named("Asha Tamang")),
        )
        result = encoded(*records)
        assert result.owners.tolist() == [0, 0, 1, 2]
        expected = NameEncoder.load().encode(["Sunita Mondal", "Buli", "Asha Tamang"])
        assert block(result.rows, "name")[[0, 1, 3]] == pytest.approx(expected, abs=1e-6)
        assert not block(result.rows, "name")[2].any()

    def test_aliases_share_everything_but_the_name(self) -> None:
        result = encoded(
            person(names=named("Sunita", "Buli"), father=named("Haren Mondal"), birth=years(2010, 2011), sex=Sex.FEMALE)
        )
        assert np.array_equal(result.rows[0, NAME_WIDTH:], result.rows[1, NAME_WIDTH:])
        assert not np.array_equal(result.rows[0, :NAME_WIDTH], result.rows[1, :NAME_WIDTH])


class TestBlocks:
    @pytest.mark.parametrize(
        ("fields", "filled"),
        [
            ({"names": named("Sunita")}, {"name"}),
            ({"father": named("Haren")}, {"father"}),
            ({"mother": named("Malati")}, {"mother"}),
            ({"relatives": named("Haren")}, {"father", "mother"}),
            ({"birth": years(2010, 2010)}, {"birth"}),
            ({"sex": Sex.FEMALE}, {"sex"}),
            ({"sex": Sex.OTHER}, set()),
            ({"origin": Place(country="IN", state="West Bengal")}, {"place"}),
            ({"origin": Place(village="Nowhereinanytable")}, {"village"}),
            ({"languages": ("bn", "lus")}, {"languages"}),
            ({"phones": ("+919800000000",), "marks": ("scar",)}, set()),
        ],
    )
    def test_a_field_fills_its_own_block_only(self, fields: dict[str, Any], filled: set[str]) -> None:
        rows = encoded(person(**fields)).rows
        assert {name for name in BLOCKS if block(rows, name).any()} == filled

    @pytest.mark.parametrize("birth", [years(1930, 1940), years(2090, 2095)])
    def test_a_birth_outside_the_years_kept_is_unknown(self, birth: PartialDate) -> None:
        assert not encoded(person(birth=birth)).rows.any()

    def test_births_are_the_more_alike_the_nearer_they_are(self) -> None:
        rows = encoded(*(person(str(year), birth=years(year, year)) for year in range(2010, 2019))).rows
        likeness = rows @ rows[0]
        assert likeness[0] == pytest.approx(1.0)
        assert (np.diff(likeness) < 0).all()

    def test_a_wide_interval_is_less_like_any_one_year_of_it_than_a_narrow_one(self) -> None:
        one, narrow, wide = encoded(
            person("1", birth=years(2010, 2010)),
            person("2", birth=years(2009, 2011)),
            person("3", birth=years(2000, 2020)),
        ).rows
        assert one @ wide < one @ narrow < one @ one

    def test_places_are_the_more_alike_the_more_areas_they_share(self) -> None:
        rows = encoded(
            person("1", origin=Place("IN", "West Bengal", "Nadia")),
            person("2", origin=Place("IN", "West Bengal", "Nadia")),
            person("3", origin=Place("IN", "West Bengal", "Malda")),
            person("4", origin=Place("NP", "Bagmati", "Kathmandu")),
        ).rows
        same, state, other = (block(rows, "place") @ block(rows, "place")[0])[1:]
        assert same == pytest.approx(1.0)
        assert same > state > other

    def test_a_remembered_place_points_to_the_place_it_names(self) -> None:
        remembered, home, far = encoded(
            person("1", remembered=("Nadia",)),
            person("2", origin=Place("IN", "West Bengal", "Nadia")),
            person("3", origin=Place("NP", "Bagmati", "Kathmandu")),
        ).rows
        assert remembered @ home > 0.5 > remembered @ far

    def test_one_name_in_two_scripts_is_one_direction(self) -> None:
        latin, native, other = encoded(
            person("1", names=named("Sunita Mandal")),
            person("2", names=named("सुनीता मंडल")),
            person("3", names=named("Rafiqul Islam")),
        ).rows
        assert latin @ native > 0.9 > 0.5 > latin @ other


class TestWeighted:
    def test_a_zero_query_stays_zero_on_every_route(self) -> None:
        for route in ROUTES:
            assert not weighted(np.zeros((2, WIDTH), np.float32), route).any()

    def test_no_queries(self) -> None:
        assert weighted(np.zeros((0, WIDTH), np.float32), "record").shape == (0, WIDTH)

    def test_a_query_that_a_route_cannot_use_is_zero_for_it(self) -> None:
        rows = encoded(person(origin=Place("IN", "West Bengal", "Nadia"))).rows
        assert rows.any()
        assert not weighted(rows, "name").any()
        assert weighted(rows, "place and age").any()

    def test_an_unknown_route_is_an_error(self) -> None:
        with pytest.raises(KeyError):
            weighted(np.zeros((1, WIDTH), np.float32), "no such route")

    def test_queries_are_not_changed(self) -> None:
        rows = np.ones((1, WIDTH), np.float32)
        weighted(rows, "name")
        assert (rows == 1).all()

    def test_every_route_names_blocks_that_exist_with_positive_weights(self) -> None:
        for weights in ROUTES.values():
            assert set(weights) <= set(BLOCKS)
            assert min(weights.values()) > 0
