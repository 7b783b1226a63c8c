"""Do body, language and exact keys agree? Sex, languages, height with growth, phones, identifiers, postcode."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from matcher.columns import LANGUAGES_KEPT, RecordColumns
from matcher.comparison import NULL, Comparison, Context, LevelResult, Pairs, distinct_pairs
from matcher.names.phonetics import token_similarities

Levels = npt.NDArray[np.int8]
Floats = npt.NDArray[np.float64]
_YEAR = 365.25


def _sex(columns: RecordColumns, i: Pairs, j: Pairs, _context: Context) -> LevelResult:
    a, b = columns.sex[i], columns.sex[j]
    return LevelResult.plain(np.where((a == 0) | (b == 0), NULL, a != b).astype(np.int8))


def _languages(columns: RecordColumns, i: Pairs, j: Pairs, _context: Context) -> LevelResult:
    """The rarity of a language in common is that of the rarest: most people of the region share a language of trade."""
    a, b = columns.languages[i], columns.languages[j]
    shared = a & b
    # Few distinct sets of languages occur, whatever the number of pairs.
    sets, place = np.unique(shared, return_inverse=True)
    spoken = (sets[:, None] >> np.arange(LANGUAGES_KEPT, dtype=np.uint64) & np.uint64(1)) != 0
    rarest = np.where(spoken, columns.language_bits, 0.0).max(axis=1, initial=0.0)
    levels = np.where((a == 0) | (b == 0), NULL, shared == 0).astype(np.int8)
    return LevelResult(levels, rarest[place].astype(np.float32))


HEIGHT_LABELS = ("height fits, growth allowed for", "height off by a few centimetres", "height does not fit")
# Median heights at 0, 1, ... 19 years, centimetres. Source: WHO child growth standards 2006, growth reference 2007.
_GIRLS = (
    49.1, 74.0, 85.7, 95.1, 102.7, 109.1, 115.1, 120.8, 126.6, 132.5, 138.6, 145.0, 151.2, 156.4, 159.8, 161.7, 162.5,
    162.9, 163.1, 163.2,
)  # fmt: skip
_BOYS = (
    49.9, 75.7, 87.1, 96.1, 103.3, 109.7, 116.0, 121.7, 127.3, 132.6, 137.8, 143.1, 149.1, 156.0, 163.2, 169.0, 172.9,
    175.2, 176.1, 176.5,
)  # fmt: skip
_MEASURING_ERROR = 4.0
_GROWTH_VARIES = 0.25  # hunger slows a child down, and one comes into puberty two years before another
_GUESS_OFF = 2.0  # years by which a guessed age is often wrong
_UNKNOWN_AGES = (8.0, 18.0)
_FEMALE, _MALE = 1, 2


def _height(columns: RecordColumns, i: Pairs, j: Pairs, _context: Context) -> LevelResult:
    """A child grows as children of that age do, give or take a quarter; nobody shrinks by more than is mismeasured."""
    known = ~np.isnan(columns.height[i]) & ~np.isnan(columns.height[j])
    levels = np.full(len(i), NULL, dtype=np.int8)
    i, j = i[known], j[known]
    if not len(i):
        return LevelResult.plain(levels)
    height_i, height_j = columns.height[i].astype(np.float64), columns.height[j].astype(np.float64)
    day_i, day_j = columns.height_on[i].astype(np.float64), columns.height_on[j].astype(np.float64)
    years = np.where((day_i > 0) & (day_j > 0), (day_j - day_i) / _YEAR, 0.0)
    change = np.where(years >= 0, height_j - height_i, height_i - height_j)
    least, most = _growth(columns, i, j, np.minimum(day_i, day_j), np.abs(years))
    misfit = np.maximum(least * (1 - _GROWTH_VARIES) - change, change - most * (1 + _GROWTH_VARIES))
    levels[known] = np.searchsorted(np.array([_MEASURING_ERROR, 3 * _MEASURING_ERROR]), misfit)
    return LevelResult.plain(levels)


def _growth(columns: RecordColumns, i: Pairs, j: Pairs, first_day: Floats, years: Floats) -> tuple[Floats, Floats]:
    """Return the least and the most that somebody of either age and sex grows in so many years, shape (n,) each."""
    ages = []
    for rows in (i, j):
        born, guessed = columns.birth[rows].astype(np.float64), columns.birth_guessed[rows] * _GUESS_OFF
        unknown = born[:, 0] < 0
        ages += [
            np.where(unknown, np.nan, (first_day - born[:, 1]) / _YEAR - guessed),
            np.where(unknown, np.nan, (first_day - born[:, 0]) / _YEAR + guessed),
        ]
    youngest, oldest = np.fmin(ages[0], ages[2]), np.fmax(ages[1], ages[3])
    youngest = np.where(np.isnan(youngest), _UNKNOWN_AGES[0], youngest)
    oldest = np.where(np.isnan(oldest), _UNKNOWN_AGES[1], oldest)
    at = np.stack([youngest, (youngest + oldest) / 2, oldest])
    sex_i, sex_j = columns.sex[i], columns.sex[j]
    least, most = np.full(len(i), np.inf), np.zeros(len(i))
    for curve, own, other in ((_GIRLS, _FEMALE, _MALE), (_BOYS, _MALE, _FEMALE)):
        # A curve is left out where one record says the other sex and none says this one.
        rows = np.flatnonzero((sex_i == own) | (sex_j == own) | ((sex_i != other) & (sex_j != other)))
        then, later = at[:, rows], at[:, rows] + years[rows]
        gain = np.interp(later, np.arange(len(curve)), curve) - np.interp(then, np.arange(len(curve)), curve)
        least[rows] = np.minimum(least[rows], gain.min(axis=0))
        most[rows] = np.maximum(most[rows], gain.max(axis=0))
    return least, most


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
        low, high, place = distinct_pairs(word_a, word_b)
        values = token_similarities(columns.texts.codes, low, high)[place]
        levels[rows] = np.where(values >= thresholds[0], 0, np.where(values >= thresholds[1], 1, 2))
    return levels


SEX = Comparison("sex", "Is the recorded sex the same?", ("same sex", "different sex"), _sex)
LANGUAGES = Comparison(
    "languages", "Do they share a language?", ("a language in common", "no language in common"), _languages
)
HEIGHT = Comparison("height", "Does the height fit, growth allowed for?", HEIGHT_LABELS, _height)
PHONES = Comparison("phones", "Is a phone number the same?", ("same phone number", "different phone numbers"), _phones)
IDENTIFIERS = Comparison(
    "identifiers", "Is an identifier of one type the same?", ("same identifier", "different identifiers"), _identifiers
)
POSTCODE = Comparison("postcode", "Is the postcode the same?", POSTCODE_LABELS, _postcode)
