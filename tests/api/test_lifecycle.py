"""Consent, retention and erasure over HTTP: what is withdrawn or over is gone for everybody, at once."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import LargeBinary, delete, select, update

from api.store import audit, cases, erasure, outbox, tables
from api.store.sharing_tables import disclosures

from .conftest import GREEN, REPORT, RESCUE, START, House, Pair, matched, picture

ASK = {
    "person": {"side": "rescued"} | {name: RESCUE[name] for name in ("name", "father_name", "phone")},
    "purpose": "identify-rescued-person",
}
OTHERS = ("family", "ahtu", "mumbai", "stranger")
WORDS = ("सुनिता", "बुड़ी", "रमेश", "Gosaba", "55501", "MUM-2026-0117", "wholesale")


@pytest.fixture
def own(fresh_house: House) -> Pair:
    """A matched pair that a test may change."""
    return matched(fresh_house)


def consent_of(pair: Pair, case_id: str, who: str, purpose: str) -> str:
    listed = pair.house.ask(who, "GET", f"/v1/cases/{case_id}/consents").json()
    (found,) = [one["id"] for one in listed if one["purpose"] == purpose and one["withdrawn_at"] is None]
    return str(found)


def withdraw(pair: Pair, purpose: str, who: str = "family") -> None:
    case_id = pair.missing_id if who == "family" else pair.rescued_id
    consent = consent_of(pair, case_id, who, purpose)
    answer = pair.house.ask(who, "POST", f"/v1/cases/{case_id}/consents/{consent}/withdraw")
    assert answer.status_code == 200, answer.text
    assert answer.json()["withdrawn_at"] is not None


def give(pair: Pair, purpose: str, who: str = "family", **more: str) -> None:
    case_id = pair.missing_id if who == "family" else pair.rescued_id
    answer = pair.house.ask(who, "POST", f"/v1/cases/{case_id}/consents", json={"purpose": purpose, **more})
    assert answer.status_code == 201, answer.text


def asked(house: House, who: str) -> set[str]:
    """Return the missing persons whom a query finds."""
    answer = house.ask(who, "POST", "/v1/matches/query", json=ASK)
    assert answer.status_code == 200, answer.text
    return {match["missing"]["id"] for match in answer.json()["matches"]}


def listed(house: House, who: str) -> list[str]:
    return [item["id"] for item in house.ask(who, "GET", "/v1/matches").json()["items"]]


def same_as_nothing(house: House, who: str, method: str, path: str, unknown: str, **more: Any) -> bool:
    """Tell whether an answer is, to the byte, that about what does not exist."""
    answer, nothing = house.ask(who, method, path, **more), house.ask(who, method, unknown, **more)
    return (answer.status_code, answer.content) == (404, nothing.content)


def messages(pair: Pair) -> dict[str, list[str]]:
    with pair.house.sandhan.database.read() as conn:
        return {who: [m.state for m in outbox.messages_of(conn, alert)] for who, alert in pair.alerts.items()}


def still_sent(pair: Pair) -> list[str]:
    """Return of what the messages tell that still go out, and let them go."""
    with pair.house.sandhan.database.read() as conn:
        waiting = list(conn.scalars(select(tables.outbox.c.payload).where(tables.outbox.c.state == "queued")))
    assert pair.house.sandhan.dispatcher.run_once() == len(waiting)
    return [payload["event"] for payload in waiting]


def test_what_holds_when_a_case_comes_in(own: Pair) -> None:
    def held(who: str, case_id: str) -> list[tuple[str, str, str, str]]:
        rows = own.house.ask(who, "GET", f"/v1/cases/{case_id}/consents").json()
        return [(row["purpose"], row["recipients"], row["basis"], row["given_by"]) for row in rows]

    assert held("family", own.missing_id) == [
        ("matching", "any", "report", "reporter"), ("sharing", "any", "report", "reporter"),
        ("referral", "any", "report", "reporter"), ("faces", "any", "consent", "reporter"),
    ]  # fmt: skip
    assert held("shelter", own.rescued_id) == [
        ("matching", "any", "legal_duty", "authority"), ("sharing", "any", "legal_duty", "authority"),
        ("referral", "any", "legal_duty", "authority"), ("faces", "any", "consent", "person"),
    ]  # fmt: skip


def test_to_everybody_else_the_doors_are_those_of_a_case_that_is_not_there(own: Pair) -> None:
    consent = consent_of(own, own.missing_id, "family", "matching")
    doors: list[tuple[str, str, Any]] = [
        ("GET", "/consents", None),
        ("POST", "/consents", {"purpose": "referral"}),
        ("POST", f"/consents/{consent}/withdraw", None),
        ("PUT", "/expiry", {"until": "2030-01-01"}),
        ("DELETE", "?reason=wish", None),
    ]
    for who in ("shelter", "ahtu", "stranger"):
        for method, door, form in doors:
            more = {} if form is None else {"json": form}
            path, unknown = f"/v1/cases/{own.missing_id}{door}", f"/v1/cases/case_none{door}"
            assert same_as_nothing(own.house, who, method, path, unknown, **more), (who, method, door)
    assert listed(own.house, "family") == [own.match_id]
    other = consent_of(own, own.rescued_id, "shelter", "matching")
    path = f"/v1/cases/{own.missing_id}/consents/"
    assert same_as_nothing(own.house, "family", "POST", f"{path}{other}/withdraw", f"{path}consent_none/withdraw"), (
        "another case's consent"
    )


def test_without_consent_to_matching_nobody_finds_her_and_with_it_again_everybody_does(own: Pair) -> None:
    house = own.house
    assert asked(house, "stranger") == {own.missing_id}
    assert set(messages(own)) == {"family", "shelter", "ahtu", "mumbai"}
    withdraw(own, "matching")
    for who in OTHERS:
        assert asked(house, who) == set(), who
    for who in ("family", "shelter", "ahtu", "mumbai"):
        assert listed(house, who) == [], who
        assert same_as_nothing(house, who, "GET", f"/v1/matches/{own.match_id}", "/v1/matches/match_none"), who
    assert same_as_nothing(house, "shelter", "GET", f"/v1/cases/{own.missing_id}", "/v1/cases/case_none")
    assert {state for states in messages(own).values() for state in states} == {"dead_letter"}, "held back"
    assert still_sent(own) == ["recalled"] * 4, "all four had looked into their inboxes"
    shown = house.ask("family", "GET", f"/v1/cases/{own.missing_id}").json()
    assert (shown["status"], shown["closed_for"]) == ("closed", "consent")
    # Who enters another rescue is not told of her either.
    assert house.enter("shelter", RESCUE | {"external_id": "SECOND"})["matches"] == []
    opened = house.ask("family", "POST", f"/v1/cases/{own.missing_id}/reopen")
    assert (opened.status_code, opened.json()["code"]) == (409, "consent_missing")
    give(own, "matching", basis="guardian_consent", given_by="guardian")
    assert asked(house, "stranger") == {own.missing_id}
    assert own.match_id in listed(house, "family")
    body = house.ask("shelter", "GET", f"/v1/matches/{own.match_id}").json()
    assert body["state"] == "suggested"
    assert house.ask("family", "GET", f"/v1/cases/{own.missing_id}").json()["status"] == "open"


def test_consent_withdrawn_on_the_rescued_side_ends_the_same_match(own: Pair) -> None:
    withdraw(own, "matching", "shelter")
    assert listed(own.house, "family") == []
    give(own, "matching", "shelter")
    assert listed(own.house, "family") == [own.match_id]


def test_a_second_ground_keeps_the_case_in_the_search(own: Pair) -> None:
    first = consent_of(own, own.missing_id, "family", "matching")
    give(own, "matching", basis="court_order", given_by="authority")
    path = f"/v1/cases/{own.missing_id}/consents/{first}/withdraw"
    assert own.house.ask("family", "POST", path).status_code == 200
    assert asked(own.house, "stranger") == {own.missing_id}
    withdraw(own, "matching")
    assert asked(own.house, "stranger") == set()


@pytest.mark.parametrize(
    ("recipients", "sees"),
    [("police", {"ahtu"}), ("shelter", {"shelter"}), ("ngo", {"mumbai"}), ("coordination", set())],
)
def test_sharing_is_agreed_to_for_a_class_of_recipients(own: Pair, recipients: str, sees: set[str]) -> None:
    house = own.house
    withdraw(own, "sharing")
    path = f"/v1/cases/{own.missing_id}"
    for who in ("shelter", "ahtu", "mumbai", "stranger"):
        assert same_as_nothing(house, who, "GET", path, "/v1/cases/case_none"), who
        assert asked(house, who) == set()
        assert listed(house, who) == []
    assert house.ask("family", "GET", path).json()["view"] == "full"
    assert listed(house, "family") == [own.match_id], "her own people still see what was found"
    give(own, "sharing", recipients=recipients)
    parties = ("shelter", "ahtu", "mumbai")
    assert {who for who in parties if house.ask(who, "GET", path).status_code == 200} == sees
    assert {who for who in parties if own.match_id in listed(house, who)} == sees


def test_nobody_is_told_of_a_match_whose_sharing_was_refused_to_them(fresh_house: House) -> None:
    house = fresh_house
    refused = [{"purpose": "sharing", "granted": False}, {"purpose": "sharing", "recipients": "police"}]
    house.enter("family", REPORT | {"consents": refused})
    house.enter("shelter", RESCUE)
    told = {who for who in (*OTHERS, "shelter") if house.ask(who, "GET", "/v1/alerts").json()["items"]}
    assert told == {"family", "ahtu"}


def test_consent_to_faces_that_is_withdrawn_forgets_what_was_found(own: Pair) -> None:
    house = own.house

    def vectors() -> int:
        with house.sandhan.database.read() as conn:
            found = select(tables.faces.c.id).where(tables.faces.c.case_id == own.rescued_id)
            return len(conn.execute(found).all())

    assert vectors() == 1
    before = house.sandhan.keeper.status().faces
    withdraw(own, "faces", "shelter")
    assert vectors() == 0
    assert house.sandhan.keeper.status().faces == before - 1
    shown = house.ask("shelter", "GET", f"/v1/cases/{own.rescued_id}").json()
    assert (shown["face_consent"], [photo["state"] for photo in shown["photos"]]) == (False, ["withheld"])
    give(own, "faces", "shelter")
    assert vectors() == 1
    assert house.sandhan.keeper.status().faces == before


def test_a_refusal_is_recorded_by_withdrawing(own: Pair) -> None:
    path = f"/v1/cases/{own.missing_id}/consents"
    answer = own.house.ask("family", "POST", path, json={"purpose": "referral", "granted": False})
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "granted")


@pytest.mark.parametrize(
    ("until", "code"), [("2020-01-01", 422), ("2099-01-01", 422), ("9999-12-31", 422), ("2026-11-02", 200)]
)
def test_a_case_is_kept_until_a_day_that_can_be_named(own: Pair, until: str, code: int) -> None:
    answer = own.house.ask("family", "PUT", f"/v1/cases/{own.missing_id}/expiry", json={"until": until})
    assert answer.status_code == code
    if code == 200:
        assert answer.json()["expires_at"].startswith("2026-11-03T00:00")


def test_what_is_over_is_nobodys_any_more_and_then_erased(own: Pair) -> None:
    house = own.house
    path = f"/v1/cases/{own.missing_id}"
    assert house.ask("family", "PUT", f"{path}/expiry", json={"until": "2026-11-02"}).status_code == 200
    house.clock.advance(days=1)
    assert house.sandhan.lifecycle.expire_due() == 0
    assert asked(house, "stranger") == {own.missing_id}
    house.clock.advance(hours=15)
    for who in ("family", "shelter", "ahtu"):
        assert same_as_nothing(house, who, "GET", path, "/v1/cases/case_none"), who
        assert listed(house, who) == []
    assert asked(house, "stranger") == set()
    assert house.sandhan.lifecycle.expire_due() == 1
    assert house.sandhan.lifecycle.expire_due() == 0
    with house.sandhan.database.read() as conn:
        assert cases.get_case(conn, own.missing_id) is None
        assert cases.get_case(conn, own.rescued_id) is not None
        (entry,) = [one for one in audit.entries(conn, subject=own.missing_id, limit=99) if one.action == "case.erased"]
    assert (entry.actor, entry.detail) == ("engine", {"reason": "expired"})
    assert {state for states in messages(own).values() for state in states} == {"dead_letter"}


@pytest.mark.parametrize(("who", "years"), [("family", 10), ("shelter", 5)])
def test_every_case_has_an_end_and_a_change_moves_it(own: Pair, who: str, years: int) -> None:
    house, form = own.house, REPORT if who == "family" else RESCUE
    case_id = own.missing_id if who == "family" else own.rescued_id

    def ends() -> str:
        return str(house.ask(who, "GET", f"/v1/cases/{case_id}").json()["expires_at"])

    assert ends().startswith(str((START + timedelta(days=round(365.25 * years))).date()))
    house.clock.advance(days=100)
    first = ends()
    changed = house.send(who, form | {"height_cm": 150}, path=f"/v1/cases/{case_id}", method="PUT")
    assert changed.status_code == 200, changed.text
    assert ends() > first


def erase(pair: Pair, reason: str = "wish") -> None:
    answer = pair.house.ask("shelter", "DELETE", f"/v1/cases/{pair.rescued_id}", params={"reason": reason})
    assert (answer.status_code, answer.content) == (204, b"")


def everything(house: House) -> bytes:
    """Return every value of every row, as it is stored."""
    with house.sandhan.database.read() as conn:
        parts = [str(row).encode() for table in tables.metadata.sorted_tables for row in conn.execute(select(table))]
        for table in tables.metadata.sorted_tables:
            for column in table.c:
                if isinstance(column.type, LargeBinary):
                    parts += [bytes(value) for value in conn.scalars(select(column)) if value is not None]
    return b"\n".join(parts)


def test_what_was_erased_is_readable_to_nobody(own: Pair) -> None:
    house = own.house
    with house.sandhan.database.read() as conn:
        (sealed,) = conn.scalars(select(tables.cases.c.sealed).where(tables.cases.c.id == own.rescued_id))
    erase(own)
    path, photo = f"/v1/cases/{own.rescued_id}", f"/v1/cases/{own.rescued_id}/photos/{own.photo_id}"
    for who in ("shelter", *OTHERS):
        assert same_as_nothing(house, who, "GET", path, "/v1/cases/case_none"), who
        assert same_as_nothing(house, who, "GET", photo, "/v1/cases/case_none/photos/photo_none"), who
        assert same_as_nothing(house, who, "GET", f"/v1/matches/{own.match_id}", "/v1/matches/match_none"), who
        assert listed(house, who) == []
    for method, door, form in (("GET", "consents", None), ("PUT", "expiry", {"until": "2030-01-01"})):
        more = {} if form is None else {"json": form}
        assert same_as_nothing(house, "shelter", method, f"{path}/{door}", f"/v1/cases/case_none/{door}", **more)
    again = house.ask("shelter", "DELETE", path, params={"reason": "wish"})
    assert again.status_code == 404
    assert house.ask("shelter", "GET", "/v1/cases").json()["items"] == []
    with house.sandhan.database.read() as conn:
        for table in (tables.record_keys, tables.photos, tables.faces, tables.case_versions):
            assert conn.execute(select(table).where(table.c.case_id == own.rescued_id)).all() == [], table.name
        (row,) = conn.execute(select(tables.cases).where(tables.cases.c.id == own.rescued_id))
        assert (row.sealed, row.external_id, row.event_area, row.origin_area) == (None, None, None, None)
        (match,) = conn.execute(select(tables.matches).where(tables.matches.c.id == own.match_id))
        assert (match.contributions, match.routes, match.state) == ([], [], "withdrawn")
    raw = everything(house)
    assert bytes(sealed) not in raw
    assert [word for word in WORDS if word.encode() in raw] == []
    assert [word for word in WORDS if word.encode("unicode_escape") in raw] == []
    assert own.rescued_id not in house.sandhan.keeper.index.ids("rescued")


def test_a_tombstone_is_told_to_its_owner_and_to_whoever_knew_of_her(own: Pair) -> None:
    house = own.house
    erase(own)
    for who in ("shelter", "family", "ahtu", "mumbai"):
        (item,) = house.ask(who, "GET", "/v1/tombstones").json()["items"]
        assert (item["id"], item["side"], item["own"]) == (own.rescued_id, "rescued", who == "shelter")
        assert set(item) == {"id", "side", "own", "erased_at"}
    assert house.ask("stranger", "GET", "/v1/tombstones").json() == {"items": [], "next": None}


@pytest.mark.parametrize("who", ["shelter", "family"])
def test_a_match_of_which_nobody_was_told_tells_of_no_erasure(own: Pair, who: str) -> None:
    """Most matches of an own case are told to neither side: that there was another record is no news for them."""
    house = own.house
    other, case_id = ("family", own.missing_id) if who == "shelter" else ("shelter", own.rescued_id)
    form = {"side": "rescued" if who == "family" else "missing", "purpose": "verify-identity"}
    asked = house.ask(who, "POST", f"/v1/matches/{own.match_id}/disclosures", json=form)
    assert asked.status_code == 201, asked.text
    answer = house.ask(other, "DELETE", f"/v1/cases/{case_id}", params={"reason": "wish"})
    assert answer.status_code == 204, answer.text

    def told() -> list[str]:
        return [item["id"] for item in house.ask(who, "GET", "/v1/tombstones").json()["items"]]

    with house.sandhan.database.write() as conn:
        conn.execute(
            update(tables.alerts)
            .values(recipient_id=house["stranger"].id)
            .where(tables.alerts.c.recipient_id == house[who].id)
        )
    assert told() == [case_id]  # it asked
    with house.sandhan.database.write() as conn:
        conn.execute(delete(disclosures))
    assert told() == []


def test_tombstones_come_page_by_page(fresh_house: House) -> None:
    house = fresh_house
    ids = [house.enter("family", REPORT | {"external_id": f"F{number}"})["case"]["id"] for number in range(5)]
    for case_id in ids:
        assert house.ask("family", "DELETE", f"/v1/cases/{case_id}?reason=error").status_code == 204
    seen: list[str] = []
    after: str | None = None
    while True:
        params = {"limit": 2} | ({"after": after} if after else {})
        page = house.ask("family", "GET", "/v1/tombstones", params=params).json()
        seen += [item["id"] for item in page["items"]]
        after = page["next"]
        if after is None:
            break
    assert seen == ids
    for cursor in ("x", "2026-11-01T09:00:00~case", "~"):
        assert house.ask("family", "GET", "/v1/tombstones", params={"after": cursor}).status_code == 422


@pytest.mark.parametrize("reason", ["wish", "court_order", "no_longer_needed"])
def test_what_was_erased_on_purpose_does_not_come_in_again_until_it_is_readmitted(own: Pair, reason: str) -> None:
    house = own.house
    erase(own, reason)
    same, changed = house.send("shelter", RESCUE), house.send("shelter", RESCUE | {"name": "Other"})
    unnumbered = house.send("shelter", {name: value for name, value in RESCUE.items() if name != "external_id"})
    assert {(answer.status_code, answer.json()["code"]) for answer in (same, changed)} == {(409, "suppressed")}
    assert unnumbered.status_code == 201, "it says something else: there is nothing to know it by"
    assert house.send("family", RESCUE).status_code == 201, "another organisation may know her"
    lifecycle, shelter = house.sandhan.lifecycle, house["shelter"].id
    assert not lifecycle.readmit(shelter, "missing", "MUM-2026-0117", "command-line")
    assert not lifecycle.readmit(house["family"].id, "rescued", "MUM-2026-0117", "command-line")
    assert lifecycle.readmit(shelter, "rescued", "MUM-2026-0117", "command-line")
    assert not lifecycle.readmit(shelter, "rescued", "MUM-2026-0117", "command-line")
    assert house.send("shelter", RESCUE).status_code == 201


@pytest.mark.parametrize("reason", ["error", "duplicate"])
def test_what_was_entered_by_mistake_may_be_entered_again(own: Pair, reason: str) -> None:
    erase(own, reason)
    assert own.house.send("shelter", RESCUE).status_code == 201


def test_what_is_noted_of_it_holds_nothing_of_her(own: Pair) -> None:
    house = own.house
    withdraw(own, "faces", "shelter")
    give(own, "sharing", "shelter", recipients="police")
    erase(own)
    house.sandhan.lifecycle.readmit(house["shelter"].id, "rescued", "MUM-2026-0117", "command-line")
    with house.sandhan.database.read() as conn:
        noted = audit.entries(conn, limit=10_000)
        assert audit.verify(conn) is None
        told = erasure.own_tombstones(conn, house["shelter"].id, limit=5)
    actions = [entry.action for entry in noted]
    for action in ("consent.withdrawn", "consent.given", "case.erased", "suppression.lifted"):
        assert action in actions
    text = json.dumps([entry.detail for entry in noted], ensure_ascii=False) + repr(noted) + repr(told)
    assert [word for word in (*WORDS, REPORT["external_id"]) if word in text] == []


def test_a_photo_of_an_erased_case_cannot_be_added_or_chosen(own: Pair) -> None:
    erase(own)
    path = f"/v1/cases/{own.rescued_id}"
    answer = own.house.send("shelter", RESCUE, picture(GREEN), path=path, method="PUT")
    assert answer.status_code == 404
    chosen = own.house.ask("shelter", "POST", f"{path}/photos/{own.photo_id}/face", json={"box": [0, 0, 1, 1]})
    assert chosen.status_code == 404
