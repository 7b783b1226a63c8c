"""What do two names say that have words which may be alike? Aligned and weighed as `matcher.names.weighing` does.

The same steps, in the same order and the same 32-bit numbers, for one pair at a time; what no level depends on (how
alike two words are that are not) is worked out only where the alignment of the rest depends on it.
"""

from __future__ import annotations

import numpy as np

from matcher.fast.compiled import Number, Record, Rows, compiled
from matcher.fast.letters import word_similarity
from matcher.fast.memo import remembered
from matcher.fast.rules import JOINED, WHOLE
from matcher.names.phonetics import MAX_TOKEN
from matcher.names.table import MAX_TOKENS

SIDE = np.dtype([("count", "u1"), ("initials", "u1"), ("courtesies", "u1"), ("weights", "f4", MAX_TOKENS)], align=True)
"""A name as it is weighed: a part of `namebook.NAME`."""
SCRATCH = np.dtype(
    [
        ("grid", "f4", (MAX_TOKENS, MAX_TOKENS)),
        ("partner", "i4", MAX_TOKENS),
        ("row", "i4", MAX_TOKENS * MAX_TOKEN + 2),
        ("agreement", "f4"),
        ("omission", "f4"),
        ("contradiction", "f4"),
        ("weakest", "f4"),
        ("related", "f4"),  # weight of the words that agree or are close
        ("exponent", "f4"),  # contradictions, the more the less alike they are
        ("agree_a", "u1"),
        ("agree_b", "u1"),
        ("asked", "i8"),  # how many keys have been asked for
        ("left", SIDE),
        ("right", SIDE),
        ("joined", JOINED),
        ("best", JOINED),
        ("whole_a", WHOLE),
        ("whole_b", WHOLE),
    ],
    align=True,
)


@compiled
def weigh_pairs(pairs: Rows, names: Rows, words: Rows, spelled: Rows, rules: Rows, pets: Rows, scratch: Rows) -> None:
    """Fill in what pairs of names say, from `survey`, word by word."""
    rule, own = rules[0], scratch[0]
    for k in range(len(pairs)):
        pair = pairs[k]
        pair.joined = pair.related = pair.agree_a = pair.agree_b = 0
        pair.open = 1
        if pair.alike == 0:
            continue
        one, other = names[pair.a], names[pair.b]
        high, wide, alike = np.int64(one.count), np.int64(other.count), np.int64(pair.alike)
        for x in range(high):
            if (alike >> (x * len(one.words))) & 31 == 0:
                continue
            for y in range(wide):
                if (alike >> (x * len(one.words) + y)) & 1 == 1:
                    a, b = one.words[x], other.words[y]
                    value = word_similarity(words[a], spelled[a], words[b], spelled[b], rule, pets, own.row, False)
                    own.grid[x, y] = value
                    if abs(value) >= rule.close and value != np.float32(2):
                        pair.related = 1
        if pair.related == 0:
            continue
        for x in range(high):
            own.partner[x] = -1
            for y in range(wide):
                if (alike >> (x * len(one.words) + y)) & 1 == 0:
                    own.grid[x, y] = np.float32(2)
        free_a, free_b = settle(high, wide, (1 << high) - 1, (1 << wide) - 1, own, rule.close)
        contradicted = False
        if free_a > 0 and free_b > 0:
            if free_a & (free_a - 1) == 0 and free_b & (free_b - 1) == 0:
                # One word is left on either side, and whatever their similarity, each has only the other.
                settle(high, wide, free_a, free_b, own, np.float32(-1))
            elif _all_speak(one, free_a, rule) and _all_speak(other, free_b, rule):
                contradicted = True
            else:
                _compare_rest(one, other, free_a, free_b, words, spelled, rule, pets, own)
                settle(high, wide, free_a, free_b, own, np.float32(-1))
        weigh(one, other, one.script == other.script and one.inherent == 0, rule, own)
        if contradicted:
            # Whichever stands for which.
            own.contradiction += np.float32(1)
        keep_weighed(pair, one, other, rule, own)


@compiled
def _compare_rest(
    one: Record, other: Record, free_a: Number, free_b: Number, words: Rows, spelled: Rows, rule: Record, pets: Rows,
    own: Record,
) -> None:  # fmt: skip
    """Work out how alike the words are that are left."""
    for x in range(np.int64(one.count)):
        for y in range(np.int64(other.count)):
            if (free_a >> x) & (free_b >> y) & 1 and own.grid[x, y] == np.float32(2):
                a, b = one.words[x], other.words[y]
                own.grid[x, y] = word_similarity(words[a], spelled[a], words[b], spelled[b], rule, pets, own.row, True)


