"""Is every deadline of a simulated month met, or escalated to the right one at the right hour?

Partners with offices in three time zones, agreements, gaps in the chains, alerts of every class, people who answer,
late or never, matches that end: drawn from a seed (`benchmarks.attention_scenario`). The service attends to them on a
real database, its clock being moved; `benchmarks.attention_oracle` reckons from the scenario alone what should have
happened. The two traces are compared entry by entry, and the trace's hash is the same for the same seed.

python -m benchmarks.attention_month [--partners 50] [--days 30] [--seed 1] [--json]
"""

from __future__ import annotations

import argparse
import hashlib
import heapq
import json
import random
import sys
import tempfile
import time
from collections import Counter
from contextlib import closing
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from sqlalchemy import select

from api.access import CASE_WORK, AccessScope
from api.alerts import answering
from api.alerts.attention_loop import AttentionLoop
from api.alerts.deadlines import deadlines_of
from api.alerts.raising import Occasion, raise_alert
from api.alerts.recalling import recall_match
from api.alerts.service import AlertService
from api.store import (
    Connection,
    Database,
    agreements,
    alerts,
    attention,
    cases,
    consents,
    matches,
    partners,
    tables,
    upgrade,
)
from api.store.alerts import Alert
from benchmarks.attention_oracle import Entry, Oracle
from benchmarks.attention_scenario import Pair, Scenario, make_scenario

TICK = timedelta(minutes=15)


