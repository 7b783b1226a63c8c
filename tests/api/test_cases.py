"""Cases over HTTP: entered once however often they are sent, changed by their owner, photos and all."""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Iterator
from typing import Any

import pytest
from PIL import ExifTags, Image

from api.face_model import FACE_MODEL
from api.store import audit, photos
from api.store.faces import faces_of_cases
from api.store.photos import list_photos as photo_rows

from .conftest import FACELESS, GREEN, House, empty_database, open_house, picture, settle, settled_house

CLAY = (160, 96, 96)
TWO_PHOTOS = picture(GREEN), picture(CLAY)


@pytest.fixture
def calm(house: House) -> Iterator[House]:
    """The module's house, whose photographer is free again afterwards."""
    yield house
    house.photographer.busy = False


def codes(case: dict[str, Any]) -> list[tuple[str, str | None]]:
    return [(photo["state"], photo["error_code"]) for photo in case["photos"]]


def test_a_case_sent_as_json_comes_back_as_it_was_entered(house: House, report: dict[str, Any]) -> None:
    answer = house.send("family", report)
    body = answer.json()
    case = body["case"]
    assert (answer.status_code, body["created"]) == (201, True)
    assert answer.headers["location"] == f"/v1/cases/{case['id']}"
    assert answer.headers["etag"].startswith('"1-')
    assert answer.headers["cache-control"] == "no-store"
    entered = {name: value for name, value in report.items() if name not in ("side", "external_id")}
    assert {name: case["fields"][name] for name in entered} == entered
    assert (case["view"], case["side"], case["external_id"]) == ("full", "missing", report["external_id"])
    assert (case["status"], case["version"], case["compared"]) == ("open", 1, True)
    assert case["owner_id"] == house["family"].id
    assert case["origin_area"] == "IN/WB/south-24-parganas/gosaba"
    read = house.ask("family", "GET", answer.headers["location"])
    assert (read.json(), read.headers["etag"]) == (case, answer.headers["etag"])


def test_numbers_and_dates_may_be_json_numbers_and_iso_dates(house: House) -> None:
    form = {"side": "missing", "name": "Rupa", "age": 12, "height_cm": 140.0, "last_seen": "2024-02-29"}
    fields = house.enter("family", form)["case"]["fields"]
    assert (fields["age"], fields["height_cm"], fields["last_seen"]) == (12, 140.0, "2024-02-29")


def test_everything_but_the_side_may_be_unknown(house: House) -> None:
    body = house.enter("family", {"side": "rescued"})
    assert body["created"]
    assert body["matches"] == []


@pytest.mark.parametrize("as_file", [False, True])
def test_a_case_with_photos_comes_in_as_a_form(house: House, as_file: bool) -> None:
    form = json.dumps({"side": "missing", "name": f"রূপা {as_file}"})
    files: list[Any] = [("photos", ("a.jpg", photo, "image/jpeg")) for photo in TWO_PHOTOS]
    parts: dict[str, Any] = {"data": {"case": form}}
    if as_file:
        files, parts = [("case", ("case.json", form.encode(), "application/json")), *files], {}
    answer = house.ask("family", "POST", "/v1/cases", files=files, **parts)
    assert answer.status_code == 201, answer.text
    case = answer.json()["case"]
    assert case["fields"]["name"] == f"রূপা {as_file}"
    assert codes(case) == [("embedded", None)] * 2
    assert [photo["faces_found"] for photo in case["photos"]] == [1, 1]


def test_the_same_submission_again_stores_nothing_but_that_it_was_shown(house: House, rescue: dict[str, Any]) -> None:
    form = rescue | {"external_id": "TWICE", "face_consent": True}
    first = house.send("shelter", form, *TWO_PHOTOS)
    before = house.row_counts()
    again = house.send("shelter", form, *TWO_PHOTOS)
    assert (first.status_code, again.status_code) == (201, 200)
    assert again.json()["created"] is False
    assert again.json()["case"] == first.json()["case"]
    assert again.json()["matches"] == first.json()["matches"]
    assert again.headers["location"] == first.headers["location"]
    shown = 2 if again.json()["matches"] else 1  # that the case was shown again, and its matches
    assert house.row_counts() == before | {"audit": before["audit"] + shown}


