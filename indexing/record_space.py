"""Where does a record stand when it is searched among a million? Its blocks, weighed and turned, in whole numbers.

    blocks of a record's vector  x  learned weights  ->  turned so that the first directions say most  ->  one byte each

The weights say which blocks agree for one person and not for her neighbours; they stand half on either side, so that a
product of two rows is the weighted sum of the fields' likeness. A field that the report leaves open counts as much as
it is worth on average: a father nobody named is no other father.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from typing import Final, Self

import numpy as np
import numpy.typing as npt

from indexing.record_vectors import BLOCKS, WIDTH, block_spans
from matcher.reference import read_arrays

ARTEFACT: Final = "retrieval-1.npz"
SPACE_WIDTH: Final = 256
_LEAST_STEP: Final = 1e-6
_CHUNK: Final = 1024  # rows whose steps all stay in the processor's cache

Vectors = npt.NDArray[np.float32]
Small = npt.NDArray[np.int8]
Queries = npt.NDArray[np.int16]


@dataclass(frozen=True, slots=True)
class RecordSpace:
    """The weights of the blocks, and the turn.

    Attributes:
        version: names weights and turn; rows of two versions never meet.
        weights: shape (blocks,), what a block's likeness counts, in the order of `BLOCKS`.
        unknown: shape (blocks,), what counts instead where the query knows a block and the stored record does not.
        middle: shape (WIDTH + blocks,), the mean of stored records: what all have in common ranks none before another.
        turn: shape (WIDTH + blocks, d), orthonormal columns.
        steps: shape (d,), what one unit of a stored byte is worth.
    """

    version: str
    weights: Vectors
    unknown: Vectors
    middle: Vectors
    turn: Vectors
    steps: Vectors

    @classmethod
    @lru_cache(maxsize=1)
    def load(cls) -> Self:
        """Return the space that ships.

        Raises:
            ModelMissing, ModelCorrupt: the artefact is not installed, or is not the one whose hash is recorded.
        """
        arrays = read_arrays(ARTEFACT, "sandhan train retrieval")
        return cls(
            str(arrays["version"]), arrays["weights"], arrays["unknown"], arrays["middle"], arrays["turn"],
            arrays["steps"],
        )  # fmt: skip

    @classmethod
    def fitted(
        cls, version: str, weights: Vectors, unknown: Vectors, stored: Vectors, queries: Vectors,
        width: int = SPACE_WIDTH,
    ) -> Self:  # fmt: skip
        """Return the space whose first directions hold most of what some stored records and queries differ in.

        Args:
            weights, unknown: shape (blocks,), not negative.
            stored, queries: shapes (n, WIDTH), (q, WIDTH), blocks as `encode_records` makes them.
        """
        none = np.zeros(WIDTH + len(BLOCKS), dtype=np.float32)
        plain = cls(version, weights, unknown, none, np.diag(none), none)
        left, right = plain._weighed(stored, asking=False), plain._weighed(queries, asking=True)
        middle = left.mean(axis=0)
        left -= middle
        spread = left.T @ left / len(left) + right.T @ right / len(right)
        turn = np.linalg.eigh(spread.astype(np.float64))[1][:, ::-1][:, :width].astype(np.float32)
        steps = np.maximum(np.abs(left @ turn).max(axis=0) / np.float32(127), np.float32(_LEAST_STEP))
        return cls(version, weights, unknown, middle, turn, steps)

    def stored(self, blocks: Vectors) -> Small:
        """Return rows to be searched, shape (n, d), int8; blocks as `encode_records` makes them, shape (n, WIDTH)."""
        out = np.empty((len(blocks), self.turn.shape[1]), dtype=np.int8)
        # The last chunk takes what would be a short one: products of few rows are not rounded as those of many.
        starts = range(0, max(len(blocks) - _CHUNK, 0) + 1, _CHUNK)
        for start, end in pairwise((*starts, len(blocks))):
            part = self._weighed(blocks[start:end], asking=False)
            part -= self.middle
            turned = part @ self.turn
            turned /= self.steps
            np.clip(np.rint(turned, out=turned), -127, 127, out=out[start:end], casting="unsafe")
        return out

    def queries(self, blocks: Vectors) -> Queries:
        """Return rows that ask, shape (n, d), int16: products of one query are in proportion, those of two are not."""
        turned = self._weighed(blocks, asking=True) @ self.turn * self.steps
        # So many products of a byte and so many units stay inside 32 bits.
        peak = np.abs(turned).max(axis=1, keepdims=True, initial=0.0)
        out: Queries = np.rint(turned * (30_000 / np.maximum(peak, np.float32(1e-12)))).astype(np.int16)
        return out

    def _weighed(self, blocks: Vectors, *, asking: bool) -> Vectors:
        """Return the blocks times the roots of their weights, and what stands for unknown ones, (n, WIDTH + blocks)."""
        out = np.empty((len(blocks), WIDTH + len(BLOCKS)), dtype=np.float32)
        np.multiply(blocks, np.repeat(np.sqrt(self.weights), list(BLOCKS.values())), out=out[:, :WIDTH])
        starts = [span.start for span in block_spans().values()]
        known = np.logical_or.reduceat(blocks != 0, starts, axis=1)
        np.multiply(known if asking else ~known, np.sqrt(self.unknown), out=out[:, WIDTH:])
        return out
