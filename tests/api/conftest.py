"""A whole service on a fresh database, the partners who use it, and a photographer who needs no model."""

from __future__ import annotations

import base64
import hashlib
import io
import itertools
import json
import random
import secrets
import shutil
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import numpy as np
import pytest
from argon2 import PasswordHasher
from PIL import Image
from sqlalchemy import func, select
from starlette.testclient import TestClient

from api.access import CASE_WORK
from api.app import create_app
from api.bootstrap import Sandhan
from api.face_model import FACE_MODEL
from api.partners.service import Welcome
from api.people.passwords import Passwords
from api.settings import Settings
from api.store import partners, tables, upgrade
from matcher.photos.errors import NoFace, PoolBusy, SeveralFaces
from matcher.photos.faces import Box, DetectedFace, FaceMeasures, PhotoResult, Quality
from matcher.photos.reading import read_photo
from tests.databases import DIALECTS, postgres_copy

if TYPE_CHECKING:
    from .town import Town  # which needs what stands here

MASTER_KEY = base64.b64encode(bytes(range(32))).decode()
START = datetime(2026, 11, 1, 9, 0, tzinfo=UTC)
# The cheapest that Argon2 takes: how long it takes is no test's matter.
CHEAP = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
GREEN, FACELESS = (96, 160, 96), (0, 0, 255)

REPORT: dict[str, Any] = {
    "side": "missing",
    "external_id": "FIR-2023-77",
    "name": "সুনীতা মণ্ডল",
    "nickname": "বুড়ি",
    "father_name": "রমেশ মণ্ডল",
    "mother_name": "মালতী মণ্ডল",
    "sex": "female",
    "birth_date": "2011-05-30",
    "country": "India",
    "state": "পশ্চিমবঙ্গ",
    "district": "দক্ষিণ ২৪ পরগনা",
    "village": "গোসাবা",
    "address": "নদীর ধারে, কাছারি পাড়া",
    "phone": ["+91 98301 55501"],
    "identifier": ["aadhaar:4821 7735 9026"],
    "languages": ["bn"],
    "marks": ["mole on left cheek"],
    "last_seen": "2023-08-14",
    "narrative": "Left with a woman who promised work in a beauty parlour.",
}
RESCUE: dict[str, Any] = {
    "side": "rescued",
    "external_id": "MUM-2026-0117",
    "name": "सुनिता",
    "nickname": "बुड़ी",
    "father_name": "रमेश मंडल",
    "mother_name": "मालती",
    "sex": "female",
    "age": "15",
    "age_basis": "guess",
    "country": "India",
    "state": "West Bengal",
    "district": "South 24 Parganas",
    "village": "Gosaba",
    "phone": ["098301 55501"],
    "languages": ["bn", "hi"],
    "marks": ["mole on cheek"],
    "found": "2026-10-28",
    "event_country": "India",
    "event_state": "Maharashtra",
    "event_district": "Mumbai",
    "narrative": "Found behind the wholesale market.",
}


class TickingClock:
    """A clock that a test can move; each look is a millisecond later, so that ids sort by age."""

    def __init__(self, now: datetime = START) -> None:
        self._now = now
        self._lock = threading.Lock()

    def __call__(self) -> datetime:
        with self._lock:
            self._now += timedelta(milliseconds=1)
            return self._now

    def advance(self, **by: float) -> None:
        with self._lock:
            self._now += timedelta(**by)