def test_an_external_id_with_other_content_is_a_conflict_that_names_the_case(house: House) -> None:
    form = {"side": "missing", "external_id": "TAKEN", "name": "Maina Tudu"}
    case_id = house.enter("family", form)["case"]["id"]
    before = house.row_counts()
    answer = house.send("family", form | {"name": "Moyna Hansda"})
    body = answer.json()
    assert answer.status_code == 409
    assert answer.headers["content-type"] == "application/problem+json"
    assert (body["code"], body["case_id"]) == ("duplicate_case", case_id)
    assert "Tudu" not in answer.text
    assert "Hansda" not in answer.text
    assert house.row_counts() == before


def test_an_external_id_belongs_to_one_owner_and_side(house: House) -> None:
    form = {"side": "missing", "external_id": "SHARED", "name": "Kanchi"}
    ids = {
        house.enter(who, form | {"side": side})["case"]["id"]
        for who in ("family", "shelter")
        for side in ("missing", "rescued")
    }
    assert len(ids) == 4


def test_without_an_external_id_each_submission_is_a_case(house: House) -> None:
    form = {"side": "missing", "name": "Pabitra"}
    assert house.enter("family", form)["case"]["id"] != house.enter("family", form)["case"]["id"]


def test_a_change_keeps_the_id_and_raises_the_version(house: House) -> None:
    form = {"side": "missing", "external_id": "CHANGED", "name": "Anjali"}
    case = house.enter("family", form)["case"]
    path = f"/v1/cases/{case['id']}"
    answer = house.send("family", form | {"name": "Anjali Rai"}, path=path, method="PUT", headers={"If-Match": '"1"'})
    assert answer.status_code == 200
    assert answer.headers["etag"].startswith('"2-')
    changed = answer.json()["case"]
    assert (changed["id"], changed["version"], changed["fields"]["name"]) == (case["id"], 2, "Anjali Rai")
    assert changed["compared"]
    assert changed["created_at"] == case["created_at"]
    assert changed["updated_at"] > case["updated_at"]
    same = house.send("family", form | {"name": "Anjali Rai"}, path=path, method="PUT")
    assert same.json()["case"]["version"] == 2


@pytest.mark.parametrize("etag", ['"1"', "1", 'W/"1"'])
def test_a_stale_change_is_refused(house: House, etag: str) -> None:
    form = {"side": "missing", "name": "Sabita"}
    case_id = house.enter("family", form)["case"]["id"]
    path = f"/v1/cases/{case_id}"
    house.send("family", form | {"age": "11"}, path=path, method="PUT")
    answer = house.send("family", form | {"age": "12"}, path=path, method="PUT", headers={"If-Match": etag})
    assert (answer.status_code, answer.json()["code"]) == (412, "precondition_failed")
    read = house.ask("family", "GET", path).json()
    assert (read["version"], read["fields"]["age"]) == (2, "11")
    anyway = house.send("family", form | {"age": "12"}, path=path, method="PUT", headers={"If-Match": "*"})
    assert anyway.json()["case"]["version"] == 3


