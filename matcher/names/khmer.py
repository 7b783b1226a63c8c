"""How is a Khmer name written in Latin letters?

Two things decide a Khmer vowel: its sign, and the series of the consonant before it (ដា da, but ជា chea). A word is
cut into syllables (onset with its subscripts, vowel, final consonant), each is spelled as on passports, and two
customs that look across syllables come after: the first series runs on through a sonorant (បុរី Borey, ដារា Dara), and
what Indic spelling leaves at the end of a word is silent (វណ្ណ Vann, ពេជ្រ Pich, សិទ្ធិ Sith).

Source: The Unicode Standard 15, chapter 16.4 (Khmer) for the signs; F. Huffman, "Cambodian System of Writing" (1970)
for the series; general knowledge of the spelling of names, checked on public name lists. Elements that no rule reaches
are in data/reference/names/khmer_elements.tsv.
"""

from __future__ import annotations

import re
from functools import lru_cache

from matcher.reference import read_table

# Latin spelling and series: 1 keeps an open a, 2 (the once voiced letters) turns it to ea.
_CONSONANTS: dict[str, tuple[str, int]] = {
    "ក": ("k", 1), "ខ": ("kh", 1), "គ": ("k", 2), "ឃ": ("kh", 2), "ង": ("ng", 2), "ច": ("ch", 1), "ឆ": ("chh", 1),
    "ជ": ("ch", 2), "ឈ": ("chh", 2), "ញ": ("nh", 2), "ដ": ("d", 1), "ឋ": ("th", 1), "ឌ": ("d", 2), "ឍ": ("th", 2),
    "ណ": ("n", 1), "ត": ("t", 1), "ថ": ("th", 1), "ទ": ("t", 2), "ធ": ("th", 2), "ន": ("n", 2), "ប": ("b", 1),
    "ផ": ("ph", 1), "ព": ("p", 2), "ភ": ("ph", 2), "ម": ("m", 2), "យ": ("y", 2), "រ": ("r", 2), "ល": ("l", 2),
    "វ": ("v", 2), "ឝ": ("s", 1), "ឞ": ("s", 1), "ស": ("s", 1), "ហ": ("h", 1), "ឡ": ("l", 1), "អ": ("", 1),
}  # fmt: skip
_SONORANTS = frozenset("ងញនមយរលវ")
_FINALS = {"b": "p", "d": "t", "chh": "ch", "kh": "k", "ph": "p"}
# ហ above another letter spells the sounds of foreign names.
_FOREIGN = {"ហ្វ": "f", "ហ្គ": "g", "ហ្ស": "z", "ហ្ន": "n", "ហ្ម": "m", "ហ្ល": "l"}
_INDEPENDENT = {
    "ឣ": "a", "ឤ": "a", "ឥ": "i", "ឦ": "ei", "ឧ": "u", "ឨ": "uk", "ឩ": "ou", "ឪ": "ov", "ឫ": "ri", "ឬ": "reu",
    "ឭ": "li", "ឮ": "leu", "ឯ": "e", "ឰ": "ai", "ឱ": "o", "ឲ": "o", "ឳ": "av",
}  # fmt: skip
# Sign: first series open, first closed, second open, second closed. I is a long i, written y at the end of a word.
_VOWELS: dict[str, tuple[str, str, str, str]] = {
    "": ("a", "a", "a", "o"), "ា": ("a", "a", "ea", "ea"), "ិ": ("e", "e", "i", "i"), "ី": ("ey", "ei", "I", "i"),
    "ឹ": ("eu", "eu", "eu", "eu"), "ឺ": ("eu", "eu", "eu", "eu"), "ុ": ("o", "o", "u", "u"),
    "ូ": ("o", "o", "ou", "ou"), "ួ": ("uo", "uo", "uo", "uo"), "ើ": ("oeu", "oeu", "oeu", "oeu"),
    "ឿ": ("oeu", "oeu", "oeu", "oeu"), "ៀ": ("ie", "ea", "ie", "ea"), "េ": ("e", "e", "e", "e"),
    "ែ": ("e", "ae", "e", "ae"), "ៃ": ("ay", "ai", "ey", "ey"), "ោ": ("o", "o", "ou", "o"),
    "ៅ": ("ao", "ao", "ov", "ov"), "័": ("a", "a", "a", "a"),
}  # fmt: skip
_UNDER_NASAL = {"": ("am", "um"), "ុ": ("om", "um"), "ា": ("am", "oam")}