class FakePhotographer:
    """Reads photos for real and sees in each the face of its colour: equal colours are one person, `FACELESS` none.

    Where the left half has another colour than the right one, two people stand side by side.
    """

    def __init__(self) -> None:
        self.seen: list[bytes] = []
        self.busy = False

    def process(self, data: bytes, *, pick: Box | None = None) -> PhotoResult:
        if self.busy:
            raise PoolBusy(1)
        self.seen.append(data)
        photo = read_photo(data)
        height, width = photo.pixels.shape[:2]
        colours = [_rounded(photo.pixels[height // 2, width * part // 4]) for part in (1, 3)]
        box, colour = Box(0, 0, width, height), colours[0]
        if len(set(colours)) == 2:
            boxes = (Box(0, 0, width // 2, height), Box(width // 2, 0, width, height))
            if pick is None:
                several = SeveralFaces(boxes, (width, height))
                several.picture, several.captured_on = photo.jpeg, photo.captured_on
                raise several
            box, colour = pick, colours[boxes.index(pick)]
        if colour == _rounded(FACELESS):
            raise NoFace((0,), (1,), (width, height))
        seed = int.from_bytes(hashlib.sha256(repr(colour).encode()).digest()[:4])
        drawn = np.random.default_rng(seed).normal(size=128)
        vector = (drawn / np.linalg.norm(drawn) * 1.4).astype(np.float32)
        measures = FaceMeasures(120, 200.0, 1.5, 20.0, 220.0)
        face = DetectedFace(box, 1.5, Quality.GOOD, vector, measures)
        return PhotoResult(photo.jpeg, "image/jpeg", photo.captured_on, (face,), (width, height), FACE_MODEL)


def _rounded(colour: Iterable[int]) -> tuple[int, ...]:
    return tuple(round(float(part) / 32) * 32 for part in colour)


def picture(colour: tuple[int, int, int], size: tuple[int, int] = (96, 96), exif: Image.Exif | None = None) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", size, colour).save(out, "JPEG", quality=95, **({"exif": exif} if exif else {}))
    return out.getvalue()


@dataclass(frozen=True)
class Member:
    """A partner with its key."""

    id: str
    key: str
    key_id: str

    @property
    def headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.key}"}


@dataclass(repr=False)  # it holds the whole service; a failing test would print it all
class House:
    """The services, a client that talks to them, and short ways to say what a test needs."""

    sandhan: Sandhan
    client: TestClient
    clock: TickingClock
    photographer: FakePhotographer
    members: dict[str, Member] = field(default_factory=dict)
    _numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1))
    _agreeing: set[str] = field(default_factory=set)

    def __getitem__(self, name: str) -> Member:
        return self.members[name]

    def ask(self, who: str | None, method: str, path: str, **more: Any) -> httpx.Response:
        headers = dict(self.members[who].headers if who else {}) | dict(more.pop("headers", {}))
        answer: httpx.Response = self.client.request(method, path, headers=headers, **more)
        return answer

    def enter(self, who: str, form: dict[str, Any], *photos: bytes, **changed: Any) -> dict[str, Any]:
        """Register a case and return the answer."""
        answer = self.send(who, form | changed, *photos)
        assert answer.status_code in (200, 201), answer.text
        return dict(answer.json())

    def send(
        self,
        who: str | None,
        form: Any,
        *photos: bytes,
        path: str = "/v1/cases",
        method: str = "POST",
        part: str = "case",
        headers: dict[str, str] | None = None,
    ) -> httpx.Response:
        if not photos:
            return self.ask(who, method, path, json=form, headers=headers or {})
        files: list[Any] = [("photos", (f"photo{n}.jpg", data, "image/jpeg")) for n, data in enumerate(photos)]
        return self.ask(who, method, path, data={part: json.dumps(form)}, files=files, headers=headers or {})

    def join(self, name: str, kind: str, areas: tuple[str, ...] = (), *, agrees: bool = True, **more: Any) -> Member:
        """Register a partner over HTTP, as the operator does; it exchanges with all others unless it does not agree."""
        form = {"name": name, "kind": kind, "country": "IN", "areas": list(areas), "key_permissions": CASE_WORK, **more}
        answer = self.ask("operator", "POST", "/v1/partners", json=form)
        assert answer.status_code == 201, answer.text
        member = self.keep(name, answer.json()["id"], answer.json()["api_key"])
        if agrees:
            others = [other.id for other in self.members.values() if other.id in self._agreeing]
            self._agreeing.add(member.id)
            if others:
                parties = {"parties": [member.id, *others], "reference": "MoU", "signed": True}
                assert self.ask("operator", "POST", "/v1/agreements", json=parties).status_code == 201
        return member

    def keep(self, name: str, partner_id: str, key: str) -> Member:
        with self.sandhan.database.read() as conn:
            key_id = partners.list_keys(conn, partner_id)[0].id
        self.members[name] = Member(partner_id, key, key_id)
        return self.members[name]

    def key_with(
        self, who: str, *permissions: str, expires_at: datetime | None = None, revoked: bool = False
    ) -> dict[str, str]:
        """Give a partner one more key with these permissions only; return its headers."""
        secret = f"sk_{secrets.token_hex(24)}"
        key_id = f"key-{next(self._numbers)}"
        with self.sandhan.database.write() as conn:
            partners.add_key(
                conn, key_id=key_id, partner_id=self[who].id, label="test", at=START, expires_at=expires_at,
                secret_hash=hashlib.sha256(secret.encode()).hexdigest(), permissions=permissions,
            )  # fmt: skip
            if revoked:
                partners.revoke_key(conn, key_id, START)
        return {"Authorization": f"Bearer {secret}"}

    def row_counts(self) -> dict[str, int]:
        """Return how many rows each table has."""
        with self.sandhan.database.read() as conn:
            return {
                name: conn.scalar(select(func.count()).select_from(table)) or 0
                for name, table in tables.metadata.tables.items()
            }


@pytest.fixture
def report() -> dict[str, Any]:
    return dict(REPORT)


@pytest.fixture
def rescue() -> dict[str, Any]:
    return dict(RESCUE)


@pytest.fixture(scope="session", params=DIALECTS)
def dialect(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated file; copying it is much faster than migrating for each test."""
    path = tmp_path_factory.mktemp("template") / "sandhan.db"
    upgrade(f"sqlite:///{path}")
    return path


@contextmanager
def empty_database(dialect: str, home: Path, template: Path) -> Iterator[str]:
    """Give `Settings.database_url` of a migrated, empty database; empty for the embedded one."""
    if dialect == "sqlite":
        home.mkdir(exist_ok=True)
        shutil.copy(template, home / "sandhan.db")
        yield ""
        return
    with postgres_copy() as url:
        yield url


@pytest.fixture
def command_home(monkeypatch: pytest.MonkeyPatch, dialect: str, tmp_path: Path, template: Path) -> Iterator[Path]:
    """The folder `var` of an empty deployment, SQLite or PostgreSQL, that commands find by their settings.

    Its master key is in the file that is made when something is sealed.
    """
    monkeypatch.chdir(tmp_path)
    for name in ("MASTER_KEY", "MASTER_KEY_FILE", "MASTER_KEY_COMMAND"):
        monkeypatch.setenv(f"SANDHAN_{name}", "")
    folder = tmp_path / "var"
    with empty_database(dialect, folder, template) as url:
        monkeypatch.setenv("SANDHAN_HOME", str(folder))
        monkeypatch.setenv("SANDHAN_DATABASE_URL", url)
        monkeypatch.setenv("SANDHAN_FACES", "false")
        yield folder


@contextmanager
def open_house(
    home: Path, database_url: str = "", *, seed: int = 1, passwords: Passwords | None = None, **changed: Any
) -> Iterator[House]:
    """Give the services with an open index and no background work.

    Args:
        seed: of ids and keys; two houses on one database need two.
        passwords: in place of cheap ones.
        changed: further settings.
    """
    photographer, clock = FakePhotographer(), TickingClock()
    keys = {"master_key": MASTER_KEY} if database_url else {}  # embedded, the file beside the database
    drawn = random.Random(seed).randbytes
    unlimited = {"rate_per_minute": 0, "query_rate_per_minute": 0, "failed_rate_per_minute": 0, "stream_s": 0}
    settings = Settings(_env_file=None, home=home, database_url=database_url, **(keys | unlimited | changed))
    with Sandhan.build(
        settings,
        clock=clock,
        random_bytes=drawn,
        jitter=lambda: 0.0,
        photographer=photographer,
        passwords=passwords or Passwords(drawn, CHEAP),
    ) as sandhan:
        # A fault must come out as an answer, not as an exception: the client raises whatever leaves the application.
        client = TestClient(create_app(sandhan, start=False))
        yield House(sandhan, client, clock, photographer)


def settle(house: House) -> None:
    """Let in the partners of most tests: each stands in another relation to the pair of `report` and `rescue`."""
    welcome: Welcome = house.sandhan.partners.register_operator("Operator", "IN")
    house.keep("operator", welcome.partner.id, welcome.api_key)
    house.join("shelter", "shelter", ("IN/MH",), email="shelter@example.org")  # owns the rescued person's record
    house.join("family", "ngo", email="family@example.org")  # owns the report
    house.join("ahtu", "ahtu", ("IN/WB/south-24-parganas",), email="ahtu@example.org")  # where the family lives
    house.join("mumbai", "ngo", ("IN/MH",), email="mumbai@example.org")  # where she was found
    house.join("stranger", "ahtu", ("IN/AS",), email="stranger@example.org")


@contextmanager
def settled_house(dialect: str, home: Path, template: Path, **changed: Any) -> Iterator[House]:
    """Give services on an empty database, with an open index and the partners of `settle`."""
    with empty_database(dialect, home, template) as url, open_house(home, url, **changed) as made:
        made.sandhan.open_index()
        settle(made)
        yield made


@pytest.fixture(scope="module")
def house(dialect: str, tmp_path_factory: pytest.TempPathFactory, template: Path) -> Iterator[House]:
    """One house for the tests of a module; each enters cases of its own."""
    with settled_house(dialect, tmp_path_factory.mktemp("house") / "home", template) as made:
        yield made


@pytest.fixture
def fresh_house(dialect: str, tmp_path: Path, template: Path) -> Iterator[House]:
    """A house without any case."""
    with settled_house(dialect, tmp_path / "home", template) as made:
        yield made


@pytest.fixture(scope="module")
def town(dialect: str, tmp_path_factory: pytest.TempPathFactory, template: Path) -> Iterator[Town]:
    """One house with people for the tests of a module; each invites people of its own."""
    from .town import Town

    with settled_house(dialect, tmp_path_factory.mktemp("town") / "home", template) as house:
        yield Town(house)


@pytest.fixture
def two_towns(dialect: str, tmp_path: Path, template: Path) -> Iterator[tuple[Town, Town]]:
    """Two processes on one database; their clocks run apart by milliseconds."""
    from .town import Town

    home = tmp_path / "home"
    with (
        empty_database(dialect, home, template) as url,
        open_house(home, url) as first,
        open_house(home, url, seed=2) as second,
    ):
        settle(first)
        second.members = first.members
        yield Town(first), Town(second)


@dataclass(frozen=True)
class Pair:
    """The house after report and rescue came in and were matched."""

    house: House
    missing_id: str
    rescued_id: str
    match_id: str
    photo_id: str
    alerts: dict[str, str]
    """Name of the member -> id of its alert."""


@pytest.fixture(scope="module")
def pair(dialect: str, tmp_path_factory: pytest.TempPathFactory, template: Path) -> Iterator[Pair]:
    """A matched pair that the tests of one module read and do not change."""
    with settled_house(dialect, tmp_path_factory.mktemp("pair") / "home", template) as house:
        yield matched(house)


def matched(house: House) -> Pair:
    missing = house.enter("family", REPORT, picture(GREEN))
    rescued = house.enter("shelter", RESCUE, picture(GREEN, (120, 96)), face_consent=True)
    told = {}
    for name in house.members.keys() - {"operator"}:
        items = house.ask(name, "GET", "/v1/alerts").json()["items"]
        told.update({name: items[0]["id"]} if items else {})
    photo_id = rescued["case"]["photos"][0]["id"]
    return Pair(house, missing["case"]["id"], rescued["case"]["id"], rescued["matches"][0]["id"], photo_id, told)
