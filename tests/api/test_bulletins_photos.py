"""A missing child is shown with a photo also where faces are not compared: made anew, once somebody looked at it."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from PIL import ExifTags, Image

from api.store import audit

from .conftest import FACELESS, GREEN, House, picture, settled_house
from .test_bulletins import SHOWN, Desk, desk_in, refused

TOWN = "Gosaba jetty"


@pytest.fixture
def faceless_house(dialect: str, tmp_path: Path, template: Path) -> Iterator[House]:
    """A deployment that compares no faces."""
    with settled_house(dialect, tmp_path / "home", template, faces=False) as made:
        yield made


@pytest.fixture
def blind(faceless_house: House) -> Desk:
    made = desk_in(faceless_house)
    made.consent()
    return made


def from_a_camera() -> bytes:
    """Return a picture into which a camera wrote where it was taken."""
    exif = Image.Exif()
    exif[ExifTags.Base.ImageDescription] = TOWN
    return picture(GREEN, exif=exif)


def added(desk: Desk, data: bytes) -> dict[str, Any]:
    answer = desk.house.send("family", SHOWN, data, path=f"/v1/cases/{desk.case_id}", method="PUT")
    assert answer.status_code == 200, answer.text
    return dict(answer.json()["case"]["photos"][-1])


def said(desk: Desk, bulletin_id: str) -> list[object]:
    with desk.house.sandhan.database.read() as conn:
        rows = audit.entries_for(conn, desk.house["family"].id, subject=desk.case_id, limit=200)
    return [
        row.detail.get("said")
        for row in rows
        if row.action == "bulletin.published" and row.detail["bulletin"] == bulletin_id
    ]


def test_where_faces_are_off_a_photo_is_shown_once_somebody_has_looked_at_it(blind: Desk) -> None:
    photo = added(blind, from_a_camera())
    assert photo["state"] == "withheld"
    given = blind.authorised()
    detail = refused(blind.publish("ahtu", authorisation_id=given, photo_id=photo["id"]), 422, "invalid_request")
    assert "shows_only_the_child" in detail
    made = blind.published("ahtu", photo_id=photo["id"], shows_only_the_child=True)
    shown = blind.photo("ahtu", made["id"])
    assert (shown.status_code, shown.headers["content-type"]) == (200, "image/jpeg")
    assert TOWN.encode() in from_a_camera()
    assert TOWN.encode() not in shown.content
    assert not Image.open(io.BytesIO(shown.content)).getexif()
    assert said(blind, made["id"]) == ["shows only the child"]
    answer = blind.house.ask("family", "GET", f"/v1/cases/{blind.case_id}")
    assert {one["state"] for one in answer.json()["photos"]} == {"withheld"}, "and nobody looked for a face"


def test_what_cannot_be_read_is_not_shown(blind: Desk) -> None:
    photo = added(blind, b"\xff\xd8\xffno picture")
    answer = blind.publish("ahtu", photo_id=photo["id"], shows_only_the_child=True)
    assert "photo_damaged" in refused(answer, 422, "invalid_request")


def test_a_photo_that_was_compared_before_is_shown_after_faces_were_switched_off(fresh_house: House) -> None:
    desk = desk_in(fresh_house)
    desk.consent()
    path = f"/v1/partners/{fresh_house['family'].id}/faces"
    assert fresh_house.ask("operator", "PUT", path, json={"compared": False}).status_code == 200
    refused(desk.publish("ahtu", photo_id=desk.photo_id), 422, "invalid_request")
    made = desk.published("ahtu", shows_only_the_child=True)
    assert desk.photo("ahtu", made["id"]).status_code == 200


def test_a_word_shows_nobody_else(fresh_house: House) -> None:
    desk = desk_in(fresh_house)
    desk.consent()
    two = Image.new("RGB", (96, 96), GREEN)
    two.paste((160, 96, 96), (48, 0, 96, 96))
    out = io.BytesIO()
    two.save(out, "JPEG", quality=95)
    several, faceless = added(desk, out.getvalue()), added(desk, picture(FACELESS))
    assert (several["state"], faceless["state"]) == ("failed", "failed")
    for photo_id in (several["id"], "photo_none"):
        answer = desk.publish("ahtu", photo_id=photo_id, shows_only_the_child=True)
        refused(answer, 422, "invalid_request")
    made = desk.published("ahtu", photo_id=faceless["id"], shows_only_the_child=True)
    assert desk.photo("ahtu", made["id"]).status_code == 200
    plain = desk.published("ahtu", shows_only_the_child=True)
    assert said(desk, plain["id"]) == [None], "where a face was found, that is what counts"


def test_an_order_without_a_photo_covers_none_whatever_is_said(blind: Desk) -> None:
    photo = added(blind, from_a_camera())
    few = blind.authorised(fields=["age"], with_photo=False)
    answer = blind.publish("ahtu", authorisation_id=few, photo_id=photo["id"], shows_only_the_child=True)
    assert "covers no photo" in refused(answer, 422, "invalid_request")
