"""Why do two aligned words count as they do? One English phrase a pair, true of those two words.

Which habit of spelling tells two words apart is found by taking the habits away one after the other: what is left when
both spellings meet is named, and nothing else.
"""

from __future__ import annotations

import re
from functools import lru_cache

from matcher.names.grammar import NameToken
from matcher.names.grammar_tables import Grammar
from matcher.names.nicknames import pet_forms
from matcher.names.phonetics import fold
from matcher.names.romanize import romanize
from matcher.names.script import main_script
from matcher.names.weighing import CLOSE_WORD, SAME_WORD, courtesy_words
from matcher.reference import read_table

TOGETHER = "written as one word on one side only"
_SIDES = ("left", "right")
_LITTLE = 0.25

# What writers of one name do differently; the order is that of application.
_HABITS: tuple[tuple[str, re.Pattern[str], str], ...] = tuple(
    (habit, re.compile(pattern), replacement)
    for habit, pattern, replacement in (
        ("x for ksh", r"x|kkh|ksh", "ks"),
        ("ph for f", r"ph", "f"),
        ("ch for chh", r"chh", "ch"),
        ("s for sh", r"sh", "s"),
        ("h left out or added", r"(?<!^)(?<!c)h", ""),
        ("c or q for k", r"q|ck|c(?!h)", "k"),
        ("v or w for b", r"[vw]", "b"),
        ("z for j", r"z", "j"),
        ("y for i", r"y", "i"),
        ("ee for i", r"ee|ii|ea", "i"),
        ("oo for u", r"oo|uu|ou", "u"),
        ("ai for e", r"a[ie]", "e"),
        ("au for o", r"a[uw]|ow", "o"),
        ("a doubled letter", r"(.)\1+", r"\1"),
        ("o for a", r"o", "a"),
        ("e for i", r"e", "i"),
        ("o for u", r"o", "u"),
        ("d for t", r"d", "t"),
        ("g for k", r"g", "k"),
        ("b for p", r"b", "p"),
        ("final a left out or added", r"a$", ""),
        ("a left out or added", r"(?<!^)a", ""),
    )
)


def reason(left: NameToken, right: NameToken, similarity: float) -> str:
    """Return why two aligned words have their similarity."""
    if left.initial or right.initial:
        return _initial_reason(left, right, similarity)
    if left.text == right.text:
        return "same spelling"
    two_scripts = main_script(left.text) != main_script(right.text)
    short = _short_form(left, right) or _short_form(right, left)
    if short and left.folded == right.folded:
        return short
    if fold(left.roman) == fold(right.roman):
        if two_scripts:
            return "same sound in two scripts"
        return _spellings(left, right) if left.roman != right.roman else "same sound in two spellings"
    if left.folded == right.folded:
        return _equivalent_reason(left.folded)
    for pet, formal in ((left, right), (right, left)):
        if (pet.folded, formal.folded) in pet_forms():
            return f"{pet.text} is a pet form of {formal.text}"
    if similarity >= SAME_WORD:
        return "one name in two scripts, spelled a little apart" if two_scripts else _spellings(left, right)
    if similarity >= CLOSE_WORD:
        habits = None if two_scripts else _habits(left.roman, right.roman)
        return f"close spellings: {' and '.join(habits)}" if habits else "close spellings"
    common = [token for token in (left, right) if token.weight <= _LITTLE or token.folded in courtesy_words()]
    return "different words, of which one or both are common elements" if common else "different words"


def alone_reason(token: NameToken, side: int) -> str:
    """Return why a word has no partner; side 0 is the left."""
    little = token.weight <= _LITTLE or token.folded in courtesy_words()
    return f"common element, only on the {_SIDES[side]}" if little else f"only on the {_SIDES[side]}"


def title_reason(side: int) -> str:
    """Return why a title takes no part; side 0 is the left."""
    return f"title on the {_SIDES[side]}, not compared"


def _initial_reason(left: NameToken, right: NameToken, similarity: float) -> str:
    if similarity < CLOSE_WORD:
        return "initial of another word"
    if left.initial and right.initial:
        return "same initial"
    letter, word = (left, right) if left.initial else (right, left)
    may = "is" if word.roman.startswith(letter.roman) else "may be"
    return f"{letter.roman} {may} the initial of {word.text}"


def _short_form(short: NameToken, full: NameToken) -> str:
    expansions = Grammar.load().expansions
    known = short.text in expansions and full.text not in expansions and len(short.text) < len(full.roman) - 1
    # "Spelling of" stands in the same table: only what leaves letters out is a short form.
    vowels = sum(letter in "aeiou" for letter in romanize(short.text)) if known else 0
    return f"{short.text} is short for {full.text}" if known and (vowels == 0 or not short.text.isascii()) else ""


@lru_cache(maxsize=1)
def _loose() -> frozenset[str]:
    """Return the folded forms of names that different families may hold apart though writers confuse them."""
    return frozenset(
        fold(romanize(row["canonical"]).replace(" ", ""))
        for row in read_table("names/equivalents.tsv")
        if row["note"].startswith("loose")
    )


def _equivalent_reason(folded: str) -> str:
    if folded in _loose():
        return "forms of one name, though some families keep them apart"
    return "one name in two forms"


def _spellings(left: NameToken, right: NameToken) -> str:
    habits = _habits(left.roman, right.roman)
    return f"spellings of one word: {' and '.join(habits)}" if habits else "spellings of one word"


def _without(word: str, habits: tuple[int, ...]) -> str:
    for habit in habits:
        _, pattern, replacement = _HABITS[habit]
        word = pattern.sub(replacement, word)
    return word


@lru_cache(maxsize=4096)
def _habits(left: str, right: str) -> tuple[str, ...]:
    """Return the habits that tell two spellings apart, () where they do not account for it."""
    kept = tuple(range(len(_HABITS)))
    if left == right or _without(left, kept) != _without(right, kept):
        return ()
    for habit in reversed(kept):  # what is named is what most readers know
        fewer = tuple(other for other in kept if other != habit)
        if _without(left, fewer) == _without(right, fewer):
            kept = fewer
    return tuple(_HABITS[habit][0] for habit in kept)
