"""Which words of a relative's name has the record already said in another name?

A child mostly bears her father's surname, and so does her mother. Where both sides write the surname with all three,
its agreement is one piece of evidence, not three: it counts with the first name that holds it (her own, then the
father's), and relatives are compared by what remains of their names.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from matcher.names.grid import pair_similarities
from matcher.names.table import NameTable
from matcher.names.weighing import SAME_WORD
from matcher.names.words import Numbered
from matcher.person import PersonName, PersonRecord

Bare = tuple[str | None, ...]
"""For each of a relative's names what is left of it: None where no word is shared, "" where nothing is left."""
_NOTHING: Bare = ()


def bare_names(rows: Sequence[PersonRecord]) -> tuple[list[Bare], list[Bare], list[Bare]]:
    """Return (fathers', mothers', other relatives' names) without the words of the names before them, by record.

    Words are taken as typed, between spaces, and are shared where they are one word in two spellings, too.
    """
    numbers = Numbered()
    families = [number for number, row in enumerate(rows) if row.father or row.mother or row.relatives]
    cut = [
        tuple(_cut(names, numbers) for names in (row.names, row.father, row.mother, row.relatives))
        for row in map(rows.__getitem__, families)
    ]
    asked = {
        (word, other)
        for family in cut
        for place, later in enumerate(family)
        if later
        for earlier in family[:place]
        for other in _words_of(earlier)
        for word in _words_of(later)
    }
    same = _same_words(list(numbers), asked)
    found: tuple[list[Bare], list[Bare], list[Bare]] = ([], [], [])
    for out in found:
        out += [_NOTHING] * len(rows)
    for number, family in zip(families, cut, strict=True):
        row = rows[number]
        before = _words_of(family[0])
        for out, names, words in zip(found, (row.father, row.mother, row.relatives), family[1:], strict=True):
            out[number] = _without(names, words, before, same)
            before |= _words_of(words)
    return found


def _cut(names: Sequence[PersonName], numbers: Numbered) -> tuple[tuple[int, ...], ...]:
    return tuple(tuple(map(numbers.__getitem__, name.text.split())) for name in names)


def _words_of(cut: tuple[tuple[int, ...], ...]) -> frozenset[int]:
    return frozenset(word for name in cut for word in name)


def _without(
    names: Sequence[PersonName], cut: tuple[tuple[int, ...], ...], before: frozenset[int], same: set[tuple[int, int]]
) -> Bare:
    if not names or not before:
        return _NOTHING
    out: list[str | None] = []
    for name, words in zip(names, cut, strict=True):
        shared = [any((word, other) in same for other in before) for word in words]
        kept = " ".join(text for text, gone in zip(name.text.split(), shared, strict=True) if not gone)
        out.append(kept if any(shared) else None)
    return tuple(out) if any(text is not None for text in out) else _NOTHING


def _same_words(words: list[str], asked: set[tuple[int, int]]) -> set[tuple[int, int]]:
    """Return the pairs of words that are one word; titles and words without letters never are."""
    if not asked:
        return set()
    table = NameTable.build(words)
    # A word of several tokens (Burmese syllables, hyphens) is shared only when it is typed alike.
    single: npt.NDArray[np.int64] = np.where(
        (table.tokens[:, 1] < 0) & ~table.initials[:, 0], table.tokens[:, 0], -1
    ).astype(np.int64)
    pairs = np.array(sorted(asked), dtype=np.int64)
    first, second = single[pairs[:, 0]], single[pairs[:, 1]]
    found = (pairs[:, 0] == pairs[:, 1]) & (table.tokens[pairs[:, 0], 0] >= 0)
    compared = np.flatnonzero((first >= 0) & (second >= 0) & ~found)
    found[compared] = pair_similarities(table.codes, first[compared], second[compared]) >= SAME_WORD
    return set(map(tuple, pairs[found].tolist()))
