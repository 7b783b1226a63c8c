"""Which small world do the crash tests break? One police unit, one shelter, 26 reports and one true pair, every time.

The parts that a test needs to hold in its hand are injected: the clock, randomness, the photographer and the senders.
"""

from __future__ import annotations

import hashlib
import json
import os
import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from email.message import EmailMessage
from pathlib import Path
from typing import Final

import numpy as np

from api.access import CASE_WORK, AccessScope
from api.alerts.delivery import DeliverySettings, Dispatcher
from api.alerts.outcomes import SendResult
from api.bootstrap import Sandhan
from api.cases.forms import CaseForm
from api.face_model import FACE_MODEL
from api.ids import Clock
from api.partners.service import NewPartner
from api.settings import Settings
from api.store import outbox_lanes, partners, upgrade
from data.synthetic import LinkedSample, SyntheticRecord, linked_sample
from matcher.photos.faces import Box, DetectedFace, FaceMeasures, PhotoResult, Quality

Tick = Callable[[str], None]

START: Final = datetime(2026, 11, 15, 9, 0, tzinfo=UTC)
REPORTS: Final = 26
RESCUE_ID: Final = "SHELTER-1"
UNIT, SHELTER = "unit", "shelter"
_LEDGER, _KEYS = "ledger", "keys.json"


def sample(rescues: int = 1, reports: int = REPORTS, today: date = START.date()) -> LinkedSample:
    """Return synthetic people; every rescued one has a report."""
    return linked_sample(5, reports, rescues, today=today, share=1.0)


def true_report(people: LinkedSample) -> SyntheticRecord:
    """Return the report about the first rescued person."""
    wanted = people.truth[people.rescues[0].record_id]
    return next(report for report in people.reports if report.record_id == wanted)


def rescue_form(fields: dict[str, object], external_id: str = RESCUE_ID) -> CaseForm:
    """Return a rescued person who agreed that photos are compared."""
    return CaseForm.model_validate({"side": "rescued", "external_id": external_id, "face_consent": True, **fields})


def photo(record: SyntheticRecord) -> bytes:
    """Return what `Camera` takes for a photo of the person whom a record is about."""
    return f"{record.side} {record.person_id}".encode()


class SteppingClock:
    """Moves on by a millisecond at each look, so that ids sort in the order in which they were made."""

    def __init__(self, now: datetime) -> None:
        self.now = now

    def __call__(self) -> datetime:
        self.now += timedelta(milliseconds=1)
        return self.now


class Camera:
    """In place of the photo pool: finds one face in every photo, alike in all photos of one person."""

    def __init__(self, tick: Tick = lambda _: None) -> None:
        self._tick = tick

    def process(self, data: bytes, *, pick: Box | None = None) -> PhotoResult:
        assert pick is None
        self._tick("before the photo is read")
        side, person = data.decode().split()
        features = np.random.default_rng(list(person.encode())).normal(size=128)
        features[0] += 3.0 if side == "rescued" else 0.0
        vector = (features / np.linalg.norm(features)).astype(np.float32)
        measures = FaceMeasures(width=90, sharpness=200.0, score=1.5, darkest=30.0, brightest=220.0)
        face = DetectedFace(Box(10, 10, 100, 100), 1.5, Quality.GOOD, vector, measures)
        self._tick("after the photo was read")
        return PhotoResult(b"cleaned " + data, "image/jpeg", None, (face,), (120, 120), FACE_MODEL)


class Ledger:
    """What the receivers got, one line each, on disk before the sender hears of it; survives the process."""

    def __init__(self, home: Path, tick: Tick) -> None:
        self._path, self._tick = home / _LEDGER, tick

    def webhook(self, url: str, secret: str, message_id: str, body: bytes, now: datetime) -> SendResult:  # noqa: ARG002
        return self._deliver("webhook", message_id, body, 204)

    def email(self, message: EmailMessage) -> SendResult:
        return self._deliver("email", str(message["Message-ID"]).strip("<>").split("@")[0], message.as_bytes(), 250)

    def entries(self) -> list[tuple[str, str, str]]:
        """Return channel, message id and checksum of every delivery, in order."""
        if not self._path.exists():
            return []
        rows = [line.split(" ") for line in self._path.read_text().splitlines()]
        return [(channel, message_id, digest) for channel, message_id, digest in rows]

    def _deliver(self, channel: str, message_id: str, content: bytes, status: int) -> SendResult:
        self._tick(f"before the {channel} is sent")
        file = os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        os.write(file, f"{channel} {message_id} {hashlib.sha256(content).hexdigest()}\n".encode())
        os.fsync(file)
        os.close(file)
        self._tick(f"the {channel} is sent, not recorded")
        return SendResult("delivered", status)


