"""Whose is a missing report that has been untraced for long, what is due of it now, and what is that called?

In charge is the Anti-Human Trafficking Unit of the place where the family lives: of several the nearest, those of the
district before that of the state. Where there is none that may see the report, its owner.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Final
from zoneinfo import ZoneInfo

from api.agenda.clocks import Clock, Facts
from api.store import Connection, agreements, consents, partners
from api.store.agenda import Mark, OpenReport
from api.store.partners import Partner, area_prefixes

_UNITS: Final = ("ahtu",)
_CLASS: Final = "police"


@dataclass(slots=True)
class Register:
    """Partners as they are while one pass or one request looks at many reports; each is read once."""

    conn: Connection
    now: datetime
    _partners: dict[str, Partner | None] = field(default_factory=dict)
    _covering: dict[str, list[Partner]] = field(default_factory=dict)
    _agreed: dict[tuple[str, str], bool] = field(default_factory=dict)
    _shared: dict[str, bool] = field(default_factory=dict)

    def partner(self, partner_id: str) -> Partner | None:
        """Return a partner."""
        if partner_id not in self._partners:
            self._partners[partner_id] = partners.get_partner(self.conn, partner_id)
        return self._partners[partner_id]

    def today(self, partner_id: str) -> date:
        """Return the day that it is where a partner is."""
        return self.day_of(self.now, partner_id)

    def day_of(self, moment: datetime, partner_id: str) -> date:
        """Return the day on which a moment falls where a partner is."""
        partner = self.partner(partner_id)
        return moment.astimezone(ZoneInfo((partner.time_zone if partner else None) or "UTC")).date()

    def look_up(self, reports: Sequence[OpenReport]) -> None:
        """Read at once what is asked of each of many reports."""
        ids = [report.case_id for report in reports]
        permitted = consents.permitted_among(self.conn, ids, "sharing", _CLASS)
        self._shared |= {case_id: case_id in permitted for case_id in ids}

    def in_charge(self, report: OpenReport) -> list[Partner]:
        """Return the units that a report goes to."""
        area = report.origin_area
        units = [] if area is None else [unit for unit in self._units_of(area) if self._may_see(report, unit)]
        if area is not None and units:
            near = {unit.id: _nearness(unit, area) for unit in units}
            return [unit for unit in units if near[unit.id] == max(near.values())]
        owner = self.partner(report.owner_id)
        return [] if owner is None else [owner]

    def facts_of(self, report: OpenReport) -> Facts:
        """Return what the clocks of a report go by."""
        entered_on = self.day_of(report.created_at, report.owner_id)
        done = [mark for mark in report.marks if mark.done_on is not None]
        return Facts(
            report.reported_on or entered_on,
            entered_on,
            taken_over=any(mark.clock == "untraced" for mark in done),
            filed=max((mark.number for mark in done if mark.clock == "quarterly"), default=0),
        )

    def _units_of(self, area: str) -> list[Partner]:
        if area not in self._covering:
            self._covering[area] = partners.partners_covering(self.conn, area, _UNITS)
        return self._covering[area]

    def _may_see(self, report: OpenReport, unit: Partner) -> bool:
        if unit.id == report.owner_id:
            return True
        pair = (report.owner_id, unit.id)
        if pair not in self._agreed:
            self._agreed[pair] = agreements.agreed(self.conn, *pair, self.now)
        if not self._agreed[pair]:
            return False
        if report.case_id not in self._shared:
            self.look_up([report])
        return self._shared[report.case_id]


def item_id(case_id: str, clock: Clock, number: int) -> str:
    """Return what an item of the agenda is called: it tells no day, for it stands in addresses."""
    return f"{case_id}.{clock}.{number}"


def read_item_id(text: str) -> tuple[str, str, int] | None:
    """Return case, clock and number of an item; None when it is no item of a missing report."""
    case_id, _, rest = text.partition(".")
    clock, _, number = rest.partition(".")
    if clock not in ("untraced", "quarterly") or not (number.isascii() and number.isdigit() and len(number) < 6):
        return None
    return (case_id, clock, int(number)) if str(int(number)) == number else None


def mark_of(
    case_id: str, clock: Clock, number: int, due_on: date, *, name: str | None = None, told_at: datetime | None = None,
    done_on: date | None = None, done_at: datetime | None = None, done_by: str | None = None,
) -> Mark:  # fmt: skip
    """Return the mark of an item; `name` where it has an id of its own."""
    made = name or item_id(case_id, clock, number)
    return Mark(made, case_id, clock, number, due_on, told_at, done_on, done_at, done_by)


def _nearness(unit: Partner, area: str) -> int:
    """Return how many parts the narrowest area of a unit has that covers a place."""
    covering = set(area_prefixes(area))
    return max(own.count("/") for own in unit.areas if own in covering)
