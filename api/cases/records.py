"""What do the open cases say, as records that are compared? Every one of them, page by page, or those of some ids.

`api.cases.forms.to_person` says what the record of a case is; this is the way to a million of them.
"""

from __future__ import annotations

import gc
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from api.cases.forms import as_text
from api.cases.guarding import ELSEWHEN, guarded, is_guarded
from api.store import Connection, faces, open_cases
from api.store.faces import Embeddings
from api.store.open_cases import IdRange, OpenCase
from matcher.fields import FIELDS
from matcher.person import PersonRecord, Side
from matcher.stored_fields import read_stored

READING = "guarded-2"
"""How cases are read as records; goes into an index's origin: one that was built by another reading is built anew."""
_SIDES = {side.value: side for side in Side}


@dataclass(frozen=True, slots=True)
class RecordPage:
    """Some of the records.

    Attributes:
        records: in the order of their ids.
        rest: where the others of the range are; None when there are none.
    """

    records: list[PersonRecord]
    rest: IdRange | None


def open_records(conn: Connection, within: IdRange, limit: int, face_model: str) -> RecordPage:
    """Return the first open cases of a range of ids as records, each equal to `to_person` of the case.

    Args:
        within: the ids asked for: `IdRange()` for all, `open_cases.equal_ranges` to share them out.
        limit: at most so many; a few thousand, so that a page costs little beside its records.
        face_model: whose embeddings the records carry.
    """
    with no_search_for_garbage():
        page = open_cases.open_page(conn, within, limit)
        embeddings: Embeddings = {}
        if any(case.face_consent for case in page):
            embeddings = faces.embeddings_between(conn, page[0].id, page[-1].id, face_model)
        records = [_record(case, embeddings) for case in page]
    return RecordPage(records, IdRange(page[-1].id, within.upto) if len(page) == limit else None)


def records_of(conn: Connection, case_ids: Sequence[str], face_model: str) -> list[PersonRecord]:
    """Return the open cases among these ids as records, each once, in no order."""
    with no_search_for_garbage():
        found = open_cases.open_of(conn, case_ids)
        embeddings = faces.embeddings_of(conn, [case.id for case in found if case.face_consent], face_model)
        return [_record(case, embeddings) for case in found]


@contextmanager
def no_search_for_garbage() -> Iterator[None]:
    """Let the collector wait: records make no cycles, and looking for some among them takes a fifth of the time.

    Held around the reading of many pages, it also spares looking through each page that is given out.
    """
    if not gc.isenabled():
        yield
        return
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def _record(case: OpenCase, embeddings: Embeddings) -> PersonRecord:
    fields = case.payload()
    for field, value in fields.items():
        # Almost all values are texts already, and are left where they are.
        if type(value) is not str and field in FIELDS:
            fields[field] = _hashable(value)
    side, found = _SIDES[case.side], tuple(embeddings.get(case.id, ()))
    record = read_stored(case.id, side, fields, case.created_on, found)
    if not is_guarded(case.side, case.protect_location):
        return record
    elsewhen = read_stored(case.id, side, fields | {"found": ELSEWHEN}, case.created_on)
    return guarded(record, elsewhen, case.created_on)


def _hashable(value: object) -> str | tuple[str, ...]:
    """Return what `as_fields` makes of a JSON value; nothing said is an empty text."""
    if isinstance(value, list):
        return tuple(map(str, value))
    return "" if value is None else as_text(value)
