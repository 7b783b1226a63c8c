"""How rare is a language of the region? Bits, so that a shared Khasi says more than a shared Hindi.

The figures are the same for every deployment: what two records say of each other must not depend on which records
happen to be compared with them.

Source: `data/reference/languages.tsv`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from functools import lru_cache

from matcher.reference import read_table

PEOPLE = 1750.0
"""Millions of people in India, Bangladesh, Myanmar and Nepal."""
_UNLISTED = 0.5


@lru_cache(maxsize=1)
def _millions() -> Mapping[str, float]:
    return {row["tag"]: float(row["millions"]) for row in read_table("languages.tsv")}


def language_bits(tag: str) -> float:
    """Return -log2 of the share of people who speak a language, by its primary tag; unlisted ones are rare."""
    return math.log2(PEOPLE / _millions().get(tag, _UNLISTED))
