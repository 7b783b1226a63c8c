"""A partner reads over HTTP what the night came to for it: its own figures, and nobody else's."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import Any

import pytest

from api.nightly.errors import RunStopped
from api.nightly.partner_page import write_partner_reports
from api.nightly.run import CrossMatch
from api.store import audit, matches, runs, tables

from .conftest import REPORT, RESCUE, House
from .test_agreements import manage

WORDS = ("সুনীতা", "सुनिता", "Gosaba", "Mumbai", "24-parganas", "55501", "FIR-2023-77")


def night(house: House, **options: Any) -> str:
    sandhan = house.sandhan
    job = CrossMatch(
        sandhan.database, sandhan.matching, sandhan.model.version, sandhan.clock, sandhan.random_bytes,
        open_index=lambda _beat: None,
    )  # fmt: skip
    return job.run(**options)[-1].run_id


@pytest.fixture
def match_id(fresh_house: House) -> str:
    """The match of a report of the family's organisation and a rescued girl of the shelter's."""
    fresh_house.enter("family", REPORT)
    return str(fresh_house.enter("shelter", RESCUE)["matches"][0]["id"])


def read(house: House, who: str) -> dict[str, Any]:
    answer = house.ask(who, "GET", "/v1/reports/nightly")
    assert answer.status_code == 200, answer.text
    for word in WORDS:
        assert word not in answer.text, who
    return dict(answer.json())


def test_before_the_first_night_there_is_none(fresh_house: House) -> None:
    for path in ("/v1/reports/nightly", "/v1/reports/nightly.csv"):
        assert fresh_house.ask("family", "GET", path).status_code == 404


def test_each_reads_its_own_figures_and_the_read_is_in_its_log(fresh_house: House, match_id: str) -> None:
    house = fresh_house
    run = night(house)
    family, stranger = read(house, "family"), read(house, "stranger")
    assert (family["run_id"], family["open_cases"]) == (run, {"missing": 1, "rescued": 0})
    assert read(house, "shelter")["open_cases"] == {"missing": 0, "rescued": 1}
    (waits,) = family["undecided"]
    assert (waits["match_id"], waits["grade"]) == (match_id, "certain")
    own = house.ask("family", "GET", "/v1/cases").json()["items"][0]["id"]
    assert waits["your_record_ids"] == [own]
    assert family["alerts"]["open"] == 1
    assert stranger["open_cases"] == {"missing": 0, "rescued": 0}
    assert (stranger["undecided"], stranger["alerts"]["open"]) == ([], 0)
    with house.sandhan.database.read() as conn:
        rows = audit.entries_for(conn, house["family"].id, subject=house["family"].id, limit=500)
    assert [row.detail["run"] for row in rows if row.action == "report.read"] == [run]


def test_the_table_says_the_same(fresh_house: House, match_id: str) -> None:
    night(fresh_house)
    answer = fresh_house.ask("family", "GET", "/v1/reports/nightly.csv")
    assert (answer.status_code, answer.headers["content-type"]) == (200, "text/csv; charset=utf-8")
    rows = {(row["section"], row["name"]): row["value"] for row in csv.DictReader(io.StringIO(answer.text))}
    assert rows["open_cases", "missing"] == "1"
    assert rows["alerts", "open"] == "1"
    assert rows[f"undecided {match_id}", "grade"] == "certain"


def test_the_strongest_are_listed_and_all_are_counted(
    fresh_house: House, match_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    house = fresh_house
    house.enter("shelter", RESCUE | {"external_id": "MUM-2", "father_name": "महेश मंडल", "phone": []})
    night(house)
    every = read(house, "family")
    assert every["undecided_total"] == len(every["undecided"]) == 2
    monkeypatch.setattr("api.nightly.partner_reading.MOST_UNDECIDED", 1)
    monkeypatch.setattr("api.store.cases.get_cases", lambda *_: pytest.fail("no case is opened for a figure"))
    few = read(house, "family")
    assert (few["undecided_total"], few["undecided"]) == (2, every["undecided"][:1])
    table = house.ask("family", "GET", "/v1/reports/nightly.csv").text
    assert "undecided,matches,2\n" in table
    assert table.count(",grade,") == 1


def test_who_reads_no_alerts_is_told_of_none(fresh_house: House, match_id: str) -> None:
    night(fresh_house)
    few = fresh_house.key_with("family", "matches:read")
    report = fresh_house.client.get("/v1/reports/nightly", headers=few).json()
    assert (report["alerts"], [one["match_id"] for one in report["undecided"]]) == (None, [match_id])
    table = fresh_house.client.get("/v1/reports/nightly.csv", headers=few).text
    assert "alerts" not in table.replace("undecided", "")


def test_a_match_that_may_be_read_no_longer_does_not_wait(fresh_house: House, match_id: str) -> None:
    night(fresh_house)
    assert [one["match_id"] for one in read(fresh_house, "family")["undecided"]] == [match_id]
    for agreement in manage(fresh_house, "shelter", "GET", "/v1/agreements").json()["items"]:
        left = manage(fresh_house, "shelter", "POST", f"/v1/agreements/{agreement['id']}/leave")
        assert left.status_code == 200
    for who in ("family", "shelter"):
        report = read(fresh_house, who)
        assert report["undecided"] == []
        assert not counted(report)


def test_a_run_that_is_resumed_late_is_the_last_one_and_nights_follow_each_other(fresh_house: House) -> None:
    house = fresh_house
    house.enter("shelter", RESCUE)
    with pytest.raises(RunStopped):
        night(house, full=True, stop=lambda: True)
    house.clock.advance(hours=24)
    short = night(house)
    house.clock.advance(hours=12)
    house.enter("family", REPORT)
    house.clock.advance(hours=12)
    resumed = night(house, full=True)
    house.clock.advance(hours=1)
    report = read(house, "family")
    assert report["run_id"] == resumed < short
    assert [past["run_id"] for past in report["nights"]] == [short, resumed]
    assert [past["found"]["certain"] for past in report["nights"]] == [0, 1]
    assert [past["finished_at"] for past in report["nights"]] == sorted(
        past["finished_at"] for past in report["nights"]
    )
    assert report["alerts"]["sent"] == 1


@pytest.mark.parametrize("weaker", [0.0, 5.0, -5.0])
def test_a_rejected_pair_that_is_suggested_anew_has_risen_and_does_so_once(
    fresh_house: House, match_id: str, weaker: float
) -> None:
    """Whether its evidence is as it was, or has risen or fallen since it was told of."""
    house, database = fresh_house, fresh_house.sandhan.database
    night(house)
    reject = {"action": "reject", "reason": "wrong_age", "until": "2026-11-20"}
    assert house.ask("shelter", "POST", f"/v1/matches/{match_id}/decisions", json=reject).status_code == 200
    with database.write() as conn:
        (new, *_) = matches.events_of(conn, match_id)
        weight = float(str(new.detail["weight"])) - weaker
        of_event, of_match = tables.match_events.c.id == new.id, tables.matches.c.id == match_id
        detail = new.detail | {"weight": weight}
        conn.execute(tables.match_events.update().where(of_event).values(detail=detail))
        conn.execute(tables.matches.update().where(of_match).values(weight=weight))
    house.clock.advance(days=30)
    run_id = night(house)
    with database.read() as conn:
        run = runs.get_run(conn, run_id)
    assert run is not None
    assert [run.counters[name] for name in ("new", "risen", "fallen")] == [0, 1, 0]
    report = read(house, "family")
    assert [report["matches"][kind]["certain"] for kind in ("new", "risen", "fallen")] == [0, 1, 0]
    assert report["nights"][-1]["found"]["certain"] == 1
    sent = {who: read(house, who)["alerts"]["by_this_run"] for who in house.members.keys() - {"operator"}}
    assert (sent["family"], sent["stranger"]) == (1, 0)
    assert run.counters["alerts"] == sum(sent.values())


def test_no_figure_tells_of_a_match_that_its_owner_may_not_know_of(fresh_house: House, tmp_path: Path) -> None:
    house, database = fresh_house, fresh_house.sandhan.database
    only_police = [{"purpose": "matching"}, {"purpose": "sharing", "recipients": "police"}]
    night(house)
    house.enter("family", REPORT)
    house.enter("shelter", RESCUE | {"consents": only_police})
    run = night(house)
    family, shelter = read(house, "family"), read(house, "shelter")
    assert house.ask("family", "GET", "/v1/matches").json()["items"] == []
    assert (counted(family), family["undecided"], family["alerts"]["sent"]) == (0, [], 0)
    assert counted(shelter) >= 1, "its own organisation may know of both"
    table = house.ask("family", "GET", "/v1/reports/nightly.csv").text
    write_partner_reports(database, run, tmp_path, house.clock, "https://sandhan.example.org")
    written = (tmp_path / f"crossmatch-{run}-{house['family'].id}.csv").read_text()
    for text in (table, written):
        rows = [row for row in csv.DictReader(io.StringIO(text)) if "match" in row["section"] + row["name"]]
        assert rows
        assert {row["value"] for row in rows} == {"0"}


def counted(report: dict[str, Any]) -> int:
    """Return how many matches the figures of a report tell of."""
    of_nights = (past["found"] for past in report["nights"])
    return sum(sum(found.values()) for found in (*report["matches"].values(), *of_nights))
