"""Are two names one name? Words aligned free of order, and three kinds of evidence kept apart.

*Agreement*: a word on each side that is the same word. *Omission*: a word that only one side has (mild: people leave
out surnames). *Contradiction*: a word on each side that cannot be the same (strong: most false matches of other tools
are long names with one contradicting word).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from matcher.names.grammar import parse_name
from matcher.names.phonetics import MAX_TOKEN, encode_tokens, token_similarities
from matcher.names.table import MAX_TOKENS, NameTable, strongest_words

IntArray = npt.NDArray[np.int64]
FloatArray = npt.NDArray[np.float32]

SAME_WORD = 0.86
"""Two words at least this similar are taken for one word in two spellings."""
CLOSE_WORD = 0.70
"""Below this, two words are two words; between, nobody can say from the spelling."""
_JOINED_SAME = 0.84
_NATIVE_DIFFERS = 0.97
_INITIAL, _BOTH_INITIALS = 0.88, 1.0
# Folding hides what an initial may stand for: C. (which folds to k) for Chandra, P. for Phulmoni, Y. (i) for Yasmin.
_STANDS_ALSO_FOR = np.zeros(256, dtype=np.uint8)
_STANDS_ALSO_FOR[encode_tokens(["kpi"])[0, :3]] = encode_tokens(["cfy"])[0, :3]
_OMISSION_COST = 0.2
_CONTRADICTION_FACTOR = 0.6

NAME_MATCH_THRESHOLD = 0.74
"""Default decision on two names with no other evidence: at or above, a possible match."""


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
    """Two words that stand for each other, or one word that stands alone (the other side is "")."""

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
    """Return the greedy best alignment of the words of n name pairs.

    Returns:
        similarities: shape (n, MAX_TOKENS): of the k-th left word with its partner, -1 without one.
        partners: shape (n, MAX_TOKENS), int8: the column of that partner on the right, -1 without one.
    """
    a, b = table.tokens[left], table.tokens[right]
    n = len(a)
    grid = _word_similarities(table, a, b, table.initials[left], table.initials[right])
    similarities = np.full((n, MAX_TOKENS), -1.0, dtype=np.float32)
    partners = np.full((n, MAX_TOKENS), -1, dtype=np.int8)
    rows = np.arange(n)
    # Pairs are settled best first; what is already aligned leaves the grid.
    for _ in range(MAX_TOKENS):
        flat = grid.reshape(n, MAX_TOKENS**2)
        best = flat.argmax(axis=1)
        value = flat[rows, best]
        live = value >= 0
        if not live.any():
            break
        row, i, j = rows[live], best[live] // MAX_TOKENS, best[live] % MAX_TOKENS
        similarities[row, i] = value[live]
        partners[row, i] = j
        grid[row, i, :] = -1
        grid[row, :, j] = -1
    return similarities, partners


def _word_similarities(
    table: NameTable,
    a: npt.NDArray[np.int32],
    b: npt.NDArray[np.int32],
    initial_a: npt.NDArray[np.bool_],
    initial_b: npt.NDArray[np.bool_],
) -> FloatArray:
    """Return shape (n, MAX_TOKENS, MAX_TOKENS): every word with every word, -1 where one is missing."""
    left = np.repeat(a[:, :, None], MAX_TOKENS, axis=2)
    right = np.repeat(b[:, None, :], MAX_TOKENS, axis=1)
    present = (left >= 0) & (right >= 0)
    # Symmetric, so each unordered pair of words is computed once however often it occurs.
    low, high = np.minimum(left, right)[present].astype(np.int64), np.maximum(left, right)[present].astype(np.int64)
    unique, inverse = np.unique(low * len(table.vocabulary) + high, return_inverse=True)
    values = token_similarities(table.codes, unique // len(table.vocabulary), unique % len(table.vocabulary))
    grid = np.full(left.shape, -1.0, dtype=np.float32)
    grid[present] = values[inverse]
    either = present & (initial_a[:, :, None] | initial_b[:, None, :])
    if either.any():
        letter_a, letter_b = table.codes[left[either], 0], table.codes[right[either], 0]
        only_a = (initial_a[:, :, None] & ~initial_b[:, None, :])[either]
        only_b = (~initial_a[:, :, None] & initial_b[:, None, :])[either]
        same_letter = (
            (letter_a == letter_b)
            | (only_a & (_STANDS_ALSO_FOR[letter_a] == letter_b))
            | (only_b & (_STANDS_ALSO_FOR[letter_b] == letter_a))
        )
        grid[either] = np.where(same_letter, np.where(only_a | only_b, _INITIAL, _BOTH_INITIALS), 0.0)
    return grid


def _joined_similarities(table: NameTable, left: IntArray, right: IntArray) -> FloatArray:
    """Return how alike n pairs of names are when each is written as one word, shape (n,)."""
    rows_left, rows_right = table.joined[left].astype(np.int64), table.joined[right].astype(np.int64)
    together = token_similarities(table.codes, rows_left, rows_right)
    # Codes end after MAX_TOKEN letters, and with them a contradiction further on: look again at those that pass.
    cut = (table.codes[rows_left, -1] > 0) | (table.codes[rows_right, -1] > 0)
    again = np.flatnonzero(cut & (together >= _JOINED_SAME))
    if len(again):
        rows, where = np.unique(np.concatenate([rows_left[again], rows_right[again]]), return_inverse=True)
        whole = encode_tokens([table.vocabulary[row] for row in rows], MAX_TOKENS * MAX_TOKEN)
        together[again] = token_similarities(whole, where[: len(again)], where[len(again) :])
    return together


def compare_batch(
    table: NameTable,
    left: IntArray,
    right: IntArray,
    token_bits: FloatArray | None = None,
    region: IntArray | None = None,
) -> NameFeatures:
    """Compare n pairs of names.

    Args:
        table: holds the names of both sides.
        left, right: shape (n,), name ids.
        token_bits: shape (regions, v), -log2 of the frequency of each word of the table's vocabulary in each region;
            None leaves `rarity` at 0.
        region: shape (n,), the row of `token_bits` that holds for each pair; None takes row 0.
    """
    similarities, partners = align(table, left, right)
    aligned = partners >= 0
    weight_left = table.weights[left]
    weight_right_all = table.weights[right]
    column = np.where(aligned, partners, 0).astype(np.intp)
    weight_right = np.take_along_axis(weight_right_all, column, axis=1)
    pair_weight = np.where(aligned, np.minimum(weight_left, weight_right), 0.0)
    initials = np.take_along_axis(table.initials[right], column, axis=1) | table.initials[left]
    # Exactly one of the two words is a weak element (Kumari, Begum): left out by one writer rather than contradicted.
    low_information = aligned & (pair_weight <= 0.25) & ~initials
    agrees = aligned & (similarities >= SAME_WORD)
    close = aligned & ~agrees & (similarities >= CLOSE_WORD)
    contradicts = aligned & ~agrees & ~close
    omitted_as_weak = contradicts & low_information

    agreement = (pair_weight * np.where(agrees, similarities, np.where(close, similarities - 0.25, 0.0))).sum(1)
    contradiction = (pair_weight * (contradicts & ~omitted_as_weak)).sum(1)
    total_left, total_right = weight_left.sum(1), weight_right_all.sum(1)
    settled_left = (weight_left * (aligned & ~omitted_as_weak)).sum(1)
    settled_right = (np.where(aligned & ~omitted_as_weak, weight_right, 0.0)).sum(1)
    omission = np.maximum(total_left - settled_left, 0) + np.maximum(total_right - settled_right, 0)
    weakest = np.where(agrees | close, similarities, 1.0).min(axis=1)

    # Words written together on one side only: Abdul Rahman, Abdurrahman; syllables of a Burmese name.
    count_left, count_right = (table.tokens[left] >= 0).sum(1), (table.tokens[right] >= 0).sum(1)
    check = np.flatnonzero((count_left != count_right) & ((contradiction > 0) | (omission > 0) | (weakest < SAME_WORD)))
    usable = (table.joined[left[check]] >= 0) & (table.joined[right[check]] >= 0)
    check = check[usable]
    together = _joined_similarities(table, left[check], right[check])
    aligned_only = _similarity(agreement, contradiction, omission, pair_weight, agrees | close)
    joins = (together >= _JOINED_SAME) & (together > aligned_only[check])
    check, together = check[joins], together[joins]
    agreement[check] = np.maximum(total_left, total_right)[check] * together
    contradiction[check], omission[check], weakest[check] = 0.0, 0.0, together

    similarity = aligned_only
    similarity[check] = together
    # Two native spellings that differ are never quite one name, however alike they sound in Latin letters.
    differ = (table.written[left] != table.written[right]) & (table.scripts[left] == table.scripts[right])
    differ &= table.scripts[left] > 0
    similarity = np.where(differ, np.minimum(similarity, _NATIVE_DIFFERS), similarity)
    weakest = np.where(differ, np.minimum(weakest, _NATIVE_DIFFERS), weakest)
    nobody = (count_left == 0) | (count_right == 0)
    rarity = np.zeros(len(left), dtype=np.float32)
    if token_bits is not None:
        where = np.zeros(len(left), dtype=np.int64) if region is None else region
        tokens_left, tokens_right = table.tokens[left], table.tokens[right]
        bits_left = token_bits[where[:, None], np.maximum(tokens_left, 0)]
        bits_right_all = token_bits[where[:, None], np.maximum(tokens_right, 0)]
        # The more common of two spellings decides: a rare misspelling of a common name is no rare name.
        bits = np.minimum(bits_left, np.take_along_axis(bits_right_all, column, axis=1))
        rarity = (np.where(agrees & ~initials, bits, 0.0) * np.where(agrees, similarities, 0.0)).sum(1)
        whole_left = (bits_left * (tokens_left >= 0)).sum(1)
        whole_right = (bits_right_all * (tokens_right >= 0)).sum(1)
        rarity[check] = np.minimum(whole_left, whole_right)[check] * together
    return NameFeatures(
        agreement.astype(np.float32),
        omission.astype(np.float32),
        contradiction.astype(np.float32),
        weakest.astype(np.float32),
        np.where(nobody, 0.0, np.clip(similarity, 0.0, 1.0)).astype(np.float32),
        rarity.astype(np.float32),
    )


def _similarity(
    agreement: npt.NDArray[np.floating],
    contradiction: npt.NDArray[np.floating],
    omission: npt.NDArray[np.floating],
    pair_weight: npt.NDArray[np.floating],
    related: npt.NDArray[np.bool_],
) -> npt.NDArray[np.floating]:
    """Return the three kinds of evidence as one number, shape (n,); contradiction counts geometrically."""
    total = agreement + contradiction + _OMISSION_COST * omission
    similarity = agreement / np.maximum(total, 1e-6) * _CONTRADICTION_FACTOR**contradiction
    # Of the words that agree, what the spellings leave open counts as well.
    spread = np.maximum((pair_weight * related).sum(1), 1e-6)
    return np.asarray(similarity * np.clip(agreement / spread, 0.0, 1.0))


def compare_names(a: str, b: str) -> NameEvidence:
    """Compare two names, in any scripts, and say which words stand for which.

    Args:
        a, b: names as written.
    Returns:
        The evidence; `similarity` is 0.0 when either has no letters at all.
    """
    table = NameTable.build((a, b))
    left, right = np.array([table.ids[a]]), np.array([table.ids[b]])
    features = compare_batch(table, left, right)
    similarities, partners = align(table, left, right)
    words_a, words_b = strongest_words(parse_name(a)), strongest_words(parse_name(b))
    alignment: list[AlignedTokens] = []
    used: set[int] = set()
    for position, word in enumerate(words_a):
        partner = int(partners[0, position])
        if partner < 0:
            alignment.append(AlignedTokens(word.text, "", 0.0, "only on the left"))
            continue
        used.add(partner)
        other, value = words_b[partner], float(similarities[0, position])
        alignment.append(AlignedTokens(word.text, other.text, value, _reason(value)))
    for position, word in enumerate(words_b):
        if position not in used:
            alignment.append(AlignedTokens("", word.text, 0.0, "only on the right"))
    return NameEvidence(
        float(features.similarity[0]),
        float(features.agreement[0]),
        float(features.omission[0]),
        float(features.contradiction[0]),
        tuple(alignment),
    )


def _reason(similarity: float) -> str:
    if similarity >= 0.999:
        return "same sound"
    if similarity >= SAME_WORD:
        return "spellings of one word"
    return "close spellings" if similarity >= CLOSE_WORD else "different words"


def name_similarity(a: str, b: str) -> float:
    """Return how alike two names are, in [0, 1]; compare with `NAME_MATCH_THRESHOLD`."""
    return compare_names(a, b).similarity
