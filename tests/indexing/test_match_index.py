"""Is everybody found who should be, by the route that says why, and nobody after being forgotten?"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date
from typing import Any

import numpy as np
import pytest

from indexing.errors import BadSearch, BadVector
from indexing.faiss_index import FaissIndex
from indexing.match_index import (
    FACE_WIDTH,
    KEY_ROUTE,
    PHOTO_ROUTE,
    Candidates,
    MatchIndex,
    Rows,
    context_of,
    counted_names,
    keys_of,
)
from indexing.record_vectors import ROUTES
from matcher.columns import RecordColumns
from matcher.errors import DimensionMismatch
from matcher.person import FaceEmbedding, PartialDate, PersonName, PersonRecord, Place, Side

MODEL = "dlib-1"
NADIA, KATHMANDU = Place("IN", "West Bengal", "Nadia"), Place("NP", "Bagmati", "Kathmandu")


def a_report(record_id: str, *names: str, **fields: Any) -> PersonRecord:
    return PersonRecord(record_id, Side.MISSING, tuple(PersonName(name) for name in names), **fields)


def a_rescue(record_id: str, *names: str, **fields: Any) -> PersonRecord:
    return PersonRecord(record_id, Side.RESCUED, tuple(PersonName(name) for name in names), **fields)


def named(text: str) -> tuple[PersonName, ...]:
    return (PersonName(text),)


def a_face(seed: int, model: str = MODEL, near: float = 0.0) -> FaceEmbedding:
    """Return one person's face; `near` says how far this photo is from her others."""
    vector = np.random.default_rng(seed).standard_normal(FACE_WIDTH)
    other = np.random.default_rng(1000 + seed).standard_normal(FACE_WIDTH)
    return FaceEmbedding((vector + near * other).astype(np.float32), model)


def indexed(*records: PersonRecord) -> MatchIndex:
    index = MatchIndex(MODEL)
    index.upsert(records)
    return index


def look(
    index: MatchIndex, query: PersonRecord, k: int = 1, allowed: Sequence[str] | None = None
) -> dict[str, tuple[str, ...]]:
    """Return the routes by which each candidate of one query was found on the other side."""
    side = Side.MISSING if query.side is Side.RESCUED else Side.RESCUED
    (found,) = index.candidates(RecordColumns.build([query]), side, k, allowed)
    return dict(found.routes)


OTHERS = (
    a_report("other-1", "Rafiqul Islam", father=(PersonName("Abdul Karim"),), origin=Place("BD", "Dhaka", "Dhaka")),
    a_report("other-2", "Ma Khin", father=(PersonName("U Ba"),), origin=Place("MM", "Yangon", "Yangon")),
    a_report("other-3", "Pema Tamang", origin=KATHMANDU, phones=("+9779800000000",)),
)


