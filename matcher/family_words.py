"""Which words of a relative's name has the record already said in another name?

A child mostly bears her father's surname, and so does her mother. Where both sides write the surname with all three,
its agreement is one piece of evidence, not three: it counts with the first name that holds it (her own, then the
father's), and relatives are compared by what remains of their names.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import chain, compress

import numpy as np
import numpy.typing as npt

from matcher.distinct import Ints, numbered
from matcher.names.grid import pair_similarities
from matcher.names.phonetics import encode_tokens
from matcher.names.reading import read_names
from matcher.names.weighing import SAME_WORD
from matcher.names.words import ragged, starts_of

PLACES = 4
"""Whose names a record holds, in the order in which a word counts: her own, father's, mother's, other relatives'."""
_BLOCK = 16_384
"""Records whose words are compared at once: as many pairs of words as stay in a few megabytes."""


def bare_names(texts: Sequence[str], names: Ints, counts: Ints) -> tuple[Ints, list[str]]:
    """Return the relatives' names that share a word with the names before them, and what is left of each.

    Words are taken as typed, between spaces, and are shared where they are one word in two spellings, too.

    Args:
        texts: distinct names.
        names: shape (t,), rows of `texts`: the names of all records, one record after the other, and of each her own,
            the father's, the mother's, other relatives'.
        counts: shape (n, PLACES), how many each record has of these.
    Returns:
        (which of the t names share a word, shape (s,), ascending; the text without such words, "" where none is left).
    """
    words = _Words.cut(texts)
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
    def cut(cls, texts: Sequence[str]) -> _Words:
        lengths: list[int] = []
        words, flat = numbered(chain.from_iterable(_split(texts, lengths)))
        read = read_names(words)
        said = ~read.titles
        tokens = np.bincount(read.names[said], minlength=len(words))
        # A word of several tokens (Burmese syllables, hyphens) is shared only when it is typed alike.
        single = said & ~read.initials & (tokens == 1)[read.names]
        sounds = np.full(len(words), -1, dtype=np.int64)
        sounds[read.names[single]] = read.tokens[single]
        begins = starts_of(np.array(lengths, dtype=np.int64))
        return cls(flat, begins, tokens > 0, sounds, encode_tokens(read.vocabulary))


def _split(texts: Sequence[str], lengths: list[int]) -> Iterable[list[str]]:
    """Yield the words of each text, and note how many they are."""
    for words in map(str.split, texts):
        lengths.append(len(words))
        yield words


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
    later = np.repeat(np.arange(len(said)), many)
    earlier = np.arange(len(later)) + np.repeat(first - (np.cumsum(many) - many), many)
    out = np.zeros(len(said), dtype=np.bool_)
    out[later[_same_words(words, said[later], said[earlier])]] = True
    return out


def _same_words(words: _Words, left: Ints, right: Ints) -> npt.NDArray[np.bool_]:
    """Return which pairs of words are one word; titles and words without letters never are."""
    same: npt.NDArray[np.bool_] = (left == right) & words.lettered[left]
    first, second = words.sounds[left], words.sounds[right]
    compared = np.flatnonzero((first >= 0) & (second >= 0) & ~same)
    same[compared] = pair_similarities(words.codes, first[compared], second[compared]) >= SAME_WORD
    return same
