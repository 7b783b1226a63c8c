"""Is the index of what is there now alone, through every change, and does a search see each record whole?"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from itertools import pairwise
from typing import Any

import pytest

from indexing import match_index
from indexing.candidates import KEY_ROUTE, PHOTO_ROUTE
from indexing.match_index import MatchIndex, context_of
from indexing.segment import keys_of_ids
from matcher.columns import RecordColumns, exact_key
from matcher.person import PersonName, PersonRecord, Place, Side
from tests.indexing.made_records import (
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


class TestUpsert:
    def test_twice_is_once(self, population: Any) -> None:
        once, twice = indexed(*population.everybody), indexed(*population.everybody)
        twice.upsert(population.everybody)
        assert len(twice) == len(once) == 260
        for side in Side:
            assert twice.ids(side) == once.ids(side)
            assert twice.count(side) == once.count(side)
        assert twice.context == once.context
        assert looks(twice, population.rescues, 5) == looks(once, population.rescues, 5)
        twice.compact()
        assert looks(twice, population.rescues, 5) == looks(once, population.rescues, 5)

    def test_the_new_version_stands_in_the_place_of_the_old(self) -> None:
        decoy = a_report("decoy", "Sunita Mandal")
        index = indexed(*OTHERS, decoy, a_report("she", "Sunita Mondal", phones=("1",), faces=(a_face(1),)))
        index.upsert([a_report("she", "Phulmoni", phones=("2",), faces=(a_face(2),))])
        assert look(index, a_rescue("q", "Sunita Mondal", phones=("1",))).keys() == {"decoy"}
        assert look(index, a_rescue("q", "Phulmoni", phones=("2",)))["she"] == ("name", KEY_ROUTE)
        assert list(index.photos[Side.MISSING].rows) == ["she"]
        assert len(index.photos[Side.MISSING].index) == 1

    def test_the_last_of_several_versions_in_one_call_wins(self) -> None:
        index = indexed(a_report("x", "Sunita"), a_report("y", "Asha"), a_report("x", "Phulmoni"))
        assert len(index) == 2
        assert look(index, a_rescue("q", "Phulmoni")).keys() == {"x"}
        assert b"sunita" not in bytes_of(index.segments)
        assert index.context == indexed(a_report("x", "Phulmoni"), a_report("y", "Asha")).context

    def test_records_may_come_one_by_one(self, population: Any) -> None:
        at_once, one_by_one = indexed(*population.reports[:40]), MatchIndex(MODEL)
        for record in population.reports[:40]:
            one_by_one.upsert([record])
            sizes = [len(segment) for segment in one_by_one.segments]
            assert all(large >= 4 * small for large, small in pairwise(sizes))
        one_by_one.compact()
        assert looks(one_by_one, population.rescues, 5) == looks(at_once, population.rescues, 5)


class TestCompact:
    def test_segments_are_of_as_many_records_as_they_may_be(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(match_index, "_SMALL", 0)
        monkeypatch.setattr(match_index, "MOST_IN_A_SEGMENT", 6)
        index = indexed()
        for number, size in enumerate((1, 6, 2, 9, 5, 4, 1, 3)):
            index.upsert([a_report(f"r{number}-{n}", "Sunita") for n in range(size)])
        untouched = [segment for segment in index.segments if len(segment) in (9, 4)]
        index.remove(["r1-0", "r4-0", *(f"r7-{n}" for n in range(3))])
        held = index.ids(Side.MISSING)
        index.compact()
        sizes = [len(segment) for segment in index.segments]
        assert sorted(sizes) == [2, 4, 5, 6, 9]
        assert all(segment.alive.all() for segment in index.segments)
        assert index.ids(Side.MISSING) == held
        assert sum(sizes) == len(index) == len(held)
        assert all(any(one is segment for segment in index.segments) for one in untouched)

    def test_twice_is_once(self, population: Any) -> None:
        index = indexed(*population.everybody)
        index.remove(record.record_id for record in population.everybody[::3])
        index.compact()
        before = index.segments
        index.compact()
        assert index.segments == before

    def test_nothing_of_one_who_was_erased_is_left(self, population: Any) -> None:
        she = a_report(
            "erase-me", "Zubaxida Kharbuliwar", father=named("Xanthor Q"), relatives=named("Yoxane"),
            origin=Place("IN", "West Bengal", "Nadia", "Vexagram"), remembered=("Quxistan",), marks=("wart on zygoma",),
            phones=("+919812345678",), community=("Zorbites",), clothing=("red bogro",), address="Wyxroad 7",
            languages=("xqz",), faces=(a_face(1),), extras=(("shoe", "zapatoxa"),),
        )  # fmt: skip
        index = indexed(*population.everybody[:30], she)
        again = replace(she, phones=("+919812345679",))
        index.upsert([*population.everybody[30:40], again])
        written = bytes_of(index.segments).lower()
        # Of a name, and of a village, what it sounds like is all that is kept.
        said = ("erase-me", "beksagram", "Quxistan", "zygoma", "Zorbites", "bogro", "Wyxroad", "xqz", "zapatoxa")
        others = words_in(indexed(*population.everybody[:40]))
        hers = {word for word in words_in(index) - others if len(word) > 3}  # a letter may stand anywhere
        assert len(hers) >= 3
        for text in (*said, *hers):
            assert text.lower().encode() in written, text
        assert keys_in(index, again) == 2
        index.remove(["erase-me"])
        index.compact()
        left = bytes_of(index.segments).lower()
        for text in (*said, *hers):
            assert text.lower().encode() not in left, text
        assert keys_in(index, she) == keys_in(index, again) == 0
        assert not index.photos[Side.MISSING].rows
        assert len(index.photos[Side.MISSING].index) == 0


def words_in(index: MatchIndex) -> set[str]:
    """Return the words of all names, as they are heard."""
    return {word for segment in index.segments for word in segment.columns.names.vocabulary}


def keys_in(index: MatchIndex, record: PersonRecord) -> int:
    """Return how many of the numbers that a record is looked up by stand in the tables."""
    keys = {int(keys_of_ids([record.record_id])[0]), exact_key("phone", record.phones[0])}
    return sum(key.to_bytes(8, "little") in bytes_of(index.segments) for key in keys)


class TestRemove:
    def test_nothing_is_left(self) -> None:
        index = indexed(a_report("x", "Sunita", "Buli", father=named("Haren"), phones=("1",), faces=(a_face(1),)))
        index.remove(["x", "unknown", "x"])
        assert look(index, a_rescue("q", "Sunita", father=named("Haren"), phones=("1",), faces=(a_face(1),)), 9) == {}
        assert len(index) == index.count(Side.MISSING) == 0
        assert index.ids(Side.MISSING) == set()
        assert index.locate(["x"]).segment.tolist() == [-1]
        photos = index.photos[Side.MISSING]
        assert (len(photos.index), photos.owner, photos.rows) == (0, {}, {})
        for frequencies in (index.context.own_names, index.context.relative_names):
            assert frequencies.names == 0
            assert not any(counts.words for counts in frequencies.regions.values())
        index.compact()
        assert index.segments == ()

    def test_a_shared_key_stays_with_its_other_holders(self) -> None:
        index = indexed(a_report("x", phones=("1", "2")), a_report("y", phones=("1",)))
        index.remove(["x"])
        assert look(index, a_rescue("q", phones=("1", "2"))) == {"y": (KEY_ROUTE,)}

    def test_it_takes_any_iterable(self) -> None:
        index = indexed(*OTHERS)
        index.remove(record.record_id for record in OTHERS[:2])
        assert index.ids(Side.MISSING) == {"other-3"}


class TestLocate:
    def test_where_records_are(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(match_index, "_SMALL", 0)
        index = indexed(*OTHERS)
        index.upsert([a_rescue("r", "Asha"), replace(OTHERS[1], phones=("2",))])
        index.remove(["other-1"])
        there = index.locate(["other-3", "nobody", "other-2", "r", "other-1", "r"])
        assert (there.segment < 0).tolist() == [False, True, False, False, True, False]
        assert there.segment.tolist() == [0, -1, 1, 1, -1, 1]
        ids = [
            index.segments[segment].columns.ids[row] if segment >= 0 else None
            for segment, row in zip(there.segment.tolist(), there.row.tolist(), strict=True)
        ]
        assert ids == ["other-3", None, "other-2", "r", None, "r"]


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
        assert set(index.context.own_names.regions) == {"", "IN", "IN/WB"}

    def test_the_context_of_a_file_is_that_of_an_index_of_it(self, population: Any) -> None:
        index = MatchIndex(MODEL)
        index.upsert(population.reports)
        assert context_of(RecordColumns.build(population.reports), len(population.reports)) == index.context

    def test_relatives_of_every_relation_are_relatives(self) -> None:
        record = a_report("x", "Asha", father=named("Faiz"), mother=named("Malati"), relatives=named("Ratan"))
        index = indexed(record)
        assert (index.context.own_names.names, index.context.relative_names.names) == (1, 3)
        assert len(index.context.relative_names.regions[""].words) == 3


class TestThreads:
    def test_a_record_that_is_being_replaced_is_found_in_one_version(self) -> None:
        versions = [
            a_report("she", "Sunita Mondal", phones=("1",), faces=(a_face(1),)),
            a_report("she", "Phulmoni Gurung", phones=("2",), faces=(a_face(2),)),
        ]
        expected = [
            look(indexed(one), a_rescue("q", *NAMES_OF_BOTH, phones=("1", "2"), faces=(a_face(1), a_face(2))), 9)["she"]
            for one in versions
        ]
        assert expected == [("name", KEY_ROUTE, PHOTO_ROUTE)] * 2
        index = indexed(*OTHERS, versions[0])
        query = a_rescue("q", *NAMES_OF_BOTH, phones=("1", "2"), faces=(a_face(1), a_face(2)))

        def right() -> bool:
            with index.steady():
                return look(index, query, 9)["she"] == ("name", KEY_ROUTE, PHOTO_ROUTE)  # and once, as `look` asserts

        def change(number: int) -> None:
            index.upsert([versions[number % 2], a_report(f"more-{number}", "Asha")])
            if number % 7 == 0:
                index.compact()

        assert_always(right, change)

    def test_one_who_is_removed_and_comes_back_is_found_whole_or_not_at_all(self) -> None:
        she = a_report("she", "Sunita Mondal", phones=("1",), faces=(a_face(1),))
        index = indexed(*OTHERS, she)
        query = a_rescue("q", "Sunita Mondal", phones=("1",), faces=(a_face(1),))

        def right() -> bool:
            with index.steady():
                found = look(index, query, 9)
                return found.get("she") == (
                    ("name", KEY_ROUTE, PHOTO_ROUTE) if "she" in index.ids(Side.MISSING) else None
                )

        def change(number: int) -> None:
            if number % 2:
                index.upsert([she])
            else:
                index.remove(["she"])

        assert_always(right, change)


NAMES_OF_BOTH = ("Sunita Mondal", "Phulmoni Gurung")


def assert_always(right: Callable[[], bool], change: Callable[[int], None]) -> None:
    """Check something all the time in two threads, while this one makes changes."""
    stop, searches = threading.Event(), list[bool]()

    def search() -> None:
        while not stop.is_set():
            searches.append(right())
            time.sleep(0.001)  # locks are not fair: who asks without a pause lets nobody else in

    with ThreadPoolExecutor(2) as pool:
        readers = [pool.submit(search) for _ in range(2)]
        try:
            for number in range(60):
                change(number)
        finally:
            stop.set()
        for reader in readers:
            reader.result(20)
    assert searches
    assert all(searches)
