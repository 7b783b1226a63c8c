"""Which words does one name write together and the other apart? Found by their letters, and the names weighed anew.

As `matcher.names.joining`: two words of a name that stand together may be one word of the other, and a whole name may
be one word. Hardly any pair of names comes so far, and those that do are weighed with every similarity worked out.
"""

from __future__ import annotations

import numpy as np

from matcher.fast.compiled import Number, Record, Rows, compiled
from matcher.fast.letters import (
    cost_of,
    finish_spelling,
    join_words,
    least_cost,
    least_missed,
    plain_letter,
    spelled_similarity,
    word_similarity,
)
from matcher.fast.memo import remembered
from matcher.fast.name_weighing import keep_weighed, settle, weigh

TWO_WORDS, WHOLE, UNCLEAR = 1, 2, 4
"""What may be joined, as bits of `PAIR.joined`: two words of one name, all of them; a word is longer than is kept."""


@compiled
def find_joins(
    pairs: Rows, names: Rows, more: Rows, together: Rows, words: Rows, spelled: Rows, rules: Rows, scratch: Rows
) -> Number:
    """Mark the pairs of names that may be joined, from what `weigh_pairs` found; move those that tell to the front.

    Returns:
        How many these are: words are related, or joined.
    """
    rule, own = rules[0], scratch[0]
    telling = 0
    for k in range(len(pairs)):
        pair = pairs[k]
        if pair.open & pair.fits == 1:
            for side in range(2):
                mine, its = (pair.a, pair.b) if side == 0 else (pair.b, pair.a)
                agree, met = (pair.agree_a, pair.agree_b) if side == 0 else (pair.agree_b, pair.agree_a)
                one, other, lengths, against = names[mine], names[its], more[mine].lengths, more[its].lengths
                for x in range(np.int64(one.count) - 1):
                    if (agree >> x) & 3 == 3 or (one.initials >> x) & 3 != 0:
                        continue
                    both = np.int64(lengths[x]) + np.int64(lengths[x + 1])
                    first = words[one.words[x]].first
                    for y in range(np.int64(other.count)):
                        if abs(both - np.int64(against[y])) > rule.joined_lengths:
                            continue
                        word = words[other.words[y]]
                        if ((met | other.initials) >> y) & 1 == 1 or rule.one_sound[first, word.first] == 0:
                            continue
                        joined = together[mine].joined[x]
                        limit = np.int64(rule.joinable[joined.steps + word.steps])
                        if least_cost(joined, word, rule) > limit:
                            continue
                        join_words(spelled[one.words[x]], spelled[one.words[x + 1]], own.joined, rule)
                        finish_spelling(own.joined, rule)
                        if cost_of(own.joined, spelled[other.words[y]], rule, own.row, limit) >= 0:
                            pair.joined |= 1
            one, other = names[pair.a], names[pair.b]
            limit = np.int64(rule.joinable[one.steps + other.steps])
            may_be = one.count != other.count and least_missed(more[pair.a], more[pair.b], rule) <= limit
            if may_be and cost_of(together[pair.a].whole, together[pair.b].whole, rule, own.row, limit) >= 0:
                pair.joined |= 2
        if pair.related == 1 or pair.joined > 0:
            pairs[telling] = pair
            telling += 1
    return telling


