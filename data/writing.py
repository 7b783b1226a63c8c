"""How would a clerk who writes another script put this name down?

Used to make synthetic records only. A name that the region writes in Bengali reaches a shelter in Mumbai by ear and is
written in Devanagari, or in Latin letters as somebody romanises it. The mapping is deliberately lossy and random, and
independent of `matcher.names`: a test of the matcher against the inverse of its own rules would prove nothing.
"""

from __future__ import annotations

import random

from matcher.names.script import script_of

_DEVANAGARI, _BENGALI = 0x0900, 0x0980
_TO_DEVANAGARI = {"ৰ": "र", "ৱ": "व", "ৎ": "त"}
_CONFUSED = {
    "ि": "ी", "ी": "ि", "ु": "ू", "ू": "ु", "श": "स", "स": "श", "ष": "श", "ण": "न", "ব": "ভ", "ি": "ী", "ী": "ি",
    "ু": "ূ", "ূ": "ু", "শ": "স", "স": "শ", "ণ": "ন", "ই": "ঈ",
}  # fmt: skip

_LATIN_CONSONANTS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("chh", ("छ",)), ("ksh", ("क्ष",)), ("kh", ("ख",)), ("gh", ("घ",)), ("ch", ("च",)), ("jh", ("झ",)),
    ("th", ("थ", "त")), ("dh", ("ध", "द")), ("ph", ("फ",)), ("bh", ("भ", "ब")), ("sh", ("श", "स")),
    ("ng", ("ंग", "ङ")), ("ny", ("न्य",)), ("ht", ("त", "ट")), ("hp", ("प", "फ")), ("hl", ("ल",)), ("hn", ("न",)),
    ("ck", ("क",)), ("b", ("ब",)), ("c", ("क",)), ("d", ("द", "ड")), ("f", ("फ",)), ("g", ("ग",)), ("h", ("ह",)),
    ("j", ("ज",)), ("k", ("क",)), ("l", ("ल",)), ("m", ("म",)), ("n", ("न",)), ("p", ("प",)), ("q", ("क",)),
    ("r", ("र",)), ("s", ("स",)), ("t", ("त", "ट")), ("v", ("व",)), ("w", ("व",)), ("x", ("क्स",)), ("y", ("य",)),
    ("z", ("ज", "ज़")),
)  # fmt: skip
_LATIN_VOWELS: tuple[tuple[str, tuple[str, ...], tuple[str, ...]], ...] = (
    ("aa", ("आ",), ("ा",)), ("au", ("औ",), ("ौ",)), ("aw", ("औ", "ऑ"), ("ौ", "ॉ", "ो")),
    ("ai", ("ऐ", "आइ"), ("ै", "ाइ")), ("ay", ("ए", "अय"), ("े", "ै")), ("ee", ("ई",), ("ी",)),
    ("ei", ("ए",), ("े",)), ("oo", ("ऊ",), ("ू",)), ("ou", ("औ", "ऊ"), ("ौ", "ू")), ("a", ("अ", "आ"), ("", "ा")),
    ("e", ("ए",), ("े",)), ("i", ("इ",), ("ि", "ी")), ("o", ("ओ",), ("ो",)), ("u", ("उ",), ("ु", "ू")),
)  # fmt: skip
_SLIPS = (
    ("ee", "i"),
    ("oo", "u"),
    ("sh", "s"),
    ("th", "t"),
    ("a", "o"),
    ("i", "ee"),
    ("h", ""),
    ("v", "b"),
    ("j", "z"),
    ("k", "kh"),
    ("n", "nn"),
)


def is_bengali(text: str) -> bool:
    """Tell whether a text is written in the Bengali block."""
    return any(script_of(char) == "Beng" for char in text)


def is_devanagari(text: str) -> bool:
    """Tell whether a text is written in Devanagari."""
    return any(script_of(char) == "Deva" for char in text)


def shift_block(text: str, from_start: int, to_start: int) -> str:
    """Return a text of one Indic block in another: the blocks are parallel."""
    out = []
    for char in text:
        char = _TO_DEVANAGARI.get(char, char) if to_start == _DEVANAGARI else char
        offset = ord(char) - from_start
        out.append(chr(to_start + offset) if 0 <= offset < 0x64 else char)
    return "".join(out)


def to_devanagari(native: str, latin: str, rng: random.Random) -> str:
    """Return the name as a Hindi or Marathi writer puts it down."""
    if is_devanagari(native):
        return native
    if is_bengali(native):
        text = shift_block(native, _BENGALI, _DEVANAGARI)
        text = text.replace("य़", "य").replace("ं", "ं" if rng.random() < 0.7 else "ङ")
        if rng.random() < 0.5:  # the nasal before a consonant is a dot to a Hindi writer
            text = text.replace("ण्ड", "ंड").replace("न्द", "ंद").replace("ञ्ज", "ंज")
        if rng.random() < 0.25:
            text = text.replace("व", "ब")
        return text
    return latin_to_devanagari(latin, rng)


def to_bengali(native: str, latin: str, rng: random.Random) -> str:
    """Return the name as a Bengali writer puts it down (Assamese letters become Bengali ones)."""
    if is_bengali(native):
        return native.replace("ৰ", "র").replace("ৱ", "ব" if rng.random() < 0.3 else "ওয়")
    text = to_devanagari(native, latin, rng)
    return shift_block(text.replace("ज़", "ज").replace("ॉ", "ো").replace("व", "ব"), _DEVANAGARI, _BENGALI)


def latin_to_devanagari(latin: str, rng: random.Random) -> str:
    """Return a Latin spelling sounded out in Devanagari, one of the ways people write it."""
    words = []
    for word in latin.lower().split():
        out, position, after_consonant = [], 0, False
        while position < len(word):
            rest = word[position:]
            vowel = next((row for row in _LATIN_VOWELS if rest.startswith(row[0])), None)
            if vowel:
                key, independent, signs = vowel
                final = position + len(key) == len(word)
                if after_consonant:
                    out.append(signs[-1] if final else rng.choice(signs))
                else:
                    out.append(rng.choice(independent))
                position, after_consonant = position + len(key), False
                continue
            consonant = next((row for row in _LATIN_CONSONANTS if rest.startswith(row[0])), None)
            if consonant is None:
                position += 1
                continue
            letter = rng.choice(consonant[1])
            if after_consonant and letter[0] != "ं":
                out.append("" if rest[0] == word[position - 1] else "्")
            if not (after_consonant and rest[0] == word[position - 1]):
                out.append(letter)
            position += len(consonant[0])
            after_consonant = True
        words.append("".join(out))
    return " ".join(words)


def misspell(text: str, rng: random.Random) -> str:
    """Return a text with one slip that a clerk of that script makes (unchanged when none applies)."""
    if any(script_of(char) != "Latn" and char.isalpha() for char in text):
        positions = [i for i, char in enumerate(text) if char in _CONFUSED]
        if not positions:
            return text
        position = rng.choice(positions)
        return text[:position] + _CONFUSED[text[position]] + text[position + 1 :]
    options = [(a, b) for a, b in _SLIPS if a in text[1:]]
    if not options:
        return text
    before, after = rng.choice(options)
    position = text.index(before, 1)
    return text[:position] + after + text[position + len(before) :]
