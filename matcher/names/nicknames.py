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


@lru_cache(maxsize=2)
def pet_keys(vocabulary: Sequence[str]) -> npt.NDArray[np.int64]:
    """Return which pairs of words of a vocabulary are a pet form and its formal name.

    Returns:
        Sorted keys, shape (k,): lower row x size of the vocabulary + higher row.
    """
    wanted = {word for pair in pet_forms() for word in pair}
    rows = {word: row for row, word in enumerate(vocabulary) if word in wanted}
    found = [(rows[a], rows[b]) for a, b in pet_forms() if a in rows and b in rows]
    return np.array(sorted({min(pair) * len(vocabulary) + max(pair) for pair in found}), dtype=np.int64)
