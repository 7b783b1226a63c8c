"""Records and faces for the tests of the index, and what an index says of a query, in few words."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from indexing.candidates import Filter, routes_of
from indexing.match_index import FACE_WIDTH, MatchIndex
from indexing.search import other_side
from indexing.segment import Segment
from matcher.person import AgeBasis, FaceEmbedding, PersonName, PersonRecord, Place, Side

MODEL = "dlib-1"
NADIA, KATHMANDU = Place("IN", "West Bengal", "Nadia"), Place("NP", "Bagmati", "Kathmandu")


def a_report(record_id: str, *names: str, **fields: Any) -> PersonRecord:
    return PersonRecord(record_id, Side.MISSING, named(*names), **fields)


def a_rescue(record_id: str, *names: str, **fields: Any) -> PersonRecord:
    return PersonRecord(record_id, Side.RESCUED, named(*names), **fields)


def named(*texts: str) -> tuple[PersonName, ...]:
    return tuple(PersonName(text) for text in texts)


def a_face(seed: int, model: str = MODEL, near: float = 0.0) -> FaceEmbedding:
    """Return one person's face; `near` says how far this photo is from her others."""
    vector = np.random.default_rng(seed).standard_normal(FACE_WIDTH)
    other = np.random.default_rng(1000 + seed).standard_normal(FACE_WIDTH)
    return FaceEmbedding((vector + near * other).astype(np.float32), model)


def unit(face: FaceEmbedding) -> list[float]:
    """Return a face's direction."""
    values: list[float] = (face.vector / np.linalg.norm(face.vector)).tolist()
    return values


def indexed(*records: PersonRecord) -> MatchIndex:
    index = MatchIndex(MODEL)
    index.upsert(records)
    return index


def looks(
    index: MatchIndex,
    queries: Sequence[PersonRecord],
    k: int = 1,
    *,
    side: Side | None = None,
    only: Filter | None = None,
) -> list[dict[str, tuple[str, ...]]]:
    """Return, for each query, the routes by which each candidate was found, on the other side where none is named."""
    if not queries:
        return []
    _, found = index.candidates(queries, side or other_side(queries[0].side), k, only=only)
    out: list[dict[str, tuple[str, ...]]] = [{} for _ in queries]
    every = zip(found.asking.tolist(), found.segment.tolist(), found.row.tolist(), found.routes.tolist(), strict=True)
    for asking, segment, row, routes in every:
        record_id = index.segments[segment].columns.ids[row]
        assert record_id not in out[asking], "a record is found once, in one version"
        out[asking][record_id] = routes_of(routes)
    return out


def look(
    index: MatchIndex, query: PersonRecord, k: int = 1, *, side: Side | None = None, only: Filter | None = None
) -> dict[str, tuple[str, ...]]:
    return looks(index, [query], k, side=side, only=only)[0]


def keys_of(record: PersonRecord) -> set[tuple[str, str, str]]:
    """Return what a record shares with others at most by chance: phones, typed identifiers, a known day of birth."""
    keys = {("phone", "", phone) for phone in record.phones}
    keys |= {("identifier", kind, value) for kind, value in record.identifiers}
    if record.birth and record.birth.is_exact and record.birth_basis is not AgeBasis.GUESS:
        keys.add(("birth", "", record.birth.earliest.isoformat()))
    return keys


def telling_keys(record: PersonRecord, everybody: Iterable[PersonRecord], cap: int) -> set[tuple[str, str, str]]:
    """Return those of a record's keys that no more than so many hold."""
    held = [keys_of(one) for one in everybody]
    return {key for key in keys_of(record) if sum(key in keys for keys in held) <= cap}


def bytes_of(segments: Iterable[Segment]) -> bytes:
    """Return all that would be written of some segments."""
    return b"|".join(table.tobytes() for segment in segments for table in segment.tables().values())


OTHERS = (
    a_report("other-1", "Rafiqul Islam", father=(PersonName("Abdul Karim"),), origin=Place("BD", "Dhaka", "Dhaka")),
    a_report("other-2", "Ma Khin", father=(PersonName("U Ba"),), origin=Place("MM", "Yangon", "Yangon")),
    a_report("other-3", "Pema Tamang", origin=KATHMANDU, phones=("+9779800000000",)),
)