@compiled
def weigh_joined(
    pairs: Rows, rows: Rows, names: Rows, together: Rows, words: Rows, spelled: Rows, rules: Rows, pets: Rows,
    rare: Rows, areas: Number, scratch: Rows, asked: Rows,
) -> Number:  # fmt: skip
    """Weigh pairs of names that may be joined.

    Args:
        pairs: of `PAIR`, from `find_joins`; those in `rows` are looked at.
        rare: slots of a `Memo`, as for `find_rarity`; none for no rarity.
        asked: takes the keys that are missing there, as far as there is room.
    Returns:
        How many keys are missing.
    """
    rule, own = rules[0], scratch[0]
    count = 0
    for k in range(len(rows)):
        pair = pairs[rows[k]]
        one, other = names[pair.a], names[pair.b]
        strict = one.script == other.script and one.inherent == 0
        _plain_sides(one, other, own)
        _fill_grid(one, other, words, spelled, rule, pets, own)
        high, wide = np.int64(one.count), np.int64(other.count)
        settle(high, wide, (1 << high) - 1, (1 << wide) - 1, own, np.float32(-1))
        weigh(own.left, own.right, strict, rule, own)
        similarity = _similarity(rule, own)
        keep_weighed(pair, one, other, rule, own)
        opened, first, joined_side = pair.open, -1, 0
        if pair.joined & 1 == 1:
            joined_side, first = _best_join(pair, names, words, spelled, rule, own)
            if first >= 0:
                _fill_grid(one, other, words, spelled, rule, pets, own)
                free = _put_together(joined_side, first, one, other, words, spelled, rule, own)
                free_a = ((1 << high) - 1) & ~(free if joined_side == 0 else 0)
                free_b = ((1 << wide) - 1) & ~(free if joined_side == 1 else 0)
                settle(high, wide, free_a, free_b, own, np.float32(-1))
                weigh(own.left, own.right, strict, rule, own)
                found = _similarity(rule, own)
                if found > similarity:
                    similarity = found
                    keep_weighed(pair, one, other, rule, own)
                else:
                    first = -1
        whole = False
        if pair.joined & 2 == 2 and opened == 1:
            alike = _whole_similarity(pair, names, together, spelled, rule, own)
            if alike < 0:
                pair.joined |= 4
            elif alike > similarity and alike >= rule.joined_same:
                whole = True
                similarity = alike
                _plain_sides(one, other, own)
                pair.agreement = max(_total(own.left), _total(own.right)) * alike
                pair.contradiction = pair.omission = 0
                pair.weakest = alike
        if one.script > 0 and one.script == other.script and one.written != other.written:
            pair.weakest = min(pair.weakest, rule.native_differs)
            similarity = similarity**rule.native_stricter if strict else similarity
            similarity = min(similarity, rule.native_differs)
        if len(rare) > 0:
            count = _joined_rarity(
                pair, one, other, joined_side, first, whole, similarity, rare, areas, own, asked, count
            )
    return count


@compiled
def _plain_sides(one: Record, other: Record, own: Record) -> None:
    """Lay out two names as they are written."""
    own.left.count, own.right.count = one.count, other.count
    own.left.initials, own.right.initials = one.initials, other.initials
    own.left.courtesies, own.right.courtesies = one.courtesies, other.courtesies
    for place in range(len(one.weights)):
        own.left.weights[place], own.right.weights[place] = one.weights[place], other.weights[place]


@compiled
def _total(side: Record) -> Number:
    total = np.float32(0)
    for place in range(np.int64(side.count)):
        total += side.weights[place]
    return total


@compiled
def _fill_grid(one: Record, other: Record, words: Rows, spelled: Rows, rule: Record, pets: Rows, own: Record) -> None:
    """Compare every word with every other; nothing is aligned yet."""
    for x in range(np.int64(one.count)):
        own.partner[x] = -1
        for y in range(np.int64(other.count)):
            a, b = one.words[x], other.words[y]
            own.grid[x, y] = word_similarity(words[a], spelled[a], words[b], spelled[b], rule, pets, own.row, True)


@compiled
def _similarity(rule: Record, own: Record) -> Number:
    """Return how alike two names are by what was weighed."""
    total = own.agreement + own.contradiction + rule.omission_cost * own.omission
    doubt = (own.related - own.agreement) / np.sqrt(max(own.related, np.float32(1)))
    factor = np.exp(own.exponent * rule.contradiction_exponent - rule.spread * doubt)
    return np.float32(own.agreement / max(total, np.float32(1e-6)) * factor)


@compiled
def _best_join(
    pair: Record, names: Rows, words: Rows, spelled: Rows, rule: Record, own: Record
) -> tuple[Number, Number]:
    """Return (side, place of the first word) of the best join, -1 without one; it is left in `own.best`."""
    side_of, first_of = 0, -1
    best = np.float32(-1)
    for side in range(2):
        one, other = (names[pair.a], names[pair.b]) if side == 0 else (names[pair.b], names[pair.a])
        agree, met = (pair.agree_a, pair.agree_b) if side == 0 else (pair.agree_b, pair.agree_a)
        for x in range(np.int64(one.count) - 1):
            if (agree >> x) & 3 == 3 or (one.initials >> x) & 3 != 0:
                continue
            a, b = words[one.words[x]], words[one.words[x + 1]]
            for y in range(np.int64(other.count)):
                word = words[other.words[y]]
                lengths = np.int64(a.length) + np.int64(b.length) - np.int64(word.length)
                if abs(lengths) > rule.joined_lengths or ((met | other.initials) >> y) & 1 == 1:
                    continue
                if rule.one_sound[a.first, word.first] == 0:
                    continue
                join_words(spelled[one.words[x]], spelled[one.words[x + 1]], own.joined, rule)
                finish_spelling(own.joined, rule)
                steps = np.int64(own.joined.steps) + np.int64(word.steps)
                limit = np.int64(rule.joinable[steps])
                cost = cost_of(own.joined, spelled[other.words[y]], rule, own.row, limit)
                value = np.float32(1) - np.float32(cost) * rule.scales[steps]
                if cost >= 0 and value > best:
                    best = value
                    side_of, first_of = side, x
    if first_of >= 0:
        one = names[pair.a] if side_of == 0 else names[pair.b]
        join_words(spelled[one.words[first_of]], spelled[one.words[first_of + 1]], own.best, rule)
        finish_spelling(own.best, rule)
    return side_of, first_of