class Month:
    """Lives a scenario on a database."""

    def __init__(self, scenario: Scenario, database: Database, seed: int) -> None:
        self.scenario, self.database = scenario, database
        self.now = scenario.start
        self.random = random.Random(seed).randbytes
        self.loop = AttentionLoop(database, lambda: self.now, self.random)
        self.inbox = AlertService(database, lambda: self.now)
        self.names: dict[str, str] = {}  # id -> name
        self.ids: dict[str, str] = {}
        self.ends: dict[str, str] = {}  # id -> deadlines that it was raised with
        self.queue: list[tuple[datetime, int, str, str]] = []  # moment, rank, subject, what

    def live(self) -> list[Entry]:
        """Let the month pass; return what happened, in order."""
        with self.database.write() as conn:
            self._settle(conn)
        end = self.scenario.start + timedelta(days=self.scenario.days)
        for root in self.scenario.roots.values():
            self._push(root.at, 1, "root", root.name)
        for deed in self.scenario.deeds:
            self._push(deed.at, 0, deed.what, deed.subject)
        tick = self.scenario.start
        while True:
            with self.database.read() as conn:
                due = attention.next_due(conn)
            self.now = min(moment for moment in (due, self.queue[0][0] if self.queue else None, tick) if moment)
            if self.now >= end:
                break
            self._do(0)
            if self.loop.run_due():
                self._notice()
            self._do(1)
            tick = tick + TICK if tick <= self.now else tick
        with self.database.read() as conn:
            return sorted(self._trace(conn))

    def _push(self, at: datetime, rank: int, what: str, subject: str) -> None:
        heapq.heappush(self.queue, (at, rank, subject, what))

    def _settle(self, conn: Connection) -> None:
        at = self.scenario.start
        for office in self.scenario.offices.values():
            partners.add_partner(
                conn, partner_id=office.id, name=office.id, kind=office.kind, country=office.country, language="en",
                at=at, areas=[office.area] if office.area else [], email="unit@example.org", time_zone=office.zone,
                office_hours=office.hours,
            )  # fmt: skip
            partners.change_partner(conn, office.id, {"deadlines": office.deadlines})
        for number, parties in enumerate(self.scenario.agreements):
            agreements.add_agreement(
                conn, agreement_id=f"pact-{number}", reference="MoU", parties=sorted(parties), valid_from=at,
                valid_until=None, at=at, by="seed", accepted=sorted(parties),
            )  # fmt: skip
        for pair in self.scenario.matches.values():
            self._add_pair(conn, pair)

    def _add_pair(self, conn: Connection, pair: Pair) -> None:
        at = self.scenario.start
        ids = []
        for side, owner, shared in zip(("missing", "rescued"), pair.owners, pair.shared, strict=True):
            content = cases.CaseContent({"name": "somebody"}, "0" * 64)
            made = cases.insert_case(
                conn, case_id=f"{pair.id}-{side}", side=side, owner_id=owner, content=content, at=at, by="seed"
            )
            ids.append(made.id)
            given = [
                consents.Consent(
                    f"{made.id}-{one}", made.id, number, "sharing", one, "consent", "person", at, "seed"
                )
                for number, one in enumerate(sorted(shared), 1)
            ]  # fmt: skip
            consents.add_consents(conn, given)
        evidence = matches.Evidence("probable", 9.0, 9.0, 0.9, [], ["names"], "m", pair.id, 1, 1)
        matches.upsert_match(
            conn, match_id=pair.id, missing_id=ids[0], rescued_id=ids[1], evidence=evidence, at=at
        )  # fmt: skip

    def _do(self, rank: int) -> None:
        """Let people do what they do at this moment; then let what the scenario raises be raised."""
        while self.queue and self.queue[0][:2] <= (self.now, rank):
            _, _, subject, what = heapq.heappop(self.queue)
            if what == "look":
                office = self.scenario.offices[subject]
                scope = AccessScope(subject, subject, office.kind, (), frozenset(CASE_WORK))
                self.inbox.page(scope, state=None, after=None, limit=1)
                continue
            with self.database.write() as conn:
                getattr(self, f"_{what}")(conn, subject)
            if what == "recall":
                self._notice()

    def _root(self, conn: Connection, name: str) -> None:
        root = self.scenario.roots[name]
        to = partners.get_partner(conn, root.recipient)
        assert to is not None
        ends = deadlines_of(to, root.priority, self.now)
        occasion = Occasion(
            event="new", priority=root.priority, same=(name,), rule="scenario", match_id=root.match, grade="probable",
            due_at=ends.due_at, act_by=ends.act_by,
        )  # fmt: skip
        raised = raise_alert(conn, to, occasion, self.now, self.random)
        assert raised is not None
        self._name(raised, name)

    def _alert(self, conn: Connection, name: str) -> Alert:
        found = alerts.get_alert(conn, self.ids[name])
        assert found is not None
        return found

    def _acknowledge(self, conn: Connection, name: str) -> None:
        answering.acknowledge(conn, self._alert(conn, name), "person", self.now)

    def _act(self, conn: Connection, name: str) -> None:
        answering.act(conn, self._alert(conn, name), "match_reviewed", "person", self.now)

    def _decide(self, conn: Connection, name: str) -> None:
        alert = self._alert(conn, name)
        if alert.match_id:
            answering.acted_on_match(conn, alert.match_id, alert.recipient_id, "person", self.now)

    def _recall(self, conn: Connection, match_id: str) -> None:
        recall_match(conn, matches.require_match(conn, match_id), "rejected", self.now, self.random)

    def _notice(self) -> None:
        """Give what was raised at this moment the names that the oracle gives it, and let people plan."""
        with self.database.read() as conn:
            rows = conn.execute(select(tables.alerts.c.id).where(tables.alerts.c.created_at == self.now))
            for alert_id in sorted(set(rows.scalars()) - self.names.keys()):
                alert = alerts.get_alert(conn, alert_id)
                assert alert is not None
                self._name(alert, self._called(conn, alert))

    def _called(self, conn: Connection, alert: Alert) -> str:
        if alert.kind == "digest":
            zone = ZoneInfo(self.scenario.offices[alert.recipient_id].zone or "UTC")
            return f"digest {alert.recipient_id} {self.now.astimezone(zone).date()}"
        if alert.event == "recalled":
            return f"recall {alert.match_id} {alert.recipient_id} {self.now.isoformat()}"
        about = str(alert.about_id)
        number = sum(event.kind == "escalated" for event in alerts.events_of(conn, about)) - 1
        return f"{self.names[about]}^{number}"

    def _name(self, alert: Alert, name: str) -> None:
        self.names[alert.id], self.ids[name] = name, alert.id
        self.ends[alert.id] = "/".join(end.isoformat() if end else "-" for end in (alert.due_at, alert.act_by))
        for minutes, what in self.scenario.plans(name):
            self._push(alert.created_at + timedelta(minutes=minutes), 0, what, name)

    def _trace(self, conn: Connection) -> list[Entry]:
        trace: list[Entry] = []
        for alert_id, name in self.names.items():
            alert = alerts.get_alert(conn, alert_id)
            assert alert is not None
            raised = f"{alert.recipient_id} {self.ends[alert_id]}"
            trace.append((alert.created_at.isoformat(), name, "raised", raised))
            if alert.digest_id:
                digest = alerts.get_alert(conn, alert.digest_id)
                assert digest is not None
                trace.append((digest.created_at.isoformat(), name, "told", self.names[digest.id]))
            for event in alerts.events_of(conn, alert_id):
                who = str(event.detail.get("of" if event.kind == "reminded" else "to", ""))
                trace.append((event.at.isoformat(), name, event.kind, who))
        return trace


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a month.

    Attributes:
        happened: what -> how often.
        mismatches: entries that one of the traces has and the other has not.
        examples: some of them.
        trace_sha256: of the whole trace; equal for equal seeds.
        seconds: that the service took, and that the oracle took.
    """

    partners: int
    days: int
    seed: int
    alerts: int
    happened: dict[str, int]
    mismatches: int
    examples: list[str]
    trace_sha256: str
    seconds: float
    oracle_seconds: float


def run(count: int, days: int, seed: int, database: Database) -> Outcome:
    """Live a month on an empty database, and compare."""
    scenario = make_scenario(count, days, seed)
    begun = time.perf_counter()
    found = Month(scenario, database, seed).live()
    lived = time.perf_counter()
    wanted = Oracle(scenario).run()
    ended = time.perf_counter()
    extra, lacking = Counter(found) - Counter(wanted), Counter(wanted) - Counter(found)
    examples = [f"+ {entry}" for entry in sorted(extra)[:10]] + [f"- {entry}" for entry in sorted(lacking)[:10]]
    return Outcome(
        partners=count,
        days=days,
        seed=seed,
        alerts=sum(entry[2] == "raised" for entry in found),
        happened=dict(sorted(Counter(entry[2] for entry in found).items())),
        mismatches=extra.total() + lacking.total(),
        examples=examples,
        trace_sha256=hashlib.sha256(json.dumps(found).encode()).hexdigest(),
        seconds=round(lived - begun, 1),
        oracle_seconds=round(ended - lived, 1),
    )


def main() -> int:
    """Run the command."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--partners", type=int, default=50)
    parser.add_argument("--days", type=int, default=30)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        url = f"sqlite:///{Path(folder) / 'month.db'}"
        upgrade(url)
        with closing(Database.open(url)) as database:
            outcome = run(asked.partners, asked.days, asked.seed, database)
    if asked.json:
        print(json.dumps(asdict(outcome), indent=2))
    else:
        print(f"{outcome.partners} partners, {outcome.days} days, seed {outcome.seed}: {outcome.alerts:,} alerts")
        for what, count in outcome.happened.items():
            print(f"{count:>8,} {what}")
        print(f"{outcome.mismatches:>8,} differ from what the oracle reckons")
        print("\n".join(outcome.examples))
        print(f"trace {outcome.trace_sha256}; {outcome.seconds} s, oracle {outcome.oracle_seconds} s")
    return 1 if outcome.mismatches else 0


if __name__ == "__main__":
    sys.exit(main())
