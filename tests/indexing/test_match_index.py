"""Is everybody found who should be, by the route that says why, and nobody after being forgotten?"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from typing import Any

import numpy as np
import pytest

from indexing import match_index
from indexing.candidates import KEY_ROUTE, PHOTO_ROUTE, Filter
from indexing.errors import BadSearch, BadVector
from indexing.match_index import FACE_WIDTH, MatchIndex
from indexing.shelf import PLACE_ROUTE
from matcher.errors import DimensionMismatch
from matcher.person import FaceEmbedding, PartialDate, PersonName, PersonRecord, Place, Sex, Side
from tests.indexing.made_records import (
    KATHMANDU,
    MODEL,
    NADIA,
    OTHERS,
    a_face,
    a_report,
    a_rescue,
    bytes_of,
    indexed,
    look,
    looks,
    named,
)


class TestRoutes:
    def test_by_name_only(self) -> None:
        index = indexed(*OTHERS, a_report("she", "Sunita Mondal", origin=NADIA))
        found = look(index, a_rescue("q", "सुनीता मंडल", origin=KATHMANDU), k=9)
        assert found["she"] == ("name",)
        assert found["other-3"] == (PLACE_ROUTE,)

    def test_by_place_only(self) -> None:
        index = indexed(*OTHERS, a_report("she", "Sunita Mondal", origin=NADIA))
        assert look(index, a_rescue("q", origin=NADIA)) == {"she": (PLACE_ROUTE,)}

    @pytest.mark.parametrize("relative", ["father", "mother"])
    def test_by_a_parents_name_only(self, relative: str) -> None:
        index = indexed(*OTHERS, a_report("she", "Sunita Mondal", **{relative: named("Haren Mondal")}))
        found = look(index, a_rescue("q", **{relative: named("Haren Mandal")}))
        assert found == {"she": (relative,)}

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
        assert look(index, a_rescue("q", birth=day), k=9) == {"she": (KEY_ROUTE,)}

    def test_an_interval_of_birth_is_no_key(self) -> None:
        month = PartialDate(date(2011, 5, 1), date(2011, 5, 31))
        index = indexed(a_report("she", birth=month))
        assert look(index, a_rescue("q", birth=month)) == {}
        assert look(index, a_rescue("q", birth=month, origin=NADIA)) == {}
        assert look(indexed(a_report("she", birth=month, origin=NADIA)), a_rescue("q", birth=month, origin=NADIA)) == {
            "she": (PLACE_ROUTE,)
        }

    def test_everybody_who_shares_a_key_is_found_beyond_k(self) -> None:
        reports = [a_report(f"r{number}", phones=("+919800000000",)) for number in range(5)]
        found = look(indexed(*reports), a_rescue("q", phones=("+919800000000",)), k=1)
        assert found == {f"r{number}": (KEY_ROUTE,) for number in range(5)}

    def test_a_route_is_named_once(self) -> None:
        index = indexed(a_report("she", "Sunita", "Buli", phones=("1", "2"), faces=(a_face(1), a_face(2))))
        query = a_rescue("q", "Sunita", "Buli", phones=("1", "2"), faces=(a_face(1), a_face(2)))
        found = look(index, query, k=9)
        assert found == {"she": ("name", KEY_ROUTE, PHOTO_ROUTE)}

    def test_k_rows_are_taken_for_each_name_wherever_they_lie(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(match_index, "_SMALL", 0)
        index = indexed()
        for number in range(9):
            index.upsert([a_report(f"r{number}", "Sunita"), a_report(f"g{number}", "Gurung")])
        assert len(index.segments) == 9
        for k in (1, 4):
            found = look(index, a_rescue("q", "Sunita"), k=k)
            assert list(found.values()) == [("name",)] * k
            assert all(record_id.startswith("r") for record_id in found)
            assert len(look(index, a_rescue("q", "Sunita", "Gurung"), k=k)) == 2 * k

    def test_several_threads_find_what_one_finds(self, population: Any) -> None:
        index = indexed(*population.reports)
        one, other = (index.candidates(population.rescues, Side.MISSING, 7, threads=n)[1] for n in (1, 3))
        for name in ("asking", "segment", "row", "routes"):
            assert np.array_equal(getattr(one, name), getattr(other, name))
        assert one.scanned == other.scanned > 0

    def test_k_below_one(self) -> None:
        with pytest.raises(BadSearch):
            look(indexed(*OTHERS), a_rescue("q", "Sunita"), k=0)

    def test_nearly_every_rescued_person_of_a_population_finds_her_report(self, population: Any) -> None:
        found = looks(indexed(*population.reports), population.rescues, 20)
        hits = [
            population.truth[rescue.record_id] in one
            for rescue, one in zip(population.rescues, found, strict=True)
            if rescue.record_id in population.truth
        ]
        assert len(hits) == 36
        assert np.mean(hits) >= 0.97


class TestAliases:
    def test_an_alias_is_a_further_row_of_the_same_record(self) -> None:
        index = indexed(*OTHERS, a_report("she", "Sunita Mondal", "Buli"))
        (segment,) = index.segments
        assert index.count(Side.MISSING) == len(segment) == 4
        assert len(segment.sides[Side.MISSING].shelf) == 5
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
        assert look(index, report, 9, side=Side.MISSING) == {}
        assert look(index, replace(report, record_id="other"), 9, side=Side.MISSING).keys() == {"m"}

    def test_a_record_that_changes_side_leaves_the_old_one(self) -> None:
        index = indexed(a_report("x", "Sunita", phones=("1",), faces=(a_face(1),)))
        index.upsert([a_rescue("x", "Sunita", phones=("1",), faces=(a_face(1),))])
        assert (index.ids(Side.MISSING), index.ids(Side.RESCUED)) == (set(), {"x"})
        assert (index.count(Side.MISSING), index.count(Side.RESCUED)) == (0, 1)
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
        assert index.ids(Side.MISSING) == {"x"}

    def test_no_queries_no_records(self) -> None:
        index = MatchIndex(MODEL)
        index.upsert([])
        index.remove([])
        assert len(index) == 0
        assert len(index.candidates([], Side.MISSING, 3)[1]) == 0
        index.compact()
        assert index.segments == ()
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
        assert found or not any(letter.isalnum() for letter in text)
        index.remove(["x"])
        assert len(index) == 3


class TestOnly:
    QUERY = a_rescue("q", "Sunita Mondal", phones=("1",), faces=(a_face(1),), origin=NADIA)
    RECORDS = tuple(
        a_report(
            f"r{number}", "Sunita Mondal", "Buli", phones=("1",), faces=(a_face(1),), origin=NADIA,
            sex=Sex.MALE if number > 3 else Sex.FEMALE,
        )
        for number in range(6)
    )  # fmt: skip
    BOYS = Filter(sexes=(2,))

    @pytest.mark.parametrize("k", [1, 3, 50])
    @pytest.mark.parametrize("small", [0, 99])
    def test_every_route_finds_only_whom_it_may(self, monkeypatch: pytest.MonkeyPatch, k: int, small: int) -> None:
        monkeypatch.setattr(match_index, "_SMALL", small)
        index = indexed()
        for record in self.RECORDS:
            index.upsert([record])
        # The lowest rows would win every tie: they are the ones that may not be found.
        found = look(index, self.QUERY, k, only=self.BOYS)
        assert found.keys() == {"r4", "r5"}
        routes = set(found.values())
        assert all(KEY_ROUTE in one for one in routes)
        assert any({PLACE_ROUTE, PHOTO_ROUTE} <= set(one) for one in routes) or k == 1
        assert {PLACE_ROUTE, PHOTO_ROUTE} <= {route for one in routes for route in one}

    def test_nobody_passes_and_everybody_does(self) -> None:
        index = indexed(*self.RECORDS)
        assert look(index, self.QUERY, 9, only=Filter(areas=("NP",))) == {}
        assert look(index, self.QUERY, 3, only=Filter(areas=("IN/WB",))) == look(index, self.QUERY, 3)
        assert look(index, self.QUERY, 3, only=Filter()) == look(index, self.QUERY, 3)

    def test_a_limit_opens_no_other_side_and_brings_nobody_back(self) -> None:
        index = indexed(*self.RECORDS, a_rescue("s", "Sunita Mondal", phones=("1",), sex=Sex.MALE))
        index.remove(["r4"])
        assert look(index, self.QUERY, 9, only=self.BOYS).keys() == {"r5"}


class TestFaces:
    def test_faces_of_another_model_are_left_out(self) -> None:
        index = indexed(
            a_report("old", faces=(a_face(1, model="onnx-9"),)),
            a_report("both", faces=(a_face(2, model="onnx-9"), a_face(3))),
        )
        assert len(index.photos[Side.MISSING].index) == 1
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
    """Return everything an index knows."""
    photos = [
        {owner: rows.index.reconstruct(np.array(held)).tolist() for owner, held in rows.rows.items()}
        for rows in index.photos.values()
    ]
    alive = [segment.alive.tolist() for segment in index.segments]
    return bytes_of(index.segments), alive, photos, index.context, len(index)
