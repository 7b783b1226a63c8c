"""A database with partners and alerts to deliver, for the delivery benchmarks; seeded."""

import base64
import random
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta

from sqlalchemy import insert

from api.alerts.notice import AlertNotice
from api.alerts.webhook import new_webhook_secret
from api.store import Database, alerts, partners, tables, upgrade
from api.store.master_keys import GivenKeys

MASTER_KEYS = GivenKeys(base64.b64encode(bytes(range(32))).decode())
MATCH_ID = "match-1"


def open_database(url: str) -> Database:
    """Open a database that `make_database` made."""
    return Database.open(url, MASTER_KEYS)


def make_database(url: str) -> Database:
    """Make the tables and the one match that every alert is about."""
    upgrade(url, MASTER_KEYS)
    database, at = open_database(url), datetime.now(UTC)
    with database.write() as conn:
        partners.add_partner(conn, partner_id="owner", name="Owner", kind="ngo", country="IN", language="en", at=at)
        case = {
            "owner_id": "owner", "status": "open", "version": 1, "protect_location": True, "face_consent": False,
            "created_at": at, "created_by": "owner", "updated_at": at,
        }  # fmt: skip
        for case_id, side in (("case-m", "missing"), ("case-r", "rescued")):
            conn.execute(insert(tables.cases).values(id=case_id, side=side, **case))
        match = {
            "missing_id": "case-m", "rescued_id": "case-r", "state": "suggested", "grade": "probable", "weight": 12.0,
            "weight_without_face": 12.0, "probability": 0.9, "contributions": [], "routes": [], "model_version": "1",
            "evidence_hash": "0", "missing_version": 1, "rescued_version": 1, "created_at": at, "updated_at": at,
        }  # fmt: skip
        conn.execute(insert(tables.matches).values(id=MATCH_ID, **match))
    return database


def secrets_for(names: Sequence[str], rng: random.Random) -> dict[str, str]:
    """Return a signing secret for each partner."""
    return {name: new_webhook_secret(rng.randbytes) for name in names}


def add_partners(database: Database, secrets: Mapping[str, str], urls: Mapping[str, str]) -> None:
    """Add partners that are told by webhook."""
    with database.write() as conn:
        for name, secret in secrets.items():
            partners.add_partner(
                conn, partner_id=name, name=name, kind="ngo", country="IN", language="en", at=datetime.now(UTC),
                webhook_url=urls[name], webhook_secret=secret,
            )  # fmt: skip


def queue(database: Database, recipients: Sequence[str], first: int) -> list[str]:
    """Queue one alert for each recipient named, in one transaction; return the ids of the messages in their order."""
    message_ids = []
    with database.write() as conn:
        for number, recipient in enumerate(recipients, first):
            now, alert_id, message_id = datetime.now(UTC), f"alert-{number:06}", f"message-{number:06}"
            due_at = now + timedelta(hours=4)
            priority = "critical" if number % 5 == 0 else "standard"
            payload = AlertNotice(
                alert_id=alert_id, match_id=MATCH_ID, event="new", grade="probable", priority=priority,
                your_record_id="case-m", other_organisation="Childline", due_at=due_at,
                link=f"/console/alerts/{alert_id}",
            ).to_payload()  # fmt: skip
            alerts.add_alert(
                conn, alert_id=alert_id, match_id=MATCH_ID, recipient_id=recipient, event="new", dedupe_key=alert_id,
                grade="probable", priority=priority, due_at=due_at, at=now,
                messages=[alerts.NewMessage(message_id, "webhook", payload)],
            )  # fmt: skip
            message_ids.append(message_id)
    return message_ids
