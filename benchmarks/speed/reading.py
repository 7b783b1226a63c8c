"""What does it cost to read an open case from the database as a record that the index takes in?

python -m benchmarks.speed.reading [--cases 20000] [--photos 0.1] [--photo-kb 40] [--database URL] [--json]

Microseconds of processor time of this process a case, best of several: for the rows as the driver gives them, for
their documents parsed, for the faces, and for all of it in pages, as one who builds an index reads them; what is left
turns parsed documents into records. Beside them, all of it where the collector searches each page for garbage, and by
ids, and the same records made of `Case` objects one by one. Reports and rescued people are as many of each, and
--photos of the reports have a photo with a face. What a database server does in a process of its own is not counted;
--database names an empty one, which is left filled.
"""

from __future__ import annotations

import argparse
import gc
import hashlib
import json
import random
import secrets
import tempfile
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import numpy as np

from api.cases.forms import CaseForm, to_person
from api.cases.records import no_search_for_garbage, open_records, records_of
from api.face_model import FACE_MODEL
from api.ids import new_id
from api.store import Connection, Database, cases, faces, partners, photos, upgrade
from api.store.open_cases import IdRange, OpenCase, open_page
from data.synthetic import linked_sample
from matcher.person import PersonRecord, Side

SEED = 80_003  # never one that trains or tunes
NOW = datetime(2026, 11, 1, tzinfo=UTC)
PAGE, PAGE_BEFORE = 4000, 1000
REPEATS, WIDTH = 5, 128
STEPS = ("rows fetched", "documents parsed", "faces")


def run(count: int, photo_share: float, photo_bytes: int, url: str | None = None) -> dict[str, float]:
    """Return microseconds a case of each step."""
    with tempfile.TemporaryDirectory() as folder, _opened(url or f"sqlite:///{folder}/cases.db") as database:
        with database.write() as conn:
            _fill(conn, count, photo_share, photo_bytes)
        with database.read() as conn:
            return {step: took / count * 1e6 for step, took in _measure(conn).items()}


def _measure(conn: Connection) -> dict[str, float]:
    pages = list(_pages(conn))
    ids = [case.id for page in pages for case in page]
    random.Random(SEED).shuffle(ids)
    some = [ids[start : start + PAGE_BEFORE] for start in range(0, len(ids), PAGE_BEFORE)]
    shown = [page for page in pages if any(case.face_consent for case in page)]
    steps: dict[str, Callable[[], object]] = {
        "rows fetched": lambda: _without_search(lambda: deque(_pages(conn), 0)),
        "documents parsed": lambda: deque((case.payload() for page in pages for case in page), 0),
        "faces": lambda: [faces.embeddings_between(conn, page[0].id, page[-1].id, FACE_MODEL) for page in shown],
        "all in pages": lambda: _without_search(lambda: deque(_record_pages(conn), 0)),
        "each page alone": lambda: deque(_record_pages(conn), 0),
        "all by ids": lambda: [len(records_of(conn, part, FACE_MODEL)) for part in some],
        "one by one": lambda: deque(_one_by_one(conn), 0),
    }
    took = {step: _best(work) for step, work in steps.items()}
    took["turned to records"] = took["all in pages"] - sum(took[step] for step in STEPS)
    return took


def _without_search(work: Callable[[], object]) -> None:
    with no_search_for_garbage():
        work()


def _best(work: Callable[[], object]) -> float:
    took = []
    for _ in range(REPEATS):
        gc.collect()
        began = time.process_time()
        work()
        took.append(time.process_time() - began)
    return min(took)


def _pages(conn: Connection) -> Iterator[list[OpenCase]]:
    within = IdRange()
    while page := open_page(conn, within, PAGE):
        yield page
        within = IdRange(page[-1].id)


def _record_pages(conn: Connection) -> Iterator[list[PersonRecord]]:
    rest: IdRange | None = IdRange()
    while rest is not None:
        page = open_records(conn, rest, PAGE, FACE_MODEL)
        yield page.records
        rest = page.rest


def _one_by_one(conn: Connection) -> Iterator[list[PersonRecord]]:
    after: str | None = None
    while page := cases.list_cases(conn, status="open", after=after, limit=PAGE_BEFORE):
        shown = faces.faces_of_cases(conn, [case.id for case in page if case.face_consent], FACE_MODEL)
        yield [to_person(case, shown.get(case.id, [])) for case in page]
        after = page[-1].id


@contextmanager
def _opened(url: str) -> Iterator[Database]:
    upgrade(url)
    database = Database.open(url)
    try:
        yield database
    finally:
        database.dispose()


def _fill(conn: Connection, count: int, photo_share: float, photo_bytes: int) -> None:
    """Store as many reports as rescued people, in one transaction; ids are in the order in which cases come in."""
    partners.add_partner(conn, partner_id="unit", name="Unit", kind="ahtu", country="IN", language="en", at=NOW)
    sample = linked_sample(SEED, count - count // 2, count // 2)
    records = [*sample.reports, *sample.rescues]
    random.Random(SEED).shuffle(records)
    new = []
    for number, record in enumerate(records):
        form = CaseForm.model_validate({"side": record.side.value, **record.fields})
        case_id = new_id("case", NOW + timedelta(milliseconds=number), secrets.token_bytes)
        new.append(cases.NewCase(case_id, form.side, "unit", form.content(NOW.date())))
    cases.insert_cases(conn, new, at=NOW, by="benchmark")
    drawn = np.random.default_rng(SEED)
    for case in new:
        if case.side != Side.MISSING or drawn.random() >= photo_share:
            continue
        content, photo_id = drawn.bytes(photo_bytes), f"photo-{case.id}"
        photos.add_photo(
            conn, photo_id=photo_id, case_id=case.id, position=0, sha256=hashlib.sha256(content).hexdigest(),
            media_type="image/jpeg", content=content, at=NOW, captured_on=NOW.date(), state="embedded",
        )  # fmt: skip
        vector = drawn.standard_normal(WIDTH).astype(np.float32)
        face = faces.NewFace(f"face-{case.id}", FACE_MODEL, vector, {"top": 0}, "good", 1.0)
        faces.add_faces(conn, photo_id, case.id, [face], NOW)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cases", type=int, default=20_000)
    parser.add_argument("--photos", type=float, default=0.1, help="share of the reports that have one")
    parser.add_argument("--photo-kb", type=int, default=40, help="what a stored photo takes")
    parser.add_argument("--database", help="address of an empty one; a file in a temporary folder if left out")
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    found = run(given.cases, given.photos, given.photo_kb * 1024, given.database)
    if given.json:
        print(json.dumps(found))
        return
    for step, took in found.items():
        print(f"{step:18} {took:7.2f} microseconds a case")


if __name__ == "__main__":
    main()
