"""Which words of a reference table does a description hold? Free text in the languages of the region, as codes.

A description (a mark, clothes, things carried) is cut where another thing begins, and each part is read word by word:
the longest phrase of the table first, then single words, in any script. Latin words are met by their sound, so that one
entry stands for its many spellings; words of a native script as they are written, without the ending that a language
glues to them. Burmese writes no spaces: its table words are found inside the run of letters.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from matcher.errors import ModelCorrupt
from matcher.names.phonetics import fold
from matcher.names.romanize import romanize
from matcher.names.script import normalise
from matcher.reference import alternatives, read_table

FOLDER = "descriptions"
COMMON = f"{FOLDER}/common.tsv"
AND, NO, FILLER, ENDING = "and", "no", "filler", "ending"
MAX_CHARS = 400
"""A description is read so far: cost must not grow with hostile input."""

# A full stop ends a part only after a word of some length: "lt." and "N.A." are no sentences.
_PARTS = re.compile(r"[,;:|+()\[\]\n\r•।॥၊။،؛]|(?<=\S\S\S)\.(?=\s|$)")
# What clerks, keyboards and dialects never agree on. Letters: the Assamese and Bengali r, Arabic and Urdu forms of one.
_LETTERS = str.maketrans("ৰيىكهھ", "রییکہہ")
# Signs: nasal dots, nukta, short and long i and u; but of a short word every sign counts (বাঁ is left, বা is or).
_SIGNS = str.maketrans("ँीूীূ", "ंिुিু", "़ঁ়")
_SHORT = 3
_BURMESE = re.compile("[\u1000-\u109f\uaa60-\uaa7f]")
# Here a Burmese syllable goes on: a vowel, tone or medial, or the consonant that closes it.
_SAME_SYLLABLE = re.compile("[\u102b-\u103e\u1056-\u1060]|[\u1000-\u1021\u103f][\u1037\u1038]?[\u1039\u103a]")


@dataclass(frozen=True, slots=True)
class Term:
    """What one word says.

    Attributes:
        what: the kind of word, as the table has it ("site", "colour"); "" for a word that it does not have.
        code: its meaning; of an unknown word the sound in Latin letters.
    """

    what: str
    code: str


@dataclass(frozen=True, slots=True)
class Terms:
    """The words of one table.

    Attributes:
        codes: what -> its codes, general ones first -> the groups of codes that are alike.
        paired: codes of which a body has a left and a right one.
        words: phrase as `spelled` -> what it says.
        endings: glued to a word, the longest first.
        longest: first word of a phrase -> words of the longest phrase that begins so.
        widest: letters of the longest phrase.
    """

    codes: dict[str, dict[str, tuple[str, ...]]]
    paired: frozenset[str]
    words: dict[str, tuple[Term, ...]]
    endings: tuple[str, ...]
    longest: dict[str, int]
    widest: int

    @classmethod
    def load(cls, name: str) -> Terms:
        """Return the table `name`: its codes, its words, and the words common to all descriptions.

        Raises:
            ModelMissing: a table is not installed.
            ModelCorrupt: a word has a code that is not in the table, or two meanings (names the code, not the word).
        """
        codes: dict[str, dict[str, tuple[str, ...]]] = {AND: {AND: ()}, NO: {NO: ()}, FILLER: {FILLER: ()}}
        paired: set[str] = set()
        for row in read_table(f"{FOLDER}/{name}_codes.tsv"):
            codes.setdefault(row["what"], {})[row["code"]] = alternatives(row["alike"].strip("-"))
            if row.get("paired") == "yes":
                paired.add(row["code"])
        what_of = {code: what for what, some in codes.items() for code in some}
        words: dict[str, tuple[Term, ...]] = {}
        endings: set[str] = set()
        for path in (COMMON, f"{FOLDER}/{name}_words.tsv"):
            for row in read_table(path):
                if row["code"] == ENDING:
                    endings.update(_native(normalise(ending), 0) for ending in alternatives(row["words"]))
                    continue
                meant = alternatives(row["code"])
                if unknown := [code for code in meant if code not in what_of]:
                    raise ModelCorrupt(f"reference table {path}", f"no code {unknown[0]}", "correct that line")
                terms = tuple(Term(what_of[code], code) for code in meant)
                for phrase in alternatives(row["words"]):
                    if words.setdefault(spelled(phrase), terms) != terms:
                        why = f"a word of {row['code']} means {words[spelled(phrase)][0].code} as well"
                        raise ModelCorrupt(f"reference table {path}", why, "correct that line")
        return cls(
            codes,
            frozenset(paired),
            words,
            tuple(sorted(endings, key=lambda ending: (-len(ending), ending))),
            _longest(words),
            max(map(len, words)),
        )

    def numbers(self, what: str) -> dict[str, int]:
        """Return the codes of one kind, numbered from 1 in the order of the table; 0 is left for unknown."""
        return {code: number for number, code in enumerate(self.codes[what], start=1)}

    def alike(self, what: str) -> npt.NDArray[np.bool_]:
        """Tell which codes of one kind are the same or share a group.

        Returns:
            Shape (c + 1, c + 1), by `numbers`, symmetric; row and column 0 (unknown) are False.
        """
        groups = [frozenset(some) for some in self.codes[what].values()]
        out = np.zeros((len(groups) + 1, len(groups) + 1), dtype=np.bool_)
        for a, first in enumerate(groups, start=1):
            for b, second in enumerate(groups, start=1):
                out[a, b] = a == b or not first.isdisjoint(second)
        return out

    def parts(self, text: str) -> list[list[Term]]:
        """Return what each part of a description says, in order; fillers and parts that say "none" are left out."""
        out: list[list[Term]] = []
        for written in _PARTS.split(text[:MAX_CHARS]):
            part: list[Term] = []
            for term in (*self._read(normalise(written).split()), Term(AND, AND)):
                if term.what != AND:
                    part.append(term)
                    continue
                if not any(said.what == NO for said in part):
                    out.append([said for said in part if said.what != FILLER])
                part = []
        return [part for part in out if part]

    def _read(self, words: list[str]) -> Iterator[Term]:
        spellings = [_word_spelled(word) for word in words]
        start = 0
        while start < len(words):
            for end in range(min(start + self.longest.get(spellings[start], 1), len(words)), start, -1):
                if found := self._known(" ".join(spellings[start:end])):
                    yield from found
                    start = end
                    break
            else:
                yield from self._inside(words[start]) if _BURMESE.match(words[start]) else _unknown(words[start])
                start += 1

    def _known(self, phrase: str) -> tuple[Term, ...]:
        if found := self.words.get(phrase):
            return found
        if not phrase.endswith(self.endings):
            return ()
        for ending in self.endings:
            if phrase.endswith(ending) and (found := self.words.get(phrase[: -len(ending)])):
                return found
        return ()

    def _inside(self, run: str) -> Iterator[Term]:
        """Yield the table's words in a run of Burmese, at each syllable the longest; what lies between is unknown."""
        start = unknown_from = 0
        while start < len(run):
            for end in range(min(start + self.widest, len(run)), start, -1):
                found = self.words.get(run[start:end])
                if found and not _SAME_SYLLABLE.match(run, end):
                    yield from _unknown(run[unknown_from:start])
                    yield from found
                    start = unknown_from = end
                    break
            else:
                start += 1
        yield from _unknown(run[unknown_from:])


@lru_cache(maxsize=8)
def load_terms(name: str) -> Terms:
    """Return `Terms.load(name)`, read once."""
    return Terms.load(name)


def spelled(phrase: str) -> str:
    """Return what all spellings of a word or phrase have in common, as far as a table needs it."""
    return " ".join(map(_word_spelled, normalise(phrase).split()))


@lru_cache(maxsize=65536)
def _word_spelled(word: str) -> str:
    if word.isascii():
        return fold(word)
    return _native(word, _SHORT)


def _native(word: str, short: int) -> str:
    word = word.translate(_LETTERS)
    return word if len(word) <= short else word.translate(_SIGNS)


def _longest(phrases: Iterable[str]) -> dict[str, int]:
    longest: dict[str, int] = {}
    for phrase in phrases:
        first, *rest = phrase.split()
        longest[first] = max(longest.get(first, 1), 1 + len(rest))
    return longest


@lru_cache(maxsize=65536)
def _sound(word: str) -> str:
    roman = word if word.isascii() else romanize(word).replace(" ", "")
    return fold(roman) if roman else ""


def _unknown(word: str) -> Iterator[Term]:
    if sound := _sound(word):
        yield Term("", sound)
