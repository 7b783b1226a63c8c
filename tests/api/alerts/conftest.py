"""A migrated database, partners to tell, alerts to send, and a clock that the test moves."""

import base64
import shutil
import subprocess
import threading
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import insert

from api.alerts.delivery import DeliverySettings, Dispatcher
from api.alerts.mail import EmailSender
from api.alerts.notice import AlertNotice
from api.alerts.outcomes import SCHEDULE
from api.alerts.webhook import WebhookSender, new_webhook_secret
from api.store import Connection, Database, alerts, outbox, partners, tables, upgrade
from api.store.master_keys import GivenKeys
from tests.databases import POSTGRES, postgres_copy

MASTER_KEY = base64.b64encode(bytes(range(32))).decode()
SECRET = new_webhook_secret(lambda count: bytes(range(count)))


class Clock:
    """A clock that stands still until it is moved."""

    def __init__(self, now: datetime) -> None:
        self._now = now
        self._lock = threading.Lock()

    def __call__(self) -> datetime:
        with self._lock:
            return self._now

    def advance(self, **by: float) -> None:
        with self._lock:
            self._now += timedelta(**by)


class World:
    """A database with what a test of delivery needs, and short ways to fill and to read it."""

    def __init__(self, database: Database) -> None:
        self.database = database
        # A little in the past: receivers take signatures up to five minutes old or new by the real clock.
        self.clock = Clock(datetime.now(UTC) - timedelta(seconds=200))
        self._count = 0
        self._stoppable: list[Dispatcher] = []
        with database.write() as connection:
            self._add_match(connection)

    def _add_match(self, connection: Connection) -> None:
        """Add the match that every alert is about; the tables demand one."""
        at = self.clock()
        partners.add_partner(
            connection, partner_id="owner", name="Owner", kind="ngo", country="IN", language="en", at=at
        )
        case = {
            "owner_id": "owner",
            "status": "open",
            "version": 1,
            "protect_location": True,
            "face_consent": False,
            "created_at": at,
            "created_by": "owner",
            "updated_at": at,
        }
        for case_id, side in (("ca-m", "missing"), ("ca-r", "rescued")):
            connection.execute(insert(tables.cases).values(id=case_id, side=side, **case))
        connection.execute(
            insert(tables.matches).values(
                id="ma-1",
                missing_id="ca-m",
                rescued_id="ca-r",
                state="suggested",
                grade="probable",
                weight=12.0,
                weight_without_face=12.0,
                probability=0.9,
                contributions=[],
                routes=[],
                model_version="1",
                evidence_hash="0",
                missing_version=1,
                rescued_version=1,
                created_at=at,
                updated_at=at,
            )
        )

    def partner(
        self, name: str, *, url: str | None = None, email: str | None = None, secret: str = SECRET, active: bool = True
    ) -> str:
        with self.database.write() as connection:
            partners.add_partner(
                connection,
                partner_id=name,
                name=name,
                kind="ngo",
                country="IN",
                language="en",
                at=self.clock(),
                email=email,
                webhook_url=url,
                webhook_secret=secret,
                active=active,
            )
        return name

    def alert(
        self,
        recipient: str,
        *channels: str,
        payload: dict[str, object] | None = None,
        priority: str = "critical",
        not_before: datetime | None = None,
    ) -> list[str]:
        """Put one alert into the outbox; return the ids of its messages, `ob-1-webhook` and so on."""
        self._count += 1
        alert_id = f"al-{self._count:04}"
        message_ids = [f"ob-{self._count:04}-{channel}" for channel in channels or ("webhook",)]
        with self.database.write() as connection:
            stored = (
                payload
                or AlertNotice(
                    alert_id=alert_id,
                    match_id="ma-1",
                    event="new",
                    grade="probable",
                    priority=priority,
                    your_record_id="ca-m",
                    other_organisation="Childline",
                    due_at=self.clock() + timedelta(hours=4),
                    link=f"/console/alerts/{alert_id}",
                ).to_payload()
            )
            alerts.add_alert(
                connection,
                alert_id=alert_id,
                match_id="ma-1",
                recipient_id=recipient,
                event="new",
                dedupe_key=alert_id,
                grade="probable",
                priority=priority,
                due_at=self.clock() + timedelta(hours=4),
                at=self.clock(),
                messages=[
                    alerts.NewMessage(message_id, channel, stored, not_before)
                    for message_id, channel in zip(message_ids, channels or ("webhook",), strict=True)
                ],
            )
        return message_ids

    def outcomes(self, message_id: str) -> list[tuple[str, int | None]]:
        with self.database.read() as connection:
            return [(row.outcome, row.status_code) for row in outbox.attempts_of(connection, message_id)]

    def details(self, message_id: str) -> str:
        with self.database.read() as connection:
            return " | ".join(row.detail for row in outbox.attempts_of(connection, message_id))

    def state(self, message_id: str) -> str:
        return self.message(message_id).state

    def message(self, message_id: str) -> outbox.MessageState:
        with self.database.read() as connection:
            states = outbox.messages_of(connection, f"al-{message_id.split('-')[1]}")
        return next(state for state in states if state.id == message_id)

    def get_partner(self, name: str) -> partners.Partner:
        with self.database.read() as connection:
            found = partners.get_partner(connection, name)
        assert found is not None
        return found

    def dispatcher(
        self,
        *,
        webhook_sender: WebhookSender | None = None,
        email_sender: EmailSender | None = None,
        clock: Callable[[], datetime] | None = None,
        smtp_port: int | None = None,
        timeout_s: float = 5.0,
        allow_private: bool = True,
        workers: int = 4,
        batch: int = 100,
        poll_s: float = 0.1,
        lease_s: float = 120.0,
        schedule: Sequence[timedelta] = SCHEDULE,
    ) -> Dispatcher:
        settings = DeliverySettings(
            smtp_host="127.0.0.1" if smtp_port else None,
            smtp_port=smtp_port or 25,
            sender="alerts@sandhan.example.org",
            public_url="https://sandhan.example.org",
            allow_private_targets=allow_private,
            timeout_s=timeout_s,
            workers=workers,
            batch=batch,
            poll_s=poll_s,
            lease_s=lease_s,
            schedule=schedule,
        )
        made = Dispatcher(self.database, settings, clock or self.clock, lambda: 0.0, webhook_sender, email_sender)
        self._stoppable.append(made)
        return made

    def close(self) -> None:
        for dispatcher in self._stoppable:
            dispatcher.stop()


