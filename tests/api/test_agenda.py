"""The agenda over HTTP and on the command line: what falls due when, who is told once, and who may say it is done."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
from typer.testing import CliRunner

from api.cli import build_app
from api.store import agreements, audit, cases, knowing
from api.store.tables import matches as match_rows

from .agreeing import propose
from .conftest import REPORT, RESCUE, House, matched
from .test_decisions import REJECT, taken

RUNNER = CliRunner()
UNITS = ("family", "ahtu", "shelter", "mumbai", "stranger")


def go_to(house: House, moment: str) -> None:
    """Move the clock to a moment in UTC."""
    there = datetime.fromisoformat(moment).replace(tzinfo=UTC)
    house.clock.advance(seconds=(there - house.clock()).total_seconds())


def zone(house: House, who: str, name: str) -> None:
    answer = house.ask("operator", "PATCH", f"/v1/partners/{house[who].id}", json={"time_zone": name})
    assert answer.status_code == 200, answer.text


def agenda(house: House, who: str, until: str | None = None, **more: Any) -> list[dict[str, Any]]:
    answer = house.ask(who, "GET", "/v1/agenda", params=({"until": until} if until else {}) | more)
    assert answer.status_code == 200, answer.text
    return list(answer.json()["items"])


def clocks(house: House, who: str, until: str | None = None) -> list[tuple[str, str, bool, int]]:
    return [
        (item["kind"], item["due_on"], item["overdue"], item["missed"])
        for item in agenda(house, who, until)
        if item["kind"] in ("untraced", "quarterly")
    ]


def told(house: House, case_id: str) -> list[tuple[str, str]]:
    """Return (member, event) of every alert about a case."""
    names = {member.id: name for name, member in house.members.items()}
    with house.sandhan.database.read() as conn:
        found = knowing.alerts_of_subject(conn, "clock", case_id)
    assert all(alert.kind == "clock" and alert.due_at is not None for alert in found)
    return [(names[alert.recipient_id], alert.event) for alert in found]


def done(house: House, who: str, item: str, day: str) -> httpx.Response:
    return house.ask(who, "POST", f"/v1/agenda/{item}/done", json={"done_on": day})


@pytest.fixture
def case_id(fresh_house: House) -> str:
    """A report of the family's organisation, made on 1 November 2026; the ahtu is the unit of its area."""
    return str(fresh_house.enter("family", REPORT)["case"]["id"])


def test_after_four_months_a_report_goes_to_the_unit_and_then_every_quarter_is_asked_for(
    fresh_house: House, case_id: str
) -> None:
    house = fresh_house
    assert clocks(house, "family") == []
    assert clocks(house, "family", "2027-06-01") == [
        ("untraced", "2027-03-01", False, 0), ("quarterly", "2027-06-01", False, 0),
    ]  # fmt: skip
    assert clocks(house, "ahtu", "2027-06-01") == [], "it is not the unit's yet"
    go_to(house, "2027-02-28T23:00:00")
    assert house.sandhan.agenda.run_clocks() == 0
    go_to(house, "2027-03-01T00:00:01")
    assert house.sandhan.agenda.run_clocks() == 2
    assert house.sandhan.agenda.run_clocks() == 0, "told once"
    assert told(house, case_id) == [("family", "untraced"), ("ahtu", "untraced")] or told(house, case_id) == [
        ("ahtu", "untraced"), ("family", "untraced"),
    ]  # fmt: skip
    expected = [("untraced", "2027-03-01", False, 0)]
    assert clocks(house, "ahtu") == clocks(house, "family") == expected
    for who in ("shelter", "mumbai", "stranger"):
        assert clocks(house, who, "2027-12-31") == [], who
    assert done(house, "ahtu", f"{case_id}.untraced.1", "2027-03-01").status_code == 204
    assert clocks(house, "ahtu") == []
    go_to(house, "2027-06-02T08:00:00")
    assert house.sandhan.agenda.run_clocks() == 1
    assert told(house, case_id)[2:] == [("ahtu", "quarterly")]
    assert clocks(house, "ahtu") == [("quarterly", "2027-06-01", True, 0)]
    assert done(house, "ahtu", f"{case_id}.quarterly.1", "2027-06-02").status_code == 204
    assert clocks(house, "ahtu", "2027-09-01") == [("quarterly", "2027-09-01", False, 0)]
    with house.sandhan.database.read() as conn:
        rows = audit.entries_for(conn, house["family"].id, subject=case_id, limit=200)
    assert [row.detail["clock"] for row in rows if row.action == "agenda.done"] == ["untraced", "quarterly"]


