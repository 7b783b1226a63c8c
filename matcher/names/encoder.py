"""Which point in space is a name? Vectors whose inner product is high when two names sound alike, in any scripts.

A word is cut into character n-grams, as it is written and as it sounds (`features`); each n-gram has a direction in a
learned table; a name is the unit sum of its words, common elements and titles counting less, and of the junctions
between them, which keep the order. The table was learned from pairs of native and Latin spellings (`learning`), so
that spellings of one name point the same way; nothing but numpy is needed to use it. Retrieval forgives: the exact
comparison comes after.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Final

import numpy as np
import numpy.typing as npt

from matcher.names.features import SOUNDED, WRITTEN, meeting_features, word_ends, word_features
from matcher.names.reading import ReadNames, read_names
from matcher.reference import read_arrays

Vectors = npt.NDArray[np.float32]

NAME_WIDTH: Final = 128
REDUCED_WIDTH: Final = 64
ARTEFACT: Final = "names-1.npz"
TITLE_WEIGHT: Final = 0.3
JUNCTION_WEIGHT: Final = 0.7
_CHUNK: Final = 512


def token_weights(read: ReadNames) -> npt.NDArray[np.float32]:
    """Return how much each token counts in retrieval, shape (t,): milder than in comparison, titles a little."""
    soft = np.sqrt(read.weights)
    return np.where(read.titles, soft * np.float32(TITLE_WEIGHT), soft)


def begins_word(read: ReadNames) -> npt.NDArray[np.bool_]:
    """Return which tokens bring the written pieces of their word with them, shape (t,): the first of each word.

    An initial has none: এম. and M. are one letter, however it is spelled out.
    """
    begins: npt.NDArray[np.bool_] = read.entry_firsts[read.entries] & ~read.initials
    return begins


class NameEncoder:
    """Encodes names as unit vectors.

    Attributes:
        encoder_id: names the method and its version; vectors of two ids never meet in one index.
        table: shape (buckets, width), float32: the direction of each n-gram, turned so that names differ most along the
            first of its dimensions.
    """

    def __init__(self, table: Vectors, encoder_id: str) -> None:
        self.table = table
        self.encoder_id = encoder_id

    @property
    def width(self) -> int:
        """Return the length of the vectors."""
        return int(self.table.shape[1])

    @classmethod
    @lru_cache(maxsize=1)
    def load(cls) -> NameEncoder:
        """Return the shipped encoder; the same object each time.

        Raises:
            ModelMissing, ModelCorrupt: the artefact is not installed, or is not the one whose hash is recorded.
        """
        arrays = read_arrays(ARTEFACT, "sandhan train names")
        table = arrays["directions"].astype(np.float32)
        table *= arrays["scales"].astype(np.float32)[:, None]
        return cls(table, str(arrays["encoder_id"]))

    def encode(self, names: Sequence[str]) -> Vectors:
        """Return one vector per name, shape (n, width), float32, unit rows (zero for a name without letters)."""
        distinct = dict.fromkeys(names)
        if len(distinct) == len(names):
            return self.encode_read(read_names(names))
        place = {name: row for row, name in enumerate(distinct)}
        return self.encode_read(read_names(tuple(distinct)))[[place[name] for name in names]]

    def encode_read(self, read: ReadNames) -> Vectors:
        """Return the vectors of names that are already read, shape (len(read), width)."""
        out = np.zeros((len(read), self.width), dtype=np.float32)
        if not len(read.tokens):
            return out
        entries = self._entries(read)
        weights = token_weights(read)
        junctions, junction = self._junctions(read)
        length = np.diff(read.starts)
        part = np.empty((_CHUNK, self.width), dtype=np.float32)
        # Names of equally many tokens together, so that every step adds whole rows.
        for count in np.unique(length[length > 0]).tolist():
            named = np.flatnonzero(length == count)
            for start in range(0, len(named), _CHUNK):
                names = named[start : start + _CHUNK]
                row = part[: len(names)]
                token = read.starts[names]
                total = np.take(entries, read.entries[token], axis=0, mode="clip")
                total *= weights[token, None]
                for _ in range(count - 1):
                    token = token + 1
                    np.take(entries, read.entries[token], axis=0, out=row, mode="clip")
                    row *= weights[token, None]
                    total += row
                    total += np.take(junctions, junction[token], axis=0, out=row, mode="clip")
                norms = np.sqrt(np.einsum("ij,ij->i", total, total))
                total /= np.where(norms > 0, norms, np.float32(1))[:, None]
                out[names] = total
        return out

    def _entries(self, read: ReadNames) -> Vectors:
        """Return the vector of each distinct token: its sound, and with the first of a word the word as written."""
        vectors = self._sums(read.vocabulary, SOUNDED)[read.entry_tokens]
        begins = np.zeros(len(vectors), dtype=np.bool_)
        begins[read.entries[begins_word(read)]] = True
        rows = np.flatnonzero(begins)
        vectors[rows] += self._sums(read.written, WRITTEN)[read.entry_words[rows]]
        return vectors

    def _junctions(self, read: ReadNames) -> tuple[Vectors, npt.NDArray[np.int64]]:
        """Return (distinct junctions' vectors, of each token the row of its junction with the token before)."""
        ends = word_ends(read.vocabulary)
        # Two letters tell the one letter as well (words of one letter have it twice or alone).
        _, begin_of = np.unique(ends[:, 1], return_inverse=True)
        _, end_of = np.unique(ends[:, 3], return_inverse=True)
        # The first token of all has none before it; where a name begins, the junction is never asked for.
        junction = np.zeros(len(read.tokens), dtype=np.int64)
        key = end_of[read.tokens[:-1]] * (int(begin_of.max()) + 1) + begin_of[read.tokens[1:]]
        _, where, junction[1:] = np.unique(key, return_index=True, return_inverse=True)
        pieces = meeting_features(ends[read.tokens[where]], ends[read.tokens[where + 1]])
        return np.float32(JUNCTION_WEIGHT) * self._added(pieces), junction

    def _sums(self, words: Sequence[str], space: int) -> Vectors:
        """Return the sum of the n-grams' directions of each word, shape (n, width)."""
        buckets, starts = word_features(words, space)
        length = np.diff(starts)
        out = np.zeros((len(words), self.width), dtype=np.float32)
        for count in np.unique(length[length > 0]).tolist():
            rows = np.flatnonzero(length == count)
            out[rows] = self._added(buckets[starts[rows][:, None] + np.arange(count)])
        return out

    def _added(self, buckets: npt.NDArray[np.int32]) -> Vectors:
        """Return the sum of the directions in each row of buckets, shape (n, width)."""
        out = np.empty((len(buckets), self.width), dtype=np.float32)
        part = np.empty((_CHUNK, self.width), dtype=np.float32)
        for start in range(0, len(buckets), _CHUNK):
            rows = buckets[start : start + _CHUNK]
            total = out[start : start + _CHUNK]
            np.take(self.table, rows[:, 0], axis=0, out=total, mode="clip")
            for column in range(1, rows.shape[1]):
                total += np.take(self.table, rows[:, column], axis=0, out=part[: len(rows)], mode="clip")
        return out

    @staticmethod
    def reduced(vectors: Vectors) -> Vectors:
        """Return name vectors in fewer dimensions, shape (n, REDUCED_WIDTH), unit rows: for fields that weigh less."""
        return unit_rows(vectors[:, :REDUCED_WIDTH])


def unit_rows(vectors: Vectors) -> Vectors:
    """Return the rows divided by their length; rows of zeros stay."""
    norms = np.sqrt(np.einsum("ij,ij->i", vectors, vectors))
    units: Vectors = (vectors / np.where(norms > 0, norms, 1)[:, None]).astype(np.float32, copy=False)
    return units


def main_directions(vectors: Vectors) -> Vectors:
    """Return the orthonormal directions along which vectors spread, widest first, shape (width, width)."""
    _, directions = np.linalg.eigh(vectors.T.astype(np.float64) @ vectors)
    found: Vectors = np.ascontiguousarray(directions[:, ::-1].astype(np.float32))
    return found
