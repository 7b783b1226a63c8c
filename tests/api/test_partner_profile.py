"""What a partner says of itself, who may change it, who sees it, and what ends when it takes part no longer."""

from __future__ import annotations

import itertools
import json
from pathlib import Path
from typing import Any, get_args

import httpx
import pytest

from api.access import POLICE_KINDS, RECIPIENT_CLASS
from api.alerts.routing import ROUTED_KINDS
from api.matches.exchange import Exchange
from api.partners.forms import Channel, EnteredKind, PartnerKind, Weekday
from api.partners.office_hours import WEEKDAYS
from api.partners.profile import ITS_OWN
from api.partners.rules import CHANNELS, PARTNER_KINDS
from api.partners.service import Unauthenticated
from api.store import agreements, audit, cases, partners

from .conftest import REPORT, RESCUE, House, matched, settled_house
from .town import Town

HOURS = {"mon": [["10:00", "13:00"], ["14:00", "17:30"]], "sat": [["10:00", "13:00"]]}
PROFILE = {"time_zone": "Asia/Kolkata", "office_hours": HOURS, "channels": ["email", "inbox"], "residency": "IN"}
QUIET = {"until": "2026-12-24", "kinds": ["digest"], "grades": ["possible"], "outside_hours": True}
_names = itertools.count(1)


def newcomer(house: House, **said: Any) -> str:
    """Let a partner in and return its name in the house."""
    name = f"newcomer {next(_names)}"
    house.join(name, said.pop("kind", "ngo"), tuple(said.pop("areas", ())), **said)
    return name


def path(house: House, name: str) -> str:
    return f"/v1/partners/{house[name].id}"


def change(house: House, name: str, who: str = "operator", /, **said: Any) -> httpx.Response:
    return house.ask(who, "PATCH", path(house, name), json=said)


def changed(house: House, name: str, who: str = "operator", /, **said: Any) -> dict[str, Any]:
    answer = change(house, name, who, **said)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def read(house: House, name: str, who: str = "operator") -> dict[str, Any]:
    return dict(house.ask(who, "GET", path(house, name)).json())


def managing(house: House, name: str) -> dict[str, str]:
    """Return what an administrator of a partner comes with."""
    return house.key_with(name, "partners:read", "people:manage")


def audited(house: House, name: str) -> list[tuple[str, dict[str, Any]]]:
    with house.sandhan.database.read() as conn:
        return [(entry.action, dict(entry.detail)) for entry in audit.entries(conn, subject=house[name].id, limit=50)]


def secret_of(house: House, name: str) -> str | None:
    with house.sandhan.database.read() as conn:
        found = partners.get_partner(conn, house[name].id)
    assert found is not None
    return found.webhook_secret


def refused(answer: httpx.Response, field: str) -> None:
    body = answer.json()
    assert (answer.status_code, body["code"]) == (422, "invalid_request"), body
    assert body["detail"].startswith(field), body


def test_the_words_of_the_forms_are_those_of_the_rules() -> None:
    assert set(get_args(EnteredKind)) == set(PARTNER_KINDS) - {"operator"}
    assert set(get_args(PartnerKind)) == set(PARTNER_KINDS) == set(RECIPIENT_CLASS)
    assert set(get_args(Channel)) == set(CHANNELS)
    assert get_args(Weekday) == WEEKDAYS


@pytest.mark.parametrize(
    ("kind", "recipients", "police"),
    [("nodal", "police", True), ("focal_point", "coordination", False), ("cwc", "coordination", False)],
)
def test_every_organisation_of_a_national_network_can_register(
    house: House, kind: str, recipients: str, police: bool
) -> None:
    name = newcomer(house, kind=kind, areas=["IN/TR"])
    assert read(house, name)["kind"] == kind
    listed = house.ask("operator", "GET", f"/v1/partners?kind={kind}").json()["items"]
    assert house[name].id in {item["id"] for item in listed}
    assert (RECIPIENT_CLASS[kind], kind in POLICE_KINDS) == (recipients, police)
    form = {"side": "missing", "name": "Sarala", "country": "India", "state": "Tripura"}
    case_id = house.enter("family", form)["case"]["id"]
    answer = house.ask(name, "GET", f"/v1/cases/{case_id}")
    assert answer.status_code == (200 if police else 404)
    assert not police or answer.json()["view"] == "disclosed"


