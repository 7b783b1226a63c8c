"""One suspect known to two units: both learn that, and of each other; no word of him, of a victim, or of a case."""

from __future__ import annotations

import json
from typing import Any

from sqlalchemy import select

from api.access import Permission
from api.store import audit, suspects, tables
from api.store.pair_tables import pairs as pair_rows

from .conftest import REPORT, House
from .test_pairs import alerts_of, listed

HIM: dict[str, Any] = {
    "names": [{"value": "रतन सरदार", "source": "interview", "said_by": "A cook"}],
    "phones": [{"value": "98301 44444"}],
    "description": [{"value": "limps, gold tooth"}],
    "routes": [{"value": "Canning to Howrah by train, then Gorakhpur"}],
}
AS_KNOWN_THERE: dict[str, Any] = {
    "names": [{"value": "Ratan Sardar"}],
    "aliases": [{"value": "Babulal"}],
    "phones": [{"value": "+91 98301 44444"}],
    "routes": [{"value": "from Howrah to Gorakhpur"}],
}
WORDS = ("रतन", "Ratan", "Sardar", "Babulal", "44444", "tooth", "Howrah", "Canning", "Gorakhpur", "cook")


def registered(house: House, who: str, form: dict[str, Any]) -> str:
    answer = house.ask(who, "POST", "/v1/suspects", json=form)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


def hidden(*texts: str) -> bool:
    return not any(word in text for word in WORDS for text in texts)


def test_both_units_learn_of_each_other_and_no_word_of_him(fresh_house: House) -> None:
    house = fresh_house
    case_id = house.enter("family", REPORT)["case"]["id"]
    one = registered(house, "ahtu", HIM)
    house.ask("ahtu", "POST", f"/v1/suspects/{one}/cases", json={"case_id": case_id, "relation": "recruiter"})
    other = registered(house, "stranger", AS_KNOWN_THERE)
    for who, own, foreign, holder in (("ahtu", one, other, "stranger"), ("stranger", other, one, "ahtu")):
        (seen,) = listed(house, who)
        assert (seen["kind"], seen["side"], seen["your_record_id"]) == ("suspect", None, own)
        assert seen["other_organisation"]["name"] == holder
        assert {"name", "phones", "route"} <= set(seen["agrees"])
        (alert,) = alerts_of(house, who)
        assert (alert["kind"], alert["subject_id"], alert["other_organisation"]) == ("same_suspect", seen["id"], holder)
        # Whoever reads alerts need not be who may read suspects.
        assert alert["your_record_id"] is None
        for text in (json.dumps(seen), json.dumps(alert), house.ask(who, "GET", f"/v1/pairs/{seen['id']}").text):
            assert hidden(text)
            assert foreign not in text
            assert case_id not in text
        assert house.ask(who, "GET", f"/v1/suspects/{foreign}").status_code == 404
    with house.sandhan.database.read() as conn:
        kept = [json.dumps(row.payload) for row in conn.execute(select(tables.outbox))]
        kept += [json.dumps(row._asdict(), default=str) for row in conn.execute(select(pair_rows))]
        kept += [json.dumps([one.action, one.subject, one.detail]) for one in audit.entries(conn, after=0, limit=1000)]
    assert hidden(*kept)


def test_who_has_no_number_and_no_route_is_known_by_what_victims_saw_and_heard(fresh_house: House) -> None:
    house = fresh_house
    heard: dict[str, Any] = {
        "names": [{"value": "रतन सरदार"}], "sex": [{"value": "male"}], "ages": [{"value": "30-35"}],
        "homes": [{"district": "Murshidabad", "state": "West Bengal", "country": "India"}],
    }  # fmt: skip
    registered(house, "ahtu", heard)
    registered(house, "stranger", {"names": [{"value": "Ratan Sardar"}]})
    assert listed(house, "ahtu") == [], "many are called so"
    registered(house, "stranger", heard | {"names": [{"value": "Ratan Sardar"}], "ages": [{"value": "36"}]})
    (seen,) = listed(house, "ahtu")
    assert {"name", "age", "origin"} <= set(seen["agrees"])
    assert not any(word in json.dumps(seen) for word in ("Murshidabad", "36", "Ratan", "male"))


