"""How is a name in Sinhala script written in Latin letters?

Sinhala marks every vowel that is not spoken, so nothing is left out: සුනිල් Sunil, සිරිසේන Sirisena. Custom spells the
glide w (Wijesinghe), does not tell long vowels from short, and writes the prenasalised letters as two (ඳ nd, ඹ mb).

Source: The Unicode Standard 15, chapter 13 (Sinhala); Latin spelling by the custom of names and places in Sri Lanka;
general knowledge.
"""

from __future__ import annotations

import re

_VOWELS = ("a", "A", "ä", "ä", "i", "i", "u", "u", "R", "R", "li", "li", "e", "e", "ai", "o", "o", "au")
"""U+0D85 to U+0D96. `A` is a vowel that stays, `ä` the vowel of hat, `R` the vocalic r."""

_CONSONANTS = {
    **dict(zip("කඛගඝඞඟචඡජඣඤඥඦ", ("k", "K", "g", "G", "ŋ", "ŋg", "c", "C", "j", "J", "ñ", "jñ", "nj"), strict=True)),
    **dict(zip("ටඨඩඪණඬතථදධනඳ", ("t", "T", "d", "D", "n", "nd", "t", "T", "d", "D", "n", "nd"), strict=True)),
    **dict(zip("පඵබභමඹයරලව", ("p", "P", "b", "B", "m", "mb", "y", "r", "l", "w"), strict=True)),
    **dict(zip("ශෂසහළෆ", ("S", "S", "s", "h", "l", "f"), strict=True)),
}
# A consonant brings its vowel, `@`; a sign begins with `~`, which takes that vowel away.
_SIGNS = {
    **dict(zip(range(0x0DCF, 0x0DD5), ("A", "ä", "ä", "i", "i", "u"), strict=True)),
    **dict(zip(range(0x0DD8, 0x0DE0), ("R", "e", "e", "ai", "o", "o", "au", "li"), strict=True)),
    **{0x0DD6: "u", 0x0DF2: "R", 0x0DF3: "li", 0x0DCA: ""},
}
_CODES: dict[int, str] = (
    {0x0D85 + position: vowel for position, vowel in enumerate(_VOWELS)}
    | {ord(letter): f"{sound}@" for letter, sound in _CONSONANTS.items()}
    | {sign: f"~{vowel}" for sign, vowel in _SIGNS.items()}
    | {0x0D81: "M", 0x0D82: "M", 0x0D83: ""}
)
_RULES = tuple(
    (re.compile(pattern, re.MULTILINE), replacement)
    for pattern, replacement in (
        ("^ä", "a"),  # ඇන්ඩෘ Andrew
        ("ä", "e"),  # කැලණිය Kelaniya, මැණිකේ Menike
        ("(?<=..si)Mh@$", "nghe"),  # විජේසිංහ Wijesinghe
        ("Mh", "ngh"),
        ("[Mŋ](?=[kKgG])|M(?=[cCjJtTdDnsSylrw])", "n"),
        ("M(?=[pPbBm])", "m"),
        ("M", "ŋ"),
        ("jñ", "gn"),  # ප්‍රඥා Pragna
        ("ñ(?=[cCjJ])|ñ(?=@$)", "n"),
        ("ñ", "gn"),  # ඤාණ Gnana
        ("(?<=k)R(?=S)", "ri"),  # ක්‍රිෂ්ණ and කෘෂ්ණ Krishna
        ("R", "ru"),
        ("w(?=[ie])(?<=[aeiou@A]w)|w(?<=lw)", "v"),  # සිල්වා Silva; but නුවන් Nuwan
    )
)
_SPELLED = str.maketrans(
    {"K": "kh", "G": "gh", "c": "ch", "C": "chh", "J": "jh", "T": "th", "D": "dh", "P": "ph", "B": "bh", "S": "sh"}
    | {"ŋ": "ng", "@": "a", "A": "a"}
)
_NOT_LATIN = re.compile(r"[^a-z\n]+")


def romanize_sinhala(lines: str) -> str:
    """Return the Latin spelling of words in Sinhala script, one a line in and out ("" for a word without sound)."""
    coded = lines.translate(_CODES).replace("@~", "").replace("~", "")
    for pattern, replacement in _RULES:
        coded = pattern.sub(replacement, coded)
    return _NOT_LATIN.sub("", coded.translate(_SPELLED))
