"""One person in the records of two units: both learn that, and of each other, and nothing that stands in a record."""

from __future__ import annotations

import json
from typing import Any

import pytest
from sqlalchemy import select

from api.access import Permission
from api.store import audit, cases, pairs, tables
from api.store.pair_tables import pairs as pair_rows

from .conftest import REPORT, RESCUE, House

AGAIN: dict[str, Any] = REPORT | {"external_id": "DHK-2023-5", "narrative": "Her uncle reported it here."}
WORDS = ("সুনীতা", "বুড়ি", "মণ্ডল", "মালতী", "গোসাবা", "gosaba", "2011", "55501", "4821", "কাছারি", "mole", "FIR-2023", "DHK",
         "parlour", "uncle", "24-parganas")  # fmt: skip
OTHER = {"side": "missing", "name": "Tarun Marbaniang", "sex": "male", "birth_date": "2016-08-19", "state": "Meghalaya"}


def twice(house: House, first: dict[str, Any] = REPORT, second: dict[str, Any] = AGAIN) -> tuple[str, str, str]:
    """Enter one person by two units; return both ids and that of the pair."""
    one = house.enter("family", first)["case"]["id"]
    other = house.enter("mumbai", second)["case"]["id"]
    (pair,) = listed(house, "mumbai")
    return one, other, str(pair["id"])


def listed(house: House, who: str, **params: str) -> list[dict[str, Any]]:
    answer = house.ask(who, "GET", "/v1/pairs", params=params)
    assert answer.status_code == 200, answer.text
    return list(answer.json()["items"])


def alerts_of(house: House, who: str) -> list[dict[str, Any]]:
    items = house.ask(who, "GET", "/v1/alerts").json()["items"]
    return [alert for alert in items if alert["kind"] in ("same_person", "same_suspect")]


def hidden(*texts: str) -> bool:
    return not any(word in text for word in WORDS for text in texts)


def test_both_units_learn_of_each_other_and_nothing_of_the_record(fresh_house: House) -> None:
    house = fresh_house
    one, other, pair_id = twice(house)
    for who, own, holder in (("family", one, "mumbai"), ("mumbai", other, "family")):
        answer = house.ask(who, "GET", f"/v1/pairs/{pair_id}")
        seen = answer.json()
        assert (seen["kind"], seen["side"], seen["state"]) == ("person", "missing", "open")
        assert (seen["your_record_id"], seen["other_organisation"]["name"]) == (own, holder)
        assert seen["grade"] in ("probable", "certain")
        assert {"name", "father", "mother", "phones"} <= set(seen["agrees"])
        (alert,) = alerts_of(house, who)
        assert (alert["kind"], alert["event"], alert["subject_id"]) == ("same_person", "found", pair_id)
        assert (alert["your_record_id"], alert["other_organisation"]) == (own, holder)
        foreign = other if own == one else one
        listing = house.ask(who, "GET", "/v1/pairs").text
        for text in (answer.text, json.dumps(alert), listing):
            assert hidden(text)
            assert foreign not in text
        # The other record stays what it was to the caller: nothing.
        assert house.ask(who, "GET", f"/v1/cases/{foreign}").status_code == 404
    with house.sandhan.database.read() as conn:
        payloads = [json.dumps(row.payload) for row in conn.execute(select(tables.outbox))]
        kept = [json.dumps(row._asdict(), default=str) for row in conn.execute(select(pair_rows))]
        log = [json.dumps([one.action, one.subject, one.detail]) for one in audit.entries(conn, after=0, limit=1000)]
    assert len([text for text in payloads if "same_person" in text]) == 2
    assert hidden(*payloads, *kept, *log)


