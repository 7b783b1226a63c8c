"""Of all names of two sides, which pairs may have words that one writes together and the other apart?

Asked pair by pair that costs as much as all the rest of a comparison. Asked of whole sides, each two words that stand
together meet each word of the other side once, and nearly all are ruled out by a look at their letters.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from matcher.names.joining import JOINED_SAME, Letters, joined_similarities, whole_similarities
from matcher.names.pairs import Field, Party
from matcher.names.sides import Bools, Rows
from matcher.names.weighing import Codes


def joinable(field: Field) -> Bools:
    """Return which names of two sides may be joined, shape (p, q): never False where joining would change anything."""
    out = np.zeros((len(field.left.names), len(field.right.names)), dtype=np.bool_)
    if len(field.left.names) <= len(field.right.names):
        _mark_wholes(out, field.left, field.right)
    else:
        _mark_wholes(out.T, field.right, field.left)
    codes, letters = field.words.codes, field.letters
    _mark_joins(out, codes, letters, field.left, field.right)
    _mark_joins(out.T, codes, letters, field.right, field.left)
    return out


def _mark_wholes(out: Bools, left: Party, right: Party) -> None:
    """Mark names of unlike numbers of words that are alike when each is one word; the fewer names on the left."""
    rows, columns = [], []
    for row in range(len(left.names)):
        may_be = left.wholes.may_be(right.wholes, row, slice(None)) & (right.counts != left.counts[row])
        found = np.flatnonzero(may_be & (right.counts > 0) & (left.counts[row] > 0))
        rows.append(np.full(len(found), row))
        columns.append(found)
    a, b = _joined(rows), _joined(columns)
    same = whole_similarities(left.wholes, right.wholes, a, b) >= JOINED_SAME
    out[a[same], b[same]] = True


@dataclass(frozen=True, slots=True)
class _Holders:
    """Which names have a thing: those of thing k are `names[starts[k]:starts[k + 1]]`."""

    names: Rows
    starts: Rows

    @classmethod
    def of(cls, things: Rows, names: Rows, count: int) -> _Holders:
        order = np.argsort(things, kind="stable")
        return cls(names[order], np.searchsorted(things[order], np.arange(count + 1)))

    def __getitem__(self, thing: int) -> Rows:
        return self.names[self.starts[thing] : self.starts[thing + 1]]


def _mark_joins(out: Bools, codes: Codes, letters: Letters, many: Party, one: Party) -> None:
    """Mark names two words of which, standing together, may be one word of a name of the other side."""
    tokens, initials = many.words.tokens, many.words.initials
    place, name = np.nonzero((tokens[1:] >= 0) & ~initials[:-1] & ~initials[1:])
    keys, pair_of = np.unique(tokens[place, name] * len(codes) + tokens[place + 1, name], return_inverse=True)
    first, second = np.divmod(keys, len(codes))
    holders = _Holders.of(pair_of, name, len(keys))
    place, name = np.nonzero(one.words.tokens >= 0)
    words, word_of = np.unique(one.words.tokens[place, name], return_inverse=True)
    others = _Holders.of(word_of, name, len(words))

    together, single = letters.together(first, second), letters.only(words)
    rows, columns = [], []
    # Each of the fewer ones meets all the others at once.
    if len(keys) < len(words):
        for row in range(len(keys)):
            found = _meeting(together, single, row, slice(None))
            rows.append(np.full(len(found), row))
            columns.append(found)
    else:
        for column in range(len(words)):
            found = _meeting(together, single, slice(None), column)
            rows.append(found)
            columns.append(np.full(len(found), column))
    a, b = _joined(rows), _joined(columns)
    same = joined_similarities(codes, first[a], second[a], words[b])[0] >= JOINED_SAME
    for pair, word in zip(a[same].tolist(), b[same].tolist(), strict=True):
        out[np.ix_(holders[pair], others[word])] = True


def _meeting(together: Letters, single: Letters, a: int | slice, b: int | slice) -> Rows:
    found = np.flatnonzero(together.may_be_joined(single, a, b))
    mine, theirs = (found if isinstance(part, slice) else np.full(len(found), part) for part in (a, b))
    return found[together.may_be(single, mine, theirs)]


def _joined(parts: list[npt.NDArray[np.intp]]) -> Rows:
    return np.concatenate(parts) if parts else np.zeros(0, dtype=np.intp)
