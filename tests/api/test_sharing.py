"""Who may no longer share ends what stands between the two: by leaving, by time, by being shut out, by handing over."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest

from api.store import agreements, cases, knowing, outbox, tables
from api.store.engine import note_queued
from api.store.errors import StoreError

from .conftest import REPORT, RESCUE, House
from .test_agreements import agree, manage
from .test_bulletins import desk_in
from .test_pairs import AGAIN, alerts_of, listed


def events(house: House, who: str) -> list[str]:
    return [str(alert["event"]) for alert in sorted(alerts_of(house, who), key=lambda one: str(one["id"]))]


def shut_out(house: House, _: str) -> None:
    changed = house.ask("operator", "PATCH", f"/v1/partners/{house['south'].id}", json={"active": False})
    assert changed.status_code == 200, changed.text


def leave(house: House, agreement: str) -> None:
    assert manage(house, "south", "POST", f"/v1/agreements/{agreement}/leave").status_code == 200


@pytest.mark.parametrize("end", [leave, shut_out])
def test_pairs_end_at_once_and_who_was_told_is_told(fresh_house: House, end: Callable[[House, str], None]) -> None:
    house = fresh_house
    for name in ("north", "south"):
        house.join(name, "ngo", agrees=False, email=f"{name}@example.org")
    agreement = agree(house, "north", "south")
    house.enter("north", REPORT)
    house.enter("south", AGAIN)
    assert (events(house, "north"), len(listed(house, "north"))) == (["found"], 1)
    end(house, agreement)
    assert (events(house, "north"), listed(house, "north")) == (["found", "ended"], [])


def test_an_agreement_that_runs_out_ends_them_when_it_is_looked_for(fresh_house: House) -> None:
    house = fresh_house
    sandhan = house.sandhan
    for name in ("north", "south"):
        house.join(name, "ngo", agrees=False, email=f"{name}@example.org")
    now = sandhan.clock()
    with sandhan.database.write() as conn:
        agreements.add_agreement(
            conn, agreement_id="agreement_short", reference="MoU 7", valid_from=now,
            valid_until=now + timedelta(days=60), at=now, by="test",
            parties=[house["north"].id, house["south"].id], accepted=[house["north"].id, house["south"].id],
        )  # fmt: skip
    house.enter("north", REPORT)
    house.enter("south", AGAIN)
    sandhan.sharing.enforce_due()
    assert events(house, "north") == ["found"]
    house.clock.advance(days=59)
    sandhan.sharing.enforce_due()
    assert events(house, "north") == ["found"]
    house.clock.advance(days=3)
    sandhan.sharing.enforce_due()
    assert events(house, "north") == ["found", "ended"]
    with sandhan.database.read() as conn:
        found = [str(alert["id"]) for alert in alerts_of(house, "south") if alert["event"] == "found"]
        assert {one.state for alert_id in found for one in outbox.messages_of(conn, alert_id)} == {"dead_letter"}


def test_bulletins_are_taken_down_when_an_agreement_is_left(fresh_house: House) -> None:
    desk = desk_in(fresh_house)
    desk.consent()
    bulletin = desk.published("ahtu")["id"]
    for agreement in manage(fresh_house, "ahtu", "GET", "/v1/agreements").json()["items"]:
        left = manage(fresh_house, "ahtu", "POST", f"/v1/agreements/{agreement['id']}/leave")
        assert left.status_code == 200
    with fresh_house.sandhan.database.read() as conn:
        told = knowing.alerts_of_subject(conn, "bulletin", bulletin)
    assert [one.event for one in told] == ["published", "taken_down", "over"]


def test_what_was_told_of_a_case_ends_for_whom_its_new_owner_has_no_agreement_with(fresh_house: House) -> None:
    house = fresh_house
    house.join("lonely", "shelter", ("IN/MH",), agrees=False, email="lonely@example.org")
    agree(house, "lonely", "shelter")
    agree(house, "lonely", "family")
    house.enter("family", REPORT)
    rescued = house.enter("shelter", RESCUE)["case"]["id"]
    with house.sandhan.database.write() as conn:
        conn.execute(tables.cases.update().where(tables.cases.c.id == rescued).values(owner_id=house["lonely"].id))
        house.sandhan.sharing.follow_owner(conn, cases.require_case(conn, rescued), house["shelter"].id)
    told = ("family", "ahtu", "mumbai")
    inboxes = {who: house.ask(who, "GET", "/v1/alerts").json()["items"] for who in told}
    states = {who: [alert["state"] for alert in inbox] for who, inbox in inboxes.items()}
    assert states == {"family": ["queued"], "ahtu": ["closed"], "mumbai": ["closed"]}


def test_the_bell_rings_after_the_commit_that_queued_and_only_then(fresh_house: House) -> None:
    house = fresh_house
    rung: list[int] = []

    def ring() -> None:
        with house.sandhan.database.read() as conn:
            rung.append(outbox.pending_count(conn))

    house.sandhan.database.on_queued = ring
    house.enter("family", REPORT)
    assert rung == []
    house.enter("mumbai", AGAIN)
    assert rung[0] > 0, "what was queued can be read when the bell rings"
    before = len(rung)
    with pytest.raises(StoreError):
        queue_and_fail(house)
    house.ask("family", "GET", "/v1/cases")
    assert len(rung) == before, "what was undone queued nothing"


def queue_and_fail(house: House) -> None:
    with house.sandhan.database.write() as conn:
        note_queued(conn)
        raise StoreError("undone")
