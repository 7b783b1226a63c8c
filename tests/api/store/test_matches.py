"""Stored pairs: one id for ever, and an event whenever the evidence moves by a step."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from api.store import Connection, Database, RowMissing, cases, matches
from api.store.tables import GRADES
from matcher.errors import InvalidRecord


class Pair:
    """One pair of cases that is compared again and again."""

    def __init__(self, conn: Connection, world) -> None:
        self.conn, self.world = conn, world
        self.missing, self.rescued = world.case(conn, "missing"), world.case(conn, "rescued")

    def store(self, **changed) -> tuple[matches.Match, str]:
        values = {"match_id": self.world.id("match"), "missing_id": self.missing.id, "rescued_id": self.rescued.id}
        return matches.upsert_match(
            self.conn, **values, evidence=self.world.evidence(**changed), at=self.world.later(hours=1)
        )


@pytest.fixture
def pair(conn: Connection, world) -> Pair:
    return Pair(conn, world)


def kinds(conn: Connection, match_id: str) -> list[str]:
    return [event.kind for event in matches.events_of(conn, match_id)]


def test_a_new_pair_is_suggested_with_its_evidence(pair: Pair, conn) -> None:
    match, outcome = pair.store()
    assert outcome == "new"
    assert (match.state, match.grade, match.weight, match.weight_without_face) == ("suggested", "probable", 8.5, 6.25)
    assert (match.contributions, match.routes) == ([{"comparison": "names", "weight": 8.5}], ["names"])
    assert matches.get_match(conn, match.id) == match
    assert matches.get_match(conn, "nothing") is None
    (event,) = matches.events_of(conn, match.id)
    assert (event.kind, event.actor, event.detail["weight"]) == ("new", "engine", 8.5)


def test_the_same_pair_keeps_its_id_and_a_quiet_night_writes_nothing(pair: Pair, conn) -> None:
    first, _ = pair.store()
    again, outcome = pair.store()
    assert (again, outcome) == (first, "same")
    assert kinds(conn, first.id) == ["new"]


@pytest.mark.parametrize(
    ("changed", "outcome"),
    [
        ({"weight": 9.5}, "risen"),
        ({"weight": 9.4}, "same"),
        ({"weight": 7.5}, "fallen"),
        ({"weight": 7.6}, "same"),
        ({"grade": "certain", "weight": 1.0}, "risen"),
        ({"grade": "possible", "weight": 20.0}, "fallen"),
        ({"grade": "certainly-not"}, "fallen"),
        ({"evidence_hash": "e2", "routes": ["photo"]}, "same"),
        ({"model_version": "m2"}, "same"),
        ({"rescued_version": 2}, "same"),
    ],
)
def test_grade_counts_first_then_whole_steps_of_weight(pair: Pair, conn, changed, outcome) -> None:
    first, _ = pair.store()
    match, found = pair.store(**changed)
    assert found == outcome
    assert match.id == first.id
    assert all(getattr(match, name) == value for name, value in changed.items())
    assert kinds(conn, match.id) == (["new"] if outcome == "same" else ["new", outcome])


def test_a_weight_that_creeps_up_rises_once_the_sum_is_a_step(pair: Pair) -> None:
    pair.store(weight=8.0)
    assert [pair.store(weight=8.0 + 0.25 * night)[1] for night in range(1, 9)] == ["same", "same", "same", "risen"] * 2


def test_the_engine_leaves_a_persons_state_alone(pair: Pair, conn, world) -> None:
    match, _ = pair.store()
    assert matches.set_state(
        conn, match.id, "rejected", expected="suggested", kind="rejected", actor="p1", at=world.now, detail={"r": 1}
    )
    risen, outcome = pair.store(weight=20.0)
    assert (risen.state, outcome) == ("rejected", "risen")
    assert kinds(conn, match.id) == ["new", "rejected", "risen"]
    assert matches.events_of(conn, match.id)[1].detail == {"from": "suggested", "to": "rejected", "r": 1}


def test_a_state_moves_only_from_where_it_is(pair: Pair, conn, world) -> None:
    match, _ = pair.store()
    step = {"expected": "triage", "kind": "verified", "actor": "p1", "at": world.now}
    assert not matches.set_state(conn, match.id, "verified", **step)
    assert matches.require_match(conn, match.id).state == "suggested"
    with pytest.raises(RowMissing):
        matches.require_match(conn, "nothing")


def test_an_unknown_grade_is_refused(pair: Pair) -> None:
    with pytest.raises(InvalidRecord, match="grade"):
        pair.store(grade="sure")


def test_a_partner_sees_the_matches_of_its_own_cases_only(conn, world) -> None:
    one, two = world.match(conn, grade="certain"), world.match(conn, grade="possible")
    reporter = cases.require_case(conn, one.missing_id).owner_id
    rescuer = cases.require_case(conn, one.rescued_id).owner_id
    other = cases.require_case(conn, two.missing_id).owner_id
    for owner in (reporter, rescuer):
        assert matches.list_matches(conn, owner, limit=9) == [one]
    assert matches.list_matches(conn, other, limit=9) == [two]
    assert matches.list_matches(conn, world.partner(conn).id, limit=9) == []
    assert matches.list_matches(conn, reporter, grades=["certain"], states=["suggested"], limit=9) == [one]
    assert matches.list_matches(conn, reporter, grades=["possible"], limit=9) == []
    assert matches.list_matches(conn, reporter, states=["rejected"], limit=9) == []


def test_matches_are_paged_by_id_and_a_cases_come_strongest_first(conn, world) -> None:
    reports = [world.case(conn, "missing") for _ in range(3)]
    rescued = world.case(conn, "rescued")
    found = [
        matches.upsert_match(
            conn,
            match_id=f"m{number}",
            missing_id=report.id,
            rescued_id=rescued.id,
            evidence=world.evidence(weight=float(number)),
            at=world.now,
        )[0]
        for number, report in enumerate(reports)
    ]
    assert matches.matches_of_case(conn, rescued.id) == found[::-1]
    assert matches.matches_of_case(conn, reports[1].id) == [found[1]]
    assert matches.list_matches(conn, rescued.owner_id, limit=2) == found[:2]
    assert matches.list_matches(conn, rescued.owner_id, after="m1", limit=2) == found[2:]


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(st.sampled_from(GRADES), st.integers(-8, 8)), min_size=1, max_size=8))
def test_outcomes_agree_with_a_slow_account(database: Database, world, nights: list[tuple[str, int]]) -> None:
    """The oracle keeps what was last announced and compares every night with that."""
    with database.write() as conn:
        pair = Pair(conn, world)
        announced: tuple[int, float] | None = None
        for grade, half_bits in nights:
            now = (GRADES.index(grade), half_bits / 2)
            if announced is None:
                expected = "new"
            elif now[0] != announced[0]:
                expected = "risen" if now[0] > announced[0] else "fallen"
            elif abs(now[1] - announced[1]) >= 1.0:
                expected = "risen" if now[1] > announced[1] else "fallen"
            else:
                expected = "same"
            match, outcome = pair.store(grade=grade, weight=now[1])
            assert outcome == expected
            assert (match.grade, match.weight) == (grade, now[1])
            if expected != "same":
                announced = now
