"""What is wrong with a file as a whole, and what with one row of it?

SandhanError
└── FileRefused      nothing of the file was imported, or its rejects could not be kept; says what to do
"""

from __future__ import annotations

from dataclasses import dataclass

from matcher.errors import SandhanError


class FileRefused(SandhanError):
    """The file cannot be imported as it is; says why and what to do."""

    code = "file_refused"


@dataclass(frozen=True, slots=True)
class Problem:
    """Why a row cannot be used.

    Attributes:
        column: the column as the file names it, "" when the row as a whole is meant.
        reason: the rule it breaks; never the value.
    """

    column: str
    reason: str
