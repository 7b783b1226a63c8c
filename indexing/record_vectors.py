"""Which point in space is a whole record? Blocks side by side, so that an inner product adds up the fields' likeness.

    | name 144 | father 64 | mother 64 | birth 56 | sex 2 | place 64 | village 64 | languages 24 |

A field nobody knows is a block of zeros and says nothing. The weights stand on the query's side, so one index answers
"by name", "by place and age" and "by everything" with three weightings of one query. An alias is a further row of the
same record.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import numpy as np
import numpy.typing as npt

from matcher.columns import AREA_LEVELS, LANGUAGES_KEPT, RecordColumns
from matcher.languages import language_bits
from matcher.names.encoder import NAME_WIDTH, REDUCED_WIDTH, NameEncoder, unit_rows
from matcher.names.reading import read_with
from matcher.texts import parse_text

Vectors = npt.NDArray[np.float32]

_RELATIVE_WIDTH: Final = REDUCED_WIDTH
_PLACE_WIDTH: Final = 64
_LANGUAGES_WIDTH: Final = 24
_BIRTH_WIDTH: Final = 56
_ROWS: Final = 512
_FIRST_YEAR: Final = 1975
_BIRTH_SPREAD: Final = 1.8  # years: guesses by eye are off by one or two
_DAYS_PER_YEAR: Final = 365.2425

BLOCKS: Final[Mapping[str, int]] = {
    "name": NAME_WIDTH,
    "father": _RELATIVE_WIDTH,
    "mother": _RELATIVE_WIDTH,
    "birth": _BIRTH_WIDTH,
    "sex": 2,
    "place": _PLACE_WIDTH,
    "village": _RELATIVE_WIDTH,
    "languages": _LANGUAGES_WIDTH,
}
WIDTH: Final = sum(BLOCKS.values())
PIPELINE: Final = "record-blocks-2"

ROUTES: Final[Mapping[str, Mapping[str, float]]] = {
    "name": {"name": 1.0, "father": 0.5, "mother": 0.5},
    "place and age": {
        "place": 1.0,
        "village": 0.7,
        "birth": 0.8,
        "sex": 0.4,
        "father": 0.15,
        "mother": 0.15,
        "name": 0.15,
    },
    "record": {"name": 1.0, "father": 0.75, "mother": 0.65, "birth": 0.5, "sex": 0.3, "place": 0.6, "village": 0.4},
}
"""Route -> weight of each block; a block left out counts nothing."""


@dataclass(frozen=True, slots=True)
class RecordVectors:
    """Vectors of records.

    Attributes:
        rows: shape (r, WIDTH), float32, every block of unit norm or zero.
        owners: shape (r,), int64, which record (row of the columns) each vector belongs to.
    """

    rows: Vectors
    owners: npt.NDArray[np.int64]

    def some(self, records: npt.NDArray[np.int64]) -> RecordVectors:
        """Return the vectors of some records, ascending, owners counted from 0 among these."""
        kept = np.isin(self.owners, records)
        return RecordVectors(self.rows[kept], np.searchsorted(records, self.owners[kept]))


def encode_records(columns: RecordColumns) -> RecordVectors:
    """Return one vector for each name of each record (one with an empty name block for a record without names)."""
    encoder = NameEncoder.load()
    # Behind the names that are searched stand parts of names, which are only compared.
    searched = (columns.own, columns.father, columns.mother, columns.relatives)
    last = max((int(ids.max(initial=-1)) for ids in searched), default=-1)
    names = encoder.encode_read(columns.names.read.first(last + 1))
    relatives = encoder.reduced(names)
    villages = np.concatenate([columns.village[:, None], columns.remembered_texts], axis=1)
    held = columns.own >= 0
    held[:, 0] |= ~held.any(axis=1)
    owners, column = np.nonzero(held)
    own = columns.own[owners, column]
    unknown = columns.relatives  # relation unknown: may be the father as well as the mother
    blocks = {
        "father": _mean_of(relatives, np.concatenate([columns.father, unknown], axis=1)),
        "mother": _mean_of(relatives, np.concatenate([columns.mother, unknown], axis=1)),
        "birth": _birth(columns),
        "sex": np.stack([columns.sex == 1, columns.sex == 2], axis=1),
        "place": _places(columns),
        "village": _mean_of(*_encoded_texts(columns, villages)),
        "languages": _languages(columns),
    }
    rows = np.empty((len(owners), WIDTH), dtype=np.float32)
    spans = block_spans()
    # So few rows at once that they stay in the processor's cache from block to block.
    for start in range(0, len(owners), _ROWS):
        part = slice(start, start + _ROWS)
        called, named = rows[part, spans["name"]], own[part] >= 0
        called[~named] = 0.0
        called[named] = names[own[part][named]]
        for block, vectors in blocks.items():
            rows[part, spans[block]] = vectors[owners[part]]
    return RecordVectors(rows, owners.astype(np.int64))


def encode_addresses(columns: RecordColumns) -> Vectors:
    """Return a unit vector of each record's address, shape (n, d), float32; zeros where there is none."""
    return _mean_of(*_encoded_texts(columns, columns.address[:, None]))


