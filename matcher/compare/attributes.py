"""Do body, language and exact keys agree? Sex, languages, height with growth, marks, phones, identifiers, postcode."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from matcher.columns import RecordColumns
from matcher.comparison import NULL, Comparison, Context, LevelResult, Pairs
from matcher.names.alignment import compare_batch
from matcher.names.phonetics import token_similarities

Levels = npt.NDArray[np.int8]


def _sex(columns: RecordColumns, i: Pairs, j: Pairs, _context: Context) -> LevelResult:
    a, b = columns.sex[i], columns.sex[j]
    return LevelResult.plain(np.where((a == 0) | (b == 0), NULL, a != b).astype(np.int8))


def _languages(columns: RecordColumns, i: Pairs, j: Pairs, _context: Context) -> LevelResult:
    a, b = columns.languages[i], columns.languages[j]
    return LevelResult.plain(np.where((a == 0) | (b == 0), NULL, (a & b) == 0).astype(np.int8))


HEIGHT_LABELS = ("height fits, growth allowed for", "height off by a few centimetres", "height does not fit")
_GROWTH_PER_YEAR, _GROWN_AT, _MEASURING_ERROR = 7.0, 18.0, 4.0


def _height(columns: RecordColumns, i: Pairs, j: Pairs, _context: Context) -> LevelResult:
    """A child grows up to 7 cm a year until 18; nobody shrinks by more than the error of measuring."""
    height = columns.height
    known = ~np.isnan(height[i]) & ~np.isnan(height[j])
    day_i, day_j = columns.height_on[i].astype(np.float64), columns.height_on[j].astype(np.float64)
    dated = (day_i > 0) & (day_j > 0)
    years = np.where(dated, (day_j - day_i) / 365.25, 0.0)
    older, younger = np.where(years >= 0, height[j], height[i]), np.where(years >= 0, height[i], height[j])
    # Unknown is -1; of two different dates of birth the later holds, which leaves more years to grow.
    birth = np.maximum(columns.birth[i, 1], columns.birth[j, 1]).astype(np.float64)
    first_day = np.minimum(np.where(day_i > 0, day_i, np.inf), np.where(day_j > 0, day_j, np.inf))
    age = np.where((birth > 0) & np.isfinite(first_day), (first_day - birth) / 365.25, 10.0)
    growing = np.clip(np.minimum(np.abs(years), _GROWN_AT - age), 0.0, None)
    change = older - younger
    misfit = np.maximum(np.maximum(-change, change - growing * _GROWTH_PER_YEAR), 0.0)
    levels = np.searchsorted(np.array([_MEASURING_ERROR, 3 * _MEASURING_ERROR]), misfit)
    return LevelResult.plain(np.where(known, levels, NULL).astype(np.int8))


MARK_LABELS = ("a mark of the same description", "marks described alike in part", "marks differ")


def _marks(columns: RecordColumns, i: Pairs, j: Pairs, _context: Context) -> LevelResult:
    a, b = columns.marks[i], columns.marks[j]
    levels = np.full(len(i), NULL, dtype=np.int8)
    pair, x, y = np.nonzero((a[:, :, None] >= 0) & (b[:, None, :] >= 0))
    if len(pair):
        features = compare_batch(columns.texts, a[pair, x].astype(np.int64), b[pair, y].astype(np.int64))
        best = np.zeros(len(i), dtype=np.float32)
        np.maximum.at(best, pair, features.similarity)
        levels[pair] = 2
        levels[best >= 0.35] = 1
        levels[best >= 0.75] = 0
    return LevelResult.plain(levels)


def _any_equal(a: npt.NDArray[np.int64], b: npt.NDArray[np.int64]) -> npt.NDArray[np.bool_]:
    equal: npt.NDArray[np.bool_] = ((a[:, :, None] == b[:, None, :]) & (a[:, :, None] != 0)).any(axis=(1, 2))
    return equal


def _phones(columns: RecordColumns, i: Pairs, j: Pairs, _context: Context) -> LevelResult:
    a, b = columns.phones[i], columns.phones[j]
    known = (a != 0).any(axis=1) & (b != 0).any(axis=1)
    return LevelResult.plain(np.where(known, ~_any_equal(a, b), NULL).astype(np.int8))


def _identifiers(columns: RecordColumns, i: Pairs, j: Pairs, _context: Context) -> LevelResult:
    """Compared within type: a FIR number is never set against a ration card."""
    known = _any_equal(columns.identifier_types[i], columns.identifier_types[j])
    equal = _any_equal(columns.identifiers[i], columns.identifiers[j])
    return LevelResult.plain(np.where(known, ~equal, NULL).astype(np.int8))


POSTCODE_LABELS = ("same postcode", "postcode differs in one digit", "different postcodes")


def _postcode(columns: RecordColumns, i: Pairs, j: Pairs, _context: Context) -> LevelResult:
    return LevelResult.plain(text_levels(columns, columns.postcode, i, j, (0.999, 0.70)))


def text_levels(
    columns: RecordColumns, column: npt.NDArray[np.int32], i: Pairs, j: Pairs, thresholds: tuple[float, float]
) -> Levels:
    """Return 0, 1 or 2 by the similarity of two short texts written without spaces; null when either is unknown.

    Args:
        column: shape (n,), ids in `columns.texts`, -1 unknown.
        thresholds: similarity of levels 0 and 1.
    """
    a, b = column[i], column[j]
    levels = np.full(len(i), NULL, dtype=np.int8)
    rows = np.flatnonzero((a >= 0) & (b >= 0))
    word_a, word_b = columns.texts.joined[a[rows]], columns.texts.joined[b[rows]]
    worded = (word_a >= 0) & (word_b >= 0)
    rows, word_a, word_b = rows[worded], word_a[worded], word_b[worded]
    if len(rows):
        size = len(columns.texts.vocabulary)
        # Symmetric: each unordered pair of words is compared once, in one order.
        low, high = np.minimum(word_a, word_b).astype(np.int64), np.maximum(word_a, word_b)
        keys, inverse = np.unique(low * size + high, return_inverse=True)
        values = token_similarities(columns.texts.codes, keys // size, keys % size)[inverse]
        levels[rows] = np.where(values >= thresholds[0], 0, np.where(values >= thresholds[1], 1, 2))
    return levels


SEX = Comparison("sex", "Is the recorded sex the same?", ("same sex", "different sex"), _sex)
LANGUAGES = Comparison(
    "languages", "Do they share a language?", ("a language in common", "no language in common"), _languages
)
HEIGHT = Comparison("height", "Does the height fit, growth allowed for?", HEIGHT_LABELS, _height)
MARKS = Comparison("marks", "Do distinguishing marks agree?", MARK_LABELS, _marks)
PHONES = Comparison("phones", "Is a phone number the same?", ("same phone number", "different phone numbers"), _phones)
IDENTIFIERS = Comparison(
    "identifiers", "Is an identifier of one type the same?", ("same identifier", "different identifiers"), _identifiers
)
POSTCODE = Comparison("postcode", "Is the postcode the same?", POSTCODE_LABELS, _postcode)
