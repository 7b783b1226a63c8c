"""A cursor goes on with the list it came from, for the one it was made for, and with nothing else."""

from __future__ import annotations

import base64
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.cursors import Cursors
from matcher.errors import InvalidRecord

from .conftest import House
from .test_errors import check

CURSORS = Cursors(bytes(range(32)))
ids = st.text(st.characters(codec="utf-8"), max_size=60)
filters = st.dictionaries(st.sampled_from(["side", "status"]), st.none() | st.text(max_size=5))


@given(name=ids, partner=ids, kept=filters, last=ids)
def test_a_cursor_is_read_by_those_it_was_made_for(name: str, partner: str, kept: dict[str, Any], last: str) -> None:
    cursor = CURSORS.seal(name, partner, kept, last)
    assert Cursors(CURSORS.key).open(name, partner, kept, cursor) == last
    assert cursor.isascii()
    assert CURSORS.open(name, partner, {key: value for key, value in kept.items() if value is not None}, cursor) == last


@given(name=ids, partner=ids, last=ids, changed=st.sampled_from(["name", "partner", "filters", "key"]))
def test_a_cursor_is_of_no_use_elsewhere(name: str, partner: str, last: str, changed: str) -> None:
    cursor = CURSORS.seal(name, partner, {"side": "missing"}, last)
    other = Cursors(bytes(32)) if changed == "key" else CURSORS
    with pytest.raises(InvalidRecord) as caught:
        other.open(
            name + "x" * (changed == "name"),
            partner + "x" * (changed == "partner"),
            {"side": "rescued" if changed == "filters" else "missing"},
            cursor,
        )
    assert caught.value.field == "after"


@given(st.data())
def test_a_cursor_changed_in_one_letter_is_refused(data: st.DataObject) -> None:
    cursor = CURSORS.seal("cases", "partner_1", {}, "case_01m6b5cjnhm952npdv62sfps4x")
    at = data.draw(st.integers(0, len(cursor) - 1))
    letter = data.draw(st.sampled_from("ABCabc019-_").filter(lambda letter: letter != cursor[at]))
    with pytest.raises(InvalidRecord):
        CURSORS.open("cases", "partner_1", {}, cursor[:at] + letter + cursor[at + 1 :])


@given(st.text(max_size=60))
def test_whatever_is_sent_as_a_cursor_is_refused(text: str) -> None:
    with pytest.raises(InvalidRecord):
        CURSORS.open("cases", "partner_1", {}, text)


LISTS = {
    "/v1/cases": "family", "/v1/matches": "family", "/v1/alerts": "family", "/v1/partners": "family",
}  # fmt: skip


@pytest.fixture(scope="module")
def full(house: House) -> House:
    """Three of everything that is listed, as `family` sees it."""
    from .conftest import REPORT, RESCUE

    for number in range(3):
        house.enter("family", {"side": "missing", "name": f"Person {number}"})
    house.enter("family", REPORT)
    for number in range(3):
        house.enter("shelter", RESCUE | {"external_id": f"R{number}"})
    return house


def pages(house: House, path: str, **params: Any) -> list[dict[str, Any]]:
    """Follow the `Link` headers from page to page."""
    answer = house.ask("family", "GET", path, params=params)
    found = [answer.json()]
    while "link" in answer.headers:
        address, _, relation = answer.headers["link"].partition("; ")
        assert relation == 'rel="next"'
        assert found[-1]["next"] in address
        answer = house.ask("family", "GET", address.strip("<>"))
        assert answer.status_code == 200, answer.text
        found.append(answer.json())
    assert found[-1]["next"] is None
    return found


@pytest.mark.parametrize("path", LISTS)
@pytest.mark.parametrize("limit", [1, 2, 50])
def test_every_list_is_walked_by_its_links(full: House, path: str, limit: int) -> None:
    everything = full.ask("family", "GET", path).json()["items"]
    assert len(everything) >= 3
    walked = pages(full, path, limit=limit)
    assert all(len(page["items"]) <= limit for page in walked)
    assert [item["id"] for page in walked for item in page["items"]] == [item["id"] for item in everything]


