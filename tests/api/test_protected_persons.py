"""Can anybody find out where a protected person is, or when she was found, by asking again and again?"""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from api.cases.forms import to_person
from api.cases.views import PAPERS_OF_HER_OWN
from api.store import cases

from .conftest import REPORT, RESCUE, House

CARRIED: dict[str, Any] = {"clothing": ["red salwar kameez"], "belongings": ["silver anklet"], "height_cm": "150"}
HERS = {name: value for name, value in RESCUE.items() if name != "age_basis"} | CARRIED | {"protect_location": True}
ASKED = {name: value for name, value in REPORT.items() if name != "external_id"} | CARRIED | {"height_on": "2026-01-01"}
# By all of them she is of the same five years, which the mask shows.
FOUND = ("2026-10-28", "2026-10-01", "2026-03", "2026-01-05", None)
LOST = ("2019-05-04", "2023-08-14", "2026-02-27", "2026-09-30", "2026-10-02", "2026-10-27", "2026-10-29")
BORN = ("2011-05-30", "2011-10-29", "2012-10-02", "2004", "2007")


def found_on(house: House, case_id: str, day: str | None) -> None:
    form = {name: value for name, value in HERS.items() if name != "found"} | ({"found": day} if day else {})
    answer = house.send("shelter", form, path=f"/v1/cases/{case_id}", method="PUT")
    assert answer.status_code == 200, answer.text


def asked(house: House, who: str) -> list[Any]:
    """Return the answers to many queries, each with other dates."""
    answers = []
    for lost in LOST:
        for born in BORN:
            person = ASKED | {"last_seen": lost, "birth_date": born}
            body = {"person": person, "purpose": "trace-missing-person"}
            answer = house.ask(who, "POST", "/v1/matches/query", json=body)
            assert answer.status_code == 200, answer.text
            answers.append(answer.json())
    return answers


def test_queries_with_other_dates_do_not_bracket_the_day_on_which_she_was_found(fresh_house: House) -> None:
    house = fresh_house
    case_id = house.enter("shelter", HERS)["case"]["id"]
    expected = asked(house, "stranger")
    assert any(answer["matches"] for answer in expected), "she is found"
    levels = {part["label"] for answer in expected for match in answer["matches"] for part in match["contributions"]}
    assert {"found after last seen", "same clothing"} <= levels, "and compared as of the day of entry"
    for day in FOUND[1:]:
        found_on(house, case_id, day)
        assert asked(house, "stranger") == expected, day


def test_nor_does_the_match_with_a_report_of_ones_own(fresh_house: House) -> None:
    house = fresh_house
    case_id = house.enter("shelter", HERS)["case"]["id"]
    report = house.enter("family", ASKED | {"external_id": "F-1"})["case"]["id"]

    def seen() -> list[Any]:
        views = []
        for lost in LOST:
            house.send("family", ASKED | {"external_id": "F-1", "last_seen": lost}, f"/v1/cases/{report}", "PUT")
            house.sandhan.matching.recover()
            items = house.ask("family", "GET", "/v1/matches").json()["items"]
            assert len(items) == 1
            views.append(
                {name: value for name, value in items[0].items() if name not in ("updated_at", "missing", "version")}
            )
        return views

    expected = seen()
    for day in (FOUND[1], FOUND[3], FOUND[4]):
        found_on(house, case_id, day)
        assert seen() == expected, day


def test_of_somebody_who_is_not_protected_all_days_are_compared(fresh_house: House) -> None:
    house = fresh_house
    form = HERS | {"protect_location": False}
    case_id = house.enter("shelter", form)["case"]["id"]
    before = asked(house, "stranger")
    house.send("shelter", form | {"found": "2019-05-05"}, path=f"/v1/cases/{case_id}", method="PUT")
    assert asked(house, "stranger") != before


@pytest.mark.parametrize(
    ("said", "birth", "height"),
    [
        ({"age": "14"}, (date(2010, 1, 1), date(2014, 12, 31)), None),
        ({"age": "14", "age_as_of": "2026-06-01"}, (date(2011, 6, 2), date(2012, 6, 1)), None),
        ({"birth_date": "2011-05-30", "height_on": "2026-06-01"}, (date(2011, 5, 30), date(2011, 5, 30)), 150.0),
    ],
)
def test_what_rests_on_the_day_of_finding_is_compared_by_what_the_mask_shows(
    fresh_house: House, said: dict[str, str], birth: tuple[date, date], height: float | None
) -> None:
    form = {name: value for name, value in HERS.items() if name != "age"} | said
    case_id = fresh_house.enter("shelter", form)["case"]["id"]
    with fresh_house.sandhan.database.read() as conn:
        record = to_person(cases.require_case(conn, case_id), [])
    assert record.birth is not None
    assert ((record.birth.earliest, record.birth.latest), record.height_cm) == (birth, height)
    assert record.event is not None
    assert record.event.earliest == record.event.latest == fresh_house.clock().date()


def test_numbers_that_tell_a_place_are_withheld_and_her_own_papers_are_not(fresh_house: House) -> None:
    house = fresh_house
    numbers = [
        "fir: Mumbra PS 117/2026",
        "CWC order:Thane-44",
        "pfif:asha-shelter.example/7",
        "44/Thane",
        "court:Vashi 9",
    ]
    own = ["aadhaar:4821 7735 9026", "Ration card: WB-77"]
    assert {"aadhaar", "ration_card"} <= PAPERS_OF_HER_OWN
    entered = house.enter("shelter", HERS | {"identifier": [*numbers, *own]})
    match_id = house.enter("family", ASKED)["matches"][0]["id"]
    form = {"side": "rescued", "purpose": "verify-identity"}
    made = house.ask("family", "POST", f"/v1/matches/{match_id}/disclosures", json=form).json()
    assert house.ask("shelter", "POST", f"/v1/disclosures/{made['id']}/accept").status_code == 200
    shown = house.ask("family", "GET", f"/v1/cases/{entered['case']['id']}").json()
    assert (shown["view"], shown["fields"]["identifier"]) == ("disclosed", own)
    assert "identifier" in shown["withheld"]
    mine = house.ask("shelter", "GET", f"/v1/cases/{entered['case']['id']}").json()
    assert mine["fields"]["identifier"] == [*numbers, *own]
    house.send(
        "shelter", HERS | {"identifier": "fir:Mumbra 1"}, path=f"/v1/cases/{entered['case']['id']}", method="PUT"
    )
    shown = house.ask("family", "GET", f"/v1/cases/{entered['case']['id']}").json()
    assert "identifier" not in shown["fields"]
    assert "identifier" in shown["withheld"]
