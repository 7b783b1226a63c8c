"""How are tables of labelled data read? Columns asked for by name, cells checked, and errors that name no value."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path

from api.linking import MappingProblem


def rows_of(path: Path, delimiter: str, needed: tuple[str, ...]) -> Iterator[dict[str, str]]:
    """Yield the rows of a table in UTF-8.

    Raises:
        MappingProblem: a column is missing, a line is too short, the table is empty or in another encoding.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            if delimiter == "\t":  # a quotation mark in a TSV is a character
                reader = csv.DictReader(file, delimiter=delimiter, quoting=csv.QUOTE_NONE)
            else:
                reader = csv.DictReader(file, delimiter=delimiter)
            missing = [column for column in needed if column not in (reader.fieldnames or ())]
            if missing:
                # The header is not repeated: where it is missing, it is the first row, with somebody's name in it.
                raise MappingProblem(f"{path}: the first line names no column {', '.join(missing)}")
            number = 1
            for number, row in enumerate(reader, 2):
                short = [column for column in needed if row[column] is None]
                if short:
                    raise MappingProblem(f"{path}, row {number}: there is nothing for {', '.join(short)}")
                yield row
            if number == 1:
                raise MappingProblem(f"{path}: there is no row below the header")
    except UnicodeDecodeError as error:
        raise MappingProblem(f"{path}: is not UTF-8; save it as CSV in UTF-8") from error


def yes_or_no(text: str, column: str, row: int) -> bool:
    """Return what a cell says.

    Raises:
        MappingProblem: it says neither.
    """
    value = text.strip().casefold()
    if value in ("1", "true", "yes", "y"):
        return True
    if value in ("0", "false", "no", "n"):
        return False
    raise MappingProblem(f"row {row}: {column} is not one of 1, 0, true, false, yes, no")
