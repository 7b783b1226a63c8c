"""Which words of a relative's name has the record already said in another name?

A child mostly bears her father's surname, and so does her mother. Where both sides write the surname with all three,
its agreement is one piece of evidence, not three: it counts with the first name that holds it (her own, then the
father's), and relatives are compared by what remains of their names.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import compress, islice
from threading import Lock

import numpy as np
import numpy.typing as npt

from matcher.distinct import Ints
from matcher.growing import Column
from matcher.names.gathered import distinct
from matcher.names.grid import pair_similarities
from matcher.names.phonetics import MAX_TOKEN, encode_tokens
from matcher.names.reading import read_names
from matcher.names.weighing import SAME_WORD
from matcher.names.words import CutTexts, Numbered, ragged, replaced, starts_of

PLACES = 4
"""Whose names a record holds, in the order in which a word counts: her own, father's, mother's, other relatives'."""
_BLOCK = 16_384
"""Records whose words are compared at once: as many pairs of words as stay in a few megabytes."""


def bare_names(texts: Sequence[str], cut: CutTexts, names: Ints, counts: Ints) -> tuple[Ints, list[str]]:
    """Return the relatives' names that share a word with the names before them, and what is left of each.

    Words are taken as typed, between spaces, and are shared where they are one word in two spellings, too.

    Args:
        texts: distinct names.
        cut: their words.
        names: shape (t,), rows of `texts`: the names of all records, one record after the other, and of each her own,
            the father's, the mother's, other relatives'.
        counts: shape (n, PLACES), how many each record has of these.
    Returns:
        (which of the t names share a word, shape (s,), ascending; the text without such words, "" where none is left).
    """
    words = _Words.of(texts, cut)
    ends = starts_of(counts.sum(axis=1))
    found: list[Ints] = []
    left: list[str] = []
    for start in range(0, len(counts), _BLOCK):
        block = counts[start : start + _BLOCK]
        first = int(ends[start])
        here = names[first : int(ends[start + len(block)])]
        members, sizes = ragged(here, block.ravel(), words.begins)
        kept = ~_said_before(words, words.flat[members], starts_of(sizes))
        begins = starts_of(words.begins[here + 1] - words.begins[here])
        total = starts_of(kept.astype(np.int64))
        shares = np.flatnonzero(np.diff(total[begins]) < np.diff(begins))
        found.append(first + shares)
        flags = kept.tolist()
        for name, begin, end in zip(
            here[shares].tolist(), begins[shares].tolist(), begins[shares + 1].tolist(), strict=True
        ):
            left.append(" ".join(compress(texts[name].split(), flags[begin:end])))
    return np.concatenate(found) if found else np.zeros(0, dtype=np.int64), left


@dataclass(frozen=True, slots=True)
class _Words:
    """The words of distinct names, between their spaces.

    Attributes:
        flat: shape (t,), the words of all names one after the other, as numbers.
        begins: shape (n + 1,), where those of each name begin.
        lettered: shape (w,), which words have letters and are more than a title.
        sounds: shape (w,), rows of `codes`; -1 where a word is no single one when it is read as a name.
        codes: letters of each sound.
    """

    flat: Ints
    begins: Ints
    lettered: npt.NDArray[np.bool_]
    sounds: Ints
    codes: npt.NDArray[np.uint8]

    @classmethod
    def of(cls, texts: Sequence[str], cut: CutTexts) -> _Words:
        words, flat, counts = cut.words, cut.flat, cut.counts
        if cut.whole:
            # Only here are they words, too.
            numbers = Numbered(zip(words, range(len(words)), strict=True))
            apart = {n: [numbers[word] for word in texts[n].split()] for n in cut.whole}
            (flat, counts), words = replaced(flat, counts, apart), list(numbers)
        return cls(flat, starts_of(counts), *_KNOWN.looked_up(words))


class _KnownWords:
    """How words are read alone, kept: the next batch holds much the same ones. Forgotten when there are too many."""

    def __init__(self, limit: int = 131_072) -> None:
        self._limit, self._lock = limit, Lock()
        self._begin()

    def _begin(self) -> None:
        self._rows: dict[str, int] = {}
        self._forms = Numbered()
        self._lettered, self._sounds = Column(np.bool_), Column(np.int64)
        self._codes = Column(np.uint8, width=MAX_TOKEN)

    def looked_up(self, words: Sequence[str]) -> tuple[npt.NDArray[np.bool_], Ints, npt.NDArray[np.uint8]]:
        """Return (which are more than a title, row of each one's sound, letters of the sounds), as `_Words` does."""
        with self._lock:
            new = [word for word in words if word not in self._rows]
            if len(self._rows) + len(new) > self._limit:
                self._begin()
                new = list(words)
            if new:
                self._learn(new)
            rows = np.fromiter(map(self._rows.__getitem__, words), dtype=np.int64, count=len(words))
            lettered, sounds, codes = self._lettered.values[rows], self._sounds.values[rows], self._codes.values
        used = distinct(sounds, len(codes))
        here = np.searchsorted(used, sounds)
        return lettered, np.where(sounds >= 0, here, -1), codes[used]

    def _learn(self, words: Sequence[str]) -> None:
        read = read_names(words)
        said = ~read.titles
        tokens = np.bincount(read.names[said], minlength=len(words))
        # A word of several tokens (Burmese syllables, hyphens) is shared only when it is typed alike.
        single = said & ~read.initials & (tokens == 1)[read.names]
        sounds = np.full(len(words), -1, dtype=np.int64)
        known = len(self._forms)
        sounds[read.names[single]] = [self._forms[read.vocabulary[token]] for token in read.tokens[single].tolist()]
        self._codes.add(encode_tokens(list(islice(self._forms, known, None))))
        self._lettered.add(tokens > 0)
        self._sounds.add(sounds)
        self._rows.update(zip(words, range(len(self._rows), len(self._rows) + len(words)), strict=True))


_KNOWN = _KnownWords()


def _said_before(words: _Words, said: Ints, starts: Ints) -> npt.NDArray[np.bool_]:
    """Return which words stand in an earlier name of their record, too.

    Args:
        words: all words.
        said: shape (t,), the words of records.
        starts: shape (PLACES * n + 1,), where the words of each place of each record begin.
    """
    place = np.repeat(np.arange(len(starts) - 1), np.diff(starts))
    first = starts[place - place % PLACES]
    # Every word meets all words of its record in the places before its own.
    many = starts[place] - first
    ends = np.cumsum(many)
    later = np.repeat(np.arange(len(said), dtype=np.int32), many)
    earlier = np.arange(len(later), dtype=np.int32) + np.repeat((first - ends + many).astype(np.int32), many)
    out = np.zeros(len(said), dtype=np.bool_)
    # Titles and words without letters are never shared.
    typed = np.where(words.lettered[said], said, -1 - np.arange(len(said)))
    same = typed[later] == typed[earlier]
    out[later[same]] = True
    # Of a word that is shared as it is typed nothing else need be known.
    sounds = words.sounds[said]
    compared = np.flatnonzero(((sounds >= 0) & ~out)[later] & (sounds >= 0)[earlier])
    later, earlier = later[compared], earlier[compared]
    out[later[pair_similarities(words.codes, sounds[later], sounds[earlier]) >= SAME_WORD]] = True
    return out