def test_what_tells_of_a_duty_ends_with_the_duty_and_with_no_word_about_the_alert(
    fresh_house: House, case_id: str
) -> None:
    house = fresh_house
    go_to(house, "2027-03-01T08:00:00")
    house.sandhan.agenda.run_clocks()

    def of(who: str) -> dict[str, Any]:
        (alert,) = [one for one in house.ask(who, "GET", "/v1/alerts").json()["items"] if one["kind"] == "clock"]
        return dict(alert)

    def act(who: str) -> httpx.Response:
        return house.ask(who, "POST", f"/v1/alerts/{of(who)['id']}/action", json={"code": "nothing_to_do"})

    refused = act("ahtu")
    assert (refused.status_code, refused.json()["code"]) == (409, "duty_open")
    assert (of("ahtu")["state"], of("ahtu")["acknowledged_at"]) == ("queued", None)
    assert act("family").status_code == 200, "the owner only has to know"
    house.clock.advance(hours=80)
    house.sandhan.attention.run_due()
    assert of("ahtu")["steps"] == 1, "the duty is reminded of"
    assert act("ahtu").status_code == 409
    assert done(house, "ahtu", f"{case_id}.untraced.1", "2027-03-01").status_code == 204
    assert of("ahtu")["state"] == "actioned"
    assert act("ahtu").status_code == 200, "a second action changes nothing"


def test_one_report_settles_those_that_were_missed(fresh_house: House, case_id: str) -> None:
    house = fresh_house
    for month in ("2027-06-02", "2027-09-02"):
        go_to(house, f"{month}T08:00:00")
        house.sandhan.agenda.run_clocks()
    units = sorted(event for who, event in told(house, case_id) if who == "ahtu")
    assert units == ["quarterly", "quarterly", "untraced"]
    assert clocks(house, "ahtu") == [("untraced", "2027-03-01", True, 0), ("quarterly", "2027-09-01", True, 1)]
    assert done(house, "ahtu", f"{case_id}.quarterly.1", "2027-09-02").status_code == 404, (
        "it is the second that is due"
    )
    assert done(house, "ahtu", f"{case_id}.quarterly.2", "2027-09-02").status_code == 204
    for number in (1, 2):
        answer = done(house, "ahtu", f"{case_id}.quarterly.{number}", "2027-09-02")
        assert (answer.status_code, answer.json()["code"]) == (409, "filed_already")
    assert clocks(house, "ahtu", "2027-12-01") == [
        ("untraced", "2027-03-01", True, 0), ("quarterly", "2027-12-01", False, 0),
    ]  # fmt: skip


def test_an_old_report_asks_for_no_quarter_before_it_came(fresh_house: House, case_id: str) -> None:
    house = fresh_house
    stage = {"stage": "reporting", "entered_on": "2023-08-15"}
    assert house.ask("family", "POST", f"/v1/cases/{case_id}/stages", json=stage).status_code == 201
    assert house.sandhan.agenda.run_clocks() == 2
    assert clocks(house, "ahtu", "2027-02-01") == [
        ("untraced", "2026-11-01", False, 0), ("quarterly", "2027-02-01", False, 0),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("name", "entered", "before", "at"),
    [
        # In Kolkata 31 October 2027 begins at 18:30 UTC of the day before; 2028 is a leap year.
        ("Asia/Kolkata", "2027-10-30T18:30:00", "2028-02-28T18:29:00", "2028-02-28T18:30:00"),
        ("America/New_York", "2027-10-31T03:30:00", "2028-02-29T04:59:00", "2028-02-29T05:00:00"),
        ("UTC", "2026-10-31T23:59:00", "2027-02-27T23:59:00", "2027-02-28T00:00:01"),
    ],
)
def test_a_day_is_one_of_the_owner(fresh_house: House, name: str, entered: str, before: str, at: str) -> None:
    zone(fresh_house, "family", name)
    go_to(fresh_house, entered)
    fresh_house.enter("family", REPORT)
    go_to(fresh_house, before)
    assert fresh_house.sandhan.agenda.run_clocks() == 0
    go_to(fresh_house, at)
    assert fresh_house.sandhan.agenda.run_clocks() == 2


