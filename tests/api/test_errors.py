"""What is refused says which field and why, as a problem with a stable code; and a fault of ours says nothing."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from api.store.errors import ConstraintViolated, DatabaseUnavailable
from matcher.fields import FIELDS

from .conftest import House, picture, settled_house

JSON = {"Content-Type": "application/json"}


def check(answer: Any, status: int, code: str) -> dict[str, Any]:
    """Assert that an answer is this problem, whole; return it."""
    assert answer.headers["content-type"] == "application/problem+json", answer.text
    body: dict[str, Any] = answer.json()
    assert (answer.status_code, body["code"]) == (status, code), body
    assert body["status"] == status
    assert body["type"] == f"urn:sandhan:problem:{code}"
    assert body["title"]
    assert body["detail"]
    return body


@pytest.fixture(scope="module")
def small(dialect: str, tmp_path_factory: Any, template: Any) -> Iterator[House]:
    """A house that takes bodies of three megabytes and two photos."""
    with settled_house(
        dialect, tmp_path_factory.mktemp("small") / "home", template, photo_limit_mb=1, photos_per_case=2
    ) as made:
        yield made


WRONG: list[tuple[str, object, str]] = [
    ("side", "found", "Input should be 'missing' or 'rescued'"),
    ("side", None, "Input should be"),
    ("name", 5, "string"),
    ("name", ["Rina", 5], "string"),
    ("name", "x" * 401, "at most 400 characters"),
    ("name", ["x"] * 21, "at most 20 items"),
    ("name", "Rina\u0000", "NUL"),
    ("narrative", "Rina\u0000", "NUL"),
    ("external_id", "Rina\u0000", "NUL"),
    ("sex", "Rina Mandal", "is not one of female, male, other, unknown"),
    ("age", "Rina Mandal", "whole number of years"),
    ("age", 121, "above 120"),
    ("age", 10**40, "whole number of years"),
    ("age", [12], "valid"),
    ("age_basis", "Rina Mandal", "document, stated, guess"),
    ("birth_date", "Rina Mandal", "is not a date"),
    ("birth_date", "2011-02-30", "that month has 28 days"),
    ("birth_date", "05/31/2011", "day first"),
    ("birth_date", "2199-01-01", "lies in the future"),
    ("last_seen", "1066-10-14", "between 1900 and 2200"),
    ("height_cm", "Rina Mandal", "centimetres between 30 and 250"),
    ("height_cm", 500, "centimetres between 30 and 250"),
    ("protect_location", "Rina Mandal", "valid boolean"),
    ("face_consent", {}, "valid boolean"),
    ("date_of_birth", "Rina Mandal", "there is no such field"),
    ("strange", "Rina Mandal", "there is no such field"),
]


@pytest.mark.parametrize(("field", "value", "reason"), WRONG, ids=lambda part: repr(part)[:24])
def test_a_wrong_field_is_named_with_its_rule(house: House, field: str, value: object, reason: str) -> None:
    before = house.row_counts()
    answer = house.ask("family", "POST", "/v1/cases", json={"side": "missing", field: value})
    body = check(answer, 422, "invalid_request")
    assert {error["field"].split(".")[0] for error in body["errors"]} == {field}
    assert any(reason in error["reason"] for error in body["errors"])
    assert field in body["detail"]
    assert "Rina" not in answer.text
    assert house.row_counts() == before


def test_every_wrong_field_is_named_at_once(house: House) -> None:
    form = {"side": "x", "name": 1, "protect_location": "x", "hobby": "x"}
    body = check(house.ask("family", "POST", "/v1/cases", json=form), 422, "invalid_request")
    assert {error["field"] for error in body["errors"]} == {"side", "name", "protect_location", "hobby"}


def test_a_wrong_field_within_a_query_is_named_with_its_way(house: House) -> None:
    form = {"person": {"side": "missing", "nome": "x"}, "purpose": "verify-match"}
    body = check(house.ask("family", "POST", "/v1/matches/query", json=form), 422, "invalid_request")
    assert [error["field"] for error in body["errors"]] == ["person.nome"]


BROKEN = [
    b"", b"{", b"nothing", b'{"side": missing}', b"\xff\xfe{}", '{"side": "missing"}'.encode("utf-16"),
    b'{"side": "missing", "name": "\xe0\xa6"}', b'{"side": "missing", "name": "\xed\xa0\x80"}', b"[" * 100_000,
    b'{"side": "missing", "age": ' + b"9" * 5000 + b"}",
]  # fmt: skip


@pytest.mark.parametrize("body", BROKEN, ids=lambda body: repr(body[:12]))
@pytest.mark.parametrize("path", ["/v1/cases", "/v1/matches/query"])
def test_a_body_that_is_not_json_is_refused(house: House, path: str, body: bytes) -> None:
    problem = check(house.ask("family", "POST", path, content=body, headers=JSON), 422, "invalid_request")
    assert problem["errors"] == [{"field": "body", "reason": "is not JSON in UTF-8"}]


@pytest.mark.parametrize("body", [b"", b"{", b"nothing", b"\xff\xfe{}", b'{"name": "\xe0\xa6"}', b"[" * 100_000])
@pytest.mark.parametrize("path", ["/v1/partners", "/v1/people", "/v1/keys", "/v1/session", "/v1/enrolment/confirm"])
def test_a_plain_form_that_is_not_json_is_refused(house: House, path: str, body: bytes) -> None:
    problem = check(house.ask("operator", "POST", path, content=body, headers=JSON), 422, "invalid_request")
    assert problem["errors"][0]["field"] == "body"


@pytest.mark.parametrize("body", [b"[]", b"1", b"null", b'"text"', b"{}", b'{"side": "missing", "name": "\\ud800"}'])
def test_json_that_is_no_form_is_refused(house: House, body: bytes) -> None:
    check(house.ask("family", "POST", "/v1/cases", content=body, headers=JSON), 422, "invalid_request")


@pytest.mark.parametrize(
    "media", ["text/plain", "application/xml", "application/x-www-form-urlencoded", "", "image/jpeg"]
)
@pytest.mark.parametrize(
    ("method", "path"), [("POST", "/v1/cases"), ("PUT", "/v1/cases/x"), ("POST", "/v1/matches/query")]
)
def test_other_media_types_are_refused(house: House, method: str, path: str, media: str) -> None:
    answer = house.ask("family", method, path, content=b'{"side": "missing"}', headers={"Content-Type": media})
    assert "multipart/form-data" in check(answer, 415, "unsupported_media")["detail"]


@pytest.mark.parametrize("media", ["application/json; charset=utf-8", "APPLICATION/JSON", "application/json;"])
def test_json_may_be_announced_in_any_spelling(house: House, media: str) -> None:
    answer = house.ask("family", "POST", "/v1/cases", content=b'{"side": "missing"}', headers={"Content-Type": media})
    assert answer.status_code == 201


CASE = '{"side": "missing", "name": "Rina"}'


@pytest.mark.parametrize(
    ("parts", "field"),
    [
        ([("photos", ("a.jpg", b"x", "image/jpeg"))], "case"),
        ([("case", (None, b"{"))], "case"),
        ([("case", (None, b"\xff\xfe"))], "case"),
        ([("case", ("case.json", b"\xe0\xa6", "application/json"))], "case"),
        ([("case", (None, CASE.encode())), *[(f"more{n}", (None, b"x")) for n in range(12)]], "body"),
    ],
)
def test_a_broken_form_is_refused(house: House, parts: list[Any], field: str) -> None:
    body = check(house.ask("family", "POST", "/v1/cases", files=parts), 422, "invalid_request")
    assert body["errors"][0]["field"] == field


@pytest.mark.parametrize("media", ["multipart/form-data", "multipart/form-data; boundary=other"])
def test_a_form_without_its_boundary_is_refused(house: House, media: str) -> None:
    content = b'--b\r\nContent-Disposition: form-data; name="case"\r\n\r\n{}\r\n--b--\r\n'
    answer = house.ask("family", "POST", "/v1/cases", content=content, headers={"Content-Type": media})
    check(answer, 422, "invalid_request")


@pytest.mark.parametrize("count", [3, 4, 9])
def test_too_many_photos_are_refused(small: House, count: int) -> None:
    answer = small.send("family", {"side": "missing"}, *[picture((n, 0, 0)) for n in range(count)])
    assert "2 photos" in check(answer, 413, "too_large")["detail"]


@pytest.mark.parametrize("how", ["json", "field", "file"])
def test_a_form_of_a_novels_length_is_refused(house: House, how: str) -> None:
    text = json.dumps({"side": "missing", "narrative": "x" * 300_000}).encode()
    if how == "json":
        answer = house.ask("family", "POST", "/v1/cases", content=text, headers=JSON)
    else:
        answer = house.ask("family", "POST", "/v1/cases", files=[("case", ("c" if how == "file" else None, text))])
    check(answer, 413, "too_large")


@pytest.mark.parametrize("who", ["family", None])
def test_a_body_above_the_limit_is_refused_before_it_is_read(small: House, who: str | None) -> None:
    def never() -> Iterator[bytes]:
        yield b""

    for length in (str(4 * 1024 * 1024), "9" * 5000):
        headers = JSON | {"Content-Length": length}
        check(small.ask(who, "POST", "/v1/cases", content=never(), headers=headers), 413, "too_large")


@pytest.mark.parametrize("media", ["multipart/form-data; boundary=b", "application/json"])
@pytest.mark.parametrize(("method", "path"), [("POST", "/v1/cases"), ("POST", "/v1/partners")])
def test_a_body_of_unknown_length_ends_at_the_limit(small: House, method: str, path: str, media: str) -> None:
    sent = []

    def endless() -> Iterator[bytes]:
        yield b'--b\r\nContent-Disposition: form-data; name="photos"; filename="a"\r\n\r\n'
        for number in range(64):
            sent.append(number)
            yield bytes(1024 * 1024)

    who = "operator" if path.endswith("partners") else "family"
    check(small.ask(who, method, path, content=endless(), headers={"Content-Type": media}), 413, "too_large")


@pytest.mark.parametrize("length", ["²", "-1", "many"])
def test_a_length_that_is_no_number_is_no_fault_of_ours(house: House, length: str) -> None:
    headers: Any = JSON | {"Content-Length": length.encode("latin-1")}
    answer = house.ask("family", "POST", "/v1/cases", content=b'{"side": "missing"}', headers=headers)
    assert answer.status_code < 500


@pytest.mark.parametrize(
    "path", ["/", "/v1", "/v1/nothing", "/v2/cases", "/v1/cases/a/b/c", "/v1/matches/a/b", "/admin"]
)
def test_an_unknown_path_is_not_found(house: House, path: str) -> None:
    for who in ("family", None):
        check(house.ask(who, "GET", path), 404, "not_found")


def test_an_unknown_method_says_which_are_known(house: House) -> None:
    answer = house.ask("family", "DELETE", "/v1/alerts")
    check(answer, 405, "method_not_allowed")
    assert answer.headers["allow"] == "GET"
    for path, allowed in (
        ("/v1/cases", "GET, POST"),
        ("/v1/cases/x", "DELETE, GET, PUT"),
        ("/v1/partners", "GET, POST"),
    ):
        assert house.ask("family", "PATCH", path).headers["allow"] == allowed


@pytest.mark.parametrize(
    "path",
    ["/v1/cases/%00", "/v1/matches/a%00b", "/v1/alerts/%00", "/v1/alerts/%00/acknowledge"],
)
def test_an_id_that_no_database_holds_is_not_found(house: House, path: str) -> None:
    check(house.ask("family", "POST" if path.endswith("acknowledge") else "GET", path), 404, "not_found")


@pytest.mark.parametrize("path", ["/v1/cases?after=%00", "/v1/matches?case_id=%00", "/v1/cases?limit=1%00"])
def test_a_parameter_that_no_database_holds_is_refused(house: House, path: str) -> None:
    check(house.ask("family", "GET", path), 422, "invalid_request")


@pytest.mark.parametrize("name", ["x" * 5000, "..%2F..%2Fetc", "' OR 1=1 --", "সুনীতা", "%F0%9F%98%80", "%FF", "*"])
def test_strange_ids_are_not_found(house: House, name: str) -> None:
    for path in ("/v1/cases/", "/v1/matches/", "/v1/alerts/"):
        check(house.ask("family", "GET", path + name), 404, "not_found")


@pytest.mark.parametrize(
    ("path", "field"),
    [
        ("/v1/cases?limit=0", "limit"),
        ("/v1/cases?limit=201", "limit"),
        ("/v1/cases?limit=Rina", "limit"),
        ("/v1/cases?side=Rina", "side"),
        ("/v1/cases?status=Rina", "status"),
        ("/v1/cases?after=" + "x" * 401, "after"),
        ("/v1/cases?updated_since=Rina", "updated_since"),
        ("/v1/cases?updated_since=2026-11-01", "updated_since"),
        ("/v1/cases?updated_since=2026-11-01T09:00:00", "updated_since"),
        ("/v1/cases?updated_since=2026-02-30T09:00:00Z", "updated_since"),
        ("/v1/cases?updated_since=0001-01-01T00:00:00%2B14:00", "updated_since"),
        ("/v1/cases?updated_since=1700000000", "updated_since"),
        ("/v1/cases?external_id=" + "x" * 401, "external_id"),
        ("/v1/matches?grade=Rina", "grade"),
        ("/v1/matches?state=Rina", "state"),
        ("/v1/matches?grade=certain&grade=certain&grade=certain&grade=certain&grade=certain", "grade"),
        ("/v1/alerts?priority=Rina", "priority"),
        ("/v1/alerts?created_since=Rina", "created_since"),
        ("/v1/partners?kind=Rina", "kind"),
        ("/v1/partners?country=Rina", "country"),
        ("/v1/partners?area=Rina", "area"),
        ("/v1/matches?limit=101", "limit"),
        ("/v1/alerts?state=Rina", "state"),
    ],
)
def test_a_wrong_parameter_is_named(house: House, path: str, field: str) -> None:
    answer = house.ask("family", "GET", path)
    assert check(answer, 422, "invalid_request")["errors"][0]["field"].split(".")[0] == field
    assert "Rina" not in answer.text


def test_a_fault_of_ours_says_only_its_number(
    house: House, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise KeyError("সুনীতা মণ্ডল")

    monkeypatch.setattr(house.sandhan.cases, "own_page", fail)
    caplog.set_level(logging.DEBUG)
    # The client raises whatever leaves the application; a server would log it, text and all.
    answer = house.ask("family", "GET", "/v1/cases")
    body = check(answer, 500, "internal")
    (record,) = [record for record in caplog.records if record.name == "api.errors"]
    incident = body["detail"].split()[-1]
    assert incident in record.getMessage()
    assert "KeyError at" in record.getMessage()
    assert record.exc_info is None
    assert "সুনীতা" not in answer.text + caplog.text


def test_a_database_that_does_not_answer_is_a_matter_of_time(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    def busy(*_: object, **__: object) -> None:
        raise DatabaseUnavailable("SQLITE_BUSY")

    monkeypatch.setattr(house.sandhan.cases, "register", busy)
    check(house.ask("family", "POST", "/v1/cases", json={"side": "missing"}), 503, "database_unavailable")


def test_two_who_store_the_same_at_once_are_told_to_send_again(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    def taken(*_: object, **__: object) -> None:
        raise ConstraintViolated("uq_cases_owner_id_side_external_id")

    monkeypatch.setattr(house.sandhan.cases, "register", taken)
    answer = house.ask("family", "POST", "/v1/cases", json={"side": "missing"})
    assert "uq_cases" not in str(check(answer, 409, "concurrent_change"))


without_checks = settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)


@without_checks
@given(body=st.binary(max_size=60))
def test_whatever_bytes_come_are_answered(house: House, body: bytes) -> None:
    check(house.ask("family", "POST", "/v1/cases", content=body, headers=JSON), 422, "invalid_request")


@without_checks
@given(form=st.dictionaries(st.sampled_from([*FIELDS, "narrative", "face_consent", "external_id"]), values, max_size=4))
def test_whatever_values_come_are_answered(house: House, form: dict[str, Any]) -> None:
    text = json.dumps({"side": "rescued", **form})  # surrogates and infinities too
    answer = house.ask("family", "POST", "/v1/cases", content=text.encode(), headers=JSON)
    assert answer.status_code in (200, 201, 409, 422), answer.text


@without_checks
@given(path=st.text(st.characters(exclude_characters="/?#", exclude_categories=("Cc", "Cs")), min_size=3, max_size=20))
def test_whatever_id_comes_is_not_found(house: House, path: str) -> None:
    check(house.ask("family", "GET", "/v1/matches/" + path), 404, "not_found")
