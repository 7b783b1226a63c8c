"""Which rows does a PFIF file give, and what of it is no row: notes about others' persons, records that were withdrawn?

The file is read twice: once whole, so that one that breaks off changes nothing and notes are known before the person
whom they are about; then person by person. A photo's address is kept and never called.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime

from api.cases.lifecycle import SourceReason
from api.imports.cells import join_values
from api.imports.columns import KNOWN
from api.imports.contents import Content, readable
from api.imports.errors import Problem
from api.imports.files import Row
from api.imports.pfif import PfifNote, PfifPerson, read_records
from api.imports.pfif_mapping import note_values, to_case
from api.imports.pfif_write import told_id
from api.imports.plain import PFIF
from matcher.fields import MULTIPLE

HEADER = tuple(name for name in KNOWN if name != "photo")


@dataclass(frozen=True, slots=True)
class Withdrawn:
    """A record that its source has withdrawn, or that nobody may keep any more."""

    external_id: str = field(repr=False)
    reason: SourceReason


class PfifFile:
    """A PFIF file that has been looked through.

    Attributes:
        persons: how many records of persons it has, those withdrawn included.
        withdrawn: the records that must go, each once.
    """

    def __init__(self, content: Content, side: str | None, now: datetime) -> None:
        """Look it through.

        Args:
            side: of every person; None has the newest note's status decide, missing where there is none.
            now: what has expired by then is not read.
        Raises:
            FileRefused: it is no PFIF, or not safe to read.
        """
        self._content, self._side, self._now = content, side, now
        self._notes: dict[str, list[PfifNote]] = defaultdict(list)
        self._nobodys: list[PfifNote] = []
        self.persons = 0
        self.withdrawn: list[Withdrawn] = []
        here: set[str] = set()
        for record in self._read():
            if isinstance(record, PfifNote):
                if about := _id(record):
                    self._notes[about].append(record)
                else:
                    self._nobodys.append(record)
                continue
            self.persons += 1
            if reason := self._withdrawn(record):
                self.withdrawn.append(Withdrawn(_case_id(record), reason))
            else:
                here.add(_id(record))
        self._elsewhere = [note for about, notes in self._notes.items() if about not in here for note in notes]
        self.header = Row(0, 0, HEADER)

    @property
    def notes_elsewhere(self) -> list[PfifNote]:
        """Return the notes about persons who are not in the file."""
        return self._elsewhere

    def rows(self) -> Iterator[Row]:
        """Give the persons as rows, then the notes that say about whom they are to nobody."""
        number = 0
        taken: set[str] = set()
        for record in self._read():
            if not isinstance(record, PfifPerson):
                continue
            number += 1
            if self._withdrawn(record):
                continue
            about = _id(record)
            if about not in taken:
                taken.add(about)
                record = replace(record, notes=(*record.notes, *self._notes.get(about, ())))
            yield self._row(number, record)
        for note in self._nobodys:
            number += 1
            yield note_row(number, note, "is a note that does not say about whom")

    def _row(self, number: int, person: PfifPerson) -> Row:
        case = to_case(person)
        problems: list[Problem] = []
        if case.external_id is None:
            problems.append(Problem("id", "has no person_record_id; by it the record is known again"))
        side = self._side or case.side or "missing"
        cells: list[str] = []
        for name in HEADER:
            value = case.fields.get(name, "")
            if name == "id":
                value = case.external_id or ""
            elif name == "side":
                value = side
            elif name == PFIF:
                value = _json(case.kept) if case.kept else ""
            elif name in MULTIPLE:
                value = join_values([value] if isinstance(value, str) else value) if value else ""
            cells.append(value if isinstance(value, str) else " ".join(value))
        return Row(number, number, tuple(cells), problems=tuple(problems))

    def _withdrawn(self, person: PfifPerson) -> SourceReason | None:
        if not _id(person):
            return None
        if person.is_tombstone:
            return "withdrawn_at_source"
        return "expired_at_source" if person.has_expired(self._now) else None

    def _read(self) -> Iterator[PfifPerson | PfifNote]:
        with readable(), self._content.open() as file:
            yield from read_records(file)


def note_row(number: int, note: PfifNote, reason: str) -> Row:
    """Return a note as a row that cannot be used; so it is in the rejects and not lost."""
    values = {PFIF: _json({"notes": [note_values(note)]})}
    return Row(number, number, tuple(values.get(name, "") for name in HEADER), problems=(Problem(PFIF, reason),))


def _id(record: PfifPerson | PfifNote) -> str:
    return (record.person_record_id or "").strip()


def _case_id(person: PfifPerson) -> str:
    """Return the id of the case that a withdrawn record would be."""
    return told_id(person) or to_case(person).external_id or _id(person)


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
