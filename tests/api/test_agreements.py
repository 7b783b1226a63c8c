"""No agreement, no exchange: what two organisations know of each other begins and ends with one."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from api.store import alerts, audit, cases, matches

from .conftest import REPORT, RESCUE, House

ASK = {
    "person": {"side": "rescued"} | {name: RESCUE[name] for name in ("name", "father_name", "phone")},
    "purpose": "identify-rescued-person",
}


@pytest.fixture
def apart(fresh_house: House) -> House:
    """A house with two more partners, `north` and `south`, who have agreed to nothing."""
    for name in ("north", "south"):
        fresh_house.join(name, "ngo", agrees=False, email=f"{name}@example.org")
    return fresh_house


def manage(house: House, who: str, method: str, path: str, **more: Any) -> httpx.Response:
    """Ask with a key that manages the partner's agreements."""
    headers = house.key_with(who, "agreements:manage", "partners:read")
    answer: httpx.Response = house.client.request(method, path, headers=headers, **more)
    return answer


def propose(house: House, who: str, *parties: str, **more: Any) -> httpx.Response:
    form = {"parties": [house[name].id for name in parties], "reference": "MoU 14/2026"} | more
    return manage(house, who, "POST", "/v1/agreements", json=form)


def agree(house: House, *parties: str, **more: Any) -> str:
    """Propose by the first, accept by the others; return the id."""
    made = propose(house, parties[0], *parties, **more)
    assert made.status_code == 201, made.text
    agreement = str(made.json()["id"])
    for who in parties[1:]:
        assert manage(house, who, "POST", f"/v1/agreements/{agreement}/accept").status_code == 200
    return agreement


def paired(house: House, missing: str = "north", rescued: str = "south") -> tuple[str, str, list[str]]:
    """Enter report and rescue; return their ids and those of the matches that were found."""
    reported = house.enter(missing, REPORT)["case"]["id"]
    found = house.enter(rescued, RESCUE)
    return reported, found["case"]["id"], [match["id"] for match in found["matches"]]


def asked(house: House, who: str) -> set[str]:
    answer = house.ask(who, "POST", "/v1/matches/query", json=ASK)
    assert answer.status_code == 200, answer.text
    return {match["missing"]["id"] for match in answer.json()["matches"]}


def listed(house: House, who: str) -> list[str]:
    return [item["id"] for item in house.ask(who, "GET", "/v1/matches").json()["items"]]


def test_who_has_agreed_to_nothing_exchanges_nothing(apart: House) -> None:
    missing_id, rescued_id, found = paired(apart)
    apart.enter("family", REPORT)
    assert found == []
    with apart.sandhan.database.read() as conn:
        assert matches.list_matches(conn, apart["north"].id, limit=10) == []
        assert alerts.list_alerts(conn, apart["south"].id, limit=10) == []
    for who in ("south", "shelter", "family", "ahtu"):
        assert missing_id not in asked(apart, who), who
        assert listed(apart, who) == []
    assert asked(apart, "north") == {missing_id}, "one's own is found all the same"
    for who, case_id in (("south", missing_id), ("north", rescued_id), ("ahtu", missing_id)):
        answer = apart.ask(who, "GET", f"/v1/cases/{case_id}")
        assert (answer.status_code, answer.content) == (404, apart.ask(who, "GET", "/v1/cases/case_none").content)


def test_it_begins_when_the_second_one_accepts(apart: House) -> None:
    missing_id, rescued_id, _ = paired(apart)
    made = propose(apart, "north", "north", "south").json()
    force = {party["partner_id"]: party["in_force"] for party in made["parties"]}
    assert force == {apart["north"].id: True, apart["south"].id: False}
    assert asked(apart, "south") == set()
    assert manage(apart, "south", "POST", f"/v1/agreements/{made['id']}/accept").status_code == 200
    assert asked(apart, "south") == {missing_id}
    assert asked(apart, "shelter") == set(), "an agreement holds between its parties"
    with apart.sandhan.database.write() as conn:
        cases.await_comparison(conn, [rescued_id])
    apart.sandhan.cases.recover()
    assert listed(apart, "north") == listed(apart, "south") != []


def test_who_leaves_is_gone_at_once_and_comes_back_when_it_accepts_again(apart: House) -> None:
    agreement = agree(apart, "north", "south")
    missing_id, rescued_id, found = paired(apart)
    assert len(found) == 1
    assert apart.ask("south", "GET", f"/v1/cases/{missing_id}").json()["view"] == "masked"
    assert manage(apart, "north", "POST", f"/v1/agreements/{agreement}/leave").status_code == 200
    for who, case_id in (("south", missing_id), ("north", rescued_id)):
        assert listed(apart, who) == []
        assert apart.ask(who, "GET", f"/v1/matches/{found[0]}").status_code == 404
        answer = apart.ask(who, "GET", f"/v1/cases/{case_id}")
        assert (answer.status_code, answer.content) == (404, apart.ask(who, "GET", "/v1/cases/case_none").content)
    assert asked(apart, "south") == set()
    again = apart.enter("south", RESCUE | {"external_id": "SECOND"})
    assert again["matches"] == [], "and nothing new is paired"
    assert manage(apart, "north", "POST", f"/v1/agreements/{agreement}/accept").status_code == 200
    assert listed(apart, "north") == listed(apart, "south") == found
    assert asked(apart, "south") == {missing_id}
    assert apart.enter("south", RESCUE | {"external_id": "THIRD"})["matches"] != []


