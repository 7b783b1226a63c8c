"""On Friday evening the office is closed until Monday: what is told then is due on Tuesday, whatever it is about."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from sqlalchemy import select

from api.store import tables

from .conftest import REPORT, House
from .test_agenda import go_to
from .test_bulletins import desk_in
from .test_pairs import AGAIN

WEEK = {day: [["09:30", "17:30"]] for day in ("mon", "tue", "wed", "thu", "fri")}
FRIDAY, TUESDAY = "2026-11-06T13:00", datetime(2026, 11, 10, 4, tzinfo=UTC)  # 18:30 and 09:30 in Kolkata


@pytest.fixture
def offices(fresh_house: House) -> House:
    """A house whose members work from Monday to Friday."""
    for name in fresh_house.members.keys() - {"operator"}:
        hours = {"time_zone": "Asia/Kolkata", "office_hours": WEEK}
        answer = fresh_house.ask("operator", "PATCH", f"/v1/partners/{fresh_house[name].id}", json=hours)
        assert answer.status_code == 200, answer.text
    return fresh_house


def due(house: House, kind: str) -> set[datetime | None]:
    of_kind = select(tables.alerts.c.due_at).where(tables.alerts.c.kind == kind)
    with house.sandhan.database.read() as conn:
        return set(conn.scalars(of_kind))


def test_a_pair(offices: House) -> None:
    go_to(offices, FRIDAY)
    offices.enter("family", REPORT)
    offices.enter("mumbai", AGAIN)
    assert due(offices, "same_person") == {TUESDAY}
    offices.clock.advance(hours=30)  # Saturday night
    assert offices.sandhan.attention.run_due().get("escalated") is None


def test_a_bulletin(offices: House) -> None:
    go_to(offices, FRIDAY)
    desk = desk_in(offices)
    desk.consent()
    desk.published("ahtu")
    assert due(offices, "bulletin") == {TUESDAY}


def test_a_clock(offices: House) -> None:
    offices.enter("family", REPORT)
    go_to(offices, "2027-03-05T13:00")  # a Friday, four months and four days later
    assert offices.sandhan.agenda.run_clocks() > 0
    assert due(offices, "clock") == {datetime(2027, 3, 9, 4, tzinfo=UTC)}