class TestRoutes:
    def test_by_name_only(self) -> None:
        index = indexed(*OTHERS, a_report("she", "Sunita Mondal", origin=NADIA))
        found = look(index, a_rescue("q", "सुनीता मंडल", origin=KATHMANDU))
        assert found == {"she": ("name", "record"), "other-3": ("place and age",)}

    def test_by_place_only(self) -> None:
        index = indexed(*OTHERS, a_report("she", "Sunita Mondal", origin=NADIA))
        assert look(index, a_rescue("q", origin=NADIA)) == {"she": ("place and age", "record")}

    def test_by_the_fathers_name_only(self) -> None:
        index = indexed(*OTHERS, a_report("she", "Sunita Mondal", father=(PersonName("Haren Mondal"),)))
        found = look(index, a_rescue("q", father=(PersonName("Haren Mandal"),)))
        assert found == {"she": ("name", "place and age", "record")}

    def test_by_photo_only(self) -> None:
        index = indexed(*OTHERS, a_report("she", faces=(a_face(1), a_face(2))), a_report("no", faces=(a_face(3),)))
        assert look(index, a_rescue("q", faces=(a_face(2, near=0.3),))) == {"she": (PHOTO_ROUTE,)}

    def test_each_photo_of_a_query_searches(self) -> None:
        index = indexed(a_report("a", faces=(a_face(1),)), a_report("b", faces=(a_face(2),)))
        found = look(index, a_rescue("q", faces=(a_face(2, near=0.1), a_face(1, near=0.1))))
        assert found == {"a": (PHOTO_ROUTE,), "b": (PHOTO_ROUTE,)}

    def test_faces_are_compared_by_direction(self) -> None:
        long, query = a_face(1), a_face(2)
        far = FaceEmbedding(long.vector * np.float32(1000), MODEL)
        index = indexed(a_report("far", faces=(far,)), a_report("she", faces=(a_face(2, near=0.2),)))
        assert look(index, a_rescue("q", faces=(query,))) == {"she": (PHOTO_ROUTE,)}

    def test_by_phone_only(self) -> None:
        index = indexed(*OTHERS, a_report("she", phones=("+919800000000", "+919811111111")))
        assert look(index, a_rescue("q", phones=("+919811111111",))) == {"she": (KEY_ROUTE,)}

    def test_by_identifier_of_the_same_type_only(self) -> None:
        index = indexed(*OTHERS, a_report("she", identifiers=(("FIR", "12/2024"),)))
        assert look(index, a_rescue("q", identifiers=(("FIR", "12/2024"),))) == {"she": (KEY_ROUTE,)}
        assert look(index, a_rescue("q", identifiers=(("passport", "12/2024"),))) == {}

    def test_by_a_date_of_birth_known_to_the_day_only(self) -> None:
        day, other = PartialDate.exact(date(2011, 5, 30)), PartialDate.exact(date(2011, 5, 31))
        index = indexed(*OTHERS, a_report("she", birth=day), a_report("near", birth=other))
        assert KEY_ROUTE in look(index, a_rescue("q", birth=day), k=9)["she"]
        assert KEY_ROUTE not in look(index, a_rescue("q", birth=day), k=9)["near"]

    def test_an_interval_of_birth_is_no_key(self) -> None:
        month = PartialDate(date(2011, 5, 1), date(2011, 5, 31))
        index = indexed(a_report("she", birth=month))
        assert KEY_ROUTE not in look(index, a_rescue("q", birth=month))["she"]
        assert keys_of(a_report("x", birth=month)) == ()

    def test_everybody_who_shares_a_key_is_found_beyond_k(self) -> None:
        reports = [a_report(f"r{number}", phones=("+919800000000",)) for number in range(5)]
        found = look(indexed(*reports), a_rescue("q", phones=("+919800000000",)), k=1)
        assert found == {f"r{number}": (KEY_ROUTE,) for number in range(5)}

    def test_a_route_is_named_once(self) -> None:
        index = indexed(a_report("she", "Sunita", "Buli", phones=("1", "2"), faces=(a_face(1), a_face(2))))
        query = a_rescue("q", "Sunita", "Buli", phones=("1", "2"), faces=(a_face(1), a_face(2)))
        found = look(index, query, k=9)
        assert found == {"she": (*ROUTES, PHOTO_ROUTE, KEY_ROUTE)}

    def test_k_rows_are_taken_from_each_route(self) -> None:
        index = indexed(*(a_report(f"r{number}", f"Sunita {number * 'a'}") for number in range(9)))
        for k in (1, 4):
            found = look(index, a_rescue("q", "Sunita"), k=k)
            for route in ROUTES:
                assert sum(route in routes for routes in found.values()) == k

    def test_k_below_one(self) -> None:
        with pytest.raises(BadSearch):
            look(indexed(*OTHERS), a_rescue("q", "Sunita"), k=0)

    def test_nearly_every_rescued_person_of_a_population_finds_her_report(self, population: Any) -> None:
        index = MatchIndex(MODEL)
        index.upsert(population.reports)
        found = index.candidates(RecordColumns.build(population.rescues), Side.MISSING, 20)
        hits = [
            population.truth[rescue.record_id] in one.routes
            for rescue, one in zip(population.rescues, found, strict=True)
            if rescue.record_id in population.truth
        ]
        assert len(hits) == 36
        assert np.mean(hits) >= 0.97