def test_a_disclosure_ends_with_the_agreement(apart: House) -> None:
    agreement = agree(apart, "north", "south")
    missing_id, _, found = paired(apart)
    form = {"side": "missing", "purpose": "repatriation"}
    request = apart.ask("south", "POST", f"/v1/matches/{found[0]}/disclosures", json=form).json()["id"]
    assert apart.ask("north", "POST", f"/v1/disclosures/{request}/accept").status_code == 200
    assert apart.ask("south", "GET", f"/v1/cases/{missing_id}").json()["view"] == "disclosed"
    manage(apart, "south", "POST", f"/v1/agreements/{agreement}/leave")
    assert apart.ask("south", "GET", f"/v1/cases/{missing_id}").status_code == 404


def test_a_second_agreement_holds_when_the_first_is_left(apart: House) -> None:
    first = agree(apart, "north", "south")
    agree(apart, "south", "north", reference="MoU 2")
    missing_id, _, _ = paired(apart)
    manage(apart, "north", "POST", f"/v1/agreements/{first}/leave")
    assert asked(apart, "south") == {missing_id}


def test_an_agreement_ends_after_its_last_day(apart: House) -> None:
    agree(apart, "north", "south", valid_until="2026-11-02")
    missing_id, _, found = paired(apart)
    apart.clock.advance(days=1, hours=14)
    assert asked(apart, "south") == {missing_id}
    apart.clock.advance(hours=2)
    assert asked(apart, "south") == set()
    assert apart.ask("south", "GET", f"/v1/matches/{found[0]}").status_code == 404


def test_an_operator_records_what_was_signed_and_lets_others_in(apart: House) -> None:
    form = {"parties": [apart["north"].id, apart["south"].id], "reference": "MoU", "signed": True}
    made = apart.ask("operator", "POST", "/v1/agreements", json=form).json()
    assert [party["in_force"] for party in made["parties"]] == [True, True]
    missing_id, _, _ = paired(apart)
    path = f"/v1/agreements/{made['id']}/parties"
    third = {"partner_id": apart["stranger"].id}
    assert manage(apart, "north", "POST", path, json=third).status_code == 403
    assert apart.ask("operator", "POST", path, json=third).status_code == 200
    assert asked(apart, "stranger") == set()
    assert manage(apart, "stranger", "POST", f"/v1/agreements/{made['id']}/accept").status_code == 200
    assert asked(apart, "stranger") == {missing_id}
    for wrong in ({"partner_id": "partner_none"},):
        assert apart.ask("operator", "POST", path, json=wrong).status_code == 404
    assert made["id"] in {one["id"] for one in apart.ask("operator", "GET", "/v1/agreements").json()["items"]}


def test_to_whoever_is_no_party_there_is_no_such_agreement(apart: House) -> None:
    agreement = propose(apart, "north", "north", "south").json()["id"]
    for step in ("accept", "leave"):
        answer = manage(apart, "stranger", "POST", f"/v1/agreements/{agreement}/{step}")
        nothing = manage(apart, "stranger", "POST", f"/v1/agreements/agreement_none/{step}")
        assert (answer.status_code, answer.content) == (404, nothing.content)
    mine = {who: manage(apart, who, "GET", "/v1/agreements").json()["items"] for who in ("north", "stranger")}
    assert [one["id"] for one in mine["north"]] == [agreement]
    assert agreement not in {one["id"] for one in mine["stranger"]}


def test_what_is_no_agreement_is_refused(apart: House) -> None:
    def field(answer: httpx.Response) -> tuple[int, str]:
        return answer.status_code, answer.json()["errors"][0]["field"]

    assert field(propose(apart, "north", "south", "family")) == (422, "parties"), "not its own"
    assert field(propose(apart, "north", "north", "north")) == (422, "parties")
    assert field(propose(apart, "north", "north", "south", valid_until="2026-10-01")) == (422, "valid_until")
    assert field(propose(apart, "north", "north", "south", valid_until="9999-12-31")) == (422, "valid_until")
    assert field(propose(apart, "north", "north", "south", reference="a\nb")) == (422, "reference")
    form = {"parties": [apart["north"].id, "partner_none"], "reference": "MoU"}
    assert field(manage(apart, "north", "POST", "/v1/agreements", json=form)) == (422, "parties")
    assert propose(apart, "north", "north", "south", signed=True).status_code == 403
    assert apart.ask("north", "POST", "/v1/agreements", json=form).status_code == 403, "case work is another matter"


def test_every_step_is_audited(apart: House) -> None:
    agreement = agree(apart, "north", "south")
    manage(apart, "south", "POST", f"/v1/agreements/{agreement}/leave")
    with apart.sandhan.database.read() as conn:
        noted = audit.entries(conn, subject=agreement, limit=99)
    assert [(one.action, one.detail) for one in noted] == [
        ("agreement.proposed", {"partner": apart["north"].id}),
        ("agreement.accepted", {"partner": apart["south"].id}),
        ("agreement.left", {"partner": apart["south"].id}),
    ]
