"""How are two files of any shape read as records? Columns named by a TOML mapping, one side at a time.

    [columns]                     field = "column" or ["column", "column"]; for both files
    [left.columns]                what differs in the left file
    [right.columns]               what differs in the right file
    [extra.NAME]                  a further column to compare
    column = "..."                (or left = "...", right = "...")
    kind = "exact" | "text" | "number"

Without a mapping, columns that bear the names of fields are taken. Several columns of one field are joined with a space
(given name and surname); of a field that may have several values, each column is a value, and so is each part of a cell
between `|`.
"""

from __future__ import annotations

import tomllib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from api.imports.cells import unguard_all
from api.imports.files import read_lines, read_rows, sniff_delimiter
from matcher.compare.extras import ExtraKind, extra_comparison
from matcher.comparison import Comparison
from matcher.errors import SandhanError
from matcher.fields import FIELDS, FieldValue, read_record
from matcher.model import MatchModel
from matcher.person import PersonRecord, Side

SIDES = ("left", "right")
_SEVERAL_VALUES = frozenset(
    {"nickname", "alias", "remembered", "phone", "identifier", "community", "language", "languages", "marks",
     "clothing", "belongings"}
)  # fmt: skip


class MappingProblem(SandhanError):
    """The mapping or a file's columns do not fit together."""

    code = "mapping_problem"


@dataclass(frozen=True, slots=True)
class Extra:
    """A further column to compare, by its name in each file."""

    name: str
    left: str
    right: str
    kind: ExtraKind


@dataclass(frozen=True, slots=True)
class LinkMapping:
    """Which columns are which fields, for each file; empty takes columns that bear the fields' names."""

    left: Mapping[str, tuple[str, ...]]
    right: Mapping[str, tuple[str, ...]]
    extras: tuple[Extra, ...]

    @classmethod
    def read(cls, path: Path | None) -> LinkMapping:
        """Return the mapping in a TOML file.

        Raises:
            MappingProblem: it is not TOML, or says something that is not part of a mapping.
        """
        if path is None:
            return cls({}, {}, ())
        try:
            document = tomllib.loads(path.read_text(encoding="utf-8"))
        except OSError as error:
            raise MappingProblem(f"{path}: cannot be read ({error.strerror})") from error
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise MappingProblem(f"{path}: is not TOML: {error}") from error
        unknown = set(document) - {"columns", "left", "right", "extra"}
        if unknown:
            raise MappingProblem(f"{path}: there is no table {', '.join(sorted(unknown))} in a mapping")
        both = _columns(document.get("columns", {}), "columns")
        sides = [
            both | _columns(_table(document, side, {"columns"}).get("columns", {}), f"{side}.columns") for side in SIDES
        ]
        extras = tuple(_extra(name, table) for name, table in _table(document, "extra", None).items())
        return cls(sides[0], sides[1], extras)

    def comparisons(self) -> tuple[Comparison, ...]:
        """Return the comparisons of the extra columns."""
        return tuple(extra_comparison(extra.name, extra.kind) for extra in self.extras)


def _table(document: dict[str, Any], name: str, allowed: set[str] | None) -> dict[str, Any]:
    """Return a table of the mapping, empty when it is not there; anything but the tables allowed in it is refused."""
    table = document.get(name, {})
    if not isinstance(table, dict):
        raise MappingProblem(f"[{name}] is not a table")
    if allowed is not None and set(table) - allowed:
        raise MappingProblem(
            f"[{name}] may hold only [{name}.columns]; move {', '.join(sorted(set(table) - allowed))} there"
        )
    return table


def _columns(table: Any, where: str) -> dict[str, tuple[str, ...]]:
    if not isinstance(table, dict):
        raise MappingProblem(f"[{where}] is not a table")
    found = {}
    for field, value in table.items():
        if field not in FIELDS:
            raise MappingProblem(f"[{where}] {field}: there is no such field; fields are {', '.join(FIELDS)}")
        names = (value,) if isinstance(value, str) else tuple(value) if isinstance(value, list) else ()
        if not names or not all(isinstance(name, str) for name in names):
            raise MappingProblem(f'[{where}] {field}: write "column" or ["column", "column"]')
        found[field] = names
    return found


def _extra(name: str, table: Any) -> Extra:
    where = f"[extra.{name}]"
    if not isinstance(table, dict) or set(table) - {"column", "left", "right", "kind"}:
        raise MappingProblem(f"{where} may have column (or left and right) and kind")
    left, right = table.get("left", table.get("column", name)), table.get("right", table.get("column", name))
    try:
        kind = ExtraKind(table.get("kind", "exact"))
    except ValueError:
        raise MappingProblem(f"{where} kind: is not one of exact, text, number") from None
    return Extra(name, str(left), str(right), kind)


@dataclass(frozen=True, slots=True)
class ReadFile:
    """The records of one file, with how many values of each column could not be understood (they count as unknown)."""

    records: tuple[PersonRecord, ...]
    not_understood: dict[str, int]