class TestAliases:
    def test_an_alias_is_a_further_row_of_the_same_record(self) -> None:
        index = indexed(*OTHERS, a_report("she", "Sunita Mondal", "Buli"))
        part = index.sides[Side.MISSING]
        assert len(part) == 4
        assert len(part.vectors.index) == 5
        assert len(part.vectors.rows["she"]) == 2
        for name in ("Sunita Mondal", "Buli"):
            assert look(index, a_rescue("q", name)).keys() == {"she"}

    def test_each_alias_of_a_query_searches(self) -> None:
        index = indexed(*OTHERS, a_report("a", "Sunita Mondal"), a_report("b", "Phulmoni"))
        assert look(index, a_rescue("q", "Sunita Mondal", "Phulmoni")).keys() == {"a", "b"}


class TestSides:
    def test_only_the_side_asked_is_searched(self) -> None:
        report, rescue = a_report("m", "Sunita"), a_rescue("r", "Sunita")
        index = indexed(report, rescue)
        assert look(index, a_rescue("q", "Sunita"), k=9).keys() == {"m"}
        assert look(index, a_report("q", "Sunita"), k=9).keys() == {"r"}

    def test_nobody_is_her_own_candidate(self) -> None:
        report = a_report("m", "Sunita", phones=("1",), faces=(a_face(1),))
        index = indexed(report)
        (found,) = index.candidates(RecordColumns.build([report]), Side.MISSING, 9)
        assert found == Candidates({})

    def test_a_record_that_changes_side_leaves_the_old_one(self) -> None:
        index = indexed(a_report("x", "Sunita", phones=("1",), faces=(a_face(1),)))
        index.upsert([a_rescue("x", "Sunita", phones=("1",), faces=(a_face(1),))])
        assert (len(index.sides[Side.MISSING]), len(index.sides[Side.RESCUED])) == (0, 1)
        assert look(index, a_rescue("q", "Sunita", phones=("1",), faces=(a_face(1),)), k=9) == {}
        assert look(index, a_report("q", "Sunita"), k=9).keys() == {"x"}
        assert index.context.own_names.names == 0


class TestNothing:
    def test_a_query_without_anything_finds_nobody(self) -> None:
        assert look(indexed(*OTHERS), a_rescue("q"), k=9) == {}

    def test_a_query_with_only_what_no_route_uses_finds_nobody(self) -> None:
        query = a_rescue("q", "😀", marks=("scar",), languages=("bn",), height_cm=140.0)
        assert look(indexed(*OTHERS), query, k=9) == {}

    def test_a_record_without_anything_is_in_the_index(self) -> None:
        index = indexed(a_report("x"))
        assert len(index) == 1
        assert "x" in index.sides[Side.MISSING].keys_of

    def test_no_queries_no_records(self) -> None:
        index = MatchIndex(MODEL)
        index.upsert([])
        index.remove([])
        assert len(index) == 0
        assert index.candidates(RecordColumns.build([]), Side.MISSING, 3) == []
        assert look(index, a_rescue("q", "Sunita", phones=("1",), faces=(a_face(1),))) == {}

    @pytest.mark.parametrize(
        "text", ["😀", "\x00\x07", "x" * 10_000, "\ud800", "\u202eatinuS", "Ѕunita", "़", "'; --", "\ufffe", "सु" * 5_000]
    )
    def test_any_text_gives_a_defined_result(self, text: str) -> None:
        def strange(maker: Callable[..., PersonRecord], record_id: str) -> PersonRecord:
            parents = {name: (PersonName(text),) for name in ("father", "mother", "relatives")}
            return maker(record_id, text, **parents, origin=Place(text, text, text, text), remembered=(text,))

        index = indexed(*OTHERS, strange(a_report, "x"))
        found = look(index, strange(a_rescue, "q"), k=9)
        assert not found or "x" in found
        index.remove(["x"])
        assert len(index) == 3


