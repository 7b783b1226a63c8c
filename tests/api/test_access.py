"""Who may do what: every endpoint without a key, with each permission, and from each relation to a case."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from api.access import PERMISSIONS, AccessScope, Permission, Relation, Role, View
from api.cases.standing import standing
from api.store import cases, partners

from .conftest import GREEN, REPORT, RESCUE, START, House, Pair, picture

CASE = {"side": "missing", "name": "Somebody"}
QUERY = {"person": CASE, "purpose": "trace-missing-person"}
ASK = {"side": "missing", "purpose": "verify-identity"}
AGREEMENT = {"parties": ["partner_none", "partner_nobody"], "reference": "MoU"}
PARTNER = {"name": "Newcomer", "kind": "ngo", "country": "IN"}
PERSON = {"name": "Example Person", "email": "newcomer@example.org", "roles": ["reporter"]}
NOWHERE = {
    "partner_id": "partner_none", "case_id": "case_none", "photo_id": "photo_none", "match_id": "match_none",
    "alert_id": "alert_none", "consent_id": "consent_none", "disclosure_id": "disclosure_none", "decision": "accept",
    "agreement_id": "agreement_none",
    "person_id": "person_none", "key_id": "key_none", "report_id": "hir_none", "follow_up_id": "visit_none",
    "authorisation_id": "authorisation_none", "bulletin_id": "bulletin_none", "item_id": "case_none.untraced.1",
    "pair_id": "pair_none", "referral_id": "ref_none", "suspect_id": "suspect_none", "relation": "recruiter",
}  # fmt: skip
STEP = {"version": 1}
ENDING = {"version": 1, "reason": "other"}
SAID = {"names": [{"value": "Somebody"}]}
ORDER = {
    "authority": "court", "authority_name": "Court", "order_number": "1", "scope": {"kinds": ["ahtu"]},
    "fields": ["age"], "until": "2026-12-01",
}  # fmt: skip

ENDPOINTS: dict[tuple[str, str], tuple[str, Any]] = {
    ("POST", "/v1/partners"): ("partners:write", PARTNER),
    ("GET", "/v1/partners"): ("partners:read", None),
    ("GET", "/v1/partners/{partner_id}"): ("partners:read", None),
    ("PATCH", "/v1/partners/{partner_id}"): ("partners:write", {"language": "hi"}),
    ("PUT", "/v1/partners/{partner_id}/faces"): ("partners:write", {"compared": True}),
    ("GET", "/v1/people"): ("people:manage", None),
    ("POST", "/v1/people"): ("people:manage", PERSON),
    ("GET", "/v1/people/{person_id}"): ("people:manage", None),
    ("PATCH", "/v1/people/{person_id}"): ("people:manage", {"active": False}),
    ("POST", "/v1/people/{person_id}/reset"): ("people:manage", None),
    ("GET", "/v1/keys"): ("keys:manage", None),
    ("POST", "/v1/keys"): ("keys:manage", {"label": "newcomer"}),
    ("POST", "/v1/keys/{key_id}/rotate"): ("keys:manage", {}),
    ("DELETE", "/v1/keys/{key_id}"): ("keys:manage", None),
    ("POST", "/v1/cases"): ("cases:write", CASE),
    ("GET", "/v1/cases"): ("cases:read", None),
    ("GET", "/v1/cases/{case_id}"): ("cases:read", None),
    ("PUT", "/v1/cases/{case_id}"): ("cases:write", CASE),
    ("POST", "/v1/cases/{case_id}/close"): ("cases:write", None),
    ("POST", "/v1/cases/{case_id}/reopen"): ("cases:write", None),
    ("GET", "/v1/cases/{case_id}/photos"): ("cases:read", None),
    ("GET", "/v1/cases/{case_id}/photos/{photo_id}"): ("cases:read", None),  # and names:read: a face is one
    ("DELETE", "/v1/cases/{case_id}"): ("cases:erase", None),
    ("PUT", "/v1/cases/{case_id}/expiry"): ("consents:manage", {"until": "2030-01-01"}),
    ("GET", "/v1/cases/{case_id}/consents"): ("cases:read", None),
    ("POST", "/v1/cases/{case_id}/consents"): ("consents:manage", {"purpose": "matching"}),
    ("POST", "/v1/cases/{case_id}/consents/{consent_id}/withdraw"): ("consents:manage", None),
    ("GET", "/v1/tombstones"): ("cases:read", None),
    ("POST", "/v1/cases/{case_id}/photos/{photo_id}/face"): ("cases:write", {"box": [0, 0, 9, 9]}),
    ("GET", "/v1/cases/{case_id}/stages"): ("cases:read", None),
    ("POST", "/v1/cases/{case_id}/stages"): ("cases:write", {"stage": "rescue", "entered_on": "2026-10-28"}),
    ("GET", "/v1/cases/{case_id}/notes"): ("cases:read", None),
    ("POST", "/v1/cases/{case_id}/notes"): ("cases:write", {"kind": "other", "text": "seen"}),
    ("GET", "/v1/cases/{case_id}/home-reports"): ("cases:read", None),
    ("POST", "/v1/cases/{case_id}/home-reports"): ("cases:write", {"unit": "DCPU", "due_on": "2026-12-01"}),
    ("POST", "/v1/cases/{case_id}/home-reports/{report_id}/findings"): (
        "cases:write",
        {"outcome": "safe", "visited_on": "2026-10-20", "role": "officer", "version": 0},
    ),
    ("GET", "/v1/cases/{case_id}/follow-ups"): ("cases:read", None),
    ("POST", "/v1/cases/{case_id}/return"): ("cases:write", {"returned_on": "2026-10-28"}),
    ("POST", "/v1/cases/{case_id}/follow-ups/{follow_up_id}"): ("cases:write", {"state": "done", "outcome": "well"}),
    ("GET", "/v1/follow-ups"): ("cases:read", None),
    ("GET", "/v1/cases/{case_id}/history"): ("cases:read", None),
    ("POST", "/v1/cases/{case_id}/referrals"): (
        "referrals:manage",
        {"kind": "referral", "receiver_id": "partner_none", "reason": "medical"},
    ),
    ("GET", "/v1/cases/{case_id}/referrals"): ("referrals:manage", None),
    ("GET", "/v1/referrals"): ("referrals:manage", None),
    ("GET", "/v1/referrals/{referral_id}"): ("referrals:manage", None),
    ("POST", "/v1/referrals/{referral_id}/accept"): ("referrals:manage", STEP),
    ("POST", "/v1/referrals/{referral_id}/reject"): ("referrals:manage", ENDING),
    ("POST", "/v1/referrals/{referral_id}/revoke"): ("referrals:manage", ENDING),
    ("POST", "/v1/referrals/{referral_id}/complete"): ("referrals:manage", STEP),
    ("POST", "/v1/cases/{case_id}/publication-authorisations"): ("publication:authorise", ORDER),
    ("GET", "/v1/cases/{case_id}/publication-authorisations"): ("cases:read", None),
    ("POST", "/v1/cases/{case_id}/publication-authorisations/{authorisation_id}/withdraw"): (
        "publication:authorise",
        None,
    ),
    ("POST", "/v1/cases/{case_id}/bulletins"): (
        "cases:write",  # and names:read: a bulletin tells one
        {"authorisation_id": "authorisation_none", "recipients": ["partner_none"]},
    ),
    ("GET", "/v1/bulletins"): ("cases:read", None),
    ("GET", "/v1/bulletins/{bulletin_id}"): ("cases:read", None),
    ("GET", "/v1/bulletins/{bulletin_id}/photo"): ("cases:read", None),  # and names:read
    ("POST", "/v1/bulletins/{bulletin_id}/take-down"): ("cases:write", {"reason": "error"}),
    ("GET", "/v1/agenda"): ("cases:read", None),
    ("POST", "/v1/agenda/{item_id}/done"): ("cases:write", {"done_on": "2026-10-31"}),
    ("POST", "/v1/suspects"): ("suspects:write", SAID),
    ("GET", "/v1/suspects"): ("suspects:read", None),
    ("GET", "/v1/suspects/{suspect_id}"): ("suspects:read", None),
    ("PUT", "/v1/suspects/{suspect_id}"): ("suspects:write", SAID | STEP),
    ("GET", "/v1/suspects/{suspect_id}/history"): ("suspects:read", None),
    ("POST", "/v1/suspects/{suspect_id}/close"): ("suspects:write", None),
    ("POST", "/v1/suspects/{suspect_id}/reopen"): ("suspects:write", None),
    ("DELETE", "/v1/suspects/{suspect_id}"): ("suspects:write", None),
    ("GET", "/v1/suspects/{suspect_id}/cases"): ("suspects:read", None),
    ("POST", "/v1/suspects/{suspect_id}/cases"): ("suspects:write", {"case_id": "case_none", "relation": "named"}),
    ("DELETE", "/v1/suspects/{suspect_id}/cases/{case_id}/{relation}"): ("suspects:write", None),
    ("GET", "/v1/cases/{case_id}/suspects"): ("suspects:read", None),
    ("GET", "/v1/agreements/{agreement_id}"): ("partners:read", None),
    ("GET", "/v1/disclosures/{disclosure_id}"): ("matches:read", None),
    ("POST", "/v1/matches/query"): ("matches:query", QUERY),
    ("GET", "/v1/matches"): ("matches:read", None),
    ("GET", "/v1/matches/{match_id}"): ("matches:read", None),
    ("GET", "/v1/matches/{match_id}/waterfall.svg"): ("matches:read", None),
    ("POST", "/v1/matches/{match_id}/decisions"): ("matches:decide", {"action": "take_up"}),
    ("GET", "/v1/matches/{match_id}/events"): ("matches:read", None),
    ("GET", "/v1/matches/{match_id}/routing"): ("matches:read", None),
    ("GET", "/v1/alerts"): ("alerts:read", None),
    ("GET", "/v1/alerts/stream"): ("alerts:read", None),
    ("GET", "/v1/alerts/{alert_id}"): ("alerts:read", None),
    ("POST", "/v1/alerts/{alert_id}/replay"): ("alerts:replay", None),
    ("POST", "/v1/alerts/{alert_id}/acknowledge"): ("alerts:acknowledge", None),
    ("POST", "/v1/alerts/{alert_id}/action"): ("alerts:acknowledge", {"code": "nothing_to_do"}),
    ("GET", "/v1/alerts/missed"): ("alerts:read", None),
    ("POST", "/v1/matches/{match_id}/disclosures"): ("disclosure:request", ASK),
    ("GET", "/v1/pairs"): ("matches:read", None),  # and suspects:read for those of suspects
    ("GET", "/v1/pairs/{pair_id}"): ("matches:read", None),
    ("POST", "/v1/pairs/{pair_id}/dismiss"): ("cases:write", {"reason": "not_the_same"}),
    ("GET", "/v1/disclosures"): ("matches:read", None),
    ("POST", "/v1/disclosures/{disclosure_id}/{decision}"): ("disclosure:decide", None),
    ("POST", "/v1/agreements"): ("agreements:manage", AGREEMENT),
    ("GET", "/v1/reports/nightly"): ("matches:read", None),  # and alerts:read for what it tells of these
    ("GET", "/v1/reports/nightly.csv"): ("matches:read", None),
    ("GET", "/v1/audit"): ("audit:read", None),
    ("GET", "/v1/audit/roots"): ("partners:read", None),
    ("GET", "/v1/agreements"): ("partners:read", None),
    ("POST", "/v1/agreements/{agreement_id}/parties"): ("partners:write", {"partner_id": "partner_none"}),
    ("POST", "/v1/agreements/{agreement_id}/accept"): ("agreements:manage", None),
    ("POST", "/v1/agreements/{agreement_id}/leave"): ("agreements:manage", None),
}
OPEN = {
    ("GET", "/v1/health"), ("GET", "/v1/ready"), ("POST", "/v1/session"), ("POST", "/v1/session/code"),
    ("GET", "/v1/session/oidc"), ("GET", "/v1/session/oidc/callback"), ("POST", "/v1/enrolment"),
    ("POST", "/v1/enrolment/confirm"),
}  # fmt: skip
ANYBODYS = {
    ("GET", "/v1/session"), ("DELETE", "/v1/session"), ("DELETE", "/v1/session/everywhere"),
    ("PUT", "/v1/session/password"),
}  # fmt: skip
"""Of every caller, whatever he or she may do."""
each_endpoint = pytest.mark.parametrize("endpoint", ENDPOINTS, ids=" ".join)


def knock(house: House, endpoint: tuple[str, str], headers: dict[str, str]) -> Any:
    method, path = endpoint
    there = path.format(**NOWHERE) + ("?reason=wish" if method == "DELETE" else "")
    return house.client.request(method, there, headers=headers, json=ENDPOINTS[endpoint][1])


def test_the_table_of_endpoints_is_complete(house: House) -> None:
    paths = house.client.get("/openapi.json").json()["paths"]
    served = {(method.upper(), path) for path, methods in paths.items() for method in methods}
    assert served == set(ENDPOINTS) | OPEN | ANYBODYS


@pytest.fixture(scope="module")
def bad_keys(house: House) -> dict[str, dict[str, str]]:
    """Headers of every kind that must open nothing."""
    left = house.join("left", "ngo")
    with house.sandhan.database.write() as conn:
        partners.set_active(conn, left.id, False)
    return {
        "none": {},
        "unknown": {"Authorization": "Bearer sk_" + "0" * 48},
        "empty": {"Authorization": "Bearer "},
        "unknown session": {"Authorization": "Bearer ses_" + "0" * 64},
        "unknown cookie": {"Cookie": "__Host-sandhan=ses_" + "0" * 64},
        "key as a cookie": {"Cookie": f"__Host-sandhan={house['shelter'].key}"},
        "unknown, other header": {"X-API-Key": "sk_" + "0" * 48},
        "other scheme": {"Authorization": f"Basic {house['shelter'].key}"},
        "revoked": house.key_with("shelter", *Permission, revoked=True),
        "expired": house.key_with("shelter", *Permission, expires_at=START),
        "partner left": left.headers,
    }


@each_endpoint
def test_without_a_valid_key_nothing_opens(
    house: House, bad_keys: dict[str, dict[str, str]], endpoint: tuple[str, str]
) -> None:
    before = house.row_counts()
    answers = {kind: knock(house, endpoint, headers) for kind, headers in bad_keys.items()}
    answers["in the address"] = house.client.request(
        endpoint[0],
        endpoint[1].format(**NOWHERE),
        params={"api_key": house["shelter"].key, "reason": "wish"},
        json=ENDPOINTS[endpoint][1],
    )
    for kind, answer in answers.items():
        assert (answer.status_code, answer.json()["code"]) == (401, "unauthenticated"), kind
        assert answer.headers["www-authenticate"] == "Bearer"
    # Whoever tries keys learns nothing from the answers.
    assert len({answer.content for answer in answers.values()}) == 1
    assert house.row_counts() == before


@pytest.mark.parametrize("endpoint", sorted(ANYBODYS), ids=" ".join)
def test_who_nobody_knows_has_no_session(
    house: House, bad_keys: dict[str, dict[str, str]], endpoint: tuple[str, str]
) -> None:
    for kind, headers in bad_keys.items():
        form = {"current": "x", "new": "x"} if endpoint[0] == "PUT" else None
        answer = house.client.request(*endpoint, headers=headers, json=form)
        assert (answer.status_code, answer.json()["code"]) == (401, "unauthenticated"), kind


def test_a_key_opens_until_it_expires(house: House) -> None:
    headers = house.key_with("shelter", *Permission, expires_at=house.clock() + timedelta(minutes=5))
    assert house.client.get("/v1/cases", headers=headers).status_code == 200
    house.clock.advance(minutes=6)
    assert house.client.get("/v1/cases", headers=headers).status_code == 401


@pytest.fixture(scope="module")
def keys(house: House) -> dict[str, dict[str, str]]:
    """One key of each single permission, beside that of reading names."""
    return {permission: house.key_with("stranger", permission, "names:read") for permission in Permission}


@each_endpoint
def test_each_endpoint_asks_for_exactly_its_permission(
    house: House, keys: dict[str, dict[str, str]], endpoint: tuple[str, str]
) -> None:
    needed = ENDPOINTS[endpoint][0]
    for permission, headers in keys.items():
        answer = knock(house, endpoint, headers)
        if permission == needed:
            # An agreement is refused for its parties, which are nobody.
            assert answer.status_code in (200, 201, 404) or answer.json()["errors"][0]["field"] == "parties"
        else:
            assert (answer.status_code, answer.json()["code"]) == (403, "not_permitted"), permission
            assert needed in answer.json()["detail"]


def test_a_key_without_permissions_opens_nothing(house: House) -> None:
    headers = house.key_with("stranger")
    assert {knock(house, endpoint, headers).status_code for endpoint in ENDPOINTS} == {403}


def test_operators_see_no_case(pair: Pair) -> None:
    for endpoint in ENDPOINTS:
        if ENDPOINTS[endpoint][0].startswith(("cases:", "matches:", "alerts:")):
            assert knock(pair.house, endpoint, pair.house["operator"].headers).status_code == 403


# What each member sees; "-" is the answer for what does not exist.
CASES_SEEN = {
    "missing": {"family": "full", "ahtu": "disclosed", "shelter": "masked", "mumbai": "masked", "stranger": "-"},
    "rescued": {"shelter": "full", "family": "masked", "ahtu": "masked", "mumbai": "masked", "stranger": "-"},
}


@pytest.mark.parametrize("side", CASES_SEEN)
@pytest.mark.parametrize("who", CASES_SEEN["missing"])
def test_how_much_of_a_case_each_relation_sees(pair: Pair, side: str, who: str) -> None:
    case_id = {"missing": pair.missing_id, "rescued": pair.rescued_id}[side]
    answer = pair.house.ask(who, "GET", f"/v1/cases/{case_id}")
    expected = CASES_SEEN[side][who]
    if expected == "-":
        nothing = pair.house.ask(who, "GET", "/v1/cases/case_none")
        assert (answer.status_code, answer.content) == (404, nothing.content)
        assert dict(answer.headers) == dict(nothing.headers)
        return
    body = answer.json()
    assert (answer.status_code, body["view"], body["id"]) == (200, expected, case_id)
    assert expected != "disclosed" or body["fields"]["name"] == REPORT["name"]
    # A mask says nothing of how often its owner has changed the case.
    assert answer.headers["etag"].startswith('"1-') == (expected == "full")
    match = pair.house.ask(who, "GET", f"/v1/matches/{pair.match_id}").json()
    assert match[side] == body


# Everything that only the owner of the rescued person's record may do; none of it works for the others.
OWN = [
    ("PUT", "/v1/cases/{case_id}", RESCUE | {"name": "another"}),
    ("POST", "/v1/cases/{case_id}/close", None),
    ("POST", "/v1/cases/{case_id}/reopen", None),
    ("GET", "/v1/cases/{case_id}/photos", None),
    ("GET", "/v1/cases/{case_id}/photos/{photo_id}", None),
    ("GET", "/v1/cases/{case_id}/history", None),
    ("GET", "/v1/cases/{case_id}/stages", None),
    ("POST", "/v1/cases/{case_id}/stages", {"stage": "rescue", "entered_on": "2026-10-28"}),
    ("GET", "/v1/cases/{case_id}/notes", None),
    ("POST", "/v1/cases/{case_id}/notes", {"kind": "other", "text": "seen"}),
    ("GET", "/v1/cases/{case_id}/home-reports", None),
    ("POST", "/v1/cases/{case_id}/home-reports", {"unit": "DCPU", "due_on": "2026-12-01"}),
    ("GET", "/v1/cases/{case_id}/follow-ups", None),
    ("POST", "/v1/cases/{case_id}/return", {"returned_on": "2026-10-28"}),
    ("GET", "/v1/cases/{case_id}/referrals", None),
    ("GET", "/v1/cases/{case_id}/publication-authorisations", None),
]


@pytest.mark.parametrize(("method", "path", "body"), OWN, ids=[f"{row[0]} {row[1]}" for row in OWN])
def test_what_only_the_owner_may_do(pair: Pair, method: str, path: str, body: Any) -> None:
    there = path.format(case_id=pair.rescued_id, photo_id=pair.photo_id)
    before = pair.house.ask("shelter", "GET", f"/v1/cases/{pair.rescued_id}").json()
    for who in ("family", "ahtu", "mumbai", "stranger"):
        answer = pair.house.ask(who, method, there, json=body)
        nothing = pair.house.ask(who, method, path.format(**NOWHERE), json=body)
        assert answer.status_code == 404, who
        assert (answer.content, dict(answer.headers)) == (nothing.content, dict(nothing.headers)), who
    assert pair.house.ask("shelter", "GET", f"/v1/cases/{pair.rescued_id}").json() == before
    if method == "GET":
        assert pair.house.ask("shelter", method, there).status_code == 200


def test_a_unit_that_sees_a_report_gets_none_of_its_photos(pair: Pair) -> None:
    case = pair.house.ask("ahtu", "GET", f"/v1/cases/{pair.missing_id}").json()
    (photo,) = case["photos"]
    own = f"/v1/cases/{pair.missing_id}/photos"
    assert pair.house.ask("ahtu", "GET", own).status_code == 404
    assert pair.house.ask("ahtu", "GET", f"{own}/{photo['id']}").status_code == 404
    assert pair.house.ask("family", "GET", f"{own}/{photo['id']}").status_code == 200


def test_matches_and_alerts_of_others_do_not_exist(pair: Pair) -> None:
    house = pair.house
    for path, none in (
        (f"/v1/matches/{pair.match_id}", "/v1/matches/match_none"),
        (f"/v1/alerts/{pair.alerts['family']}", "/v1/alerts/alert_none"),
    ):
        answer, nothing = house.ask("stranger", "GET", path), house.ask("stranger", "GET", none)
        assert (answer.status_code, answer.content) == (404, nothing.content)
    for path in ("/v1/matches", f"/v1/matches?case_id={pair.missing_id}", "/v1/alerts", "/v1/cases"):
        assert house.ask("stranger", "GET", path).json() == {"items": [], "next": None}


def personal(form: dict[str, Any]) -> Iterator[str]:
    """Give every text of a form that could lead to the person; also as words, and a phone as its digits."""
    shown = {
        "side",
        "sex",
        "age",
        "age_basis",
        "country",
        "state",
        "languages",
        "event_country",
        "event_state",
        "found",
    }
    for field in form.keys() - shown:
        for value in form[field] if isinstance(form[field], list) else [form[field]]:
            yield value
            yield from (word for word in value.split() if len(word) > 3)
            if field == "phone":
                yield "".join(filter(str.isdigit, value))[-10:]


@pytest.mark.parametrize(("side", "who"), [("missing", "shelter"), ("missing", "mumbai"), ("rescued", "family")])
def test_a_mask_hides_everything_that_leads_to_the_person(pair: Pair, side: str, who: str) -> None:
    case_id, form = (pair.missing_id, REPORT) if side == "missing" else (pair.rescued_id, RESCUE)
    house = pair.house
    answer = house.ask(who, "GET", f"/v1/cases/{case_id}")
    shown = json.dumps(answer.json(), ensure_ascii=False)
    for secret in personal(form):
        assert secret not in shown
    for secret in (
        "gosaba",
        "24 parganas",
        "24-parganas",
        "mumbai",
        "2011-05",
        "2023-08",
        "2026-10",
        "owner",
        "fields",
    ):
        assert secret not in shown.lower()
    body = answer.json()
    assert body["origin_state"] == "West Bengal, India"
    assert body["born_between"] == "2010-2014"
    assert body["has_photo"]
    assert all(len(part) <= 3 for name in body["initials"] for part in name.split())
    reasons = json.dumps(house.ask(who, "GET", f"/v1/matches/{pair.match_id}").json()["reasons"], ensure_ascii=False)
    for secret in personal(form):
        assert len(secret) < 5 or secret not in reasons


def test_a_protected_persons_mask_does_not_tell_when_she_was_found(fresh_house: House) -> None:
    fresh_house.enter("family", REPORT, picture(GREEN))
    body = fresh_house.enter("shelter", RESCUE, picture(GREEN), protect_location=True, face_consent=True)
    masked = fresh_house.ask("family", "GET", f"/v1/cases/{body['case']['id']}").json()
    assert (masked["view"], masked["event_year"]) == ("masked", None)


@pytest.mark.parametrize(
    ("kind", "areas", "side", "expected"),
    [
        ("ahtu", ("IN/WB",), "missing", Relation.POLICE),
        ("police", ("IN",), "missing", Relation.POLICE),
        ("coordination", ("IN/WB/south-24-parganas",), "missing", Relation.POLICE),
        ("ahtu", ("IN/WB/south-24",), "missing", Relation.STRANGER),  # a prefix of the text, not of the path
        ("ahtu", ("IN/AS",), "missing", Relation.STRANGER),
        ("ahtu", ("IN/WB",), "rescued", Relation.STRANGER),
        ("ngo", ("IN/WB",), "missing", Relation.STRANGER),
    ],
)
def test_jurisdiction_opens_missing_reports_to_police_units_only(
    pair: Pair, kind: str, areas: tuple[str, ...], side: str, expected: Relation
) -> None:
    house = pair.house
    with house.sandhan.database.write() as conn:
        caller = partners.get_partner(conn, house["stranger"].id)
        case = cases.require_case(conn, pair.missing_id if side == "missing" else pair.rescued_id)
        assert caller is not None
        scope = AccessScope(caller.id, "key", kind, areas, frozenset())
        assert standing(conn, case, scope, house.clock()) is expected
        assert standing(conn, case, replace(scope, partner_id=case.owner_id), house.clock()) is Relation.OWNER


@pytest.mark.parametrize("relation", Relation)
def test_who_may_not_read_names_sees_no_more_than_an_outline(relation: Relation) -> None:
    client = AccessScope("p", "key", "ngo", (), PERMISSIONS[Role.CLIENT])
    manager = replace(client, permissions=PERMISSIONS[Role.CASE_MANAGER])
    assert client.view_of(relation) in (View.OUTLINE, View.NOTHING)
    assert (client.view_of(relation) is View.NOTHING) == (manager.view_of(relation) is View.NOTHING)
