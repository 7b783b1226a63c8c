"""Every open case as a record, page by page: equal to the record of the case read alone."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from api.cases.forms import CaseForm, to_person
from api.cases.records import no_search_for_garbage, open_records, records_of
from api.store import Connection, Database, cases, faces, open_cases, partners, photos
from api.store.master_keys import GivenKeys
from api.store.open_cases import IdRange
from data.synthetic import linked_sample
from matcher.person import PersonRecord, Side

from .conftest import MASTER_KEY, START, empty_database

SAMPLE = linked_sample(13, 40, 30)
# As no form lets them in today, and as they may have been kept all the same.
ODD: tuple[dict[str, Any], ...] = (
    {},
    {"name": "রিনা", "sex": "unknown", "birth_date": "2011-05", "last_seen": "2024", "found": "03/2024"},
    {"name": ["Sunita Mondal", " सुनीता ", "", "သီတာ"], "nickname": "Puja", "alias": ["A", "B"], "imposed_name": "X"},
    {"age": 12, "age_basis": "guess", "height_cm": 132.0, "height_on": "2020", "protect_location": True},
    {"age": 12.0, "height_cm": 132.5, "sex": "xyzzy", "age_as_of": "nobody knows", "birth_date": "2199-01-01"},
    {"age": True, "height_cm": "four feet", "age_basis": "xyzzy", "village": 7, "state": ["West", "Bengal"]},
    {"name": None, "marks": [], "clothing": [" "], "languages": ["bn", "Hindi, ne"], "language": "Sgaw Karen"},
    {"phone": ["+91 98765 43210", 98765_43210, None], "identifier": ["FIR: 12/2024", ":"], "community": {"a": 1}},
    {"narrative": "never compared", "of no field": [1, {"2": 3}], "address": " 12 Lake Road ", "postcode": 743370},
)
MODEL = "m"


@pytest.fixture(scope="module")
def database(dialect: str, tmp_path_factory: Any, template: Path) -> Iterator[Database]:
    home = tmp_path_factory.mktemp("records") / "home"
    with empty_database(dialect, home, template) as url:
        opened = Database.open(url or f"sqlite:///{home / 'sandhan.db'}", GivenKeys(MASTER_KEY))
        with opened.write() as conn:
            fill(conn)
        yield opened
        opened.dispose()


def fill(conn: Connection) -> None:
    partners.add_partner(conn, partner_id="unit", name="Unit", kind="ahtu", country="IN", language="en", at=START)
    contents = []
    for record in (*SAMPLE.reports, *SAMPLE.rescues):
        form = CaseForm.model_validate({"side": record.side.value, **record.fields})
        contents.append((record.side, form.content(START.date())))
    for number, payload in enumerate(ODD):
        contents += [(side, cases.CaseContent(payload, f"odd {number}", face_consent=number % 2 == 0)) for side in Side]
    new = [cases.NewCase(f"case-{n:03d}", side, "unit", content) for n, (side, content) in enumerate(contents)]
    cases.insert_cases(conn, new, at=START, by="somebody")
    for n, case in enumerate(new):
        for position in range(n % 3):
            photo = photos.add_photo(
                conn, photo_id=f"photo-{n}-{position}", case_id=case.id, position=position, sha256=f"{position}",
                media_type="image/jpeg", content=b"raw", at=START, state="embedded",
                captured_on=date(2020, 1, 1 + n % 28) if position else None,
            )  # fmt: skip
            for model in (MODEL, "other"):
                vector = np.array([n, position], dtype=np.float32)
                face = faces.NewFace(f"face-{n}-{9 - position}-{model}", model, vector, {}, "good", 1.0)
                faces.add_faces(conn, photo.id, case.id, [face], START)
        if n % 7 == 0:
            cases.set_status(conn, case.id, "closed", START)


def one_by_one(conn: Connection, model: str = MODEL) -> list[PersonRecord]:
    """Return the records as they are made of single cases."""
    found = []
    for case in cases.list_cases(conn, status="open", limit=1000):
        again = cases.get_case(conn, case.id)
        assert again is not None
        found.append(to_person(again, faces.faces_of_cases(conn, [case.id], model).get(case.id, [])))
    return found


def plain(record: PersonRecord) -> tuple[object, ...]:
    """Return the record in a form that compares its faces by what they hold."""
    seen = [(face.vector.tolist(), face.model, face.quality, face.taken, face.photo_id) for face in record.faces]
    return replace(record, faces=()), seen


def in_pages(conn: Connection, within: IdRange, limit: int, model: str = MODEL) -> list[PersonRecord]:
    found: list[PersonRecord] = []
    rest: IdRange | None = within
    while rest is not None:
        page = open_records(conn, rest, limit, model)
        assert len(page.records) <= limit
        found += page.records
        rest = page.rest
    return found


@pytest.mark.parametrize("limit", [1, 7, 1000])
@pytest.mark.parametrize("model", [MODEL, "nobody's"])
def test_pages_hold_the_records_of_the_cases(database: Database, limit: int, model: str) -> None:
    with database.read() as conn:
        expected = one_by_one(conn, model)
        assert list(map(plain, in_pages(conn, IdRange(), limit, model))) == list(map(plain, expected))
    assert any(record.faces for record in expected) == (model == MODEL)


def test_a_last_page_that_is_full_is_followed_by_an_empty_one(database: Database) -> None:
    with database.read() as conn:
        every = in_pages(conn, IdRange(), 1000)
        page = open_records(conn, IdRange(), len(every), MODEL)
        assert page.rest == IdRange(every[-1].record_id)
        assert open_records(conn, page.rest, 10, MODEL).records == []


def test_readers_of_two_ranges_read_every_case_once(database: Database) -> None:
    with database.read() as conn:
        halves = [in_pages(conn, within, 7) for within in open_cases.equal_ranges(conn, 2)]
        assert [plain(record) for half in halves for record in half] == list(map(plain, one_by_one(conn)))
    assert all(len(half) > 30 for half in halves)


def test_records_are_found_by_their_ids(database: Database) -> None:
    with database.read() as conn:
        expected = {record.record_id: plain(record) for record in one_by_one(conn)}
        asked = [f"case-{n:03d}" for n in range(0, 200, 3)]
        found = records_of(conn, [*asked, asked[1], "nothing"], MODEL)
        assert records_of(conn, [], MODEL) == []
    assert len(found) == len({record.record_id for record in found})
    assert {record.record_id: plain(record) for record in found} == {
        case_id: expected[case_id] for case_id in asked if case_id in expected
    }


def test_a_face_without_consent_is_not_in_the_record(database: Database) -> None:
    with database.read() as conn:
        kept = {case.id: case.face_consent for case in cases.list_cases(conn, status="open", limit=1000)}
        read = in_pages(conn, IdRange(), 50)
    assert {kept[record.record_id] for record in read if record.faces} == {True}
    # Photos that may not be compared were among them.
    assert any(not kept[record.record_id] and int(record.record_id[-3:]) % 3 for record in read)


@pytest.mark.parametrize("collecting", [True, False])
def test_the_search_for_garbage_goes_on_as_before(database: Database, collecting: bool) -> None:
    before = gc.isenabled()
    try:
        (gc.enable if collecting else gc.disable)()
        with database.read() as conn:
            open_records(conn, IdRange(), 10, MODEL)
            assert gc.isenabled() is collecting
            with no_search_for_garbage():
                open_records(conn, IdRange(), 10, MODEL)
                assert not gc.isenabled()
            assert gc.isenabled() is collecting
            with pytest.raises(TypeError):
                records_of(conn, [[]], MODEL)  # type: ignore[list-item]
            assert gc.isenabled() is collecting
    finally:
        (gc.enable if before else gc.disable)()
