"""What may somebody of this region and community be called? Listed names, and a tail of names built as they are built.

The tables `given_*.tsv` and `surnames_*.tsv` list the common names. Beyond them lies a long tail that no list holds:
Debjani and Subhashis, Umme Kulsum, Indra Bahadur, Khin Mar Cho, Ibadarishisha. It is made here the way people make it:
`patterns.tsv` says which parts of `elements.tsv` a community joins, and each part is drawn by its own weight, so that
the tail thins out as the head does, by something like Zipf's law. Shares of head and tail are judgement, chosen so that
the fifty commonest given names of a region are borne by about a fifth of its people.
"""

from __future__ import annotations

import random
import unicodedata
from bisect import bisect
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache

from matcher.reference import alternatives, read_table

GIVEN, SURNAME = "given", "surname"
_HEAD = {GIVEN: 0.45, SURNAME: 0.82}
"""Part of the people who bear a listed name, where names are built at all; surnames are fewer than given names."""
_HEAD_OF_EACH = 0.03
"""A small people's list of eight given names is no census: each listed name stands for at most so much."""
_VOWELS = "aeiou"
_ASSAMESE = str.maketrans({"র": "ৰ"})
_JOINERS = "+ ~"


@dataclass(frozen=True, slots=True)
class Entry:
    """A name, or a part of one.

    Attributes:
        native: as the region writes it; equal to `latin` where it writes Latin letters.
        latin, variants: the usual romanisation and others.
        nicknames: pet forms in native letters.
        sex: "F" or "M" for a name that goes by sex, else "U".
    """

    native: str
    latin: str
    variants: tuple[str, ...] = ()
    nicknames: tuple[str, ...] = ()
    sex: str = "U"

    def first_words(self, count: int) -> Entry:
        """Return the name cut to its first words; native letters stay whole where they are written without spaces."""
        latin, native = self.latin.split(), self.native.split()
        return Entry(
            " ".join(native[:count]) if len(native) == len(latin) else self.native,
            " ".join(latin[:count]),
            tuple(" ".join(variant.split()[:count]) for variant in self.variants),
            sex=self.sex,
        )


@dataclass(slots=True)
class Choice:
    """Entries drawn by weight."""

    entries: list[Entry] = field(default_factory=list)
    cumulative: list[float] = field(default_factory=list)

    def add(self, entry: Entry, weight: float) -> None:
        """Add an entry.

        Args:
            weight: > 0, relative to the others.
        """
        self.entries.append(entry)
        self.cumulative.append((self.cumulative[-1] if self.cumulative else 0.0) + weight)

    def draw(self, rng: random.Random) -> Entry:
        """Return one entry, in time of the logarithm of how many there are."""
        # `random.choices` does the same and is three times slower, which a million people would feel.
        at = bisect(self.cumulative, rng.random() * self.cumulative[-1], 0, len(self.entries) - 1)
        return self.entries[at]


@dataclass(frozen=True, slots=True)
class Pattern:
    """How a name is put together: the classes of its parts, and what stands between them."""

    joiners: str
    parts: tuple[Choice, ...]
    sex: str

    def draw(self, rng: random.Random) -> Entry:
        """Return one name."""
        made = self.parts[0].draw(rng)
        for joiner, part in zip(self.joiners, self.parts[1:], strict=True):
            other = part.draw(rng)
            if joiner != " " or other.latin != made.latin:  # nobody is called Nahar Nahar
                made = joined(made, joiner, other)
        return made if made.sex == self.sex else Entry(made.native, made.latin, made.variants, (), self.sex)


@dataclass(slots=True)
class NameChoice:
    """All names of one kind that somebody of a community and sex may have.

    Attributes:
        listed: from the tables; never empty.
        built: patterns with the cumulative shares; empty where only listed names are known.
        head: share of the listed.
    """

    listed: Choice
    built: list[Pattern] = field(default_factory=list)
    cumulative: list[float] = field(default_factory=list)
    head: float = 1.0

    def draw(self, rng: random.Random) -> Entry:
        """Return one name."""
        if not self.built or rng.random() < self.head:
            return self.listed.draw(rng)
        at = bisect(self.cumulative, rng.random() * self.cumulative[-1], 0, len(self.built) - 1)
        return self.built[at].draw(rng)


def joined(left: Entry, joiner: str, right: Entry) -> Entry:
    """Return the name made of two parts, with the other ways to spell it.

    Args:
        joiner: "+" one word, " " two words, "~" one word in native letters and two in Latin (Burmese).
    """
    between = "" if joiner == "+" else " "
    # Subha and endu are Subhendu: where a vowel sign, or a Latin vowel, meets another vowel, the first goes.
    meets = joiner == "+" and (_is_sign(right.native[0]) or right.native[0] in _VOWELS)
    latin = _latin(left.latin, between, right.latin, meets)
    if left.native == left.latin and right.native == right.latin:
        native = latin
    else:
        native = _native(left.native, joiner, right.native)
    variants = [_latin(variant, between, right.latin, meets) for variant in left.variants[:2]]
    variants += [_latin(left.latin, between, variant, meets) for variant in right.variants[:2]]
    if joiner == "~":
        variants.append(left.latin + right.latin.lower())
    elif joiner == "+" and len(right.latin) > 3 and " " not in latin:
        # Debjani or Deb Jani: clerks part the halves of a name that is one word at home.
        variants.append(f"{left.latin} {right.latin.capitalize()}")
    return Entry(native, latin, tuple(variants))