class TestAllowed:
    QUERY = a_rescue("q", "Sunita Mondal", phones=("1",), faces=(a_face(1),), origin=NADIA)
    RECORDS = tuple(
        a_report(f"r{number}", "Sunita Mondal", "Buli", phones=("1",), faces=(a_face(1),), origin=NADIA)
        for number in range(6)
    )

    @pytest.mark.parametrize("k", [1, 3, 50])
    def test_every_route_finds_only_whom_it_may(self, k: int) -> None:
        index = indexed(*self.RECORDS)
        # The lowest rows would win every tie: they are the ones that are not allowed.
        found = look(index, self.QUERY, k, allowed=["r5", "r4", "r4", "unknown"])
        assert set(found) <= {"r4", "r5"}
        assert found["r4"] == (*ROUTES, PHOTO_ROUTE, KEY_ROUTE)
        assert KEY_ROUTE in found["r5"]

    def test_nobody_allowed_is_nobody_found(self) -> None:
        assert look(indexed(*self.RECORDS), self.QUERY, 9, allowed=[]) == {}

    def test_everybody_allowed_is_no_limit(self) -> None:
        index = indexed(*self.RECORDS)
        everybody = [record.record_id for record in self.RECORDS]
        assert look(index, self.QUERY, 3, allowed=everybody) == look(index, self.QUERY, 3)

    def test_a_limit_on_the_other_side_opens_nothing(self) -> None:
        index = indexed(*self.RECORDS, a_rescue("s", "Sunita Mondal", phones=("1",)))
        assert look(index, self.QUERY, 9, allowed=["s"]) == {}


class TestUpsert:
    def test_twice_is_once(self, population: Any) -> None:
        once, twice = MatchIndex(MODEL), MatchIndex(MODEL)
        once.upsert(population.everybody)
        twice.upsert(population.everybody)
        twice.upsert(population.everybody)
        assert len(twice) == len(once) == 260
        for side in Side:
            assert len(twice.sides[side].vectors.index) == len(once.sides[side].vectors.index)
            assert twice.sides[side].keys == once.sides[side].keys
        assert twice.context == once.context
        queries = RecordColumns.build(population.rescues)
        assert twice.candidates(queries, Side.MISSING, 5) == once.candidates(queries, Side.MISSING, 5)

    def test_the_new_version_stands_in_the_place_of_the_old(self) -> None:
        decoy = a_report("decoy", "Sunita Mandal")
        index = indexed(*OTHERS, decoy, a_report("she", "Sunita Mondal", phones=("1",), faces=(a_face(1),)))
        index.upsert([a_report("she", "Phulmoni", phones=("2",), faces=(a_face(2),))])
        assert "she" not in look(index, a_rescue("q", "Sunita Mondal", phones=("1",)))
        assert look(index, a_rescue("q", "Phulmoni", phones=("2",)))["she"] == (*ROUTES, KEY_ROUTE)
        assert len(index.sides[Side.MISSING].faces.index) == 1

    def test_the_last_of_several_versions_in_one_call_wins(self) -> None:
        index = indexed(a_report("x", "Sunita"), a_report("y", "Asha"), a_report("x", "Phulmoni"))
        assert len(index) == 2
        assert index.names_of["x"][1] == ("Phulmoni",)

    def test_records_may_come_one_by_one(self, population: Any) -> None:
        at_once, one_by_one = MatchIndex(MODEL), MatchIndex(MODEL)
        at_once.upsert(population.reports[:40])
        for record in population.reports[:40]:
            one_by_one.upsert([record])
        queries = RecordColumns.build(population.rescues)
        assert one_by_one.candidates(queries, Side.MISSING, 5) == at_once.candidates(queries, Side.MISSING, 5)


