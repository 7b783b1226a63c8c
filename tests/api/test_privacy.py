"""Nothing that was sent comes back in an error, reaches a log, or stands in an address."""

from __future__ import annotations

import base64
import logging
from collections.abc import Iterator
from typing import Any

import pytest

from matcher.fields import FIELDS, MULTIPLE

from .conftest import (
    FACELESS,
    GREEN,
    REPORT,
    RESCUE,
    START,
    House,
    Pair,
    empty_database,
    matched,
    open_house,
    picture,
    settle,
)

SECRETS = ("Zubaida", "জুবাইদা", "जुबैदा", "Khatunpara", "9830177777")
PHOTO_NAME = "Zubaida in Khatunpara.jpg"


@pytest.fixture
def watched(
    dialect: str, tmp_path: Any, template: Any, caplog: pytest.LogCaptureFixture
) -> Iterator[tuple[House, pytest.LogCaptureFixture]]:
    """A house built while everything is logged, as `SANDHAN_LOG_LEVEL=DEBUG` would have it."""
    caplog.set_level(logging.DEBUG)
    with empty_database(dialect, tmp_path / "home", template) as url, open_house(tmp_path / "home", url) as house:
        house.sandhan.open_index()
        settle(house)
        yield house, caplog


def logged(caplog: pytest.LogCaptureFixture) -> str:
    """Return all that a log handler could write: messages, arguments, further fields, tracebacks."""
    parts = []
    for record in caplog.get_records("setup") + caplog.get_records("call"):
        parts += [record.getMessage(), repr(record.__dict__), str(record.exc_info and record.exc_info[1])]
    return "\n".join(parts)


def leaks(text: str, secrets: tuple[str, ...] = SECRETS) -> list[str]:
    return [secret for secret in secrets if secret in text or secret.encode("unicode_escape").decode() in text]


def test_a_case_with_its_match_and_alerts_leaves_no_trace_in_the_log(watched: Any) -> None:
    house, caplog = watched
    pair = matched(house)
    house.sandhan.dispatcher.run_once()
    for who in ("family", "shelter", "ahtu", "mumbai"):
        for path in (f"/v1/cases/{pair.missing_id}", f"/v1/matches/{pair.match_id}", "/v1/alerts"):
            assert house.ask(who, "GET", path).status_code == 200
    house.sandhan.cases.recover()
    house.sandhan.keeper.save()
    texts: list[str] = []
    for form in (REPORT, RESCUE):
        for value in form.values():
            texts += [text for text in (value if isinstance(value, list) else [value]) if len(text) > 4]
    secrets = tuple(text for text in texts if text not in ("missing", "rescued", "female", "guess", "India"))
    assert leaks(logged(caplog), secrets) == []
    assert leaks(logged(caplog), tuple(member.key for member in house.members.values())) == []
    assert any(record.name.startswith("sandhan") for record in caplog.records)  # something was watched


