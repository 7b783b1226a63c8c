"""How do Latin letters with diacritics sound, and how are they written without?

Mizo writes ṭ where English papers write tr, Khasi ï and ñ; Vietnamese, German and the scholarly transliterations of
India mark vowels and consonants that everyday papers leave plain. The plain spelling is what the other record has.

Source: the orthographies of Mizo (ṭ = tr, aw = o) and Khasi (ï = i, ñ = n), IAST (ś ṣ = sh, c = ch left alone);
everything else by `anyascii`.
"""

from __future__ import annotations

import re

from anyascii import anyascii

# Only where the plain letter that Unicode decomposes to is not what people write.
_WRITTEN = str.maketrans(
    {"ṭ": "tr", "ś": "sh", "ṣ": "sh", "š": "sh", "ç": "s", "č": "ch", "ž": "zh", "ŋ": "ng", "ə": "a"}
)
_NOT_LATIN = re.compile(r"[^a-z\n]+")


def romanize_latin(lines: str) -> str:
    """Return words in Latin letters with diacritics, one a line, in plain lower-case letters."""
    return _NOT_LATIN.sub("", "\n".join(anyascii(line) for line in lines.translate(_WRITTEN).split("\n")).lower())
