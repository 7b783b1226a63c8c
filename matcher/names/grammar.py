"""Which words of a name are the name, and how much does each say?

Titles (Shri, Daw) and relation words (s/o, পিতা) are not names. Common elements (Begum, Kumar, Md) are, but say little.
Surnames such as Chatterjee and Chattopadhyay are one name that no rule of sound connects. All of this stands in tables
under `data/reference/names`, which a person who knows the language can correct.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from enum import IntEnum
from functools import lru_cache

from matcher.names.burmese import begins_with
from matcher.names.grammar_tables import Grammar, Kind, equivalence_key
from matcher.names.phonetics import fold, fold_many
from matcher.names.romanize import romanize_words
from matcher.names.script import MAX_NAME_CHARS, normalise

INITIAL_WEIGHT = 0.3
FULL_WEIGHT = 0.6
_AS_WRITTEN = 4  # letters; shorter spellings are abbreviations
"""Below this a word says too little to stand for the whole name beside words that say more."""


class Role(IntEnum):
    """How a word of one particular name is read."""

    NAME = 0
    TITLE = 1
    INITIAL = 2
    GLUED = 3


@dataclass(frozen=True, slots=True)
class NameToken:
    """One word of a name.

    Attributes:
        text: as it stands in the normalised original.
        roman: in lower-case Latin letters.
        folded: phonetic form that is compared.
        weight: how much of a full word's information it carries, in (0, 1].
        initial: whether it is a single letter standing for a word.
        title: whether it is a title: not compared, but of some use in retrieval.
    """

    text: str
    roman: str
    folded: str
    weight: float
    initial: bool = False
    title: bool = False


def _letters_of(word: str, grammar: Grammar) -> list[str]:
    """Return the letters of which three or more are spelled out in a word and nothing else, else none."""
    if not grammar.spelled_out.fullmatch(word):
        return []
    return [grammar.initials[form] for form in grammar.letters.findall(word)]


# "s/o", "D / O", "s/oRahim": what follows is a relative's name.
_RELATION_SIGN = re.compile(r"\b[sdwcSDWC]\s*[/\\]\s*(?:o\b|O(?![a-z]{2})|o(?=[A-Z]))\.?")
_CAPITALS = re.compile(r"\b[A-Z]{2,3}\b")
UNUSUAL = re.compile(r"[@/\\]|\b[A-Z]{2,3}\b|[a-z][A-Z]")
"""A name that matches may hold what `disentangled` takes apart; any other name it leaves as it is."""


def disentangled(text: str) -> str:
    """Return a name with its signs spelled out: `@` as alias, AKM as A K M, MdRahim as Md Rahim, s/o and the rest cut.

    Capitals are initials only beside words in small letters, and not where they are a known short form (MD, SK).
    """
    grammar = Grammar.load()
    head = _RELATION_SIGN.split(text, maxsplit=1)[0]
    # A field that begins with s/o holds nothing but the relative's name: better that than nothing.
    text = head if head.strip() else text
    text = grammar.abbreviations.sub(r"\1 ", text.replace("@", " alias "))
    if any(char.islower() for char in text):
        text = _CAPITALS.sub(lambda found: _spelled_out(found[0], grammar), text)
    return text


def _spelled_out(capitals: str, grammar: Grammar) -> str:
    word = capitals.casefold()
    known = word in grammar.expansions or grammar.kind(word)
    return capitals if known or word in grammar.weights else " ".join(capitals)


def words_of(text: str) -> list[str]:
    """Return the normalised words of a name as written, titles and all."""
    cut = text[: 2 * MAX_NAME_CHARS]
    if UNUSUAL.search(cut):
        if cut.strip().casefold() in Grammar.load().nobody:
            return []
        return normalise(disentangled(cut)).split() or normalise(cut).split()
    return normalise(cut).split()


def settle(words: Sequence[str], kinds: Sequence[int], lang: str | None = None) -> list[tuple[str, Role]]:
    """Return the words that say who the person is, each with how it is read.

    Titles before the name keep a role of their own; what follows a relation word is another person's name and is cut,
    what follows "resident of" too. A name that consists of such words only keeps them all: "Ma Ma" is somebody's name.
    One that says that no name is known is nobody's.

    Args:
        words: the normalised words of a name.
        kinds: of each word, from `Grammar.kind`, GLUED added where it holds.
        lang: BCP 47, if known: "Ko" is a title in Burmese only.
    """
    grammar = Grammar.load()
    units = list(_units(words, kinds, grammar))
    if all(kind & Kind.PLACEHOLDER for _, kind in units):
        return []
    units = [unit for unit in units if not unit[1] & (Kind.ALIAS | Kind.PLACEHOLDER)] or units
    units = [unit for unit in units if not unit[1] & Kind.DECEASED] or units
    units = _before_relation(units)
    titles = 0
    while titles < min(2, len(units) - 1) and _is_title(units[titles], units[titles + 1], lang, grammar):
        titles += 1
    named = units[titles:]
    closing = named[-1][0].split() if len(named) > 1 and named[-1][1] & Kind.CLOSING else []
    named = named[:-1] if closing else named
    settled = [(word, Role.TITLE) for unit, _ in units[:titles] for word in unit.split()]
    last = len(named) - 1
    for position, (unit, kind) in enumerate(named):
        for word in unit.split():
            settled.append((word, _role(word, kind, position, last, named, bool(titles))))
    return settled + [(word, Role.TITLE) for word in closing]


def _units(words: Sequence[str], kinds: Sequence[int], grammar: Grammar) -> Iterator[tuple[str, int]]:
    """Yield words and phrases of the tables ("son of") with their kinds."""
    position = 0
    while position < len(words):
        taken = 1
        for phrase in grammar.phrases.get(words[position], ()):
            if tuple(words[position : position + len(phrase)]) == phrase:
                taken = len(phrase)
                break
        if taken > 1:
            form = " ".join(words[position : position + taken])
            yield form, grammar.kind(form)
        else:
            yield words[position], kinds[position]
        position += taken


def _before_relation(units: list[tuple[str, int]]) -> list[tuple[str, int]]:
    """Return the units before a relation word between two names; a leading one is passed over when enough follows."""
    for position, (_, kind) in enumerate(units[:-1]):
        if kind & Kind.ENDS and position > 0:
            return units[:position]
    return units[1:] if len(units) > 2 and units[0][1] & Kind.ENDS else units


def _is_title(unit: tuple[str, int], following: tuple[str, int], lang: str | None, grammar: Grammar) -> bool:
    """Return whether a unit is a title before what follows: "Maung Maung" is a name, "Maung Win" has a title."""
    if not unit[1] & Kind.TITLE or unit[0] == following[0]:
        return False
    languages = grammar.languages.get(unit[0], frozenset())
    return lang is None or lang in languages or "en" in languages


def _role(word: str, kind: int, position: int, last: int, named: Sequence[tuple[str, int]], titled: bool) -> Role:
    """Return how a word that is no free title is read where it stands."""
    if len(word) == 1 and word.isascii():
        return Role.INITIAL
    if kind & Kind.INITIAL and last > 0:
        beside = (position > 0 and named[position - 1][1] & Kind.INITIAL) or (
            position < last and named[position + 1][1] & Kind.INITIAL
        )
        # Many letters spelled out are words as well; in the midst of a name they are that.
        if position in (0, last) or beside:
            return Role.INITIAL
    return Role.GLUED if kind & Kind.GLUED and position == 0 and not titled else Role.NAME


def syllables_of(words: Sequence[str]) -> list[list[str]]:
    """Return the Latin parts of each word when it is read as a name: of a Burmese word one for each syllable.

    A capital is a letter spelled out: এবিএম is A, B, M.
    """
    grammar = Grammar.load()
    latin = [grammar.expansions.get(word, "") for word in words]
    unknown = [position for position, roman in enumerate(latin) if not roman]
    for position, roman in zip(unknown, romanize_words([words[p] for p in unknown]), strict=True):
        # A name that the tables hold is one word, how many syllables it may have: မိုဟာမက် Mohammed.
        roman = roman.replace(" ", "") if words[position] in grammar.whole else roman
        # What is another spelling of a word in Latin letters (Nurul, of Nur) is that in every script.
        latin[position] = grammar.expansions.get(roman, roman) if len(roman) >= _AS_WRITTEN else roman
    return [
        [letter.upper() for letter in letters]
        if not word.isascii() and (letters := _letters_of(word, grammar))
        else roman.split()
        for word, roman in zip(words, latin, strict=True)
    ]


def sounds_of(syllables: Sequence[str]) -> list[tuple[str, float]]:
    """Return (the form that is compared, how much of a full word's information it carries) of each Latin part."""
    grammar = Grammar.load()
    canonical, weights = grammar.canonical, grammar.weights
    found = []
    for roman, plain in zip(syllables, fold_many([roman.lower() for roman in syllables]), strict=True):
        if roman.isupper():
            found.append((plain, INITIAL_WEIGHT))
            continue
        folded = canonical.get(equivalence_key(roman, plain), plain)
        # The weak elements are listed as they sound, not as their equivalents do: Miah is weak though Myat is not.
        found.append((folded, weights.get(plain, weights.get(folded, 1.0))))
    return found


def read_words(words: Sequence[str]) -> list[tuple[NameToken, ...]]:
    """Return the tokens of each word when it is read as a name."""
    parts = syllables_of(words)
    distinct = sorted({roman for each in parts for roman in each})
    sounds = dict(zip(distinct, sounds_of(distinct), strict=True))
    return [
        tuple(NameToken(word, roman.lower(), *sounds[roman], initial=roman.isupper()) for roman in each)
        for word, each in zip(words, parts, strict=True)
    ]


def letter_of(word: str) -> str:
    """Return the letter that a word stands for where it is an initial."""
    return Grammar.load().initials.get(word, word[:1])


def in_role(word: str, tokens: tuple[NameToken, ...], role: Role) -> tuple[NameToken, ...]:
    """Return a word's tokens as it is read where it stands; `tokens` are those of `read_words`."""
    if role is Role.INITIAL:
        letter = letter_of(word)
        return (NameToken(word, letter, fold(letter), INITIAL_WEIGHT, initial=True),)
    if role is Role.TITLE:
        return tuple(replace(token, title=True) for token in tokens)
    if role is Role.GLUED:
        return (replace(tokens[0], title=True), *tokens[1:])
    return tokens


def kind_of(word: str, syllables: Sequence[str]) -> int:
    """Return what a word may be, told from the tables and from its syllables."""
    grammar = Grammar.load()
    kind = grammar.kind(word)
    titles = grammar.glued.get(syllables[0], ()) if len(syllables) > 1 and syllables[1] != syllables[0] else ()
    if titles and any(begins_with(word, title) for title in titles):
        kind |= Kind.GLUED
    return kind


def carried_weights(weights: Sequence[float], initials: Sequence[bool]) -> list[float]:
    """Return the weights of a name's tokens: where only common elements are left (Nur Islam), they are the name."""
    strongest = max(weights, default=1.0)
    if strongest >= FULL_WEIGHT or all(initials):
        return list(weights)
    return [min(weight / strongest, 1.0) for weight in weights]


@lru_cache(maxsize=65536)
def parse_with_titles(text: str, lang: str | None = None) -> tuple[NameToken, ...]:
    """Return the words of a name that say who the person is, and the titles before them (`title` is set)."""
    words = words_of(text)
    tokens = dict(zip(words, read_words(words), strict=True))
    settled = settle(words, [kind_of(word, [token.roman for token in tokens[word]]) for word in words], lang)
    found = [token for word, role in settled for token in in_role(word, tokens[word], role)]
    named = [token for token in found if not token.title]
    weights = iter(carried_weights([token.weight for token in named], [token.initial for token in named]))
    return tuple(token if token.title else replace(token, weight=next(weights)) for token in found)


def parse_name(text: str, lang: str | None = None) -> tuple[NameToken, ...]:
    """Return the words of a name that are compared, titles left out."""
    return tuple(token for token in parse_with_titles(text, lang) if not token.title)
