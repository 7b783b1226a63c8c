"""How do synthetic records become files for tools that read files? Two CSVs and the truth, written as they stream.

Several values of one field stand in one cell with `|` between them, as the importer of cases reads them; languages,
which it also splits at spaces, are separated by spaces so that two files can be linked without a mapping as well.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from data.clerks import SyntheticRecord
from matcher.fields import FIELDS, FieldValue

REPORTS, RESCUES, TRUTH = "reports.csv", "rescues.csv", "truth.tsv"
_SPACED = frozenset({"language", "languages"})


@dataclass(frozen=True, slots=True)
class Written:
    """How many rows went into each file."""

    reports: int
    rescues: int
    true: int


def write_files(pairs: Iterable[tuple[SyntheticRecord | None, SyntheticRecord | None]], folder: Path) -> Written:
    """Write reports.csv and rescues.csv, with a column for each of `FIELDS`, and truth.tsv, with left and right.

    Args:
        pairs: report and rescue of one person, either of which may be missing.
        folder: made if it is not there; the three files in it are replaced.
    """
    folder.mkdir(parents=True, exist_ok=True)
    reports = rescues = true = 0
    with (
        (folder / REPORTS).open("w", encoding="utf-8", newline="") as left_file,
        (folder / RESCUES).open("w", encoding="utf-8", newline="") as right_file,
        (folder / TRUTH).open("w", encoding="utf-8", newline="") as truth_file,
    ):
        left, right = csv.writer(left_file), csv.writer(right_file)
        left.writerow(FIELDS)
        right.writerow(FIELDS)
        truth_file.write("left\tright\n")
        for report, rescue in pairs:
            if report is not None:
                left.writerow(_row(report))
                reports += 1
            if rescue is not None:
                right.writerow(_row(rescue))
                rescues += 1
            if report is not None and rescue is not None:
                truth_file.write(f"{report.record_id}\t{rescue.record_id}\n")
                true += 1
    return Written(reports, rescues, true)


def _row(record: SyntheticRecord) -> list[str]:
    return [record.record_id if name == "id" else cell(name, record.fields.get(name, "")) for name in FIELDS]


def cell(name: str, value: FieldValue) -> str:
    """Return the values of a field as one cell."""
    return value if isinstance(value, str) else (" " if name in _SPACED else "|").join(value)
