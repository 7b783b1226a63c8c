"""Which records of the other side are worth comparing? The union of several routes, each naming how it found the pair.

    MatchIndex
        ├── segments     records of both sides: shelves by place, age and words of names; exact keys
        ├── photos       of each side (FAISS)
        └── frequencies  how common each name is among the reports

All of it is a pure function of the records: it may be thrown away and built again. Safe to share between threads:
changes and searches take turns, so a search meets a record in its old version or its new one, never neither.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from typing import Final, Protocol

import numpy as np
import numpy.typing as npt

from indexing.candidates import PHOTO_ROUTE, Filter, Proposed, combined, located, propose
from indexing.errors import DuplicateId
from indexing.faiss_index import FaissIndex
from indexing.photo_rows import PhotoRows, faces_of
from indexing.record_space import RecordSpace
from indexing.record_vectors import encode_records
from indexing.segment import Segment, keys_of_ids
from indexing.shelf import Asked
from indexing.turns import Turns
from matcher.columns import RecordColumns
from matcher.comparison import Context
from matcher.face_calibration import Calibrations, shipped_calibrations
from matcher.gathering import gather
from matcher.names.frequency import NameFrequencies
from matcher.person import PersonRecord, Side

FACE_WIDTH: Final = 128
MOST_IN_A_SEGMENT: Final = 2**19
"""Records of a segment: what is read, merged and written at once."""
_GROWTH: Final = 4
"""Of the small segments each is at least so many times as large as the next."""
_SMALL: Final = 2**14
"""Records up to which a segment is merged as records come; larger ones wait until the index is made compact."""

Ints = npt.NDArray[np.int64]
Vectors = npt.NDArray[np.float32]


class Proposing(Protocol):
    """Looks through segments: `candidates.propose`, or what does the same elsewhere."""

    def __call__(
        self, segments: Sequence[Segment], asked: Asked, side: Side, k: int, *, only: Filter | None, threads: int
    ) -> Proposed:
        """Return who is found by names, place and age, and by numbers."""
        ...


@dataclass(frozen=True, slots=True)
class Located:
    """Where records are: shape (n,) each, -1 for one that is not in the index."""

    segment: Ints
    row: Ints


class MatchIndex:
    """Finds candidates on either side.

    Attributes:
        face_model: embeddings of any other model are left out: distances never mix models.
        face_width: of its vectors.
        upto_seq: the last change of the database that is in here.
        segments: larger ones first.
        photos: those of each side.
        context: how common names are, by the reports that are here.
        counted: how often that has changed.
    """

    def __init__(
        self, face_model: str, face_width: int = FACE_WIDTH, face_calibrations: Calibrations | None = None
    ) -> None:
        self.face_model, self.face_width = face_model, face_width
        self.upto_seq = self.counted = 0
        self.segments: tuple[Segment, ...] = ()
        self.photos = {side: PhotoRows(FaissIndex(face_width)) for side in Side}
        calibrations = shipped_calibrations() if face_calibrations is None else face_calibrations
        self.context = Context(NameFrequencies(), NameFrequencies(), calibrations)
        self._counts = dict.fromkeys(Side, 0)
        self._lock = Turns()

    def __len__(self) -> int:
        return sum(self._counts.values())

    def count(self, side: Side) -> int:
        """Return how many records of a side there are."""
        return self._counts[side]

    def ids(self, side: Side) -> set[str]:
        """Return the ids of the records of a side."""
        rescued = side is Side.RESCUED
        return {
            segment.columns.ids[row]
            for segment in self.segments
            for row in np.flatnonzero(segment.alive & (segment.columns.rescued == rescued)).tolist()
        }

    def upsert(self, records: Sequence[PersonRecord]) -> None:
        """Add records, or put their new version in place of the old; later duplicates in one call win.

        Raises:
            BadVector, DimensionMismatch: a face of `face_model` is not finite or not of `face_width`; nothing changed.
        """
        latest = {record.record_id: record for record in records}
        if not latest:
            return
        # Before anything is removed: a bad face must not leave a record without its old version.
        faces = {name: faces_of(record, self.face_model, self.face_width) for name, record in latest.items()}
        segment = Segment.build(RecordColumns.build(latest.values()))
        with self._lock:
            self.remove(latest)
            self.add(segment)
            for record in latest.values():
                vectors = faces[record.record_id]
                self.photos[record.side].add([record.record_id] * len(vectors), vectors)
            self._merge_small()

    def add(self, segment: Segment) -> None:
        """Add a segment, none of whose records is here yet, without their photos.

        Raises:
            DuplicateId: one of its records is here, or twice in the segment; nothing was added.
        """
        with self._lock:
            # A second version of a record could not be removed any more, only found.
            if twice := segment.repeated:
                raise DuplicateId(twice, "in one segment")
            if here := sum(int((one.rows_of(segment.called) >= 0).sum()) for one in self.segments):
                raise DuplicateId(here, "already in the index")
            self.segments = (*self.segments, segment)
            self._count(segment.columns, 1)

    def remove(self, record_ids: Iterable[str]) -> None:
        """Forget the records given, wherever they are; unknown ids are passed over."""
        ids = list(record_ids)
        called = keys_of_ids(ids)
        with self._lock:
            for side in Side:
                self.photos[side].remove(ids)
            for segment in self.segments:
                rows = segment.rows_of(called)
                if len(rows := np.unique(rows[rows >= 0])):
                    self._count(gather([(segment.columns, rows)], counted=True), -1)
                    segment.remove(rows)

    def clear(self) -> None:
        """Forget everybody."""
        with self._lock:
            for side in Side:
                self.photos[side] = PhotoRows(FaissIndex(self.face_width))
            self.segments, self._counts = (), dict.fromkeys(Side, 0)
            self.counted += 1
            self.context = replace(self.context, own_names=NameFrequencies(), relative_names=NameFrequencies())

    def compact(self) -> None:
        """Leave nothing of what was removed, and few segments: what is written to disk is what is alive."""
        with self._lock:
            whole: list[Segment] = []
            parts: list[Segment] = []
            for segment in sorted(self.segments, key=lambda each: -int(each.alive.sum())):
                alive = int(segment.alive.sum())
                if alive == len(segment) and alive > MOST_IN_A_SEGMENT // 2:
                    whole.append(segment)
                elif alive:
                    if parts and sum(int(part.alive.sum()) for part in parts) + alive > MOST_IN_A_SEGMENT:
                        whole.append(_merged(parts))
                        parts = []
                    parts.append(segment)
            self.segments = (*whole, *([_merged(parts)] if parts else []))

    def candidates(
        self,
        queries: Sequence[PersonRecord],
        side: Side,
        k: int,
        *,
        only: Filter | None = None,
        threads: int = 1,
        proposing: Proposing = propose,
    ) -> tuple[RecordColumns, Proposed]:
        """Return (the columns of the queries, the candidates of each among the records of one side).

        Args:
            queries: any records; nobody is her own candidate.
            side: the side that is searched.
            k: rows taken for each name and for each photo.
            only: who may be found; None for all.
            threads: how many work at once.
            proposing: looks through the segments, here or elsewhere.
        Raises:
            BadSearch: `k` is below 1.
            BadVector, DimensionMismatch: as in `upsert`.
        """
        columns = RecordColumns.build(queries)
        asked = Asked.of(columns, np.arange(len(queries)), encode_records(columns), RecordSpace.load())
        faces = [faces_of(record, self.face_model, self.face_width) for record in queries]
        with self._lock:
            found = proposing(self.segments, asked, side, k, only=only, threads=threads)
            by_photo = self._by_photo(faces, side, k, only)
            every = combined([found, by_photo], self.segments, found.scanned)
            own = self.locate(columns.ids)
            herself = (every.segment == own.segment[every.asking]) & (every.row == own.row[every.asking])
            return columns, every.some(~herself)

    def _by_photo(self, faces: Sequence[Vectors], side: Side, k: int, only: Filter | None) -> Proposed:
        """Return who is found by photos; `faces` are those of each query, shape (f, width) each."""
        asking, ids = [], []
        photos = self.photos[side]
        allowed = None
        if only is not None and any(map(len, faces)):
            # Few have photos: whether they may be found is asked of them, not of everybody.
            owners = list(photos.rows)
            there, passing = self.locate(owners), [only.passes(segment.columns) for segment in self.segments]
            places = zip(owners, there.segment.tolist(), there.row.tolist(), strict=True)
            allowed = photos.rows_of(owner for owner, segment, row in places if segment >= 0 and passing[segment][row])
        for number, of in enumerate(faces):
            for found in photos.nearest(of, k, allowed) if len(of) else ():
                ids += found
                asking += [number] * len(found)
        there = self.locate(ids)
        return located(np.array(asking, dtype=np.int64), there.segment, there.row, PHOTO_ROUTE)

    def steady(self) -> AbstractContextManager[object]:
        """Return what keeps the index from changing while it is held."""
        return self._lock

    def locate(self, record_ids: Collection[str]) -> Located:
        """Return where records are."""
        called = keys_of_ids(record_ids)
        found = Located(np.full(len(called), -1, dtype=np.int64), np.full(len(called), -1, dtype=np.int64))
        for number, segment in enumerate(self.segments):
            rows = segment.rows_of(called)
            found.segment[rows >= 0], found.row[rows >= 0] = number, rows[rows >= 0]
        return found

    def add_photos(self, record_id: str, vectors: Vectors) -> None:
        """Add the faces of a record that is here, shape (f, face_width), unit norm or zero.

        Raises:
            KeyError: it is not.
        """
        with self._lock:
            there = self.locate([record_id])
            if there.segment[0] < 0:
                raise KeyError("no such record is in the index")
            rescued = self.segments[int(there.segment[0])].columns.rescued[there.row[0]]
            self.photos[Side.RESCUED if rescued else Side.MISSING].add([record_id] * len(vectors), vectors)

    def _count(self, columns: RecordColumns, by: int) -> None:
        """Count records, and the names of the reports among them; rarity is rarity where the reports come from."""
        self.counted += 1
        rescued = int(columns.rescued.sum())
        self._counts[Side.RESCUED] += by * rescued
        self._counts[Side.MISSING] += by * (len(columns) - rescued)
        reports = np.flatnonzero(~columns.rescued)
        relatives = np.concatenate([columns.father, columns.mother, columns.relatives], axis=1)
        for frequencies, names in ((self.context.own_names, columns.own), (self.context.relative_names, relatives)):
            frequencies.count(columns.names.read, names[reports], columns.region[reports], columns.area_paths, by)

    def _merge_small(self) -> None:
        """Merge the last segments until each is so much larger than the next."""
        while len(self.segments) > 1:
            before, last = self.segments[-2:]
            if len(before) + len(last) > _SMALL or len(before) >= _GROWTH * len(last):
                return
            self.segments = (*self.segments[:-2], _merged([before, last]))


def _merged(parts: Sequence[Segment]) -> Segment:
    if len(parts) == 1 and parts[0].alive.all():
        return parts[0]
    return Segment.merged(parts)


def context_of(columns: RecordColumns, count: int) -> Context:
    """Return the name frequencies of the first `count` records of columns that are in no index."""
    relatives = np.concatenate([columns.father, columns.mother, columns.relatives], axis=1)
    own, others = (
        NameFrequencies.counted(columns.names.read, ids[:count], columns.region[:count], columns.area_paths)
        for ids in (columns.own, relatives)
    )
    return Context(own, others)
