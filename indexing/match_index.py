"""Which records of the other side are worth comparing? The union of several routes, each naming how it found the pair.

    MatchIndex
        ├── SideIndex missing   vectors (FAISS), faces (FAISS), exact keys
        ├── SideIndex rescued   the same
        └── frequencies         how common each name is among the reports

All of it is a pure function of the records: it may be thrown away and built again. Safe to share between threads:
changes and searches take turns, so a search meets a record in its old version or its new one, never neither.
"""

from __future__ import annotations

import threading
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from indexing.faiss_index import FaissIndex
from indexing.key_lists import KEY_BUCKET_CAP
from indexing.record_vectors import ROUTES, WIDTH, encode_records, weighted
from indexing.vectors import NO_ID, checked_vectors
from matcher.columns import RecordColumns, exact_key
from matcher.comparison import Context
from matcher.errors import DimensionMismatch
from matcher.face_calibration import Calibrations, shipped_calibrations
from matcher.names.frequency import NameFrequencies
from matcher.person import AgeBasis, PersonRecord, Side
from matcher.places import Gazetteer

FACE_WIDTH = 128
PHOTO_ROUTE, KEY_ROUTE = "photo", "exact key"
Vectors = npt.NDArray[np.float32]
Named: TypeAlias = tuple[str, tuple[str, ...], tuple[str, ...]]
"""Where a report comes from (a gazetteer path), her own names, her relatives'."""


@dataclass(slots=True)
class Rows:
    """A vector index whose rows belong to records: several rows may be one record's."""

    index: FaissIndex
    owner: dict[int, str] = field(default_factory=dict)
    rows: dict[str, list[int]] = field(default_factory=dict)
    next_row: int = 1

    def add(self, owners: Sequence[str], vectors: Vectors) -> None:
        """Add one row for each owner given, in order."""
        if not len(owners):
            return
        ids = np.arange(self.next_row, self.next_row + len(owners), dtype=np.int64)
        self.index.add(ids, np.ascontiguousarray(vectors, dtype=np.float32))
        self.next_row += len(owners)
        for row, owner in zip(ids.tolist(), owners, strict=True):
            self.owner[row] = owner
            self.rows.setdefault(owner, []).append(row)

    def remove(self, owners: Iterable[str]) -> None:
        """Remove every row of the owners given; unknown owners are passed over."""
        gone = [row for owner in owners for row in self.rows.pop(owner, ())]
        if gone:
            self.index.remove(np.array(gone, dtype=np.int64))
            for row in gone:
                del self.owner[row]

    def nearest(self, queries: Vectors, k: int, allowed: npt.NDArray[np.int64] | None) -> list[list[str]]:
        """Return, for each query, the owners of its k nearest rows, best first; zero queries find nobody."""
        found: list[list[str]] = [[] for _ in queries]
        live = np.flatnonzero(np.linalg.norm(queries, axis=1) > 0)
        if len(live) and len(self.index):
            scores, ids = self.index.search(np.ascontiguousarray(queries[live]), k, allowed)
            ids = np.where(scores > 0, ids, NO_ID)  # nothing in common is no reason to compare
            for number, row in zip(live.tolist(), ids.tolist(), strict=True):
                found[number] = [self.owner[i] for i in row if i in self.owner]
        return found

    def rows_of(self, owners: Iterable[str]) -> npt.NDArray[np.int64]:
        """Return the row ids of the owners, sorted."""
        return np.array(sorted(row for owner in owners for row in self.rows.get(owner, ())), dtype=np.int64)


@dataclass(slots=True)
class SideIndex:
    """Everything that finds records of one side."""

    faces: Rows
    vectors: Rows = field(default_factory=lambda: Rows(FaissIndex(WIDTH)))
    keys: dict[int, set[str]] = field(default_factory=dict)
    keys_of: dict[str, tuple[int, ...]] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.keys_of)

    def remove(self, record_ids: Iterable[str]) -> None:
        """Forget the records given."""
        ids = list(record_ids)
        self.vectors.remove(ids)
        self.faces.remove(ids)
        for record_id in ids:
            for key in self.keys_of.pop(record_id, ()):
                holders = self.keys[key]
                holders.discard(record_id)
                if not holders:
                    del self.keys[key]

    def add_keys(self, record_id: str, keys: Iterable[int]) -> None:
        """Register a record under its exact keys (and as present, when it has none)."""
        self.keys_of[record_id] = tuple(keys)
        for key in self.keys_of[record_id]:
            self.keys.setdefault(key, set()).add(record_id)


