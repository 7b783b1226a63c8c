"""What does the law want done about a missing report, and on which day? Pure computation on days.

    reported ── 4 months untraced ──> the Anti-Human Trafficking Unit ── every 3 months ──> a report: 1st, 2nd, 3rd, ...

Months are those of the calendar, counted from the day of the report: of 31 October four months are over on the last
day of February, and seven on 31 May. A report that comes in later than that goes to the unit on the day on which it
comes in, and its quarters are counted from there.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Final, Literal

from api.care.schedule import months_after

Clock = Literal["untraced", "quarterly", "follow_up"]
UNTRACED_MONTHS: Final = 4
QUARTER_MONTHS: Final = 3


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of a missing report that is open and untraced.

    Attributes:
        reported_on: when the child was reported missing.
        entered_on: when the report came in here.
        taken_over: the unit has said that it took the report over.
        filed: the highest number of a quarterly report that was filed; 0 for none.
    """

    reported_on: date
    entered_on: date
    taken_over: bool = False
    filed: int = 0


@dataclass(frozen=True, slots=True)
class Due:
    """Something to be done, and by when.

    Attributes:
        number: which one of its kind, from 1.
        missed: how many before it were not done either; this one settles them.
    """

    clock: Clock
    number: int
    due_on: date
    missed: int = 0


def handed_over_on(facts: Facts) -> date:
    """Return the day on which a report that is still untraced goes to the unit."""
    return max(months_after(facts.reported_on, UNTRACED_MONTHS), facts.entered_on)


def quarter_on(facts: Facts, number: int) -> date:
    """Return the day on which a quarterly report is due."""
    handover = handed_over_on(facts)
    if handover == months_after(facts.reported_on, UNTRACED_MONTHS):
        # Counted from the report itself: the end of a short month would else cut every later day.
        return months_after(facts.reported_on, UNTRACED_MONTHS + QUARTER_MONTHS * number)
    return months_after(handover, QUARTER_MONTHS * number)


def due_until(facts: Facts, today: date, until: date) -> list[Due]:
    """Return what is to be done up to and with a day, in order: of quarterly reports the last that is over, and coming
    ones.
    """
    found = []
    handover = handed_over_on(facts)
    if not facts.taken_over and handover <= until:
        found.append(Due("untraced", 1, handover))
    first = facts.filed + 1
    coming = [Due("quarterly", number, day) for number, day in _quarters(facts, first, until)]
    over = [due for due in coming if due.due_on <= today]
    if over:
        last = over[-1]
        found.append(Due("quarterly", last.number, last.due_on, last.number - first))
    return found + coming[len(over) :]


def _quarters(facts: Facts, number: int, until: date) -> Iterator[tuple[int, date]]:
    while (day := quarter_on(facts, number)) <= until:
        yield number, day
        number += 1