def _encoded_texts(columns: RecordColumns, ids: npt.NDArray[np.int32]) -> tuple[Vectors, npt.NDArray[np.int32]]:
    """Return (vectors of the texts that are asked for, `ids` as rows of these), -1 where there is none."""
    used = np.unique(ids[ids >= 0])
    encoder = NameEncoder.load()
    texts = [columns.texts.names[number] for number in used.tolist()]
    rows = np.where(ids >= 0, np.searchsorted(used, ids), -1).astype(np.int32)
    return encoder.reduced(encoder.encode_read(read_with(texts, parse_text))), rows


def weighted(queries: Vectors, route: str) -> Vectors:
    """Return the queries as one route asks: blocks times that route's weights, rows of unit norm (zero stays zero)."""
    scale = np.zeros(WIDTH, dtype=np.float32)
    for block, span in block_spans().items():
        scale[span] = ROUTES[route].get(block, 0.0)
    return unit_rows(queries * scale)


@lru_cache(maxsize=1)
def block_spans() -> dict[str, slice]:
    """Return where each block stands in a row."""
    spans, start = {}, 0
    for block, width in BLOCKS.items():
        spans[block] = slice(start, start + width)
        start += width
    return spans


def _mean_of(table: Vectors, ids: npt.NDArray[np.int32]) -> Vectors:
    """Return the unit mean of each row's vectors, shape (n, width); -1 is none."""
    total = np.zeros((len(ids), table.shape[1] if len(table) else _RELATIVE_WIDTH), dtype=np.float32)
    for column in range(ids.shape[1]):
        rows = np.flatnonzero(ids[:, column] >= 0)
        if len(rows):
            total[rows] += table[ids[rows, column]]
    return unit_rows(total)


def _birth(columns: RecordColumns) -> Vectors:
    """Return a bump over the years of birth: wide intervals are low and broad, so overlap decides."""
    years = np.arange(_FIRST_YEAR, _FIRST_YEAR + _BIRTH_WIDTH, dtype=np.float32) + 0.5
    # Both ends as one number: millions of people are born on some ten thousand days.
    days = np.ascontiguousarray(columns.birth).view(np.int64)[:, 0]
    _, where, which = np.unique(days, return_index=True, return_inverse=True)
    birth = columns.birth[where]
    low, high = birth[:, 0] / _DAYS_PER_YEAR + 1, birth[:, 1] / _DAYS_PER_YEAR + 1
    outside = np.maximum(np.maximum(low[:, None] - years, years - high[:, None]), 0.0)
    bump = np.exp(-0.5 * (outside / _BIRTH_SPREAD) ** 2).astype(np.float32)
    bump[birth[:, 0] <= 0] = 0.0
    bump[bump < 0.01] = 0.0  # born before 1975: nothing in these years
    units: Vectors = unit_rows(bump)[which]
    return units


def _places(columns: RecordColumns) -> Vectors:
    """Return the unit sum of a fixed random direction for each area known, narrower ones counting more."""
    paths = columns.area_paths
    directions = (
        np.stack([_direction(path) for path in paths]) if paths else np.zeros((0, _PLACE_WIDTH), dtype=np.float32)
    )
    total = np.zeros((len(columns), _PLACE_WIDTH), dtype=np.float32)
    for level, weight in zip(range(AREA_LEVELS), (0.4, 0.7, 1.0, 0.8), strict=True):
        rows = np.flatnonzero(columns.areas[:, level] >= 0)
        if len(rows):
            total[rows] += weight * directions[columns.areas[rows, level]]
    for column in range(columns.remembered_areas.shape[1]):
        rows = np.flatnonzero(columns.remembered_areas[:, column] >= 0)
        for row in rows:  # few records remember places; every area around one is meant
            parts = paths[columns.remembered_areas[row, column]].split("/")
            for depth in range(1, len(parts) + 1):
                total[row] += 0.25 * _direction("/".join(parts[:depth]))
    return unit_rows(total)


def _languages(columns: RecordColumns) -> Vectors:
    """Return the unit sum of a fixed random direction for each language, rare ones counting more."""
    sets, of = np.unique(columns.languages, return_inverse=True)
    directions = np.zeros((len(sets), _LANGUAGES_WIDTH), dtype=np.float32)
    for number, spoken in enumerate(sets.tolist()):
        # Sorted, for the bits of languages, and the last bits of their sum, are others in every table. A bit that
        # several languages share says nothing here.
        held = {name for bit, name in enumerate(columns.language_names[: LANGUAGES_KEPT - 1]) if spoken >> bit & 1}
        for tag in sorted(held):
            directions[number] += language_bits(tag) * _direction(tag, _LANGUAGES_WIDTH)
    return unit_rows(directions)[of]


@lru_cache(maxsize=65536)
def _direction(name: str, width: int = _PLACE_WIDTH) -> Vectors:
    """Return the random direction of an area or a language, the same in every process."""
    seed = np.frombuffer(name.encode(), dtype=np.uint8).astype(np.uint32)
    vector = np.random.default_rng(seed).standard_normal(width, dtype=np.float32)
    unit: Vectors = vector / np.linalg.norm(vector)
    return unit
