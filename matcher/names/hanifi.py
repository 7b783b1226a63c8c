"""How is a name in Hanifi Rohingya letters written in Latin letters?

The script is an alphabet: every vowel is a letter, so one table almost suffices. Sakin only says that no vowel follows,
the signs above are tones and length, which names in Latin letters leave out; tassi doubles a consonant.

Source: The Unicode Standard 15, section 16.14; Pandey, "Proposal to encode the Hanifi Rohingya script" (L2/15-278).
"""

from __future__ import annotations

import re

_LETTERS = {
    0x10D01: "b", 0x10D02: "p", 0x10D03: "t", 0x10D04: "t", 0x10D05: "j", 0x10D06: "ch", 0x10D07: "h", 0x10D08: "kh",
    0x10D09: "f", 0x10D0A: "d", 0x10D0B: "d", 0x10D0C: "r", 0x10D0D: "r", 0x10D0E: "z", 0x10D0F: "s", 0x10D10: "sh",
    0x10D11: "k", 0x10D12: "g", 0x10D13: "l", 0x10D14: "m", 0x10D15: "n", 0x10D16: "w", 0x10D17: "w", 0x10D18: "y",
    0x10D19: "y", 0x10D1A: "ng", 0x10D1B: "ny", 0x10D1C: "v", 0x10D1D: "a", 0x10D1E: "i", 0x10D1F: "u", 0x10D20: "e",
    0x10D21: "o", 0x10D22: "", 0x10D23: "n", 0x10D24: "", 0x10D25: "", 0x10D26: "", 0x10D27: "",
}  # fmt: skip
# The letter A is the seat of a vowel, and an `a` of its own only where no vowel letter follows.
_SEAT = re.compile("\U00010d00(?=[\U00010d24-\U00010d26]*[\U00010d1d-\U00010d21])")
_TABLE = str.maketrans({**{chr(point): sound for point, sound in _LETTERS.items()}, "\U00010d00": "a"})
_OTHER = re.compile("[^a-z\n]+")


def romanize_hanifi(lines: str) -> str:
    """Return words in Hanifi Rohingya, one a line, in Latin letters, one a line ("" where there is no sound)."""
    return _OTHER.sub("", _SEAT.sub("", lines).translate(_TABLE)).replace("nng", "ng").replace("aa", "a")
