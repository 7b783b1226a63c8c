"""Possible matches over HTTP: read by the parties, listed page by page, asked for without leaving a trace."""

from __future__ import annotations

import json
from typing import Any
from xml.etree import ElementTree

import pytest

from api.store import audit

from .conftest import FACELESS, GREEN, REPORT, RESCUE, House, Pair, open_house, picture, settled_house

KNOWN = {key: RESCUE[key] for key in ("side", "name", "father_name", "sex", "age", "state", "district", "phone")}
ASK: dict[str, Any] = {"person": KNOWN, "purpose": "identify-rescued-person"}
PLACE_ONLY = {
    "side": "rescued",
    "sex": "female",
    "age": "14",
    "country": "India",
    "state": "West Bengal",
    "village": "Gosaba",
}


def query(house: House, who: str, *uploads: bytes, **changed: Any) -> Any:
    return house.send(who, ASK | changed, *uploads, path="/v1/matches/query", part="query")


def test_a_match_tells_its_reasons_and_decides_nothing(pair: Pair) -> None:
    body = pair.house.ask("shelter", "GET", f"/v1/matches/{pair.match_id}").json()
    assert (body["id"], body["state"], body["grade"]) == (pair.match_id, "suggested", "certain")
    assert "People on both sides decide" in body["notice"]
    assert (body["missing"]["id"], body["rescued"]["id"]) == (pair.missing_id, pair.rescued_id)
    assert (body["missing"]["view"], body["rescued"]["view"]) == ("masked", "full")
    assert sum(part["bits"] for part in body["contributions"]) == pytest.approx(body["weight"], abs=0.01)
    assert {"name", "father", "phones"} <= {reason["comparison"] for reason in body["reasons"]}
    assert body["routes"]
    with pair.house.sandhan.database.read() as conn:
        entries = audit.entries(conn, subject=pair.match_id, limit=1000)
    assert ("match.read", pair.house["shelter"].key_id) in {(entry.action, entry.actor) for entry in entries}


def test_matches_are_listed_page_by_page(fresh_house: House) -> None:
    house = fresh_house
    reported = house.enter("family", REPORT)["case"]["id"]
    expected = set()
    for number in range(5):
        body = house.enter("shelter", RESCUE | {"external_id": f"R{number}"})
        expected.add(body["matches"][0]["id"])
    assert len(expected) == 5
    for who in ("family", "shelter", "ahtu", "mumbai"):
        seen: list[str] = []
        after = None
        while True:
            page = house.ask(
                who, "GET", "/v1/matches", params={"limit": 2} | ({"after": after} if after else {})
            ).json()
            assert len(page["items"]) <= 2
            seen += [item["id"] for item in page["items"]]
            after = page["next"]
            if after is None:
                break
        assert seen == sorted(expected), who
    listed = house.ask("family", "GET", "/v1/matches", params={"case_id": reported, "limit": 100}).json()["items"]
    assert {item["id"] for item in listed} == expected
    only = house.ask("family", "GET", "/v1/matches", params={"case_id": listed[0]["rescued"]["id"]}).json()["items"]
    assert [item["id"] for item in only] == [listed[0]["id"]]
    for grade, found in ((listed[0]["grade"], True), ("certainly-not", False)):
        assert bool(house.ask("family", "GET", "/v1/matches", params={"grade": grade}).json()["items"]) is found


def test_a_pair_keeps_its_match_when_a_side_changes(house: House) -> None:
    house.enter("family", REPORT | {"external_id": "KEEP"})
    form = RESCUE | {"external_id": "KEEP"}
    first = house.enter("shelter", form)
    path = f"/v1/cases/{first['case']['id']}"
    changed = house.send("shelter", form | {"height_cm": "150"}, path=path, method="PUT").json()
    assert {match["id"] for match in changed["matches"]} == {match["id"] for match in first["matches"]}