class TestRemove:
    def test_nothing_is_left(self) -> None:
        index = indexed(
            a_report("x", "Sunita", "Buli", father=(PersonName("Haren"),), phones=("1",), faces=(a_face(1),))
        )
        index.remove(["x", "unknown", "x"])
        part = index.sides[Side.MISSING]
        assert len(index) == len(part.vectors.index) == len(part.faces.index) == 0
        for rows in (part.vectors, part.faces):
            assert rows.owner == {}
            assert rows.rows == {}
        assert part.keys == {}
        assert part.keys_of == {}
        assert index.names_of == {}
        for frequencies in (index.context.own_names, index.context.relative_names):
            assert frequencies.names == 0
            assert not any(counts.words for counts in frequencies.regions.values())

    def test_a_shared_key_stays_with_its_other_holders(self) -> None:
        index = indexed(a_report("x", phones=("1", "2")), a_report("y", phones=("1",)))
        index.remove(["x"])
        assert look(index, a_rescue("q", phones=("1", "2"))) == {"y": (KEY_ROUTE,)}

    def test_it_takes_any_iterable(self) -> None:
        index = indexed(*OTHERS)
        index.remove(record.record_id for record in OTHERS[:2])
        assert set(index.sides[Side.MISSING].keys_of) == {"other-3"}


class TestFaces:
    def test_faces_of_another_model_are_left_out(self) -> None:
        index = indexed(
            a_report("old", faces=(a_face(1, model="onnx-9"),)),
            a_report("both", faces=(a_face(2, model="onnx-9"), a_face(3))),
        )
        assert len(index.sides[Side.MISSING].faces.index) == 1
        assert look(index, a_rescue("q", faces=(a_face(1), a_face(2))), k=9) == {"both": (PHOTO_ROUTE,)}
        assert look(index, a_rescue("q", faces=(a_face(3, model="onnx-9"),)), k=9) == {}

    def test_another_model_may_have_another_width(self) -> None:
        wide = FaceEmbedding(np.ones(512, np.float32), "onnx-9")
        index = indexed(a_report("x", faces=(wide, a_face(1))))
        assert look(index, a_rescue("q", faces=(wide, a_face(1)))) == {"x": (PHOTO_ROUTE,)}

    def test_a_face_of_zeros_finds_nobody(self) -> None:
        zero = FaceEmbedding(np.zeros(FACE_WIDTH, np.float32), MODEL)
        index = indexed(a_report("x", faces=(a_face(1), zero)))
        assert look(index, a_rescue("q", faces=(zero,)), k=9) == {}

    @pytest.mark.parametrize(
        ("vector", "error"),
        [
            (np.ones(64, np.float32), DimensionMismatch),
            (np.ones(129, np.float32), DimensionMismatch),
            (np.full(FACE_WIDTH, np.nan, np.float32), BadVector),
            (np.full(FACE_WIDTH, np.inf, np.float32), BadVector),
            (np.full(FACE_WIDTH, 3e38, np.float32), BadVector),
        ],
    )
    def test_a_face_that_cannot_be_used_changes_nothing(self, vector: Any, error: type[Exception]) -> None:
        # Only the last of three records is bad: the first two must not be left without their keys either.
        before = (a_report("x", "Sunita", phones=("1",), faces=(a_face(1),)), a_report("y", "Asha", phones=("2",)))
        index = indexed(*before)
        bad = a_report("z", "Pema", phones=("3",), faces=(a_face(1), FaceEmbedding(vector, MODEL)))
        with pytest.raises(error):
            index.upsert([replace(record, names=(PersonName("Changed"),)) for record in before] + [bad])
        assert state_of(index) == state_of(indexed(*before))
        with pytest.raises(error):
            look(index, a_rescue("q", faces=bad.faces))


def state_of(index: MatchIndex) -> object:
    """Return everything an index knows, rows by their owners."""
    return [
        (
            [
                {owner: rows.index.reconstruct(np.array(ids)).tolist() for owner, ids in rows.rows.items()}
                for rows in (side.vectors, side.faces)
            ],
            side.keys,
            side.keys_of,
        )
        for side in index.sides.values()
    ], (index.names_of, index.context)