def test_who_may_not_read_suspects_learns_of_no_pair_of_them(fresh_house: House) -> None:
    house = fresh_house
    registered(house, "ahtu", HIM)
    registered(house, "stranger", AS_KNOWN_THERE)
    (pair,) = listed(house, "ahtu")
    blind = house.key_with("ahtu", *set(Permission) - {Permission.SUSPECTS_READ})
    assert house.client.get("/v1/pairs", headers=blind).json()["items"] == []
    there = house.client.get(f"/v1/pairs/{pair['id']}", headers=blind)
    nothing = house.client.get("/v1/pairs/pair_none", headers=blind)
    assert (there.status_code, there.content) == (404, nothing.content)
    reader = house.key_with("ahtu", Permission.MATCHES_READ, Permission.SUSPECTS_READ, Permission.CASES_WRITE)
    assert house.client.get(f"/v1/pairs/{pair['id']}", headers=reader).status_code == 200
    refused = house.client.post(f"/v1/pairs/{pair['id']}/dismiss", headers=reader, json={"reason": "other"})
    assert refused.status_code == 403
    for who in ("family", "shelter", "mumbai"):  # no police, whatever they were given
        everything = house.key_with(who, *Permission)
        assert house.client.get("/v1/pairs", headers=everything).json()["items"] == []
        assert house.client.get(f"/v1/pairs/{pair['id']}", headers=everything).status_code == 404


def test_other_suspects_and_those_of_ones_own_unit_make_no_pair(fresh_house: House) -> None:
    house = fresh_house
    registered(house, "ahtu", HIM)
    registered(house, "ahtu", AS_KNOWN_THERE)
    registered(house, "stranger", {"names": [{"value": "Ratan"}], "routes": [{"value": "Howrah"}]})
    registered(house, "stranger", {"description": [{"value": "limps"}]})
    assert (listed(house, "ahtu"), listed(house, "stranger")) == ([], [])


def test_suspects_never_meet_cases(fresh_house: House) -> None:
    house = fresh_house
    same = {"names": [{"value": REPORT["name"]}], "phones": [{"value": REPORT["phone"][0]}]}
    registered(house, "ahtu", same)
    house.enter("family", REPORT)
    registered(house, "stranger", same | {"names": [{"value": "Nobody Else"}]})
    with house.sandhan.database.read() as conn:
        found = conn.execute(select(pair_rows.c.kind)).all()
    assert {row.kind for row in found} <= {"suspect"}
    assert listed(house, "family") == []
    assert house.sandhan.keeper.status().records == 1


def test_a_suspect_closed_or_erased_ends_the_pair_and_reopened_it_is_found_again(fresh_house: House) -> None:
    house = fresh_house
    one = registered(house, "ahtu", HIM)
    registered(house, "stranger", AS_KNOWN_THERE)
    (pair,) = listed(house, "stranger")
    assert house.ask("ahtu", "POST", f"/v1/suspects/{one}/close").status_code == 200
    assert (listed(house, "ahtu"), listed(house, "stranger")) == ([], [])
    assert house.ask("ahtu", "POST", f"/v1/suspects/{one}/reopen").status_code == 200
    assert [seen["id"] for seen in listed(house, "stranger")] == [pair["id"]]
    answer = house.ask("ahtu", "PUT", f"/v1/suspects/{one}", json={"names": [{"value": "Someone"}], "version": 1})
    assert answer.status_code == 200
    assert listed(house, "stranger") == []  # what is said of him now is another's
    house.ask("ahtu", "PUT", f"/v1/suspects/{one}", json=HIM | {"version": 2})
    assert [seen["id"] for seen in listed(house, "stranger")] == [pair["id"]]
    assert house.ask("ahtu", "DELETE", f"/v1/suspects/{one}").status_code == 200
    assert (listed(house, "ahtu"), listed(house, "stranger")) == ([], [])


def test_a_dismissed_pair_of_suspects_stays_silent(fresh_house: House) -> None:
    house = fresh_house
    one = registered(house, "ahtu", HIM)
    registered(house, "stranger", AS_KNOWN_THERE)
    (pair,) = listed(house, "ahtu")
    said = house.ask("stranger", "POST", f"/v1/pairs/{pair['id']}/dismiss", json={"reason": "known_already"})
    assert (said.status_code, said.json()["dismissed_by"]) == (200, "you")
    house.ask("ahtu", "PUT", f"/v1/suspects/{one}", json=HIM | {"version": 1})
    assert [seen["state"] for seen in listed(house, "ahtu")] == ["dismissed"]
    assert [len(alerts_of(house, who)) for who in ("ahtu", "stranger")] == [1, 1]


def test_who_waits_after_a_crash_is_compared_and_another_process_follows(fresh_house: House) -> None:
    house = fresh_house
    registered(house, "ahtu", HIM)
    with house.sandhan.database.write() as conn:  # as a process would that died right after the commit
        suspects.add(
            conn, suspect_id="suspect_left", owner_id=house["stranger"].id, values=AS_KNOWN_THERE, at=house.clock(),
            by="key",
        )  # fmt: skip
    told = house.sandhan.same_suspect.follow()
    assert (told.compared, told.pairs, told.alerts) == (1, 1, 2)
    assert house.sandhan.same_suspect.follow().compared == 0
    house.sandhan.same_suspect.begin_again()
    again = house.sandhan.same_suspect.follow()
    assert (again.compared, again.pairs, again.alerts) == (2, 0, 0)