def test_a_partner_registers_with_a_profile_that_all_partners_see(house: House) -> None:
    name = newcomer(house, email="profile@example.org", language="bn", **PROFILE)
    for who in ("operator", "stranger"):
        found = read(house, name, who)
        assert {key: found[key] for key in ("language", "time_zone", "office_hours", "residency")} == {
            "language": "bn", "time_zone": "Asia/Kolkata", "office_hours": HOURS, "residency": "IN",
        }  # fmt: skip
        items = house.ask(who, "GET", "/v1/partners").json()["items"]
        assert found | items[[item["id"] for item in items].index(found["id"])] == found


def test_contacts_are_for_operators_and_its_own_administrators(house: House) -> None:
    name = newcomer(house, email="reached@example.org", webhook_url="https://reached.example.org/in")
    expected = {
        "email": "reached@example.org", "webhook_url": "https://reached.example.org/in", "channels": None, "quiet": None
    }  # fmt: skip
    assert read(house, name)["contacts"] == expected
    own = house.client.get(path(house, name), headers=managing(house, name))
    assert own.json()["contacts"] == expected
    foreign = house.client.get(path(house, name), headers=managing(house, "stranger"))
    for answer in (foreign, house.ask(name, "GET", path(house, name)), house.ask("ahtu", "GET", path(house, name))):
        assert answer.json()["contacts"] is None
        assert "reached" not in answer.text


def test_operators_change_everything_but_the_kind(house: House) -> None:
    name = newcomer(house)
    said = PROFILE | {
        "name": "Asha Trust", "country": "BD", "language": "bn", "areas": ["India, Assam", "BD"],
        "email": "asha@example.org", "webhook_url": "https://asha.example.org/in",
        "deadlines": {"standard": {"acknowledge": 8, "act": 48}}, "quiet": QUIET,
    }  # fmt: skip
    answer = changed(house, name, **said)
    assert answer.pop("webhook_secret").startswith("whsec_")
    contacts = {key: said.pop(key) for key in ("email", "webhook_url", "channels", "quiet")}
    assert answer == read(house, name)
    assert answer == said | {
        "id": house[name].id, "kind": "ngo", "areas": ["BD", "IN/AS"], "active": True, "faces": True,
        "contacts": contacts,
    }  # fmt: skip
    refused(change(house, name, kind="police"), "kind")
    covering = house.ask("operator", "GET", "/v1/partners?area=IN/AS").json()["items"]
    assert house[name].id in {item["id"] for item in covering}


def test_what_is_left_out_stays_and_null_takes_away(house: House) -> None:
    name = newcomer(house, email="stays@example.org", **PROFILE)
    before = read(house, name)
    assert changed(house, name) | {"webhook_secret": None} == before | {"webhook_secret": None}
    same = dict.fromkeys(("name", "country", "language", "areas", "active"))
    assert changed(house, name, **same) == before | {"webhook_secret": None}
    gone = dict.fromkeys(("time_zone", "office_hours", "channels", "residency", "email"))
    after = changed(house, name, **gone)
    assert after["contacts"] == {"email": None, "webhook_url": None, "channels": None, "quiet": None}
    assert [after[key] for key in ("time_zone", "office_hours", "residency")] == [None] * 3
    assert [action for action, _ in audited(house, name)] == ["partner.registered", "partner.changed"]


