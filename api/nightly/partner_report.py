"""What did the nights come to for one partner? Figures of its own cases and alerts, and what waits for its word.

It holds nothing of anybody else's cases, and of its own no name, photo or place: figures, and ids to look up after
signing in. Since no figure is of others, none has to be suppressed for being small. A match counts only while the
partner may know of both its cases: by agreement and by consent.
"""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import dropwhile
from typing import Final

from api.matches.knowing import known_cases
from api.nightly.run import KIND
from api.store import Connection, partner_figures, runs
from api.store.matches import ANNOUNCED
from api.store.partner_figures import OpenAlert, UndecidedMatch
from api.store.runs import Run
from matcher.model import Grade

SOON: Final = timedelta(days=30)
RUNS_SHOWN: Final = 8
GRADES: Final = tuple(str(grade) for grade in Grade if grade is not Grade.CERTAINLY_NOT)
AGES: Final = (
    ("up to 4 hours", timedelta(hours=4)),
    ("up to a day", timedelta(days=1)),
    ("up to 3 days", timedelta(days=3)),
    ("up to a week", timedelta(days=7)),
)
OLDER: Final = "longer"
_PAST_RUNS = 100


@dataclass(frozen=True, slots=True)
class PastRun:
    """A finished run, and the matches that came to the partner since the one before it: grade -> how many."""

    id: str
    finished_at: datetime
    found: Counter[str]


@dataclass(frozen=True, slots=True)
class PartnerReport:
    """What the nights came to for one partner.

    Attributes:
        as_of: when the figures were taken.
        open_cases: side -> its open cases.
        not_searched: why -> its cases, or photos, that are not searched, or soon no longer.
        found: (what happened, grade) -> its matches that the run found new, risen or fallen.
        alerted: alerts that the run sent it.
        since: of the alerts since the run before: "sent", "acknowledged" -> how many.
        open_alerts: those that nobody has acknowledged, oldest first.
        undecided: matches of its cases that are not decided, strongest first.
        undecided_more: how many further ones are not listed.
        history: the last runs, oldest first.
        public_url: where the links lead.
        tells_alerts: whether it tells of alerts.
    """

    run_id: str
    partner_id: str
    as_of: datetime
    open_cases: dict[str, int]
    not_searched: dict[str, int]
    found: Counter[tuple[str, str]]
    alerted: int
    since: dict[str, int]
    open_alerts: list[OpenAlert]
    undecided: list[UndecidedMatch]
    history: list[PastRun]
    public_url: str
    tells_alerts: bool = True
    undecided_more: int = 0

    def without_alerts(self) -> PartnerReport:
        """Return the report for somebody who may not read alerts."""
        return replace(self, tells_alerts=False, alerted=0, since={}, open_alerts=[])

    def listing(self, most: int) -> PartnerReport:
        """Return the report with so many undecided matches at most, the strongest, and all of them counted."""
        listed = self.undecided[:most]
        return replace(self, undecided=listed, undecided_more=self.undecided_total - len(listed))

    @property
    def undecided_total(self) -> int:
        """Return how many matches are not decided, whether listed or not."""
        return len(self.undecided) + self.undecided_more

    @property
    def late(self) -> int:
        """Return how many open alerts should have been acknowledged by now."""
        return sum(_late(alert, self.as_of) for alert in self.open_alerts)

    def ages(self) -> dict[str, tuple[int, int]]:
        """Return age -> how many open alerts are of it, and how many of these are late."""
        counted = dict.fromkeys((*(name for name, _ in AGES), OLDER), (0, 0))
        for alert in self.open_alerts:
            age = self.as_of - alert.created_at
            name = next((name for name, most in AGES if age <= most), OLDER)
            number, late = counted[name]
            counted[name] = number + 1, late + _late(alert, self.as_of)
        return counted

    def link(self, match: UndecidedMatch) -> str:
        """Return where a match is read after signing in."""
        return f"{self.public_url.rstrip('/')}/v1/matches/{match.id}"

    def to_csv(self) -> str:
        """Return everything as CSV, one value a row: section, name, value."""
        text = io.StringIO()
        rows = csv.writer(text, lineterminator="\n")
        rows.writerow(("section", "name", "value"))
        rows.writerows(self._rows())
        return text.getvalue()

    def _rows(self) -> Iterator[tuple[str, str, object]]:
        yield "report", "run_id", self.run_id
        yield "report", "partner_id", self.partner_id
        yield "report", "as_of", self.as_of.isoformat()
        for section, figures in (("open_cases", self.open_cases), ("not_searched", self.not_searched)):
            yield from ((section, name, count) for name, count in figures.items())
        for kind in ANNOUNCED:
            yield from ((f"matches_{kind}", grade, self.found[kind, grade]) for grade in (*GRADES, "certainly-not"))
        if self.tells_alerts:
            yield from self._alert_rows()
        for past in self.history:
            yield from ((f"matches_until_{past.id}", grade, past.found[grade]) for grade in GRADES)
        yield "undecided", "matches", self.undecided_total
        for match in self.undecided:
            section = f"undecided {match.id}"
            yield from ((section, name, value) for name, value in (("grade", match.grade), ("state", match.state)))
            yield section, "your_records", " ".join(match.own_ids)
            yield section, "since", match.since.isoformat()
            yield section, "link", self.link(match)

    def _alert_rows(self) -> Iterator[tuple[str, str, object]]:
        alerts = {"by_this_run": self.alerted, **self.since, "open": len(self.open_alerts), "late": self.late}
        yield from (("alerts", name, count) for name, count in alerts.items())
        for name, (count, late) in self.ages().items():
            yield "open_alerts_by_age", name, count
            yield "late_alerts_by_age", name, late


def partner_report(conn: Connection, run: Run, partner_id: str, now: datetime, public_url: str) -> PartnerReport:
    """Return the report of a finished run for one partner."""
    ended = run.finished_at or run.updated_at
    window = {"after_event": int(str(run.parameters["from_event"])), "upto_seq": run.upto_seq}
    past = list(dropwhile(lambda one: one.id != run.id, runs.list_finished(conn, KIND, _PAST_RUNS)))
    shown = past[: RUNS_SHOWN + 1][::-1]
    # The very first run has none before it: what was found, was found since one began, though another ended first.
    moments = [(one.finished_at or one.updated_at) for one in shown]
    if len(past) <= RUNS_SHOWN:
        moments.insert(0, min(one.started_at for one in shown))
    else:
        shown = shown[1:]

    def known(case_ids: set[str]) -> set[str]:
        return known_cases(conn, partner_id, case_ids, now)

    steps = partner_figures.found_between(conn, partner_id, known, moments)
    return PartnerReport(
        run_id=run.id,
        partner_id=partner_id,
        as_of=now,
        open_cases=partner_figures.open_by_side(conn, partner_id, now),
        not_searched=partner_figures.not_searched(conn, partner_id, now, now + SOON),
        found=partner_figures.found_in_run(conn, partner_id, known, until=ended, **window),
        alerted=partner_figures.alerts_of_run(conn, partner_id, until=ended, **window),
        since=partner_figures.alerts_since(conn, partner_id, moments[-2], ended),
        open_alerts=partner_figures.open_alerts(conn, partner_id),
        undecided=partner_figures.undecided_matches(conn, partner_id, known, now),
        history=[PastRun(one.id, end, found) for one, end, found in zip(shown, moments[1:], steps, strict=True)],
        public_url=public_url,
    )


def _late(alert: OpenAlert, now: datetime) -> bool:
    return alert.due_at is not None and alert.due_at < now
