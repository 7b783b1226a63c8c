"""How do many names look as arrays? Names and their words as integers, so that comparing is gathering, not parsing.

A million records repeat the same thirty thousand given names: each distinct name is parsed once, each distinct word is
compared once.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from itertools import chain, pairwise

import numpy as np
import numpy.typing as npt

from matcher.distinct import numbered
from matcher.names.grammar import NameToken
from matcher.names.phonetics import encode_tokens
from matcher.names.reading import Parser, ReadNames, read_names, read_with
from matcher.names.script import normalise, script_of
from matcher.names.words import normalised_words

MAX_TOKENS = 5
_NO_SCRIPT = ("Latn", "Zyyy")


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
        read = read_names(names) if parse is None else read_with(names, parse)
        tokens, weights, initials = _columns(read)
        written, scripts, script_names = _native_letters(names)
        joined, vocabulary = (np.zeros(0, dtype=np.int32), read.vocabulary) if parse is None else _joined(read)
        return cls(
            names,
            np.fromiter(map(_key, names), dtype=np.int64, count=len(names)),
            tokens,
            weights,
            initials,
            joined,
            vocabulary,
            encode_tokens(vocabulary),
            written,
            scripts,
            script_names,
            read,
        )

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


def _key(text: str) -> int:
    """Return a number for a text, the same in every table and process, never 0."""
    digest = blake2b(text.encode(errors="surrogatepass"), digest_size=8).digest()
    return (int.from_bytes(digest) >> 2) | 1


def native_script(text: str) -> str:
    """Return the script of the first letter that is not Latin; Latn where there is none."""
    return _first_script(normalise(text))


def _first_script(letters: str) -> str:
    return next((code for code in map(script_of, letters) if code not in _NO_SCRIPT), "Latn")


def _native_letters(
    names: tuple[str, ...],
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int32], tuple[str, ...]]:
    """Return what tells native spellings apart that sound alike to us (রমা, রামা).

    Returns:
        (a number for the letters of each name, the number of its script, the scripts).
    """
    written = np.zeros(len(names), dtype=np.int64)
    scripts = np.zeros(len(names), dtype=np.int32)
    native = np.array([row for row, text in enumerate(names) if not text.isascii()], dtype=np.int64)
    words, counts = normalised_words([names[row] for row in native.tolist()])
    ends = np.cumsum(counts).tolist()
    plain = ["".join(words[start:end]) for start, end in zip([0, *ends], ends, strict=False)]
    # Nearly always the first letter tells.
    firsts = {letter: script_of(letter) for letter in {letters[:1] for letters in plain} if letter}
    found = [
        script if (script := firsts.get(letters[:1], "Latn")) not in _NO_SCRIPT else _first_script(letters)
        for letters in plain
    ]
    kept = [number for number, script in enumerate(found) if script != "Latn"]
    rows = native[kept]
    written[rows] = list(map(_key, map(plain.__getitem__, kept)))
    codes, script_rows = numbered(chain(["Latn"], map(found.__getitem__, kept)))
    scripts[rows] = script_rows[1:]
    return written, scripts, tuple(codes)
