"""Do segments, changes and who asks make a difference to what a pair weighs? They may not: the two records decide."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from indexing import match_index
from indexing.match_index import MatchIndex
from indexing.search import FEWEST_REPORTS, FoundMatch, find_matches, find_matches_batch
from indexing.segment import Segment
from matcher.columns import RecordColumns
from matcher.compare.faces import face_notes
from matcher.explanation import Contribution
from matcher.face_calibration import shipped_calibrations
from matcher.model import MatchModel
from matcher.person import PersonRecord, Side
from matcher.scoring import BESIDE, RIVALS, score_pairs, scored_pair
from tests.indexing.made_records import MODEL, a_face, a_report, a_rescue, indexed, named

MODEL_OF_EVIDENCE = MatchModel.load()


@pytest.fixture(scope="module")
def everybody(population: Any) -> tuple[PersonRecord, ...]:
    """Return the population, with photos, things carried and numbers that some of both sides share."""
    return tuple(
        replace(
            record,
            faces=tuple(a_face(number % 23 + n, near=0.3) for n in range(number % 3)),
            belongings=("silver anklets", "red bag")[: number % 3],
            clothing=("blue kurta",) if number % 2 else (),
            community=("Santal",) if number % 5 == 0 else (),
            phones=(f"980000{number % 50:04d}",) if number % 4 == 0 else record.phones,
        )
        for number, record in enumerate(population.everybody)
    )


def empty() -> MatchIndex:
    """Return an index in which photos say something: their model is calibrated as the shipped one."""
    (calibration,) = shipped_calibrations().values()
    return MatchIndex(MODEL, face_calibrations={MODEL: calibration})


def grown(everybody: tuple[PersonRecord, ...]) -> MatchIndex:
    """Return an index of many segments in which every third record has had another version, and some are gone."""
    index = empty()
    for start in range(0, len(everybody), 40):
        some, others = everybody[start : start + 40], everybody[start - 40 : start]
        before = zip(some[::3], others, strict=False)
        index.upsert([replace(one, names=other.names, origin=other.origin) for one, other in before])
        index.upsert(some)
    strangers = [replace(record, record_id=f"{record.record_id}-gone") for record in everybody[:30]]
    index.upsert(strangers)
    index.remove(record.record_id for record in strangers)
    return index


def written(index: MatchIndex) -> MatchIndex:
    """Return what is read of an index whose segments were written down."""
    index.compact()
    again = empty()
    for segment in index.segments:
        again.add(Segment.of(segment.tables()))
    again.photos = index.photos
    return again


@pytest.fixture(scope="module", params=["in one", "in many", "written"])
def index(request: pytest.FixtureRequest, everybody: tuple[PersonRecord, ...]) -> MatchIndex:
    if request.param == "in one":
        index = empty()
        index.upsert(everybody)
        return index
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(match_index, "_SMALL", 60)
        patch.setattr(match_index, "MOST_IN_A_SEGMENT", 90)
        index = grown(everybody)
        assert len(index.segments) > 4
        assert not all(segment.alive.all() for segment in index.segments)
        return index if request.param == "in many" else written(index)


def alone(
    matches: list[FoundMatch], held: dict[str, PersonRecord], index: MatchIndex, missing_first: bool
) -> list[tuple[Contribution, ...]]:
    """Return the explanations of pairs weighed from the records themselves, in one table made of them."""
    people = {id_: held[id_] for match in matches for id_ in (match.pair.left_id, match.pair.right_id)}
    columns, row = RecordColumns.build(people.values()), {name: number for number, name in enumerate(people)}
    sides = [np.array([row[name] for name in ids], dtype=np.int64) for ids in (
        [match.pair.left_id for match in matches], [match.pair.right_id for match in matches]
    )]  # fmt: skip
    i, j = sides if missing_first else sides[::-1]
    reports = max(index.count(Side.MISSING), FEWEST_REPORTS)
    scored = score_pairs(columns, i, j, index.context, MODEL_OF_EVIDENCE, reports)
    notes = face_notes(columns, i, j, index.context)
    return [
        scored_pair(scored, number, match.pair.left_id, match.pair.right_id, MODEL_OF_EVIDENCE, note).contributions
        for number, (match, note) in enumerate(zip(matches, notes, strict=True))
    ]


@pytest.mark.parametrize("side", Side)
def test_a_pair_weighs_what_the_two_records_say(
    everybody: tuple[PersonRecord, ...], index: MatchIndex, in_memory: Any, side: Side
) -> None:
    held = {record.record_id: record for record in everybody}
    queries = [record for record in everybody if record.side is side][:40]
    found = find_matches_batch(queries, index, in_memory(everybody), MODEL_OF_EVIDENCE, limit=30, candidates=60)
    matches = [match for one in found for match in one]
    assert len(matches) > 600
    told = alone(matches, held, index, missing_first=side is Side.MISSING)
    for match, expected in zip(matches, told, strict=True):
        *mine, rivals = match.pair.contributions
        assert rivals.comparison == RIVALS
        assert [replace(part, bits=0.0) for part in mine] == [replace(part, bits=0.0) for part in expected]
        assert [part.bits for part in mine] == pytest.approx([part.bits for part in expected], abs=1e-6)
        assert match.pair.weight == pytest.approx(sum(part.bits for part in expected) + rivals.bits, abs=1e-6)
    kinds = {part.comparison for match in matches for part in match.pair.contributions}
    assert {"face", "phones", "belongings", "community"} <= kinds
    assert set(BESIDE) & kinds


def test_a_pair_weighs_the_same_whoever_asks(
    everybody: tuple[PersonRecord, ...], index: MatchIndex, in_memory: Any
) -> None:
    source = in_memory(everybody)
    by_id = {record.record_id: record for record in everybody}
    rescues = [record for record in everybody if record.side is Side.RESCUED][:25]
    forward = [match for one in find_matches_batch(rescues, index, source, MODEL_OF_EVIDENCE, limit=4) for match in one]
    reports = sorted({match.pair.left_id for match in forward})
    also = [[match.pair.right_id for match in forward if match.pair.left_id == report] for report in reports]
    back = find_matches_batch([by_id[report] for report in reports], index, source, MODEL_OF_EVIDENCE, also=also)
    weights = {(match.pair.left_id, match.pair.right_id): match.pair for one in back for match in one}
    assert len(forward) > 60
    for match in forward:
        other = weights[match.pair.left_id, match.pair.right_id]
        assert other.weight == pytest.approx(match.pair.weight, abs=1e-6)
        assert other.grade is match.pair.grade


class TestWhileItChanges:
    SHE = a_rescue("r", "Balaiamlang Kharbuli", phones=("1",))
    REPORT = a_report("m", "Balaiamlang Kharbuli", father=named("Shanbor Nongrum"), phones=("1",))
    OTHER = replace(REPORT, record_id="other", names=named("Pemba Sherpa"))

    def test_a_report_that_is_removed_while_it_asks_is_weighed_to_the_end(self, in_memory: Any) -> None:
        index = indexed(self.SHE, self.REPORT, self.OTHER)
        before = find_matches(self.REPORT, index, in_memory([self.SHE]), MODEL_OF_EVIDENCE)

        class Removing:
            def records(self, record_ids: Any) -> list[PersonRecord]:
                index.remove(["m"])
                return [one for one in (TestWhileItChanges.SHE,) if one.record_id in record_ids]

        (match,) = find_matches(self.REPORT, index, Removing(), MODEL_OF_EVIDENCE)
        assert match.pair.right_id == "r"
        assert [one.pair.right_id for one in before] == ["r"]
        assert index.ids(Side.MISSING) == {"other"}

    def test_a_report_that_changes_while_it_asks_is_weighed_as_it_asked(self, in_memory: Any) -> None:
        index = indexed(self.SHE, self.REPORT, self.OTHER)
        expected = find_matches(self.REPORT, index, in_memory([self.SHE]), MODEL_OF_EVIDENCE)
        index.upsert([replace(self.REPORT, phones=("2",), father=())])
        (match,) = find_matches(self.REPORT, index, in_memory([self.SHE]), MODEL_OF_EVIDENCE)
        rivals = match.pair.contributions[-1].bits
        assert rivals == pytest.approx(expected[0].pair.contributions[-1].bits, abs=0.05)

    @pytest.mark.parametrize("query", [SHE, REPORT])
    def test_searches_meet_one_version_of_each(self, in_memory: Any, query: PersonRecord) -> None:
        versions = [self.OTHER, replace(self.OTHER, names=named("Phulmoni Gurung"), faces=(a_face(1),))]
        index, source = indexed(self.SHE, self.REPORT, self.OTHER), in_memory([self.SHE, self.REPORT])

        def search() -> list[str]:
            found = find_matches(query, index, source, MODEL_OF_EVIDENCE)
            return [match.pair.left_id for match in found]

        expected = {"r": ["m", "other"], "m": ["m"]}[query.record_id]
        assert sorted(search()) == expected
        for ids in while_it_changes(search, lambda number: index.upsert([versions[number % 2]])):
            assert sorted(ids) == expected


def while_it_changes(search: Callable[[], list[str]], change: Callable[[int], None]) -> list[list[str]]:
    """Return what two threads find while this one makes changes."""
    stop, answers = threading.Event(), list[list[str]]()

    def ask() -> None:
        while not stop.is_set():
            answers.append(search())
            time.sleep(0.001)

    with ThreadPoolExecutor(2) as pool:
        asking = [pool.submit(ask) for _ in range(2)]
        try:
            for number in range(40):
                change(number)
        finally:
            stop.set()
        for one in asking:
            one.result(30)
    assert len(answers) > 2
    return answers
