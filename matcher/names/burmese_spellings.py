"""How else is one Burmese syllable spelled in Latin letters? Hline for Hlaing, Mike for Maik, Zote for Zoke.

There is no one romanisation: people spell -aing as in the English "line", -aik as in "like", -oke as in "vote" or
"oak", and write the creaky tone of an open syllable as a t (Kyawt, Noht). Only syllables of which no other language of
the region makes a name are here: -ane, -ate and -al would be Marathi Mane, Pate and Lal.

Source: the customary spelling of personal names, as on passports and in newspapers.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

_PLAIN: Final = ("k", "kh", "g", "ng", "s", "z", "t", "ht", "d", "n", "p", "ph", "b", "m", "y", "r", "l", "th", "h")
_ONSETS: Final = (
    *_PLAIN,
    *(f"{onset}w" for onset in _PLAIN),
    *(f"h{onset}" for onset in ("k", "s", "n", "ny", "p", "m", "my", "l", "lw", "sw", "nw")),
    *("gy", "ky", "ch", "kyw", "chw", "ny", "my", "ly", "py", "phy", "by", "w", "sh", "shw", "j", "jw", "v"),
)
_RHYMES: Final[dict[str, tuple[str, ...]]] = {
    "aing": ("ine", "aine", "yne"),
    "aik": ("ike", "ite", "aike", "aite", "yte"),
    "oke": ("ote", "oat", "oak", "oate"),
    "auk": ("out",),
    "aw": ("awt",),
    "o": ("oht",),
}


def burmese_spellings() -> Iterator[tuple[str, str]]:
    """Yield (another spelling, the usual one) of syllables, in small Latin letters."""
    for onset in _ONSETS:
        for usual, others in _RHYMES.items():
            for other in others:
                yield onset + other, onset + usual
