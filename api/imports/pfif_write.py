"""How is PFIF 1.4 written? Record by record, the fields in the order of the specification, one in memory at a time."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any
from xml.sax.saxutils import escape, quoteattr

from api.imports.pfif import NAMESPACE, NOTE_FIELDS, PERSON_FIELDS, Foreign, PfifFeed, PfifNote, PfifPerson

# XML can write no others, not even as references.
_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def xml_text(text: str) -> str:
    """Return the text without the characters that XML has no way to write."""
    return _NOT_XML.sub("", text)


_CASE_ID = "urn:sandhan:case id"
"""Namespace and name of the element of a tombstone that holds the id under which an import of the record had it."""


def tombstone(
    person_record_id: str, *, source_date: str, entry_date: str, expiry_date: str, case_id: str | None = None
) -> PfifPerson:
    """Return what a feed holds in place of a record that was withdrawn: nothing but its ids and dates.

    Args:
        source_date, entry_date, expiry_date: yyyy-mm-ddThh:mm:ssZ.
        case_id: what the record itself called the case, under its line [sandhan]; an import knows the case by that.
    """
    # Receivers require the name's element; it is empty.
    return PfifPerson(
        person_record_id=person_record_id, source_date=source_date, entry_date=entry_date, expiry_date=expiry_date,
        full_name="", foreign=() if case_id in (None, person_record_id) else ((_CASE_ID, str(case_id)),),
    )  # fmt: skip


def told_id(person: PfifPerson) -> str | None:
    """Return the id of the case that a tombstone of ours names beside that of the record; None where it names none."""
    return next((text.strip() for name, text in person.foreign if name == _CASE_ID), None) or None


class PfifWriter:
    """Writes one file: `begin`, any number of records, `end`."""

    def __init__(self, write: Callable[[bytes], object]) -> None:
        self._write = write

    def begin(self) -> None:
        """Write what comes before the first record."""
        self._put(f'<?xml version="1.0" encoding="UTF-8"?>\n<pfif:pfif xmlns:pfif="{NAMESPACE}">\n')

    def person(self, person: PfifPerson) -> None:
        """Write a person with its notes."""
        lines = ["  <pfif:person>\n", *_elements(person, PERSON_FIELDS, person.foreign, "    ")]
        for note in person.notes:
            lines += _note(note, "    ")
        self._put("".join([*lines, "  </pfif:person>\n"]))

    def note(self, note: PfifNote) -> None:
        """Write a note outside of any person."""
        self._put("".join(_note(note, "  ")))

    def end(self) -> None:
        """Write what comes after the last record."""
        self._put("</pfif:pfif>\n")

    def _put(self, text: str) -> None:
        self._write(text.encode())


def write_feed(feed: PfifFeed, write: Callable[[bytes], object]) -> None:
    """Write a whole file."""
    writer = PfifWriter(write)
    writer.begin()
    for person in feed.records:
        writer.person(person)
    for note in feed.notes:
        writer.note(note)
    writer.end()


def clean(person: PfifPerson) -> PfifPerson:
    """Return the person as it is read again: without characters that XML cannot write."""
    values: dict[str, Any] = {
        name: xml_text(value) for name in PERSON_FIELDS if (value := getattr(person, name)) is not None
    }
    return replace(person, **values)


def _note(note: PfifNote, indent: str) -> list[str]:
    inner = _elements(note, NOTE_FIELDS, note.foreign, indent + "  ")
    return [f"{indent}<pfif:note>\n", *inner, f"{indent}</pfif:note>\n"]


def _elements(
    record: PfifPerson | PfifNote, names: tuple[str, ...], foreign: tuple[Foreign, ...], indent: str
) -> list[str]:
    lines = [
        f"{indent}<pfif:{name}>{_escaped(value)}</pfif:{name}>\n"
        for name in names
        if (value := getattr(record, name)) is not None
    ]
    for tag, value in foreign:
        namespace, _, local = tag.rpartition(" ")
        lines.append(f"{indent}<{local} xmlns={quoteattr(namespace)}>{_escaped(value)}</{local}>\n")
    return lines


def _escaped(text: str) -> str:
    # A bare carriage return would be read as a line feed.
    return escape(xml_text(text), {"\r": "&#13;"})
