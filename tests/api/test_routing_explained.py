"""Who would be told? The answer is what is then done, tells a party no more than it may know, and changes nothing."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import typer
from click.testing import Result
from sqlalchemy import select
from typer.testing import CliRunner

from api.commands.alerts import app
from api.commands.console import out
from api.store import alerts, audit, partners, tables
from api.store.alerts import Alert

from .conftest import REPORT, RESCUE, House, Pair, matched, settled_house

HIDDEN = {"other_organisation": "protect_location", "found_place": "protect_location", "found_date": "protect_location"}
NOT_OWN = {"your_record_id": "not_owner"}
PERSONAL = (REPORT["name"], REPORT["father_name"], RESCUE["name"], "Gosaba", "FIR-2023-77", "MUM-2026-0117", "Mumbai")


def more_units(house: House) -> None:
    """Let in a centre, a unit of both sides, one that left, and one without agreement."""
    house.join("centre", "coordination", ("IN/WB",), email="centre@example.org")
    house.join("both", "ahtu", ("IN",))
    house.join("left", "ngo", ("IN/WB",))
    house.join("apart", "ngo", ("IN/WB",), agrees=False)
    with house.sandhan.database.write() as conn:
        partners.set_active(conn, house["left"].id, False)


@pytest.fixture(scope="module", params=[False, True], ids=["open", "protected"])
def told(
    request: pytest.FixtureRequest, dialect: str, tmp_path_factory: pytest.TempPathFactory, template: Path
) -> Iterator[tuple[Pair, bool]]:
    """A matched pair, once with a rescued person whose place is protected."""
    with settled_house(dialect, tmp_path_factory.mktemp("told") / "home", template) as house:
        more_units(house)
        house.enter("family", REPORT)
        rescued = house.enter("shelter", RESCUE | {"protect_location": request.param})
        match_id = rescued["matches"][0]["id"]
        match = house.ask("shelter", "GET", f"/v1/matches/{match_id}").json()
        yield Pair(house, match["missing"]["id"], rescued["case"]["id"], match_id, "", {}), request.param


def name_of(house: House, partner_id: str) -> str:
    return next(name for name, member in house.members.items() if member.id == partner_id)


def stored(house: House, match_id: str, event: str) -> list[Alert]:
    with house.sandhan.database.read() as conn:
        return [alert for alert in alerts.alerts_of_match(conn, match_id) if alert.event == event]


def asked(house: House, who: str, match_id: str) -> dict[str, Any]:
    answer = house.ask(who, "GET", f"/v1/matches/{match_id}/routing")
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def rules(house: House, view: dict[str, Any]) -> dict[str, str]:
    return {name_of(house, one["partner_id"]): one["rule"] for one in view["told"]}


def check_same(house: House, view: Any, raised: list[Alert]) -> None:
    """Check that what was explained is what is stored and queued."""
    assert {alert.recipient_id for alert in raised} == {one.partner_id for one in view.told}
    by_recipient = {alert.recipient_id: alert for alert in raised}
    for one in view.told:
        alert = by_recipient[one.partner_id]
        assert (alert.rule, alert.withheld, alert.priority) == (one.rule, one.withheld, view.priority)
        with house.sandhan.database.read() as conn:
            messages = conn.execute(select(tables.outbox).where(tables.outbox.c.alert_id == alert.id)).all()
        assert sorted(message.channel for message in messages) == sorted(one.channels)
        for message in messages:
            ids = {"alert_id": alert.id, "link": f"/v1/alerts/{alert.id}"}
            due = {"due_at": message.payload["due_at"], "event": alert.event}
            assert message.payload == one.message | ids | due
        assert alert.due_at is not None
        assert alert.act_by is not None
        assert alert.act_by - alert.created_at == timedelta(hours=24)


def test_what_is_explained_is_what_was_raised_and_is_raised_next(fresh_house: House) -> None:
    house = fresh_house
    more_units(house)
    report = house.enter("family", REPORT | {"mother_name": "", "father_name": "", "phone": []})
    made = house.enter("shelter", RESCUE | {"protect_location": True})
    match_id = made["matches"][0]["id"]
    assert made["matches"][0]["grade"] in ("certain", "probable")
    view = house.sandhan.routing.explain_all(match_id)
    assert len(view.told) == 6
    check_same(house, view, stored(house, match_id, "new"))
    assert all(one.message is not None and one.message["event"] == "risen" for one in view.told)
    again = house.ask("family", "GET", f"/v1/cases/{report['case']['id']}")
    headers = {"If-Match": again.headers["etag"]}
    path = f"/v1/cases/{report['case']['id']}"
    assert house.ask("family", "PUT", path, json=REPORT, headers=headers).status_code == 200
    risen = stored(house, match_id, "risen")
    assert risen
    check_same(house, house.sandhan.routing.explain_all(match_id), risen)


def test_explaining_changes_no_row_but_one_of_the_audit_log(told: tuple[Pair, bool]) -> None:
    pair, _ = told
    house = pair.house
    before = house.row_counts()
    house.sandhan.routing.explain_all(pair.match_id)
    asked(house, "family", pair.match_id)
    after = house.row_counts()
    assert {name: after[name] - count for name, count in before.items() if after[name] != count} == {"audit": 2}
    with house.sandhan.database.read() as conn:
        rows = audit.entries(conn, after=audit.head(conn).seq - 2, limit=2)
    assert [(row.actor, row.action, row.subject, row.detail) for row in rows] == [
        ("command-line", "match.read", pair.match_id, {"as": "routing"}),
        (house["family"].key_id, "match.read", pair.match_id, {"as": "routing"}),
    ]


def test_each_recipient_finds_rule_and_withheld_in_its_inbox(told: tuple[Pair, bool]) -> None:
    pair, protected = told
    house = pair.house
    found = dict.fromkeys(("found_place", "found_date"), "protect_location") if protected else {}
    expected = {
        "family": ("owner_missing", HIDDEN if protected else {}, pair.missing_id),
        "shelter": ("owner_rescued", {}, pair.rescued_id),
        "ahtu": ("source_ahtu", HIDDEN if protected else {}, pair.missing_id),
        "both": ("source_ahtu", HIDDEN if protected else {}, pair.missing_id),
        "centre": ("coordinating_centre", HIDDEN if protected else {}, pair.missing_id),
        "mumbai": ("destination_partner", NOT_OWN | found, None),
    }
    for who, (rule, withheld, record) in expected.items():
        (item,) = house.ask(who, "GET", "/v1/alerts").json()["items"]
        assert (item["rule"], item["withheld"], item["your_record_id"]) == (rule, withheld, record), who
        if "other_organisation" in withheld:
            assert item["other_organisation"] is None
        else:
            assert item["other_organisation"] == (
                "shelter" if who in ("family", "ahtu", "both", "centre") else "family"
            )
        assert datetime.fromisoformat(item["act_by"]) > datetime.fromisoformat(item["due_at"])
        # The id that it is given is of a case that it can open.
        if record is not None:
            assert house.ask(who, "GET", f"/v1/cases/{record}").status_code == 200


def test_the_operator_sees_everybody_and_no_case(told: tuple[Pair, bool]) -> None:
    pair, _ = told
    house = pair.house
    view = house.sandhan.routing.explain_all(pair.match_id).model_dump()
    assert list(rules(house, view)) == ["family", "shelter", "ahtu", "both", "mumbai", "centre"]
    assert [(name_of(house, one["partner_id"]), one["rule"], one["reason"], one["of"]) for one in view["not_told"]] == [
        ("left", "source_partner", "inactive", None),
        ("apart", "source_partner", "no_agreement", "missing"),
        ("both", "destination_ahtu", "told_already_as_source_ahtu", None),
    ]
    assert (view["quiet"], view["withheld"], view["priority"]) == (None, {}, "critical")
    assert all(one["message"]["match_id"] == pair.match_id for one in view["told"])
    assert all(value not in json.dumps(view, ensure_ascii=False) for value in PERSONAL)


def test_an_owner_sees_whom_it_may_know_of(told: tuple[Pair, bool]) -> None:
    pair, protected = told
    house = pair.house
    view = asked(house, "family", pair.match_id)
    source = {"family": "owner_missing", "ahtu": "source_ahtu", "both": "source_ahtu", "centre": "coordinating_centre"}
    everybody = source | {"shelter": "owner_rescued", "mumbai": "destination_partner"}
    assert rules(house, view) == (source if protected else everybody)
    assert view["withheld"] == ({"rescued": "protect_location"} if protected else {})
    text = json.dumps(view, ensure_ascii=False)
    assert ("shelter" in text, house["mumbai"].id in text, "destination" in text) == (not protected,) * 3
    # Of the others not the message; and where a place is protected, not what is withheld from them either.
    assert [name_of(house, one["partner_id"]) for one in view["told"] if one["message"]] == ["family"]
    assert all((one["withheld"] is None) == (protected and not one["you"]) for one in view["told"])
    assert all(value not in text for value in PERSONAL)
    # The owner of the protected person's record may know of all.
    view = asked(house, "shelter", pair.match_id)
    assert (rules(house, view), view["withheld"]) == (everybody, {})
    assert ("apart" in json.dumps(view)) is False, "it is the report's owner who has no agreement with it"


@pytest.mark.parametrize("who", ["ahtu", "mumbai", "both", "centre"])
def test_whoever_else_is_told_sees_itself(told: tuple[Pair, bool], who: str) -> None:
    pair, _ = told
    view = asked(pair.house, who, pair.match_id)
    (only,) = view["told"]
    assert (only["partner_id"], only["you"]) == (pair.house[who].id, True)
    assert (view["not_told"], view["withheld"]) == ([], {"others": "not_owner"})


def test_whoever_is_no_party_is_told_nothing(told: tuple[Pair, bool]) -> None:
    house, match_id = told[0].house, told[0].match_id
    nothing = house.ask("stranger", "GET", "/v1/matches/match_none/routing")
    for who in ("stranger", "apart"):
        answer = house.ask(who, "GET", f"/v1/matches/{match_id}/routing")
        assert (answer.status_code, answer.content) == (404, nothing.content)


def test_a_keeper_that_works_at_the_source_too_is_not_missed_there(fresh_house: House) -> None:
    """Else the family's organisation would learn who keeps a protected person, by who is not on the list."""
    house = fresh_house
    house.join("keeper", "ngo", ("IN/WB", "IN/MH"))
    house.join("unit of the keeper", "ahtu", ("IN/WB",), agrees=False)
    parties = {"parties": [house["unit of the keeper"].id, house["family"].id], "reference": "MoU", "signed": True}
    assert house.ask("operator", "POST", "/v1/agreements", json=parties).status_code == 201
    house.enter("family", REPORT)
    match_id = house.enter("keeper", RESCUE | {"protect_location": True})["matches"][0]["id"]
    seen = {one["organisation"]: (one["rule"], one["withheld"]) for one in asked(house, "family", match_id)["told"]}
    assert seen == {
        "family": ("owner_missing", HIDDEN), "ahtu": ("source_ahtu", None), "keeper": ("source_partner", None),
        "unit of the keeper": ("source_ahtu", None),
    }  # fmt: skip
    assert asked(house, "family", match_id)["not_told"] == []
    really = {one.organisation: one.rule for one in house.sandhan.routing.explain_all(match_id).told}
    assert really["keeper"] == "owner_rescued"
    assert "unit of the keeper" not in really


