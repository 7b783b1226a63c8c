"""What is in this PFIF file? Persons and notes of the People Finder Interchange Format, read as they come.

http://zesty.ca/pfif/1.4. Versions 1.1 to 1.3 are read too, under the names that 1.4 gave to their fields. A file comes
from strangers: a document type, an entity or a reference to another file is refused before it is looked at.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, fields
from datetime import UTC, datetime
from typing import IO
from xml.parsers import expat

from api.imports.errors import FileRefused

NAMESPACE = "http://zesty.ca/pfif/1.4"
_NAMESPACES = frozenset(f"http://zesty.ca/pfif/1.{minor}" for minor in (1, 2, 3, 4))
_RENAMED = {
    "home_zip": "home_postal_code",
    "first_name": "given_name",
    "last_name": "family_name",
    "found": "author_made_contact",
    "other": "description",
}
_LABEL = "description:"
_CHUNK = 1 << 16
_DEEPEST = 32
_LONGEST = 1 << 24  # characters of one record
_ALIVE = frozenset({"is_note_author", "believed_alive"})

Foreign = tuple[str, str]
"""An element that PFIF does not know: its name (namespace, space, local name) and its text."""


@dataclass(frozen=True, slots=True, repr=False)
class PfifNote:
    """What somebody said of a person. Every field is the text of its element, None where there is no element."""

    note_record_id: str | None = None
    person_record_id: str | None = None
    linked_person_record_id: str | None = None
    entry_date: str | None = None
    author_name: str | None = None
    author_email: str | None = None
    author_phone: str | None = None
    source_date: str | None = None
    author_made_contact: str | None = None
    status: str | None = None
    email_of_found_person: str | None = None
    phone_of_found_person: str | None = None
    last_known_location: str | None = None
    text: str | None = None
    photo_url: str | None = None
    foreign: tuple[Foreign, ...] = ()


@dataclass(frozen=True, slots=True, repr=False)
class PfifPerson:
    """A person sought or found. Every field is the text of its element, None where there is no element."""

    person_record_id: str | None = None
    entry_date: str | None = None
    expiry_date: str | None = None
    author_name: str | None = None
    author_email: str | None = None
    author_phone: str | None = None
    source_name: str | None = None
    source_date: str | None = None
    source_url: str | None = None
    full_name: str | None = None
    given_name: str | None = None
    family_name: str | None = None
    alternate_names: str | None = None
    description: str | None = None
    sex: str | None = None
    date_of_birth: str | None = None
    age: str | None = None
    home_street: str | None = None
    home_neighborhood: str | None = None
    home_city: str | None = None
    home_state: str | None = None
    home_postal_code: str | None = None
    home_country: str | None = None
    photo_url: str | None = None
    profile_urls: str | None = None
    foreign: tuple[Foreign, ...] = ()
    notes: tuple[PfifNote, ...] = ()

    @property
    def is_tombstone(self) -> bool:
        """Tell whether this is what stands in place of a record that was withdrawn or has expired."""
        said = {name for name in PERSON_FIELDS if getattr(self, name)}
        return "expiry_date" in said and said <= _PLACEHOLDER and not self.notes

    def has_expired(self, now: datetime) -> bool:
        """Tell whether its source lets nobody keep it any more."""
        expiry = moment(self.expiry_date)
        return expiry is not None and expiry <= now


PERSON_FIELDS = tuple(one.name for one in fields(PfifPerson) if one.name not in ("foreign", "notes"))
NOTE_FIELDS = tuple(one.name for one in fields(PfifNote) if one.name != "foreign")
_PLACEHOLDER = frozenset({"person_record_id", "source_date", "entry_date", "expiry_date"})
_KNOWN = {"person": frozenset(PERSON_FIELDS), "note": frozenset(NOTE_FIELDS)}


@dataclass(frozen=True, slots=True, repr=False)
class PfifFeed:
    """A whole file.

    Attributes:
        records: the persons in the order of the file, tombstones among them.
        notes: those that stand outside of any person.
    """

    records: tuple[PfifPerson, ...] = ()
    notes: tuple[PfifNote, ...] = ()

    @property
    def persons(self) -> tuple[PfifPerson, ...]:
        """Return the records that say something."""
        return tuple(person for person in self.records if not person.is_tombstone)

    @property
    def tombstones(self) -> tuple[PfifPerson, ...]:
        """Return the records that were withdrawn at their source."""
        return tuple(person for person in self.records if person.is_tombstone)


def read_feed(file: IO[bytes]) -> PfifFeed:
    """Return all that a file says.

    Raises:
        FileRefused: it is no PFIF, or not safe to read.
    """
    found = list(read_records(file))
    persons = tuple(record for record in found if isinstance(record, PfifPerson))
    return PfifFeed(persons, tuple(record for record in found if isinstance(record, PfifNote)))


def read_records(file: IO[bytes]) -> Iterator[PfifPerson | PfifNote]:
    """Give the persons of a file, each with the notes that it encloses, and the notes outside of any person.

    They are found at any depth, so an Atom or RSS feed of PFIF is read as well. Little more than one record is in
    memory at a time.

    Raises:
        FileRefused: it is no PFIF, not well-formed, or not safe to read; the place is named, no text repeated.
    """
    builder = _Builder()
    parser = builder.parser
    try:
        while chunk := file.read(_CHUNK):
            parser.Parse(chunk, False)
            yield from builder.take()
        parser.Parse(b"", True)
    except expat.ExpatError as error:
        reason = expat.errors.messages[error.code]
        raise FileRefused(f"line {error.lineno} of the file is not well-formed XML: {reason}") from None
    except (LookupError, ValueError):  # of the encoding that the first line names
        raise FileRefused("the file is in an encoding that is not read; save it again in UTF-8") from None
    yield from builder.take()
    if not builder.seen:
        raise FileRefused(
            "the file is XML without a PFIF element (namespace http://zesty.ca/pfif/1.1 to 1.4); other XML is not read"
        )


def moment(text: str | None) -> datetime | None:
    """Return the moment in UTC that a date of PFIF (yyyy-mm-ddThh:mm:ssZ) means, None when it is none."""
    try:
        found = datetime.fromisoformat((text or "").strip())
        return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
    except (ValueError, OverflowError):  # of another time zone, and before the first or after the last moment of UTC
        return None


def is_found(person: PfifPerson) -> bool:
    """Tell whether the newest note that has a status says that the person is alive."""
    told = [note for note in person.notes if note.status and note.status.strip()]
    if not told:
        return False
    earliest = datetime.min.replace(tzinfo=UTC)
    # Of notes of one moment the last one of the file counts.
    _, newest = max(enumerate(told), key=lambda item: (moment(item[1].source_date) or earliest, item[0]))
    return (newest.status or "").strip() in _ALIVE


class _Builder:
    """Puts records together from what the parser meets."""

    def __init__(self) -> None:
        self.parser = expat.ParserCreate(namespace_separator=" ")
        self.parser.buffer_text = True
        self.parser.StartElementHandler = self._start
        self.parser.EndElementHandler = self._end
        self.parser.CharacterDataHandler = self._text
        self.parser.StartDoctypeDeclHandler = _refuse
        self.parser.EntityDeclHandler = _refuse
        self.parser.ExternalEntityRefHandler = _refuse
        self.parser.SetParamEntityParsing(expat.XML_PARAM_ENTITY_PARSING_NEVER)
        self.seen = False
        self._depth = 0
        self._done: list[PfifPerson | PfifNote] = []
        self._open: list[_Record] = []
        self._field: tuple[str, int] | None = None  # name and depth of the element whose text is gathered
        self._pieces: list[str] = []
        self._length = 0

    def take(self) -> list[PfifPerson | PfifNote]:
        """Return the records that were completed since the last call."""
        done, self._done = self._done, []
        return done

    def _start(self, tag: str, _attributes: dict[str, str]) -> None:
        self._depth += 1
        if self._depth > _DEEPEST:
            raise FileRefused(f"line {self.parser.CurrentLineNumber}: elements stand within {_DEEPEST} others")
        namespace, _, local = tag.rpartition(" ")
        is_pfif = namespace in _NAMESPACES
        self.seen = self.seen or is_pfif
        if self._field is not None:
            return
        if is_pfif and local in _KNOWN and not (self._open and self._open[-1].kind == local):
            self._open.append(_Record(local, self._depth))
            if len(self._open) == 1:
                self._length = 0
        elif self._open:
            name = tag
            if is_pfif:
                renamed = _RENAMED.get(local, local)
                name = renamed if renamed in _KNOWN[self._open[-1].kind] else tag
                if local == "other":
                    self._open[-1].is_old = True
            self._field, self._pieces = (name, self._depth), []

    def _text(self, text: str) -> None:
        if self._field is None:
            return
        self._length += len(text)
        if self._length > _LONGEST:
            raise FileRefused(
                f"line {self.parser.CurrentLineNumber}: a record has more than {_LONGEST:,} characters of text"
            )
        self._pieces.append(text)

    def _end(self, _tag: str) -> None:
        if self._field is not None and self._field[1] == self._depth:
            self._open[-1].add(self._field[0], "".join(self._pieces))
            self._field = None
        elif self._open and self._open[-1].depth == self._depth:
            self._close(self._open.pop())
        self._depth -= 1

    def _close(self, record: _Record) -> None:
        if record.kind == "person":
            self._done.append(PfifPerson(**record.values, foreign=tuple(record.foreign), notes=tuple(record.notes)))
            return
        note = PfifNote(**record.values, foreign=tuple(record.foreign))
        if self._open:
            self._open[-1].notes.append(note)
        else:
            self._done.append(note)


@dataclass(slots=True, repr=False)
class _Record:
    """A record that is not complete yet."""

    kind: str
    depth: int
    is_old: bool = False
    values: dict[str, str] = field(default_factory=dict)
    foreign: list[Foreign] = field(default_factory=list)
    notes: list[PfifNote] = field(default_factory=list)

    def add(self, name: str, text: str) -> None:
        if name not in _KNOWN[self.kind]:
            self.foreign.append((name, text))
            return
        if name == "description" and self.is_old:
            text = _description(text)
        earlier = self.values.get(name)
        # An element that stands twice breaks the format; nothing of it is lost.
        self.values[name] = text if earlier is None else f"{earlier}\n{text}"


def _description(other: str) -> str:
    """Return the description in the field `other` of PFIF 1.3; all of it when it holds other labels as well."""
    lines: list[str] = []
    labelled = False
    for line in other.splitlines(keepends=True):
        if line.startswith(_LABEL):
            labelled, line = True, line.removeprefix(_LABEL)
            if not line.strip():
                continue
        elif re.match(r"\S+:", line):
            return other
        lines.append(line.strip(" \t"))
    return "".join(lines) if labelled else other


def _refuse(*_declared: object) -> int:
    raise FileRefused(
        "the file declares a document type or an entity; PFIF needs neither, and they can be used to attack the reader"
    )
