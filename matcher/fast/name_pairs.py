"""Which pairs of names do pairs of records ask about, and which words of these may be alike? Lists, not yet answers.

Of a thousand pairs of words nine hundred and sixty are ruled out by their letters; what is left of a pair of names, one
bit for each two words, is nothing at all for most.
"""

from __future__ import annotations

import numpy as np

from matcher.fast.compiled import Number, Rows, compiled
from matcher.fast.letters import least_cost, least_missed
from matcher.name_columns import NAMES_KEPT, RELATIVES_KEPT
from matcher.names.table import MAX_TOKENS

_ENTRIES = NAMES_KEPT + 3 * RELATIVES_KEPT
MOST = _ENTRIES**2
"""Pairs of names that one pair of records may ask about."""

HOLDER = np.dtype(
    [
        ("names", "i4", _ENTRIES),
        ("bare", "i4", _ENTRIES),
        ("kinds", "u1", _ENTRIES),
        ("count", "u1"),
        ("rescued", "u1"),
        ("home", "i4"),  # number of the region, 0 unknown
        ("unused", "i4"),
    ],
    align=True,
)
"""The names of a record, rows of a `NameBook`, and what is left of each without the words that its record says
elsewhere: -1 where there is none, -2 where there is no word in it."""
ASKED = np.dtype([("a", "u4"), ("b", "u4"), ("pair", "u4"), ("area", "u4"), ("role", "u4")], align=True)
"""Two names of one pair of records, and by which comparison they are asked."""
PAIR = np.dtype(
    [
        ("a", "u4"),
        ("b", "u4"),
        ("pair", "u4"),
        ("area", "u4"),
        ("alike", "u4"),  # bit MAX_TOKENS * x + y: left word x may be right word y
        ("role", "u1"),
        ("fits", "u1"),  # whether words written together may fit
        ("related", "u1"),  # whether any two words are one or close
        ("open", "u1"),  # whether words written together may explain more
        ("agree_a", "u1"),  # bits of the words that agree
        ("agree_b", "u1"),
        ("joined", "u1"),  # words written together are one: a slower way must tell
        ("level", "i1"),
        ("agreement", "f4"),
        ("omission", "f4"),
        ("contradiction", "f4"),
        ("weakest", "f4"),
        ("rarity", "f4"),
        ("partner", "i1", MAX_TOKENS),  # of each left word
        ("similarity", "f4", MAX_TOKENS),  # of each left word and its partner
    ],
    align=True,
)
"""Two names of one pair of records, and what comparing them found, as in `NameFeatures`."""


@compiled
def list_pairs(
    i: Rows, j: Rows, start: Number, end: Number, left: Rows, right: Rows, roles: Rows, areas: Number, nothing: Number,
    levels: Rows, out: Rows,
) -> Number:  # fmt: skip
    """Write the pairs of names that pairs of records ask about; return how many.

    Args:
        i, j: positions in `left` and `right`; those from `start` to `end` are read.
        left, right: of `HOLDER`.
        roles: shape (4, 4), the comparison that a name of one kind and one of another belong to, -1 for none.
        areas: how many there are; the areas of relatives' names are numbered behind those of own names.
        nothing: the level where no word is like any other.
        levels: shape (4, n), set to `nothing` where there is any pair of names.
        out: of `ASKED`, `MOST` for each pair of records.
    """
    count = 0
    for number in range(start, end):
        one, other = left[i[number]], right[j[number]]
        if one.rescued == other.rescued:
            area = np.int64(one.home) if one.home == other.home else 0
        else:
            area = np.int64(other.home) if one.rescued == 1 else np.int64(one.home)
        for x in range(np.int64(one.count)):
            for y in range(np.int64(other.count)):
                role = np.int64(roles[one.kinds[x], other.kinds[y]])
                if role < 0:
                    continue
                a, b = one.names[x], other.names[y]
                if one.bare[x] != -1 and other.bare[y] != -1:
                    a, b = one.bare[x], other.bare[y]
                if a < 0 or b < 0:
                    continue
                levels[role, number] = nothing
                pair = out[count]
                pair.a, pair.b, pair.pair, pair.role = a, b, number, role
                pair.area = area if role == 0 else area + areas
                count += 1
    return count


@compiled
def survey(pairs: Rows, count: Number, names: Rows, more: Rows, words: Rows, rules: Rows, out: Rows) -> Number:
    """Write the pairs of names of which words may be alike or joined to `out`, of `PAIR`; return how many."""
    rule = rules[0]
    kept = 0
    for number in range(count):
        pair = pairs[number]
        one, other = names[pair.a], names[pair.b]
        alike = np.int64(0)
        for x in range(np.int64(one.count)):
            word = words[one.words[x]]
            for y in range(np.int64(other.count)):
                against = words[other.words[y]]
                near = least_cost(word, against, rule) <= rule.closest[word.steps + against.steps]
                listed = word.listed & against.listed
                alike |= np.int64(near | (listed != 0)) << (x * len(one.words) + y)
        fits = (one.heads & other.begins != 0) & (one.shortest <= other.longest + rule.joined_lengths)
        fits |= (other.heads & one.begins != 0) & (other.shortest <= one.longest + rule.joined_lengths)
        if one.count != other.count:
            limit = rule.joinable[one.steps + other.steps]
            head, begin = words[one.words[0]], words[other.words[0]]
            first = min(np.int64(head.start), np.int64(begin.start))
            if min(np.int64(rule.turned[head.first, begin.first]), first) <= limit:
                fits |= least_missed(more[pair.a], more[pair.b], rule) <= limit
        if alike == 0 and not fits:
            continue
        keep = out[kept]
        keep.a, keep.b, keep.pair, keep.role, keep.area = pair.a, pair.b, pair.pair, pair.role, pair.area
        keep.alike, keep.fits = alike, np.uint8(fits)
        kept += 1
    return kept


@compiled
def keep_best(pairs: Rows, levels: Rows, rarity: Rows) -> None:
    """Keep of each pair of records and role the best pair of names: lowest level, then rarest agreement.

    Args:
        pairs: compared.
        levels, rarity: shape (4, n), as `list_pairs` and earlier calls left them.
    """
    for number in range(len(pairs)):
        pair = pairs[number]
        role, at = pair.role, pair.pair
        level = levels[role, at]
        if pair.level < level or (pair.level == level and pair.rarity > rarity[role, at]):
            levels[role, at] = pair.level
            rarity[role, at] = pair.rarity


@compiled
def weigh_levels(levels: Rows, rarity: Rows, weights: Rows, means: Rows, scale: Number, bits: Rows) -> None:
    """Write what levels weigh, rarity included, as `matcher.scoring.level_bits` does.

    Args:
        levels, rarity: shape (n,).
        weights, means: shape (1 + levels,), bits and mean rarity of each level; those of null, 0, come first.
        scale: how much of a difference in rarity counts.
        bits: shape (n,).
    """
    for number in range(len(levels)):
        level = np.int64(levels[number]) + 1
        weight = weights[level]
        shown = weight + scale * (rarity[number] - means[level]) if level > 0 else weight
        bits[number] = max(shown, 0.0) if weight > 0 else shown
