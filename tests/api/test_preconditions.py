"""An answer that the caller has is not sent again; a change that rests on something old is refused."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.entity_tags import NO_VERSION, EntityTags, expected_version, is_known
from matcher.errors import InvalidRecord

from .conftest import House, Pair
from .test_errors import check

TAGS = EntityTags(bytes(range(32)))


@given(st.binary(max_size=40), st.none() | st.integers(1, 10**8))
def test_a_tag_is_known_in_every_form_that_may_come_back(content: bytes, version: int | None) -> None:
    tag = TAGS.of(content, version)
    assert tag == TAGS.of(content, version)
    for sent in (tag, f"W/{tag}", f'"other", {tag}', f'{tag},W/"x"', "*", " * "):
        assert is_known(sent, tag), sent
    for sent in (None, "", '"other"', tag.strip('"'), tag[:-2] + '"'):
        assert not is_known(sent, tag), sent
    assert TAGS.of(content + b"x", version) != tag
    assert EntityTags(bytes(32)).of(content, version) != tag
    if version is not None:
        assert expected_version(tag) == expected_version(f"W/{tag}") == expected_version(str(version)) == version


@pytest.mark.parametrize("text", ['"abc"', '""', '"1-xyz"', '"1-"', f'"{"9" * 80}"'])
def test_a_tag_of_somebody_else_is_never_right(text: str) -> None:
    assert expected_version(text) == NO_VERSION


@given(st.text(max_size=20))
def test_what_is_no_tag_is_refused_by_name_or_understood(text: str) -> None:
    refused: list[str] = []
    found = None
    try:
        found = expected_version(text)
    except InvalidRecord as error:
        refused.append(error.field)
    assert refused == ["If-Match"] or (not refused and (found is None or found >= 0))


def things(pair: Pair) -> dict[str, str]:
    return {
        "case": f"/v1/cases/{pair.missing_id}",
        "masked case": f"/v1/cases/{pair.rescued_id}",
        "match": f"/v1/matches/{pair.match_id}",
        "alert": f"/v1/alerts/{pair.alerts['family']}",
        "partner": f"/v1/partners/{pair.house['shelter'].id}",
    }


@pytest.mark.parametrize("kind", ["case", "masked case", "match", "alert", "partner"])
def test_what_the_caller_has_is_not_sent_again(pair: Pair, kind: str) -> None:
    path = things(pair)[kind]
    first = pair.house.ask("family", "GET", path)
    tag = first.headers["etag"]
    assert tag.startswith('"')
    assert pair.house.ask("family", "GET", path).headers["etag"] == tag
    again = pair.house.ask("family", "GET", path, headers={"If-None-Match": f'"x", W/{tag}'})
    assert (again.status_code, again.content) == (304, b"")
    assert again.headers["etag"] == tag
    assert again.headers["cache-control"] == "no-store"
    assert pair.house.ask("family", "GET", path, headers={"If-None-Match": '"x"'}).json() == first.json()


def test_a_match_has_a_tag_for_each_language(pair: Pair) -> None:
    path = f"/v1/matches/{pair.match_id}"
    english = pair.house.ask("family", "GET", path, headers={"Accept-Language": "en"})
    hindi = pair.house.ask("family", "GET", path, headers={"Accept-Language": "hi"})
    assert english.headers["etag"] != hindi.headers["etag"]
    assert (english.headers["vary"], hindi.headers["content-language"]) == ("Accept-Language", "hi")


def test_a_tag_tells_nothing_to_those_who_may_not_see(pair: Pair) -> None:
    house = pair.house
    for kind, path in things(pair).items():
        if kind == "partner":
            continue
        tag = house.ask("family", "GET", path).headers["etag"]
        nothing = path.rpartition("_")[0] + "_none"
        for headers in ({}, {"If-None-Match": tag}, {"If-None-Match": "*"}, {"If-Match": tag}):
            answer = house.ask("stranger", "GET", path, headers=headers)
            other = house.ask("stranger", "GET", nothing, headers=headers)
            assert answer.status_code == 404, (kind, headers)
            assert (answer.content, dict(answer.headers)) == (other.content, dict(other.headers))


def test_a_tag_follows_every_part_of_the_answer(house: House) -> None:
    form = {"side": "missing", "name": "Sarala"}
    path = f"/v1/cases/{house.enter('family', form)['case']['id']}"
    tags = [house.ask("family", "GET", path).headers["etag"]]
    for method, where, body in (
        ("POST", f"{path}/close", None), ("POST", f"{path}/reopen", None), ("PUT", path, form | {"age": "9"}),
    ):  # fmt: skip
        changed = house.ask("family", method, where, json=body)
        tags.append(house.ask("family", "GET", path).headers["etag"])
        assert changed.headers["etag"] == tags[-1], where
    assert len(set(tags)) == len(tags)


@pytest.mark.parametrize("what", ["change", "close", "reopen"])
def test_a_change_of_something_old_is_refused(house: House, what: str) -> None:
    form = {"side": "missing", "name": "Kajal"}
    path = f"/v1/cases/{house.enter('family', form)['case']['id']}"
    old = house.ask("family", "GET", path).headers["etag"]
    house.ask("family", "PUT", path, json=form | {"age": "9"})
    method, where, body = {
        "change": ("PUT", path, form | {"age": "10"}),
        "close": ("POST", f"{path}/close", None),
        "reopen": ("POST", f"{path}/reopen", None),
    }[what]
    before = house.ask("family", "GET", path)
    for tag in (old, '"abc"', f"W/{old}"):
        headers = {"If-Match": tag}
        check(house.ask("family", method, where, json=body, headers=headers), 412, "precondition_failed")
    check(house.ask("family", method, where, json=body, headers={"If-Match": "abc"}), 422, "invalid_request")
    assert house.ask("family", "GET", path).headers["etag"] == before.headers["etag"]
    nowhere = where.replace(path, "/v1/cases/case_none")
    check(house.ask("family", method, nowhere, json=body, headers={"If-Match": old}), 404, "not_found")
    check(house.ask("shelter", method, where, json=body, headers={"If-Match": old}), 404, "not_found")
    answer = house.ask("family", method, where, json=body, headers={"If-Match": before.headers["etag"]})
    assert answer.status_code == 200


def test_what_happens_in_the_background_stands_in_nobodys_way(house: House) -> None:
    form = {"side": "missing", "name": "Phulmoni"}
    path = f"/v1/cases/{house.enter('family', form)['case']['id']}"
    tag = house.ask("family", "GET", path).headers["etag"]
    same_version = tag.partition("-")[0] + "-" + "0" * 24 + '"'
    headers = {"If-Match": same_version}
    assert house.ask("family", "PUT", path, json=form | {"age": "9"}, headers=headers).status_code == 200


def test_a_partner_that_was_switched_meanwhile_is_not_switched(house: House) -> None:
    path = f"/v1/partners/{house['shelter'].id}"
    old = house.ask("operator", "GET", path).headers["etag"]
    for compared in (False, True):
        new = house.ask("operator", "PUT", f"{path}/faces", json={"compared": compared}, headers={"If-Match": old})
        assert new.status_code == 200
        assert house.ask("operator", "GET", path).headers["etag"] == new.headers["etag"]
        foreign: Any = {"If-Match": '"x"'}
        stale = house.ask("operator", "PUT", f"{path}/faces", json={"compared": compared}, headers=foreign)
        check(stale, 412, "precondition_failed")
        if not compared:
            late = house.ask("operator", "PUT", f"{path}/faces", json={"compared": True}, headers={"If-Match": old})
            check(late, 412, "precondition_failed")
        old = new.headers["etag"]
