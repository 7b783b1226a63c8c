"""What does one row say? A case ready to be stored, or every reason why it cannot be."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from typing import Any

from pydantic import ValidationError

from api.cases.forms import CaseForm
from api.imports.cells import split_values
from api.imports.columns import Columns
from api.imports.errors import Problem
from api.imports.files import Row
from api.imports.json_lines import UNREAD
from api.imports.pfif import moment
from api.imports.pfif_mapping import check_kept
from api.imports.plain import PFIF
from api.store.cases import CaseContent
from matcher.errors import InvalidRecord
from matcher.fields import FIELDS, MULTIPLE, FieldValue, parse_date, read_record
from matcher.person import Side

SIDES = tuple(side.value for side in Side)
_YES, _NO = {"yes", "y", "true", "1"}, {"no", "n", "false", "0"}
_SWITCHES = ("protect_location", "face_consent")
_EVENTS = ("last_seen", "found", "height_on", "age_as_of")
_UNREAD = (
    "is a line that was no row: correct the cells and empty this one, or correct the line in the file it came from"
)
LONGEST_KEPT = 1_000_000
"""Characters of what a case keeps of a PFIF record, as JSON."""
_AHEAD = timedelta(days=1)  # where it is tomorrow already


@dataclass(frozen=True, slots=True)
class ReadRow:
    """A row that can be stored.

    Attributes:
        number: of the row in the file.
        side: "missing" or "rescued".
        file_id: what stands in the column `id`, None when nothing does.
        external_id: `file_id`, or one made of the content, so that the same row is the same case next time.
        content: what is stored.
        photos: names of files.
    """

    number: int
    side: str
    file_id: str | None = field(repr=False)
    external_id: str = field(repr=False)
    content: CaseContent = field(repr=False)
    photos: tuple[str, ...] = field(repr=False)


def read_row(row: Row, columns: Columns, default_side: str | None, today: date) -> ReadRow | list[Problem]:
    """Return the row as a case, or all that is wrong with it.

    Args:
        default_side: of rows that do not say.
        today: ages without a day, in a row without an event, hold today.
    """
    problems = _shape(row, columns)
    if problems:  # cells may stand under the wrong columns: what they say means nothing
        return problems
    fields: dict[str, FieldValue] = {}
    for name in columns.sources:
        if name in FIELDS and name != "id" and (text := columns.text(name, row.cells)):
            values = split_values(text) if name in MULTIPLE else (text,)
            if values:
                fields[name] = values[0] if len(values) == 1 else list(values)
    entered: dict[str, Any] = dict(fields)
    for name in _SWITCHES:
        if text := columns.text(name, row.cells):
            if text.casefold() in _YES | _NO:
                entered[name] = text.casefold() in _YES
            else:
                problems.append(Problem(columns.label(name), "is neither yes nor no"))
    if text := columns.text("narrative", row.cells):
        entered["narrative"] = text
    side = columns.text("side", row.cells).casefold() or default_side
    if side not in SIDES:
        rule = (
            "is empty; write missing or rescued, or give --side" if side is None else "is neither missing nor rescued"
        )
        return [*problems, Problem(columns.label("side"), rule)]
    file_id = columns.text("id", row.cells) or None
    kept = _kept(columns, row, file_id, today, problems)
    problems += _future(fields, columns, today)
    content: CaseContent | None = None
    try:
        content = CaseForm(side=side, external_id=file_id, **entered).content(today)
    except ValidationError as error:
        problems += _form_problems(error, columns) + _field_problems(side, fields, columns, today)
    except InvalidRecord as problem:
        # The form stops at the first; a clerk wants to hear of all.
        found = _field_problems(side, fields, columns, today)
        problems += found or [Problem(columns.label(problem.field), problem.reason)]
    if content is None or problems:
        return list(dict.fromkeys(problems))
    if kept:
        content = with_kept(content, side, kept)
    external_id = file_id or f"row-{content.content_hash[:24]}"
    photos = split_values(columns.text("photo", row.cells))
    return ReadRow(row.number, side, file_id, external_id, content, photos)


def _kept(columns: Columns, row: Row, file_id: str | None, today: date, problems: list[Problem]) -> dict[str, Any]:
    """Return what the case keeps of a PFIF record; note what is wrong."""
    text = columns.text(PFIF, row.cells) if PFIF in columns.sources else ""
    if not text:
        return {}
    if len(text) > LONGEST_KEPT:
        problems.append(Problem(columns.label(PFIF), f"is a record of more than {LONGEST_KEPT:,} characters"))
        return {}
    try:
        kept = json.loads(text)
        reason = check_kept(kept) or _misdated(kept, today)
    except (ValueError, RecursionError):
        kept, reason = {}, "is not the part of a case that keeps a PFIF record"
    if reason is None and file_id is None:
        reason = "is a PFIF record, or notes, without an id of the person whom they are about"
    if reason is None and "\\u0000" in text:
        reason = "holds a NUL character, which cannot be stored"
    if reason is not None:
        problems.append(Problem(columns.label(PFIF), reason))
        return {}
    found: dict[str, Any] = kept
    return found


def _misdated(kept: dict[str, Any], today: date) -> str | None:
    text = str((kept.get("person") or {}).get("source_date", "")).strip()
    told = moment(text)
    if text and told is None:
        return "source_date is not a date such as 2026-10-28T09:30:00Z"
    return "source_date lies in the future; a clock was wrong" if told and told.date() > today + _AHEAD else None


def with_kept(content: CaseContent, side: str, kept: Mapping[str, Any]) -> CaseContent:
    """Return the content of a case that keeps this of a PFIF record."""
    payload = content.payload | {PFIF: dict(kept)}
    canonical = json.dumps([side, payload], sort_keys=True, ensure_ascii=False)
    return replace(content, payload=payload, content_hash=hashlib.sha256(canonical.encode()).hexdigest())


def _future(fields: dict[str, FieldValue], columns: Columns, today: date) -> list[Problem]:
    """Return a problem for each day that has not come yet: a clock or a year is wrong."""
    found = []
    for name in _EVENTS:
        text = fields.get(name)
        if isinstance(text, str):
            try:
                if parse_date(name, text).earliest > today + _AHEAD:
                    found.append(Problem(columns.label(name), "lies in the future"))
            except InvalidRecord:
                continue  # the form says it
    return found


def _shape(row: Row, columns: Columns) -> list[Problem]:
    """Return what is wrong with the row before anything in it is read."""
    if row.broken:
        return [Problem("", f"line {row.line}: a quotation mark is not closed, or stands within a quoted cell")]
    if row.problems:
        return list(row.problems)
    expected, found = len(columns.header), len(row.cells)
    if expected != found:
        return [
            Problem("", f"has {found} cells where the header has {expected}; put cells with a delimiter, a quotation "
                    "mark or a line break into quotation marks")
        ]  # fmt: skip
    problems = [
        Problem(columns.header[position].strip(), "holds a NUL byte; delete it")
        for position in range(columns.lead, expected)
        if "\0" in row.cells[position]
    ]
    if columns.unread is not None and row.cells[columns.unread].strip():
        problems.append(Problem(UNREAD, _UNREAD))
    problems += [
        Problem("", f"column {position - columns.lead + 1} has a value here and no name in the header")
        for position in columns.unnamed
        if row.cells[position].strip()
    ]
    return problems


def _field_problems(side: str, fields: dict[str, FieldValue], columns: Columns, today: date) -> list[Problem]:
    found = list(read_record("row", Side(side), fields, today=today, lenient=True).problems)
    if any(problem.field == "height_cm" for problem in found) and isinstance(fields.get("height_on"), str):
        try:  # the reader looks at the day only of a height that it understands
            parse_date("height_on", str(fields["height_on"]))
        except InvalidRecord as problem:
            found.append(problem)
    return [Problem(columns.label(problem.field), problem.reason) for problem in found]


def _form_problems(error: ValidationError, columns: Columns) -> list[Problem]:
    """Return pydantic's findings in a clerk's words, one for each field, without the input that they quote."""
    reasons: dict[str, str] = {}
    for finding in error.errors(include_input=False, include_url=False):
        name = str(finding["loc"][0]) if finding["loc"] else ""
        context = finding.get("ctx", {})
        match finding["type"]:
            case "string_too_long":
                reasons[name] = f"is longer than {context['max_length']} characters"
            case "too_long":
                reasons[name] = f"has more than {context['max_length']} values"
            case _:  # a union also reports the alternatives that were not meant
                reasons.setdefault(name, finding["msg"])
    return [Problem(columns.label({"external_id": "id"}.get(name, name)), reason) for name, reason in reasons.items()]
