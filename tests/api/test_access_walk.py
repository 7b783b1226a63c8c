"""Every door, with every role, from every relation: does any answer hold what the table does not allow?

Every field of both cases holds words that stand nowhere else. Whatever answer holds one of them, the table of
`api.access_reference` must say that this role, being what it is to the case, sees that field.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest

from api.access import PERMISSIONS, Relation, Role, View
from api.access_reference import ENTERED, PAGE, SHOWN, access_page, entered_fields, sees
from api.cases.forms import CaseForm

from .conftest import GREEN, House, picture, settled_house
from .test_access import ENDPOINTS

SHARED = {"phone": ["+91 98301 55501"], "identifier": ["aadhaar:4821 7735 9026"], "sex": "female"}
MISSING: dict[str, Any] = SHARED | {
    "side": "missing", "external_id": "FIR-QMISSING", "name": "Qamar Lonestar", "nickname": "Qbudi", "alias": "Qreenu",
    "imposed_name": "Qimposed", "father_name": "Qfather Lonestar", "mother_name": "Qmother Lonestar",
    "relative_name": "Qrelative Dev", "guardian_name": "Qguardian Dev", "birth_date": "2011-05-29", "country": "India",
    "state": "West Bengal", "district": "South 24 Parganas", "village": "Qvillage", "address": "Qaddress near water",
    "postcode": "743370", "remembered": ["Qremembered"], "community": ["Qcommunity"], "language": "bn",
    "languages": ["bn"], "height_cm": "141.5", "height_on": "2022-03-17", "marks": ["Qmark on the elbow"],
    "clothing": ["Qclothing"], "belongings": ["Qbelonging"], "last_seen": "2023-08-13",
    "narrative": "Qnarrative of the report", "informant": "Qinformant Uncle 90070", "face_consent": True,
    "provenance": {"name": {"source": "Qsource", "said_by": "Qsaidby"}},
}  # fmt: skip
RESCUED: dict[str, Any] = SHARED | {
    "side": "rescued", "external_id": "MUM-WRESCUED", "name": "Qamar Wonestar", "nickname": "Qbudi",
    "alias": "Walias", "imposed_name": "Wimposed", "father_name": "Qfather Wonestar", "mother_name": "Wmother Wonestar",
    "relative_name": "Wrelative Dev", "guardian_name": "Wguardian Dev", "birth_date": "2011-05-27", "country": "India",
    "state": "West Bengal", "district": "South 24 Parganas", "village": "Wvillage", "address": "Waddress, third floor",
    "postcode": "743371", "remembered": ["Wremembered"], "community": ["Wcommunity"], "language": "hi",
    "languages": ["hi"], "height_cm": "152.5", "height_on": "2026-10-11", "marks": ["Wmark on the elbow"],
    "clothing": ["Wclothing"], "belongings": ["Wbelonging"], "found": "2026-10-27", "event_country": "India",
    "event_state": "Maharashtra", "event_district": "Mumbai", "narrative": "Wnarrative of the rescue",
    "informant": "Winformant Constable 90071", "face_consent": True, "protect_location": True,
    "provenance": {"name": {"source": "Wsource", "said_by": "Wsaidby"}},
}  # fmt: skip
# Fields whose words stand elsewhere as well: in a mask, in the other case, or in the words of the service itself.
NOT_TELLING = {"sex", "country", "state", "district", "phone", "identifier", "language", "languages", "face_consent",
               "protect_location", "event_country", "age", "age_as_of", "age_basis", "nickname"}  # fmt: skip
MEMBERS: dict[str, tuple[Relation, Relation]] = {
    "family": (Relation.OWNER, Relation.PARTY),
    "shelter": (Relation.PARTY, Relation.OWNER),
    "ahtu": (Relation.POLICE, Relation.PARTY),
    "mumbai": (Relation.PARTY, Relation.PARTY),
    "delhi": (Relation.DISCLOSED, Relation.DISCLOSED),
    "stranger": (Relation.STRANGER, Relation.STRANGER),
    "apart": (Relation.STRANGER, Relation.STRANGER),
}
"""Member -> what it is to the missing report, and to the rescued person's case."""
LAST = ("/close", "/reopen", "/leave", "/withdraw", "/accept", "/faces", "/return")


def telling(form: dict[str, Any]) -> dict[str, set[str]]:
    """Return the words of each field that are not the service's own."""
    found: dict[str, set[str]] = {}
    for name, value in form.items():
        if name in NOT_TELLING or name == "side":
            continue
        texts = [value] if isinstance(value, str) else [json.dumps(value)] if isinstance(value, dict) else value
        words = {word.strip('.,:{}"') for text in texts for word in text.split()}
        found[name] = {word for word in words if len(word) > 4 and (set("QW0123456789") & set(word) or word[0] in "LM")}
    return found


