"""The batched alignment and comparison against plain loops, and what holds of them for every pair of names."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from name_cases import names, region_names

from matcher.names import compare_names
from matcher.names.alignment import CLOSE_WORD, SAME_WORD, NameFeatures, align, compare_batch
from matcher.names.grammar import NameToken, parse_name
from matcher.names.phonetics import MAX_TOKEN, encode_tokens, token_similarities
from matcher.names.table import MAX_TOKENS, NameTable, strongest_words

FEATURES = ("agreement", "omission", "contradiction", "weakest", "similarity", "rarity")


def word_similarity(left: NameToken, right: NameToken) -> float:
    if left.initial or right.initial:
        return initial_similarity(left, right)
    return spelling_similarity(left.folded, right.folded)


def initial_similarity(left: NameToken, right: NameToken) -> float:
    a, b = left.folded[0], right.folded[0]
    if left.initial and right.initial:
        return 1.0 if a == b else 0.0
    letter, word = (a, b) if left.initial else (b, a)
    return 0.88 if letter == word or letter + word in ("kc", "pf", "iy") else 0.0


def spelling_similarity(left: str, right: str) -> float:
    codes = encode_tokens([left, right], MAX_TOKENS * MAX_TOKEN)
    return float(token_similarities(codes, np.array([0]), np.array([1]))[0])


def plain_align(left: tuple[NameToken, ...], right: tuple[NameToken, ...]) -> dict[int, tuple[int, float]]:
    """Settle the best pair of words first; of equals, the one that stands first."""
    cells = [
        (-word_similarity(a, b), i, j) for i, a in enumerate(left) for j, b in enumerate(right)
    ]  # fmt: skip
    settled: dict[int, tuple[int, float]] = {}
    for negative, i, j in sorted(cells):
        if i not in settled and all(j != partner for partner, _ in settled.values()):
            settled[i] = (j, -negative)
    return settled


def plain_compare(one: str, other: str) -> dict[str, float]:
    """Compare two names word by word, as the docstrings say it is done."""
    left, right = strongest_words(parse_name(one)), strongest_words(parse_name(other))
    agreement = contradiction = spread = 0.0
    settled_left = settled_right = 0.0
    weakest = 1.0
    for i, (j, value) in plain_align(left, right).items():
        a, b = left[i], right[j]
        weight = min(a.weight, b.weight)
        if value >= CLOSE_WORD:
            agreement += weight * (value if value >= SAME_WORD else value - 0.25)
            spread += weight
            weakest = min(weakest, value)
        elif weight <= 0.25 and not a.initial and not b.initial:
            continue  # left out by one writer
        else:
            contradiction += weight
        settled_left += a.weight
        settled_right += b.weight
    total_left, total_right = sum(a.weight for a in left), sum(b.weight for b in right)
    omission = max(total_left - settled_left, 0.0) + max(total_right - settled_right, 0.0)
    if left and right and len(left) != len(right):
        together = spelling_similarity("".join(a.folded for a in left), "".join(b.folded for b in right))
        if together >= 0.84:
            spread = max(total_left, total_right)
            agreement, contradiction, omission, weakest = spread * together, 0.0, 0.0, together
    similarity = agreement / max(agreement + contradiction + 0.2 * omission, 1e-6) * 0.6**contradiction
    similarity *= min(agreement / max(spread, 1e-6), 1.0)
    return {
        "agreement": agreement,
        "omission": omission,
        "contradiction": contradiction,
        "weakest": weakest,
        "similarity": similarity if left and right else 0.0,
    }


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
        plain = plain_align(strongest_words(parse_name(one)), strongest_words(parse_name(other)))
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
        for feature in FEATURES:
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
    bits = np.arange(1, len(table.vocabulary) + 1, dtype=np.float32)[None, :]
    once, more = compare_batch(table, left, right, bits), compare_batch(table, left, right, bits * np.float32(factor))
    np.testing.assert_allclose(more.rarity, once.rarity * factor, rtol=1e-4)
    np.testing.assert_array_equal(once.similarity, compare_batch(table, left, right).similarity)