@pytest.mark.parametrize("how", ["closed", "erased", "verified", "rescued", "expired"])
def test_who_is_found_or_gone_is_on_no_agenda(fresh_house: House, case_id: str, how: str) -> None:
    house, own = fresh_house, f"/v1/cases/{case_id}"
    go_to(house, "2027-03-01T08:00:00")
    if how == "closed":
        assert house.ask("family", "POST", f"{own}/close").status_code == 200
    elif how == "erased":
        assert house.ask("family", "DELETE", f"{own}?reason=wish").status_code == 204
    elif how == "rescued":
        form = {"stage": "rescue", "entered_on": "2027-02-01"}
        assert house.ask("family", "POST", f"{own}/stages", json=form).status_code == 201
    elif how == "verified":
        house.enter("shelter", RESCUE)
        with house.sandhan.database.write() as conn:
            changed = match_rows.update().where(match_rows.c.missing_id == case_id).values(state="verified")
            assert conn.execute(changed).rowcount == 1
    else:
        with house.sandhan.database.write() as conn:
            cases.keep_until(conn, case_id, house.clock())
    assert house.sandhan.agenda.run_clocks() == 0
    assert told(house, case_id) == []
    for who in UNITS:
        assert clocks(house, who) == []
    assert done(house, "family", f"{case_id}.untraced.1", "2027-03-01").status_code == 404
    if how == "closed":
        assert house.ask("family", "POST", f"{own}/reopen").status_code == 200
        assert house.sandhan.agenda.run_clocks() == 2


def test_a_rescued_person_has_no_such_clock(fresh_house: House) -> None:
    fresh_house.enter("shelter", RESCUE)
    go_to(fresh_house, "2027-10-01T08:00:00")
    assert fresh_house.sandhan.agenda.run_clocks() == 0
    assert clocks(fresh_house, "shelter") == clocks(fresh_house, "ahtu") == []


def test_the_nearest_unit_is_in_charge_and_where_none_may_see_it_the_owner(fresh_house: House) -> None:
    house = fresh_house
    house.join("state", "ahtu", ("IN/WB",))
    case_id = house.enter("family", REPORT)["case"]["id"]
    elsewhere = house.enter("family", {"side": "missing", "name": "Rina", "country": "Nepal"})["case"]["id"]
    shut = house.enter(
        "family", {"side": "missing", "name": "Mina", "country": "India", "state": "West Bengal"},
        consents=[{"purpose": "sharing", "recipients": "ngo"}],
    )["case"]["id"]  # fmt: skip
    whole_state = house.enter("family", {"side": "missing", "name": "Tina", "country": "India", "state": "West Bengal"})
    go_to(house, "2027-06-02T08:00:00")
    house.sandhan.agenda.run_clocks()
    assert set(told(house, case_id)) == {("family", "untraced"), ("ahtu", "untraced"), ("ahtu", "quarterly")}
    assert set(told(house, elsewhere)) == {("family", "untraced"), ("family", "quarterly")}
    assert set(told(house, shut)) == {("family", "untraced"), ("family", "quarterly")}
    assert set(told(house, whole_state["case"]["id"])) == {
        ("family", "untraced"), ("state", "untraced"), ("state", "quarterly"),
    }  # fmt: skip
    assert {item["case_id"] for item in agenda(house, "state")} & {case_id, shut} == set()


def test_who_may_not_say_that_it_is_done(fresh_house: House, case_id: str) -> None:
    house = fresh_house
    item = f"{case_id}.untraced.1"
    assert done(house, "ahtu", item, "2026-11-01").status_code == 404, "it has not gone over yet"
    go_to(house, "2027-03-02T08:00:00")
    nothing = done(house, "mumbai", "case_none.untraced.1", "2027-03-01")
    for who in ("shelter", "mumbai", "stranger"):
        answer = done(house, who, item, "2027-03-01")
        assert (answer.status_code, answer.content) == (404, nothing.content), who
    for wrong in ("untraced.2", "untraced.01", "quarterly.0", "quarterly.9", "follow_up.1", "untraced.x", "untraced"):
        assert done(house, "family", f"{case_id}.{wrong}", "2027-03-01").status_code == 404, wrong
    answer = done(house, "family", item, "2027-03-09")
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "done_on")
    assert done(house, "family", item, "2027-03-01").status_code == 204
    assert done(house, "ahtu", item, "2027-03-01").json()["code"] == "filed_already"