def test_where_nobody_would_be_told_it_says_why(fresh_house: House) -> None:
    house = fresh_house
    pair = matched(house)
    assert house.ask("family", "POST", f"/v1/cases/{pair.missing_id}/close").status_code == 200
    view = house.sandhan.routing.explain_all(pair.match_id)
    assert (view.quiet, view.priority, view.told, view.not_told) == ("over", None, [], [])
    answer = run(house, pair.match_id)
    assert (answer.exit_code, "Nobody would be told" in answer.output) == (0, True)


def test_possible_matches_wait_for_the_digests_of_the_owners(fresh_house: House) -> None:
    house = fresh_house
    vague = {"side": "missing", "name": "Sunita Mandal", "sex": "female", "state": "West Bengal", "country": "India"}
    for number in range(7):
        closer = {"district": "South 24 Parganas"} if number < 5 else {}
        house.enter("family", vague | {"external_id": f"F{number}"} | closer)
    made = house.enter("shelter", RESCUE | {"phone": [], "nickname": "", "mother_name": "", "father_name": ""})
    assert ({match["grade"] for match in made["matches"]}, len(made["matches"])) == ({"possible"}, 7)
    assert made["alerts"] == 0, "nothing goes out now"
    waiting = {
        who: house.ask(who, "GET", "/v1/alerts", params={"priority": "digest"}).json()["items"]
        for who in ("shelter", "family", "ahtu", "mumbai")
    }
    # Of her the five strongest; of each report this is the only one.
    assert {who: len(items) for who, items in waiting.items()} == {"shelter": 5, "family": 7, "ahtu": 0, "mumbai": 0}
    strongest = [match["id"] for match in made["matches"][:5]]
    assert {item["match_id"] for item in waiting["shelter"]} == set(strongest)
    for item in (*waiting["shelter"], *waiting["family"]):
        assert (item["messages"], item["due_at"], item["act_by"], item["grade"]) == ([], None, None, "possible")
    strong, weak = strongest[0], made["matches"][6]["id"]
    assert rules(house, asked(house, "shelter", strong)) == {"shelter": "owner_rescued"}
    assert rules(house, asked(house, "family", weak)) == {"family": "owner_missing"}
    view = asked(house, "shelter", weak)
    assert (view["told"], view["withheld"]) == ([], {"others": "not_owner"})
    assert [(one["reason"], one["of"]) for one in view["not_told"]] == [("not_among_strongest", "rescued")]
    everybody = house.sandhan.routing.explain_all(strong)
    assert (everybody.priority, [one.rule for one in everybody.told]) == ("digest", ["owner_missing", "owner_rescued"])
    assert all((one.message, one.channels) == (None, []) for one in everybody.told)


