"""How are a hundred thousand names read at once? Distinct words are read once, and only unusual names one by one.

The result is that of `grammar.parse_with_titles` for every name, which is its slow truth in the tests. What makes it
fast: all texts are normalised as one, each distinct word is romanised and folded once with all others of its script,
and a name none of whose words is in the tables of titles needs no grammar at all.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import chain, islice

import numpy as np
import numpy.typing as npt

from matcher.names.grammar import FULL_WEIGHT, UNUSUAL, NameToken, Role, settle, words_of
from matcher.names.lexicon import Lexicon
from matcher.names.words import (
    CutTexts,
    Ints,
    Numbered,
    any_of,
    cut_texts,
    first_met,
    normalised_whole,
    ragged,
    replaced,
    starts_of,
)

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
    vocabulary: Sequence[str]
    written: Sequence[str]

    def __len__(self) -> int:
        return len(self.starts) - 1

    def first(self, count: int) -> ReadNames:
        """Return the first names alone."""
        end = int(self.starts[count])
        return replace(
            self,
            starts=self.starts[: count + 1],
            tokens=self.tokens[:end],
            weights=self.weights[:end],
            initials=self.initials[:end],
            titles=self.titles[:end],
            entries=self.entries[:end],
        )

    @property
    def spelled(self) -> bool:
        """Tell whether the words are known as written: what was kept of names for comparing and counting has none."""
        return len(self.entries) == len(self.tokens)

    def heard(self, names: npt.NDArray[np.int64]) -> ReadNames:
        """Return some of the names, in the order asked for, without their words as written."""
        counts = self.starts[names + 1] - self.starts[names]
        starts = starts_of(counts)
        tokens = np.arange(starts[-1]) + np.repeat(self.starts[names] - starts[:-1], counts)
        nothing = np.zeros(0, dtype=np.int32)
        return ReadNames(
            starts,
            self.tokens[tokens],
            self.weights[tokens],
            self.initials[tokens],
            self.titles[tokens],
            nothing,
            nothing,
            nothing,
            np.zeros(0, dtype=np.bool_),
            self.vocabulary,
            (),
        )

    @property
    def names(self) -> npt.NDArray[np.int64]:
        """Return the name of each token, shape (t,)."""
        return np.repeat(np.arange(len(self)), np.diff(self.starts))


@dataclass(frozen=True, slots=True)
class MetNames:
    """n names whose words have been looked up.

    Attributes:
        texts: the names.
        cut: their words.
        lexicon: knows these words.
        typed: shape (w,), of each of `cut.words` its row in the lexicon.
        whole: normalised words of the names that are not cut.
    """

    texts: Sequence[str]
    cut: CutTexts
    lexicon: Lexicon
    typed: Ints
    whole: dict[int, list[str]]

    @classmethod
    def of(cls, texts: Sequence[str], cut: CutTexts | None = None) -> MetNames:
        """Return names; `cut` are their words where they are known already."""
        cut = cut_texts(texts) if cut is None else cut
        return cls(texts, cut, *Lexicon.knowing(cut.words), normalised_whole(texts, cut.whole))


def read_names(texts: Sequence[str]) -> ReadNames:
    """Return the tokens of names, titles included."""
    return read_met(MetNames.of(texts))


def read_met(met: MetNames) -> ReadNames:
    """Return the tokens of names, titles included, once their words have been looked up."""
    texts, cut, lexicon, typed = met.texts, met.cut, met.lexicon, met.typed
    apart = dict(met.whole)
    unusual = lexicon.typed_unusual.values[typed]
    if unusual.any() or apart:
        odd = np.flatnonzero(any_of(unusual[cut.flat], starts_of(cut.counts))).tolist()
        apart |= {n: words_of(texts[n]) for n in (*odd, *cut.whole) if UNUSUAL.search(texts[n])}
    begins = lexicon.typed_begins.values
    members, counts = ragged(typed[cut.flat], cut.counts, begins)
    flat = lexicon.typed_words.values[members]
    if apart:
        rows = iter(lexicon.rows_of(list(chain.from_iterable(apart.values()))))
        flat, counts = replaced(flat, counts, {n: list(islice(rows, len(words))) for n, words in apart.items()})
    roles = np.zeros(len(flat), dtype=np.uint8)
    seen = np.flatnonzero(any_of(lexicon.special.values[flat], starts_of(counts)))
    if len(seen):
        flat, roles, counts = _settled(seen, flat, counts, lexicon)
    return _tokens(lexicon, flat, roles, counts)


def read_with(texts: Sequence[str], parse: Parser) -> ReadNames:
    """Return the tokens of texts by a parser of one text: for what is not a name, and as the slow truth for names."""
    parsed = [parse(text) for text in texts]
    tokens = tuple(chain.from_iterable(parsed))
    starts = starts_of(np.fromiter(map(len, parsed), dtype=np.int64, count=len(parsed)))
    begins = set(starts.tolist())
    firsts = [n in begins or token.text != tokens[n - 1].text for n, token in enumerate(tokens)]
    every = _Entries(tokens, firsts)
    return every.read(np.arange(len(tokens)), starts)


class _Entries:
    """Distinct tokens of distinct words as arrays, to be picked from."""

    def __init__(self, tokens: Sequence[NameToken], firsts: Sequence[bool]) -> None:
        vocabulary, written = Numbered(), Numbered()
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


def _settled(seen: Ints, flat: Ints, counts: Ints, lexicon: Lexicon) -> tuple[Ints, npt.NDArray[np.uint8], Ints]:
    """Return the words of all names, their roles, and how many each name has, after the grammar has seen some names."""
    starts = starts_of(counts)
    words: dict[int, list[int]] = {}
    roles: list[int] = []
    for name, start, end in zip(seen.tolist(), starts[seen].tolist(), starts[seen + 1].tolist(), strict=True):
        rows = flat[start:end].tolist()
        texts = [lexicon.words[row] for row in rows]
        row_of = dict(zip(texts, rows, strict=True))
        settled = settle(texts, lexicon.kinds.values[rows].tolist())
        words[name] = [lexicon.row_of_initial(word) if role is Role.INITIAL else row_of[word] for word, role in settled]
        roles += [role for _, role in settled]
    out, changed = replaced(flat, counts, words)
    every = np.zeros(len(out), dtype=np.uint8)
    is_seen = np.zeros(len(counts), dtype=np.bool_)
    is_seen[seen] = True
    every[np.repeat(is_seen, changed)] = roles
    return out, every, changed


def _tokens(lexicon: Lexicon, flat: Ints, roles: npt.NDArray[np.uint8], counts: Ints) -> ReadNames:
    """Return the tokens of names, given all their words one after the other."""
    texts = lexicon.texts.values
    # The words of this batch, as names before as initials, so that those come first in `written` and once.
    used = first_met(np.concatenate([texts[flat], flat]), len(texts))
    plain = texts[used] == used
    used = np.concatenate([used[plain], used[~plain]])
    place = np.zeros(len(texts), dtype=np.int64)
    place[used] = np.arange(len(used))
    begins = lexicon.begins.values
    lengths = begins[used + 1] - begins[used]
    entry_begins = starts_of(lengths)
    entry_sounds = lexicon.sounds.values[
        np.arange(entry_begins[-1]) + np.repeat(begins[used] - entry_begins[:-1], lengths)
    ]
    folds = lexicon.folds.values[entry_sounds]
    forms = first_met(folds, len(lexicon.forms))
    form_place = np.zeros(len(lexicon.forms), dtype=np.int32)
    form_place[forms] = np.arange(len(forms))
    entry_tokens = form_place[folds]
    firsts = np.zeros(len(folds), dtype=np.bool_)
    firsts[entry_begins[:-1][lengths > 0]] = True
    entries, per_name = ragged(place[flat], counts, entry_begins)
    starts = starts_of(per_name)
    sounds = entry_sounds[entries]
    titles = np.zeros(len(entries), dtype=np.bool_)
    if roles.any():
        role = np.repeat(roles, lengths[place[flat]])
        titles = (role == Role.TITLE) | ((role == Role.GLUED) & firsts[entries])
    weights, initials = lexicon.weights.values[sounds], lexicon.initials.values[sounds]
    _carry(weights, initials, titles, starts)
    return ReadNames(
        starts,
        entry_tokens[entries],
        weights,
        initials,
        titles,
        entries.astype(np.int32),
        entry_tokens,
        place[texts[used]].repeat(lengths).astype(np.int32),
        firsts,
        tuple(lexicon.forms[form] for form in forms.tolist()),
        tuple(lexicon.words[row] for row in used[: np.count_nonzero(plain)].tolist()),
    )


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
    weak = (strongest > 0) & (strongest < FULL_WEIGHT) & any_of(~initials & ~titles, starts)
    scale = np.repeat(np.where(weak, strongest, np.float32(1)), length)
    np.minimum(weights / scale, 1.0, out=weights, where=~titles)
