"""How do many names look as arrays? Names and their words as integers, so that comparing is gathering, not parsing.

A million records repeat the same thirty thousand given names: each distinct name is parsed once, each distinct word is
compared once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from matcher.names.grammar import NameToken, parse_name
from matcher.names.phonetics import encode_tokens
from matcher.names.script import main_script, normalise

MAX_TOKENS = 5
Parser = Callable[[str], tuple[NameToken, ...]]


def strongest_words(parsed: tuple[NameToken, ...]) -> tuple[NameToken, ...]:
    """Return the at most MAX_TOKENS words that say most, in the order in which they stand."""
    strongest = sorted(range(len(parsed)), key=lambda i: (-parsed[i].weight, i))[:MAX_TOKENS]
    return tuple(parsed[i] for i in sorted(strongest))


@dataclass(frozen=True, slots=True)
class NameTable:
    """Distinct names as arrays.

    Attributes:
        names: the distinct texts, by name id.
        tokens: shape (n, MAX_TOKENS), int32, rows of `codes`, -1 where there is none.
        weights: shape (n, MAX_TOKENS), float32, 0 where there is none.
        initials: shape (n, MAX_TOKENS), bool.
        joined: shape (n,), int32, the row of `codes` of all words written together.
        vocabulary: distinct folded words, by row of `codes`.
        codes: shape (v, MAX_TOKEN), uint8, letters of each distinct word.
        written: shape (n,), int64, equal where two names are written with the same native letters; 0 for Latin.
        scripts: shape (n,), int32, the script of those letters.
        ids: text -> name id.
    """

    names: tuple[str, ...]
    tokens: npt.NDArray[np.int32]
    weights: npt.NDArray[np.float32]
    initials: npt.NDArray[np.bool_]
    joined: npt.NDArray[np.int32]
    vocabulary: tuple[str, ...]
    codes: npt.NDArray[np.uint8]
    written: npt.NDArray[np.int64]
    scripts: npt.NDArray[np.int32]
    ids: dict[str, int]

    @classmethod
    def build(cls, texts: Iterable[str], parse: Parser = parse_name) -> NameTable:
        """Return the table of the distinct texts; texts without any word get an empty row."""
        names = tuple(dict.fromkeys(texts))
        words: dict[str, int] = {}
        tokens = np.full((len(names), MAX_TOKENS), -1, dtype=np.int32)
        weights = np.zeros((len(names), MAX_TOKENS), dtype=np.float32)
        initials = np.zeros((len(names), MAX_TOKENS), dtype=np.bool_)
        joined = np.full(len(names), -1, dtype=np.int32)
        for row, text in enumerate(names):
            parsed = strongest_words(parse(text))
            for column, token in enumerate(parsed):
                tokens[row, column] = words.setdefault(token.folded, len(words))
                weights[row, column] = token.weight
                initials[row, column] = token.initial
            if parsed:
                joined[row] = words.setdefault("".join(token.folded for token in parsed), len(words))
        vocabulary = tuple(words)
        written, scripts = _native_letters(names)
        return cls(
            names,
            tokens,
            weights,
            initials,
            joined,
            vocabulary,
            encode_tokens(list(vocabulary)),
            written,
            scripts,
            {name: row for row, name in enumerate(names)},
        )

    def __len__(self) -> int:
        return len(self.names)


def _native_letters(names: tuple[str, ...]) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int32]]:
    """Return what tells native spellings apart that sound alike to us (রমা, রামা): letters and script of each name."""
    letters: dict[str, int] = {}
    codes: dict[str, int] = {"Latn": 0}
    written = np.zeros(len(names), dtype=np.int64)
    scripts = np.zeros(len(names), dtype=np.int32)
    for row, text in enumerate(names):
        if text.isascii():
            continue
        plain = normalise(text).replace(" ", "")
        script = main_script(plain)
        if script != "Latn" and plain:
            written[row] = letters.setdefault(plain, len(letters) + 1)
            scripts[row] = codes.setdefault(script, len(codes))
    return written, scripts