def test_who_is_no_party_cannot_tell_that_there_is_a_pair(fresh_house: House) -> None:
    house = fresh_house
    _, _, pair_id = twice(house)
    for who in ("ahtu", "shelter", "stranger", "operator"):
        if who != "operator":
            assert listed(house, who) == []
        for method, path, body in (("GET", "", None), ("POST", "/dismiss", {"reason": "other"})):
            answer = house.ask(who, method, f"/v1/pairs/{pair_id}{path}", json=body)
            nothing = house.ask(who, method, f"/v1/pairs/pair_none{path}", json=body)
            assert (answer.status_code, answer.content) == (nothing.status_code, nothing.content)
            assert answer.status_code == (403 if who == "operator" else 404)


def test_of_one_unit_or_of_two_people_no_pair_is_made(fresh_house: House) -> None:
    house = fresh_house
    house.enter("family", REPORT)
    house.enter("family", AGAIN)
    house.enter("mumbai", OTHER)
    house.enter("shelter", RESCUE)  # the other side: a match
    assert [listed(house, who) for who in ("family", "mumbai", "shelter")] == [[], [], []]
    assert [alerts_of(house, who) for who in ("family", "mumbai", "shelter")] == [[], [], []]


def test_without_an_agreement_nobody_learns_of_anybody(fresh_house: House) -> None:
    house = fresh_house
    house.join("apart", "ngo", agrees=False)
    house.enter("family", REPORT)
    house.enter("apart", AGAIN)
    assert (listed(house, "family"), listed(house, "apart"), alerts_of(house, "family")) == ([], [], [])
    with house.sandhan.database.read() as conn:
        assert conn.execute(select(pair_rows)).first() is None


@pytest.mark.parametrize("protected", ["family", "mumbai"])
def test_who_holds_a_protected_person_is_not_told(fresh_house: House, protected: str) -> None:
    house = fresh_house
    girl = RESCUE | {"father_name": "रमेश मंडल", "mother_name": "मालती मंडल", "name": "सुनिता मंडल"}
    house.enter("family", girl, protect_location=protected == "family")
    house.enter("mumbai", girl | {"external_id": "two"}, protect_location=protected == "mumbai")
    for who in ("family", "mumbai"):
        # The girl is the same: what protects her in one record protects her in the other.
        (seen,) = listed(house, who)
        assert seen["side"] == "rescued"
        assert (seen["other_organisation"], list(seen["withheld"])) == (None, ["other_organisation"])
        (alert,) = alerts_of(house, who)
        assert (alert["other_organisation"], list(alert["withheld"])) == (None, ["other_organisation"])
        for name in {"family", "mumbai"} - {who}:
            assert house[name].id not in json.dumps([seen, alert])


def test_a_dismissed_pair_is_silent_until_the_evidence_rises(fresh_house: House) -> None:
    house = fresh_house
    thin = {name: AGAIN[name] for name in ("side", "name", "sex", "father_name", "mother_name", "state", "country")}
    _, other, pair_id = twice(house, second=thin)
    assert [one["grade"] for one in listed(house, "family")] == ["probable"]
    answer = house.ask("mumbai", "POST", f"/v1/pairs/{pair_id}/dismiss", json={"reason": "not_the_same"})
    assert answer.json()["state"] == "dismissed"
    assert (answer.json()["dismissed_by"], answer.json()["dismissed_reason"]) == ("you", "not_the_same")
    (seen,) = listed(house, "family", state="dismissed")
    assert (seen["dismissed_by"], listed(house, "family", state="open")) == ("other", [])
    # A second word changes nothing; nor does a change that adds no evidence.
    again = house.ask("family", "POST", f"/v1/pairs/{pair_id}/dismiss", json={"reason": "other"})
    assert again.json()["dismissed_reason"] == "not_the_same"
    house.ask("mumbai", "PUT", f"/v1/cases/{other}", json=thin | {"narrative": "Asked again."})
    assert (len(alerts_of(house, "family")), listed(house, "family")[0]["state"]) == (1, "dismissed")
    house.ask("mumbai", "PUT", f"/v1/cases/{other}", json=thin | {"phone": ["098301 55501"]})
    (seen,) = listed(house, "mumbai")
    assert (seen["id"], seen["state"], seen["grade"], seen["dismissed_by"]) == (pair_id, "open", "certain", None)
    assert [len(alerts_of(house, who)) for who in ("family", "mumbai")] == [2, 2]