def test_filters_are_kept_from_page_to_page(full: House) -> None:
    walked = pages(full, "/v1/cases", limit=1, side="missing", status="open")
    assert len(walked) >= 4
    assert {item["side"] for page in walked for item in page["items"]} == {"missing"}


@pytest.mark.parametrize("path", LISTS)
def test_a_cursor_of_something_else_is_refused_by_name(full: House, path: str) -> None:
    cursor = full.ask("family", "GET", path, params={"limit": 1}).json()["next"]
    elsewhere = "/v1/alerts" if path == "/v1/cases" else "/v1/cases"
    filtered = {"/v1/cases": {"side": "missing"}, "/v1/matches": {"grade": "certain"},
                "/v1/alerts": {"priority": "critical"}, "/v1/partners": {"kind": "ngo"}}[path]  # fmt: skip
    raw = base64.urlsafe_b64decode(cursor + "==")
    forged = base64.urlsafe_b64encode(bytes(16) + raw[16:]).decode().rstrip("=")
    for who, where, params in (
        ("shelter", path, {"after": cursor}),
        ("family", elsewhere, {"after": cursor}),
        ("family", path, {"after": cursor} | filtered),
        ("family", path, {"after": forged}),
        ("family", path, {"after": raw[16:].decode()}),
        ("family", path, {"after": ""}),
    ):
        body = check(full.ask(who, "GET", where, params=params), 422, "invalid_request")
        assert [error["field"] for error in body["errors"]] == ["after"]
    assert full.ask("family", "GET", path, params={"after": cursor, "limit": 7}).status_code == 200


def test_lists_are_filtered(full: House) -> None:
    def ids(path: str, who: str = "family", **params: Any) -> list[str]:
        answer = full.ask(who, "GET", path, params=params)
        assert answer.status_code == 200, answer.text
        return [item["id"] for item in answer.json()["items"]]

    cases = full.ask("family", "GET", "/v1/cases").json()["items"]
    report = next(case for case in cases if case["external_id"] == "FIR-2023-77")
    assert ids("/v1/cases", external_id="FIR-2023-77") == [report["id"]]
    assert ids("/v1/cases", external_id="FIR-2023-7") == []
    assert ids("/v1/cases", external_id="R0") == []  # the shelter's
    assert ids("/v1/cases", updated_since=report["updated_at"]) == [report["id"]]
    assert ids("/v1/cases", updated_since="2099-01-01T00:00:00Z") == []
    assert len(ids("/v1/cases", updated_since="1999-01-01T00:00:00+05:30")) == len(cases)
    matches = full.ask("family", "GET", "/v1/matches").json()["items"]
    assert ids("/v1/matches", state="suggested") == [match["id"] for match in matches]
    assert ids("/v1/matches", state="rejected") == []
    newest = max(match["updated_at"] for match in matches)
    assert ids("/v1/matches", updated_since=newest) == [m["id"] for m in matches if m["updated_at"] == newest]
    alerts = full.ask("family", "GET", "/v1/alerts").json()["items"]
    for priority in ("critical", "standard"):
        assert ids("/v1/alerts", priority=priority) == [a["id"] for a in alerts if a["priority"] == priority]
    assert ids("/v1/alerts", created_since=alerts[1]["created_at"]) == [alert["id"] for alert in alerts[1:]]
    assert ids("/v1/partners", kind="shelter") == [full["shelter"].id]
    assert ids("/v1/partners", country="BD") == []
    covering = [full["ahtu"].id]
    assert ids("/v1/partners", area="IN/WB/south-24-parganas") == covering
    assert ids("/v1/partners", area="India, West Bengal, South 24 Parganas") == covering
    assert ids("/v1/partners", area="IN/WB") == []


def test_a_plus_that_the_address_turned_into_a_space_is_told(full: House) -> None:
    answer = full.ask("family", "GET", "/v1/cases?updated_since=2026-11-01T09:00:00+05:30")
    assert "%2B" in check(answer, 422, "invalid_request")["detail"]
