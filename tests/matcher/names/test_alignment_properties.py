"""The batched alignment and comparison against plain loops, and what holds of them for every pair of names."""

from __future__ import annotations

import math
from collections.abc import Iterator
from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from name_cases import names, region_names

from matcher.names import compare_names
from matcher.names.alignment import CLOSE_WORD, SAME_WORD, NameFeatures, align, compare_batch
from matcher.names.grammar import parse_name
from matcher.names.native import native_script
from matcher.names.nicknames import pet_forms
from matcher.names.phonetics import INITIAL_SUBSTITUTION, MAX_TOKEN, encode_tokens, token_similarities
from matcher.names.script import normalise
from matcher.names.table import MAX_TOKENS, NameTable, strongest_words
from matcher.names.weighing import CLOSE_LOSS, PET_FORM, TWIN, courtesy_words

FEATURES = ("agreement", "omission", "contradiction", "weakest", "similarity")


Word = tuple[str, float, bool]  # folded, weight, whether it is an initial


def words_of(name: str) -> list[Word]:
    return [(token.folded, token.weight, token.initial) for token in strongest_words(parse_name(name))]


def word_similarity(left: Word, right: Word) -> float:
    if left[2] or right[2]:
        return initial_similarity(left, right)
    pets = {(left[0], right[0]), (right[0], left[0])}
    return max(spelling_similarity(left[0], right[0]), PET_FORM if pets & pet_forms() else 0.0)


def initial_similarity(left: Word, right: Word) -> float:
    a, b = left[0][0], right[0][0]
    if left[2] and right[2]:
        return 1.0 if a == b else 0.0
    letter, word = (a, b) if left[2] else (b, a)
    codes = encode_tokens([letter, word])[:, 0]
    alike = letter + word in ("kc", "pf", "iy") or INITIAL_SUBSTITUTION[codes[0], codes[1]] < 0.3
    return 0.88 if alike else 0.0


def spelling_similarity(left: str, right: str) -> float:
    codes = encode_tokens([left, right], MAX_TOKENS * MAX_TOKEN)
    return float(token_similarities(codes, np.array([0]), np.array([1]))[0])


def plain_align(left: list[Word], right: list[Word]) -> dict[int, tuple[int, float]]:
    """Settle the best pair of words first; of equals, the one that stands first."""
    cells = [(-word_similarity(a, b), i, j) for i, a in enumerate(left) for j, b in enumerate(right)]
    settled: dict[int, tuple[int, float]] = {}
    for negative, i, j in sorted(cells):
        if i not in settled and all(j != partner for partner, _ in settled.values()):
            settled[i] = (j, -negative)
    return settled


def plain_weigh(left: list[Word], right: list[Word], strict: bool) -> tuple[dict[str, float], set[int], set[int]]:
    """Weigh an alignment word by word; also say which words of both sides agree."""
    agreement = contradiction = doubt = related = exponent = 0.0
    omission = sum(weight for _, weight, _ in left + right)
    weakest, agree_left, agree_right = 1.0, set(), set()
    for i, (j, value) in plain_align(left, right).items():
        a, b = left[i], right[j]
        weight, initial = min(a[1], b[1]), a[2] or b[2]
        twins = {a[0] + vowel for vowel in "aeiou"} & {b[0]} or {b[0] + vowel for vowel in "aeiou"} & {a[0]}
        if strict and SAME_WORD <= value < 1 and twins:
            value = TWIN
        if value >= CLOSE_WORD:
            certain = value if value >= SAME_WORD else value - CLOSE_LOSS
            agreement += weight * certain
            related += weight
            doubt += weight * (1 - certain)
            weakest = min(weakest, value)
            if value >= SAME_WORD and not initial:
                agree_left.add(i)
                agree_right.add(j)
        elif not initial and (weight <= 0.15 or {a[0], b[0]} & courtesy_words()):
            continue  # left out by one writer
        else:
            against = weight if initial else max(weight, 0.4)
            contradiction += against
            exponent += against * (1.3 - value)
        omission -= a[1] + b[1]
    total = agreement + contradiction + 0.2 * max(omission, 0.0)
    similarity = agreement / max(total, 1e-6) * 0.6**exponent * math.exp(-0.8 * doubt / math.sqrt(max(related, 1.0)))
    features = (agreement, max(omission, 0.0), contradiction, weakest, similarity)
    return dict(zip(FEATURES, features, strict=False)), agree_left, agree_right