_C, _SIGNS, _ALL_SIGNS = "[ក-អ]", "ា-ៅ័", "ា-ៅ័ំះៈ៉៊"
# A stack that begins a syllable (ស្រី, ក្រា) rather than closing one and beginning the next (ន្ទា, ជ្ជា).
_BEGINS = f"(?:[ក-ឃច-ឈដ-ឍត-ធប-ភស-ហអ][៉៊]?្[ងញនមយរលវ]|[សហ][៉៊]?្{_C})[៉៊]?(?:្{_C})?[{_ALL_SIGNS}]"
# A consonant without a vowel of its own: alone, under a shortening sign, or the first of a stack.
_BARE = f"(?!{_BEGINS}){_C}(?![{_ALL_SIGNS}])"
# It closes the syllable before it when the run of bare letters that it begins is odd: សុ.ផល but ស.ភា and ពិ.ភព.លោក.
_CLOSING = f"{_BARE}(?=(?:{_BARE}{_BARE}){{0,9}}(?!{_BARE}))"
# What hangs below a closing consonant and has no vowel, or only the short one of Indic endings, is not said.
_TAIL = f"(?:្{_C})+(?:[ិុ]$|(?![្{_ALL_SIGNS}]|{_CLOSING}))"
_SYLLABLE = (
    f"(?:(?P<independent>[ឣ-ឳ])|(?P<onset>(?:{_C}|្{_C})[៉៊]?(?:្{_C}[៉៊]?)*))"
    f"(?:(?P<three>(?<=^{_C})(?={_C}{_C}ា$))"  # រតនា Ratana: three open syllables
    f"|(?P<sign>[{_SIGNS}]*)(?:(?P<heavy>[ំះៈ]+|(?<=[ៃៅ]))(?P<velar>(?<=ាំ)ង(?![{_ALL_SIGNS}្]))?"
    f"|(?P<final>{_CLOSING}|(?<=[ាេែោូ])[តថទធដឋ](?=[ិុ]$))?់?(?P<tail>{_TAIL})?))"
    f"(?=(?P<following>(?:្{_C})?))"
)
_PREPARE: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile("េី"), "ើ"),  # typed as two signs
    (re.compile("េា"), "ោ"),
    (re.compile("[៎៏៑៓ៗ៝\u17b4\u17b5]"), ""),
    (re.compile(f"{_C}(?:្{_C})*[{_SIGNS}]?៍"), ""),  # ៍ kills a letter: ពោធិ៍ po
    (re.compile(f"{_C}៌$", re.MULTILINE), "រ"),  # ធម៌ thor: the r above stands for the last letter
    (re.compile("៌"), ""),
)
# 1 and 3 follow a syllable of the first series (3: one that lets only an a follow suit), 4 one that hands on what came
# before, @ and % are ea and y after a sonorant.
_FINISH: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile("([13](?:[nmyrlv][aiu]4)*(?:ng|nh|[nmyrlv])+)@"), r"\1a"),
    (re.compile("1r%"), "rey"),
    (re.compile("@"), "ea"),
    (re.compile("(?<!kh)(?<!y)[I%]$", re.MULTILINE), "y"),
    (re.compile("[I%]"), "i"),
    (re.compile("[^a-z\n]"), ""),
    (re.compile("nh(?=nh)"), ""),
    (re.compile("chh?(?=ch)|kh?(?=kh)|th?(?=th)|ph?(?=ph)"), ""),
)


def romanize_khmer(lines: str) -> str:
    """Return Khmer words, one a line, as customary Latin spellings, one a line.

    Signs that belong to no syllable are passed over; a line without any syllable becomes empty.
    """
    lines = _prepared(lines)
    elements, syllables = _reader()

    known: dict[tuple[str | None, ...], str] = {}

    def spell(match: re.Match[str]) -> str:
        key = match.group(0, "three", "following")  # these alone decide how the letters were divided
        spelled = known.get(key)
        if spelled is None:
            element, *parts = match.groups()
            spelled = known[key] = elements[element] if element else _syllable(*parts)
        return spelled

    text = syllables.sub(spell, lines)
    for pattern, replacement in _FINISH:
        text = pattern.sub(replacement, text)
    return text


def _prepared(lines: str) -> str:
    """Return text without silenced letters and with two-part vowels written as one sign."""
    for pattern, replacement in _PREPARE:
        lines = pattern.sub(replacement, lines)
    return lines


@lru_cache(maxsize=1)
def _reader() -> tuple[dict[str, str], re.Pattern[str]]:
    """Return the irregular elements, and the expression that finds an element or else a syllable."""
    elements = {_prepared(row["form"]): row["latin"] for row in read_table("names/khmer_elements.tsv")}
    longest_first = "|".join(sorted(elements, key=lambda form: (-len(form), form)))
    return elements, re.compile(f"(?P<element>{longest_first})(?![{_ALL_SIGNS}្់])|{_SYLLABLE}", re.MULTILINE)


