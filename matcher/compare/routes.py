"""Do two travel the same way? Places along their routes that both have, whatever the order."""

from __future__ import annotations

import re
from typing import Final

import numpy as np

from matcher.columns import RecordColumns
from matcher.comparison import NULL, Comparison, Context, LevelResult, Pairs
from matcher.places import Gazetteer

ROUTE_LABELS = ("two places or more in common", "a place in common", "no place in common")
_LEAST_LETTERS: Final = 4
_LONGEST: Final = 3  # words of a place's name
_BETWEEN = re.compile(r"[\s,;:/()\[\].>→–।-]+")


def places_of(route: str) -> tuple[str, ...]:
    """Return the places that a route in words names, each once, by the usual Latin name whatever it was written in.

    What the gazetteer does not know is left out: a route is told in sentences, and most words of it are no places.
    """
    gazetteer, words = Gazetteer.load(), [word for word in _BETWEEN.split(route) if word]
    found: dict[str, None] = {}
    at = 0
    while at < len(words):
        for size in range(min(_LONGEST, len(words) - at), 0, -1):
            name = " ".join(words[at : at + size])
            ids = gazetteer.find_anywhere(name) if len(name) >= _LEAST_LETTERS else ()
            if ids:
                found[gazetteer.entries[ids[0]].latin] = None
                at += size - 1
                break
        at += 1
    return tuple(found)


def _route(columns: RecordColumns, i: Pairs, j: Pairs, _context: Context) -> LevelResult:
    """Count the places that both have, of those that `places_of` named."""
    a, b = columns.remembered_texts[i], columns.remembered_texts[j]
    known = (a >= 0).any(axis=1) & (b >= 0).any(axis=1)
    shared = ((a[:, :, None] == b[:, None, :]) & (a[:, :, None] >= 0)).any(axis=2).sum(axis=1)
    levels = np.select([shared >= 2, shared == 1], [0, 1], 2)
    return LevelResult.plain(np.where(known, levels, NULL).astype(np.int8))


ROUTE = Comparison("route", "Do both travel through the same places?", ROUTE_LABELS, _route)
