"""Could they come from one place? Gazetteer paths where both are known, villages as text, and places she remembers."""

from __future__ import annotations

from collections.abc import Callable
from itertools import compress

import numpy as np
import numpy.typing as npt
from rapidfuzz import fuzz
from rapidfuzz.distance import OSA, Indel
from rapidfuzz.process import cpdist

from matcher.columns import RecordColumns
from matcher.comparison import NULL, Comparison, Context, LevelResult, Pairs, distinct_pairs
from matcher.names.phonetics import token_similarities
from matcher.texts import parse_text

ORIGIN_LABELS = (
    "same village or town",
    "village in another spelling",
    "same block",
    "same district",
    "same district, another village",
    "same state",
    "same state, another district",
    "same country",
    "same country, another state",
    "nothing of the place in common",
)
(
    VILLAGE,
    VILLAGE_SPELLED,
    BLOCK,
    DISTRICT,
    DISTRICT_ELSEWHERE,
    STATE,
    STATE_ELSEWHERE,
    COUNTRY,
    COUNTRY_ELSEWHERE,
    ELSEWHERE,
) = range(10)
_SAME, _CLOSE = 0.93, 0.80
_LONG = 7  # letters


def _origin(columns: RecordColumns, i: Pairs, j: Pairs, _context: Context) -> LevelResult:
    """Level by the narrowest area both share, and whether anything narrower contradicts: unknown is not elsewhere.

    A village spelled alike counts only where no wider part contradicts.
    """
    a, b = columns.areas[i], columns.areas[j]
    both = (a >= 0) & (b >= 0)
    same = both & (a == b)
    known = both[:, 0].copy()
    levels = np.full(len(i), ELSEWHERE, dtype=np.int8)
    for area_level, level in ((0, COUNTRY), (1, STATE), (2, DISTRICT), (3, BLOCK)):
        levels[same[:, area_level]] = level
    # What the gazetteer does not know is compared as text.
    text_i, text_j = columns.district_text[i], columns.district_text[j]
    written = np.flatnonzero((text_i >= 0) & (text_j >= 0))
    alike = _text_similarity(columns, text_i[written], text_j[written])
    levels[written[(alike >= _CLOSE) & (levels[written] > DISTRICT)]] = DISTRICT
    known[written] = True
    narrower = (both & ~same).any(axis=1)
    narrower[written[alike < _CLOSE]] = True
    state_i, state_j = columns.state_text[i], columns.state_text[j]
    states = np.flatnonzero((state_i >= 0) & (state_j >= 0))
    alike = _text_similarity(columns, state_i[states], state_j[states])
    levels[states[(alike >= _CLOSE) & (levels[states] > STATE)]] = STATE
    known[states] = True
    narrower[states[alike < _CLOSE]] = True
    village_i, village_j = columns.village[i], columns.village[j]
    named = np.flatnonzero((village_i >= 0) & (village_j >= 0))
    alike = _text_similarity(columns, village_i[named], village_j[named])
    contradicted = (both & ~same)[named][:, 1:3].any(axis=1)
    levels[named[(alike >= _CLOSE) & ~contradicted]] = VILLAGE_SPELLED
    levels[named[(alike >= _SAME) & ~contradicted]] = VILLAGE
    known[named] = True
    narrower[named[alike < _CLOSE]] = True
    shared = np.isin(levels, (DISTRICT, STATE, COUNTRY))
    levels[shared & narrower] += 1
    # Nothing shared and nothing that both sides state at the same width: unknown, not different.
    told = both[:, 0] | ((village_i >= 0) & (village_j >= 0)) | ((state_i >= 0) & (state_j >= 0))
    comparable = known & ((levels < ELSEWHERE) | told)
    return LevelResult.plain(np.where(comparable, levels, NULL).astype(np.int8))


def _text_similarity(
    columns: RecordColumns, left: npt.NDArray[np.int32], right: npt.NDArray[np.int32]
) -> npt.NDArray[np.float32]:
    words_left, words_right = columns.texts.joined[left], columns.texts.joined[right]
    usable = (words_left >= 0) & (words_right >= 0)
    values = np.zeros(len(left), dtype=np.float32)
    if not usable.any():
        return values
    low, high, place = distinct_pairs(words_left[usable], words_right[usable])
    sound = token_similarities(columns.texts.codes, low, high)
    values[usable] = np.maximum(sound, _typing_similarity(columns, low, high))[place]
    return values