@dataclass(frozen=True, slots=True)
class Candidates:
    """Record ids worth comparing with one query, with the routes that found each; best route rank first."""

    routes: Mapping[str, tuple[str, ...]]


class MatchIndex:
    """Finds candidates on either side.

    Attributes:
        face_model: embeddings of any other model are left out: distances never mix models.
        face_width: of its vectors.
        upto_seq: the last change of the database that is in here.
    """

    def __init__(
        self, face_model: str, face_width: int = FACE_WIDTH, face_calibrations: Calibrations | None = None
    ) -> None:
        self.face_model, self.face_width = face_model, face_width
        self.upto_seq = 0
        self.sides: dict[Side, SideIndex] = {side: SideIndex(faces=Rows(FaissIndex(face_width))) for side in Side}
        calibrations = shipped_calibrations() if face_calibrations is None else face_calibrations
        self.context = Context(NameFrequencies(), NameFrequencies(), calibrations)
        self.names_of: dict[str, Named] = {}
        self._lock = threading.RLock()

    def __len__(self) -> int:
        return sum(len(side) for side in self.sides.values())

    def upsert(self, records: Sequence[PersonRecord]) -> None:
        """Add records, or put their new version in place of the old; later duplicates in one call win.

        Raises:
            BadVector, DimensionMismatch: a face of `face_model` is not finite or not of `face_width`; nothing changed.
        """
        latest = {record.record_id: record for record in records}
        if not latest:
            return
        columns = RecordColumns.build(latest.values())
        encoded = encode_records(columns)
        # Before anything is removed: a bad face must not leave half of the records without their keys.
        faces = {record.record_id: _faces_of(record, self.face_model, self.face_width) for record in columns.records}
        with self._lock:
            self.remove(latest)
            for side in Side:
                chosen = np.array([columns.records[owner].side is side for owner in encoded.owners], dtype=bool)
                owners = [columns.records[owner].record_id for owner in encoded.owners[chosen]]
                self.sides[side].vectors.add(owners, encoded.rows[chosen])
            for record in columns.records:
                side_index = self.sides[record.side]
                side_index.add_keys(record.record_id, keys_of(record))
                vectors = faces[record.record_id]
                side_index.faces.add([record.record_id] * len(vectors), vectors)
            # Rarity is rarity where the reports come from.
            reports = [record for record in columns.records if record.side is Side.MISSING]
            areas = Gazetteer.load().resolve_all([record.origin for record in reports])
            self.count_names(
                {
                    record.record_id: (area.path, *counted_names(record))
                    for record, area in zip(reports, areas, strict=True)
                }
            )

    def remove(self, record_ids: Iterable[str]) -> None:
        """Forget the records given, wherever they are; unknown ids are passed over."""
        ids = list(record_ids)
        with self._lock:
            for side in self.sides.values():
                side.remove(ids)
            gone = [self.names_of.pop(record_id) for record_id in ids if record_id in self.names_of]
            for frequencies, texts, areas in self._counts_of(gone):
                frequencies.subtract_all(texts, areas)

    def count_names(self, named: Mapping[str, Named]) -> None:
        """Count the names of reports, by id; they are kept to be taken away again with them."""
        self.names_of |= named
        for frequencies, texts, areas in self._counts_of(named.values()):
            frequencies.add_all(texts, areas)

    def _counts_of(self, named: Collection[Named]) -> Iterator[tuple[NameFrequencies, list[str], list[str]]]:
        """Yield what counts own names and what counts relatives', each with the names and where they come from."""
        own = [(text, area) for area, texts, _ in named for text in texts]
        relatives = [(text, area) for area, _, texts in named for text in texts]
        for frequencies, pairs in ((self.context.own_names, own), (self.context.relative_names, relatives)):
            if pairs:
                yield frequencies, [text for text, _ in pairs], [area for _, area in pairs]

    def candidates(
        self, queries: RecordColumns, side: Side, k: int, allowed: Sequence[str] | None = None
    ) -> list[Candidates]:
        """Return the candidates of each query among the records of one side.

        Args:
            queries: columns of the query records.
            side: the side that is searched.
            k: rows taken from each route.
            allowed: record ids that may be found; None for all.
        Raises:
            BadVector, DimensionMismatch: as in `upsert`.
        """
        found: list[dict[str, list[str]]] = [{} for _ in queries.records]
        with self._lock:
            index = self.sides[side]
            encoded = encode_records(queries)
            only = None if allowed is None else index.vectors.rows_of(allowed)
            for route in ROUTES:
                nearest = index.vectors.nearest(weighted(encoded.rows, route), k, only)
                for owner, ids in zip(encoded.owners.tolist(), nearest, strict=True):
                    _note(found[owner], ids, route)
            permitted = None if allowed is None else set(allowed)
            only_faces = None if allowed is None else index.faces.rows_of(allowed)
            for number, record in enumerate(queries.records):
                for ids in index.faces.nearest(_faces_of(record, self.face_model, self.face_width), k, only_faces):
                    _note(found[number], ids, PHOTO_ROUTE)
                for key in keys_of(record):
                    holders = sorted(index.keys.get(key, ()))
                    if len(holders) > KEY_BUCKET_CAP:
                        continue
                    _note(found[number], [i for i in holders if permitted is None or i in permitted], KEY_ROUTE)
                found[number].pop(record.record_id, None)
        return [Candidates({record_id: tuple(routes) for record_id, routes in one.items()}) for one in found]