def test_visits_are_told_once_and_stand_on_the_agenda_until_they_are_settled(fresh_house: House) -> None:
    house = fresh_house
    zone(house, "shelter", "Asia/Kolkata")
    case_id = house.enter("shelter", RESCUE)["case"]["id"]
    visits = house.ask("shelter", "POST", f"/v1/cases/{case_id}/return", json={"returned_on": "2026-10-31"}).json()
    first = visits["items"][0]
    assert first["due_on"] == "2026-11-30"
    go_to(house, "2026-11-29T18:29:00")
    assert house.sandhan.agenda.run_clocks() == 0
    go_to(house, "2026-11-29T18:30:00")
    assert house.sandhan.agenda.run_clocks() == 1
    assert house.sandhan.agenda.run_clocks() == 0
    assert told(house, case_id) == [("shelter", "follow_up")]
    mine = [item for item in agenda(house, "shelter") if item["kind"] == "follow_up"]
    assert [(item["id"], item["link"]) for item in mine] == [(first["id"], f"/v1/cases/{case_id}/follow-ups")]
    assert [item for item in agenda(house, "ahtu") if item["kind"] == "follow_up"] == []
    assert done(house, "shelter", first["id"], "2026-11-30").status_code == 404, "it is settled where the link leads"
    settled = house.ask(
        "shelter", "POST", f"/v1/cases/{case_id}/follow-ups/{first['id']}", json={"state": "done", "outcome": "well"}
    )
    assert settled.status_code == 200
    assert [item for item in agenda(house, "shelter") if item["kind"] == "follow_up"] == []


def test_what_waits_for_a_unit_stands_on_its_agenda(fresh_house: House) -> None:
    house = fresh_house
    case_id = house.enter("family", REPORT)["case"]["id"]
    rescued = house.enter("shelter", RESCUE)
    match_id = rescued["matches"][0]["id"]
    ask = {"side": "missing", "purpose": "verify-identity"}
    asked = house.ask("shelter", "POST", f"/v1/matches/{match_id}/disclosures", json=ask).json()
    referral = propose(house, "family", case_id, "mumbai").json()
    kinds = {who: {item["kind"]: item for item in agenda(house, who)} for who in UNITS}
    assert kinds["family"]["disclosure"]["id"] == asked["id"]
    assert kinds["family"]["disclosure"]["due_on"] is None
    assert kinds["mumbai"]["referral"]["id"] == referral["id"]
    assert kinds["family"].keys() == {"alert", "disclosure"}
    assert kinds["shelter"].keys() == kinds["ahtu"].keys() == {"alert"}
    assert kinds["stranger"] == {}
    order = [item["due_on"] is None for item in agenda(house, "family")]
    assert order == sorted(order), "what has no day comes last"
    alert = kinds["ahtu"]["alert"]
    assert (alert["overdue"], alert["link"]) == (False, f"/v1/alerts/{alert['id']}")
    house.clock.advance(hours=5)
    (late,) = agenda(house, "ahtu")
    assert late["overdue"]
    assert house.ask("ahtu", "POST", f"/v1/alerts/{alert['id']}/acknowledge").status_code == 200
    (waiting,) = agenda(house, "ahtu")
    assert (waiting["id"], waiting["overdue"]) == (alert["id"], False), "acknowledged is not acted on"
    acted = house.ask("ahtu", "POST", f"/v1/alerts/{alert['id']}/action", json={"code": "match_reviewed"})
    assert acted.status_code == 200
    assert agenda(house, "ahtu") == [], "it owns neither side"
    shown = json.dumps([agenda(house, who) for who in UNITS], ensure_ascii=False)
    for word in ("সুনীতা", "सुनिता", "Gosaba", "24-parganas", "FIR-2023-77", "mumbai"):
        assert word not in shown


