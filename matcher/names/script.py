"""Which characters of a name count, and in which script is each part written?

Common text processing drops every non-spacing mark, and with it the vowel signs of all Indic scripts (राजु and राज
become one name). Here marks are letters. What is removed is only what nobody pronounces: joiners, direction marks,
control characters, digits, punctuation.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

from matcher.names.zawgyi import to_unicode

MAX_NAME_CHARS = 240
"""Longer input is cut here: no person's name is longer, and cost must not grow with hostile input."""

LATIN = "Latn"
_NOT_NATIVE = (LATIN, "Zyyy")

# First code point, last code point, ISO 15924 code. Only scripts that are treated apart; the rest is "Zyyy".
_BLOCKS: tuple[tuple[int, int, str], ...] = (
    (0x0041, 0x024F, "Latn"),
    (0x1E00, 0x1EFF, "Latn"),
    (0x0370, 0x03FF, "Grek"),
    (0x0400, 0x052F, "Cyrl"),
    (0x0600, 0x06FF, "Arab"),
    (0x0750, 0x077F, "Arab"),
    (0xFB50, 0xFDFF, "Arab"),
    (0xFE70, 0xFEFE, "Arab"),
    (0x08A0, 0x08FF, "Arab"),
    (0x0900, 0x097F, "Deva"),
    (0x0980, 0x09FF, "Beng"),
    (0x0A00, 0x0A7F, "Guru"),
    (0x0A80, 0x0AFF, "Gujr"),
    (0x0B00, 0x0B7F, "Orya"),
    (0x0B80, 0x0BFF, "Taml"),
    (0x0C00, 0x0C7F, "Telu"),
    (0x0C80, 0x0CFF, "Knda"),
    (0x0D00, 0x0D7F, "Mlym"),
    (0x0D80, 0x0DFF, "Sinh"),
    (0x0E00, 0x0E7F, "Thai"),
    (0x0E80, 0x0EFF, "Laoo"),
    (0x0F00, 0x0FFF, "Tibt"),
    (0x1000, 0x109F, "Mymr"),
    (0xA9E0, 0xA9FF, "Mymr"),
    (0xAA60, 0xAA7F, "Mymr"),
    (0x1780, 0x17FF, "Khmr"),
    (0x1C50, 0x1C7F, "Olck"),
    (0xABC0, 0xABFF, "Mtei"),
    (0xAAE0, 0xAAFF, "Mtei"),
    (0x3400, 0x4DBF, "Hani"),
    (0x4E00, 0x9FFF, "Hani"),
    (0xF900, 0xFAFF, "Hani"),
    (0x20000, 0x323AF, "Hani"),
    (0x10D00, 0x10D3F, "Rohg"),
)

# They choose how the sign before them is drawn (an emoji in colour); Unicode counts them as marks.
_VARIATION_SELECTORS = ((0xFE00, 0xFE0F), (0x180B, 0x180F), (0xE0100, 0xE01EF))

# Between the syllables of a Tibetan word; a name of four syllables is written without a space.
_TSHEG = "\u0f0b\u0f0c"
_OUTER_TSHEG = re.compile(f"(?<![\u0f40-\u0fbc])[{_TSHEG}]+|[{_TSHEG}]+(?![\u0f40-\u0fbc])")

# Letters of other alphabets that look like a Latin letter: pasted or typed by mistake inside a Latin name.
_HOMOGLYPHS = str.maketrans(
    "аеорсухіјѕԁһвкмтнАЕОРСУХІВКМТНΑΒΕΖΗΙΚΜΝΟΡΤΥΧο", "aeopcyxijsdhbkmtnAEOPCYXIBKMTNABEZHIKMNOPTYXo"
)


_GREEK_CYRILLIC, _LATIN_LETTER = re.compile("[\u0370-\u052f]"), re.compile("[A-Za-z]")
_BURMESE = re.compile("[\u1000-\u109f\ua9e0-\ua9ff\uaa60-\uaa7f]")


@lru_cache(maxsize=4096)
def script_of(char: str) -> str:
    """Return the ISO 15924 code of one character's script, `"Zyyy"` when it belongs to none treated here."""
    point = ord(char)
    for first, last, code in _BLOCKS:
        if first <= point <= last:
            return code
    return "Zyyy"


def first_script(letters: str) -> str:
    """Return the script of the first of normalised letters that is not Latin; `LATIN` where there is none."""
    return next((code for code in map(script_of, letters) if code not in _NOT_NATIVE), LATIN)


def main_script(text: str) -> str:
    """Return the script in which most letters of a text are written (`"Zyyy"` if it has none)."""
    counts: dict[str, int] = {}
    for char in text:
        if char.isalpha():
            code = script_of(char)
            counts[code] = counts.get(code, 0) + 1
    return max(counts, key=lambda code: (counts[code], code)) if counts else "Zyyy"


@lru_cache(maxsize=8192)
def kept(char: str) -> str:
    """Return what one character becomes: itself, a space, or nothing."""
    # D'Souza, Ng'ang'a: one token. Asked first, for Unicode calls one of these apostrophes a letter.
    if char in "'’ʼ`´‘" or any(first <= ord(char) <= last for first, last in _VARIATION_SELECTORS):
        return ""
    category = unicodedata.category(char)
    if category[0] in "LM" or char in _TSHEG:
        return char
    return "" if category[0] == "C" and not char.isspace() else " "


def normalise(text: str) -> str:
    """Return a name's letters and marks, lower-cased, one space between words, nothing else altered.

    Digits, punctuation and symbols become spaces; joiners, direction marks, controls and unpaired surrogates vanish.
    Distinct native names stay distinct: no mark that carries a sound is removed.
    """
    text = text[: 2 * MAX_NAME_CHARS]
    if _BURMESE.search(text):
        # What vanishes anyhow must not come between the signs by which the encoding is told.
        text = to_unicode("".join(filter(kept, text)))
    cleaned = "".join(map(kept, unicodedata.normalize("NFC", text)))
    if _GREEK_CYRILLIC.search(cleaned) and _LATIN_LETTER.search(cleaned):
        # Twice, for some capitals are known only by their small letter.
        cleaned = cleaned.translate(_HOMOGLYPHS).casefold().translate(_HOMOGLYPHS)
    # A name cut short inside a Tibetan word ends without its dot.
    folded = cleaned.casefold()
    if _TSHEG[0] in folded or _TSHEG[1] in folded:
        folded = _OUTER_TSHEG.sub(" ", folded)
    return " ".join(folded.split())[:MAX_NAME_CHARS].rstrip(" " + _TSHEG)


@lru_cache(maxsize=64)
def _only(code: str) -> re.Pattern[str]:
    """Return what matches a word all of whose letters and marks are of one script."""
    blocks = "".join(f"{chr(first)}-{chr(last)}" for first, last, script in _BLOCKS if script == code)
    return re.compile(f"[{re.escape(blocks).replace(chr(92) + '-', '-')}]+")


def split_by_script(word: str) -> list[tuple[str, str]]:
    """Cut a word where its script changes: [(part, script)]; marks stay with the letter that they follow."""
    if word and (first := script_of(word[0])) != "Zyyy" and _only(first).fullmatch(word):
        return [(word, first)]
    parts: list[tuple[str, str]] = []
    start, current = 0, ""
    for position, char in enumerate(word):
        code = script_of(char)
        if code == "Zyyy" and unicodedata.category(char)[0] == "M":
            continue
        if code != current:
            if current:
                parts.append((word[start:position], current))
                start = position
            current = code
    if word:
        parts.append((word[start:], current or "Zyyy"))
    return parts