@compiled
def _put_together(
    side: Number, first: Number, one: Record, other: Record, words: Rows, spelled: Rows, rule: Record, own: Record
) -> Number:
    """Lay out two names of which one has two words written together; return the place that is empty now, as a bit."""
    _plain_sides(one, other, own)
    mine = own.left if side == 0 else own.right
    mine.weights[first] += mine.weights[first + 1]
    mine.weights[first + 1] = 0
    mine.initials &= ~(3 << first)
    mine.courtesies &= ~(3 << first)
    facing = other if side == 0 else one
    for place in range(np.int64(facing.count)):
        number = facing.words[place]
        word = words[number]
        if word.initial == 1:
            letter = plain_letter(own.best, 0, rule)
            value = rule.initials[2, letter, word.first] if side == 0 else rule.initials[1, word.first, letter]
        elif side == 0:
            value = spelled_similarity(own.best, spelled[number], rule, own.row, True)
        else:
            value = spelled_similarity(spelled[number], own.best, rule, own.row, True)
        if side == 0:
            own.grid[first, place] = value
        else:
            own.grid[place, first] = value
    return 1 << (first + 1)


@compiled
def _whole_similarity(pair: Record, names: Rows, together: Rows, spelled: Rows, rule: Record, own: Record) -> Number:
    """Return how alike two names are as one word each; -1 where a word has more letters than are kept."""
    cut = 0
    for side in range(2):
        name = names[pair.a] if side == 0 else names[pair.b]
        whole = own.whole_a if side == 0 else own.whole_b
        length = 0
        for x in range(np.int64(name.count)):
            word = spelled[name.words[x]]
            if word.length == len(word.letters):
                cut = 2
            if length > 0:
                meeting = rule.junction[whole.letters[length - 1], plain_letter(word, 0, rule)]
                whole.letters[length - 1] = meeting
                if meeting == 0:
                    length -= 1
            for place in range(np.int64(word.length)):
                whole.letters[length] = plain_letter(word, place, rule)
                length += 1
        whole.length = length
        if length > len(together[pair.a].whole.letters):
            cut = max(cut, 1)
        finish_spelling(whole, rule)
    if cut == 2:
        return np.float32(-1)
    # Over the letters that most names have, and to the end where a contradiction may stand further on.
    if cut == 1:
        steps = np.int64(own.whole_a.steps) + np.int64(own.whole_b.steps)
        cost = cost_of(own.whole_a, own.whole_b, rule, own.row, 30000)
    else:
        one, other = together[pair.a].whole, together[pair.b].whole
        steps = np.int64(one.steps) + np.int64(other.steps)
        cost = cost_of(one, other, rule, own.row, 30000)
    return max(np.float32(1) - np.float32(cost) * rule.scales[steps], np.float32(0))


@compiled
def _joined_rarity(
    pair: Record, one: Record, other: Record, side: Number, first: Number, whole: Number, similarity: Number,
    rare: Rows, areas: Number, own: Record, asked: Rows, count: Number,
) -> Number:  # fmt: skip
    """Fill in how surprising the words are that agree, those written together as one; return how many keys miss."""
    for number in range(2):
        name = one if number == 0 else other
        layout = own.left if number == 0 else own.right
        for x in range(np.int64(name.count)):
            key = np.int64(name.words[x]) * areas + pair.area
            bits = remembered(rare, key)
            if bits < 0 and count < len(asked):
                asked[count] = key
                count += 1
            layout.weights[x] = bits
    if first >= 0:
        layout = own.left if side == 0 else own.right
        layout.weights[first] += layout.weights[first + 1]
    if whole:
        pair.rarity = min(_total(own.left), _total(own.right)) * similarity
        return count
    pair.rarity = 0
    for x in range(np.int64(one.count)):
        if (pair.agree_a >> x) & 1 == 1:
            rarer = min(own.left.weights[x], own.right.weights[pair.partner[x]])
            pair.rarity += rarer * pair.similarity[x]
    return count