def test_a_query_finds_her_and_stores_nothing_but_who_asked_and_why(pair: Pair) -> None:
    house = pair.house
    before = house.row_counts()
    answer = query(house, "stranger")
    body = answer.json()
    assert answer.status_code == 200
    assert body["searched"] == "missing"
    first = body["matches"][0]
    assert (first["id"], first["state"]) == (None, "not stored")
    assert (first["missing"]["id"], first["missing"]["view"], first["rescued"]) == (pair.missing_id, "masked", None)
    after = house.row_counts()
    seen = {match["missing"]["id"] for match in body["matches"]}
    assert after.pop("audit") == before.pop("audit") + len(seen) + 1
    assert after == before
    with house.sandhan.database.read() as conn:
        *shown, entry = audit.entries(conn, after=audit.head(conn).seq - len(seen) - 1, limit=100)
    assert {(row.action, row.purpose, row.subject) for row in shown} == {
        ("case.shown", "identify-rescued-person", case_id) for case_id in seen
    }
    assert (entry.action, entry.purpose, entry.actor, entry.subject) == (
        "matches.queried", "identify-rescued-person", house["stranger"].key_id, house["stranger"].id,
    )  # fmt: skip
    for value in (KNOWN["name"], KNOWN["father_name"], "55501", "Parganas"):
        assert value not in repr(entry)


def test_a_query_shows_own_cases_in_full_and_others_masked(pair: Pair) -> None:
    views = {
        who: query(pair.house, who).json()["matches"][0]["missing"]["view"] for who in ("family", "ahtu", "shelter")
    }
    assert views == {"family": "full", "ahtu": "disclosed", "shelter": "masked"}
    shown = json.dumps(query(pair.house, "stranger").json(), ensure_ascii=False)
    assert all(value not in shown for value in (REPORT["name"], REPORT["village"], REPORT["birth_date"], "FIR-2023"))


def test_a_query_from_the_other_side_searches_rescued_people(pair: Pair) -> None:
    person = {name: value for name, value in REPORT.items() if name != "external_id"}
    body = query(pair.house, "stranger", person=person, purpose="trace-missing-person").json()
    assert body["searched"] == "rescued"
    assert body["matches"][0]["rescued"]["id"] == pair.rescued_id
    assert body["matches"][0]["missing"] is None


@pytest.mark.parametrize("purpose", [None, "curiosity", ""])
def test_a_query_needs_a_purpose(pair: Pair, purpose: str | None) -> None:
    before = pair.house.row_counts()
    form = {name: value for name, value in ASK.items() if name != "purpose"} | (
        {} if purpose is None else {"purpose": purpose}
    )
    answer = pair.house.ask("stranger", "POST", "/v1/matches/query", json=form)
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "purpose")
    assert pair.house.row_counts() == before


@pytest.mark.parametrize(
    "more",
    [
        {},
        {"name": "?"},
        {"name": "  ", "father_name": []},
        {"phone": "12"},
        {"identifier": "aadhaar:-"},
        {"marks": "mole"},
        {"address": "Kachari Para"},
        {"remembered": "Gosaba"},
    ],
)
def test_a_place_and_an_age_identify_nobody(pair: Pair, more: dict[str, Any]) -> None:
    before = pair.house.row_counts()
    answer = query(pair.house, "stranger", person=PLACE_ONLY | more)
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_request")
    assert answer.json()["errors"][0]["field"] == "person"
    assert pair.house.row_counts() == before


@pytest.mark.parametrize(
    ("photo", "consent", "reason"),
    [
        (b"x", True, "not_an_image"),
        (picture(FACELESS), True, "no_face"),
        (picture(GREEN), False, "face_consent"),
        (picture(GREEN), None, "face_consent"),
    ],
)
def test_a_photo_without_a_face_is_no_way_to_browse(
    pair: Pair, photo: bytes, consent: bool | None, reason: str
) -> None:
    person = PLACE_ONLY | ({} if consent is None else {"face_consent": consent})
    answer = query(pair.house, "stranger", photo, person=person)
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == "photos"
    assert reason in answer.json()["detail"]