@compiled
def settle(
    high: Number, wide: Number, free_a: Number, free_b: Number, own: Record, least: Number
) -> tuple[Number, Number]:
    """Align free words best pair first, of equals the one that stands first, down to `least`; return what stays free.

    A similarity of which only is known that it is low counts as none.
    """
    while free_a > 0 and free_b > 0:
        best = np.float32(-1)
        row, column = 0, 0
        for x in range(high):
            for y in range(wide):
                value = abs(own.grid[x, y])
                value = np.float32(0) if value == np.float32(2) else value
                if (free_a >> x) & (free_b >> y) & 1 and value > best:
                    best = value
                    row, column = x, y
        if best < least:
            break
        own.partner[row] = column
        free_a ^= 1 << row
        free_b ^= 1 << column
    return free_a, free_b


@compiled
def _all_speak(name: Record, places: Number, rule: Record) -> Number:
    for x in range(np.int64(name.count)):
        if (places >> x) & 1 and (
            ((name.initials | name.courtesies) >> x) & 1 or name.weights[x] <= rule.no_information
        ):
            return False
    return True


@compiled
def weigh(one: Record, other: Record, strict: Number, rule: Record, own: Record) -> None:
    """Weigh aligned words.

    Args:
        one, other: `SIDE`, or what has its fields.
        strict: whether a vowel more at the end makes another word.
    """
    agreement, omission, contradiction = np.float32(0), np.float32(0), np.float32(0)
    related, exponent, taken = np.float32(0), np.float32(0), np.float32(0)
    weakest: Number = np.float32(1)
    agree_a, agree_b = np.int64(0), np.int64(0)
    for x in range(np.int64(one.count)):
        y = np.int64(own.partner[x])
        if y < 0:
            omission += one.weights[x]
            continue
        value = own.grid[x, y]
        if value == np.float32(2):
            value = np.float32(1e-30)
        if value < 0:
            value = min(-value, rule.twin) if strict else -value
        own.grid[x, y] = value
        weight = min(one.weights[x], other.weights[y])
        initial = ((one.initials >> x) | (other.initials >> y)) & 1
        if value >= rule.close:
            related += weight
            taken += other.weights[y]
            weakest = min(weakest, value)
            if value < rule.same:
                agreement += weight * (value - rule.close_loss)
                continue
            agreement += weight * value
            if initial == 0:
                agree_a |= np.int64(1) << x
                agree_b |= np.int64(1) << y
        elif initial == 1 or not (
            ((one.courtesies >> x) | (other.courtesies >> y)) & 1 or weight <= rule.no_information
        ):
            against: Number = max(weight, np.float32(0) if initial == 1 else rule.least_contradiction)
            contradiction += against
            exponent += against * (np.float32(1.3) - value)
            taken += other.weights[y]
        else:
            omission += one.weights[x]
    total = np.float32(0)
    for place in range(np.int64(other.count)):
        total += other.weights[place]
    own.agreement, own.contradiction, own.weakest = agreement, contradiction, weakest
    rest: Number = max(total - taken, np.float32(0))
    own.omission = omission + rest
    own.related, own.exponent, own.agree_a, own.agree_b = related, exponent, agree_a, agree_b


@compiled
def keep_weighed(pair: Record, one: Record, other: Record, rule: Record, own: Record) -> None:
    """Write down what was weighed."""
    weakest = own.weakest
    pair.open = np.uint8(own.contradiction > 0 or own.omission > 0 or weakest < rule.same)
    if one.script > 0 and one.script == other.script and one.written != other.written:
        # However alike two native spellings sound, they are never quite one name.
        weakest = min(weakest, rule.native_differs)
    pair.agreement, pair.omission = own.agreement, own.omission
    pair.contradiction, pair.weakest = own.contradiction, weakest
    pair.agree_a, pair.agree_b = own.agree_a, own.agree_b
    for x in range(np.int64(one.count)):
        pair.partner[x] = own.partner[x]
        if own.partner[x] >= 0:
            pair.similarity[x] = own.grid[x, own.partner[x]]


@compiled
def find_rarity(pairs: Rows, rows: Rows, names: Rows, words: Rows, rare: Rows, areas: Number, asked: Rows) -> Number:
    """Fill in how surprising the words are that agree; of two spellings the more common one decides.

    Args:
        pairs: of `PAIR`, weighed; those in `rows` are looked at.
        rare: slots of a `Memo`: how rare a word is in an area, by word * areas + area.
        asked: takes the keys that are missing there, as far as there is room.
    Returns:
        How many keys are missing.
    """
    count = 0
    for k in range(len(rows)):
        pair = pairs[rows[k]]
        one, other = names[pair.a], names[pair.b]
        rarity = np.float32(0)
        for x in range(np.int64(one.count)):
            if (pair.agree_a >> x) & 1 == 0:
                continue
            a, b = one.words[x], other.words[pair.partner[x]]
            rarer = remembered(rare, np.int64(a) * areas + pair.area)
            if words[a].token != words[b].token:
                rarer = min(rarer, remembered(rare, np.int64(b) * areas + pair.area))
            if rarer < 0 and count + 2 <= len(asked):
                asked[count] = np.int64(a) * areas + pair.area
                asked[count + 1] = np.int64(b) * areas + pair.area
                count += 2
            rarity += rarer * pair.similarity[x]
        pair.rarity = rarity
    return count
