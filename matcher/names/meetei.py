"""How is a name in Meetei Mayek, the script of Manipuri, written in Latin letters?

A letter carries the vowel a, unless a vowel sign follows or apun iyek joins it to the next letter; eight letters have a
second form (lonsum) for the end of a syllable. So the script tells what is silent, and ꯇꯣꯝꯕ is Tomba, ꯇꯣꯝ is Tom.
Consonants without a lonsum form end a syllable unmarked in names from other languages (ꯀꯨꯃꯥꯔ Kumar).

Source: The Unicode Standard 15, chapter 13 (Meetei Mayek and its extensions block); Latin spelling by the custom of
names in Manipur; general knowledge.
"""

from __future__ import annotations

import re

# Every consonant brings its vowel, `A`; signs begin with `~`, which takes that vowel away.
_LETTERS = (
    *("kA", "sA", "lA", "mA", "pA", "nA", "cA", "tA", "KA", "ŋA", "TA", "wA", "yA", "hA", "u", "i", "PA", "@A"),
    *("gA", "JA", "rA", "bA", "jA", "dA", "GA", "DA", "BA"),
    *("k", "l", "m", "p", "n", "t", "ŋ", "i"),
    *("~o", "~i", "~a", "~e", "~ou", "~u", "~ei", "ŋ"),
)
"""U+ABC0 to U+ABEA: letters, lonsum letters, vowel signs, nung; `@` is atiya, the carrier of a vowel."""

_EXTENSIONS = (
    *("e", "o", "cA", "nyA", "tA", "TA", "dA", "DA", "nA", "SA", "SA"),
    *("~i", "~u", "~ai", "~au", "~au"),
)
"""U+AAE0 to U+AAEF: letters and signs for words of other languages."""

_CODES = (
    {0xABC0 + position: code for position, code in enumerate(_LETTERS)}
    | {0xAAE0 + position: code for position, code in enumerate(_EXTENSIONS)}
    | {0xABED: "~", 0xAAF6: "~"}
)
_SPELLED = str.maketrans(
    {"K": "kh", "G": "gh", "c": "ch", "J": "jh", "T": "th", "D": "dh", "P": "ph", "B": "bh", "S": "sh", "ŋ": "ng"}
    | {"A": "a", "@": None}
)
# ꯀꯨꯃꯥꯔ Kumar, ꯗꯥꯁ Das: these letters have no lonsum; Manipuri's own words do not end in them.
_UNMARKED_FINAL = re.compile(r"(?<=[aiueo][rsjJSBGD])A$", re.MULTILINE)
_VELAR_NASAL = re.compile("ŋ(?=[kKgG])")
_NOT_LATIN = re.compile(r"[^a-z\n]+")


def romanize_meetei(lines: str) -> str:
    """Return the Latin spelling of words in Meetei Mayek, one a line in and out ("" for a word without sound)."""
    coded = lines.translate(_CODES).replace("A~", "").replace("~", "")
    coded = _UNMARKED_FINAL.sub("", _VELAR_NASAL.sub("n", coded))
    return _NOT_LATIN.sub("", coded.translate(_SPELLED))