@pytest.mark.parametrize("etag", ["abc", "²", '"1", "2"', "-1", "", '"1', "9" * 900])
def test_an_etag_that_is_none_of_ours_overwrites_nothing(house: House, etag: str) -> None:
    form = {"side": "missing", "name": "Bimala"}
    path = f"/v1/cases/{house.enter('family', form)['case']['id']}"
    headers: Any = {"If-Match": etag.encode("latin-1")}
    answer = house.ask("family", "PUT", path, json=form | {"age": "9"}, headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_request")
    assert answer.json()["errors"][0]["field"] == "If-Match"
    assert house.ask("family", "GET", path).json()["version"] == 1


def test_a_case_does_not_change_sides(house: House) -> None:
    path = f"/v1/cases/{house.enter('family', {'side': 'missing', 'name': 'Rekha'})['case']['id']}"
    answer = house.send("family", {"side": "rescued", "name": "Rekha"}, path=path, method="PUT")
    assert answer.status_code == 404


def test_a_closed_case_is_found_again_only_after_it_is_opened(fresh_house: House, report: dict[str, Any]) -> None:
    house = fresh_house
    case_id = house.enter("family", report)["case"]["id"]
    known = {"side": "rescued", "name": "সুনীতা মণ্ডল", "father_name": "Ramesh Mandal", "phone": "98301 55501"}
    ask = {"person": known, "purpose": "identify-rescued-person"}

    def found() -> list[str]:
        answer = house.ask("shelter", "POST", "/v1/matches/query", json=ask).json()
        return [match["missing"]["id"] for match in answer["matches"]]

    assert found() == [case_id]
    for _ in range(2):
        assert house.ask("family", "POST", f"/v1/cases/{case_id}/close").json()["status"] == "closed"
    assert found() == []
    assert house.enter("shelter", known)["matches"] == []
    opened = house.ask("family", "POST", f"/v1/cases/{case_id}/reopen").json()
    assert (opened["status"], opened["compared"]) == ("open", True)
    assert found() == [case_id]


def test_own_cases_are_listed_page_by_page(fresh_house: House) -> None:
    house = fresh_house
    ids = [house.enter("family", {"side": "missing", "name": f"Person {n}"})["case"]["id"] for n in range(5)]
    house.enter("shelter", {"side": "rescued", "name": "somebody else's"})
    house.ask("family", "POST", f"/v1/cases/{ids[0]}/close")
    seen, after = [], None
    while True:
        query = {"limit": 2} | ({"after": after} if after else {})
        page = house.ask("family", "GET", "/v1/cases", params=query).json()
        assert len(page["items"]) <= 2
        seen += [item["id"] for item in page["items"]]
        after = page["next"]
        if after is None:
            break
    assert seen == ids
    for query, expected in (
        ({"status": "open"}, ids[1:]),
        ({"status": "closed"}, ids[:1]),
        ({"side": "rescued"}, []),
        ({"side": "missing", "status": "open", "limit": 1}, ids[1:2]),
    ):
        items = house.ask("family", "GET", "/v1/cases", params=query).json()["items"]
        assert [item["id"] for item in items] == expected


def test_a_photo_that_cannot_be_used_says_why_and_holds_nothing_up(house: House) -> None:
    bad = [b"no picture at all", picture(GREEN)[:400], picture(FACELESS)]
    body = house.enter("family", {"side": "missing", "name": "Durga Oraon"}, *bad, picture(GREEN))
    case = body["case"]
    expected = [("failed", "not_an_image"), ("failed", "photo_damaged"), ("failed", "no_face"), ("embedded", None)]
    assert codes(case) == expected
    assert case["compared"]
    assert all(photo["error_detail"] for photo in case["photos"][:3])
    listed = house.ask("family", "GET", f"/v1/cases/{case['id']}/photos").json()
    assert listed == case["photos"]
    for photo in case["photos"][:3]:
        # What could not be read is never sent to a browser as it came.
        assert house.ask("family", "GET", f"/v1/cases/{case['id']}/photos/{photo['id']}").status_code == 404


def test_a_photo_above_the_limit_is_refused_by_name_and_the_case_goes_in(
    dialect: str, tmp_path: Any, template: Any
) -> None:
    # The real pool refuses it before any process is started, so none is needed here.
    from matcher.photos.pool import PhotoPool
    from matcher.photos.reading import PhotoLimits

    with settled_house(dialect, tmp_path / "home", template, photo_limit_mb=1) as house:
        with PhotoPool(limits=PhotoLimits(max_bytes=1024 * 1024)) as pool:
            house.sandhan.photos._photographer = pool
            body = house.enter("family", {"side": "missing", "name": "Mala"}, b"\xff\xd8\xff" + bytes(1024 * 1024))
            assert pool.worker_pids == ()
        assert codes(body["case"]) == [("failed", "photo_too_large")]


def test_a_photo_waits_while_no_worker_is_free(calm: House) -> None:
    calm.photographer.busy = True
    case = calm.enter("family", {"side": "missing", "name": "Phulmoni"}, picture(GREEN))["case"]
    assert codes(case) == [("pending", None)]
    assert case["compared"]
    calm.photographer.busy = False
    calm.sandhan.cases.recover()
    assert codes(calm.ask("family", "GET", f"/v1/cases/{case['id']}").json()) == [("embedded", None)]


def test_a_rescued_persons_photo_is_withheld_until_she_consents(house: House) -> None:
    before = len(house.photographer.seen)
    form = {"side": "rescued", "name": "Jyotsna"}
    case = house.enter("shelter", form, picture(GREEN))["case"]
    path = f"/v1/cases/{case['id']}"
    assert (case["face_consent"], codes(case)) == (False, [("withheld", "face_consent_missing")])
    assert len(house.photographer.seen) == before
    assert house.ask("shelter", "GET", f"{path}/photos/{case['photos'][0]['id']}").status_code == 404
    given = house.send("shelter", form | {"face_consent": True}, path=path, method="PUT").json()["case"]
    assert codes(given) == [("embedded", None)]


def test_consent_withdrawn_while_a_photo_waits_keeps_it_unread(calm: House) -> None:
    calm.photographer.busy = True
    form = {"side": "rescued", "name": "Lakhi"}
    case = calm.enter("shelter", form, picture(GREEN), face_consent=True)["case"]
    calm.photographer.busy = False
    before = len(calm.photographer.seen)
    path = f"/v1/cases/{case['id']}"
    changed = calm.send("shelter", form | {"face_consent": False}, path=path, method="PUT").json()["case"]
    assert codes(changed) == [("withheld", "face_consent_missing")]
    assert len(calm.photographer.seen) == before


def test_consent_withdrawn_forgets_the_face_and_keeps_the_photo(house: House) -> None:
    form = {"side": "rescued", "name": "Lakhi"}
    case = house.enter("shelter", form, picture(GREEN), face_consent=True)["case"]
    with house.sandhan.database.read() as conn:
        assert len(faces_of_cases(conn, [case["id"]], FACE_MODEL)[case["id"]]) == 1
    path = f"/v1/cases/{case['id']}"
    changed = house.send("shelter", form | {"face_consent": False}, path=path, method="PUT").json()["case"]
    assert codes(changed) == [("withheld", "face_consent_missing")]
    with house.sandhan.database.read() as conn:
        assert faces_of_cases(conn, [case["id"]], FACE_MODEL) == {}
        assert len(photo_rows(conn, case["id"])) == 1


def test_a_report_without_consent_keeps_its_photo_unread(house: House) -> None:
    case = house.enter("family", {"side": "missing", "name": "Gita"}, picture(GREEN), face_consent=False)["case"]
    assert codes(case) == [("withheld", "face_consent_missing")]


def test_a_deployment_without_faces_keeps_photos_unread(dialect: str, tmp_path: Any, template: Any) -> None:
    with settled_house(dialect, tmp_path / "home", template, faces=False) as house:
        case = house.enter("family", {"side": "missing", "name": "Tara"}, picture(GREEN))["case"]
        assert codes(case) == [("withheld", "face_consent_missing")]
        assert house.photographer.seen == []


def test_photos_are_given_out_without_metadata(house: House) -> None:
    exif = Image.Exif()
    exif[ExifTags.Base.Make] = "Nokia of the shelter"
    exif.get_ifd(ExifTags.IFD.Exif)[ExifTags.Base.DateTimeOriginal] = "2024:05:06 07:08:09"
    exif.get_ifd(ExifTags.IFD.GPSInfo)[ExifTags.GPS.GPSLatitude] = (22.0, 9.0, 30.0)
    sent = picture(GREEN, exif=exif)
    with Image.open(io.BytesIO(sent)) as image:
        assert image.getexif().get_ifd(ExifTags.IFD.GPSInfo)
    case = house.enter("family", {"side": "missing", "name": "Champa"}, sent)["case"]
    (photo,) = case["photos"]
    assert photo["captured_on"] == "2024-05-06"
    answer = house.ask("family", "GET", f"/v1/cases/{case['id']}/photos/{photo['id']}")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "image/jpeg"
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["content-disposition"] == "attachment"
    assert answer.headers["x-content-type-options"] == "nosniff"
    with Image.open(io.BytesIO(answer.content)) as image:
        assert image.format == "JPEG"
        assert not image.getexif()
        assert "exif" not in image.info
    assert b"Nokia" not in answer.content
    with house.sandhan.database.read() as conn:
        content = photos.get_content(conn, photo["id"])
    assert content is not None
    assert hashlib.sha256(content.content).digest() != hashlib.sha256(sent).digest()  # nor is it kept


def test_a_photo_is_found_under_its_own_case_only(house: House) -> None:
    first = house.enter("family", {"side": "missing", "name": "Uma"}, picture(GREEN))["case"]
    second = house.enter("family", {"side": "missing", "name": "Una"}, picture(GREEN))["case"]
    photo_id = first["photos"][0]["id"]
    assert house.ask("family", "GET", f"/v1/cases/{first['id']}/photos/{photo_id}").status_code == 200
    assert house.ask("family", "GET", f"/v1/cases/{second['id']}/photos/{photo_id}").status_code == 404


def test_photos_sent_with_a_change_are_added_once(house: House) -> None:
    form = {"side": "missing", "name": "Nirmala"}
    case = house.enter("family", form, TWO_PHOTOS[0])["case"]
    path = f"/v1/cases/{case['id']}"
    changed = house.send("family", form, *TWO_PHOTOS, path=path, method="PUT").json()["case"]
    assert [photo["id"] for photo in changed["photos"]][:1] == [case["photos"][0]["id"]]
    assert codes(changed) == [("embedded", None)] * 2


def test_what_is_done_to_a_case_and_who_reads_it_is_audited(house: House) -> None:
    form = {"side": "missing", "name": "Saraswati"}
    case = house.enter("family", form, picture(GREEN))["case"]
    path = f"/v1/cases/{case['id']}"
    house.ask("family", "GET", path)
    house.ask("stranger", "GET", path)
    house.ask("family", "GET", f"{path}/photos/{case['photos'][0]['id']}")
    house.send("family", form | {"age": "7"}, path=path, method="PUT")
    house.ask("family", "POST", f"{path}/close")
    with house.sandhan.database.read() as conn:
        entries = audit.entries(conn, subject=case["id"], limit=50)
        of_photo = audit.entries(conn, subject=case["photos"][0]["id"], limit=50)
        assert audit.verify(conn) is None
    actions = [entry.action for entry in entries if entry.actor != "engine"]
    assert actions == ["case.registered", "case.read", "case.changed", "case.closed"]
    assert [entry.action for entry in of_photo] == ["photo.read"]
    assert {entry.actor for entry in [*entries, *of_photo]} == {house["family"].key_id, "engine"}
    assert "Saraswati" not in repr(entries)


def two_people(left: tuple[int, int, int], right: tuple[int, int, int]) -> bytes:
    """A photo of two people side by side."""
    out = io.BytesIO()
    both = Image.new("RGB", (192, 96), left)
    both.paste(Image.new("RGB", (96, 96), right), (96, 0))
    both.save(out, "JPEG", quality=95)
    return out.getvalue()


PAIR = two_people(GREEN, CLAY)


def test_of_several_faces_the_owner_says_which_is_meant(house: House) -> None:
    case = house.enter("shelter", {"side": "rescued", "name": "Phulmoni"}, PAIR, face_consent=True)["case"]
    (photo,) = case["photos"]
    assert (photo["state"], photo["error_code"]) == ("failed", "several_faces")
    assert photo["faces_seen"] == {"boxes": [[0, 0, 96, 96], [96, 0, 192, 96]], "size": [192, 96]}
    path = f"/v1/cases/{case['id']}/photos/{photo['id']}"
    # The boxes belong to the cleaned picture, so that one may be fetched.
    shown = house.ask("shelter", "GET", path)
    assert shown.status_code == 200
    assert Image.open(io.BytesIO(shown.content)).size == (192, 96)
    chosen = house.send("shelter", {"box": [96, 0, 192, 96]}, path=f"{path}/face").json()
    assert (chosen["state"], chosen["faces_found"], chosen["chosen_box"]) == ("embedded", 1, [96, 0, 192, 96])
    assert chosen["chosen_by"]
    with house.sandhan.database.read() as conn:
        (face,) = faces_of_cases(conn, [case["id"]], FACE_MODEL)[case["id"]]
        assert face.box == {"left": 96, "top": 0, "right": 192, "bottom": 96}
        assert "photo.face_chosen" in [row.action for row in audit.entries(conn, subject=photo["id"], limit=10)]
    # She may have been mistaken: another choice takes the place of the first.
    again = house.send("shelter", {"box": [0, 0, 96, 96]}, path=f"{path}/face").json()
    assert again["chosen_box"] == [0, 0, 96, 96]


def test_a_face_is_chosen_by_the_owner_among_those_found(house: House) -> None:
    case = house.enter("shelter", {"side": "rescued", "name": "Phulmoni"}, PAIR, face_consent=True)["case"]
    path = f"/v1/cases/{case['id']}/photos/{case['photos'][0]['id']}/face"
    refused = house.send("shelter", {"box": [1, 2, 3, 4]}, path=path)
    assert (refused.status_code, refused.json()["code"]) == (422, "invalid_request")
    assert house.send("ahtu", {"box": [0, 0, 96, 96]}, path=path).status_code == 404
    alone = house.enter("shelter", {"side": "rescued", "name": "Phulmoni"}, picture(GREEN), face_consent=True)["case"]
    path = f"/v1/cases/{alone['id']}/photos/{alone['photos'][0]['id']}/face"
    assert house.send("shelter", {"box": [0, 0, 96, 96]}, path=path).status_code == 404


def test_faces_are_switched_off_for_a_partner(house: House) -> None:
    case = house.enter("shelter", {"side": "rescued", "name": "Phulmoni"}, picture(GREEN), face_consent=True)["case"]
    partner = house["shelter"].id
    off = house.send("operator", {"compared": False}, path=f"/v1/partners/{partner}/faces", method="PUT")
    assert (off.status_code, off.json()["faces"]) == (200, False)
    with house.sandhan.database.read() as conn:
        assert faces_of_cases(conn, [case["id"]], FACE_MODEL) == {}
    (photo,) = house.ask("shelter", "GET", f"/v1/cases/{case['id']}").json()["photos"]
    assert photo["state"] == "withheld"
    later = house.enter("shelter", {"side": "rescued", "name": "Phulmoni"}, picture(CLAY), face_consent=True)["case"]
    assert later["photos"][0]["state"] == "withheld"
    path = f"/v1/partners/{partner}/faces"
    assert house.send("shelter", {"compared": True}, path=path, method="PUT").status_code == 403
    house.send("operator", {"compared": True}, path=path, method="PUT")
    house.sandhan.photos.process_pending()
    assert house.ask("shelter", "GET", f"/v1/cases/{case['id']}").json()["photos"][0]["state"] == "embedded"


class Interrupting:
    """Does something while a photo is being read, then reads it."""

    def __init__(self, camera: Any, meanwhile: Any) -> None:
        self._camera, self._meanwhile = camera, meanwhile

    def process(self, data: bytes, *, pick: Any = None) -> Any:
        meanwhile, self._meanwhile = self._meanwhile, lambda: None
        meanwhile()
        return self._camera.process(data, pick=pick)


def test_what_is_withdrawn_while_a_photo_is_read_is_not_stored(fresh_house: House) -> None:
    house = fresh_house
    form = {"side": "rescued", "name": "Lakhi"}
    house.photographer.busy = True
    case = house.enter("shelter", form, picture(GREEN), face_consent=True)["case"]
    house.photographer.busy = False

    def withdraw() -> None:
        house.send("shelter", form | {"face_consent": False}, path=f"/v1/cases/{case['id']}", method="PUT")

    house.sandhan.photos._photographer = Interrupting(house.photographer, withdraw)
    house.sandhan.photos.process_pending()
    with house.sandhan.database.read() as conn:
        assert faces_of_cases(conn, [case["id"]], FACE_MODEL) == {}
    assert house.ask("shelter", "GET", f"/v1/cases/{case['id']}").json()["photos"][0]["state"] == "withheld"


def test_another_face_chosen_while_the_first_is_read_wins(fresh_house: House) -> None:
    house = fresh_house
    case = house.enter("shelter", {"side": "rescued", "name": "Phulmoni"}, PAIR, face_consent=True)["case"]
    path = f"/v1/cases/{case['id']}/photos/{case['photos'][0]['id']}/face"

    def choose_the_other() -> None:
        house.send("shelter", {"box": [96, 0, 192, 96]}, path=path)

    house.sandhan.photos._photographer = Interrupting(house.photographer, choose_the_other)
    house.send("shelter", {"box": [0, 0, 96, 96]}, path=path)
    house.sandhan.photos.process_pending()
    with house.sandhan.database.read() as conn:
        (face,) = faces_of_cases(conn, [case["id"]], FACE_MODEL)[case["id"]]
        (photo,) = photo_rows(conn, case["id"])
    assert face.box["left"] == 96
    assert photo.chosen_box == [96, 0, 192, 96]


def test_consent_given_and_withdrawn_many_times_gives_no_photo_up(house: House) -> None:
    form = {"side": "rescued", "name": "Jyotsna"}
    case = house.enter("shelter", form, picture(GREEN), face_consent=True)["case"]
    path = f"/v1/cases/{case['id']}"
    for consent in (False, True) * 4:
        changed = house.send("shelter", form | {"face_consent": consent}, path=path, method="PUT").json()["case"]
        assert changed["photos"][0]["state"] == ("embedded" if consent else "withheld")


def test_the_day_of_a_photo_of_several_is_kept_and_none_lies_ahead(house: House) -> None:
    def dated(day: str) -> bytes:
        exif = Image.Exif()
        exif.get_ifd(ExifTags.IFD.Exif)[ExifTags.Base.DateTimeOriginal] = f"{day} 07:08:09"
        out = io.BytesIO()
        Image.open(io.BytesIO(PAIR)).save(out, "JPEG", quality=95, exif=exif)
        return out.getvalue()

    form = {"side": "rescued", "name": "Phulmoni"}
    case = house.enter("shelter", form, dated("2019:05:06"), dated("2098:05:06"), face_consent=True)["case"]
    assert [photo["captured_on"] for photo in case["photos"]] == ["2019-05-06", None]


def test_switching_faces_off_in_a_deployment_forgets_them(dialect: str, tmp_path: Any, template: Any) -> None:
    home, form = tmp_path / "home", {"side": "rescued", "name": "Mala"}
    with empty_database(dialect, home, template) as url:
        with open_house(home, url) as house:
            house.sandhan.open_index()
            settle(house)
            case = house.enter("shelter", form, picture(GREEN), face_consent=True)["case"]
        with open_house(home, url, seed=2, faces=False) as house, house.sandhan.database.read() as conn:
            assert faces_of_cases(conn, [case["id"]], FACE_MODEL) == {}
            assert [photo.state for photo in photo_rows(conn, case["id"])] == ["withheld"]
        with open_house(home, url, seed=3) as house:  # switched on again, they are read
            house.sandhan.photos.process_pending()
            with house.sandhan.database.read() as conn:
                assert len(faces_of_cases(conn, [case["id"]], FACE_MODEL)[case["id"]]) == 1