def words_of(form: dict[str, Any]) -> dict[str, set[str]]:
    """Return the words of each field that stand in no field of the other case."""
    other = set().union(*telling(RESCUED if form is MISSING else MISSING).values())
    return {name: words - other for name, words in telling(form).items()}


@dataclass
class Town:
    """A matched pair, and one key for each role of each member."""

    house: House
    ids: dict[str, str]
    keys: dict[tuple[str, Role], dict[str, str]] = field(default_factory=dict)


def settle_in(house: House) -> Town:
    house.join("delhi", "ngo", ("IN/MH",), email="delhi@example.org")
    house.join("apart", "ngo", ("IN/MH",), agrees=False, email="apart@example.org")
    missing = house.enter("family", MISSING, picture(GREEN))
    rescued = house.enter("shelter", RESCUED, picture(GREEN, (120, 96)))
    ids = {
        "case_id": missing["case"]["id"], "rescued": rescued["case"]["id"], "match_id": rescued["matches"][0]["id"],
        "missing_photo": missing["case"]["photos"][0]["id"], "photo_id": rescued["case"]["photos"][0]["id"],
        "partner_id": house["family"].id,
    }  # fmt: skip
    for side, owner in (("missing", "family"), ("rescued", "shelter")):
        asked = house.ask(
            "delhi", "POST", f"/v1/matches/{ids['match_id']}/disclosures",
            json={"side": side, "purpose": "verify-identity"},
        )  # fmt: skip
        assert asked.status_code == 201, asked.text
        ids["disclosure_id"] = asked.json()["id"]
        assert house.ask(owner, "POST", f"/v1/disclosures/{ids['disclosure_id']}/accept").status_code == 200
    ids["consent_id"] = house.ask("family", "GET", f"/v1/cases/{ids['case_id']}/consents").json()[0]["id"]
    note = ENDPOINTS["POST", "/v1/cases/{case_id}/notes"][1]
    assert house.ask("family", "POST", f"/v1/cases/{ids['case_id']}/notes", json=note).status_code == 201
    town = Town(house, ids)
    for who in MEMBERS:
        told = house.ask(who, "GET", "/v1/alerts").json()["items"]
        ids.setdefault("alert_id", told[0]["id"] if told else "alert_none")
        for role in Role:
            town.keys[who, role] = house.key_with(who, *PERMISSIONS[role])
    return town


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory, template: Path) -> Iterator[Town]:
    with settled_house("sqlite", tmp_path_factory.mktemp("walk") / "home", template) as house:
        yield settle_in(house)


def requests(ids: dict[str, str], *, changing: bool) -> Iterator[tuple[str, str, Any]]:
    """Give every request that there is a door for, about either case; those that end something come last."""
    doors = sorted(ENDPOINTS, key=lambda door: (door[0] == "DELETE", door[1].endswith(LAST), door[1]))
    for method, path in doors:
        if (method != "GET" and path != "/v1/matches/query") is not changing:
            continue
        body = ENDPOINTS[method, path][1]
        for case_id, photo_id in ((ids["case_id"], ids["missing_photo"]), (ids["rescued"], ids["photo_id"])):
            named = ids | {"case_id": case_id, "photo_id": photo_id, "decision": "accept"}
            known = {name: named.get(name, "nothing_none") for name in _names(path)}
            there = path.format(**known) + ("?reason=error" if method == "DELETE" else "")
            yield method, there, body
            if "{" not in path or "{case_id}" not in path:
                break


def _names(path: str) -> list[str]:
    return [part.split("}")[0] for part in path.split("{")[1:]]


def allowed(role: Role, who: str, form: dict[str, Any], relation: Relation) -> frozenset[str]:
    view = sees(role, relation)
    extra = frozenset({"external_id"}) if relation is Relation.OWNER and view is not View.NOTHING else frozenset()
    return entered_fields(view, protected=bool(form.get("protect_location"))) | extra


def check(town: Town, answer: httpx.Response, role: Role, who: str) -> None:
    where = f"{answer.request.method} {answer.request.url.path} as {role} of {who}"
    assert answer.status_code < 500, where
    relations = MEMBERS[who]
    for form, relation in zip((MISSING, RESCUED), relations, strict=True):
        may = allowed(role, who, form, relation)
        for name, words in words_of(form).items():
            seen = [word for word in words if word in answer.text]
            if seen and name not in may:
                raise AssertionError(f"{where}: {name} of the {form['side']} case, which it may not see")
    if answer.headers.get("content-type", "").startswith("image/jpeg"):
        mine = [sees(role, relation) for relation in relations if relation in (Relation.OWNER, Relation.DISCLOSED)]
        assert any(view in (View.FULL, View.DISCLOSED) for view in mine), where
    if answer.headers.get("content-type", "").startswith("application/json"):
        for case in cases_in(answer.json()):
            if case["id"] not in (town.ids["case_id"], town.ids["rescued"]):
                continue  # one that this walk has entered
            side = MISSING if case["side"] == "missing" else RESCUED
            relation = relations[0 if side is MISSING else 1]
            assert case["view"] == sees(role, relation).value, where
            shown = {name for name, value in case.items() if value is not None}
            hidden = {"owner_id", "event_area"} if case["view"] == "disclosed" and "protect_location" in side else set()
            assert shown <= SHOWN[View(case["view"])] - hidden, where
            assert case["view"] == "full" or not case.get("own") or relation is Relation.OWNER, where
            kept = entered_fields(View(case["view"]), protected=bool(side.get("protect_location")))
            assert set(case.get("fields", ())) <= kept, where


