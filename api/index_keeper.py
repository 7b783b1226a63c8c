"""Is the index what the database says? Loads, follows, saves and rebuilds the index; the database is the truth.

After each commit, and before each search, the keeper reads the changes it has not seen and applies them. A snapshot
that is missing, stale beyond use, damaged or of another database or model is refused with its reason and built again.
"""

from __future__ import annotations

import hashlib
import logging
import shutil
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from api.cases.records import READING, records_of
from api.face_model import FACE_MODEL, NOT_SET_UP, FaceModel
from api.ids import Clock
from api.index_building import Progress, build_index, usable
from api.store import Database, changes, meta
from indexing.errors import SnapshotBusy, SnapshotReason, SnapshotUnusable
from indexing.index_files import LAYOUT, load_index, save_index
from indexing.match_index import MatchIndex
from indexing.record_space import RecordSpace
from indexing.record_vectors import PIPELINE
from indexing.sealing import FileSeal
from indexing.snapshot import discard_unsealed
from indexing.snapshot_manifest import Origin
from matcher.names.encoder import NameEncoder
from matcher.person import PersonRecord, Side

log = logging.getLogger(__name__)

_PAGE = 1000


class DatabaseRecords:
    """Gives open cases as records, straight from the database."""

    def __init__(self, database: Database, face_model: FaceModel) -> None:
        self._database, self._face_model = database, face_model

    def records(self, record_ids: Sequence[str]) -> list[PersonRecord]:
        """Return the open cases among the ids given, without faces that no search can use."""
        with self._database.read() as conn:
            found = records_of(conn, record_ids, self._face_model.model_id)
        return usable(found, self._face_model.model_id, self._face_model.width)


@dataclass(frozen=True, slots=True)
class IndexStatus:
    """What a person asks of the index: how many records, how far behind, where it came from."""

    records: int
    missing: int
    rescued: int
    faces: int
    upto_seq: int
    behind: int
    source: str
    reason: str | None


