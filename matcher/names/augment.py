"""In which other ways could this name have been written? Spellings made from spellings, to learn from.

No list of pairs holds every way in which a clerk spells Sunita, and for most scripts no list exists at all. But the
Indic blocks of Unicode are parallel, so a Devanagari name can be moved letter by letter into nine scripts; and clerks'
habits with Latin letters (ee or i, sh or s, a dropped h) are few and known.

Source: The Unicode Standard 15, chapter 12, for the parallel blocks; the habits are general knowledge of the region.
"""

from __future__ import annotations

import random
import unicodedata
from typing import Final

from matcher.names.brahmic import BLOCK_START
from matcher.names.script import main_script

_ASSAMESE = {"ৰ": 0x30, "ৱ": 0x35}
# Tamil has one letter for the four stops of a row.
_TAMIL_ROWS = ((0x15, 0x18), (0x1A, 0x1B), (0x1F, 0x22), (0x24, 0x27), (0x2A, 0x2D))
_TAMIL_OTHERS = {0x36: 0x38, 0x0B: 0x30, 0x43: 0x3F}
_NUKTA, _ANUSVARA, _CANDRABINDU, _VOCALIC_R, _SIGN_R = 0x3C, 0x02, 0x01, 0x0B, 0x43
_NO_NUKTA = frozenset({"Telu", "Knda", "Mlym", "Gujr", "Taml"})

# What is written > what is written for it by somebody else.
_HABITS: Final = """
    ee>i i>ee oo>u u>oo a>aa aa>a sh>s s>sh v>b b>v w>v v>w j>z z>j ph>f f>ph th>t t>th dh>d d>dh kh>k gh>g bh>b chh>ch
    ch>chh o>a a>o e>i i>e y>i i>y ai>ay au>ou ou>u x>ksh ksh>x q>k k>q c>k k>c ya>ia ia>ya iya>ia ur>or u>o o>u r>ar h>
    a> ng>n n>nn m>mm l>ll tt>t nn>n ll>l g>j ei>ay e>ay ae>e
"""
_BURMESE_HABITS: Final = """
    aing>ine ine>aing ay>ei ei>ay aye>ay o>oh oh>o o>oe oe>o in>inn inn>in an>ann u>oo oo>u ar>a a>ar aw>or or>aw t>d
    d>t k>g g>k p>b b>p s>z z>s th>t t>ht ht>t th>s ain>ein ein>ain aik>ike ike>aik on>one one>on i>ee ee>i y>i e>ae
    ae>e an>ant ant>an in>int int>in ein>eint un>unt ky>gy gy>ky kh>k ch>ky sh>hs hs>s hl>l hn>n hm>m et>at ut>ot
    auk>out
"""


def _swaps(habits: str) -> tuple[tuple[str, str], ...]:
    return tuple((old, new) for old, _, new in (habit.partition(">") for habit in habits.split()))


_SWAPS: Final = {"": _swaps(_HABITS), "my": _swaps(_BURMESE_HABITS)}


def misspelt(name: str, rng: random.Random, lang: str = "") -> str:
    """Return a Latin name with one or two of a clerk's habits applied to each word, in small letters.

    Args:
        name: in Latin letters.
        rng: decides which habits.
        lang: BCP 47 of the name; Burmese sounds are written by habits of their own.
    """
    swaps = _SWAPS.get(lang, _SWAPS[""])
    return " ".join(_misspelt_word(word, swaps, rng) for word in name.lower().split())


def _misspelt_word(word: str, swaps: tuple[tuple[str, str], ...], rng: random.Random) -> str:
    for _ in range(1 + (rng.random() < 0.4)):
        usable = [swap for swap in swaps if swap[0] in word]
        if not usable:
            break
        old, new = rng.choice(usable)
        place = rng.choice([place for place in range(len(word)) if word.startswith(old, place)])
        if new or (place > 0 and len(word) > 3):
            word = word[:place] + new + word[place + len(old) :]
    return word


