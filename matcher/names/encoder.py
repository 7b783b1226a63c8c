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
from threading import Lock
from typing import Final

import numpy as np
import numpy.typing as npt

from matcher.names.features import (
    MOST_COUNTED,
    MOST_PIECES,
    SOUNDED,
    WRITTEN,
    count_features,
    meeting_features,
    word_ends,
    word_features,
)
from matcher.names.reading import ReadNames, read_names
from matcher.reference import read_arrays

Vectors = npt.NDArray[np.float32]
Directions = npt.NDArray[np.int16]

NAME_WIDTH: Final = 144
REDUCED_WIDTH: Final = 64
ARTEFACT: Final = "names-1.npz"
TITLE_WEIGHT: Final = 0.3
JUNCTION_WEIGHT: Final = 0.7
COUNT_WEIGHT: Final = 1.0
KEPT_WORDS: Final = 65_536
_CHUNK: Final = 512
_FEW: Final = 1024  # pieces that are fetched all at once: those of one record's words
_BLOCK: Final = 1024  # rows of the table that stay in the cache while they are converted


def token_weights(read: ReadNames) -> npt.NDArray[np.float32]:
    """Return how much each token counts in retrieval, shape (t,): milder than in comparison, titles a little."""
    soft = np.sqrt(read.weights)
    return np.where(read.titles, soft * np.float32(TITLE_WEIGHT), soft)


def word_counts(read: ReadNames) -> npt.NDArray[np.int64]:
    """Return of how many tokens each name consists, titles left out, shape (n,)."""
    total = np.zeros(len(read.tokens) + 1, dtype=np.int64)
    np.cumsum(~read.titles, out=total[1:])
    counts: npt.NDArray[np.int64] = np.diff(total[read.starts])
    return counts


def begins_word(read: ReadNames) -> npt.NDArray[np.bool_]:
    """Return which tokens bring the written pieces of their word with them, shape (t,): the first of each word.

    An initial has none: এম. and M. are one letter, however it is spelled out.
    """
    begins: npt.NDArray[np.bool_] = read.entry_firsts[read.entries] & ~read.initials
    return begins


def _floats(rows: Vectors | npt.NDArray[np.int8], scales: Vectors | None, part: slice) -> Vectors:
    values: Vectors = rows.astype(np.float32, copy=False)
    return values if scales is None else values * scales[part, None]


class _KnownSums:
    """The sum of the pieces of each word, kept: the next batch of names holds much the same words.

    Forgotten when there are too many. A batch takes its rows and its array together, so that it needs no lock while
    another one adds to both.
    """

    def __init__(self, table: Directions, space: int, limit: int = KEPT_WORDS) -> None:
        self._table, self._space, self._limit = table, space, limit
        self._lock = Lock()
        self._rows: dict[str, int] = {}
        self._held = np.empty((0, table.shape[1]), dtype=table.dtype)

    def __call__(self, words: Sequence[str]) -> Directions:
        """Return the sums of words, shape (n, width); they must not be changed."""
        with self._lock:
            rows = self._rows
            new = [word for word in dict.fromkeys(words) if word not in rows]
            if len(rows) + len(new) > self._limit:
                # Another array, for a batch may still be reading the old one.
                rows = self._rows = {}
                self._held = self._held[:0]
                new = list(dict.fromkeys(words))
            if new:
                self._held = self._with(new, len(rows))
                rows.update(zip(new, range(len(rows), len(rows) + len(new)), strict=True))
            places, held = np.fromiter(map(rows.__getitem__, words), dtype=np.int64, count=len(words)), self._held
        return held.take(places, axis=0, mode="clip")

    def _with(self, new: Sequence[str], start: int) -> Directions:
        """Return the array with the sums of new words from a row on; it grows by doubling."""
        end = start + len(new)
        held = self._held
        if end > len(held):
            held = np.empty((max(end, 2 * start), held.shape[1]), dtype=held.dtype)
            held[:start] = self._held[:start]
        held[start:end] = summed(self._table, *word_features(new, self._space))
        return held


