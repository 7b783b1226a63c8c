"""How does a word in an Indic script sound, written in Latin letters as people of the region write it?

The Indic blocks of Unicode are parallel: the n-th character of each block is the same phoneme. So one table turns nine
scripts into one phonemic alphabet of a letter a sound (k K g G for k kh g gh, `A` for the vowel inherent in a
consonant). On it work the spelling rules of the language (`brahmic_rules`), then the schwas that nobody speaks are left
out (सुनीता -> sunita, राम -> ram, रहमान -> rahman). Each step runs over all words at once.

Source: The Unicode Standard 15, chapter 12; schwa deletion after Ohala, "Aspects of Hindi Phonology" (1983).
"""

from __future__ import annotations

import re

from matcher.names.brahmic_rules import CONSONANTS, LANGUAGES, VOWELS, Language

BLOCK_START = {
    "Deva": 0x0900,
    "Beng": 0x0980,
    "Guru": 0x0A00,
    "Gujr": 0x0A80,
    "Orya": 0x0B00,
    "Taml": 0x0B80,
    "Telu": 0x0C00,
    "Knda": 0x0C80,
    "Mlym": 0x0D00,
}
_DEFAULT_LANGUAGE = {
    "Deva": "hi",
    "Beng": "bn",
    "Guru": "pa",
    "Gujr": "gu",
    "Orya": "or",
    "Taml": "ta",
    "Telu": "te",
    "Knda": "kn",
    "Mlym": "ml",
}
_ALPHABET = "kKgGŋcCjJñṭṬḍḌṇtTdDnńpPbBmyrṟlḷẓvśṣsh"
"""Offsets 0x15 to 0x39 of each block."""

_VOWEL_LETTERS = {
    0x04: "a", 0x05: "a", 0x06: "ā", 0x07: "i", 0x08: "ī", 0x09: "u", 0x0A: "ū", 0x0B: "R", 0x0C: "li", 0x0D: "a",
    0x0E: "e", 0x0F: "e", 0x10: "E", 0x11: "o", 0x12: "o", 0x13: "o", 0x14: "O", 0x50: "om", 0x60: "R", 0x61: "li",
}  # fmt: skip
_VOWEL_SIGNS = {
    0x3E: "ā", 0x3F: "i", 0x40: "ī", 0x41: "u", 0x42: "ū", 0x43: "R", 0x44: "R", 0x45: "a", 0x46: "e", 0x47: "e",
    0x48: "E", 0x49: "o", 0x4A: "o", 0x4B: "o", 0x4C: "O", 0x57: "O", 0x62: "li", 0x55: "", 0x56: "",
}  # fmt: skip
# Letters that a composed dot below makes, then ~ (the vowel before it is not spoken), . dot, M and X nasals, H breath.
_DOTTED = {0x58: "qA", 0x59: "xA", 0x5A: "ġA", 0x5B: "zA", 0x5C: "ṛA", 0x5D: "ṚA", 0x5E: "fA", 0x5F: "ẏA"}
_SIGNS = {0x4D: "~", 0x3C: ".", 0x02: "M", 0x01: "X", 0x03: "H"}
_OF_ONE_SCRIPT: dict[str, dict[str, str]] = {
    "Deva": {"ॲ": "a", "ॳ": "a", "ॴ": "ā", "ॵ": "O", "ॻ": "gA", "ॼ": "jA", "ॾ": "ḍA", "ॿ": "bA", "ॹ": "zA", "ॺ": "yA"},
    "Beng": {"য": "YA", "ৰ": "řA", "ৱ": "wA", "ৎ": "t"},
    "Guru": {"ੰ": "M", "ੱ": "=", "ੵ": "~yA", "ੲ": "", "ੳ": "", "ੴ": "ikoMkār"},
    "Gujr": {"ૹ": "zA"},
    "Orya": {"ଯ": "YA", "ଵ": "wA", "ୱ": "wA"},
    "Taml": {},
    "Telu": {"ౘ": "cA", "ౙ": "jA", "ౚ": "ṟA"},
    "Knda": {"ೝ": "n", "ೞ": "ẓA"},
    "Mlym": {"ൺ": "ṇ", "ൻ": "n", "ർ": "r", "ൽ": "l", "ൾ": "ḷ", "ൿ": "k", "ഺ": "ṭA", "ൔ": "m", "ൕ": "y", "ൖ": "ẓ"},
}
_NUKTA = (
    ("kA.", "qA"), ("KA.", "xA"), ("gA.", "ġA"), ("jA.", "zA"), ("PA.", "fA"), ("ḍA.", "ṛA"), ("ḌA.", "ṚA"),
    ("YA.", "ẏA"), ("bA.", "rA"), ("JA.", "zA"), (".", ""),
)  # fmt: skip
_NUKTA_GURMUKHI = (("sA.", "śA"), *_NUKTA)