def test_a_match_waits_on_the_agenda_of_the_side_whose_step_it_is(fresh_house: House) -> None:
    pair = matched(fresh_house)
    house = fresh_house

    def waiting() -> dict[str, list[str]]:
        return {
            who: [str(item["since"]) for item in agenda(house, who) if item["kind"] == "match"]
            for who in ("family", "shelter")
        }

    def act(*who: str) -> None:
        """Let members say of all that they were told that there is nothing to do."""
        for one in who:
            for alert in house.ask(one, "GET", "/v1/alerts").json()["items"]:
                path = f"/v1/alerts/{alert['id']}/action"
                assert house.ask(one, "POST", path, json={"code": "nothing_to_do"}).status_code == 200

    assert waiting() == {"family": [], "shelter": []}, "the alerts stand there"
    act("family", "shelter")
    assert waiting() == {"family": ["2026-11-01"], "shelter": ["2026-11-01"]}
    house.clock.advance(days=2)
    taken(pair, "shelter", "take_up")
    assert waiting() == {"family": ["2026-11-03"], "shelter": ["2026-11-03"]}
    taken(pair, "shelter", "confirm")
    assert waiting() == {"family": [], "shelter": []}, "an alert reminds the family"
    act("family")
    assert waiting() == {"family": ["2026-11-03"], "shelter": []}
    house.clock.advance(days=60)
    taken(pair, "family", "ask_information")
    act("shelter")
    assert waiting() == {"family": [], "shelter": ["2027-01-02"]}
    (item,) = [item for item in agenda(house, "shelter") if item["kind"] == "match"]
    assert (item["id"], item["link"], item["due_on"]) == (pair.match_id, f"/v1/matches/{pair.match_id}", None)
    assert item["case_id"] == pair.rescued_id
    taken(pair, "shelter", "answer_information")
    act("family")
    assert waiting() == {"family": ["2027-01-02"], "shelter": []}
    for action in ("confirm", "start_verification"):
        taken(pair, "family", action)
        assert waiting() == {"family": ["2027-01-02"], "shelter": ["2027-01-02"]}
    consents = house.ask("shelter", "GET", f"/v1/cases/{pair.rescued_id}/consents").json()
    (sharing,) = [one["id"] for one in consents if one["purpose"] == "sharing"]
    path = f"/v1/cases/{pair.rescued_id}/consents/{sharing}/withdraw"
    assert house.ask("shelter", "POST", path).status_code == 200
    assert waiting()["family"] == [], "what it may not read is not there"


def test_of_a_dispute_the_side_is_waited_for_that_did_not_speak_last(fresh_house: House) -> None:
    pair = matched(fresh_house)
    taken(pair, "family", "reject", **REJECT)
    taken(pair, "shelter", "dispute", disposition="confirm")
    few = {who: fresh_house.key_with(who, "cases:read", "matches:read") for who in ("family", "shelter")}

    def waiting() -> list[str]:
        shown = {who: fresh_house.client.get("/v1/agenda", headers=key).json()["items"] for who, key in few.items()}
        return [who for who, items in shown.items() if items]

    assert waiting() == ["family"], "who may read no alert sees the match itself"
    taken(pair, "family", "settle", disposition="reject", **REJECT)
    assert waiting() == ["shelter"]
    taken(pair, "shelter", "settle", disposition="reject", **REJECT)
    assert waiting() == []


def test_a_key_sees_of_the_agenda_what_it_may_read(fresh_house: House) -> None:
    house = fresh_house
    house.enter("family", REPORT)
    house.enter("shelter", RESCUE)
    few = house.key_with("family", "cases:read")
    assert house.client.get("/v1/agenda", headers=few).json()["items"] == []
    more = house.key_with("family", "cases:read", "alerts:read")
    assert [item["kind"] for item in house.client.get("/v1/agenda", headers=more).json()["items"]] == ["alert"]


def test_the_pages(fresh_house: House) -> None:
    house = fresh_house
    for number in range(3):
        house.enter("family", {"side": "missing", "name": f"Rina {number}", "country": "Nepal"})
    go_to(house, "2027-03-02T08:00:00")
    whole = agenda(house, "family")
    assert len(whole) == 3
    found, after = [], None
    while True:
        page = house.ask(
            "family", "GET", "/v1/agenda", params={"limit": 2} | ({"after": after} if after else {})
        ).json()
        found += page["items"]
        after = page["next"]
        if after is None:
            break
        assert done(house, "family", whole[2]["id"], "2027-03-02").status_code in (204, 409)
    assert found == whole[:2], "what was done meanwhile is gone"
    assert agenda(house, "family", "0001-01-01") == [], "nothing was due before anything was reported"
    for wrong in ({"after": "x"}, {"until": "2031-01-01"}, {"until": "9999-12-31"}, {"until": "20270301"}):
        answer = house.ask("family", "GET", "/v1/agenda", params=wrong)
        assert answer.status_code == 422, wrong
    first = house.ask("family", "GET", "/v1/agenda", params={"limit": 1}).json()
    assert done(house, "family", first["items"][0]["id"], "2027-03-02").status_code == 204
    gone = house.ask("family", "GET", "/v1/agenda", params={"limit": 1, "after": first["next"]})
    assert gone.json()["errors"][0]["field"] == "after"


