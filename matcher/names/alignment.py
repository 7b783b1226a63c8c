"""Are two names one name? Words aligned free of order, and three kinds of evidence kept apart.

*Agreement*: a word on each side that is the same word. *Omission*: a word that only one side has (mild: people leave
out surnames). *Contradiction*: a word on each side that cannot be the same (strong: most false matches of other tools
are long names with one contradicting word).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from matcher.names.grammar import NameToken, parse_with_titles
from matcher.names.pairs import Field
from matcher.names.reasons import TOGETHER, alone_reason, reason, title_reason
from matcher.names.sides import FloatArray, Weighed
from matcher.names.table import NameTable, strongest_words
from matcher.names.weighing import CLOSE_WORD, SAME_WORD, IntArray, settle, with_initials

__all__ = [
    "CLOSE_WORD",
    "NAME_MATCH_THRESHOLD",
    "SAME_WORD",
    "AlignedTokens",
    "NameEvidence",
    "NameFeatures",
    "TokenBits",
    "align",
    "compare_batch",
    "compare_names",
    "name_similarity",
]

NAME_MATCH_THRESHOLD = 0.74
"""Default decision on two names with no other evidence: at or above, a possible match."""
TokenBits = Callable[[IntArray, IntArray], FloatArray]
"""Gives -log2 of the frequency of words, shape (m,), by their rows in the table's vocabulary and by region."""
_AT_ONCE = 2**17  # pairs; more would only take more memory


@dataclass(frozen=True, slots=True)
class NameFeatures:
    """What comparing n pairs of names found; every array has shape (n,), float32.

    Attributes:
        agreement: weight of the words that agree, each times its similarity.
        omission: weight of the words only one side has.
        contradiction: weight of the words that contradict.
        weakest: similarity of the least similar aligned words that still agree or are close (1.0 if none).
        similarity: the three together, in [0, 1].
        rarity: bits, how surprising the agreeing words are together (0 without frequencies).
    """

    agreement: FloatArray
    omission: FloatArray
    contradiction: FloatArray
    weakest: FloatArray
    similarity: FloatArray
    rarity: FloatArray


@dataclass(frozen=True, slots=True)
class AlignedTokens:
    """Two words that stand for each other, or one word that stands alone (the other side is "").

    Words that the other side writes as one stand together, a space between them.
    """

    left: str
    right: str
    similarity: float
    reason: str


@dataclass(frozen=True, slots=True)
class NameEvidence:
    """One pair of names compared, with the alignment that explains it."""

    similarity: float
    agreement: float
    omission: float
    contradiction: float
    alignment: tuple[AlignedTokens, ...]


def align(table: NameTable, left: IntArray, right: IntArray) -> tuple[FloatArray, npt.NDArray[np.int8]]:
    """Return the greedy best alignment of the words of n name pairs, each word as it is written.

    Returns:
        similarities: shape (n, MAX_TOKENS): of the k-th left word with its partner, -1 without one.
        partners: shape (n, MAX_TOKENS), int8: the column of that partner on the right, -1 without one.
    """
    field = Field.of(table, left, right)
    sides = field.left.words.take(field.left.place[left]), field.right.words.take(field.right.place[right])
    grid = next(field.asked_grids([sides]))
    with_initials(field.words, *sides, grid)
    similarities, partners = settle(grid)
    return similarities.T, partners.T


def compare_batch(
    table: NameTable,
    left: IntArray,
    right: IntArray,
    token_bits: TokenBits | None = None,
    region: IntArray | None = None,
) -> NameFeatures:
    """Compare n pairs of names.

    Args:
        table: holds the names of both sides.
        left, right: shape (n,), name ids.
        token_bits: says how rare words are, and is asked of names only that agree in a word; None leaves `rarity` at 0.
        region: shape (n,), where each pair is compared, as `token_bits` takes it; None: 0.
    """
    parts = []
    for start in range(0, max(len(left), 1), _AT_ONCE):
        part = slice(start, start + _AT_ONCE)
        a, b = left[part], right[part]
        field = Field.of(table, a, b)
        found, whole = field.explain(a, b, field.asked_grids)
        rarity = np.zeros(len(a), dtype=np.float32)
        if token_bits is not None:
            where = np.zeros(len(a), dtype=np.int64) if region is None else region[part]
            rarity = _rarity(table, a, b, found, whole, token_bits, where)
        evidence = (found.agreement, found.omission, found.contradiction, found.weakest, found.similarity, rarity)
        parts.append(evidence)
    return NameFeatures(*(np.concatenate(arrays) for arrays in zip(*parts, strict=True)))