def cases_in(value: Any) -> Iterator[dict[str, Any]]:
    if isinstance(value, dict):
        if value.get("view") in {view.value for view in View} and "side" in value:
            yield value
        for part in value.values():
            yield from cases_in(part)
    elif isinstance(value, list):
        for part in value:
            yield from cases_in(part)


def test_the_words_of_this_test_tell_every_field_apart() -> None:
    for form in (MISSING, RESCUED):
        words = words_of(form)
        assert {name for name in form if name not in NOT_TELLING and name != "side"} == set(words)
        assert [name for name, found in words.items() if not found] == []
    assert set(ENTERED) - NOT_TELLING <= set(MISSING) | set(RESCUED)
    assert set(CaseForm.model_fields) >= set(MISSING) | set(RESCUED)


def test_the_page_says_what_the_code_does() -> None:
    assert PAGE.read_text(encoding="utf-8") == access_page(), "run: python -m api.access_reference"


@pytest.mark.parametrize("who", MEMBERS)
@pytest.mark.parametrize("role", Role)
def test_no_reading_door_shows_more_than_the_table(town: Town, role: Role, who: str) -> None:
    headers = town.keys[who, role]
    seen = 0
    for method, path, body in requests(town.ids, changing=False):
        answer = town.house.client.request(method, path, headers=headers, json=body)
        check(town, answer, role, who)
        seen += answer.status_code == 200
    assert seen or role is Role.OPERATOR or not PERMISSIONS[role]


def test_the_walk_sees_what_each_may_see(town: Town) -> None:
    """Without this, a walk that is refused everywhere would find nothing, too."""
    for who, relations in MEMBERS.items():
        for case_id, relation in zip((town.ids["case_id"], town.ids["rescued"]), relations, strict=True):
            answer = town.house.client.get(f"/v1/cases/{case_id}", headers=town.keys[who, Role.OFFICER])
            view = sees(Role.OFFICER, relation)
            assert answer.status_code == (404 if view is View.NOTHING else 200)
            if view is not View.NOTHING:
                assert answer.json()["view"] == view
    full = town.house.client.get(f"/v1/cases/{town.ids['rescued']}", headers=town.keys["delhi", Role.OFFICER]).json()
    assert full["fields"]["name"] == RESCUED["name"]
    assert sorted(full["withheld"]) == [
        "event_country", "event_district", "event_state", "found", "informant", "narrative", "provenance",
    ]  # fmt: skip


@pytest.mark.parametrize("who", [who for who, relations in MEMBERS.items() if Relation.OWNER not in relations])
def test_no_changing_door_shows_more_to_those_who_own_nothing(town: Town, who: str) -> None:
    for role in Role:
        if role is Role.OPERATOR:
            continue  # it would change the partners; it owns nothing and reads nothing, as the walk above shows
        for method, path, body in requests(town.ids, changing=True):
            if path.endswith(("/leave", "/withdraw", "/accept")) or path.startswith(("/v1/keys", "/v1/people")):
                continue  # what they may end is theirs: their agreement, their request, their keys
            check(town, town.house.client.request(method, path, headers=town.keys[who, role], json=body), role, who)


@pytest.mark.parametrize("role", [Role.OFFICER, Role.CASE_MANAGER, Role.REPORTER, Role.CLIENT])
@pytest.mark.parametrize("who", ["family", "shelter"])
def test_no_changing_door_shows_owners_more_than_the_table(
    tmp_path: Path, template: Path, role: Role, who: str
) -> None:
    with settled_house("sqlite", tmp_path / "home", template) as house:
        town = settle_in(house)
        for method, path, body in requests(town.ids, changing=True):
            if path.startswith(("/v1/keys", "/v1/people")):
                continue
            form = MISSING if town.ids["case_id"] in path else RESCUED
            sent = form if method == "PUT" and path.count("/") == 3 and path.startswith("/v1/cases/") else body
            check(town, house.client.request(method, path, headers=town.keys[who, role], json=sent), role, who)