def joined_code(first: str, second: str) -> str:
    """Two words written as one, folded where they meet."""
    last, following = first[-1], second[0]
    if last == following:
        return first[:-1] + second
    last = "n" if last == "m" and following in "tdkgcjs" else "m" if last == "n" and following in "pbf" else last
    return first[:-1] + last + second


def plain_joins(
    left: list[Word], right: list[Word], agree: tuple[set[int], set[int]]
) -> Iterator[tuple[float, int, int]]:
    """Yield (similarity, side, first word) of words of one side that may be one word of the other."""
    for side, (many, one) in enumerate(((left, right), (right, left))):
        for i, j in product(range(len(many) - 1), range(len(one))):
            (a, _, initial), (b, _, initial2), (c, _, initial3) = many[i], many[i + 1], one[j]
            if initial or initial2 or initial3 or {i, i + 1} <= agree[side] or j in agree[1 - side]:
                continue
            codes = encode_tokens([a[0], c[0]])[:, 0]
            if abs(len(a) + len(b) - len(c)) <= 3 and INITIAL_SUBSTITUTION[codes[0], codes[1]] < 0.3:
                yield spelling_similarity(joined_code(a, b), c), side, i


def plain_compare(one: str, other: str) -> dict[str, float]:
    """Compare two names word by word, as the docstrings say it is done."""
    left, right = words_of(one), words_of(other)
    strict = native_script(one) == native_script(other)  # of the scripts in these names only Malayalam would be lenient
    found, *agree = plain_weigh(left, right, strict)
    if not left or not right:
        return {**found, "similarity": 0.0}
    if found["contradiction"] or found["omission"] > 1e-6 or found["weakest"] < SAME_WORD:
        joins = list(plain_joins(left, right, (agree[0], agree[1])))
        best = max(joins, key=lambda join: join[0], default=(0.0, 0, 0))
        if best[0] >= 0.84:
            sides = [list(left), list(right)]
            a, b = sides[best[1]][best[2] : best[2] + 2]
            sides[best[1]][best[2] : best[2] + 2] = [(joined_code(a[0], b[0]), a[1] + b[1], False)]
            again = plain_weigh(sides[0], sides[1], strict)[0]
            if again["similarity"] > found["similarity"]:
                found = again
        if len(left) != len(right):
            together = spelling_similarity("".join(a[0] for a in left), "".join(b[0] for b in right))
            if together >= 0.84 and together > found["similarity"]:
                most = max(sum(a[1] for a in left), sum(b[1] for b in right))
                values = (most * together, 0.0, 0.0, together, together)
                found = dict(zip(FEATURES, values, strict=False))
    if native_script(one) == native_script(other) != "Latn" and normalise(one) != normalise(other):
        found["similarity"] = min(found["similarity"] ** 1.5, 0.97)
        found["weakest"] = min(found["weakest"], 0.97)
    return found


def batch(left: list[str], right: list[str]) -> NameFeatures:
    table = NameTable.build([*left, *right])
    return compare_batch(table, *(np.array([table.ids[name] for name in side]) for side in (left, right)))


name_pairs = st.lists(st.tuples(names, names), min_size=1, max_size=6)


@given(name_pairs)
@settings(deadline=None, max_examples=25)
def test_batched_alignment_meets_the_greedy_loop(pairs: list[tuple[str, str]]) -> None:
    table = NameTable.build([name for pair in pairs for name in pair])
    sides = [np.array([table.ids[pair[side]] for pair in pairs]) for side in (0, 1)]
    similarities, partners = align(table, *sides)
    for row, (one, other) in enumerate(pairs):
        plain = plain_align(words_of(one), words_of(other))
        for column in range(MAX_TOKENS):
            partner, value = plain.get(column, (-1, -1.0))
            assert partners[row, column] == partner
            assert similarities[row, column] == pytest.approx(value, abs=1e-5)