def test_the_command(command_home: Path) -> None:
    def run(*words: str, code: int = 0) -> str:
        result = RUNNER.invoke(build_app(words), list(words))
        assert result.exit_code == code, result.output
        return result.output

    run("partners", "add", "Unit", "--kind", "ahtu", "--country", "IN", "--json")
    path = command_home.parent / "reports.csv"
    path.write_text("id,name\nFIR-77,Sunita Mandal\n")
    run("import", str(path), "--partner", "Unit", "--side", "missing", "--no-match")
    assert json.loads(run("agenda", "Unit", "--json")) == {"items": []}
    later = date.today().replace(day=1).replace(year=date.today().year + 1).isoformat()
    items = json.loads(run("agenda", "Unit", "--until", later, "--json"))["items"]
    assert [item["kind"] for item in items][:1] == ["untraced"]
    assert items[0]["due_on"] is not None
    assert "untraced" in run("agenda", "--until", later, "Unit")
    assert json.loads(run("agenda", "run", "--json")) == {"clocks": 0, "bulletins": 0}
    assert "nobody has this id or name" in run("agenda", "Nobody", code=2)


def clock_alerts(house: House, who: str) -> dict[str, dict[str, Any]]:
    """Return a member's latest alert of each event of its duties."""
    items = house.ask(who, "GET", "/v1/alerts").json()["items"]
    return {one["event"]: one for one in sorted(items, key=lambda one: str(one["id"])) if one["kind"] == "clock"}


def attend(house: House, hours: int) -> None:
    """Let hours pass, and attend each hour to what is due."""
    for _ in range(hours):
        house.clock.advance(hours=1)
        house.sandhan.attention.run_due()


def active(house: House, who: str, is_active: bool) -> None:
    answer = house.ask("operator", "PATCH", f"/v1/partners/{house[who].id}", json={"active": is_active})
    assert answer.status_code == 200, answer.text


def test_nothing_counts_as_told_where_nobody_takes_part(fresh_house: House, case_id: str) -> None:
    house = fresh_house
    rescued = house.enter("shelter", RESCUE)["case"]["id"]
    house.ask("shelter", "POST", f"/v1/cases/{rescued}/return", json={"returned_on": "2026-10-31"})
    for who in ("family", "ahtu", "shelter"):
        active(house, who, False)
    go_to(house, "2027-03-02T08:00:00")
    assert house.sandhan.agenda.run_clocks() == 0
    assert told(house, case_id) == told(house, rescued) == []
    for who in ("family", "ahtu", "shelter"):
        active(house, who, True)
    house.sandhan.agenda.run_clocks()
    assert sorted(told(house, case_id)) == [("ahtu", "untraced"), ("family", "untraced")]
    assert ("shelter", "follow_up") in told(house, rescued)


def test_a_duty_that_is_acknowledged_and_not_done_is_escalated(fresh_house: House, case_id: str) -> None:
    house = fresh_house
    house.join("nodal", "nodal", ("IN/WB",), email="nodal@example.org")
    go_to(house, "2027-06-02T08:00:00")
    house.sandhan.agenda.run_clocks()
    for who in ("ahtu", "family"):
        for alert in clock_alerts(house, who).values():
            assert house.ask(who, "POST", f"/v1/alerts/{alert['id']}/acknowledge").status_code == 200
    assert clock_alerts(house, "family")["untraced"]["act_by"] is None, "the unit's duty; the owner only knows of it"
    attend(house, 24 * 7)
    assert "escalated" in clock_alerts(house, "nodal")
    assert clock_alerts(house, "ahtu")["quarterly"]["acknowledged_at"] is None, "it lapsed"
    for name in ("untraced.1", "quarterly.1"):
        assert done(house, "ahtu", f"{case_id}.{name}", "2027-06-03").status_code == 204
    states = {event: alert["state"] for event, alert in clock_alerts(house, "ahtu").items()}
    assert states == {"untraced": "actioned", "quarterly": "actioned"}
    with house.sandhan.database.read() as conn:
        above = [one for one in knowing.alerts_of_subject(conn, "clock", case_id) if one.event == "escalated"]
    assert above
    assert {one.state for one in above} == {"closed"}