def test_its_own_administrators_change_how_it_is_reached(house: House) -> None:
    name = newcomer(house)
    said: dict[str, Any] = {
        "language": "hi", "time_zone": "Asia/Kolkata", "office_hours": HOURS, "email": "own@example.org",
        "webhook_url": "https://own.example.org/in", "channels": ["webhook"], "quiet": QUIET,
    }  # fmt: skip
    assert said.keys() == ITS_OWN
    answer = house.client.patch(path(house, name), headers=managing(house, name), json=said)
    assert answer.status_code == 200, answer.text
    assert answer.json()["contacts"]["channels"] == ["webhook"]
    fields = sorted([*said, "webhook_secret"], key=lambda field: (field == "webhook_secret", field))
    assert audited(house, name)[-1] == ("partner.changed", {"fields": fields})
    assert "example.org" not in json.dumps(audited(house, name))


@pytest.mark.parametrize(
    "said", [{"name": "Other"}, {"country": "NP"}, {"areas": ["IN"]}, {"active": False}, {"residency": None}]
)
def test_the_rest_is_for_operators(house: House, said: dict[str, Any]) -> None:
    name = newcomer(house)
    before = read(house, name)
    answer = house.client.patch(path(house, name), headers=managing(house, name), json={"language": "hi"} | said)
    assert (answer.status_code, answer.json()["code"]) == (403, "not_permitted")
    for headers in (managing(house, "stranger"), house[name].headers):
        answer = house.client.patch(path(house, name), headers=headers, json={"language": "hi"})
        assert (answer.status_code, answer.json()["code"]) == (403, "not_permitted")
    assert read(house, name) == before


@pytest.mark.parametrize(
    ("field", "said"),
    [
        ("name", {"name": "Asha\nTrust"}),
        ("country", {"country": "IND"}),
        ("residency", {"residency": "india"}),
        ("time_zone", {"time_zone": "Asia/Atlantis"}),
        ("time_zone", {"time_zone": "../../etc/passwd"}),
        ("time_zone", {"office_hours": HOURS}),
        ("office_hours", {"time_zone": "Asia/Kolkata", "office_hours": {"mon": [["13:00", "10:00"]]}}),
        ("office_hours", {"time_zone": "Asia/Kolkata", "office_hours": {"mon": [["10:00", "13:00"]] * 2}}),
        ("office_hours", {"time_zone": "Asia/Kolkata", "office_hours": {"monday": []}}),
        ("channels", {"channels": ["email"]}),
        ("channels", {"channels": ["webhook"], "email": "one@example.org"}),
        ("channels", {"channels": ["inbox", "inbox"]}),
        ("channels", {"channels": []}),
        ("channels", {"channels": ["pigeon"]}),
        ("webhook_url", {"webhook_url": "https://127.0.0.1/in"}),
        ("email", {"email": "nobody"}),
        ("areas", {"areas": ["Atlantis"]}),
        ("rotate_secret", {"rotate_secret": True}),
    ],
)
def test_a_wrong_field_is_named_and_changes_nothing(house: House, field: str, said: dict[str, Any]) -> None:
    name = newcomer(house)
    before, noted = read(house, name), audited(house, name)
    refused(change(house, name, **said), field)
    assert (read(house, name), audited(house, name)) == (before, noted)
    if field not in ("rotate_secret",):
        form = {"name": "Another", "kind": "ngo", "country": "IN"} | said
        refused(house.ask("operator", "POST", "/v1/partners", json=form), field)


def test_a_contact_that_is_a_channel_is_not_taken_away(house: House) -> None:
    name = newcomer(house, email="kept@example.org", channels=["email"])
    refused(change(house, name, email=None), "channels")
    assert changed(house, name, email=None, channels=["inbox"])["contacts"]["email"] is None


def test_a_partner_unknown_is_not_found(house: House) -> None:
    answer = house.ask("operator", "PATCH", "/v1/partners/partner_none", json={"language": "hi"})
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


def test_a_new_address_gets_a_new_secret_shown_once(house: House) -> None:
    name = newcomer(house, webhook_url="https://one.example.org/in")
    first = secret_of(house, name)
    assert changed(house, name, webhook_url="https://one.example.org/in")["webhook_secret"] is None
    assert changed(house, name, email="more@example.org")["webhook_secret"] is None
    assert secret_of(house, name) == first
    second = changed(house, name, webhook_url="https://two.example.org/in")["webhook_secret"]
    assert second != first
    assert secret_of(house, name) == second
    assert "whsec_" not in json.dumps([read(house, name), audited(house, name)])
    assert changed(house, name, webhook_url=None)["webhook_secret"] is None
    assert secret_of(house, name) is None


