"""How alike are two words at most, and how alike exactly? The edit distance of `matcher.names.phonetics`, one by one.

Nearly all pairs of words are ruled out by a look at their letters: what a word must lose that the other has nothing
near for, and how both begin. Only the others are weighed letter by letter, and no further than may still matter. All
costs are whole units, so that every similarity is bit for bit that of `token_similarities`.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from matcher.fast.compiled import Number, Record, Rows, aligned, bits_set, compiled
from matcher.fast.rules import SPELLED, WORD

Codes = npt.NDArray[np.uint8]


def spell_words(codes: Codes, rules: Rows) -> tuple[Rows, Rows]:
    """Return words, shape (n, MAX_TOKEN) from `encode_tokens`, as `WORD` and as `SPELLED`, shape (n,) each."""
    words, spelled = aligned(len(codes), WORD), aligned(len(codes), SPELLED)
    spelled["letters"] = codes
    spelled["length"] = (codes > 0).sum(axis=1)
    _finish(words, spelled, rules)
    words["pet"] = -1
    return words, spelled


@compiled
def _finish(words: Rows, spelled: Rows, rules: Rows) -> None:
    for number in range(len(words)):
        finish_spelling(spelled[number], rules[0])
        look_at(spelled[number], words[number], rules[0])


@compiled
def plain_letter(spelled: Record, place: Number, rules: Record) -> Number:
    """Return the code of a letter, wherever it stands."""
    letter = np.int64(spelled.letters[place])
    return letter if letter < len(rules.junction) else letter - len(rules.junction)


@compiled
def finish_spelling(spelled: Record, rules: Record) -> None:
    """Fill in what follows from the letters of a word, given as plain codes, and how many they are."""
    length = np.int64(spelled.length)
    steps, before, here = np.int64(0), np.int64(0), np.int64(spelled.letters[0])
    for place in range(length):
        after = np.int64(spelled.letters[place + 1] if place + 1 < length else 0)
        steps += rules.letter_steps[here]
        spelled.inserts[place] = rules.insertion[before, here, after]
        before, here = here, after
    if length > 0:
        # Substitutions at the end of a word have a place of their own in the table.
        spelled.letters[length - 1] += len(rules.junction)
    spelled.steps = steps


@compiled
def look_at(spelled: Record, word: Record, rules: Record) -> None:
    """Fill in of a word what rules others out by a look at their letters."""
    word.steps, word.length, word.start = spelled.steps, spelled.length, spelled.inserts[0]
    word.first = plain_letter(spelled, 0, rules)
    strong, near, weak = np.int64(0), np.int64(0), np.int64(0)
    for place in range(np.int64(spelled.length)):
        here = plain_letter(spelled, place, rules)
        near |= np.int64(rules.near[here])
        for layer in range(3):
            if rules.bit[here] >= 0:
                bit = np.int64(1) << (np.int64(rules.bit[here]) + 21 * layer)
                # A letter that may be left out for less in one place is no strong one.
                if spelled.inserts[place] >= rules.step * (layer + 1):
                    strong |= bit
                else:
                    weak |= bit
    word.strong, word.near = np.uint64(strong & ~weak), np.uint64(near)


@compiled
def least_missed(one: Record, other: Record, rules: Record) -> Number:
    """Return units that the letters of two words cost for which the other has nothing near."""
    missed = max(bits_set(one.strong & ~other.near), bits_set(other.strong & ~one.near))
    return np.int64(rules.step) * missed


@compiled
def least_cost(one: Record, other: Record, rules: Record) -> Number:
    """Return units that two words cost at least, by these letters and by how they begin."""
    start = min(np.int64(rules.turned[one.first, other.first]), min(np.int64(one.start), np.int64(other.start)))
    return max(start, least_missed(one, other, rules))


@compiled
def cost_of(one: Record, other: Record, rules: Record, row: Rows, limit: Number) -> Number:
    """Return the units that two words cost, -1 as soon as they are more than `limit`.

    Args:
        one, other: `SPELLED` or `JOINED`.
        row: scratch.
    """
    high, wide = np.int64(one.length), np.int64(other.length)
    cost = np.int32(0)
    row[0] = cost
    for y in range(wide):
        cost += np.int32(other.inserts[y])
        row[y + 1] = cost
    for x in range(high):
        insert, letter = np.int32(one.inserts[x]), one.letters[x]
        diagonal = row[0]
        best = np.int32(diagonal + insert)
        row[0] = best
        cheapest = best
        first = 0
        if x == 0 and wide > 0:
            turned = np.int32(rules.turned[letter, other.letters[0]])
            left_out = np.int32(row[1] + insert)
            best = np.int32(best + np.int32(other.inserts[0]))
            turned = left_out if left_out < turned else turned
            best = turned if turned < best else best
            diagonal = row[1]
            row[1] = best
            cheapest = best if best < cheapest else cheapest
            first = 1
        for y in range(first, wide):
            above = row[y + 1]
            turned = np.int32(diagonal + np.int32(rules.substitution[letter, other.letters[y]]))
            left_out = np.int32(above + insert)
            best = np.int32(best + np.int32(other.inserts[y]))
            turned = left_out if left_out < turned else turned
            best = turned if turned < best else best
            diagonal = above
            row[y + 1] = best
            cheapest = best if best < cheapest else cheapest
        if cheapest > limit:
            return -1
    return np.int64(row[wide]) if row[wide] <= limit else -1


@compiled
def join_words(one: Record, two: Record, out: Record, rules: Record) -> None:
    """Write two words, `SPELLED`, together as one, `JOINED`; `finish_spelling` does the rest."""
    length = np.int64(one.length)
    for place in range(length):
        out.letters[place] = plain_letter(one, place, rules)
    meeting = rules.junction[plain_letter(one, length - 1, rules), plain_letter(two, 0, rules)]
    out.letters[length - 1] = meeting
    if meeting == 0:
        length -= 1
    for place in range(np.int64(two.length)):
        out.letters[length + place] = plain_letter(two, place, rules)
    out.length = length + np.int64(two.length)


@compiled
def word_similarity(
    a: Record, spelled_a: Record, b: Record, spelled_b: Record, rules: Record, pets: Rows, row: Rows, exact: Number
) -> Number:
    """Return the similarity of two words; `LOW` below the close ones unless `exact`; negative where they are twins.

    Twins are one word but for a vowel more at the end of one.
    """
    if a.initial | b.initial == 1:
        kind = 0 if a.initial == b.initial else (1 if a.initial == 1 else 2)
        return rules.initials[kind, a.first, b.first]
    if a.token == b.token:
        return np.float32(1)
    if a.listed & b.listed == 1 and pets[a.pet, b.pet] == 1:
        return max(spelled_similarity(spelled_a, spelled_b, rules, row, True), rules.pet)
    if not exact and least_cost(a, b, rules) > rules.closest[a.steps + b.steps]:
        return np.float32(2)
    return spelled_similarity(spelled_a, spelled_b, rules, row, exact)


@compiled
def spelled_similarity(a: Record, b: Record, rules: Record, row: Rows, exact: Number) -> Number:
    """Return the similarity of two words by their letters, as `word_similarity`."""
    steps = np.int64(a.steps) + np.int64(b.steps)
    cost = cost_of(a, b, rules, row, np.int64(30000) if exact else np.int64(rules.closest[steps]))
    if cost < 0:
        return np.float32(2)
    value = max(np.float32(1) - np.float32(cost) * rules.scales[steps], np.float32(1e-30))
    if value >= rules.same and value < np.float32(1) and _one_vowel_more(a, b, rules):
        return -value
    return value


@compiled
def _one_vowel_more(a: Record, b: Record, rules: Record) -> Number:
    if abs(np.int64(a.length) - np.int64(b.length)) != 1:
        return False
    shorter = min(np.int64(a.length), np.int64(b.length))
    for place in range(shorter):
        if plain_letter(a, place, rules) != plain_letter(b, place, rules):
            return False
    extra = plain_letter(a, shorter, rules) if a.length > b.length else plain_letter(b, shorter, rules)
    return rules.vowel[extra] == 1