class NameEncoder:
    """Encodes names as unit vectors.

    Directions are kept as whole numbers of one unit, so small that no word's sum leaves 16 bits: sums are exact, and
    half as many bytes are fetched as for floats.

    Attributes:
        encoder_id: names the method and its version; vectors of two ids never meet in one index.
    """

    def __init__(self, table: Vectors | npt.NDArray[np.int8], encoder_id: str, scales: Vectors | None = None) -> None:
        """Take the direction of each piece, shape (buckets, width); names should differ most along the first.

        Args:
            table: the directions.
            encoder_id: names the method and its version.
            scales: shape (buckets,), by which each direction is multiplied; None: by nothing.
        """
        self.encoder_id = encoder_id
        blocks = [slice(start, start + _BLOCK) for start in range(0, len(table), _BLOCK)]
        peaks = (float(np.abs(_floats(table[part], scales, part)).max(initial=0)) for part in blocks)
        largest = max(peaks, default=0.0)
        self._unit = np.float32(max(largest * MOST_PIECES / np.iinfo(np.int16).max, 1e-9))
        self._table: Directions = np.empty(table.shape, dtype=np.int16)
        for part in blocks:
            self._table[part] = np.rint(_floats(table[part], scales, part) / self._unit)
        self.forget()

    def forget(self) -> None:
        """Let the next batch begin anew; one that is at work goes on with what it holds."""
        self._written, self._sounded = _KnownSums(self._table, WRITTEN), _KnownSums(self._table, SOUNDED)

    @property
    def table(self) -> Vectors:
        """Return the direction of each piece, shape (buckets, width)."""
        return self._table * self._unit

    @property
    def width(self) -> int:
        """Return the length of the vectors."""
        return int(self._table.shape[1])

    @classmethod
    @lru_cache(maxsize=1)
    def load(cls) -> NameEncoder:
        """Return the shipped encoder; the same object each time.

        Raises:
            ModelMissing, ModelCorrupt: the artefact is not installed, or is not the one whose hash is recorded.
        """
        arrays = read_arrays(ARTEFACT, "sandhan train names")
        return cls(arrays["directions"], str(arrays["encoder_id"]), arrays["scales"].astype(np.float32))

    def encode(self, names: Sequence[str]) -> Vectors:
        """Return one vector per name, shape (n, width), float32, unit rows (zero for a name without letters)."""
        distinct = dict.fromkeys(names)
        if len(distinct) == len(names):
            return self.encode_read(read_names(names))
        place = {name: row for row, name in enumerate(distinct)}
        return self.encode_read(read_names(tuple(distinct)))[[place[name] for name in names]]

    def encode_read(self, read: ReadNames) -> Vectors:
        """Return the vectors of names that are already read, shape (len(read), width).

        Raises:
            ValueError: of the names only the sounds are kept.
        """
        if not read.spelled:
            raise ValueError("names that are kept without their spelling have no vector")
        out = np.zeros((len(read), self.width), dtype=np.float32)
        if not len(read.tokens):
            return out
        entries = self._entries(read)
        weights = token_weights(read)
        said = count_features(np.arange(MOST_COUNTED + 1))
        counted = self._table.take(said, axis=0, mode="clip") * np.float32(COUNT_WEIGHT)
        counts = np.minimum(word_counts(read), MOST_COUNTED)
        length = np.diff(read.starts)
        # Names of one word, as those of lists of words are, have none.
        junctions, junction = self._junctions(read) if length.max() > 1 else (entries[:0], length[:0])
        part = np.empty((min(_CHUNK, len(read)), self.width), dtype=np.float32)
        # Names of equally many tokens together, so that every step adds whole rows.
        for count in np.unique(length[length > 0]).tolist():
            named = np.flatnonzero(length == count)
            for start in range(0, len(named), _CHUNK):
                names = named[start : start + _CHUNK]
                row = part[: len(names)]
                token = read.starts[names]
                total = np.take(entries, read.entries[token], axis=0, mode="clip")
                total *= weights[token, None]
                total += np.take(counted, counts[names], axis=0, out=row, mode="clip")
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
        vectors = self._sounded(read.vocabulary).take(read.entry_tokens, axis=0).astype(np.float32)
        begins = np.zeros(len(vectors), dtype=np.bool_)
        begins[read.entries[begins_word(read)]] = True
        rows = np.flatnonzero(begins)
        vectors[rows] += self._written(read.written).take(read.entry_words[rows], axis=0)
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
        starts = np.arange(0, pieces.size + 1, pieces.shape[1])
        return summed(self._table, pieces.ravel(), starts) * np.float32(JUNCTION_WEIGHT), junction

    @staticmethod
    def reduced(vectors: Vectors) -> Vectors:
        """Return name vectors in fewer dimensions, shape (n, REDUCED_WIDTH), unit rows: for fields that weigh less."""
        return unit_rows(vectors[:, :REDUCED_WIDTH])


def summed(table: Directions, pieces: npt.NDArray[np.int32], starts: npt.NDArray[np.int64]) -> Directions:
    """Return the sum of the directions of each word's pieces, shape (n, width); word k has those from `starts[k]`."""
    length = np.diff(starts)
    out = np.zeros((len(length), table.shape[1]), dtype=table.dtype)
    if len(pieces) <= _FEW:
        filled = np.flatnonzero(length)
        if len(filled):
            out[filled] = np.add.reduceat(
                table.take(pieces[: starts[-1]], axis=0, mode="clip"), starts[filled], axis=0, dtype=table.dtype
            )
        return out
    part = np.empty((_CHUNK, table.shape[1]), dtype=table.dtype)
    # Words of equally many pieces together, so that every step adds whole rows.
    for count in np.unique(length[length > 0]).tolist():
        words = np.flatnonzero(length == count)
        for start in range(0, len(words), _CHUNK):
            rows = words[start : start + _CHUNK]
            total = np.take(table, pieces[starts[rows]], axis=0, mode="clip")
            for step in range(1, count):
                total += np.take(table, pieces[starts[rows] + step], axis=0, out=part[: len(rows)], mode="clip")
            out[rows] = total
    return out


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
