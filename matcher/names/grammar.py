"""Which words of a name are the name, and how much does each say?

Titles (Shri, Daw) and relation words (s/o, পিতা) are not names. Common elements (Begum, Kumar, Md) are, but say little.
Surnames such as Chatterjee and Chattopadhyay are one name that no rule of sound connects. All of this stands in tables
under `data/reference/names`, which a person who knows the language can correct.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from functools import lru_cache

from matcher.names.phonetics import fold
from matcher.names.romanize import romanize
from matcher.names.script import MAX_NAME_CHARS, normalise
from matcher.reference import alternatives, read_table

INITIAL_WEIGHT = 0.3
_FULL = 0.6
_SHORT = 5
# "s/o", "D / O": what follows is a relative's name.
_RELATION_SIGN = re.compile(r"\b[sdwc]\s*[/\\]\s*o\b\.?", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class NameToken:
    """One word of a name.

    Attributes:
        text: as it stands in the normalised original.
        roman: in lower-case Latin letters.
        folded: phonetic form that is compared.
        weight: how much of a full word's information it carries, in (0, 1].
        initial: whether it is a single letter standing for a word.
    """

    text: str
    roman: str
    folded: str
    weight: float
    initial: bool = False


@dataclass(frozen=True, slots=True)
class Grammar:
    """The tables of titles, relations, weak elements, initials and equivalents, keyed for look-up."""

    titles: frozenset[str]
    closings: frozenset[str]
    deceased: frozenset[str]
    relations: frozenset[str]
    weights: dict[str, float]
    expansions: dict[str, str]
    initials: dict[str, str]
    canonical: dict[str, str]

    @classmethod
    @lru_cache(maxsize=1)
    def load(cls) -> Grammar:
        """Return the shipped tables."""
        kinds: dict[str, set[str]] = {"honorific": set(), "particle": set(), "late": set(), "relation": set()}
        for row in read_table("names/titles.tsv"):
            words = normalise(row["form"]).split()
            if len(words) == 1:
                kinds[row["kind"]].add(words[0])
        weights: dict[str, float] = {}
        expansions: dict[str, str] = {}
        for row in read_table("names/weak_tokens.tsv"):
            weight = float(row["weight"])
            expands = alternatives(row["expands"])
            for form in (*alternatives(row["latin"]), *alternatives(row["native"])):
                for word in normalise(form).split():
                    if expands:
                        expansions[word] = romanize(expands[0])
                    key = fold(romanize(expands[0] if expands else word).replace(" ", ""))
                    weights[key] = min(weight, weights.get(key, 1.0))
        initials = {}
        for row in read_table("names/initials.tsv"):
            for form in alternatives(row["native"]):
                initials[normalise(form)] = row["letter"].lower()[:1]
        return cls(
            frozenset(kinds["honorific"]),
            frozenset(kinds["particle"]),
            frozenset(kinds["late"]),
            frozenset(kinds["relation"]),
            weights,
            expansions,
            initials,
            _equivalents(),
        )


def _equivalents() -> dict[str, str]:
    """Return folded variant -> folded canonical form, for variants that folding does not already join."""
    canonical: dict[str, str] = {}
    for row in read_table("names/equivalents.tsv"):
        target = fold(romanize(row["canonical"]).replace(" ", ""))
        for form in (*alternatives(row["variants"]), *alternatives(row["native"])):
            source = _equivalence_key(romanize(form).replace(" ", ""))
            if source and source not in (target, "=" + target) and source not in canonical:
                canonical[source] = target
    # A target may itself be a variant of an earlier row; follow one step so that all meet.
    return {source: canonical.get(target, target) for source, target in canonical.items()}


def _equivalence_key(roman: str) -> str:
    """Return under which key a word's equivalent is looked up.

    Long words are found by sound. Short ones only as they are written: by sound, half of the Burmese syllables would
    be equivalents of each other (ဇော်, ကျော်).
    """
    folded = fold(roman)
    return folded if len(folded) >= _SHORT else "=" + roman


@lru_cache(maxsize=262144)
def parse_name(text: str, lang: str | None = None) -> tuple[NameToken, ...]:
    """Return the words of a name that say who the person is.

    Titles before and particles after the name are left out; what follows a relation word is another person's name and
    is cut. A name that consists of such words only keeps them all: "Ma Ma" is somebody's name.
    """
    grammar = Grammar.load()
    head = normalise(_RELATION_SIGN.split(text[: 2 * MAX_NAME_CHARS], maxsplit=1)[0]) or normalise(text)
    words = [word for word in head.split() if word not in grammar.deceased] or head.split()
    named = _without_titles(_before_relation(words, grammar), grammar)
    tokens = [token for word in named for token in _tokens(word, lang, grammar)]
    # Where nothing but common elements is left (Nur Islam), they are the name.
    strongest = max((token.weight for token in tokens), default=1.0)
    if strongest < _FULL and not all(token.initial for token in tokens):
        tokens = [replace(token, weight=min(token.weight / strongest, 1.0)) for token in tokens]
    return tuple(tokens)


def _before_relation(words: list[str], grammar: Grammar) -> list[str]:
    """Return the words before the first relation word; a leading one is passed over when enough follows."""
    for position, word in enumerate(words):
        if word in grammar.relations and position > 0:
            return words[:position]
    return words[1:] if len(words) > 2 and words[0] in grammar.relations else words


def _without_titles(words: list[str], grammar: Grammar) -> list[str]:
    """Return the words without up to two leading titles (Late Shri) and one closing particle (-ji)."""
    for _ in range(2):
        # "Maung Maung" is a name; "Maung Win" has a title.
        if len(words) > 1 and words[0] in grammar.titles and words[1] != words[0]:
            words = words[1:]
    return words[:-1] if len(words) > 1 and words[-1] in grammar.closings else words


def _tokens(word: str, lang: str | None, grammar: Grammar) -> list[NameToken]:
    """Return one word's tokens (a Burmese word has one for each syllable)."""
    letter = grammar.initials.get(word) or (word if len(word) == 1 and word.isascii() else None)
    if letter:
        return [NameToken(word, letter, fold(letter), INITIAL_WEIGHT, initial=True)]
    roman = grammar.expansions.get(word) or romanize(word, lang)
    tokens = []
    for part in roman.split():
        plain = fold(part)
        folded = grammar.canonical.get(_equivalence_key(part), plain)
        # The weak elements are listed as they sound, not as their equivalents do: Miah is weak though Myat is not.
        weight = grammar.weights.get(plain, grammar.weights.get(folded, 1.0))
        tokens.append(NameToken(word, part, folded, weight))
    return tokens