def test_while_a_secret_is_rotated_both_sign(house: House) -> None:
    name = newcomer(house, webhook_url="https://one.example.org/in")
    shown = [secret_of(house, name)]
    for _ in range(2):
        shown.append(changed(house, name, rotate_secret=True)["webhook_secret"])
        assert secret_of(house, name) == f"{shown[-1]} {shown[-2]}"
    assert len(set(shown)) == 3
    assert audited(house, name)[-1] == ("partner.changed", {"fields": ["webhook_secret"]})


def test_a_change_of_something_old_is_refused(house: House) -> None:
    name = newcomer(house)
    old = house.ask("operator", "GET", path(house, name)).headers["etag"]
    new = house.ask("operator", "PATCH", path(house, name), json={"language": "hi"}, headers={"If-Match": old})
    assert new.status_code == 200
    assert new.headers["etag"] == house.ask("operator", "GET", path(house, name)).headers["etag"] != old
    late = house.ask("operator", "PATCH", path(house, name), json={"language": "bn"}, headers={"If-Match": old})
    assert (late.status_code, late.json()["code"]) == (412, "precondition_failed")
    assert read(house, name)["language"] == "hi"
    own = managing(house, name)
    tag = house.client.get(path(house, name), headers=own).headers["etag"]
    answer = house.client.patch(path(house, name), headers=own | {"If-Match": tag}, json={"language": "as"})
    assert answer.status_code == 200


def test_records_that_must_lie_in_another_country_are_refused(tmp_path: Path, dialect: str, template: Path) -> None:
    with settled_house(dialect, tmp_path / "home", template, deployment_country="IN") as house:
        form = {"name": "Dhaka unit", "kind": "police", "country": "BD", "residency": "BD"}
        answer = house.ask("operator", "POST", "/v1/partners", json=form)
        refused(answer, "residency")
        assert "keeps its records in IN" in answer.json()["detail"]
        name = newcomer(house, country="BD", residency="IN")
        refused(change(house, name, residency="BD"), "residency")
        assert changed(house, name, residency=None)["residency"] is None
        with house.sandhan.database.write() as conn:  # let in before the setting was made
            partners.change_partner(conn, house[name].id, {"residency": "BD", "active": False})
        refused(change(house, name, active=True), "residency")
        assert changed(house, name, language="bn")["active"] is False, "something else can be changed all the same"


def test_messages_go_by_the_channels_that_a_partner_chose(fresh_house: House) -> None:
    house = fresh_house
    changed(house, "shelter", webhook_url="https://shelter.example.org/in")
    changed(house, "family", webhook_url="https://family.example.org/in", channels=["webhook", "inbox"])
    changed(house, "ahtu", channels=["inbox"])
    pair = matched(house)
    went = {
        who: {message["channel"] for message in house.ask(who, "GET", f"/v1/alerts/{alert}").json()["messages"]}
        for who, alert in pair.alerts.items()
    }
    assert went["family"] == {"webhook"}
    assert went["shelter"] == {"email", "webhook"}, "who chose nothing is told by all"
    assert went["ahtu"] == set(), "its alert waits in the inbox"
    assert went["mumbai"] == {"email"}


