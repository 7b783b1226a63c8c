"""How is a name in Ol Chiki, the script of Santali, written in Latin letters?

Ol Chiki is an alphabet: a letter a sound, no inherent vowel, nothing to guess. What remains are the marks: the dot that
nasalises a vowel (spelled n before a consonant: ᱦᱟᱸᱥᱫᱟ Hansda), the ones that shade or lengthen it, which Latin custom
does not write, and the letter ᱷ, which makes the consonant before it an aspirate.

Source: The Unicode Standard 15, chapter 13 (Ol Chiki); Latin spelling by the custom of Santal names (Hembrom, Kisku,
Murmu, Soren); general knowledge.
"""

from __future__ import annotations

import re

_SOUNDS = (
    *("o", "t", "g", "ng", "l", "a", "k", "j", "m", "w", "i", "s", "h", "N", "r", "u", "ch", "d", "n", "y"),
    *("e", "p", "d", "n", "r", "o", "t", "b", "w", "h"),
    *("X", None, "X", None, None, None),
)
"""U+1C5A to U+1C7D: letters, then marks; X nasalises the vowel before it, N is ny."""

_CODES = {0x1C5A + position: sound for position, sound in enumerate(_SOUNDS)}
_RULES = (
    (re.compile("X(?=[pbm])"), "m"),  # ᱪᱟᱸᱯᱟ Champa
    (re.compile("X(?=[a-zN])(?![aeiouwy])"), "n"),
    (re.compile("ng(?=[kg])"), "n"),
    (re.compile("N(?=[jc])"), "n"),
    (re.compile("N"), "ny"),
    (re.compile(r"[^a-z\n]+"), ""),
)


def romanize_olchiki(lines: str) -> str:
    """Return the Latin spelling of words in Ol Chiki, one a line in and out ("" for a word without sound)."""
    spelled = lines.translate(_CODES)
    for pattern, replacement in _RULES:
        spelled = pattern.sub(replacement, spelled)
    return spelled
