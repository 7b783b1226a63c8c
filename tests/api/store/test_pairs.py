"""A pair keeps its id; when its owners are told again, what a dismissal silences, and how far changes were followed."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from api.store import Connection, Database, RowMissing, pairs, partners
from api.store.pairs import Likeness

AT = datetime(2026, 11, 1, 9, 0, tzinfo=UTC)
PROBABLE, SURER, MUCH_SURER = ("probable", 4.0), ("probable", 4.9), ("probable", 5.1)
CERTAIN, LESS = ("certain", 9.0), ("probable", 3.0)


def found(conn: Connection, said: tuple[str, float], one: str = "case_b", other: str = "case_a") -> tuple[str, bool]:
    """Store a pair and return (its id, whether it is told)."""
    likeness = Likeness(said[0], said[1], [{"comparison": "name", "bits": said[1]}], "m1")
    pair, speaks = pairs.put(
        conn, pair_id=f"pair_{said[1]}", kind="person", one_id=one, other_id=other, found=likeness, at=AT
    )
    assert (pair.first_id, pair.second_id) == ("case_a", "case_b")
    assert (pair.grade, pair.weight) == said
    return pair.id, speaks


@pytest.fixture
def unit(database: Database) -> str:
    with database.write() as conn:
        partners.add_partner(
            conn, partner_id="unit", name="Unit", kind="ahtu", country="IN", language="en", at=AT
        )  # fmt: skip
    return "unit"


def test_a_pair_is_told_when_it_is_new_and_when_its_grade_rises(database: Database) -> None:
    with database.write() as conn:
        assert found(conn, PROBABLE) == ("pair_4.0", True)
        assert found(conn, PROBABLE, "case_a", "case_b") == ("pair_4.0", False)
        assert found(conn, MUCH_SURER) == ("pair_4.0", False)
        assert found(conn, CERTAIN) == ("pair_4.0", True)
        assert found(conn, PROBABLE) == ("pair_4.0", False)
        assert found(conn, CERTAIN) == ("pair_4.0", False)  # they have heard that
        assert pairs.require(conn, "pair_4.0").told == 2


def test_a_dismissed_pair_speaks_when_grade_or_weight_has_risen(database: Database, unit: str) -> None:
    with database.write() as conn:
        found(conn, PROBABLE)
        said = pairs.dismiss(conn, "pair_4.0", by=unit, reason="other", at=AT)
        assert (said.state, said.dismissed_by) == ("dismissed", unit)
        for weaker in (PROBABLE, LESS, SURER):
            assert found(conn, weaker)[1] is False
            assert pairs.require(conn, "pair_4.0").state == "dismissed"
        assert found(conn, MUCH_SURER)[1] is True
        again = pairs.require(conn, "pair_4.0")
        assert (again.state, again.dismissed_by, again.dismissed_reason, again.told) == ("open", None, None, 2)
        pairs.dismiss(conn, "pair_4.0", by=unit, reason="other", at=AT)
        assert found(conn, CERTAIN)[1] is True


def test_an_ended_pair_is_told_when_it_is_found_anew_unless_it_was_dismissed(database: Database, unit: str) -> None:
    with database.write() as conn:
        found(conn, PROBABLE)
        assert pairs.end(conn, "pair_4.0", "closed", AT)
        assert not pairs.end(conn, "pair_4.0", "erased", AT), "what has ended keeps its reason"
        assert pairs.of_records(conn, ["case_a"]) == []
        ended = pairs.require(conn, "pair_4.0")
        assert (ended.state, ended.ended_for) == ("ended", "closed")
        # What has ended is not dismissed any more.
        assert pairs.dismiss(conn, "pair_4.0", by=unit, reason="other", at=AT).state == "ended"
        assert found(conn, PROBABLE) == ("pair_4.0", True)
        pairs.dismiss(conn, "pair_4.0", by=unit, reason="other", at=AT)
        pairs.end(conn, "pair_4.0", "closed", AT)
        assert found(conn, PROBABLE) == ("pair_4.0", False)
        assert pairs.require(conn, "pair_4.0").state == "dismissed"


def test_the_mark_moves_on_and_only_by_wish_back(database: Database) -> None:
    with database.write() as conn:
        assert pairs.upto_seq(conn) == 0
        pairs.move_on(conn, 7)
        pairs.move_on(conn, 5)  # of a process that was slower
        assert pairs.upto_seq(conn) == 7
        pairs.move_on(conn, 0, back=True)
        assert pairs.upto_seq(conn) == 0


def test_what_is_not_there_is_said(database: Database) -> None:
    with database.write() as conn:
        assert pairs.get(conn, "pair_none") is None
        with pytest.raises(RowMissing):
            pairs.require(conn, "pair_none")
        with pytest.raises(RowMissing):
            pairs.dismiss(conn, "pair_none", by="unit", reason="other", at=AT)
        assert pairs.end(conn, "pair_none", "closed", AT) is False