def _syllable(
    independent: str | None,
    onset: str | None,
    three: str | None,
    sign: str | None,
    heavy: str | None,
    velar: str | None,
    final: str | None,
    tail: str | None,
    following: str,
) -> str:
    """Return one syllable's spelling, with the marks that `_FINISH` resolves.

    Args:
        independent: a vowel letter that stands for onset and vowel.
        onset: first consonant with what stands below it; led by a subscript sign when its stack began the syllable
            before.
        three: "" in the first of three open syllables, None elsewhere.
        sign: vowel signs, "" for the inherent vowel.
        heavy: nasal or breath sign after them; "" after a diphthong, which takes no final.
        velar: closing ង after ាំ.
        final, tail: closing consonant, silent letters below it.
        following: the subscript that comes next, if the closing consonant carries one that is said.
    """
    if independent or onset is None:
        closing = _CONSONANTS[final][0] if final else ""
        return _INDEPENDENT.get(independent or "", "") + _FINALS.get(closing, closing)
    letters, series = _onset(onset)
    loose = series == 2 and all(char in _SONORANTS or char == "្" for char in onset)
    sign = (sign or "")[:1]
    if heavy is not None:
        return letters + _heavy(sign, heavy, velar, series, loose)
    if final is None or three is not None:
        vowel = _VOWELS[sign][2 * (series - 1)]
        if loose and sign in ("ា", "ី"):
            vowel = "@" if sign == "ា" else "%"
        short = {"": "1", "ុ": "1", "ិ": "1", "េ": "1", "ា": "3"}.get(sign, "")
        return letters + vowel + (short if series == 1 else "4" if loose and short == "1" else "")
    below = tail or following
    stacked = below.startswith("្")
    closing = _FINALS.get(_CONSONANTS[final][0], _CONSONANTS[final][0])
    geminate = stacked and _CONSONANTS[below[1]][0][:1] == closing[:1]
    vowel = _VOWELS[sign][2 * (series - 1) + 1]
    if sign == "ា" and loose:
        vowel = "@"
    elif sign == "" and geminate:
        vowel = "a"  # the same sound again shortens the vowel: វណ្ណ Vann
    elif sign == "័" and final == "យ":
        return letters + _VOWELS["ៃ"][2 * (series - 1)]
    elif sign == "័" and final == "រ":
        vowel = "o"
    elif sign == "េ" and series == 2 and closing == "ch":
        vowel = "i"
    elif sign == "ែ" and final == "វ":
        return letters + "eo"
    elif sign == "ឹ" and final == "ម":
        vowel = "i"
    elif sign == "ៀ" and final in "វមប":
        vowel = "ie"
    if geminate and tail:
        closing = {"t": "th", "n": "nn"}.get(closing, closing)
    return letters + vowel + closing + ("3" if (series == 1 and stacked) or final == "ស" else "")


def _onset(onset: str) -> tuple[str, int]:
    """Return an onset's spelling and its series: that of its last stop, or of its first letter when it has none."""
    plain = onset.replace("៉", "").replace("៊", "")
    letters, series = "", 0
    head = _FOREIGN.get(plain[:3], "")
    for position, char in enumerate(plain):
        if char == "្" or (head and position <= 2):
            continue
        sound, own = _CONSONANTS[char]
        letters += "p" if char == "ប" and position < len(plain) - 1 else sound
        if not series or char not in _SONORANTS:
            series = own
    if head:
        letters, series = head + letters, 1
    if "៉" in onset:
        series = 1
        letters = letters.replace("b", "p")
    elif "៊" in onset:
        series = 2
    return letters, series


def _heavy(sign: str, heavy: str, velar: str | None, series: int, loose: bool) -> str:
    """Return the rhyme of a syllable that ends in a nasal or breath sign."""
    if "ំ" in heavy:
        if velar:
            return "ang" if series == 1 else "eang"
        pair = _UNDER_NASAL.get(sign)
        return pair[series - 1] if pair else _VOWELS[sign][2 * series - 1] + "m"
    vowel = _VOWELS[sign][2 * (series - 1)].replace("I", "i")
    if sign == "" and heavy == "ៈ":
        return ("a" if series == 1 else "@" if loose else "ea") + "k"  # វណ្ណៈ Vannak, វីរៈ Vireak
    if sign == "":
        vowel = "a" if series == 1 or "ៈ" in heavy else "ea"
    return vowel + "h" if "ះ" in heavy else vowel