def run(house: House, *words: str) -> Result:
    found = house.sandhan.settings
    env = {
        "SANDHAN_HOME": str(found.home), "SANDHAN_DATABASE_URL": found.database_url,
        "SANDHAN_MASTER_KEY": found.master_key.get_secret_value(),
    }  # fmt: skip
    return CliRunner().invoke(app, ["explain", *words], env=env)


def test_the_command_tells_the_operator_as_json(told: tuple[Pair, bool]) -> None:
    pair, _ = told
    answer = run(pair.house, pair.match_id, "--json")
    assert answer.exit_code == 0, answer.output
    view = json.loads(answer.stdout)
    assert list(rules(pair.house, view)) == ["family", "shelter", "ahtu", "both", "mumbai", "centre"]
    assert view["told"][0]["message"]["type"] == "alert.match"


def test_the_command_draws_who_is_told_and_who_is_not(told: tuple[Pair, bool], monkeypatch: pytest.MonkeyPatch) -> None:
    pair, protected = told
    # As wide as the terminal of whoever runs the tests, the table would break words, or not.
    monkeypatch.setattr(out, "_width", 200)
    monkeypatch.setattr(out, "_height", 100)
    answer = run(pair.house, pair.match_id)
    assert answer.exit_code == 0, answer.output
    assert "certain, critical: 6 would be told" in answer.output
    for word in ("source_ahtu", "email, inbox", "your_record_id: not_owner", "told_already_as_source_ahtu", "inactive"):
        assert word in answer.output
    assert ("protect_location" in answer.output) == protected
    assert all(value not in answer.output for value in PERSONAL)


def test_the_command_says_in_one_line_that_there_is_no_such_match(told: tuple[Pair, bool]) -> None:
    answer = run(told[0].house, "match_none")
    assert (answer.exit_code, "no such match" in answer.output) == (2, True)
    assert "Traceback" not in answer.output
    assert isinstance(app, typer.Typer)
