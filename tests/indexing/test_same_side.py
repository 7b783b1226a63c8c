"""Whoever is on one side twice is found there, from either record; nobody else is, and nobody is found by herself."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt
import pytest

from data.synthetic import SyntheticWorld
from indexing.errors import BadSearch
from indexing.match_index import MatchIndex
from indexing.same_side import Alike, find_alike
from matcher.model import Grade, MatchModel
from matcher.person import PersonRecord, Side
from matcher.rivals import DUPLICATES

MODEL = MatchModel.load()


@pytest.fixture(scope="module")
def twice() -> list[PersonRecord]:
    """Sixty reports, of the first ten a second one, and thirty rescued persons."""
    world = SyntheticWorld(90_300)
    people = list(world.people(60))
    reports = [world.report(person, f"A{n:02d}") for n, person in enumerate(people)]
    reports += [world.report(person, f"B{n:02d}") for n, person in enumerate(people[:10])]
    rescued = [world.rescue(person, f"R{n:02d}") for n, person in enumerate(people[:30])]
    return [replace(record.to_person(world.today), faces=()) for record in (*reports, *rescued)]


@pytest.fixture(scope="module")
def index(twice: list[PersonRecord]) -> MatchIndex:
    made = MatchIndex("none")
    made.upsert(twice)
    return made


def asked(records: Sequence[PersonRecord], index: MatchIndex, **more: object) -> list[list[Alike]]:
    return find_alike(records, index, MODEL, share=DUPLICATES, **more)  # type: ignore[arg-type]


def test_second_reports_are_found_from_either_and_weigh_the_same(twice: list[PersonRecord], index: MatchIndex) -> None:
    reports = [record for record in twice if record.side is Side.MISSING]
    weights: dict[tuple[str, str], set[float]] = {}
    for record, some in zip(reports, asked(reports, index), strict=True):
        for alike in some:
            assert alike.pair.grade.rank >= Grade.PROBABLE.rank
            assert (alike.pair.left_id, alike.pair.right_id) == tuple(sorted((record.record_id, alike.other_id)))
            weights.setdefault((alike.pair.left_id, alike.pair.right_id), set()).add(round(alike.pair.weight, 6))
    true = {(f"A{n:02d}", f"B{n:02d}") for n in range(10)}
    assert len(true & weights.keys()) >= 9
    assert len(weights.keys() - true) <= 1  # brothers and sisters who were lost together
    assert all(len(said) == 1 for said in weights.values())


def test_only_the_own_side_is_searched(twice: list[PersonRecord], index: MatchIndex) -> None:
    rescued = [record for record in twice if record.side is Side.RESCUED]
    assert {alike.other_id[0] for some in asked(rescued, index) for alike in some} <= {"R"}
    with pytest.raises(ValueError, match="both sides"):
        asked([twice[0], rescued[0]], index)


def test_who_may_not_meet_is_not_found_and_who_is_known_is_returned_whatever_its_grade(
    twice: list[PersonRecord], index: MatchIndex
) -> None:
    def nobody(first: Sequence[str], _second: Sequence[str]) -> npt.NDArray[np.bool_]:
        return np.zeros(len(first), dtype=np.bool_)

    assert asked(twice[:10], index, permits=nobody) == [[]] * 10
    (some,) = asked([twice[0]], index, permits=nobody, also=[["A33"]])
    assert [(alike.other_id, alike.pair.grade) for alike in some] == [("A33", Grade.CERTAINLY_NOT)]


def test_what_cannot_be_asked_is_refused(twice: list[PersonRecord], index: MatchIndex) -> None:
    assert asked([], index) == []
    with pytest.raises(BadSearch):
        asked(twice[:1], index, candidates=0)
    with pytest.raises(ValueError, match="also"):
        asked(twice[:1], index, also=[])
