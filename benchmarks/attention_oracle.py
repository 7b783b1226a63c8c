"""What should have happened to every alert of a month? Reckoned slowly, from the scenario alone, by reading the clock.

It shares no code with the service: hours are read slot by slot (half a minute) into tables, chains are looked up in
plain lists, and each alert is moved by what people did. What comes out is a trace to be compared.
"""

from __future__ import annotations

import heapq
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt

from benchmarks.attention_scenario import Office, Scenario

SLOT = timedelta(seconds=30)
_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_USUAL = {"critical": (4, 24), "standard": (24, 72)}
_ABOVE = ("nodal", "coordination", "focal_point")
_CLASS = {
    "nodal": "police", "coordination": "coordination", "focal_point": "coordination", "ahtu": "police", "ngo": "ngo",
    "shelter": "shelter",
}  # fmt: skip
_PER_HOUR = 120
Entry = tuple[str, str, str, str]
"""Moment, alert, what happened, and with whom or what."""


class Calendar:
    """One office's time, slot by slot."""

    def __init__(self, office: Office, start: datetime, days: int) -> None:
        self.start = start
        zone = ZoneInfo(office.zone or "UTC")
        count = days * 24 * _PER_HOUR
        local = [(start + index * 30 * SLOT).astimezone(zone) for index in range(count // 30)]
        day = np.repeat([moment.weekday() for moment in local], 30)
        minute = np.repeat([moment.hour * 60 + moment.minute for moment in local], 30) + np.tile(
            np.arange(30) // 2, count // 30
        )
        self.dates = [moment.date() for moment in local]
        hours = office.hours
        self.always = not hours
        is_open = np.full(count, not hours)
        works = np.full(count, not hours)
        for name, periods in (hours or {}).items():
            works |= day == _DAYS.index(name)
            for begin, end in periods:
                first, last = (int(text[:2]) * 60 + int(text[3:]) for text in (begin, end))
                is_open |= (day == _DAYS.index(name)) & (minute >= first) & (minute < last)
        self.open: npt.NDArray[np.int64] = np.concatenate([[0], np.cumsum(is_open)])
        self.work: npt.NDArray[np.int64] = np.concatenate([[0], np.cumsum(works)])

    def slot(self, moment: datetime) -> int:
        """Return the slot in which a moment lies; moments are whole slots."""
        return round((moment - self.start) / SLOT)

    def moment(self, slot: int) -> datetime:
        """Return the beginning of a slot."""
        return self.start + slot * SLOT

    def opening(self, slot: int) -> int:
        """Return the first slot from one on in which the office is open."""
        return int(np.searchsorted(self.open, self.open[slot], side="right")) - 1

    def end(self, begin: datetime, hours: int, critical: bool) -> datetime:
        """Return the end of so many hours, as they count."""
        if critical or self.always:
            return begin + timedelta(hours=hours)
        first = self.opening(self.slot(begin))
        after = int(np.searchsorted(self.work, self.work[first] + hours * _PER_HOUR, side="left"))
        return self.moment(self.opening(after))

    def half(self, begin: datetime, end: datetime, critical: bool) -> datetime:
        """Return when half of the time that counts has passed."""
        if critical or self.always:
            return begin + (end - begin) / 2
        first, last = self.slot(begin), self.slot(end)
        total = int(self.open[last] - self.open[first])
        if not total:
            return begin
        found = int(np.searchsorted(self.open, self.open[first] + (total + 1) // 2, side="left"))
        return self.moment(found) - (SLOT / 2 if total % 2 else timedelta())


@dataclass
class _Alert:
    name: str
    recipient: str
    priority: str
    match: str | None
    event: str
    at: datetime
    due: datetime | None
    act_by: datetime | None
    about: str | None = None
    acknowledged: datetime | None = None
    ever: bool = False
    state: str = "open"
    above: list[str] = field(default_factory=list)
    wake: datetime | None = None


class Oracle:
    """Reckons the trace of a scenario."""

    def __init__(self, scenario: Scenario) -> None:
        self.scenario = scenario
        days = scenario.days + 40
        first = scenario.start - timedelta(days=2)
        self.calendars = {office.id: Calendar(office, first, days) for office in scenario.offices.values()}
        self.alerts: dict[str, _Alert] = {}
        self.trace: list[Entry] = []
        self.looks: dict[str, list[datetime]] = {}
        self.queue: list[tuple[datetime, int, str, str]] = []  # moment, rank, subject, what

    def run(self) -> list[Entry]:
        """Return what should have happened, in order."""
        end = self.scenario.start + timedelta(days=self.scenario.days)
        for root in self.scenario.roots.values():
            self._push(root.at, 3, "root", root.name)
        for deed in self.scenario.deeds:
            self._push(deed.at, 1 if deed.what == "recall" else 0, deed.what, deed.subject)
        self._push_digests(end)
        while self.queue and self.queue[0][0] < end:
            now, _, subject, what = heapq.heappop(self.queue)
            getattr(self, f"_on_{what}")(subject, now)
        return sorted(self.trace)

    def _push(self, at: datetime, rank: int, what: str, subject: str) -> None:
        heapq.heappush(self.queue, (at, rank, subject, what))

    def _push_digests(self, end: datetime) -> None:
        for office in self.scenario.offices.values():
            calendar = self.calendars[office.id]
            zone = ZoneInfo(office.zone or "UTC")
            for day in sorted(set(calendar.dates)):
                midnight = datetime(day.year, day.month, day.day, tzinfo=zone).astimezone(UTC)
                if office.hours:
                    if _DAYS[day.weekday()] not in office.hours or midnight < calendar.start:
                        continue
                    at = calendar.moment(calendar.opening(calendar.slot(midnight)))
                else:
                    at = midnight + timedelta(hours=9)
                if self.scenario.start <= at < end:
                    self._push(at, 2, "digest", office.id)

    def _say(self, now: datetime, name: str, what: str, who: str = "") -> None:
        self.trace.append((now.isoformat(), name, what, who))

    def _raise(self, alert: _Alert) -> None:
        self.alerts[alert.name] = alert
        ends = "/".join(end.isoformat() if end else "-" for end in (alert.due, alert.act_by))
        self._say(alert.at, alert.name, "raised", f"{alert.recipient} {ends}")
        for minutes, what in self.scenario.plans(alert.name):
            self._push(alert.at + timedelta(minutes=minutes), 0, what, alert.name)
        self._plan(alert, alert.at)

    def _ends(self, recipient: str, priority: str, now: datetime) -> tuple[datetime | None, datetime | None]:
        if priority == "digest":
            return None, None
        own = self.scenario.offices[recipient].deadlines or {}
        hours = tuple(own[priority].values()) if priority in own else _USUAL[priority]
        due, act = (self.calendars[recipient].end(now, count, priority == "critical") for count in sorted(hours))
        return due, act

    def _plan(self, alert: _Alert, now: datetime) -> None:
        begin, end = (alert.acknowledged, alert.act_by) if alert.acknowledged else (alert.at, alert.due)
        alert.wake = None
        if end is None or begin is None or alert.state != "open" or end <= now:
            return
        half = self.calendars[alert.recipient].half(begin, end, alert.priority == "critical")
        alert.wake = half if half > now else end
        self._push(alert.wake, 2, "wake", alert.name)

    def _on_root(self, name: str, now: datetime) -> None:
        root = self.scenario.roots[name]
        ends = self._ends(root.recipient, root.priority, now)
        self._raise(_Alert(name, root.recipient, root.priority, root.match, "new", now, *ends))

    def _on_digest(self, partner: str, now: datetime) -> None:
        waiting = [
            alert
            for alert in self.alerts.values()
            if (alert.recipient, alert.priority, alert.event, alert.state) == (partner, "digest", "new", "open")
            and alert.acknowledged is None
            and alert.at < now
        ]
        if waiting:
            day = now.astimezone(ZoneInfo(self.scenario.offices[partner].zone or "UTC")).date()
            self._raise(_Alert(f"digest {partner} {day}", partner, "digest", None, "daily", now, None, None))
            for alert in waiting:
                alert.event = "told"
                self._say(now, alert.name, "told", f"digest {partner} {day}")

    def _on_wake(self, name: str, now: datetime) -> None:
        alert = self.alerts[name]
        if alert.wake != now or alert.state != "open":
            return
        kind = self.scenario.offices[alert.recipient].kind
        if self._root_event(alert) != "recalled" and not self._may_know(alert, alert.recipient, kind):
            self._say(now, name, "closed")
            alert.state = "closed"
            return
        end = alert.act_by if alert.acknowledged else alert.due
        if now != end:
            self._say(now, name, "reminded", "act_reminder" if alert.acknowledged else "reminder")
            self._plan(alert, now)
            return
        alert.wake = None
        if alert.acknowledged:
            self._say(now, name, "lapsed")
            alert.acknowledged = None
            alert.due = alert.wake = self._ends(alert.recipient, alert.priority, now)[0]
            assert alert.wake is not None  # what lapses has deadlines
            self._push(alert.wake, 2, "wake", name)
        if any(self.alerts[above].state == "open" for above in alert.above):
            self._say(now, name, "still_escalated")
            return
        to = self._next_above(alert)
        if to is None:
            self._say(now, name, "missed")
            return
        self._say(now, name, "escalated", to)
        made = f"{name}^{len(alert.above)}"
        alert.above.append(made)
        ends = self._ends(to, alert.priority, now)
        self._raise(_Alert(made, to, alert.priority, alert.match, "escalated", now, *ends, about=name))

    def _next_above(self, alert: _Alert) -> str | None:
        silent = self.scenario.offices[alert.recipient]
        place = f"{silent.area or silent.country}/"
        start = _ABOVE.index(silent.kind) + 1 if silent.kind in _ABOVE else 0
        for level in _ABOVE[start:]:
            ranked = []
            for office in self.scenario.offices.values():
                if office.kind != level or office.id == silent.id:
                    continue
                if office.area is not None and place.startswith(office.area + "/"):
                    ranked.append((-len(office.area.split("/")), office.id))
                elif office.area is None and level != "nodal" and office.country == silent.country:
                    ranked.append((0, office.id))
            for _, candidate in sorted(ranked):
                if self._may_know(alert, candidate, level):
                    return candidate
        return None

    def _may_know(self, alert: _Alert, candidate: str, level: str) -> bool:
        if self._root_event(alert) == "recalled" and alert.event == "recalled":
            told = {
                one.recipient for one in self.alerts.values() if one.match == alert.match and one.event != "recalled"
            }
            if candidate in told:
                return True
        pair = self.scenario.matches[str(alert.match)]
        for owner, shared in zip(pair.owners, pair.shared, strict=True):
            if not any({owner, candidate} <= parties for parties in self.scenario.agreements):
                return False
            if owner != candidate and not shared & {"any", _CLASS[level]}:
                return False
        return True

    def _root_event(self, alert: _Alert) -> str:
        while alert.event == "escalated" and alert.about:
            alert = self.alerts[alert.about]
        return alert.event

    def _on_look(self, partner: str, now: datetime) -> None:
        self.looks.setdefault(partner, []).append(now)

    def _on_acknowledge(self, name: str, now: datetime) -> None:
        alert = self.alerts[name]
        if alert.acknowledged is not None:
            return
        self._say(now, name, "acknowledged")
        alert.acknowledged, alert.ever = now, True
        if alert.state != "open":
            return
        if alert.act_by is not None and alert.act_by <= now:
            alert.act_by = self._ends(alert.recipient, alert.priority, now)[1]
        self._plan(alert, now)
        if alert.act_by is None:
            self._quieten(alert, now)

    def _on_act(self, name: str, now: datetime) -> None:
        alert = self.alerts[name]
        if alert.state != "open":
            return
        if alert.acknowledged is None:
            self._say(now, name, "acknowledged")
            alert.acknowledged, alert.ever = now, True
        self._say(now, name, "actioned")
        alert.state = "actioned"
        self._quieten(alert, now)

    def _on_decide(self, name: str, now: datetime) -> None:
        mine = self.alerts[name]
        for alert in sorted(self.alerts.values(), key=lambda one: one.at):
            same = alert.match is not None and (alert.match, alert.recipient) == (mine.match, mine.recipient)
            if same and alert.event != "recalled":
                self._on_act(alert.name, now)

    def _quieten(self, alert: _Alert, now: datetime) -> None:
        for name in alert.above:
            above = self.alerts[name]
            if above.state == "open":
                self._say(now, name, "closed")
                above.state = "closed"
                self._quieten(above, now)

    def _on_recall(self, match: str, now: datetime) -> None:
        told = [one for one in self.alerts.values() if one.match == match and one.state != "recalled"]
        earlier = [one for one in told if self._root_event(one) != "recalled"]
        heard = {
            one.recipient
            for one in earlier
            if one.ever or any(one.at <= look <= now for look in self.looks.get(one.recipient, ()))
        }
        latest = {one.recipient: one for one in sorted(earlier, key=lambda one: (one.at, one.name))}
        for one in earlier:
            one.state = "recalled"
            self._say(now, one.name, "recalled")
        for recipient in latest:
            due = self._ends(recipient, "standard", now)[0] if recipient in heard else None
            name = f"recall {match} {recipient} {now.isoformat()}"
            self._raise(_Alert(name, recipient, "standard", match, "recalled", now, due, None))
