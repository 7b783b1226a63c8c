"""What stands in which column when a case is written as a row? What an import of the row reads as the same case."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from api.imports.cells import join_values
from api.imports.columns import KNOWN, TOLD_COLUMNS
from api.imports.plain import PFIF, plain
from matcher.errors import SandhanError
from matcher.fields import MULTIPLE

COLUMNS = (*(name for name in KNOWN if name != "photo"), *TOLD_COLUMNS)


class CannotExport(SandhanError):
    """The cases cannot be written in this form; says which form to choose."""

    code = "cannot_export"


@dataclass(frozen=True, slots=True)
class ExportCase:
    """A case that goes out, already limited to what the caller may see.

    Attributes:
        external_id: its owner's id for it, None where it has none.
        payload: what it says, as it is stored.
    """

    id: str
    side: str
    external_id: str | None = field(repr=False)
    status: str
    version: int
    payload: Mapping[str, object] = field(repr=False)
    created_at: datetime
    updated_at: datetime

    @property
    def told(self) -> tuple[str, ...]:
        """Return what is told beside the fields, in the order of `TOLD_COLUMNS`."""
        return (self.id, self.status, str(self.version), self.created_at.isoformat(), self.updated_at.isoformat())


def row_of(case: ExportCase, kept: str) -> list[str]:
    """Return a case as the cells of `COLUMNS`.

    Args:
        kept: the part that keeps a PFIF record, as JSON; "" where there is none.
    """
    said = plain(case.payload)
    cells: list[str] = []
    for name in COLUMNS[: -len(TOLD_COLUMNS)]:
        value = said.get(name, "")
        if name == "id":
            cells.append(case.external_id or case.id)
        elif name == "side":
            cells.append(case.side)
        elif name == PFIF:
            cells.append(kept)
        elif name in MULTIPLE:
            cells.append(join_values([value] if isinstance(value, str) else value) if value else "")
        else:
            cells.append(value if isinstance(value, str) else " ".join(value))
    return [*cells, *case.told]