def test_one_report_settles_what_was_told_of_those_before(fresh_house: House, case_id: str) -> None:
    house = fresh_house
    for month in ("2027-06-02", "2027-09-02"):
        go_to(house, f"{month}T08:00:00")
        house.sandhan.agenda.run_clocks()
    assert done(house, "ahtu", f"{case_id}.quarterly.2", "2027-09-02").status_code == 204
    with house.sandhan.database.read() as conn:
        found = [one for one in knowing.alerts_of_subject(conn, "clock", case_id) if one.event == "quarterly"]
    assert [one.state for one in found] == ["actioned", "actioned"]


@pytest.mark.parametrize("settled", [{"state": "done", "outcome": "well"}, {"state": "missed", "outcome": "not_found"}])
def test_the_alert_of_a_visit_ends_with_the_visit(fresh_house: House, settled: dict[str, str]) -> None:
    house = fresh_house
    case_id = house.enter("shelter", RESCUE)["case"]["id"]
    visits = house.ask("shelter", "POST", f"/v1/cases/{case_id}/return", json={"returned_on": "2026-10-01"}).json()
    go_to(house, "2027-01-05T08:00:00")
    house.sandhan.agenda.run_clocks()
    assert told(house, case_id) == [("shelter", "follow_up"), ("shelter", "follow_up")]
    path = f"/v1/cases/{case_id}/follow-ups/{visits['items'][0]['id']}"
    assert house.ask("shelter", "POST", path, json=settled).status_code == 200
    with house.sandhan.database.read() as conn:
        states = sorted(one.state for one in knowing.alerts_of_subject(conn, "clock", case_id))
    assert states.count("actioned") == 1, "of the other visit, the alert stands"


@pytest.mark.parametrize("how", ["closed", "handed", "erased"])
def test_nobody_is_reminded_of_what_is_no_duty_any_more(fresh_house: House, case_id: str, how: str) -> None:
    house, own = fresh_house, f"/v1/cases/{case_id}"
    go_to(house, "2027-06-02T08:00:00")
    house.sandhan.agenda.run_clocks()
    house.sandhan.agenda.run_clocks()
    with house.sandhan.database.read() as conn:
        before = [one.state for one in knowing.alerts_of_subject(conn, "clock", case_id)]
    assert "closed" not in before
    if how == "closed":
        assert house.ask("family", "POST", f"{own}/close").status_code == 200
    elif how == "erased":
        assert house.ask("family", "DELETE", f"{own}?reason=wish").status_code == 204
    else:
        for agreement in house.ask("operator", "GET", "/v1/agreements").json()["items"]:
            with house.sandhan.database.write() as conn:
                if house["ahtu"].id in {party["partner_id"] for party in agreement["parties"]}:
                    agreements.leave(conn, agreement["id"], house["ahtu"].id, at=house.clock(), by="test")
    house.sandhan.agenda.run_clocks()
    with house.sandhan.database.read() as conn:
        found = knowing.alerts_of_subject(conn, "clock", case_id)
    whose = {one.recipient_id for one in found if one.state != "closed"}
    assert whose <= ({house["family"].id} if how == "handed" else set())
    assert all(one.next_step_at is None for one in found if one.state == "closed")


def test_a_home_report_that_was_asked_for_stands_there_until_it_comes_in(fresh_house: House, case_id: str) -> None:
    house = fresh_house
    reports = f"/v1/cases/{case_id}/home-reports"
    asked = house.ask("family", "POST", reports, json={"unit": "DCPU", "due_on": "2026-11-20"}).json()

    def due(until: str | None = None, who: str = "family") -> list[tuple[str, str, bool, str]]:
        return [
            (item["id"], item["due_on"], item["overdue"], item["link"])
            for item in agenda(house, who, until)
            if item["kind"] == "home_report"
        ]

    assert (due("2026-11-19"), due(who="ahtu")) == ([], [])
    assert due() == [(asked["id"], "2026-11-20", False, reports)]
    go_to(house, "2026-11-21T08:00:00")
    assert [late for _, _, late, _ in due()] == [True]
    for step, shown in (("close", 0), ("reopen", 1)):
        assert house.ask("family", "POST", f"/v1/cases/{case_id}/{step}").status_code == 200
        assert len(due()) == shown
    found = {"outcome": "safe", "visited_on": "2026-11-18", "role": "officer", "version": 0}
    assert house.ask("family", "POST", f"{reports}/{asked['id']}/findings", json=found).status_code == 201
    assert due() == []