def test_a_photo_alone_may_find_her(pair: Pair) -> None:
    before = pair.house.row_counts()
    answer = query(pair.house, "stranger", picture(GREEN, (80, 80)), person=PLACE_ONLY | {"face_consent": True})
    body = answer.json()
    assert answer.status_code == 200, answer.text
    assert body["photos"] == ["compared"]
    assert pair.missing_id in {match["missing"]["id"] for match in body["matches"]}
    assert "photo" in body["matches"][0]["routes"]
    after = pair.house.row_counts()
    assert after | {"audit": 0} == before | {"audit": 0}


def test_a_query_says_of_each_photo_what_became_of_it(pair: Pair) -> None:
    person = KNOWN | {"face_consent": True}
    told = query(pair.house, "stranger", b"x", picture(GREEN), person=person).json()["photos"]
    assert told[0].startswith("not_an_image: ")
    assert told[1] == "compared"
    assert query(pair.house, "stranger", picture(GREEN)).json()["photos"][0].startswith("withheld: ")


def test_a_query_gives_no_more_than_the_operator_allows(dialect: str, tmp_path: Any, template: Any) -> None:
    with settled_house(dialect, tmp_path / "home", template, query_limit=2) as house:
        for number in range(4):
            house.enter("family", REPORT | {"external_id": f"F{number}"})
        assert len(query(house, "shelter", limit=50).json()["matches"]) == 2
        assert len(query(house, "shelter", limit=1).json()["matches"]) == 1


@pytest.mark.parametrize("limit", [0, 51, "many"])
def test_a_query_for_too_many_is_refused(pair: Pair, limit: object) -> None:
    answer = query(pair.house, "stranger", limit=limit)
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "limit")


def test_before_the_index_is_open_a_query_waits(tmp_path: Any) -> None:
    with open_house(tmp_path / "home") as house:
        welcome = house.sandhan.partners.register_operator("Operator", "IN")
        house.keep("operator", welcome.partner.id, welcome.api_key)
        house.join("shelter", "shelter")
        answer = query(house, "shelter")
        assert (answer.status_code, answer.json()["code"]) == (503, "index_opening")
        house.sandhan.open_index()
        assert query(house, "shelter").json()["matches"] == []


def test_a_match_is_told_in_the_readers_language(pair: Pair) -> None:
    def told(headers: dict[str, str] | None = None, **params: str) -> Any:
        path = f"/v1/matches/{pair.match_id}"
        return pair.house.ask("shelter", "GET", path, params=params, headers=headers or {}).json()

    english = told()
    assert english["language"] == "en"
    assert english["grade_words"] == "certain"
    hindi = told(language="hi")
    assert hindi["language"] == "hi"
    assert [reason["comparison"] for reason in hindi["reasons"]] == [r["comparison"] for r in english["reasons"]]
    for part in ("notice", "grade_words", "probability_words"):
        assert any("\u0900" <= char <= "\u097f" for char in hindi[part]), part
    for reason in hindi["reasons"]:
        for part in ("question", "finding", "statement"):
            assert any("\u0900" <= char <= "\u097f" for char in reason[part]), part
    assert hindi["contributions"] == english["contributions"]  # for programs: the same in every language
    assert told({"Accept-Language": "fr, my;q=0.8, en;q=0.1"})["language"] == "my"
    assert told({"Accept-Language": "my"}, language="as")["language"] == "as"
    assert told({"Accept-Language": "fr"}, language="tlh")["language"] == "en"


def test_without_a_wish_it_is_the_language_of_the_organisation(fresh_house: House) -> None:
    house = fresh_house
    house.join("dhaka", "ahtu", ("BD",), language="bn-BD")
    house.enter("dhaka", REPORT | {"external_id": "BD-1"})
    match_id = house.enter("shelter", RESCUE)["matches"][0]["id"]
    for path in (f"/v1/matches/{match_id}", "/v1/matches"):
        body = house.ask("dhaka", "GET", path).json()
        assert (body["items"][0] if path == "/v1/matches" else body)["language"] == "bn"
    assert house.ask("shelter", "GET", f"/v1/matches/{match_id}").json()["language"] == "en"
    body = query(house, "dhaka").json()
    assert body["matches"][0]["language"] == "bn"
    assert any("\u0980" <= char <= "\u09ff" for char in body["notice"])