def test_a_partner_that_leaves_is_shut_out_at_once(town: Town) -> None:
    house = town.house
    name = newcomer(house)
    person = town.enrolled(name, "administrator")
    session = person.headers()
    assert town.send("GET", "/v1/people", headers=session).status_code == 200
    assert changed(house, name, active=False)["active"] is False
    for headers in (session, house[name].headers):
        answer = town.send("GET", "/v1/partners", headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (401, "unauthenticated")
    with pytest.raises(Unauthenticated):
        house.sandhan.partners.scope_of(house[name].key)
    assert person.sign_in().status_code == 401
    assert house.ask("stranger", "GET", path(house, name)).status_code == 404
    assert read(house, name)["active"] is False, "an operator can let it in again"
    listed = house.ask("operator", "GET", "/v1/partners").json()["items"]
    assert house[name].id not in {item["id"] for item in listed}
    assert changed(house, name, active=True)["active"] is True
    assert house.ask(name, "GET", "/v1/partners").status_code == 200
    assert [action for action, _ in audited(house, name)][-2:] == ["partner.deactivated", "partner.activated"]


def test_nobody_shuts_himself_out(house: House) -> None:
    refused(change(house, "operator", active=False), "active")


def test_nothing_of_a_partner_that_left_is_matched_or_shown(fresh_house: House) -> None:
    house = fresh_house
    pair = matched(house)
    now = house.sandhan.clock
    others = ("shelter", "ahtu", "mumbai")
    for who in others:
        assert house.ask(who, "GET", f"/v1/cases/{pair.missing_id}").status_code == 200
    changed(house, "family", active=False)
    nothing = house.ask("shelter", "GET", "/v1/cases/case_none")
    for who in others:
        answer = house.ask(who, "GET", f"/v1/cases/{pair.missing_id}")
        assert (answer.status_code, answer.content) == (404, nothing.content)
        assert house.ask(who, "GET", "/v1/matches").json()["items"] == []
        assert house.ask(who, "GET", f"/v1/matches/{pair.match_id}").status_code == 404
    asked = {
        "person": {"side": "rescued"} | {name: RESCUE[name] for name in ("name", "father_name", "phone")},
        "purpose": "identify-rescued-person",
    }
    assert house.ask("shelter", "POST", "/v1/matches/query", json=asked).json()["matches"] == []
    assert house.enter("mumbai", RESCUE, external_id="again")["matches"] == []
    with house.sandhan.database.read() as conn:
        family, shelter = house["family"].id, house["shelter"].id
        assert not agreements.agreed(conn, family, shelter, now())
        assert not agreements.agreed(conn, shelter, family, now())
        assert not agreements.agreed(conn, family, family, now()), "nor one of its cases with another"
        assert agreements.agreed_with(conn, family, now()) == set()
        assert family not in agreements.agreed_with(conn, shelter, now())
        assert not agreements.all_agreed(conn, now())
        assert len(cases.owners_of(conn, [pair.missing_id])) == 1, "it is kept"
    permits = Exchange(house.sandhan.database, {}, now).permits()
    assert permits is not None
    assert not permits([pair.rescued_id, pair.missing_id], [pair.missing_id, pair.missing_id]).any()
    changed(house, "family", active=True)
    assert house.ask("shelter", "GET", f"/v1/cases/{pair.missing_id}").status_code == 200
    answer = house.ask("shelter", "POST", "/v1/matches/query", json=asked).json()["matches"]
    assert [match["missing"]["id"] for match in answer] == [pair.missing_id]


def test_who_left_without_any_case_does_not_slow_the_others(fresh_house: House) -> None:
    house = fresh_house
    house.enter("family", REPORT)
    changed(house, "stranger", active=False)
    with house.sandhan.database.read() as conn:
        assert agreements.all_agreed(conn, house.clock())
    changed(house, "family", active=False)
    with house.sandhan.database.read() as conn:
        assert not agreements.all_agreed(conn, house.clock())


def test_the_guide_names_every_kind_as_it_is() -> None:
    text = (Path(__file__).parents[2] / "docs" / "guides" / "running.md").read_text(encoding="utf-8")
    for kind in set(PARTNER_KINDS) - {"operator"}:
        (row,) = [line for line in text.splitlines() if line.startswith(f"| `{kind}` |")]
        told = "yes" if kind in ROUTED_KINDS else "of its own cases only"
        assert row.endswith(f"| `{RECIPIENT_CLASS[kind]}` | {told} |")
