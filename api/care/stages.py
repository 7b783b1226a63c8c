"""In which of the six R's is a person now? The last entry of the timeline that no later one corrects."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum

from api.store.care import StageEvent


class Stage(StrEnum):
    """The six R's; each may be entered again: who was re-integrated may have to be rescued anew."""

    REPORTING = "reporting"
    RESCUE = "rescue"
    REHABILITATION = "rehabilitation"
    REPATRIATION = "repatriation"
    RE_INTEGRATION = "re_integration"
    RE_COMPENSATION = "re_compensation"


def standing(entries: Sequence[StageEvent]) -> list[StageEvent]:
    """Return the entries that no other one corrects, by the day on which the stage began; of one day, as entered."""
    replaced = {entry.corrects for entry in entries}
    return sorted(
        (entry for entry in entries if entry.id not in replaced),
        key=lambda entry: (entry.entered_on, entry.at, entry.id),
    )


def present(entries: Sequence[StageEvent]) -> StageEvent | None:
    """Return the entry of the stage that a person is in now, None while nobody entered one."""
    found = standing(entries)
    return found[-1] if found else None


def return_of(entries: Sequence[StageEvent]) -> StageEvent | None:
    """Return the entry that last says that she is home again, None when no entry says so."""
    found = [entry for entry in standing(entries) if entry.stage == Stage.RE_INTEGRATION]
    return found[-1] if found else None
