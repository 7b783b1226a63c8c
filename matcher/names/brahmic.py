"""How does a word in an Indic script sound, written in Latin letters as people of the region write it?

The Indic blocks of Unicode are parallel: the n-th character of each block is the same phoneme. So one table serves nine
scripts, with exceptions per script. The inherent vowel is written `a` and left out where speakers leave it out
(सुनीता -> sunita, राम -> ram, रहमान -> rahman).

Source: The Unicode Standard 15, chapter 12; schwa deletion after Ohala, "Aspects of Hindi Phonology" (1983), reduced to
the two rules that matter in names.
"""

from __future__ import annotations

from functools import lru_cache

_BLOCK_START = {
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
# Offsets 0x15 to 0x39 in the order of the alphabet, then the letters that Unicode composes with a dot below.
_ALPHABET = (
    *("k", "kh", "g", "gh", "ng", "ch", "chh", "j", "jh", "n"),
    *("t", "th", "d", "dh", "n", "t", "th", "d", "dh", "n", "n"),
    *("p", "ph", "b", "bh", "m", "y", "r", "r", "l", "l", "zh", "v", "sh", "sh", "s", "h"),
)
_DOTTED = {0x58: "k", 0x59: "kh", 0x5A: "g", 0x5B: "z", 0x5C: "r", 0x5D: "rh", 0x5E: "f", 0x5F: "y"}
_CONSONANTS = dict(zip(range(0x15, 0x3A), _ALPHABET, strict=True)) | _DOTTED
_VOWELS = {
    0x04: "a", 0x05: "a", 0x06: "aa", 0x07: "i", 0x08: "i", 0x09: "u", 0x0A: "u", 0x0B: "ri", 0x0C: "li", 0x0D: "e",
    0x0E: "e", 0x0F: "e", 0x10: "ai", 0x11: "o", 0x12: "o", 0x13: "o", 0x14: "au", 0x50: "om", 0x60: "ri", 0x61: "li",
    0x72: "e",
}  # fmt: skip
_SIGNS = {
    0x3E: "aa", 0x3F: "i", 0x40: "i", 0x41: "u", 0x42: "u", 0x43: "ri", 0x44: "ri", 0x45: "e", 0x46: "e", 0x47: "e",
    0x48: "ai", 0x49: "o", 0x4A: "o", 0x4B: "o", 0x4C: "au", 0x57: "au", 0x62: "li", 0x55: "", 0x56: "",
}  # fmt: skip
# Malayalam writes a consonant that ends a syllable with a letter of its own: മോഹൻ Mohan.
_CHILLUS = {0x7A: "n", 0x7B: "n", 0x7C: "r", 0x7D: "l", 0x7E: "l", 0x7F: "k"}
_VIRAMA, _NUKTA, _ANUSVARA, _CANDRABINDU, _VISARGA = 0x4D, 0x3C, 0x02, 0x01, 0x03
_NUKTA_SOUNDS = {"k": "k", "kh": "kh", "g": "g", "j": "z", "ph": "f", "d": "r", "dh": "rh", "y": "y", "b": "r"}
_KEEPS_FINAL_VOWEL = frozenset({"Orya", "Taml", "Telu", "Knda", "Mlym"})
_LABIALS = ("p", "ph", "b", "bh", "m")


@lru_cache(maxsize=65536)
def romanize_brahmic(word: str, script: str, lang: str | None = None) -> str:  # noqa: ARG001
    """Return the Latin spelling of one word (no spaces) of an Indic script.

    Args:
        word: letters and marks of one script.
        script: ISO 15924 code, one of the nine parallel blocks.
        lang: BCP 47 language; no language needs its own rule so far (Assamese letters tell themselves apart).
    """
    return "".join(sound for sound, _ in _drop_schwas(_syllables(word, script), script)).replace("aa", "a")


def _syllables(word: str, script: str) -> list[tuple[str, str]]:
    """Return [(sound, kind)] with kind C consonant, V vowel, A inherent vowel, N nasal."""
    base = _BLOCK_START[script]
    out: list[tuple[str, str]] = []
    joined = False  # the last sign was a virama
    for position, char in enumerate(word):
        offset = _offset(char, base)
        if offset in _CONSONANTS:
            sound = _consonant(offset, char, script, out, joined)
            if joined and out and out[-1][1] == "A":
                out.pop()
            out.append((sound, "C"))
            if char != "ৎ":  # khanda ta has no vowel of its own
                out.append(("a", "A"))
            joined = False
        elif offset == _NUKTA and len(out) >= 2 and out[-1][1] == "A":
            plain = out[-2][0]
            # Bengali য is j at heart and y with the dot; elsewhere the dot makes z, f, r of j, ph, d.
            dotted = "y" if word[position - 1] == "য" else _NUKTA_SOUNDS.get(plain, plain)
            out[-2] = (dotted, "C")
        elif offset in _SIGNS:
            if out and out[-1][1] == "A":
                out.pop()
            if _SIGNS[offset]:
                out.append((_SIGNS[offset], "V"))
            joined = False
        elif offset == _VIRAMA:
            joined = True
            if out and out[-1][1] == "A":
                out.pop()
        elif offset in _VOWELS:
            out.append((_VOWELS[offset], "V"))
            joined = False
        elif script == "Mlym" and offset in _CHILLUS:
            out.append((_CHILLUS[offset], "C"))
            joined = False
        elif offset in (_ANUSVARA, _CANDRABINDU) or (script == "Guru" and offset == 0x70):
            out.append(("ng" if script == "Beng" and offset == _ANUSVARA else "n", "N"))
    return out


def _offset(char: str, base: int) -> int:
    point = ord(char)
    if point == 0x09F0:  # Assamese ra
        return 0x30
    if point == 0x09F1:  # Assamese wa
        return 0x35
    if point == 0x09CE:  # khanda ta: a t without vowel
        return 0x24
    return point - base if 0 <= point - base < 0x80 else -1


def _consonant(offset: int, char: str, script: str, out: list[tuple[str, str]], joined: bool) -> str:
    """Return a consonant's sound where it stands."""
    sound = _CONSONANTS[offset]
    previous = out[-1][0] if out else ""
    if script in ("Beng", "Orya"):
        if char == "য":
            return "y" if joined else "j"
        if offset == 0x2C and joined and previous not in (*_LABIALS, "r", "d", "l"):
            return "w"  # বিশ্বাস Biswas, স্বপন Swapan: the joined b is a glide
        if offset == 0x35:
            return "w"
    if script == "Guru" and offset == 0x35:
        return "v"
    return sound


def _drop_schwas(sounds: list[tuple[str, str]], script: str) -> list[tuple[str, str]]:
    """Remove the inherent vowels that are not spoken: at the end of a word, and between V C _ C V."""
    if script in _KEEPS_FINAL_VOWEL:
        return sounds
    kept = list(sounds)
    if len(kept) > 2 and kept[-1][1] == "A":
        after_cluster = len(kept) > 3 and kept[-2][1] == "C" and kept[-3][1] == "C"
        if not after_cluster:  # चन्द्र stays chandra, राम becomes ram
            kept.pop()
    position = len(kept) - 3
    while position >= 2:
        if (
            kept[position][1] == "A"
            and kept[position - 1][1] == "C"
            and kept[position - 2][1] in "VA"
            and kept[position + 1][1] == "C"
            and kept[position + 2][1] in "VA"
        ):
            del kept[position]
            position -= 1
        position -= 1
    return kept
