"""Which point in space is a name? Vectors whose inner product is high when two names sound alike, in any scripts.

A folded word is cut into character n-grams; each n-gram has a fixed random direction (a seeded table, so nothing needs
to be shipped or trained); a word is the unit sum of its n-grams, a name the unit sum of its words. Retrieval forgives:
the exact comparison comes after.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Final

import numpy as np
import numpy.typing as npt

from matcher.names.grammar import parse_name
from matcher.names.phonetics import MAX_TOKEN
from matcher.names.table import NameTable, Parser

Vectors = npt.NDArray[np.float32]

NAME_WIDTH: Final = 128
_BUCKETS: Final = 1 << 15
_SEED: Final = 20261101
_EDGE: Final = 63  # a code no letter has: marks the ends of a word
_LONGEST: Final = 4
_GRAM_WEIGHTS: Final = (0.6, 1.0, 1.0, 0.8)
_JOINED_WEIGHT: Final = 0.7
_CHUNK: Final = 2048


class NameEncoder:
    """Encodes names as unit vectors.

    Attributes:
        encoder_id: names the method and its version; vectors of two ids never meet in one index.
        width: length of the vectors.
    """

    encoder_id = "hashed-phonetic-1"

    def __init__(self, width: int = NAME_WIDTH) -> None:
        self.width = width
        rng = np.random.default_rng(_SEED)
        self._directions: Vectors = rng.standard_normal((_BUCKETS, width), dtype=np.float32) / np.float32(
            np.sqrt(width)
        )

    @classmethod
    @lru_cache(maxsize=4)
    def load(cls, width: int = NAME_WIDTH) -> NameEncoder:
        """Return the encoder; the same object each time."""
        return cls(width)

    def encode(self, names: Sequence[str], parse: Parser = parse_name) -> Vectors:
        """Return one vector per name, shape (n, width), float32, unit rows (zero for a name without letters)."""
        table = NameTable.build(names, parse)
        rows = np.array([table.ids[name] for name in names], dtype=np.int64)
        if len(rows) == 0:
            return np.zeros((0, self.width), dtype=np.float32)
        return self.encode_table(table)[rows]

    def encode_table(self, table: NameTable) -> Vectors:
        """Return the vectors of a table's distinct names, shape (len(table), width)."""
        words = self._encode_codes(table.codes)
        present = table.tokens >= 0
        weights = np.where(present, table.weights, 0.0).astype(np.float32)
        out = np.zeros((len(table), self.width), dtype=np.float32)
        for column in range(table.tokens.shape[1]):
            rows = np.flatnonzero(present[:, column])
            out[rows] += words[table.tokens[rows, column]] * weights[rows, column, None]
        several = np.flatnonzero(present.sum(axis=1) > 1)
        out[several] += _JOINED_WEIGHT * words[table.joined[several]]
        return _unit(out)

    def _encode_codes(self, codes: npt.NDArray[np.uint8]) -> Vectors:
        out = np.zeros((len(codes), self.width), dtype=np.float32)
        for start in range(0, len(codes), _CHUNK):
            part = codes[start : start + _CHUNK]
            for buckets, valid, weight in _grams(part):
                directions = self._directions[buckets]
                directions[~valid] = 0.0
                out[start : start + _CHUNK] += weight * directions.sum(axis=1)
        return _unit(out)


def _grams(codes: npt.NDArray[np.uint8]) -> list[tuple[npt.NDArray[np.int64], npt.NDArray[np.bool_], float]]:
    """Return, for n = 1 .. 4, the buckets of all n-grams of each word, which of them exist, and their weight."""
    n = len(codes)
    length = (codes > 0).sum(axis=1)
    bounded = np.zeros((n, MAX_TOKEN + 2), dtype=np.uint64)
    bounded[:, 1:-1] = codes
    bounded[:, 0] = _EDGE
    bounded[np.arange(n), length + 1] = _EDGE
    found = []
    for size in range(1, _LONGEST + 1):
        windows = bounded.shape[1] - size + 1
        packed = np.full((n, windows), size, dtype=np.uint64)
        for offset in range(size):
            packed = packed * np.uint64(64) + bounded[:, offset : offset + windows]
        mixed = packed * np.uint64(0x9E3779B97F4A7C15)
        buckets = (mixed >> np.uint64(64 - 15)).astype(np.int64)
        valid = np.arange(windows)[None, :] + size <= (length + 2)[:, None]
        if size == 1:  # the ends alone say nothing
            valid &= (bounded[:, :windows] != _EDGE) & (bounded[:, :windows] > 0)
        found.append((buckets, valid & (length > 0)[:, None], _GRAM_WEIGHTS[size - 1]))
    return found


def _unit(vectors: Vectors) -> Vectors:
    norms = np.linalg.norm(vectors, axis=1, keepdims=True)
    unit: Vectors = np.divide(vectors, norms, out=np.zeros_like(vectors), where=norms > 0)
    return unit