@dataclass(frozen=True)
class World:
    """One life of the process: its services, and what the test put around them."""

    home: Path
    sandhan: Sandhan
    clock: SteppingClock
    dispatcher: Dispatcher
    ledger: Ledger

    def scope(self, who: str) -> AccessScope:
        """Return the scope of the unit or the shelter, found by its key as a request would."""
        keys: dict[str, str] = json.loads((self.home / _KEYS).read_text())
        return self.sandhan.partners.scope_of(keys[who])

    def deliver_all(self) -> bool:
        """Send until nothing is due; whenever the rest has to wait, the clock jumps. False if there is no end."""
        for _ in range(20):
            self.dispatcher.run_once()
            with self.sandhan.database.read() as conn:
                due = outbox_lanes.next_due(conn, self.clock.now)
            if due is None:
                return True
            self.clock.now = max(self.clock.now, due + timedelta(seconds=1))
        return False


@contextmanager
def life(home: Path, url: str, now: datetime, seed: int, tick: Tick = lambda _: None) -> Iterator[World]:
    """Start on a home, with the index open. Lives of one home need different seeds, or they make the same ids.

    Args:
        url: address of the database; empty for SQLite in the home.
        tick: called at every place outside the database where the process may be killed.
    """
    clock = SteppingClock(now)
    settings = home_settings(home, url)
    rng = random.Random(seed)
    with Sandhan.build(
        settings, clock=clock, random_bytes=rng.randbytes, jitter=lambda: 0.0, photographer=Camera(tick)
    ) as sandhan:
        sandhan.open_index()
        ledger = Ledger(home, tick)
        # One worker: two lanes side by side would count the crash points in another order each time.
        delivery = DeliverySettings(None, 25, "alerts@sandhan.example.org", settings.public_url, workers=1)
        with Dispatcher(sandhan.database, delivery, clock, lambda: 0.0, ledger.webhook, ledger.email) as dispatcher:
            yield World(home, sandhan, clock, dispatcher, ledger)


def home_settings(home: Path, url: str = "", **changed: object) -> Settings:
    """Return settings that depend on nothing around the test."""
    fixed: dict[str, object] = {"home": home, "database_url": url, "faces": True, "_env_file": None}
    return Settings(**(fixed | changed))  # type: ignore[arg-type]


def found_home(
    home: Path, url: str, people: LinkedSample, clock: Clock, webhook: tuple[str, str], seed: int = 1
) -> None:
    """Make a home with the two partners and all reports, compared and in a saved index.

    Args:
        webhook: the unit's address and signing secret.
    """
    settings = home_settings(home, url, allow_private_targets=True)
    if url:
        upgrade(url)
    rng = random.Random(seed)
    with Sandhan.build(settings, clock=clock, random_bytes=rng.randbytes, photographer=Camera()) as sandhan:
        sandhan.open_index()
        operator = sandhan.partners.scope_of(sandhan.partners.register_operator("Operator", "IN").api_key)
        unit = NewPartner(
            "Unit of Nepal", "ahtu", "NP", areas=("NP",), email="unit@example.org", webhook_url=webhook[0],
            permissions=CASE_WORK,
        )  # fmt: skip
        shelter = NewPartner("Shelter in Mumbai", "shelter", "IN", email="shelter@example.org", permissions=CASE_WORK)
        welcomes = {
            UNIT: sandhan.partners.register(unit, operator),
            SHELTER: sandhan.partners.register(shelter, operator),
        }
        sandhan.agreements.propose(
            [welcome.partner.id for welcome in welcomes.values()], "MoU", None, operator, signed=True,
            # A server's clock may stand behind: see test_killed_server.
            valid_from=clock() - timedelta(days=1),
        )  # fmt: skip
        with sandhan.database.write() as conn:
            told = welcomes[UNIT].partner
            partners.set_contact(conn, told.id, email=told.email, webhook_url=webhook[0], webhook_secret=webhook[1])
        scope = sandhan.partners.scope_of(welcomes[UNIT].api_key)
        known = {report.record_id for report in people.reports if report.record_id in people.truth.values()}
        for report in people.reports:
            form = CaseForm.model_validate({"side": "missing", "external_id": report.record_id, **report.fields})
            photos = [photo(report)] if report.record_id in known else []
            sandhan.cases.register(form, scope, photos, match=False)
        sandhan.cases.recover()
        (home / _KEYS).write_text(json.dumps({who: welcome.api_key for who, welcome in welcomes.items()}))