class TestFrequencies:
    def test_only_reports_are_counted_own_names_apart_from_relatives(self) -> None:
        index = indexed(
            a_report(
                "m", "Sunita", "Buli", father=(PersonName("Haren"),), mother=(PersonName("Malati"),), origin=NADIA
            ),
            a_rescue("r", "Asha", father=(PersonName("Bimal"),)),
        )
        assert index.context.own_names.names == 2
        assert index.context.relative_names.names == 2
        assert index.names_of == {"m": ("IN/WB/nadia", ("Sunita", "Buli"), ("Haren", "Malati"))}
        assert set(index.context.own_names.regions) == {"", "IN", "IN/WB"}

    def test_the_context_of_a_file_is_that_of_an_index_of_it(self, population: Any) -> None:
        index = MatchIndex(MODEL)
        index.upsert(population.reports)
        assert context_of(RecordColumns.build(population.reports), len(population.reports)) == index.context

    def test_relatives_of_every_relation_are_relatives(self) -> None:
        record = a_report("x", "A", father=(PersonName("F"),), mother=(PersonName("M"),), relatives=(PersonName("R"),))
        assert counted_names(record) == (("A",), ("F", "M", "R"))


class TestKeys:
    def test_equal_keys_are_one_and_keep_their_order(self) -> None:
        keys = keys_of(a_report("x", phones=("1", "2", "1"), identifiers=(("FIR", "1"), ("FIR", "1"))))
        assert len(keys) == len(set(keys)) == 3
        assert keys[:2] == keys_of(a_report("y", phones=("1", "2")))

    def test_a_record_without_keys(self) -> None:
        assert keys_of(a_report("x", "Sunita")) == ()


class TestRows:
    def test_no_rows_are_no_change(self) -> None:
        rows = Rows(FaissIndex(2))
        rows.add([], np.zeros((0, 2), np.float32))
        rows.remove(["nobody"])
        assert (len(rows.index), rows.next_row) == (0, 1)

    def test_row_numbers_are_never_used_again(self) -> None:
        rows = Rows(FaissIndex(2))
        rows.add(["a", "b", "a"], np.eye(3, 2, dtype=np.float32))
        assert rows.rows == {"a": [1, 3], "b": [2]}
        rows.remove(["a"])
        rows.add(["a"], np.ones((1, 2), np.float32))
        assert rows.owner == {2: "b", 4: "a"}
        assert rows.rows_of(["a", "b", "nobody"]).tolist() == [2, 4]

    def test_nearest_is_best_first_and_zero_queries_find_nobody(self) -> None:
        rows = Rows(FaissIndex(2))
        rows.add(["a", "b", "a"], np.array([[1, 0], [0, 1], [2, 0]], np.float32))
        queries = np.array([[1, 0.5], [0, 0], [0, 1]], np.float32)
        assert rows.nearest(queries, 2, None) == [["a", "a"], [], ["b"]]
        assert rows.nearest(queries, 9, None) == [["a", "a", "b"], [], ["b"]]
        assert rows.nearest(queries, 9, rows.rows_of(["b"])) == [["b"], [], ["b"]]
        # Nothing in common, or the opposite, is no reason to compare.
        assert rows.nearest(np.array([[-1, 0], [0, -1], [-1, 1e-6]], np.float32), 9, None) == [[], [], ["b"]]


def test_a_record_that_is_being_replaced_is_never_missing() -> None:
    record = a_report("she", "Sunita Mondal", phones=("1",))
    index = indexed(*OTHERS, record)
    query = RecordColumns.build([a_rescue("q", "Sunita Mondal", phones=("1",))])
    stop, wrong, searches = threading.Event(), list[object](), list[int]()

    def search() -> None:
        while not stop.is_set():
            (found,) = index.candidates(query, Side.MISSING, 1)
            searches.append(1)
            if KEY_ROUTE not in found.routes.get("she", ()) or "name" not in found.routes["she"]:
                wrong.append(found)

    reader = threading.Thread(target=search)
    reader.start()
    for _ in range(60):
        index.upsert([record])
    stop.set()
    reader.join(20)
    assert not reader.is_alive()
    assert searches
    assert not wrong
