"""May a text stand as it is in one line that people read: the name of an organisation or a person, a label?

Refused is what breaks a line, turns its direction or cannot be seen. What shapes letters is part of their writing:

    ZWJ, ZWNJ             after a letter or sign of a script that joins letters:  র‍্যা   गर्‍यो   അവന്‍   خانه‌ها
    zero-width space      after one of a script that writes no spaces between words: Burmese, Khmer, Lao, Thai, Tibetan
"""

from __future__ import annotations

from itertools import pairwise
from typing import Final

from matcher.names.script import script_of

_JOINERS: Final = "\u200c\u200d"
_BREAK: Final = "\u200b"
_UNSPACED: Final = frozenset({"Mymr", "Khmr", "Laoo", "Thai", "Tibt"})
_JOINING: Final = _UNSPACED | {
    "Arab", "Deva", "Beng", "Guru", "Gujr", "Orya", "Taml", "Telu", "Knda", "Mlym", "Sinh", "Mtei", "Rohg",
}  # fmt: skip


def is_one_line(text: str) -> bool:
    """Tell whether a text holds nothing but what can be seen, and what shapes the letters before it.

    Two of these in a row, or one without such a letter before it, shape nothing and only hide.
    """
    return all(
        after.isprintable()
        or (after in _JOINERS and script_of(before) in _JOINING)
        or (after == _BREAK and script_of(before) in _UNSPACED)
        for before, after in pairwise(" " + text)
    )
