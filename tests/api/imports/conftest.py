"""A desk at which files are imported: writes CSV, imports it as one partner, looks into the database."""

from __future__ import annotations

import csv
import io
import itertools
import random
import shutil
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sqlalchemy import func, select

from api.access import OPERATOR, AccessScope
from api.bootstrap import Sandhan
from api.commands.context import scope_for
from api.commands.imports import import_service
from api.face_model import FACE_MODEL
from api.imports.summary import ImportRequest, ImportSummary
from api.partners.service import NewPartner
from api.settings import Settings
from api.store import cases, tables
from api.store.cases import Case
from api.store.photos import Photo
from matcher.photos.errors import NotAnImage, PhotoTooLarge, PoolBusy
from matcher.photos.faces import Box, DetectedFace, FaceMeasures, PhotoResult, Quality
from tests.databases import postgres_copy

START = datetime(2026, 11, 1, 9, 0, tzinfo=UTC)


class Camera:
    """Sees a face in whatever begins with FACE, and is busy when told so."""

    def __init__(self) -> None:
        self.busy = False
        self.seen: list[bytes] = []

    def process(self, data: bytes, *, pick: Box | None = None) -> PhotoResult:
        assert pick is None
        if self.busy:
            raise PoolBusy(1)
        self.seen.append(data)
        if len(data) > 1024 * 1024:
            raise PhotoTooLarge("bytes", 1024 * 1024, len(data))
        if not data.startswith(b"FACE"):
            raise NotAnImage
        vector = np.random.default_rng(list(data)).normal(size=128).astype(np.float32)
        measures = FaceMeasures(120, 200.0, 1.5, 20.0, 220.0)
        face = DetectedFace(Box(0, 0, 90, 90), 1.5, Quality.GOOD, vector, measures)
        return PhotoResult(data, "image/jpeg", None, (face,), (90, 90), FACE_MODEL)


@dataclass
class Desk:
    sandhan: Sandhan
    scope: AccessScope
    folder: Path
    camera: Camera

    def file(self, rows: Iterable[Mapping[str, object]], name: str = "reports.csv", encoding: str = "utf-8") -> Path:
        """Write rows as CSV; the columns are the keys of all rows."""
        rows = list(rows)
        columns = list(dict.fromkeys(key for row in rows for key in row))
        out = io.StringIO(newline="")
        writer = csv.DictWriter(out, columns, restval="")
        writer.writeheader()
        writer.writerows(rows)
        return self.raw(out.getvalue().encode(encoding), name)

    def raw(self, data: bytes | str, name: str = "reports.csv") -> Path:
        path = self.folder / name
        path.write_bytes(data.encode() if isinstance(data, str) else data)
        return path

    def run(self, file: Path, **request: Any) -> ImportSummary:
        options = {"side": "missing", "match": False} | request
        return import_service(self.sandhan).run(ImportRequest(file=file, **options), self.scope)

    def photos(self, case_id: str) -> list[Photo]:
        return self.sandhan.cases.photos(case_id, self.scope)

    def row_counts(self) -> dict[str, int]:
        """Return how many rows each table has."""
        with self.sandhan.database.read() as conn:
            return {
                name: conn.scalar(select(func.count()).select_from(table)) or 0
                for name, table in tables.metadata.tables.items()
            }

    def other(self, name: str = "Shelter", kind: str = "shelter") -> Desk:
        """Return the desk of another partner in the same house."""
        scope = partner(self.sandhan, name, kind)
        local = AccessScope("command-line", "command-line", "operator", (), frozenset(OPERATOR))
        self.sandhan.agreements.propose([self.scope.partner_id, scope.partner_id], "MoU", None, local, signed=True)
        return Desk(self.sandhan, scope, self.folder, self.camera)

    def cases(self) -> list[Case]:
        with self.sandhan.database.read() as conn:
            return cases.list_cases(conn, owner_id=self.scope.partner_id, limit=10_000)

    def case(self, external_id: str, side: str = "missing") -> Case:
        with self.sandhan.database.read() as conn:
            found = cases.find_by_external(conn, self.scope.partner_id, side, external_id)
        assert found is not None
        return found


@contextmanager
def database_url(dialect: str, home: Path, template: Path) -> Iterator[str]:
    """Give `Settings.database_url` of a migrated, empty database; empty for the embedded one."""
    if dialect == "sqlite":
        home.mkdir()
        shutil.copy(template, home / "sandhan.db")
        yield ""
        return
    with postgres_copy() as url:
        yield url


@pytest.fixture
def desk(dialect: str, template: Path, tmp_path: Path) -> Iterator[Desk]:
    folder = tmp_path / "desk"
    folder.mkdir()
    ticks = itertools.count()
    camera = Camera()
    with database_url(dialect, tmp_path / "home", template) as url:
        settings = Settings(_env_file=None, home=tmp_path / "home", database_url=url, photo_limit_mb=1)  # type: ignore[call-arg]
        with Sandhan.build(
            settings, clock=lambda: START + timedelta(milliseconds=next(ticks)),
            random_bytes=random.Random(1).randbytes, jitter=lambda: 0.0, photographer=camera,
        ) as sandhan:  # fmt: skip
            yield Desk(sandhan, partner(sandhan, "Family desk", "ngo"), folder, camera)


def partner(sandhan: Sandhan, name: str, kind: str) -> AccessScope:
    operator = AccessScope("command-line", "command-line", "operator", (), frozenset(OPERATOR))
    new = NewPartner(name, kind, "IN", areas=("IN/WB",), email=f"{kind}@example.org")
    return scope_for(sandhan.partners.register(new, operator).partner)


def read_csv(path: Path, delimiter: str = ",") -> list[dict[str, str]]:
    data = path.read_bytes()
    assert data.startswith(b"\xef\xbb\xbf"), "without the mark Excel takes it for another encoding"
    return list(csv.DictReader(io.StringIO(data.decode("utf-8-sig"), newline=""), delimiter=delimiter))


@pytest.fixture
def rejects_of() -> Any:
    return read_csv
