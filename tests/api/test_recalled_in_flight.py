"""A match is rejected, or a pair ends, while messages of it are on the wire: who may have heard has to acknowledge."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from api.store import outbox, outbox_lanes, tables
from api.store.outbox_lanes import Claim

from .conftest import REPORT, House, Pair, matched
from .test_decisions import REJECT, taken
from .test_pairs import AGAIN

LEASE = timedelta(seconds=120)


def claim(house: House) -> dict[str, Claim]:
    """Claim every lane that is due, as a dispatcher does before it sends; by recipient."""
    with house.sandhan.database.write() as conn:
        claims = outbox_lanes.claim_lanes(conn, house.clock(), LEASE, batch=100)
    names = {member.id: name for name, member in house.members.items()}
    return {names[one.recipient_id]: one for one in claims}


def alerts_of(house: House, who: str) -> list[dict[str, Any]]:
    return list(house.ask(who, "GET", "/v1/alerts").json()["items"])


def states(house: House, who: str) -> list[str]:
    own = tables.outbox.c.recipient_id == house[who].id
    with house.sandhan.database.read() as conn:
        return list(conn.scalars(select(tables.outbox.c.state).where(own).order_by(tables.outbox.c.seq)))


@pytest.fixture
def own(fresh_house: House) -> Pair:
    return matched(fresh_house)


@pytest.mark.parametrize("ends", ["arrives", "fails", "is lost", "was not sent"])
def test_the_recall_goes_behind_what_is_on_the_wire(own: Pair, ends: str) -> None:
    house = own.house
    going = claim(house)
    assert set(going) == {"shelter", "family", "ahtu", "mumbai"}
    taken(own, "shelter", "reject", **REJECT)
    recall = alerts_of(house, "ahtu")[-1]
    assert recall["event"] == "recalled"
    assert recall["due_at"] is not None
    assert len(recall["messages"]) == 1
    assert claim(house) == {}, "each of these receivers is just getting something"
    (message,), until = going["ahtu"].messages, going["ahtu"].until
    if ends == "is lost":
        house.clock.advance(seconds=130)
    with house.sandhan.database.write() as conn:
        now = house.clock()
        if ends == "arrives":
            outbox.record_success(conn, message.id, now, 250)
        elif ends == "fails":
            again = now + timedelta(seconds=5)
            outbox.record_failure(conn, message.id, now, "timeout", None, "", again, claimed=until)
        elif ends == "was not sent":
            assert outbox_lanes.keep(conn, [message.id], until, now + LEASE) == []
    assert [one.alert_id for one in claim(house)["ahtu"].messages] == [recall["id"]]
    assert states(house, "ahtu") == ["delivered" if ends == "arrives" else "dead_letter", "sending"]


def test_a_pair_that_ends_while_it_is_told(fresh_house: House) -> None:
    house = fresh_house
    house.enter("family", REPORT)
    other = house.enter("mumbai", AGAIN)["case"]["id"]
    assert set(claim(house)) == {"family", "mumbai"}
    closed = house.ask("mumbai", "POST", f"/v1/cases/{other}/close")
    assert closed.status_code == 200, closed.text
    told = alerts_of(house, "family")[-1]
    assert told["event"] == "ended"
    assert told["due_at"] is not None
    assert len(told["messages"]) == 1
