"""Which column of the file is which field? By its name, or by a mapping that the importer wrote down.

The mapping is a TOML file:

    [columns]
    id = "Case No"
    name = ["First name", "Surname"]     # joined with a space
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from rapidfuzz import fuzz, process

from api.imports.errors import FileRefused
from api.imports.json_lines import UNREAD
from api.imports.plain import PFIF
from matcher.fields import FIELDS, MULTIPLE

KNOWN: tuple[str, ...] = (*FIELDS, "side", "photo", "narrative", "protect_location", "face_consent", PFIF)
REJECT_COLUMNS = ("row", "column", "reason")
TOLD_COLUMNS = tuple(f"sandhan_{name}" for name in ("case", "status", "version", "created_at", "updated_at"))
"""What an export says beside the fields; an import leaves it out."""
_ALIKE = 60.0  # below this score a suggestion would only mislead

ColumnMapping = Mapping[str, tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class Columns:
    """Where each field stands in a row.

    Attributes:
        header: names of the columns as the file has them.
        sources: field -> positions of its columns, in the order in which they are joined.
        unnamed: positions of columns without a name.
        unused: names of columns that are left out.
        lead: how many columns at the beginning come from an earlier rejects file.
        unread: position of lines that were no rows, in an earlier rejects file; None in any other.
    """

    header: tuple[str, ...]
    sources: Mapping[str, tuple[int, ...]]
    unnamed: tuple[int, ...]
    unused: tuple[str, ...]
    lead: int
    unread: int | None = None

    def text(self, field: str, cells: Sequence[str]) -> str:
        """Return what a row says of a field, "" when nothing; cells that the row does not have are empty."""
        parts = (cells[position].strip() for position in self.sources.get(field, ()) if position < len(cells))
        return " ".join(part for part in parts if part)

    def label(self, field: str) -> str:
        """Return the file's name for a field, the field's own where the file has none."""
        return " + ".join(self.header[position].strip() for position in self.sources.get(field, ())) or field


def read_mapping(path: Path) -> ColumnMapping:
    """Return the mapping in a TOML file.

    Raises:
        FileRefused: it is no such mapping; says what is wrong with it.
    """
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except UnicodeDecodeError as error:
        raise FileRefused(f"the mapping is not UTF-8 at byte offset {error.start}") from None
    except tomllib.TOMLDecodeError as error:
        raise FileRefused(f"the mapping is not TOML: {error}") from None
    table = document.get("columns")
    if not isinstance(table, dict) or len(document) != 1:
        raise FileRefused('the mapping needs the table [columns] and nothing else; write under it: field = "column"')
    mapping: dict[str, tuple[str, ...]] = {}
    for field, value in table.items():
        if field not in KNOWN:
            raise FileRefused(f"the mapping names a field that does not exist: {_suggestion(field, KNOWN)}")
        names = [value] if isinstance(value, str) else value
        if (
            not isinstance(names, list)
            or not names
            or not all(isinstance(name, str) and name.strip() for name in names)
        ):
            raise FileRefused(f'mapping of {field}: write "column" or ["column a", "column b"]')
        mapping[field] = tuple(names)
    return mapping


def takes_several(name: str, mapping: ColumnMapping) -> bool:
    """Tell whether a column of this name may hold several values."""
    key = _key(name)
    fields = [field for field, columns in mapping.items() if key in map(_key, columns)] or [key]
    return any(field in MULTIPLE or field == "photo" for field in fields)


def is_known(name: str, mapping: ColumnMapping) -> bool:
    """Tell whether a column of this name is used."""
    mapped = {_key(column) for columns in mapping.values() for column in columns}
    return _key(name) in mapped or _key(name) in KNOWN


def resolve_columns(header: Sequence[str], mapping: ColumnMapping, ignore_unknown: bool) -> Columns:
    """Return which column is which field.

    Args:
        header: the first row of the file.
        ignore_unknown: leave out columns that are no field, instead of refusing the file.
    Raises:
        FileRefused: there is no header, a name stands twice, or a column is no field.
    """
    keys = [_key(name) for name in header]
    lead = len(REJECT_COLUMNS) if tuple(keys[: len(REJECT_COLUMNS)]) == REJECT_COLUMNS else 0
    named = {position: key for position, key in enumerate(keys) if key and position >= lead}
    if not any(is_known(key, mapping) for key in named.values()):
        # The first line may be a child's data, so nothing of it is repeated.
        raise FileRefused(
            "the first line names no known column; the file needs a header such as id,name,father_name,sex,age "
            "(or map its columns with --columns)"
        )
    _refuse_twice([header[position].strip() for position in named])
    position_of = {key: position for position, key in named.items()}
    sources: dict[str, tuple[int, ...]] = {}
    for field, columns in mapping.items():
        for column in columns:
            if _key(column) not in position_of:
                names = [header[position].strip() for position in named]
                raise FileRefused(
                    f"the mapping of {field} names a column not in the file: {_suggestion(column, names)}"
                )
        sources[field] = tuple(position_of[_key(column)] for column in columns)
    used = {position for positions in sources.values() for position in positions}
    for key, position in position_of.items():
        if key in KNOWN and key not in sources and position not in used:
            sources[key] = (position,)
            used.add(position)
    unused = tuple(
        header[position].strip()
        for position, key in named.items()
        if position not in used and key not in TOLD_COLUMNS and key != UNREAD
    )
    if unused and not ignore_unknown:
        listed = "; ".join(_explain(name, sources) for name in unused)
        raise FileRefused(
            f"unknown columns: {listed}. Rename them, map them with --columns, or leave them out with --ignore-unknown"
        )
    unnamed = tuple(position for position, key in enumerate(keys) if not key and position >= lead)
    return Columns(tuple(header), sources, unnamed, unused, lead, position_of.get(UNREAD))


def _key(name: str) -> str:
    return name.strip().casefold()


def _refuse_twice(names: Sequence[str]) -> None:
    keys = [_key(name) for name in names]
    twice = sorted({name for name, key in zip(names, keys, strict=True) if keys.count(key) > 1})
    if twice:
        raise FileRefused(
            f"columns that stand in the header more than once: {', '.join(twice)}; "
            "put several values into one column with | between them"
        )


def _explain(name: str, sources: Mapping[str, tuple[int, ...]]) -> str:
    if _key(name) in sources:
        return f'"{name}" (the mapping takes {_key(name)} from elsewhere)'
    return _suggestion(name, KNOWN)


def _suggestion(name: str, choices: Iterable[str]) -> str:
    found = process.extractOne(_key(name).replace(" ", "_"), list(choices), scorer=fuzz.ratio, processor=_key)
    if found is None or found[1] < _ALIKE:
        return f'"{name}" (like no field)' if choices is KNOWN else f'"{name}"'
    return f'"{name}" (nearest: {found[0]})'
