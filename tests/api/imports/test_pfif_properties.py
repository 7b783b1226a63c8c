"""Any feed that can be written is read again as it was; any case comes back from PFIF as it was."""

from __future__ import annotations

import io
from datetime import UTC, datetime
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from api.cases.forms import CaseForm
from api.imports.errors import FileRefused
from api.imports.pfif import NOTE_FIELDS, PERSON_FIELDS, PfifFeed, PfifNote, PfifPerson, read_feed
from api.imports.pfif_mapping import check_kept, from_case, to_case
from api.imports.pfif_write import write_feed, xml_text
from api.imports.plain import PFIF, says_same
from matcher.fields import MULTIPLE

AT = datetime(2026, 10, 1, 12, tzinfo=UTC)
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=30) | st.text(
    alphabet="<>&\"'\r\n\t ]:aম[", max_size=12
)
XML_TEXTS = TEXTS.map(xml_text)
DATES = st.datetimes(datetime(1990, 1, 1), datetime(2040, 1, 1)).map(lambda when: when.strftime("%Y-%m-%dT%H:%M:%SZ"))
NOTES = st.fixed_dictionaries({}, optional=dict.fromkeys(NOTE_FIELDS, XML_TEXTS)).map(lambda said: PfifNote(**said))
FOREIGN = st.lists(st.tuples(st.sampled_from(["urn:x eyes", "urn:y hair"]), XML_TEXTS), max_size=2).map(tuple)
PERSONS = st.builds(
    lambda said, notes, foreign: PfifPerson(**said, notes=tuple(notes), foreign=foreign),
    st.fixed_dictionaries({}, optional=dict.fromkeys(PERSON_FIELDS, XML_TEXTS) | {"source_date": DATES}),
    st.lists(NOTES, max_size=3),
    FOREIGN,
)
FEEDS = st.builds(
    lambda persons, notes: PfifFeed(tuple(persons), tuple(notes)),
    st.lists(PERSONS, max_size=3),
    st.lists(NOTES, max_size=2),
)


def again(feed: PfifFeed) -> PfifFeed:
    parts: list[bytes] = []
    write_feed(feed, parts.append)
    return read_feed(io.BytesIO(b"".join(parts)))


@given(FEEDS)
def test_a_feed_that_is_written_is_read_as_it_was(feed: PfifFeed) -> None:
    assert again(feed) == feed


@given(st.binary(max_size=200) | st.text(alphabet="<>/&;![]ab=\"' ", max_size=80).map(str.encode))
def test_any_bytes_give_a_feed_or_a_refusal(data: bytes) -> None:
    try:
        feed = read_feed(io.BytesIO(b'<pfif xmlns="http://zesty.ca/pfif/1.4">' + data + b"</pfif>"))
    except FileRefused:
        return
    assert again(feed) == feed


WORDS = (
    "name", "father_name", "address", "village", "state", "country", "marks", "phone", "narrative", "remembered",
)  # fmt: skip
TEXT_FIELDS: dict[str, st.SearchStrategy[Any]] = {
    **{name: TEXTS.filter(lambda text: "\0" not in text) for name in WORDS},
    "sex": st.sampled_from(["female", "মেয়ে", "unknown"]),
    "birth_date": st.sampled_from(["2011", "2011-05", "30/05/2011"]),
    "age": st.integers(0, 20),
    "height_cm": st.floats(40, 200),
    "face_consent": st.booleans(),
    "protect_location": st.booleans(),
    "last_seen": st.sampled_from(["2024-03", "2024-03-05"]),
}
LISTS = {name: st.lists(TEXT_FIELDS[name], max_size=3) for name in TEXT_FIELDS.keys() & MULTIPLE}
PAYLOADS = st.fixed_dictionaries(
    {}, optional={name: LISTS.get(name, value) | value for name, value in TEXT_FIELDS.items()}
)


def payload_of(person: PfifPerson) -> dict[str, Any]:
    case = to_case(person)
    return {**case.fields, **({PFIF: case.kept} if case.kept else {})}


@given(PAYLOADS, st.sampled_from(["missing", "rescued"]), st.sampled_from(["M-1", "", "a.example.org/7"]))
def test_a_case_comes_back_from_pfif(payload: dict[str, Any], side: str, external_id: str) -> None:
    stored = CaseForm(side=side, **payload).payload()  # type: ignore[arg-type]
    person = from_case(stored, record_id="case_1", external_id=external_id, side=side, at=AT, domain="here.example.org")
    (read,) = again(PfifFeed((person,))).records
    case = to_case(read)
    assert (case.external_id, case.side) == (external_id or "case_1", side)
    assert says_same(stored, payload_of(read))


@given(PERSONS.filter(lambda one: (one.person_record_id or "").strip()))
def test_a_person_of_pfif_goes_out_as_it_came(person: PfifPerson) -> None:
    case = to_case(person)
    assert case.external_id is not None
    assert not case.kept or check_kept(case.kept) is None
    payload = payload_of(person)
    out = from_case(
        payload, record_id="case_1", external_id=case.external_id, side=case.side or "missing", at=AT, domain="here"
    )
    assert out == person


@given(PERSONS.filter(lambda one: (one.person_record_id or "").strip()), TEXTS, st.sampled_from(["missing", "rescued"]))
def test_a_person_whose_case_was_changed_loses_nothing(person: PfifPerson, name: str, side: str) -> None:
    case = to_case(person)
    assert case.external_id is not None
    payload = payload_of(person) | {"father_name": name, "name": "New Name"}
    out = from_case(payload, record_id="case_1", external_id=case.external_id, side=side, at=AT, domain="here")
    (read,) = again(PfifFeed((out,))).records
    assert to_case(read).side == side or (to_case(read).side or "missing") == side
    assert says_same(payload, payload_of(read))
    assert read.notes == person.notes