def counted_names(record: PersonRecord) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the names of a report that count for frequency: own, and relatives'."""
    own = tuple(name.text for name in record.names)
    return own, tuple(name.text for name in (*record.father, *record.mother, *record.relatives))


def context_of(columns: RecordColumns, count: int) -> Context:
    """Return the name frequencies of the first `count` records of columns that are in no index."""
    relatives = np.concatenate([columns.father, columns.mother, columns.relatives], axis=1)
    own, others = (
        NameFrequencies.counted(columns.names.read, ids[:count], columns.region[:count], columns.area_paths)
        for ids in (columns.own, relatives)
    )
    return Context(own, others)


def keys_of(record: PersonRecord) -> tuple[int, ...]:
    """Return a record's exact keys: phones, typed identifiers, and a date of birth known to the day."""
    phones = (exact_key("phone", phone) for phone in record.phones)
    identifiers = (exact_key(kind, value) for kind, value in record.identifiers)
    # A guess that a form turned into 1 January is no date of birth.
    dated = record.birth is not None and record.birth.is_exact and record.birth_basis is not AgeBasis.GUESS
    birth = [exact_key("birth", record.birth.earliest.isoformat())] if record.birth and dated else []
    return tuple(dict.fromkeys((*phones, *identifiers, *birth)))


def _note(found: dict[str, list[str]], record_ids: Iterable[str], route: str) -> None:
    for record_id in record_ids:
        routes = found.setdefault(record_id, [])
        if route not in routes:
            routes.append(route)


def _faces_of(record: PersonRecord, model: str, width: int) -> Vectors:
    """Return the faces of one model, shape (f, width), float32, unit norm or zero."""
    vectors = [face.vector for face in record.faces if face.model == model]
    if not vectors:
        return np.zeros((0, width), dtype=np.float32)
    for vector in vectors:
        if len(vector) != width:
            raise DimensionMismatch(width, len(vector))
    rows = checked_vectors(np.array(vectors, dtype=np.float32).reshape(-1, width), width)
    norms = np.linalg.norm(rows, axis=1, keepdims=True)
    units: Vectors = np.divide(rows, norms, out=np.zeros_like(rows), where=norms > 0)
    return units
