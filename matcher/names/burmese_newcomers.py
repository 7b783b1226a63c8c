"""Which names in Burmese letters are Muslim, Indian or European, and how are those letters meant?

Newcomers' names use letters and syllables that Burmese words never have. Such a name is one word in Latin letters,
however many syllables it has (ရာဟင် Rahim), its r is an r, and its aa is a plain a.

Source: the spelling of well-known Rohingya, Indian and European names in Burmese newspapers and registers.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

NEWCOMER: Final = "_"
"""Stands before a word that is read as one."""
_HEARD_R: Final = "\ue001"

# Muslim and European names: letters killed that Burmese never kills, and syllables that only such names have. Every
# alternative begins with a plain character, for so it is found fast.
_TOLD_BY = re.compile(
    "\ue001|[ဖဗဘဒဂဟ\ue005-\ue007]်|လ်(?<!ိုလ်)|[ာူ]ရ်|[ိ-ူ]သ်|ဇ်(?<!ရာဇ်)|ဂျ[ာမီ]|ဟ[ာီူ](?<!မဟ.)|ဖာ|ဖယ်ရ|ဇာဖ|ရှာ|ရှု|ဘီဘီ|ဆူဇ"
    "|\n(?:အီ(?!အီ|\n)|အာ(?:[လဘဗယ]|မ(?:က်|ီ)|ရှ|ဒမ်)|အ[ဘဗ](?:္ဗ|ူ|ဒူ)|အနဝါ|နူ[^\n]|[ယရ]ူ(?:ဆ|န|ဘီ|သ)|ယာကူ|ခတီ"
    "|ဇူ[ဘလ]|ဇိုင်န|မာ(?:မ[တက]်|မူ|[\ue000ရ]ီယ)|ကာ(?:စင်|မာ|[\ue000ရ]င်)|တာ[ဟလ]|ဂူလ|[စဆ]ာ?လင်|[စဆ]ေ?ာ?လီမ|အက်[ဘဗ]"
    "|(?:ခို|ခူ)ရှ|တက်စလ|ဇိုဟ|အန်ဝာ|ဇော်ဖာ|မီနာရ|ခာတူ|အက်တာ|ဘာ[နဟ]|ကာဒာ|အူ[လစ]|ဂျော်ဟာ|ယာစ|ဆလာမ်|ဆာဒက်|အာယူပ်"
    "|[ရ\ue000](?:ာရှ|ာဖ|ာနီ|ာမာ|ာဟ|ိုဇ|ိုကီ|ိုရှ|ူကီ|ဟင်|ရှ|ာ?မန်|မာန်|ဗက္|ေဗ|ေချ|ိုဟ|ာဂျ|ာဗီ|ီတာ))"
)
_AS_FOREIGN: tuple[tuple[re.Pattern[str], str], ...] = tuple(
    (re.compile(pattern), replacement)
    for pattern, replacement in (
        ("ရ(?![ှ်])", "\ue000"),
        ("(?<=ာ)လောင်|(?<=^ရှောင်ရှုအာ)လောင်", "လ\ue003မ်"),  # Alam
        ("^ရှောင်", "ရှ\ue003မ်"),  # Shams
        ("(?<!ေ)ာ(?![က-အ\ue005-\ue007]့?်|[်း])", "\ue003"),
        ("(?<=[\ue000လဟစ])င်$|(?<=[စဆ]လ)င်း$|ိမ်", "ီမ်"),  # Rahim, Salim
        ("ယ်(?!ဒ်)", "ဲ"),
        ("^အက်", "အ\ue003က်"),  # Akbar
        ("ွပ်|ုပ်", "ူပ်"),
        ("ု(?=[ကတ]်)", "ူ"),
        ("ိ(?=[ကတပ]်)", "ီ"),
        ("(?<=[က-အ\ue000ျ-ှ])([ပမ])်", "\ue003\\1်"),
        ("ိုင်(?=န)", "ာဲ"),
        ("သ်", "\ue008်"),
    )
)


def newcomers_read(lines: str) -> str:
    """Return words, one a line, with private letters in foreign ones, where Burmese spells a sound otherwise."""
    lines = f"\n{lines}\n"
    read, done = [], 0
    for mark in _TOLD_BY.finditer(lines):
        if mark.end() <= done:
            continue  # a word may have many marks
        start = lines.rfind("\n", done, mark.end() - 1) + 1 or done
        end = lines.index("\n", mark.end() - 1)
        read += [lines[done:start], _as_foreign(lines[start:end], mark[0] != _HEARD_R)]
        done = end
    return "".join([*read, lines[done:]])[1:-1]


@lru_cache(maxsize=8192)
def _as_foreign(word: str, one_word: bool) -> str:
    """Return one foreign word with the private letters, and the sign of a word before it."""
    for pattern, replacement in _AS_FOREIGN:
        word = pattern.sub(replacement, word)
    return NEWCOMER + word if one_word else word  # ဘရန်အောင် Brang Aung: Kachin names have an r, and are of syllables
