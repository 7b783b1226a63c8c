"""Is a photo given up only when reading it took the process down, and never because of what happened around it?"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from api.access import CASE_WORK, AccessScope
from api.bootstrap import Sandhan
from api.cases.forms import CaseForm
from api.face_model import FACE_MODEL
from api.partners.service import NewPartner
from api.settings import Settings
from api.store import photos
from matcher.photos.errors import PoolBusy
from matcher.photos.faces import Box, DetectedFace, FaceMeasures, PhotoResult, Quality

NOW = datetime(2026, 11, 15, 9, 0, tzinfo=UTC)
FORM = CaseForm(side="missing", external_id="1", name="Rina Das", sex="female", country="India")


class Camera:
    """Finds a face in every photo; the test says what happens before."""

    def __init__(self) -> None:
        self.before: Callable[[bytes], None] = lambda _: None
        self.read: list[bytes] = []

    def process(self, data: bytes, *, pick: Box | None = None) -> PhotoResult:
        assert pick is None
        self.before(data)
        self.read.append(data)
        vector = np.full(128, 1.0, dtype=np.float32) / np.float32(np.sqrt(128))
        measures = FaceMeasures(width=90, sharpness=200.0, score=1.5, darkest=30.0, brightest=220.0)
        face = DetectedFace(Box(10, 10, 100, 100), 1.5, Quality.GOOD, vector, measures)
        return PhotoResult(data, "image/jpeg", None, (face,), (120, 120), FACE_MODEL)


class MovableClock:
    """Stands still until it is moved on."""

    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> datetime:
        return self.now

    def advance(self, **by: float) -> None:
        self.now += timedelta(**by)


@pytest.fixture
def clock() -> MovableClock:
    return MovableClock()


@pytest.fixture
def camera() -> Camera:
    return Camera()


@pytest.fixture
def sandhan(tmp_path: Path, camera: Camera, clock: MovableClock) -> Iterator[Sandhan]:
    settings = Settings(home=tmp_path, database_url="", faces=True)
    rng = random.Random(1)
    with Sandhan.build(
        settings, clock=clock, random_bytes=rng.randbytes, jitter=lambda: 0.0, photographer=camera
    ) as services:
        services.open_index()
        yield services


@pytest.fixture
def scope(sandhan: Sandhan) -> AccessScope:
    operator = sandhan.partners.scope_of(sandhan.partners.register_operator("Operator", "IN").api_key)
    partner = sandhan.partners.register(NewPartner("Unit", "ahtu", "IN"), operator).partner
    return AccessScope(partner.id, "key", partner.kind, partner.areas, frozenset(CASE_WORK))


def states(sandhan: Sandhan, case_id: str) -> list[tuple[str, int | None]]:
    with sandhan.database.read() as conn:
        return [(photo.state, photo.faces_found) for photo in photos.list_photos(conn, case_id)]


def test_a_busy_pool_never_makes_a_photo_be_given_up(sandhan: Sandhan, scope: AccessScope, camera: Camera) -> None:
    def busy(_data: bytes) -> None:
        raise PoolBusy(8)

    camera.before = busy
    case = sandhan.cases.register(FORM, scope, [b"photo"]).case
    for _ in range(5):
        sandhan.cases.recover()
        assert states(sandhan, case.id) == [("pending", None)]
    camera.before = lambda _: None
    sandhan.cases.recover()
    assert states(sandhan, case.id) == [("embedded", 1)]


def test_a_photo_that_takes_the_process_down_twice_is_given_up(
    sandhan: Sandhan, scope: AccessScope, camera: Camera, clock: MovableClock
) -> None:
    def die(_data: bytes) -> None:
        raise SystemExit(137)

    camera.before = die
    with pytest.raises(SystemExit):
        sandhan.cases.register(FORM, scope, [b"photo"])
    with pytest.raises(SystemExit):
        sandhan.cases.recover()
    camera.before = lambda _: None
    camera.read.clear()
    sandhan.cases.recover()
    # Other processes might be at it still: it is given up only when any that lives would be done.
    assert camera.read == []
    clock.advance(minutes=11)
    sandhan.cases.recover()
    assert camera.read == []
    ((case, _),) = sandhan.cases.own_page(scope, side=None, status=None, after=None, limit=5)[0]
    assert states(sandhan, case.id) == [("failed", None)]
    assert case.matched_version == case.version


def test_whoever_comes_late_leaves_a_settled_photo_alone(sandhan: Sandhan, scope: AccessScope, camera: Camera) -> None:
    # Three workers took the same list of two photos; each meets the second one after the first has settled it.
    depth = 0

    def another_worker(data: bytes) -> None:
        nonlocal depth
        if data == b"first" and depth < 2:
            depth += 1
            sandhan.photos.process_pending()

    camera.before = another_worker
    case = sandhan.cases.register(FORM, scope, [b"first", b"second"]).case
    assert states(sandhan, case.id) == [("embedded", 1), ("embedded", 1)]
    assert camera.read.count(b"second") == 1