def wrong_requests() -> Iterator[tuple[str, dict[str, Any]]]:
    """Give requests with personal data in every wrong place, with a name for each."""
    secret = " ".join(SECRETS)
    as_json = {"Content-Type": "application/json"}
    for field in FIELDS.keys() - {"id"}:
        yield f"{field} as object", {"json": {"side": "missing", field: {"value": secret}}}
        yield f"{field} too long", {"json": {"side": "missing", field: secret * 20}}
        if field not in MULTIPLE:
            yield f"{field} as list", {"json": {"side": "missing", field: [secret]}}
    for field in ("sex", "age", "age_basis", "birth_date", "height_cm", "last_seen", "protect_location"):
        yield f"{field} as name", {"json": {"side": "missing", field: secret}}
    yield "side", {"json": {"side": secret}}
    yield "two values", {"json": {"side": "missing", "name": [secret, 5], "age": secret}}
    yield "nul", {"json": {"side": "missing", "name": secret + "\0"}}
    yield "json text", {"json": secret}
    yield "no json", {"content": secret.encode(), "headers": {"Content-Type": "application/json"}}
    yield "json cut short", {"content": ('{"side": "' + secret).encode(), "headers": as_json}
    yield "media type", {"content": secret.encode(), "headers": {"Content-Type": "text/Zubaida"}}
    yield "form part", {"data": {"case": secret}, "files": [("photos", (PHOTO_NAME, b"x", "image/jpeg"))]}
    yield "form field", {"data": {secret: secret}, "files": [("photos", (PHOTO_NAME, b"x", "image/jpeg"))]}
    yield "many parts", {"files": [(secret, (PHOTO_NAME, b"x", "image/jpeg"))] * 20}
    yield (
        "etag",
        {"json": {"side": "missing"}, "headers": {"If-Match": "Zubaida"}, "method": "PUT", "path": "/v1/cases/x"},
    )
    yield "id", {"method": "GET", "path": f"/v1/matches/{SECRETS[1]}"}
    yield "parameter", {"method": "GET", "path": "/v1/matches", "params": {"grade": secret}}
    yield "key", {"method": "GET", "path": "/v1/cases", "headers": {"X-API-Key": "Zubaida", "Authorization": ""}}
    yield (
        "query",
        {"json": {"person": {"side": "missing", "age": secret}, "purpose": secret}, "path": "/v1/matches/query"},
    )


def test_no_refusal_repeats_what_was_sent(watched: Any) -> None:
    house, caplog = watched
    for name, request in wrong_requests():
        method, path = request.pop("method", "POST"), request.pop("path", "/v1/cases")
        caplog.clear()
        answer = house.ask("family", method, path, **request)
        assert 400 <= answer.status_code < 500, name
        assert leaks(answer.text + repr(dict(answer.headers))) == [], name
        # The test's own client logs the addresses that it asks for; the service does not.
        records = [record for record in caplog.records if record.name != "httpx"]
        assert leaks(" ".join(record.getMessage() + repr(record.__dict__) for record in records)) == [], name


def test_a_photo_leaves_neither_its_name_nor_its_bytes_in_a_log(watched: Any) -> None:
    house, caplog = watched
    case = '{"side": "missing", "name": "Zubaida"}'
    for data in (picture(GREEN), picture(FACELESS), b"Zubaida"):
        files = [("photos", (PHOTO_NAME, data, "image/jpeg"))]
        answer = house.ask("family", "POST", "/v1/cases", data={"case": case}, files=files)
        assert answer.status_code == 201
        assert "Khatunpara" not in answer.text
    assert leaks(logged(caplog)) == []
    assert repr(picture(GREEN)[:8])[2:-1] not in logged(caplog)


def test_addresses_hold_ids_only(pair: Pair) -> None:
    house = pair.house
    answer = house.send("family", REPORT | {"external_id": "Zubaida"})
    assert answer.headers["location"] == f"/v1/cases/{answer.json()['case']['id']}"
    pages = [house.ask("family", "GET", path, params={"limit": 1}).json() for path in ("/v1/cases", "/v1/matches")]
    for cursor in [page["next"] for page in pages if page["next"]]:
        kind, _, number = base64.urlsafe_b64decode(cursor + "==")[16:].decode().partition("_")  # after its signature
        assert kind in ("case", "match")
        assert number.isalnum()


def test_ids_tell_nothing_but_kind_and_age(house: House) -> None:
    ids = [house.enter("family", {"side": "missing", "name": "Zubaida"})["case"]["id"] for _ in range(2)]
    assert ids[0] != ids[1]
    assert all(len(case_id) == len("case_") + 26 for case_id in ids)
    assert START.year == 2026


def test_no_answer_may_be_kept_by_a_cache(pair: Pair) -> None:
    for path in (
        "/v1/cases",
        f"/v1/cases/{pair.missing_id}",
        f"/v1/matches/{pair.match_id}",
        "/v1/alerts",
        "/v1/nothing",
    ):
        headers = pair.house.ask("family", "GET", path).headers
        assert headers["cache-control"] == "no-store"
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "no-referrer"
