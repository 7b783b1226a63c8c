"""What do the tables of names say? Titles, relation words, weak elements, initials and equivalents, keyed for look-up.

They stand in `data/reference/names`, where a person who knows the language can correct them; `grammar` applies them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from matcher.kept import kept
from matcher.names.burmese_spellings import burmese_spellings
from matcher.names.phonetics import fold, fold_many
from matcher.names.romanize import romanize, romanize_words
from matcher.names.script import main_script, normalise
from matcher.names.words import normalised_words
from matcher.reference import alternatives, read_table

_SHORT = 5
_GLUED_LETTERS = 3  # two would make initials of many a short name
_PATRONYMIC = 0.1


class Kind:
    """What else than a name a word may be, by the tables; flags, as plain integers because they are asked so often."""

    NONE: Final = 0
    TITLE: Final = 1
    CLOSING: Final = 2
    DECEASED: Final = 4
    ENDS: Final = 8  # what follows is a relative's name or a place
    ALIAS: Final = 16
    PLACEHOLDER: Final = 32
    INITIAL: Final = 64  # a letter spelled out: এম for M
    GLUED: Final = 128  # a Burmese word whose first syllable is a title


@dataclass(frozen=True, slots=True)
class Grammar:
    """The tables of titles, relations, weak elements, initials and equivalents, keyed for look-up.

    Attributes:
        kinds: word or phrase (its words joined by a space) -> what it may be.
        languages: title -> the languages in which it is one.
        phrases: first word -> the phrases that begin with it, longest first.
        glued: Latin syllable -> the titles before a Burmese name that are read so.
        whole: words of Burmese letters that are one word, of several syllables.
        weights: folded form -> weight of a common element.
        expansions: abbreviation -> Latin full form.
        initials: letter spelled out -> letter.
        canonical: equivalence key -> folded canonical form.
        abbreviations: matches Md in MdRahim.
        nobody: signs that stand for no name, as typed (n/a); without their strokes they would be initials.
        letters: matches a spelled-out letter of a word, the longest: এবিএম is A. B. M.
        spelled_out: matches a word that consists of such letters.
    """

    kinds: dict[str, int]
    languages: dict[str, frozenset[str]]
    phrases: dict[str, tuple[tuple[str, ...], ...]]
    glued: dict[str, tuple[str, ...]]
    whole: frozenset[str]
    weights: dict[str, float]
    expansions: dict[str, str]
    initials: dict[str, str]
    canonical: dict[str, str]
    abbreviations: re.Pattern[str]
    nobody: frozenset[str]
    letters: re.Pattern[str]
    spelled_out: re.Pattern[str]

    @classmethod
    @lru_cache(maxsize=1)
    @kept
    def load(cls) -> Grammar:
        """Return the shipped tables."""
        kinds: dict[str, int] = {}
        languages: dict[str, frozenset[str]] = {}
        phrases: dict[str, set[tuple[str, ...]]] = {}
        glued: dict[str, tuple[str, ...]] = {}
        nobody: set[str] = set()
        patronymics: set[str] = set()
        for row in read_table("names/titles.tsv"):
            words = tuple(normalise(row["form"]).split())
            kind = _kind(row["kind"], row["meaning"])
            lone = all(len(word) == 1 and word.isascii() for word in words)
            if lone and kind & Kind.PLACEHOLDER:
                nobody.add(row["form"].casefold())
            if row["meaning"].startswith("patronymic:"):
                # Ibn and bint are part of a man's and a woman's own full name.
                patronymics.add(words[0])
                continue
            if not words or not kind or (lone and not kind & Kind.TITLE):
                continue  # what is left of "w/o" or "N.K." without its signs are initials
            form = " ".join(words)
            kinds[form] = kinds.get(form, Kind.NONE) | kind
            if kind & Kind.TITLE:
                languages[form] = languages.get(form, frozenset()) | frozenset(row["lang"].split("|"))
                if main_script(form) == "Mymr" and " " not in romanize(form):
                    glued[romanize(form)] = (*glued.get(romanize(form), ()), form)
            if len(words) > 1:
                phrases.setdefault(words[0], set()).add(words)
        weights, expansions = _weak_elements()
        weights |= {fold(romanize(word)): _PATRONYMIC for word in patronymics}
        initials = {
            normalise(form): row["letter"].lower()[:1]
            for row in read_table("names/initials.tsv")
            for form in alternatives(row["native"])
        }
        for form, kind in kinds.items():
            # Babu is "father" before a father's name, but far more often a title or a name.
            if kind & Kind.ENDS and (kind & (Kind.TITLE | Kind.CLOSING) or fold(romanize(form)) in weights):
                kinds[form] = kind & ~Kind.ENDS
        for form in initials:
            kinds[form] = (kinds.get(form, Kind.NONE) | Kind.INITIAL) & ~Kind.ENDS
        short = sorted({word.capitalize() for word in (*expansions, *languages) if word.isascii() and len(word) < 7})
        return cls(
            kinds,
            languages,
            {first: tuple(sorted(found, key=len, reverse=True)) for first, found in phrases.items()},
            glued,
            _whole_words(),
            weights,
            expansions,
            initials,
            _equivalents(),
            re.compile(rf"\b({'|'.join(map(re.escape, short))})(?=[A-Z][a-z])"),
            frozenset(nobody),
            re.compile(letters := _spelled_letters(initials)),
            # The longest form is taken at each place and never given up.
            re.compile(f"(?>{letters}){{{_GLUED_LETTERS},}}+"),
        )

    def kind(self, word: str) -> int:
        """Return what a word may be besides a name; GLUED is told from its syllables, which are not known here."""
        return self.kinds.get(word, Kind.NONE)


def _spelled_letters(initials: dict[str, str]) -> str:
    """Return the pattern of one spelled-out letter, the longest first."""
    forms = sorted((form for form in initials if " " not in form), key=len, reverse=True)
    return "|".join(map(re.escape, forms))


def _kind(kind: str, meaning: str) -> int:
    """Return the kind of a row of the table of titles."""
    if kind == "honorific":
        before, after = "before" in meaning or "first place" in meaning, "after the name" in meaning
        return (Kind.TITLE if before or not after else Kind.NONE) | (Kind.CLOSING if after else Kind.NONE)
    if kind == "late":
        return Kind.DECEASED
    if kind == "relation":
        return Kind.ENDS
    role = meaning.partition(":")[0]
    return {"alias": Kind.ALIAS, "residence": Kind.ENDS, "placeholder": Kind.PLACEHOLDER}.get(role, Kind.CLOSING)


def _sounds(texts: Iterable[str]) -> dict[str, str]:
    """Return each text in Latin letters without spaces; all at once, for thousands are read at every start."""
    known = tuple(dict.fromkeys(texts))
    words, counts = normalised_words(known)
    distinct = list(dict.fromkeys(words))
    latin = dict(zip(distinct, romanize_words(distinct), strict=True))
    rest = iter(words)
    return {
        text: "".join(latin[next(rest)] for _ in range(count)).replace(" ", "")
        for text, count in zip(known, counts.tolist(), strict=True)
    }


def _weak_elements() -> tuple[dict[str, float], dict[str, str]]:
    """Return (folded form -> weight, abbreviation -> Latin full form)."""
    expansions: dict[str, str] = {}
    weight_of: list[tuple[str, float]] = []
    for row in read_table("names/weak_tokens.tsv"):
        expands = alternatives(row["expands"])
        for form in (*alternatives(row["latin"]), *alternatives(row["native"])):
            words = normalise(form).split()
            for word in words:
                if expands and len(words) == 1:  # of "dev barma" neither word alone is debbarma
                    expansions[word] = romanize(expands[0])
                weight_of.append((expands[0] if expands else word, float(row["weight"])))
    sounds = _sounds(word for word, _ in weight_of)
    weights: dict[str, float] = {}
    for (_, weight), key in zip(weight_of, fold_many([sounds[word] for word, _ in weight_of]), strict=True):
        weights[key] = min(weight, weights.get(key, 1.0))
    return weights, expansions


def _whole_words() -> frozenset[str]:
    """Return the words of Burmese letters in the tables of elements and equivalents that other scripts have, too."""
    tables = (read_table(f"names/{name}.tsv") for name in ("weak_tokens", "equivalents"))
    found: set[str] = set()
    for forms in (alternatives(row["native"]) for table in tables for row in table):
        burmese = {normalise(form) for form in forms if main_script(form) == "Mymr"}
        if len(burmese) < len(forms):
            found |= burmese
    return frozenset(found)


def _equivalents() -> dict[str, str]:
    """Return folded variant -> folded canonical form, for variants that folding does not already join."""
    rows = [
        (row["canonical"], (*alternatives(row["variants"]), *alternatives(row["native"])))
        for row in read_table("names/equivalents.tsv")
    ]
    sounds = _sounds(text for target, forms in rows for text in (target, *forms))
    folded = dict(zip(sounds, fold_many(list(sounds.values())), strict=True))
    canonical: dict[str, str] = {}
    for name, forms in rows:
        target = folded[name]
        for form in forms:
            source = equivalence_key(sounds[form], folded[form])
            if source and source not in (target, "=" + target) and source not in canonical:
                canonical[source] = target
    syllables = list(burmese_spellings())
    for (written, _), target in zip(syllables, fold_many([usual for _, usual in syllables]), strict=True):
        canonical.setdefault(f"={written}", target)
    # A target may itself be a variant of an earlier row; follow one step so that all meet.
    return {source: canonical.get(target, target) for source, target in canonical.items()}


def equivalence_key(roman: str, folded: str) -> str:
    """Return under which key a word's equivalent is looked up.

    Long words are found by sound. Short ones only as they are written: by sound, half of the Burmese syllables would
    be equivalents of each other (ဇော်, ကျော်).
    """
    return folded if len(folded) >= _SHORT else "=" + roman