# How Gulf papers write the sounds of South Asian names; several habits stand side by side, "" leaves the sound out.
_ARABIC_SOUNDS: Final = {
    "sh": "ش", "ch": "تش|تش|ش|ج", "kh": "خ|ك|كه", "gh": "غ", "th": "ث|ت|ت", "dh": "د|د|ذ", "ph": "ف", "bh": "ب|به",
    "jh": "ج", "zh": "ج|ز", "ee": "ي", "oo": "و", "aa": "ا", "ai": "اي|ي", "au": "او|و", "ou": "و", "b": "ب", "p": "ب",
    "v": "ف|ف|و", "w": "و", "f": "ف", "g": "غ|ج|ك|ق", "k": "ك", "c": "ك", "q": "ق", "x": "كس", "j": "ج",
    "z": "ز", "s": "س",
    "t": "ت", "d": "د", "r": "ر", "l": "ل", "m": "م", "n": "ن", "h": "ه|ه|ح", "y": "ي",
    "a": "ا|ا|", "i": "ي|ي|ي|", "e": "ي|ي|", "u": "و|و|و|", "o": "و|و|و|",
}  # fmt: skip
_ARABIC_FIRST: Final = {"a": "ا|أ", "i": "ا|إ|اي", "e": "ا|إ|اي", "u": "ا|او|أو", "o": "او|أو", "ee": "اي", "oo": "او"}
_ARABIC_LAST: Final = {"a": "ا|ا|ا|ة|ه", "i": "ي", "y": "ي", "ee": "ي", "e": "|ي", "u": "و", "o": "و"}


def in_arabic(name: str, rng: random.Random) -> str:
    """Return a Latin name of South Asia as a writer of Arabic might hear and spell it."""
    return " ".join(filter(None, (_arabic_word(word, rng) for word in name.lower().split())))


def _arabic_word(word: str, rng: random.Random) -> str:
    out, place = [], 0
    while place < len(word):
        sound = word[place : place + 2] if word[place : place + 2] in _ARABIC_SOUNDS else word[place]
        table = _ARABIC_FIRST if place == 0 else _ARABIC_LAST if place + len(sound) == len(word) else {}
        out.append(rng.choice(table.get(sound, _ARABIC_SOUNDS.get(sound, "")).split("|")))
        place += len(sound)
        while place < len(word) and word[place] == word[place - 1]:  # doubled letters are written once
            place += 1
    return "".join(out)


def shifted(text: str, script: str) -> str:
    """Return a name of one parallel Indic script in the letters of another, as its own writers would roughly spell it.

    Args:
        text: written in one of `BLOCK_START`.
        script: the ISO 15924 code of another.
    """
    start = BLOCK_START[main_script(text)]
    out: list[str] = []
    for char in unicodedata.normalize("NFD", text):
        offset = _ASSAMESE.get(char, ord(char) - start)
        out.append(_moved(offset, script) if 0 <= offset < 0x80 else char)
    return unicodedata.normalize("NFC", "".join(out))


def _moved(offset: int, script: str) -> str:
    """Return the letter at an offset of a block as another script writes it."""
    if script in _NO_NUKTA and offset == _NUKTA:
        return ""
    if script == "Taml":
        if offset == _ANUSVARA:
            return "ன்"
        offset = next((low for low, high in _TAMIL_ROWS if low <= offset <= high), _TAMIL_OTHERS.get(offset, offset))
    elif script == "Beng" and offset == 0x35:
        offset = 0x2C
    elif script == "Guru":
        if offset in (0x36, 0x37):
            return "ਸ਼"
        if offset in (_VOCALIC_R, _SIGN_R):
            return "ਰਿ" if offset == _VOCALIC_R else "੍ਰਿ"
        if offset in (_ANUSVARA, _CANDRABINDU):
            offset = 0x70
    letter = chr(BLOCK_START[script] + offset)
    return "" if unicodedata.category(letter) == "Cn" else letter