@pytest.mark.parametrize("how", ["closed", "matching", "sharing", "erased", "changed"])
def test_what_ends_a_record_ends_its_pairs(fresh_house: House, how: str) -> None:
    house = fresh_house
    one, other, pair_id = twice(house)
    alerts_of(house, "mumbai")  # looked into the inbox; the family never does
    if how == "closed":
        assert house.ask("family", "POST", f"/v1/cases/{one}/close").status_code == 200
    elif how == "erased":
        assert house.ask("family", "DELETE", f"/v1/cases/{one}", params={"reason": "wish"}).status_code in (200, 204)
    elif how == "changed":
        assert house.ask("family", "PUT", f"/v1/cases/{one}", json=OTHER).status_code == 200
    else:
        agreed = house.ask("family", "GET", f"/v1/cases/{one}/consents").json()
        (consent,) = [row["id"] for row in agreed if row["purpose"] == how]
        assert house.ask("family", "POST", f"/v1/cases/{one}/consents/{consent}/withdraw").status_code == 200
    for who in ("family", "mumbai"):
        assert (listed(house, who), house.ask(who, "GET", f"/v1/pairs/{pair_id}").status_code) == ([], 404)
    with house.sandhan.database.read() as conn:
        pair = pairs.require(conn, pair_id)
        unsent = select(tables.outbox.c.state).join(tables.alerts, tables.alerts.c.id == tables.outbox.c.alert_id)
        states = set(conn.scalars(unsent.where(tables.alerts.c.subject_id == pair_id)))
    assert (pair.state, states) == ("ended", {"dead_letter", "queued"})
    for who, deadline in (("mumbai", True), ("family", False)):
        found, ended = sorted(alerts_of(house, who), key=lambda alert: str(alert["id"]))
        assert (found["state"], ended["event"], ended["about_id"]) == ("recalled", "ended", found["id"])
        assert (ended["due_at"] is not None) == deadline, "who has heard of it has to say that it is understood"
        assert ended["your_record_id"] in (one, other)
        assert hidden(json.dumps(ended))
    if how == "closed":
        assert house.ask("family", "POST", f"/v1/cases/{one}/reopen").status_code == 200
    elif how in ("matching", "sharing"):
        given = house.ask("family", "POST", f"/v1/cases/{one}/consents", json={"purpose": how})
        assert given.status_code == 201
    else:
        return
    # Found anew it is the same pair, and both are told that it is there again.
    assert [(seen["id"], seen["state"]) for seen in listed(house, "mumbai")] == [(pair_id, "open")]
    assert sorted(alert["event"] for alert in alerts_of(house, "mumbai")) == ["ended", "found", "found"]


def test_a_pair_that_was_told_of_stays_until_it_is_less_than_possible(fresh_house: House) -> None:
    house = fresh_house
    thin = {name: AGAIN[name] for name in ("side", "name", "sex", "father_name", "mother_name", "state", "country")}
    one, _, _ = twice(house, second=thin)
    less = {name: REPORT[name] for name in ("side", "name", "sex", "father_name", "state", "country")}
    house.ask("family", "PUT", f"/v1/cases/{one}", json=less)
    (seen,) = listed(house, "mumbai")
    assert (seen["grade"], seen["state"]) == ("possible", "open")
    house.ask("family", "PUT", f"/v1/cases/{one}", json=REPORT)
    assert [alert["event"] for who in ("family", "mumbai") for alert in alerts_of(house, who)] == ["found", "found"]


