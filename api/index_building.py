"""How does an index come out of the database? Cases are read page by page, by several processes where there are many.

ids in equal ranges -> a process reads its range: records -> columns and vectors -> this process: segments
"""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import closing
from multiprocessing import get_context
from typing import Final

from api.cases.records import no_search_for_garbage, open_records
from api.store import Connection, Database, open_cases
from api.store.master_keys import GivenKeys
from api.store.open_cases import IdRange
from indexing.building import IndexBuilder, Page, read_page
from indexing.match_index import MatchIndex
from indexing.photo_rows import with_usable_faces
from matcher.person import PersonRecord

log = logging.getLogger(__name__)

Progress = Callable[[int, int], None]

PAGE: Final = 8192
"""Cases read at once: their vectors take a few dozen megabytes meanwhile."""
ALONE_TO: Final = 5 * PAGE
"""Cases up to which one process is as fast: each further one first reads the tables of names."""


def build_index(database: Database, index: MatchIndex, processes: int, progress: Progress | None = None) -> None:
    """Fill an empty index with all open cases.

    Args:
        database: the truth.
        index: the faces of its model are taken.
        processes: how many may read, at least 1.
        progress: told (done, all) after each page.
    """
    with database.read() as conn:
        total = open_cases.count(conn)
        ranges = open_cases.equal_ranges(conn, max(-(-total // PAGE), 1))
    models = index.face_model, index.face_width
    if processes > 1 and total > ALONE_TO:
        try:
            _fill(index, _read_by(processes, database, ranges, *models), total, progress)
            return
        except BrokenProcessPool:
            log.warning("a process that read cases for the index ended: they are read again, without help")
            index.clear()
    with database.read() as conn:
        _fill(index, (_read(conn, part, *models) for part in ranges), total, progress)


def _fill(index: MatchIndex, pages: Iterator[Page], total: int, progress: Progress | None) -> None:
    builder, done = IndexBuilder(index), 0
    with no_search_for_garbage():
        for page in pages:
            builder.add(page)
            done += len(page.columns)
            if progress:
                progress(done, max(total, done))
        builder.finish()


def _read(conn: Connection, part: IdRange, face_model: str, face_width: int) -> Page:
    rest: IdRange | None = part
    records = []
    while rest is not None:
        found = open_records(conn, rest, PAGE, face_model)
        records += found.records
        rest = found.rest
    return read_page(usable(records, face_model, face_width), face_model, face_width)


def usable(records: list[PersonRecord], face_model: str, face_width: int) -> list[PersonRecord]:
    """Return records without faces that no search can use, and tell how many these are."""
    kept, left_out = with_usable_faces(records, face_model, face_width)
    if left_out:
        log.warning("%d stored faces cannot be used, and are not searched: read their photos again", left_out)
    return kept


def _read_by(
    processes: int, database: Database, ranges: Sequence[IdRange], face_model: str, face_width: int
) -> Iterator[Page]:
    """Yield the pages in order; no more are read ahead than there are processes twice over."""
    waiting: deque[Future[Page]] = deque()
    # The keys themselves, through the pipe: a command that fetches them need not be asked by each.
    keys = GivenKeys(database.ring.masters().to_text())
    # Not forked: a child would hold this process's connections and locks.
    with ProcessPoolExecutor(processes, mp_context=get_context("spawn")) as pool:
        try:
            for part in ranges:
                waiting.append(pool.submit(_read_apart, database.address, keys, part, face_model, face_width))
                if len(waiting) >= 2 * processes:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            pool.shutdown(wait=False, cancel_futures=True)


def _read_apart(address: str, keys: GivenKeys, part: IdRange, face_model: str, face_width: int) -> Page:
    """Return a page, in a process of its own: made small, for it has a way to go."""
    with closing(Database.open(address, keys)) as database, database.read() as conn:
        return _read(conn, part, face_model, face_width).packed()