def read_file(
    path: Path,
    columns: Mapping[str, tuple[str, ...]],
    side: Side,
    extras: Sequence[tuple[str, str]],
    today: date,
) -> ReadFile:
    """Return the records of a CSV file.

    Args:
        path: UTF-8 or UTF-16 with mark; comma, semicolon or tab.
        columns: field -> column names; empty takes columns that bear the fields' names.
        side: which side the records stand on.
        extras: (name, column) of further columns to compare.
        today: ages without a day hold today.
    Raises:
        MappingProblem: a column is missing, or nothing is there to compare, or an id is missing or twice.
    """
    try:
        lines = read_lines(path.read_bytes())
    except OSError as error:
        raise MappingProblem(f"{path}: cannot be read ({error.strerror})") from error
    wanted = {name.casefold() for names in columns.values() for name in names} | set(FIELDS)
    rows = read_rows(lines, sniff_delimiter(lines, lambda name: name.strip().casefold() in wanted))
    header = [name.strip() for name in next(rows).cells]
    places = {name.casefold(): position for position, name in enumerate(header)}
    sources = _sources(path, columns, places)
    extra_places = [(name, _place(path, places, column)) for name, column in extras]
    records: list[PersonRecord] = []
    problems: Counter[str] = Counter()
    seen: set[str] = set()
    plain = {field: where[0] for field, where in sources.items() if len(where) == 1 and field not in _SEVERAL_VALUES}
    joined = {field: where for field, where in sources.items() if field not in plain}
    for row in rows:
        # An export of cases has an apostrophe before what a spreadsheet would run.
        cells = [cell.strip() for cell in unguard_all(row.cells)] + [""] * (len(header) - len(row.cells))
        if not any(cells):
            continue
        fields: dict[str, FieldValue] = {field: cells[position] for field, position in plain.items()}
        for field, where in joined.items():
            fields[field] = _value(field, [cells[position] for position in where])
        record_id = cells[sources["id"][0]] if "id" in sources else str(row.number)
        if not record_id or record_id in seen:
            raise MappingProblem(f"{path}: row {row.number}: the id is {'missing' if not record_id else 'there twice'}")
        seen.add(record_id)
        parsed = read_record(
            record_id, side, fields, today=today, lenient=True, extras=[(name, cells[at]) for name, at in extra_places]
        )
        records.append(parsed.record)
        problems.update(problem.field for problem in parsed.problems)
    if not records:
        raise MappingProblem(f"{path}: has no rows")
    return ReadFile(tuple(records), dict(problems))


def _sources(path: Path, columns: Mapping[str, tuple[str, ...]], places: Mapping[str, int]) -> dict[str, list[int]]:
    """Return field -> positions of its columns."""
    if columns:
        found = {field: [_place(path, places, name) for name in names] for field, names in columns.items()}
        if "id" not in found and "id" in places:
            found["id"] = [places["id"]]
    else:
        found = {field: [places[field]] for field in FIELDS if field in places}
    if not set(found) - {"id"}:
        raise MappingProblem(f"{path}: no column bears the name of a field; say which is which with --columns")
    return found


def _place(path: Path, places: Mapping[str, int], name: str) -> int:
    try:
        return places[name.strip().casefold()]
    except KeyError:
        raise MappingProblem(f'{path}: there is no column "{name}"; it has {", ".join(places)}') from None


def _value(field: str, values: list[str]) -> FieldValue:
    given = [value for value in values if value]
    if field not in _SEVERAL_VALUES:
        return " ".join(given)
    return [part.strip() for value in given for part in value.split("|") if part.strip()]


def sides_of(left: Mapping[str, tuple[str, ...]], right: Mapping[str, tuple[str, ...]]) -> tuple[Side, Side]:
    """Return which side each file stands on: the one with a `found` column, if just one has it, holds the rescued."""
    if "found" in left and "found" not in right:
        return Side.RESCUED, Side.MISSING
    return Side.MISSING, Side.RESCUED


@dataclass(frozen=True, slots=True)
class TwoFiles:
    """Both files of a linkage, and what is compared beside the fields."""

    left: ReadFile
    right: ReadFile
    extra: tuple[Comparison, ...]


def read_two(left: Path, right: Path, columns: Path | None, today: date) -> TwoFiles:
    """Return the records of two files, read by a mapping.

    Raises:
        MappingProblem: the mapping or a file cannot be read as one.
    """
    mapping = LinkMapping.read(columns)
    left_side, right_side = sides_of(mapping.left, mapping.right)
    first = read_file(left, mapping.left, left_side, [(extra.name, extra.left) for extra in mapping.extras], today)
    second = read_file(right, mapping.right, right_side, [(extra.name, extra.right) for extra in mapping.extras], today)
    return TwoFiles(first, second, mapping.comparisons())


def model_at(path: Path | None) -> MatchModel:
    """Return the evidence model in a file; None: the one that ships.

    Raises:
        ModelMissing, ModelCorrupt: there is none, or it cannot be used.
    """
    return MatchModel.load() if path is None else MatchModel.read(path)