def _typing_similarity(columns: RecordColumns, left: Pairs, right: Pairs) -> npt.NDArray[np.float32]:
    """Return the similarity of long words under slips of the fingers, letters exchanged included; 0 for short ones.

    In a short word one other letter makes another village (Rampur, Rajpur).
    """
    words = columns.texts.vocabulary
    first, second = [words[n] for n in left.tolist()], [words[n] for n in right.tolist()]
    long = [min(len(one), len(other)) >= _LONG for one, other in zip(first, second, strict=True)]
    values = np.zeros(len(left), dtype=np.float32)
    both = np.flatnonzero(long)
    first, second = list(compress(first, long)), list(compress(second, long))
    values[both] = cpdist(first, second, scorer=OSA.normalized_similarity, processor=None, dtype=np.float32)
    return values


REMEMBERED_LABELS = (
    "remembers a place of the other's origin",
    "remembers another place of that state",
    "remembers other places",
)


def _remembered(columns: RecordColumns, i: Pairs, j: Pairs, _context: Context) -> LevelResult:
    """The best of both directions: what one side remembers against where the other comes from."""
    forward, backward = _remembers(columns, i, j), _remembers(columns, j, i)
    null = (forward == NULL) & (backward == NULL)
    best = np.minimum(np.where(forward == NULL, 9, forward), np.where(backward == NULL, 9, backward))
    return LevelResult.plain(np.where(null, NULL, best).astype(np.int8))


def _remembers(columns: RecordColumns, who: Pairs, origin: Pairs) -> npt.NDArray[np.int8]:
    remembered, areas = columns.remembered_areas[who], columns.areas[origin]
    texts, village = columns.remembered_texts[who], columns.village[origin]
    asked = ((remembered >= 0).any(axis=1) | (texts >= 0).any(axis=1)) & ((areas[:, 1] >= 0) | (village >= 0))
    levels = np.where(asked, 2, NULL).astype(np.int8)
    narrow = (remembered[:, :, None] >= 0) & (remembered[:, :, None] == areas[:, None, 2:])
    wide = (remembered >= 0) & (remembered == areas[:, 1:2])
    levels[asked & wide.any(axis=1)] = 1
    levels[asked & narrow.any(axis=(1, 2))] = 0
    row, column = np.nonzero((texts >= 0) & (village >= 0)[:, None] & asked[:, None])
    alike = _text_similarity(columns, texts[row, column], village[row])
    levels[row[alike >= _CLOSE]] = 0
    return levels


_ADDRESS_STEPS = (0.62, 0.78, 0.97)
ADDRESS_LABELS = ("same address", "address in another spelling", "addresses share a part", "different addresses")


def _sorted_words(text: str) -> str:
    """Return the folded words of a text in the order of the alphabet, one space between them."""
    return " ".join(sorted(token.folded for token in parse_text(text)))


def _letters(text: str) -> str:
    """Return the folded words of a text in their order, written together."""
    return "".join(token.folded for token in parse_text(text))


def _alike(
    columns: RecordColumns, low: Pairs, high: Pairs, read: Callable[[str], str], scorer: Callable[..., float]
) -> npt.NDArray[np.float32]:
    """Return the score of pairs of texts, shape (n,), each text read once."""
    used = np.unique(np.concatenate([low, high]))
    words = np.empty(len(columns.texts), dtype=object)
    words[used] = [read(columns.texts.names[number]) for number in used.tolist()]
    return cpdist(words[low].tolist(), words[high].tolist(), scorer=scorer, processor=None, dtype=np.float32)


def _address(columns: RecordColumns, i: Pairs, j: Pairs, _context: Context) -> LevelResult:
    """Level by the better of two readings: the same words in any order, or the same letters wherever the spaces are."""
    a, b = columns.address[i], columns.address[j]
    levels = np.full(len(i), NULL, dtype=np.int8)
    rows = np.flatnonzero((a >= 0) & (b >= 0))
    if len(rows):
        low, high, place = distinct_pairs(a[rows], b[rows])
        by_words = _alike(columns, low, high, _sorted_words, fuzz.ratio) / 100.0
        by_letters = _alike(columns, low, high, _letters, Indel.normalized_similarity)
        similarity = np.maximum(by_words, by_letters)[place]
        levels[rows] = 3 - np.searchsorted(np.array(_ADDRESS_STEPS, dtype=np.float32), similarity, side="right")
    return LevelResult.plain(levels)


ORIGIN = Comparison("origin", "Could they come from the same place?", ORIGIN_LABELS, _origin)
REMEMBERED = Comparison(
    "remembered", "Does she remember places where the other comes from?", REMEMBERED_LABELS, _remembered
)
ADDRESS = Comparison("address", "Is the family's address the same?", ADDRESS_LABELS, _address)
