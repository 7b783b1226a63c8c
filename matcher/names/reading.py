"""How are a hundred thousand names read at once? Distinct words are read once, and only unusual names one by one.

The result is that of `grammar.parse_with_titles` for every name, which is its slow truth in the tests. What makes it
fast: all texts are normalised as one, each distinct word is romanised and folded once with all others of its script,
and a name none of whose words is in the tables of titles needs no grammar at all.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import chain

import numpy as np
import numpy.typing as npt

from matcher.names.grammar import (
    FULL_WEIGHT,
    UNUSUAL,
    NameToken,
    Role,
    in_role,
    known_words,
    settle,
    words_of,
)
from matcher.names.script import normalised_words, spliced

Parser = Callable[[str], tuple[NameToken, ...]]


@dataclass(frozen=True, slots=True)
class ReadNames:
    """The tokens of n names as ragged arrays; t tokens in all.

    Attributes:
        starts: shape (n + 1,), int64; the tokens of name k are those from `starts[k]` up to `starts[k + 1]`.
        tokens: shape (t,), int32, rows of `vocabulary`.
        weights: shape (t,), float32, in (0, 1].
        initials, titles: shape (t,), bool.
        entries: shape (t,), int32, rows of the next three: which distinct token of which distinct word it is.
        entry_tokens: shape (e,), int32, rows of `vocabulary`.
        entry_words: shape (e,), int32, rows of `written`: the word of which the token is a part.
        entry_firsts: shape (e,), bool: whether it is the first token of its word.
        vocabulary: distinct folded forms.
        written: distinct words as they stand in the normalised names.
    """

    starts: npt.NDArray[np.int64]
    tokens: npt.NDArray[np.int32]
    weights: npt.NDArray[np.float32]
    initials: npt.NDArray[np.bool_]
    titles: npt.NDArray[np.bool_]
    entries: npt.NDArray[np.int32]
    entry_tokens: npt.NDArray[np.int32]
    entry_words: npt.NDArray[np.int32]
    entry_firsts: npt.NDArray[np.bool_]
    vocabulary: tuple[str, ...]
    written: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.starts) - 1

    @property
    def names(self) -> npt.NDArray[np.int64]:
        """Return the name of each token, shape (t,)."""
        return np.repeat(np.arange(len(self)), np.diff(self.starts))


class _Numbered(dict[str, int]):
    """Gives each new key the next number."""

    def __missing__(self, key: str) -> int:
        number = self[key] = len(self)
        return number


def read_names(texts: Sequence[str]) -> ReadNames:
    """Return the tokens of names, titles included."""
    numbers = _Numbered()
    words, counts = normalised_words(texts)
    unusual_texts = {n: words_of(texts[n]) for n in _unusual(texts) if UNUSUAL.search(texts[n])}
    if unusual_texts:
        words, counts = spliced(words, counts, unusual_texts)
    flat = np.fromiter(map(numbers.__getitem__, words), dtype=np.int64, count=len(words))
    readings = _Readings(list(numbers))
    starts = _starts(counts)
    unusual = np.flatnonzero(_any(readings.special[flat], starts))
    if len(unusual):
        flat, counts = _settled(unusual, flat, counts, readings)
        starts = _starts(counts)
    return readings.tokens_of(flat, starts)


def read_with(texts: Sequence[str], parse: Parser) -> ReadNames:
    """Return the tokens of texts by a parser of one text: for what is not a name, and as the slow truth for names."""
    parsed = [parse(text) for text in texts]
    tokens = tuple(chain.from_iterable(parsed))
    starts = _starts(np.fromiter(map(len, parsed), dtype=np.int64, count=len(parsed)))
    begins = set(starts.tolist())
    firsts = [n in begins or token.text != tokens[n - 1].text for n, token in enumerate(tokens)]
    every = _Entries(tokens, firsts)
    return every.read(np.arange(len(tokens)), starts)


class _Entries:
    """Distinct tokens of distinct words as arrays, to be picked from."""

    def __init__(self, tokens: Sequence[NameToken], firsts: Sequence[bool]) -> None:
        vocabulary, written = _Numbered(), _Numbered()
        self.tokens = np.array([vocabulary[token.folded] for token in tokens], dtype=np.int32)
        self.words = np.array([written[token.text] for token in tokens], dtype=np.int32)
        self.firsts = np.array(firsts, dtype=np.bool_)
        self.weights = np.array([token.weight for token in tokens], dtype=np.float32)
        self.initials = np.array([token.initial for token in tokens], dtype=np.bool_)
        self.titles = np.array([token.title for token in tokens], dtype=np.bool_)
        self.vocabulary, self.written = tuple(vocabulary), tuple(written)

    def read(self, pick: npt.NDArray[np.int64], starts: npt.NDArray[np.int64]) -> ReadNames:
        """Return the names whose tokens are the picked ones, name by name."""
        return ReadNames(
            starts,
            self.tokens[pick],
            self.weights[pick],
            self.initials[pick],
            self.titles[pick],
            pick.astype(np.int32),
            self.tokens,
            self.words,
            self.firsts,
            self.vocabulary,
            self.written,
        )


class _Readings:
    """The distinct readings of words (as a name; as an initial, if somewhere it is that) and their tokens."""

    def __init__(self, words: list[str]) -> None:
        self.words = words
        known = known_words(words)
        self.read = [tokens for tokens, _ in known]
        self.kinds = [kind for _, kind in known]
        self._tokens = list(self.read)
        self._others: dict[tuple[int, Role], int] = {}
        # A single letter is an initial whatever the tables say.
        self.special = np.fromiter(
            (bool(kind) or len(word) == 1 for word, kind in zip(words, self.kinds, strict=True)), np.bool_, len(words)
        )

    def number(self, word: int, role: Role) -> int:
        """Return the reading of a word in a role."""
        if role is Role.NAME:
            return word
        key = (word, role)
        if key not in self._others:
            self._others[key] = len(self._tokens)
            self._tokens.append(in_role(self.words[word], self.read[word], role))
        return self._others[key]

    def tokens_of(self, flat: npt.NDArray[np.int64], starts: npt.NDArray[np.int64]) -> ReadNames:
        """Return the tokens of names, given the readings of all their words one after the other."""
        every = _Entries(
            list(chain.from_iterable(self._tokens)),
            list(chain.from_iterable([n == 0 for n in range(len(tokens))] for tokens in self._tokens)),
        )
        begin = _starts(np.fromiter(map(len, self._tokens), dtype=np.int64, count=len(self._tokens)))
        length = np.diff(begin)[flat]
        ends = _starts(length)
        pick = np.arange(ends[-1]) + np.repeat(begin[flat] - ends[:-1], length)
        read = every.read(pick, ends[starts])
        _carry(read.weights, read.initials, read.titles, read.starts)
        return read


def _unusual(texts: Sequence[str]) -> list[int]:
    """Return the texts that `UNUSUAL` may match: with @ or strokes, or a capital behind another letter."""
    joined = "\n".join(texts)
    letters = np.frombuffer(joined.encode("utf-32-le", "surrogatepass"), dtype=np.uint32)
    capital = (letters >= 65) & (letters <= 90)
    letter = capital | ((letters >= 97) & (letters <= 122))
    found = (letters == 64) | (letters == 47) | (letters == 92)
    found[1:] |= capital[1:] & letter[:-1]
    if not found.any():
        return []
    ends = np.cumsum(np.fromiter(map(len, texts), dtype=np.int64, count=len(texts)) + 1)
    numbers: list[int] = np.unique(np.searchsorted(ends, np.flatnonzero(found), side="right")).tolist()
    return numbers


def _settled(
    unusual: npt.NDArray[np.int64],
    flat: npt.NDArray[np.int64],
    counts: npt.NDArray[np.int64],
    readings: _Readings,
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Return the readings of all words, and how many each name has, after the grammar has seen the unusual names."""
    replaced: list[list[int]] = []
    starts = _starts(counts)
    for name in unusual.tolist():
        numbers = flat[starts[name] : starts[name + 1]].tolist()
        words = [readings.words[number] for number in numbers]
        by_word = dict(zip(words, numbers, strict=True))
        settled = settle(words, [readings.kinds[number] for number in numbers])
        replaced.append([readings.number(by_word[word], role) for word, role in settled])
    new_counts = counts.copy()
    new_counts[unusual] = [len(found) for found in replaced]
    out = np.empty(int(new_counts.sum()), dtype=np.int64)
    is_unusual = np.zeros(len(counts), dtype=np.bool_)
    is_unusual[unusual] = True
    out[np.repeat(~is_unusual, new_counts)] = flat[np.repeat(~is_unusual, counts)]
    out[np.repeat(is_unusual, new_counts)] = list(chain.from_iterable(replaced))
    return out, new_counts