class IndexKeeper:
    """Holds the one index of this process.

    Args:
        database: the truth.
        folder: where snapshots are kept.
        face_models: those that can be used here, by id. Which of them is searched stands in the database (the first,
            where nothing stands there yet); of a model that is not among them no faces are searched.
        clock: when a snapshot was made.
        ahead: makes the index of this model ready, whatever the database says is searched.
        processes: how many read the cases when the index is built.
        seal: what snapshots are sealed by, so that nothing on the disk can be read; None writes them plain.
    """

    def __init__(
        self,
        database: Database,
        folder: Path,
        face_models: Mapping[str, FaceModel],
        clock: Clock,
        ahead: FaceModel | None = None,
        processes: int = 1,
        seal: FileSeal | None = None,
    ) -> None:
        self._database, self._clock, self._processes = database, clock, processes
        self.seal = seal
        self._folders, self._face_models, self._ahead = folder, face_models, ahead
        self._lock = threading.RLock()
        self.face_model = self._searched_model()
        self._warn_if_not_set_up()
        self.index = self._empty()
        self.source = DatabaseRecords(database, self.face_model)
        self._loaded = False
        self._origin_of_index = "empty"
        self._reason: str | None = None
        self._kept: int | None = None  # the last change in the snapshot that the index is a copy of
        self._seen = b""  # which snapshot was looked at last
        self._opening = False
        self._built: tuple[int, int] | None = None

    @property
    def opening(self) -> bool:
        """Tell whether the index is being loaded or built: whoever asks for it now waits for that. Never waits."""
        return self._opening

    @property
    def is_open(self) -> bool:
        """Tell whether the index has been loaded or built in this process. Never waits."""
        return self._loaded

    @property
    def built(self) -> tuple[int, int] | None:
        """Return (cases that have been read, cases in all) while the index is being built. Never waits."""
        return self._built

    def open(self, progress: Progress | None = None) -> IndexStatus:
        """Load the snapshot, or build the index when there is none that fits; then follow the changes."""
        with self._lock, self._while_opening():
            self._leave_nothing_readable()
            try:
                self.index = self._load()
                self._kept = self.index.upto_seq
                self._origin_of_index, self._reason = "snapshot", None
            except SnapshotUnusable as problem:
                level = logging.INFO if problem.reason is SnapshotReason.MISSING else logging.WARNING
                log.log(level, "index snapshot not used (%s): building the index from the database", problem.reason)
                self._rebuild(progress)
                self._origin_of_index, self._reason = "rebuilt", str(problem.reason)
                self._loaded = True
                try:
                    self.save_if_free()
                except OSError as error:
                    # A full disk: the index serves from memory, and is built again at the next start.
                    log.error("index snapshot not written (%s): the index serves without it", error.strerror)
            self._loaded = True
            self.refresh()
            return self.status()

    def rebuild(self, progress: Progress | None = None) -> IndexStatus:
        """Build the index from the database, whatever the snapshot says, and save it."""
        with self._lock, self._while_opening():
            self._leave_nothing_readable()
            self._rebuild(progress)
            self._loaded, self._origin_of_index, self._reason = True, "rebuilt", "asked for"
            self.save()
            return self.status()

    def inspect(self) -> IndexStatus:
        """Return the state of the saved snapshot without building anything; `source` is "none" when it is no use."""
        with self._lock:
            try:
                self.index = self._load()
                self._origin_of_index, self._reason = "snapshot", None
            except SnapshotUnusable as problem:
                self._origin_of_index, self._reason = "none", str(problem.reason)
            return self.status()

    def adopt(self) -> bool:
        """Take up a snapshot that another process has saved since this one opened or saved its own; tell whether.

        Who was erased is gone from the newer one, and the older one's place on the disk is free once nobody maps it.
        Loaded while searches go on; these wait only until it has caught up.
        """
        if not self._loaded or self._current() == self._seen:
            return False
        model = self.face_model
        try:
            written = self._load()
        except SnapshotUnusable as problem:
            log.warning("a newer index snapshot is not used (%s): going on with the one there is", problem.reason)
            return False
        with self._lock:
            if self.face_model is not model:
                return False
            self.index, self._kept = written, written.upto_seq
            self.refresh()
        return True

    def refresh(self) -> int:
        """Apply the changes made since; return how many cases were touched."""
        with self._lock:
            self._follow_face_model()
            if not self._loaded:
                self.open()
                return 0
            touched = 0
            while True:
                with self._database.read() as conn:
                    page = changes.since(conn, self.index.upto_seq, _PAGE)
                if not page:
                    return touched
                ids = list(dict.fromkeys(change.case_id for change in page))
                records = self.source.records(ids)
                present = {record.record_id for record in records}
                self.index.remove(case_id for case_id in ids if case_id not in present)
                self.index.upsert(records)
                self.index.upto_seq = page[-1].seq
                touched += len(ids)

    def save(self, *, ending: bool = False) -> None:
        """Write a snapshot of the index as it is; the old one stays in use until the new one is whole.

        From then on an index that is not sealed lies where it was written, which other processes share, and not in
        this one's memory.

        Args:
            ending: nobody will ask this process any more.
        Raises:
            SnapshotBusy: another process is writing one.
            OSError: it could not be written; see `indexing.snapshot.save_snapshot`.
        """
        with self._lock:
            save_index(self._folder, self._origin(), self.index, self._clock(), seal=self.seal)
            self._kept = self.index.upto_seq
            if self.seal is not None:
                # Read back it would lie in memory a second time, and be the same.
                self._seen = self._current()
                return
            if ending:
                return
            try:
                written = self._load()
            except SnapshotUnusable as problem:
                log.warning("the index snapshot just written is not used (%s): serving from memory", problem.reason)
                return
            # Another process may have saved since, and know less than this one: a search under way must not lose it.
            if written.upto_seq >= self.index.upto_seq:
                self.index = written

    def save_if_free(self, *, ending: bool = False) -> None:
        """Write a snapshot unless another process is writing one, which is as good, or nothing has changed since."""
        if self._kept == self.index.upto_seq:
            return
        try:
            self.save(ending=ending)
        except SnapshotBusy:
            log.info("index snapshot not written: another process is writing one")

    def save_what_was_erased(self) -> bool:
        """Write a snapshot where the one on the disk still holds somebody who was erased; tell whether it did."""
        kept = self._kept
        if not self._loaded or kept is None:
            return False
        with self._database.read() as conn:
            if not changes.erased_since(conn, kept):
                return False
        self.refresh()
        self.save_if_free()
        return True

    def status(self) -> IndexStatus:
        """Return the state of the index against the database; never waits for one that is being loaded or built."""
        index = self.index
        with self._database.read() as conn:
            latest = changes.latest_seq(conn)
        return IndexStatus(
            records=len(index),
            missing=index.count(Side.MISSING),
            rescued=index.count(Side.RESCUED),
            faces=sum(len(photos.owner) for photos in index.photos.values()),
            upto_seq=index.upto_seq,
            behind=max(latest - index.upto_seq, 0),
            source=self._origin_of_index,
            reason=self._reason,
        )

    @property
    def _folder(self) -> Path:
        """Return where the snapshots of this model are: each has its own, so that a second can be made ready."""
        model = self.face_model.model_id
        if model == FACE_MODEL:
            return self._folders
        return self._folders.with_name(f"{self._folders.name}-{hashlib.sha256(model.encode()).hexdigest()[:8]}")

    def forget_other_models(self) -> None:
        """Delete the snapshots of other face models: they hold faces that nobody will be asked about again."""
        with self._lock:
            for folder in self._all_folders():
                if folder != self._folder and folder.is_dir():
                    shutil.rmtree(folder)

    def _all_folders(self) -> list[Path]:
        return [self._folders, *sorted(self._folders.parent.glob(f"{self._folders.name}-*"))]

    def _leave_nothing_readable(self) -> None:
        """Delete what was saved without a seal, by an earlier version or another setting: of any model."""
        if self.seal is None:
            return
        for folder in self._all_folders():
            try:
                if discard_unsealed(folder):
                    log.info("index snapshot deleted: it was not sealed")
            except SnapshotBusy:
                log.warning("an index snapshot that is not sealed is being written by another process")
            except OSError as error:
                log.error("an index snapshot that is not sealed could not be deleted (%s)", error.strerror)

    def _searched_model(self) -> FaceModel:
        if self._ahead is not None:
            return self._ahead
        with self._database.read() as conn:
            searched = meta.face_model(conn)
        if searched is None:
            return next(iter(self._face_models.values()))
        # Another model in its place would make faces that nobody else searches.
        return self._face_models.get(searched, NOT_SET_UP)

    def _warn_if_not_set_up(self) -> None:
        if self.face_model is NOT_SET_UP:
            log.warning("the face model that is searched is not set up here: photos wait, and no faces are searched")

    def _follow_face_model(self) -> None:
        """Search the embeddings of another model once they are complete, by the index that was made for them."""
        model = self._searched_model()
        if model.model_id != self.face_model.model_id:
            log.info("the face model that is searched has changed: opening its index")
            self.face_model = model
            self._warn_if_not_set_up()
            self.source = DatabaseRecords(self._database, model)
            self._loaded = False

    def _empty(self) -> MatchIndex:
        return MatchIndex(self.face_model.model_id, self.face_model.width, self.face_model.calibrations)

    def _origin(self) -> Origin:
        with self._database.read() as conn:
            database_id = meta.database_id(conn) or ""
        encoders = (NameEncoder.load().encoder_id, RecordSpace.load().version, self.face_model.model_id)
        return Origin(database_id, "+".join(encoders), f"{PIPELINE}+{LAYOUT}+{READING}")

    @contextmanager
    def _while_opening(self) -> Iterator[None]:
        before, self._opening = self._opening, True
        try:
            yield
        finally:
            self._opening, self._built = before, None

    def _current(self) -> bytes:
        """Return what says which snapshot is in use; empty where there is none."""
        try:
            return (self._folder / "CURRENT").read_bytes()
        except FileNotFoundError:
            return b""

    def _load(self) -> MatchIndex:
        # Read before: what is saved meanwhile is seen to be newer.
        self._seen = self._current()
        index = load_index(self._folder, self._origin(), self._empty(), seal=self.seal)
        with self._database.read() as conn:
            latest = changes.latest_seq(conn)
        if index.upto_seq > latest:
            # The database was put back to an earlier state: what the snapshot knows beyond it never happened.
            raise SnapshotUnusable(SnapshotReason.FOREIGN, "changes that this database does not have")
        return index

    def _rebuild(self, progress: Progress | None) -> None:
        index, self._kept = self._empty(), None
        with self._database.read() as conn:
            # Read before the cases: what changes meanwhile is applied again afterwards, which does no harm.
            index.upto_seq = changes.latest_seq(conn)

        def told(done: int, total: int) -> None:
            self._built = done, total
            if progress:
                progress(done, total)

        build_index(self._database, index, self._processes, told)
        self.index = index