@pytest.fixture(scope="session")
def empty_sqlite(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One migrated file; copying it is much faster than migrating for each test."""
    path = tmp_path_factory.mktemp("store") / "empty.db"
    upgrade(f"sqlite:///{path}")
    return path


@pytest.fixture(
    params=["sqlite", pytest.param("postgresql", marks=[pytest.mark.postgres] if POSTGRES else [pytest.mark.skip])]
)
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    if request.param == "sqlite":
        path = tmp_path / "sandhan.db"
        shutil.copy(request.getfixturevalue("empty_sqlite"), path)
        yield f"sqlite:///{path}"
        return
    with postgres_copy() as url:
        yield url


@pytest.fixture
def world(database_url: str) -> Iterator[World]:
    # The file beside an embedded database; on PostgreSQL there is none.
    database = Database.open(database_url, None if database_url.startswith("sqlite") else GivenKeys(MASTER_KEY))
    made = World(database)
    yield made
    made.close()
    database.dispose()


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A fresh self-signed certificate for hooks.partner.example, and its key."""
    if shutil.which("openssl") is None:
        pytest.skip("needs the openssl command to make a certificate")
    folder = tmp_path_factory.mktemp("tls")
    certificate, key = folder / "certificate.pem", folder / "key.pem"
    subprocess.run(
        [
            *("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"),
            *("-keyout", str(key), "-out", str(certificate), "-days", "2", "-subj", "/CN=hooks.partner.example"),
            *("-addext", "subjectAltName=DNS:hooks.partner.example"),
        ],
        check=True,
        capture_output=True,
    )
    return certificate, key
