"""How are tables of labelled data read? Columns asked for by name, cells checked, and errors that name no value."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path

from api.linking import MappingProblem


def rows_of(path: Path, delimiter: str, needed: tuple[str, ...]) -> Iterator[dict[str, str]]:
    """Yield the rows of a table; stops with a clear line when a column is missing."""
    with path.open(encoding="utf-8-sig", newline="") as file:
        if delimiter == "\t":  # a quotation mark in a TSV is a character
            reader = csv.DictReader(file, delimiter=delimiter, quoting=csv.QUOTE_NONE)
        else:
            reader = csv.DictReader(file, delimiter=delimiter)
        missing = [column for column in needed if column not in (reader.fieldnames or ())]
        if missing:
            raise MappingProblem(f"{path}: there is no column {', '.join(missing)}; it has {reader.fieldnames}")
        yield from reader


def yes_or_no(text: str, column: str) -> bool:
    """Return what a cell says."""
    value = text.strip().casefold()
    if value in ("1", "true", "yes", "y"):
        return True
    if value in ("0", "false", "no", "n"):
        return False
    raise MappingProblem(f"{column}: is not one of 1, 0, true, false, yes, no")
