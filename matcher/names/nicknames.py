"""Which pet names stand for which formal names? Rabi for Rabindra, Sunu for Sunita, of the table of nicknames.

A pet form beside its formal name is a close agreement and no contradiction, but less than the name itself: Rabi may
also be Rabiul.

Source: data/reference/names/nicknames.tsv
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from matcher.kept import kept
from matcher.names.grammar import read_words
from matcher.names.script import normalise
from matcher.reference import alternatives, read_table


@lru_cache(maxsize=1)
@kept
def pet_forms() -> frozenset[tuple[str, str]]:
    """Return (folded pet form, folded formal name) of every row, both from its Latin and from its native spellings."""
    rows: list[tuple[str, tuple[str, ...]]] = []
    for row in read_table("names/nicknames.tsv"):
        for pet, formal in (("nickname", "formal"), ("nickname_latin", "formal_latin")):
            rows += [(form, alternatives(row[formal])) for form in alternatives(row[pet])]
    forms = sorted({normalise(form) for pet, formal in rows for form in (pet, *formal)})
    tokens = dict(zip(forms, read_words(forms), strict=True))
    sounds = {form: found[0].folded for form, found in tokens.items() if len(found) == 1 and " " not in form}
    return frozenset(
        (sounds[pet], sounds[name])
        for pet, name in ((normalise(pet), normalise(name)) for pet, formal in rows for name in formal)
        if pet in sounds and name in sounds and sounds[pet] != sounds[name]
    )


@lru_cache(maxsize=1)
def _linked() -> dict[str, tuple[str, ...]]:
    """Return of every pet form and formal name the words that it is beside in a pair."""
    found: dict[str, tuple[str, ...]] = {}
    for pair in sorted(pet_forms()):
        for word, other in (pair, pair[::-1]):
            found[word] = (*found.get(word, ()), other)
    return found


@lru_cache(maxsize=2)
def pet_keys(vocabulary: Sequence[str]) -> npt.NDArray[np.int64]:
    """Return which pairs of words of a vocabulary are a pet form and its formal name.

    Returns:
        Sorted keys, shape (k,): lower row x size of the vocabulary + higher row.
    """
    linked = _linked()
    rows = {word: row for row, word in enumerate(vocabulary) if word in linked}
    found = {
        row * len(vocabulary) + rows[other] for word, row in rows.items() for other in linked[word] if other in rows
    }
    return np.array(sorted(key for key in found if key // len(vocabulary) < key % len(vocabulary)), dtype=np.int64)
