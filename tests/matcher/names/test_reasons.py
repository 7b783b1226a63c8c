"""Is the reason given for each aligned pair of words true of it?"""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from name_cases import names, region_names

from matcher.names import compare_names


def reasons(left: str, right: str) -> list[str]:
    return [word.reason for word in compare_names(left, right).alignment]


@pytest.mark.parametrize(
    ("left", "right", "reason"),
    [
        ("Sita", "sita", "same spelling"),
        ("সুনীতা", "Sunita", "same sound in two scripts"),
        ("মুখার্জী", "Mukhopadhyay", "one name in two forms"),
        ("Chatterjee", "Chattopadhyay", "one name in two forms"),
        ("Sah", "Shaw", "forms of one name, though some families keep them apart"),
        ("Rafiqul", "Rofiqul", "spellings of one word: o for a"),
        ("Seema", "Sima", "spellings of one word: ee for i"),
        ("Nirmalla", "Nirmala", "spellings of one word: a doubled letter"),
        ("Dilip", "Dhilip", "spellings of one word: h left out or added"),
        ("Shunil", "Sunil", "spellings of one word: s for sh"),
        ("Farida", "Pharida", "spellings of one word: ph for f"),
        ("Karim", "Karima", "close spellings: final a left out or added"),
        ("Sita", "Gita", "different words"),
        ("Rabi", "Rabindra", "rabi is a pet form of rabindra"),
        ("Rabindra", "Rabi", "rabi is a pet form of rabindra"),
    ],
)
def test_one_word_each(left: str, right: str, reason: str) -> None:
    assert reasons(left, right) == [reason]


@pytest.mark.parametrize(
    ("left", "right", "expected"),
    [
        ("S. Das", "Sunita Das", ["s is the initial of sunita", "same spelling"]),
        ("C. Das", "Katherine Das", ["c may be the initial of katherine", "same spelling"]),
        ("S. Das", "S. Das", ["same initial", "same spelling"]),
        ("S. Das", "Anita Das", ["initial of another word", "same spelling"]),
        ("Md Karim", "Mohammad Karim", ["md is short for mohammad", "same spelling"]),
        ("Rahima Khatun", "Rahima", ["same spelling", "common element, only on the left"]),
        ("Rahima", "Rahima Biswas", ["same spelling", "only on the right"]),
        ("Shri Mohan Biswas", "Mohan Biswas", ["same spelling", "same spelling", "title on the left, not compared"]),
        ("Ram Kumar Das", "Ramkumar Das", ["written as one word on one side only", "same spelling"]),
    ],
)
def test_names_of_several_words(left: str, right: str, expected: list[str]) -> None:
    assert reasons(left, right) == expected


@given(names | region_names, names | region_names)
@settings(deadline=None, max_examples=40)
def test_every_aligned_pair_has_a_reason_and_it_holds_both_ways(one: str, other: str) -> None:
    forth, back = compare_names(one, other).alignment, compare_names(other, one).alignment
    assert all(word.reason for word in forth)
    turned = {(word.right, word.left): word.reason for word in back}
    for word in forth:
        reason = word.reason.replace("left,", "L").replace("on the left", "on the right")
        assert word.right == "" or word.left == "" or turned[word.left, word.right] == word.reason, reason
