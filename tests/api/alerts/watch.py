"""A unit, those above it, a match that all may know of, and a clock: what tests of attention need."""

from __future__ import annotations

import itertools
import random
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from api.alerts import answering
from api.alerts.attention_loop import AttentionLoop
from api.alerts.deadlines import deadlines_of
from api.alerts.raising import Occasion, raise_alert
from api.alerts.recalling import recall_match
from api.store import Database, agreements, alerts, cases, consents, matches, outbox, partners
from api.store.alerts import Alert
from api.store.partners import Partner

MONDAY = datetime(2026, 11, 2, 4, 0, tzinfo=UTC)  # 09:30 in Kolkata
WEEK = {day: [["09:30", "17:30"]] for day in ("mon", "tue", "wed", "thu", "fri")}
EVERYBODY = ("unit", "nodal", "centre", "focal", "keeper")


def partner(**said: Any) -> Partner:
    """Return a partner that is in no database."""
    plain: dict[str, Any] = {
        "id": "unit", "name": "Unit", "kind": "ahtu", "country": "IN", "language": "en", "email": None,
        "webhook_url": None, "webhook_secret": None, "active": True, "created_at": MONDAY, "time_zone": "Asia/Kolkata",
        "office_hours": WEEK,
    }  # fmt: skip
    return Partner(**(plain | said))


@dataclass
class Watch:
    """Raises alerts of one match, lets time pass, and tells what became of them."""

    database: Database
    now: datetime = MONDAY
    protected: bool = False
    agreed: tuple[str, ...] = EVERYBODY
    shared: tuple[str, ...] = ("any",)
    _numbers: Any = field(default_factory=itertools.count)

    def __post_init__(self) -> None:
        self.random = random.Random(7).randbytes
        self.loop = AttentionLoop(self.database, lambda: self.now, self.random)
        with self.database.write() as conn:
            for name, kind, area in (
                ("unit", "ahtu", "IN/WB/nadia"), ("keeper", "ngo", "IN/MH"), ("nodal", "nodal", "IN/WB"),
                ("centre", "coordination", "IN"), ("focal", "focal_point", None),
            ):  # fmt: skip
                partners.add_partner(
                    conn, partner_id=name, name=f"The {name}", kind=kind, country="IN", language="en", at=self.now,
                    areas=[area] if area else [], email=f"{name}@example.org", time_zone="Asia/Kolkata",
                    office_hours=WEEK if name == "unit" else None,
                )  # fmt: skip
            agreements.add_agreement(
                conn, agreement_id="pact", reference="MoU", parties=sorted(EVERYBODY), valid_from=self.now,
                valid_until=None, at=self.now, by="test", accepted=self.agreed,
            )  # fmt: skip
            for side, owner in (("missing", "keeper"), ("rescued", "unit")):
                content = cases.CaseContent({"name": "Rina"}, "0" * 64, protect_location=self.protected)
                cases.insert_case(
                    conn, case_id=side, side=side, owner_id=owner, content=content, at=self.now, by="test"
                )
                given = [
                    consents.Consent(f"{side}-{one}", side, n, "sharing", one, "consent", "person", self.now, "test")
                    for n, one in enumerate(self.shared, 1)
                ]
                consents.add_consents(conn, given)
            evidence = matches.Evidence("probable", 9.0, 9.0, 0.9, [], ["names"], "m", "e", 1, 1)
            self.match, _ = matches.upsert_match(
                conn, match_id="match", missing_id="missing", rescued_id="rescued", evidence=evidence, at=self.now
            )

    def alert(self, priority: str = "standard", to: str = "unit", **said: Any) -> str:
        """Raise an alert of the match; return its id."""
        with self.database.write() as conn:
            recipient = partners.get_partner(conn, to)
            assert recipient is not None
            ends = deadlines_of(recipient, priority, self.now)
            values: dict[str, Any] = {
                "event": "new", "priority": priority, "same": (str(next(self._numbers)),), "rule": "test",
                "match_id": "match", "grade": "probable", "due_at": ends.due_at, "act_by": ends.act_by,
            }  # fmt: skip
            raised = raise_alert(conn, recipient, Occasion(**(values | said)), self.now, self.random)
            assert raised is not None
            return raised.id

    def pass_hours(self, hours: float) -> dict[str, int]:
        """Let time pass, and attend to what is due then."""
        self.now += timedelta(hours=hours)
        return dict(self.loop.run_due())

    def acknowledge(self, alert_id: str) -> Alert:
        with self.database.write() as conn:
            return answering.acknowledge(conn, self._found(conn, alert_id), "officer", self.now)

    def act(self, alert_id: str) -> Alert:
        with self.database.write() as conn:
            return answering.act(conn, self._found(conn, alert_id), "family_contacted", "officer", self.now)

    def decide(self, who: str) -> int:
        with self.database.write() as conn:
            return answering.acted_on_match(conn, "match", who, "officer", self.now)

    def recall(self, reason: str = "rejected") -> int:
        with self.database.write() as conn:
            return recall_match(conn, self.match, reason, self.now, self.random)

    def deliver(self, alert_id: str) -> None:
        """Let every message of an alert arrive."""
        with self.database.write() as conn:
            for message in outbox.messages_of(conn, alert_id):
                outbox.record_success(conn, message.id, self.now, 250)

    def read(self, alert_id: str) -> Alert:
        with self.database.read() as conn:
            return self._found(conn, alert_id)

    def inbox(self, who: str) -> list[Alert]:
        with self.database.read() as conn:
            return alerts.list_alerts(conn, who)

    def happened(self, alert_id: str) -> list[str]:
        with self.database.read() as conn:
            return [event.kind for event in alerts.events_of(conn, alert_id)]

    def details(self, alert_id: str, kind: str) -> list[dict[str, Any]]:
        with self.database.read() as conn:
            return [dict(event.detail) for event in alerts.events_of(conn, alert_id) if event.kind == kind]

    def messages(self, alert_id: str) -> list[outbox.MessageState]:
        with self.database.read() as conn:
            return outbox.messages_of(conn, alert_id)

    def _found(self, conn: Any, alert_id: str) -> Alert:
        found = alerts.get_alert(conn, alert_id)
        assert found is not None
        return found
