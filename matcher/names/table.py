"""How do many names look as arrays? Names and their words as integers, so that comparing is gathering, not parsing.

A million records repeat the same thirty thousand given names: each distinct name is parsed once, each distinct word is
compared once.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from matcher.names.grammar import NameToken
from matcher.names.native import NativeLetters, letters_met, native_letters
from matcher.names.phonetics import encode_tokens
from matcher.names.reading import MetNames, Parser, ReadNames, read_met, read_with
from matcher.names.text_keys import text_keys

MAX_TOKENS = 5


def strongest_words(parsed: tuple[NameToken, ...]) -> tuple[NameToken, ...]:
    """Return the at most MAX_TOKENS words that say most, in the order in which they stand."""
    strongest = sorted(range(len(parsed)), key=lambda i: (-parsed[i].weight, i))[:MAX_TOKENS]
    return tuple(parsed[i] for i in sorted(strongest))


@dataclass(frozen=True, slots=True)
class NameTable:
    """Distinct names as arrays.

    Attributes:
        names: the distinct texts, by name id; empty where only what they sound like is kept.
        keys: shape (n,), int64, a number for each text, the same in every table.
        tokens: shape (n, MAX_TOKENS), int32, rows of `codes`, -1 where there is none.
        weights: shape (n, MAX_TOKENS), float32, 0 where there is none.
        initials: shape (n, MAX_TOKENS), bool.
        joined: shape (n,), int32, of texts that are not names: the row of `codes` of all words written together, -1
            without a word; empty for names, of which there are too many to keep each written together.
        vocabulary: distinct folded words, by row of `codes`.
        codes: shape (v, MAX_TOKEN), uint8, letters of each distinct word.
        written: shape (n,), int64, equal where two names are written with the same native letters, in any table; 0 for
            Latin.
        scripts: shape (n,), int32, the script of those letters, a row of `script_names`; 0 for Latin.
        script_names: ISO 15924 codes.
        read: all tokens of each text, titles included; without any name where the table is for comparing alone.
    """

    names: Sequence[str]
    keys: npt.NDArray[np.int64]
    tokens: npt.NDArray[np.int32]
    weights: npt.NDArray[np.float32]
    initials: npt.NDArray[np.bool_]
    joined: npt.NDArray[np.int32]
    vocabulary: Sequence[str]
    codes: npt.NDArray[np.uint8]
    written: npt.NDArray[np.int64]
    scripts: npt.NDArray[np.int32]
    script_names: tuple[str, ...]
    read: ReadNames

    @classmethod
    def build(cls, texts: Iterable[str], parse: Parser | None = None) -> NameTable:
        """Return the table of the distinct texts; texts without any word get an empty row.

        Args:
            texts: any strings.
            parse: how a text that is not a name is cut into words; None: as a name.
        """
        names = tuple(dict.fromkeys(texts))
        if parse is None:
            return cls.of_met(MetNames.of(names))
        read = read_with(names, parse)
        return cls._of(names, read, *_joined(read), native_letters(names))

    @classmethod
    def of_met(cls, met: MetNames) -> NameTable:
        """Return the table of names that are distinct and whose words have been looked up."""
        read = read_met(met)
        return cls._of(tuple(met.texts), read, np.zeros(0, dtype=np.int32), read.vocabulary, letters_met(met))

    @classmethod
    def _of(
        cls,
        names: tuple[str, ...],
        read: ReadNames,
        joined: npt.NDArray[np.int32],
        vocabulary: Sequence[str],
        native: NativeLetters,
    ) -> NameTable:
        tokens, weights, initials = _columns(read)
        codes = encode_tokens(vocabulary)
        return cls(
            names, text_keys(names), tokens, weights, initials, joined, vocabulary, codes,
            native.written, native.scripts, native.script_names, read,
        )  # fmt: skip

    @property
    def ids(self) -> dict[str, int]:
        """Return the id of each text, made anew each time: a million names need a hundred megabytes for it.

        Raises:
            ValueError: the texts are not kept.
        """
        if len(self.names) != len(self):
            raise ValueError("of these names the texts are not kept")
        return {name: number for number, name in enumerate(self.names)}

    def __len__(self) -> int:
        return len(self.tokens)


def _columns(read: ReadNames) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.float32], npt.NDArray[np.bool_]]:
    """Return tokens, weights and initials in MAX_TOKENS columns: of each name the words that say most, in order."""
    n = len(read)
    tokens = np.full((n, MAX_TOKENS), -1, dtype=np.int32)
    weights = np.zeros((n, MAX_TOKENS), dtype=np.float32)
    initials = np.zeros((n, MAX_TOKENS), dtype=np.bool_)
    kept = np.flatnonzero(~read.titles)
    name = read.names[kept]
    many = np.bincount(name, minlength=n)[name] > MAX_TOKENS
    if many.any():
        # Rank within the name by weight, the first of equals first.
        crowd = np.flatnonzero(many)
        order = crowd[np.lexsort((crowd, -read.weights[kept[crowd]], name[crowd]))]
        rank = np.arange(len(order)) - np.searchsorted(name[order], name[order])
        keep = np.ones(len(kept), dtype=np.bool_)
        keep[order[rank >= MAX_TOKENS]] = False
        kept, name = kept[keep], name[keep]
    column = np.arange(len(kept)) - np.searchsorted(name, name)
    tokens[name, column] = read.tokens[kept]
    weights[name, column] = read.weights[kept]
    initials[name, column] = read.initials[kept]
    return tokens, weights, initials


def _joined(read: ReadNames) -> tuple[npt.NDArray[np.int32], Sequence[str]]:
    """Return (row of each text's words written together, the vocabulary with these words)."""
    numbers = {word: number for number, word in enumerate(read.vocabulary)}
    words = list(map(read.vocabulary.__getitem__, read.tokens.tolist()))
    joined = [
        numbers.setdefault("".join(words[start : min(end, start + MAX_TOKENS)]), len(numbers)) if end > start else -1
        for start, end in pairwise(read.starts.tolist())
    ]
    return np.array(joined, dtype=np.int32), tuple(numbers)