@given(name_pairs)
@settings(deadline=None, max_examples=20)
def test_batched_comparison_meets_the_plain_one(pairs: list[tuple[str, str]]) -> None:
    found = batch([one for one, _ in pairs], [other for _, other in pairs])
    for row, (one, other) in enumerate(pairs):
        for feature, expected in plain_compare(one, other).items():
            assert getattr(found, feature)[row] == pytest.approx(expected, abs=1e-4), (feature, one, other)


@given(name_pairs)
@settings(deadline=None, max_examples=25)
def test_a_pair_is_compared_alike_alone_and_in_company(pairs: list[tuple[str, str]]) -> None:
    found = batch([one for one, _ in pairs], [other for _, other in pairs])
    for row, (one, other) in enumerate(pairs):
        alone = batch([one], [other])
        for feature in (*FEATURES, "rarity"):
            np.testing.assert_allclose(getattr(found, feature)[row], getattr(alone, feature)[0], atol=1e-5)


@given(names | region_names, names | region_names)
@settings(deadline=None, max_examples=60)
def test_comparing_is_symmetric(one: str, other: str) -> None:
    forth, back = compare_names(one, other), compare_names(other, one)
    for feature in ("similarity", "agreement", "omission", "contradiction"):
        assert getattr(forth, feature) == pytest.approx(getattr(back, feature), abs=1e-5)
    turned = {(word.right, word.left, round(word.similarity, 5)) for word in back.alignment}
    assert {(word.left, word.right, round(word.similarity, 5)) for word in forth.alignment} == turned


@given(names | region_names)
@settings(deadline=None, max_examples=20)
def test_a_name_is_itself(name: str) -> None:
    evidence = compare_names(name, name)
    assert evidence.similarity == pytest.approx(1.0 if parse_name(name) else 0.0)
    assert evidence.contradiction == 0.0
    assert evidence.omission == pytest.approx(0.0, abs=1e-6)


@given(name_pairs)
@settings(deadline=None, max_examples=20)
def test_every_feature_is_in_its_range(pairs: list[tuple[str, str]]) -> None:
    found = batch([one for one, _ in pairs], [other for _, other in pairs])
    assert ((found.similarity >= 0) & (found.similarity <= 1)).all()
    assert ((found.weakest >= CLOSE_WORD) & (found.weakest <= 1)).all()
    assert all((getattr(found, feature) >= 0).all() for feature in FEATURES)


DIFFERENT = ["Sunita", "Mohan", "Gopal", "Biswas", "Khan", "Purnima", "Yasmin", "Lepcha"]


@given(st.lists(st.sampled_from(DIFFERENT), min_size=2, max_size=5, unique=True), st.randoms())
@settings(deadline=None, max_examples=20)
def test_words_may_stand_in_any_order(words: list[str], random: object) -> None:
    turned = list(words)
    random.shuffle(turned)  # type: ignore[attr-defined]
    assert compare_names(" ".join(words), " ".join(turned)).similarity == pytest.approx(1.0)


@given(st.lists(st.sampled_from(DIFFERENT), min_size=3, max_size=3, unique=True))
@settings(deadline=None, max_examples=20)
def test_the_more_is_left_out_the_less_alike_and_a_contradiction_is_worse(words: list[str]) -> None:
    whole, shorter, shortest = " ".join(words), " ".join(words[:-1]), " ".join(words[:-2])
    contradicting = f"{shorter} Tshering"
    one_out = compare_names(whole, shorter).similarity
    assert 1.0 > one_out > compare_names(whole, shortest).similarity
    assert one_out > compare_names(whole, contradicting).similarity


@given(name_pairs, st.floats(0.1, 10.0))
@settings(deadline=None, max_examples=25)
def test_rarity_grows_with_the_bits_and_changes_nothing_else(pairs: list[tuple[str, str]], factor: float) -> None:
    table = NameTable.build([name for pair in pairs for name in pair])
    left, right = (np.array([table.ids[pair[side]] for pair in pairs]) for side in (0, 1))
    bits = np.arange(1, len(table.vocabulary) + 1, dtype=np.float32)
    once, more = (
        compare_batch(table, left, right, lambda tokens, _regions, bits=bits: bits[tokens])
        for bits in (bits, bits * np.float32(factor))
    )
    np.testing.assert_allclose(more.rarity, once.rarity * factor, rtol=1e-4)
    np.testing.assert_array_equal(once.similarity, compare_batch(table, left, right).similarity)