def _latin(left: str, between: str, right: str, meets: bool) -> str:
    if meets and left[-1] in _VOWELS and right[0] in _VOWELS:
        left = left[:-1]
    return left + between + right


def _native(left: str, joiner: str, right: str) -> str:
    if joiner == " ":
        return f"{left} {right}"
    if joiner == "+" and _is_sign(right[0]) and _is_sign(left[-1]):
        left = left[:-1]  # a consonant carries one vowel sign
    return left + right


@lru_cache(maxsize=1024)
def _is_sign(char: str) -> bool:
    return unicodedata.category(char) in ("Mn", "Mc")


@dataclass(slots=True)
class Names:
    """The names of one region.

    Attributes:
        given, surnames: by (community, sex).
        nicknames: household names by sex.
        communities: weights by name of the community; only those with names for both sexes.
    """

    given: dict[tuple[str, str], NameChoice]
    surnames: dict[tuple[str, str], NameChoice]
    nicknames: dict[str, Choice]
    communities: Choice

    @classmethod
    def of(cls, code: str) -> Names:
        """Return the names of a region, from its tables.

        Args:
            code: of `data.regions.REGIONS`.
        """
        given, surnames = _listed(f"people/given_{code}.tsv"), _listed(f"people/surnames_{code}.tsv")
        totals: dict[str, float] = {}
        for row in read_table(f"people/given_{code}.tsv"):
            totals[row["community"]] = totals.get(row["community"], 0.0) + float(row["weight"])
        communities = Choice()
        for community, total in totals.items():
            if (community, "F") in given and (community, "M") in given:
                # The lists of small peoples are shorter than the peoples are small.
                communities.add(Entry(community, community), total**0.7)
        nicknames: dict[str, Choice] = {}
        for row in read_table(f"people/nicknames_{code}.tsv"):
            for sex in _sexes(row["sex"]):
                entry = Entry(row["native"], row["latin"], alternatives(row["variants"]))
                nicknames.setdefault(sex, Choice()).add(entry, float(row["weight"]))
        for kind, listed in ((GIVEN, given), (SURNAME, surnames)):
            _build(code, kind, listed)
        return cls(given, surnames, nicknames, communities)


def _sexes(sex: str) -> str:
    return "FM" if sex == "U" else sex


def _listed(path: str) -> dict[tuple[str, str], NameChoice]:
    found: dict[tuple[str, str], NameChoice] = {}
    for row in read_table(path):
        pet = alternatives(row.get("nicknames", ""))
        entry = Entry(row["native"], row["latin"], alternatives(row["variants"]), pet, row["sex"])
        for sex in _sexes(row["sex"]):
            found.setdefault((row["community"], sex), NameChoice(Choice())).listed.add(entry, float(row["weight"]))
    return found


def _build(code: str, kind: str, listed: dict[tuple[str, str], NameChoice]) -> None:
    """Give every community that has listed names of a kind the patterns of its region."""
    for region, row in _patterns():
        if region != code or row["kind"] != kind:
            continue
        classes, joiners = _parsed(row["parts"])
        parts = tuple(_elements(code == "IN-AS")[name] for name in classes)
        for community in alternatives(row["community"]):
            for sex in _sexes(row["sex"]):
                names = listed.get((community, sex))
                if names is None:
                    continue
                names.built.append(Pattern(joiners, parts, row["sex"]))
                names.cumulative.append((names.cumulative[-1] if names.cumulative else 0.0) + float(row["share"]))
                each = _HEAD_OF_EACH * len(names.listed.entries) if kind == GIVEN else 1.0
                names.head = min(_HEAD[kind], each)


def _patterns() -> Iterator[tuple[str, dict[str, str]]]:
    for row in read_table("people/patterns.tsv"):
        for region in alternatives(row["region"]):
            yield region, row


def _parsed(parts: str) -> tuple[list[str], str]:
    """Return the classes and the joiners between them: "a+b c" -> (["a", "b", "c"], "+ ")."""
    classes, joiners = [""], ""
    for char in parts:
        if char in _JOINERS:
            joiners += char
            classes.append("")
        else:
            classes[-1] += char
    return classes, joiners


@lru_cache(maxsize=2)
def _elements(assamese: bool) -> dict[str, Choice]:
    """Return the parts of names by class; Assamese has its own letter for r, and shares the rest with Bengali."""
    found: dict[str, Choice] = {}
    for row in read_table("people/elements.tsv"):
        native = row["latin"] if row["native"] == "-" else row["native"]
        entry = Entry(native.translate(_ASSAMESE) if assamese else native, row["latin"], alternatives(row["variants"]))
        found.setdefault(row["class"], Choice()).add(entry, float(row["weight"]))
    return found