def _carry(
    weights: npt.NDArray[np.float32],
    initials: npt.NDArray[np.bool_],
    titles: npt.NDArray[np.bool_],
    starts: npt.NDArray[np.int64],
) -> None:
    """Let common elements carry the names that consist of nothing else, in place."""
    length = np.diff(starts)
    filled = np.flatnonzero(length)
    if not len(filled):
        return
    strongest = np.zeros(len(length), dtype=np.float32)
    strongest[filled] = np.maximum.reduceat(np.where(titles, np.float32(0), weights), starts[:-1][filled])
    weak = (strongest > 0) & (strongest < FULL_WEIGHT) & _any(~initials & ~titles, starts)
    scale = np.repeat(np.where(weak, strongest, np.float32(1)), length)
    np.minimum(weights / scale, 1.0, out=weights, where=~titles)


def _starts(counts: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    starts = np.zeros(len(counts) + 1, dtype=np.int64)
    np.cumsum(counts, out=starts[1:])
    return starts


def _any(flags: npt.NDArray[np.bool_], starts: npt.NDArray[np.int64]) -> npt.NDArray[np.bool_]:
    """Return for each name whether any of its entries is set."""
    total = np.zeros(len(flags) + 1, dtype=np.int64)
    np.cumsum(flags, out=total[1:])
    found: npt.NDArray[np.bool_] = total[starts[1:]] > total[starts[:-1]]
    return found