def _rarity(
    table: NameTable,
    left: IntArray,
    right: IntArray,
    found: Weighed,
    whole: npt.NDArray[np.bool_],
    token_bits: TokenBits,
    region: IntArray,
) -> FloatArray:
    """Return how surprising the agreeing words of n pairs are, shape (n,), in bits."""
    out = np.zeros(len(left), dtype=np.float32)
    rows = np.flatnonzero(found.agrees.any(axis=0) | whole)
    if not len(rows):
        return out
    tokens = np.stack([table.tokens[left[rows]].T, table.tokens[right[rows]].T])
    there = tokens >= 0
    bits = np.zeros(tokens.shape, dtype=np.float32)
    bits[there] = token_bits(tokens[there].astype(np.int64), np.broadcast_to(region[rows], tokens.shape)[there])
    for side, joined in zip(bits, (found.joined[rows], -found.joined[rows]), strict=True):
        pair = np.flatnonzero(joined > 0)
        first = joined[pair].astype(np.intp) - 1
        side[first, pair] += side[first + 1, pair]
    # The more common of two spellings decides: a rare misspelling of a common name is no rare name.
    column = np.maximum(found.partners[:, rows], 0).astype(np.intp)
    both = np.minimum(bits[0], np.take_along_axis(bits[1], column, axis=0))
    out[rows] = np.where(found.agrees[:, rows], both * found.similarities[:, rows], 0).sum(0)
    asked = np.flatnonzero(whole[rows])
    out[rows[asked]] = np.minimum(*bits[:, :, asked].sum(1)) * found.similarity[rows[asked]]
    return out


def compare_names(a: str, b: str, lang_a: str | None = None, lang_b: str | None = None) -> NameEvidence:
    """Compare two names, in any scripts, and say which words stand for which.

    Args:
        a, b: names as written.
        lang_a, lang_b: BCP 47, if known: "Ko" is a title in Burmese only.
    Returns:
        The evidence; `similarity` is 0.0 when either has no letters at all.
    """
    langs = {b: lang_b, a: lang_a}
    table = NameTable.build(
        (a, b), None if lang_a is lang_b is None else lambda text: parse_with_titles(text, langs[text])
    )
    left, right = np.array([table.ids[a]]), np.array([table.ids[b]])
    field = Field.of(table, left, right)
    found, whole = field.explain(left, right, field.asked_grids)
    parsed = [parse_with_titles(text, langs[text]) for text in (a, b)]
    words = [strongest_words(tuple(token for token in tokens if not token.title)) for tokens in parsed]
    together = float(found.weakest[0]) if whole[0] else None
    alignment = _alignment(words[0], words[1], found, together)
    for side, tokens in enumerate(parsed):
        for token in tokens:
            if token.title:
                texts = (token.text, "") if side == 0 else ("", token.text)
                alignment.append(AlignedTokens(*texts, 0.0, title_reason(side)))
    return NameEvidence(
        float(found.similarity[0]),
        float(found.agreement[0]),
        float(found.omission[0]),
        float(found.contradiction[0]),
        tuple(alignment),
    )


def _alignment(
    left: tuple[NameToken, ...], right: tuple[NameToken, ...], found: Weighed, together: float | None
) -> list[AlignedTokens]:
    """Return the words of one pair beside each other, each with the reason; left words first, in their order."""
    if together is not None:
        return [AlignedTokens(_shown(left, left), _shown(right, right), together, TOGETHER)]
    joined = int(found.joined[0])
    groups = [
        [tokens[i : i + 2] if i + 1 == joined * sign else tokens[i : i + 1] for i in range(len(tokens))]
        for tokens, sign in ((left, 1), (right, -1))
    ]
    alignment, used = [], set()
    passed = [joined * sign if joined * sign > 0 else -1 for sign in (1, -1)]
    for position, group in enumerate(groups[0]):
        partner = int(found.partners[position, 0])
        if position == passed[0]:
            continue
        shown = _shown(group, left)
        if partner < 0:
            alignment.append(AlignedTokens(shown, "", 0.0, alone_reason(group[0], 0)))
            continue
        used.add(partner)
        other, value = groups[1][partner], float(found.similarities[position, 0])
        why = reason(group[0], other[0], value) if len(group) == len(other) else TOGETHER
        alignment.append(AlignedTokens(shown, _shown(other, right), value, why))
    for position, group in enumerate(groups[1]):
        if position not in used and position != passed[1]:
            alignment.append(AlignedTokens("", _shown(group, right), 0.0, alone_reason(group[0], 1)))
    return alignment


def _shown(group: tuple[NameToken, ...], name: tuple[NameToken, ...]) -> str:
    """Return words as they stand, but the syllables of a word that was cut into several (Burmese) in Latin letters."""
    whole = len({token.text for token in group}) == 1 and len(group) == sum(t.text == group[0].text for t in name)
    if whole:
        return group[0].text
    texts = [token.text for token in name]
    return " ".join(token.text if texts.count(token.text) == 1 else token.roman for token in group)


def name_similarity(a: str, b: str) -> float:
    """Return how alike two names are, in [0, 1]; compare with `NAME_MATCH_THRESHOLD`."""
    return compare_names(a, b).similarity