def _codes(script: str) -> dict[int, str]:
    """Return what each character of a script's block stands for, for `str.translate`."""
    offsets = _VOWEL_LETTERS | {offset: f"~{vowel}" for offset, vowel in _VOWEL_SIGNS.items()} | _DOTTED | _SIGNS
    offsets |= {0x15 + position: f"{letter}A" for position, letter in enumerate(_ALPHABET)}
    if script == "Guru":  # s with a dot is a letter of its own, and dotted l
        offsets[0x36] = "śA"
    codes = {BLOCK_START[script] + offset: code for offset, code in offsets.items()}
    return codes | {ord(char): code for char, code in _OF_ONE_SCRIPT[script].items()}


_CODES = {script: _codes(script) for script in BLOCK_START}
_SPELLED = str.maketrans({
    "K": "kh", "G": "gh", "ŋ": "ng", "c": "ch", "C": "chh", "J": "jh", "ñ": "n", "ṭ": "t", "Ṭ": "th", "ḍ": "d",
    "Ḍ": "dh", "ṇ": "n", "T": "th", "D": "dh", "ń": "n", "P": "ph", "B": "bh", "ṟ": "r", "ḷ": "l", "ẓ": "zh",
    "ś": "sh", "ṣ": "sh", "q": "k", "x": "kh", "ġ": "g", "ṛ": "r", "Ṛ": "rh", "ẏ": "y", "Y": "j", "ř": "r",
    "A": "a", "ā": "a", "ī": "i", "ū": "u", "R": "ri", "E": "ai", "O": "au", "M": "n", "X": "n", "H": None,
})  # fmt: skip
_NOT_LATIN = re.compile(r"[^a-z\n]+")
# V C _ C V, on the text read backwards: of two neighbouring schwas the later one falls. Three stay: one between a stop
# or s and an h (else k and h would read as kh), one after iy (Priyadarshan), one beside a cluster
# other than pr, br, shr (Gurpreet).
_STOPS = "kgcjṭḍtdpbs"
_MEDIAL_SCHWA = re.compile(
    rf"([{VOWELS}](?:r[pB]|rb(?!Ab)|rś|h(?=A[^{_STOPS}])|[{CONSONANTS.replace('h', '')}]))"
    rf"A(?=(?!y[iī])[{CONSONANTS}]X?[{VOWELS}])"
)


def romanize_brahmic(lines: str, script: str, lang: str | None = None) -> str:
    """Return the Latin spelling of words of an Indic script, one word a line in and out.

    Args:
        lines: words of letters and marks of one script, separated by line feeds.
        script: ISO 15924 code, one of the nine parallel blocks.
        lang: BCP 47 language; the script's most spoken language where it is not known or needs no rule of its own.
    Returns:
        As many lines, each of the letters a to z; an empty line for a word without a sound.
    """
    language = _language(script, lang)
    coded = lines.translate(_CODES[script])
    if "." in coded:
        for dotted, letter in _NUKTA_GURMUKHI if script == "Guru" else _NUKTA:
            coded = coded.replace(dotted, letter)
    coded = coded.replace("A~", "").replace("~", "")
    for pattern, replacement in language.spelling:
        coded = pattern.sub(replacement, coded)
    if language.drops_schwas:
        coded = _MEDIAL_SCHWA.sub(r"\1", coded[::-1])[::-1]
    for pattern, replacement in language.custom:
        coded = pattern.sub(replacement, coded)
    return _NOT_LATIN.sub("", coded.translate(_SPELLED))


def _language(script: str, lang: str | None) -> Language:
    """Return the rules of a language as written in a script."""
    known = LANGUAGES.get((lang or "").split("-")[0].lower())
    if known is not None and script in known.scripts:
        return known
    return LANGUAGES[_DEFAULT_LANGUAGE[script]]
