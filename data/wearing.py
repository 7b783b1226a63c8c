"""What does she wear and carry, what marks has she, what is her people called? In the words of one clerk or another."""

from __future__ import annotations

import random
from dataclasses import dataclass
from functools import lru_cache

from data.names import Choice, Entry
from matcher.reference import alternatives, read_table

_SCRIPTS = ("Latn", "Deva", "Beng", "Mymr")
_USUAL_WORD = 0.65
"""How often a clerk takes the usual word for a thing instead of another."""

Words = dict[str, tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class Thing:
    """A garment in its colour, or something carried (without a colour).

    Attributes:
        name: the usual English word, which stands for the thing.
        colour: the same of its colour, "" for none.
    """

    name: str
    colour: str = ""

    def written(self, script: str, rng: random.Random) -> str:
        """Return it in the words of a clerk.

        Args:
            script: "Latn", "Deva", "Beng" or "Mymr".
        """
        words = _things()
        thing = _word(words["garment" if self.colour else "belonging"][self.name][script], rng)
        if not self.colour:
            return thing
        colour = _word(words["colour"][self.colour][script], rng)
        return f"{thing} {colour}" if script == "Mymr" else f"{colour} {thing}"


def clothes(sex: str, age: float, rng: random.Random) -> tuple[Thing, ...]:
    """Return what somebody wears: one garment, often two.

    Args:
        sex: "F" or "M".
        age: years; younger than three dress as those of three.
    """
    worn: dict[str, Thing] = {}
    for _ in range(1 + (rng.random() < 0.45)):
        garment = _choice("garment", sex, max(int(age), 3)).draw(rng).latin
        worn[garment] = Thing(garment, _choice("colour", "U", 0).draw(rng).latin)
    return tuple(worn.values())


def belongings(sex: str, age: float, rng: random.Random) -> tuple[Thing, ...]:
    """Return what somebody carries, one or two things; arguments as of `clothes`."""
    found = {_choice("belonging", sex, max(int(age), 3)).draw(rng).latin for _ in range(1 + (rng.random() < 0.3))}
    return tuple(Thing(name) for name in sorted(found))


def marks() -> tuple[str, ...]:
    """Return the marks that somebody may have, in English."""
    return tuple(_marks())


def mark_words(mark: str, script: str, in_part: bool = False) -> str:
    """Return a mark in a clerk's words.

    Args:
        mark: one of `marks()`.
        in_part: without its side or place, as who saw it once puts it.
    """
    return _marks()[mark][("part_" if in_part else "") + script]


def community_words(community: str, script: str, rng: random.Random, mistaken: bool = False) -> str:
    """Return what a clerk calls a community.

    Args:
        community: as in the tables of names.
        mistaken: take a smaller people for the larger one that it is taken for far away.
    """
    known = _communities()
    if mistaken and known[community][1]:
        community = known[community][1]
    return _word(known[community][0][script], rng)


def _word(words: tuple[str, ...], rng: random.Random) -> str:
    return words[0] if len(words) == 1 or rng.random() < _USUAL_WORD else rng.choice(words[1:])


@lru_cache(maxsize=1)
def _things() -> dict[str, dict[str, Words]]:
    found: dict[str, dict[str, Words]] = {}
    for row in read_table("people/wearing.tsv"):
        words = {script: alternatives(row[script]) for script in _SCRIPTS}
        found.setdefault(row["kind"], {})[words["Latn"][0]] = words
    return found


@lru_cache(maxsize=256)
def _choice(kind: str, sex: str, age: int) -> Choice:
    """Return what somebody of that sex and age may have of a kind."""
    choice = Choice()
    for row in read_table("people/wearing.tsv"):
        if row["kind"] == kind and row["sex"] in ("U", sex) and int(row["from_age"]) <= age:
            name = alternatives(row["Latn"])[0]
            choice.add(Entry(name, name), float(row["weight"]))
    return choice


@lru_cache(maxsize=1)
def _marks() -> dict[str, dict[str, str]]:
    return {row["Latn"]: row for row in read_table("people/marks.tsv")}


@lru_cache(maxsize=1)
def _communities() -> dict[str, tuple[Words, str]]:
    return {
        row["community"]: ({script: alternatives(row[script]) for script in _SCRIPTS}, row["mistaken"])
        for row in read_table("people/communities.tsv")
    }