def test_a_match_says_what_to_ask_next_and_whom(fresh_house: House) -> None:
    house = fresh_house
    house.enter("family", REPORT | {"phone": None, "identifier": None})
    sparse = {"side": "rescued", "name": "सुनिता", "sex": "female", "state": "West Bengal", "languages": ["bn"]}
    body = house.enter("shelter", sparse)
    asked = house.ask("shelter", "GET", f"/v1/matches/{body['matches'][0]['id']}").json()
    question = asked["next_question"]
    assert question["ask"] == "rescued"
    assert question["comparison"] not in {reason["comparison"] for reason in asked["reasons"]}
    assert question["comparison"] in ("father", "mother", "birth")
    assert question["question"].startswith("If she is willing, ask her: “")
    assert question["question"].endswith("She need not answer.")
    assert 0 < question["changes_grade"] <= 1
    assert 1 <= len(asked["what_would_change"]) <= 3
    assert all("the grade would be “" in sentence for sentence in asked["what_would_change"])


def test_a_query_says_what_to_ask_next_and_what_would_change(pair: Pair) -> None:
    person = {"side": "rescued", "name": "सुनिता", "state": "West Bengal", "sex": "female", "languages": ["bn"]}
    answer = pair.house.send(
        "stranger", ASK | {"person": person}, path="/v1/matches/query?language=ne", part="query"
    ).json()
    first = next(match for match in answer["matches"] if match["missing"]["id"] == pair.missing_id)
    assert first["language"] == "ne"
    assert first["next_question"]["ask"] == "rescued"
    assert any("\u0900" <= char <= "\u097f" for char in first["next_question"]["question"])
    shown = json.dumps(first, ensure_ascii=False)
    for value in (REPORT["father_name"], REPORT["mother_name"], REPORT["village"], "Ramesh", "Malati", "cheek"):
        assert value not in shown


def test_how_the_evidence_adds_up_is_drawn_for_the_parties(pair: Pair) -> None:
    house, path = pair.house, f"/v1/matches/{pair.match_id}/waterfall.svg"
    before = house.row_counts()
    answer = house.ask("shelter", "GET", path, params={"language": "my"})
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "image/svg+xml"
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    assert answer.headers["cache-control"] == "no-store"
    root = ElementTree.fromstring(answer.content)
    assert (root.attrib["lang"], root.attrib["role"]) == ("my", "img")
    after = house.row_counts()
    assert after | {"audit": 0} == before | {"audit": 0}
    with house.sandhan.database.read() as conn:
        entry = audit.entries(conn, after=audit.head(conn).seq - 1, limit=1)[0]
    assert (entry.action, entry.subject, entry.actor) == ("match.read", pair.match_id, house["shelter"].key_id)
    assert entry.detail == {"as": "waterfall"}
    for value in (REPORT["name"], REPORT["father_name"], RESCUE["name"], "55501", "Gosaba", REPORT["village"]):
        assert value not in answer.text


def test_the_drawing_shows_every_contribution_to_the_parties_and_nothing_to_others(pair: Pair) -> None:
    house, path = pair.house, f"/v1/matches/{pair.match_id}/waterfall.svg"
    contributions = house.ask("family", "GET", f"/v1/matches/{pair.match_id}").json()["contributions"]
    drawn = ElementTree.fromstring(house.ask("family", "GET", path).content)
    bars = [element for element in drawn.iter("{http://www.w3.org/2000/svg}rect") if element.get("height") == "12"]
    assert len(bars) == 2 * len(contributions)
    for who, where in (("stranger", path), ("shelter", "/v1/matches/match_none/waterfall.svg")):
        before = house.row_counts()
        answer = house.ask(who, "GET", where)
        assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
        assert answer.json() == house.ask(who, "GET", "/v1/matches/match_none").json()
        assert house.row_counts() == before


def test_a_wish_that_is_too_long_is_refused(pair: Pair) -> None:
    answer = pair.house.ask("shelter", "GET", f"/v1/matches/{pair.match_id}", params={"language": "x" * 36})
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "language")
