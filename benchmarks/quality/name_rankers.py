"""How do this project and other open tools rank candidates by name alone? One function a method.

The others see names in ASCII, by anyascii or by ICU, as in `name_peers`; here one query meets thousands of names.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from importlib import import_module

import numpy as np
import numpy.typing as npt
from anyascii import anyascii
from rapidfuzz import fuzz
from rapidfuzz.process import cdist

from matcher.evaluation import ranks_among, ranks_of_truth
from matcher.names import NameEncoder

Ints = npt.NDArray[np.int64]
# Queries, candidates, and the number of each query's right candidate -> ranks; None where the method cannot be run.
Ranker = Callable[[Sequence[str], Sequence[str], Ints], Ints | None]

OURS = "Sandhan, vectors"
ENCODED_AT_ONCE = 50_000
_LENGTHS = (2, 3, 4)
_CELLS = 2_000_000  # of queries x candidates that are held at once
_ALL_PAIRS = 3000


def encoded(encoder: NameEncoder, names: Sequence[str], at_once: int = ENCODED_AT_ONCE) -> npt.NDArray[np.float32]:
    """Return the retrieval vectors of any number of names, in parts: reading a million at once takes much memory."""
    vectors = np.empty((len(names), encoder.width), dtype=np.float32)
    for start in range(0, len(names), at_once):
        part = slice(start, start + at_once)
        vectors[part] = encoder.encode(names[part])
    return vectors


def ours(queries: Sequence[str], candidates: Sequence[str], truth: Ints) -> Ints:
    """Return ranks by the inner product of the retrieval vectors."""
    encoder = NameEncoder.load()
    return ranks_among(encoded(encoder, queries), encoded(encoder, candidates), truth)


def ascii_ngrams(queries: Sequence[str], candidates: Sequence[str], truth: Ints) -> Ints:
    """Return ranks by TF-IDF of the character n-grams of the names in ASCII, by anyascii."""
    return NgramIndex([plain(name) for name in candidates]).ranks([plain(name) for name in queries], truth)


def icu_ngrams(queries: Sequence[str], candidates: Sequence[str], truth: Ints) -> Ints | None:
    """Return the same with ICU's transliteration; None where PyICU is not installed."""
    try:
        icu = import_module("icu")
    except ImportError:
        return None
    to_latin = icu.Transliterator.createInstance("Any-Latin; Latin-ASCII").transliterate
    sides = [[letters(to_latin(name)) for name in side] for side in (candidates, queries)]
    return NgramIndex(sides[0]).ranks(sides[1], truth)


def token_sort(queries: Sequence[str], candidates: Sequence[str], truth: Ints) -> Ints | None:
    """Return ranks by rapidfuzz's token_sort_ratio in ASCII; None for long lists, which it compares pair by pair."""
    if max(len(queries), len(candidates)) > _ALL_PAIRS:
        return None
    sides = [[plain(name) for name in side] for side in (queries, candidates)]
    return ranks_of_truth(np.asarray(cdist(*sides, scorer=fuzz.token_sort_ratio, dtype=np.float32)), truth)


def plain(name: str) -> str:
    """Return a name in ASCII as the peers see it."""
    return letters(anyascii(name))


def letters(text: str) -> str:
    """Return the words of a text in small letters, nothing else."""
    return " ".join("".join(char if char.isalpha() else " " for char in text.lower()).split())


class NgramIndex:
    """TF-IDF of character n-grams of 2 to 4 letters, names padded by spaces: for each n-gram, who has it and how much.

    The n-grams are packed into integers, not hashed: none collide.
    """

    def __init__(self, candidates: Sequence[str]) -> None:
        self.count = len(candidates)
        rows, grams = self._grams(candidates)
        self.vocabulary, gram = np.unique(grams, return_inverse=True)
        cells, often = np.unique(gram * self.count + rows, return_counts=True)
        self.rows = cells % self.count
        of = cells // self.count
        self.starts = np.searchsorted(of, np.arange(len(self.vocabulary) + 1))
        self.idf = np.log((1 + self.count) / (1 + np.diff(self.starts))) + 1
        values = often * self.idf[of]
        self.values: npt.NDArray[np.float64] = (
            values / np.sqrt(np.bincount(self.rows, values**2, self.count))[self.rows]
        )

    def ranks(self, queries: Sequence[str], truth: Ints) -> Ints:
        """Return the rank of each query's right candidate; ties, as when nothing is shared, count against it."""
        ranks = np.empty(len(queries), dtype=np.int64)
        step = max(1, _CELLS // self.count)
        for start in range(0, len(queries), step):
            part = slice(start, start + step)
            scores = self._scores(queries[part])
            least = scores[np.arange(len(scores)), truth[part]] - 1e-9
            ranks[part] = np.count_nonzero(scores >= least[:, None], axis=1) - 1
        return ranks

    def _scores(self, queries: Sequence[str]) -> npt.NDArray[np.float64]:
        """Return the similarity to every candidate but for the query's own length, shape (q, n)."""
        asked, grams = self._grams(queries)
        place = np.minimum(np.searchsorted(self.vocabulary, grams), len(self.vocabulary) - 1)
        known = self.vocabulary[place] == grams
        asked, gram = asked[known], place[known]
        length = self.starts[gram + 1] - self.starts[gram]
        # All entries of all n-grams of all queries, one after the other.
        entry = np.arange(int(length.sum())) + np.repeat(self.starts[gram] - (np.cumsum(length) - length), length)
        shared = np.repeat(self.idf[gram], length) * self.values[entry]
        cells = np.repeat(asked * self.count, length) + self.rows[entry]
        scores = np.bincount(cells, shared, len(queries) * self.count).astype(np.float64, copy=False)
        return scores.reshape(len(queries), self.count)

    @staticmethod
    def _grams(texts: Sequence[str]) -> tuple[Ints, npt.NDArray[np.uint64]]:
        """Return (the text of each n-gram, its letters as one integer)."""
        units = np.frombuffer("".join(f" {text} \n" for text in texts).encode("utf-16-le"), np.uint16).astype(np.uint64)
        ends = units == ord("\n")
        row = np.cumsum(ends) - ends
        rows, grams = [], []
        for length in _LENGTHS:
            first = np.arange(max(len(units) - length, 0))
            first = first[row[first] == row[first + length]]  # the letter after it is of the same text, or its end
            packed = np.zeros(len(first), dtype=np.uint64)
            for step in range(length):
                packed = packed << np.uint64(16) | units[first + step]
            rows.append(row[first])
            grams.append(packed)
        return np.concatenate(rows), np.concatenate(grams)


METHODS: dict[str, Ranker] = {
    OURS: ours,
    "anyascii + n-gram TF-IDF": ascii_ngrams,
    "ICU + n-gram TF-IDF": icu_ngrams,
    "anyascii + token_sort_ratio": token_sort,
}
