"""In which situation are the places of two records? Which areas are the same, which texts alike, what is remembered.

The comparisons `compare.places.ORIGIN` and `REMEMBERED` look at no more than this; what they say of it they are asked.
Texts are told apart as there: as they sound, and, where they are long, under slips of the fingers.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import numpy.typing as npt

from matcher.columns import AREA_LEVELS, REMEMBERED_KEPT, RecordColumns
from matcher.compare.places import _CLOSE, _SAME, ORIGIN, REMEMBERED
from matcher.fast.compiled import Number, Record, Rows, aligned, bits_set, compiled
from matcher.fast.letters import cost_of, least_cost, spell_words
from matcher.fast.rules import WORD, most_cost, word_rules
from matcher.fast.tables import used_rows

Int32 = npt.NDArray[np.int32]

_SITUATIONS = {ORIGIN: 3**AREA_LEVELS * 4**3, REMEMBERED: 2**14}
"""How many there are for each comparison."""
_LONG = 7
"""Letters from which a word may be written with other letters by a slip of the fingers, and still be that word."""
_WORDLESS = -2

PLACE = np.dtype(
    [
        ("areas", "i4", AREA_LEVELS),
        ("told", "i4", 3),  # district, state and village in words
        ("remembered", "i4", REMEMBERED_KEPT),
        ("texts", "i4", REMEMBERED_KEPT),
    ],
    align=True,
)
"""Codes of areas and rows of `TEXT`, -1 where nothing is known, -2 where there is no word in it."""
TEXT = np.dtype([("word", WORD), ("letters", "u8"), ("begin", "i4"), ("length", "i4")], align=True)
"""A word, its letters as bits, and where they stand one after the other."""
LIMITS = np.dtype([("close", "f4"), ("same", "f4"), ("long", "i4")], align=True)


class Places:
    """The places of records of two sides.

    Attributes:
        sizes: comparison -> how many situations there are.
    """

    sizes, of_all_records = _SITUATIONS, True

    def __init__(self, columns: RecordColumns, left: Rows, right: Rows) -> None:
        """Read the places of the records in rows `left`, shape (l,), and `right`, shape (r,)."""
        self._rules = word_rules()
        self._closest = _closest()
        self._limits = np.array([(_CLOSE, _SAME, _LONG)], dtype=LIMITS)
        rows = np.concatenate([left, right])
        told = np.stack([columns.district_text[rows], columns.state_text[rows], columns.village[rows]], axis=1)
        texts = columns.remembered_texts[rows]
        place = np.full(len(columns.texts) + 1, -1, dtype=np.int32)
        ids = used_rows(len(columns.texts), told, texts)
        words_of_ids = columns.texts.joined[ids]
        words = used_rows(len(columns.texts.vocabulary), words_of_ids)
        number = np.full(len(columns.texts.vocabulary) + 1, _WORDLESS, dtype=np.int32)
        number[words] = np.arange(len(words))
        place[ids] = number[words_of_ids]
        self._texts, self._spelled, self._points = _texts(columns, words, self._rules)
        places = aligned(len(rows), PLACE)
        places["areas"], places["remembered"] = columns.areas[rows], columns.remembered_areas[rows]
        places["told"], places["texts"] = place[told], place[texts]
        self._left, self._right = places[: len(left)], places[len(left) :]

    def situations(self, i: Int32, j: Int32) -> Int32:
        """Return the situations of n pairs, shape (2, n), for each of `sizes`."""
        keys = np.empty((len(self.sizes), len(i)), dtype=np.int32)
        rows = np.empty((3, int(self._texts["length"].max()) + 2), dtype=np.int32)
        _compare(
            i, j, self._left, self._right, self._texts, self._spelled, self._points, self._rules, self._closest,
            self._limits, rows, keys,
        )  # fmt: skip
        return keys


@lru_cache(maxsize=1)
def _closest() -> npt.NDArray[np.int16]:
    """Return the most units that leave two texts close, by their steps."""
    return most_cost(word_rules()["scales"][0], _CLOSE)


def _texts(columns: RecordColumns, words: npt.NDArray[np.intp], rules: Rows) -> tuple[Rows, Rows, Rows]:
    """Return words of the vocabulary as `TEXT`, as `SPELLED`, and their letters one after the other.

    Each is at least one row, for compiled code to look at.
    """
    written = [columns.texts.vocabulary[word] for word in words.tolist()] or [""]
    codes = columns.texts.codes[words] if len(words) else np.zeros((1, columns.texts.codes.shape[1]), np.uint8)
    texts = aligned(len(written), TEXT)
    texts["word"], spelled = spell_words(codes, rules)
    lengths = np.fromiter(map(len, written), dtype=np.int32, count=len(written))
    begins = np.cumsum(lengths, dtype=np.int32) - lengths
    points = np.frombuffer("".join([*written, "\0"]).encode("utf-32-le", "surrogatepass"), dtype="<u4")
    bits = np.uint64(1) << (points % 64).astype(np.uint64)
    texts["length"], texts["begin"] = lengths, begins
    # Of an empty word the letter behind it would be taken.
    texts["letters"] = np.where(lengths > 0, np.bitwise_or.reduceat(bits, begins), np.uint64(0))
    return texts, spelled, points


@compiled
def _compare(
    i: Rows, j: Rows, left: Rows, right: Rows, texts: Rows, spelled: Rows, points: Rows, rules: Rows, closest: Rows,
    limits: Rows, rows: Rows, keys: Rows,
) -> None:  # fmt: skip
    rule, limit = rules[0], limits[0]
    for number in range(len(i)):
        one, other = left[i[number]], right[j[number]]
        key: Number = 0
        for width in range(len(one.areas)):
            both = one.areas[width] >= 0 and other.areas[width] >= 0
            key = 3 * key + (0 if not both else (1 if one.areas[width] == other.areas[width] else 2))
        for text in range(len(one.told)):
            a, b = one.told[text], other.told[text]
            alike = 0
            if a != -1 and b != -1:
                alike = 1
                if a == b:
                    alike = 1 if a < 0 else 3
                elif a >= 0 and b >= 0 and _may_be(texts[a], texts[b], rule, closest, limit):
                    alike = _alike(texts[a], spelled[a], texts[b], spelled[b], points, rule, closest, limit, rows)
            key = 4 * key + alike
        keys[0, number] = key
        key = 0
        for side in range(2):
            who, origin = (one, other) if side == 0 else (other, one)
            key *= 128
            if who.remembered[0] < 0 and who.texts[0] == -1:
                continue
            village = origin.told[2]
            narrow, wide, near = np.int64(0), np.int64(0), np.int64(0)
            for place in range(len(who.remembered)):
                area = who.remembered[place]
                if area >= 0:
                    narrow |= np.int64(area == origin.areas[2]) | np.int64(area == origin.areas[3])
                    wide |= np.int64(area == origin.areas[1])
            for place in range(len(who.texts)):
                a = who.texts[place]
                if a < 0 or village < 0:
                    continue
                if a == village:
                    near = np.int64(1)
                elif _may_be(texts[a], texts[village], rule, closest, limit):
                    found = _alike(
                        texts[a], spelled[a], texts[village], spelled[village], points, rule, closest, limit, rows
                    )
                    near |= np.int64(found > 1)
            key += 64 * np.int64(who.remembered[0] >= 0) + 32 * np.int64(who.texts[0] != -1)
            key += 16 * np.int64(origin.areas[1] >= 0) + 8 * np.int64(village != -1) + 4 * narrow + 2 * wide + near
        keys[1, number] = key


@compiled
def _may_be(one: Record, other: Record, rule: Record, closest: Rows, limit: Record) -> Number:
    """Tell whether two texts may be close, by a look at their letters."""
    if least_cost(one.word, other.word, rule) <= closest[one.word.steps + other.word.steps]:
        return True
    longer = max(one.length, other.length)
    # Of the letters that only one of two words has, a slip explains two at most.
    slips: Number = max(abs(one.length - other.length), (bits_set(one.letters ^ other.letters) + 1) // 2)
    long = min(one.length, other.length) >= limit.long
    return long and np.float32(1.0 - slips / longer) >= limit.close


@compiled
def _alike(
    one: Record, spelled_one: Record, other: Record, spelled_other: Record, points: Rows, rule: Record, closest: Rows,
    limit: Record, rows: Rows,
) -> Number:  # fmt: skip
    """Return 3 where two texts are the same, 2 where they are close, 1 else."""
    steps = one.word.steps + other.word.steps
    value = np.float32(0)
    cost = cost_of(spelled_one, spelled_other, rule, rows[0], np.int64(closest[steps]))
    if cost >= 0:
        value = np.float32(1) - np.float32(cost) * rule.scales[steps]
    if value < limit.same and min(one.length, other.length) >= limit.long:
        slips = _slips(one, other, points, rows)
        value = max(value, np.float32(1.0 - slips / max(one.length, other.length)))
    return 3 if value >= limit.same else (2 if value >= limit.close else 1)


@compiled
def _slips(one: Record, other: Record, points: Rows, rows: Rows) -> Number:
    """Return how many letters are left out, put in, turned into another or exchanged with the next (OSA distance)."""
    high, wide = np.int64(one.length), np.int64(other.length)
    for y in range(wide + 1):
        rows[1, y] = y
    for x in range(1, high + 1):
        here = points[one.begin + x - 1]
        now, before, earlier = (x + 1) % 3, x % 3, (x + 2) % 3
        rows[now, 0] = x
        for y in range(1, wide + 1):
            there = points[other.begin + y - 1]
            best = min(min(rows[before, y], rows[now, y - 1]) + 1, rows[before, y - 1] + np.int64(here != there))
            if x > 1 and y > 1 and here == points[other.begin + y - 2] and there == points[one.begin + x - 2]:
                best = min(best, rows[earlier, y - 2] + 1)
            rows[now, y] = best
    return np.int64(rows[(high + 1) % 3, wide])