def test_what_a_crash_left_is_compared_later_and_told_once(fresh_house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    house = fresh_house
    house.enter("family", REPORT)
    with monkeypatch.context() as dying:
        dying.setattr(house.sandhan.same_person, "follow", lambda: None)
        house.enter("mumbai", AGAIN)  # committed; the process dies before it is compared
    assert listed(house, "family") == []
    told = house.sandhan.same_person.follow()
    assert (told.compared, told.pairs, told.alerts) == (1, 1, 2)
    house.sandhan.same_person.begin_again()
    again = house.sandhan.same_person.follow()
    assert (again.compared, again.pairs, again.alerts) == (2, 0, 0)
    assert [len(alerts_of(house, who)) for who in ("family", "mumbai")] == [1, 1]


def test_reading_asks_for_the_permission_and_is_audited(fresh_house: House) -> None:
    house = fresh_house
    _, _, pair_id = twice(house)
    only = house.key_with("family", Permission.MATCHES_READ)
    assert house.client.get(f"/v1/pairs/{pair_id}", headers=only).status_code == 200
    refused = house.client.post(f"/v1/pairs/{pair_id}/dismiss", headers=only, json={"reason": "other"})
    assert (refused.status_code, refused.json()["code"]) == (403, "not_permitted")
    asked = house.client.get("/v1/pairs", headers=only, params={"kind": "suspect"})
    assert (asked.status_code, asked.json()["code"]) == (403, "not_permitted")
    house.ask("family", "POST", f"/v1/pairs/{pair_id}/dismiss", json={"reason": "known_already"})
    with house.sandhan.database.read() as conn:
        log = [(one.action, one.detail) for one in audit.entries(conn, after=0, limit=1000) if one.subject == pair_id]
    assert [action for action, _ in log] == ["pair.found", "pair.read", "pair.dismissed"]
    assert house.ask("family", "POST", f"/v1/pairs/{pair_id}/dismiss", json={"reason": "words"}).status_code == 422


def test_a_list_is_cut_into_pages(fresh_house: House) -> None:
    house = fresh_house
    twice(house)
    house.enter("shelter", AGAIN | {"external_id": "three"})
    first = house.ask("family", "GET", "/v1/pairs", params={"limit": "1"}).json()
    rest = house.ask("family", "GET", "/v1/pairs", params={"limit": "1", "after": first["next"]}).json()
    assert (len(first["items"]), len(rest["items"]), rest["next"]) == (1, 1, None)
    assert first["items"][0]["id"] < rest["items"][0]["id"]


def test_a_case_that_goes_to_the_other_unit_is_no_pair_any_more(fresh_house: House) -> None:
    house = fresh_house
    one, _, pair_id = twice(house)
    with house.sandhan.database.write() as conn:
        conn.execute(tables.cases.update().where(tables.cases.c.id == one).values(owner_id=house["mumbai"].id))
        assert cases.require_case(conn, one).owner_id == house["mumbai"].id
    for who in ("family", "mumbai"):
        assert (listed(house, who), house.ask(who, "GET", f"/v1/pairs/{pair_id}").status_code) == ([], 404)


@pytest.mark.parametrize("how", ["reads", "lists", "does not"])
def test_who_has_looked_at_a_pair_has_heard_of_it(fresh_house: House, how: str) -> None:
    house = fresh_house
    house.enter("family", REPORT)
    other = house.enter("mumbai", AGAIN)["case"]["id"]
    with house.sandhan.database.read() as conn:
        (pair,) = pairs.going(conn, after=None, limit=2)
    if how != "does not":
        path = "/v1/pairs" if how == "lists" else f"/v1/pairs/{pair.id}"
        assert house.ask("family", "GET", path).status_code == 200
    assert house.ask("mumbai", "POST", f"/v1/cases/{other}/close").status_code == 200
    (ended,) = [alert for alert in alerts_of(house, "family") if alert["event"] == "ended"]
    assert (ended["due_at"] is not None) == (how != "does not")
