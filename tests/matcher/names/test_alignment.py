"""Do agreement, omission and contradiction come out as a reader would say?"""

from __future__ import annotations

import numpy as np
import pytest

from matcher.names import NAME_MATCH_THRESHOLD, NameEvidence, compare_names, name_similarity
from matcher.names.alignment import compare_batch
from matcher.names.table import NameTable


def test_one_name_is_itself() -> None:
    evidence = compare_names("Sunita Mondal", "Sunita Mondal")
    assert evidence == NameEvidence(1.0, 2.0, 0.0, 0.0, evidence.alignment)
    assert [(word.left, word.right, word.reason) for word in evidence.alignment] == [
        ("sunita", "sunita", "same spelling"),
        ("mondal", "mondal", "same spelling"),
    ]


def test_order_does_not_count() -> None:
    assert name_similarity("Mondal Sunita", "Sunita Mondal") == pytest.approx(1.0)


def test_leaving_out_a_word_is_mild_and_contradicting_it_is_not() -> None:
    omitted, contradicted = compare_names("Sunita Das", "Sunita"), compare_names("Sunita Das", "Sunita Khan")
    assert omitted.contradiction == 0.0 < omitted.omission
    assert contradicted.contradiction > 0.0
    assert omitted.similarity >= NAME_MATCH_THRESHOLD > contradicted.similarity


def test_a_weak_word_that_differs_is_left_out_and_not_contradicted() -> None:
    evidence = compare_names("Sunita Devi", "Sunita Kumari")
    assert evidence.contradiction == 0.0
    assert evidence.omission > 0.0


@pytest.mark.parametrize(
    ("left", "right"),
    [("Sita", "Gita"), ("Rafiqul", "Shafiqul"), ("Karim", "Rahim"), ("Anil", "Sunil"), ("Sunita Das", "Anita Das")],
)
def test_people_whose_names_look_alike(left: str, right: str) -> None:
    assert name_similarity(left, right) < NAME_MATCH_THRESHOLD


@pytest.mark.parametrize(
    ("left", "right"),
    [
        ("S. Mondal", "Sunita Mondal"),
        ("C. Das", "Chandra Das"),
        ("C. Das", "Katherine Das"),
        ("P. Das", "Phulmoni Das"),
        ("P. Das", "Purnima Das"),
        ("A. Das", "Ojit Das"),
        ("Y. Khatun", "Yasmin Khatun"),
        ("एस. मंडल", "Sunita Mondal"),
    ],
)
def test_an_initial_stands_for_its_word(left: str, right: str) -> None:
    for evidence in (compare_names(left, right), compare_names(right, left)):
        assert evidence.contradiction == 0.0
        assert NAME_MATCH_THRESHOLD <= evidence.similarity < 1.0


@pytest.mark.parametrize(
    ("left", "right"), [("S. Mondal", "Anita Mondal"), ("C. Das", "P. Das"), ("P. Das", "F. Das"), ("K. Das", "C. Roy")]
)
def test_an_initial_of_another_letter_contradicts(left: str, right: str) -> None:
    assert compare_names(left, right).contradiction > 0.0


def test_words_written_together_meet() -> None:
    evidence = compare_names("Abdul Rahman", "Abdurrahman")
    assert evidence.similarity >= NAME_MATCH_THRESHOLD
    assert evidence.contradiction == evidence.omission == 0.0
    long = compare_names("Abdul Rahman Chowdhury", "Abdurrahman Chowdhury")
    assert long.similarity >= NAME_MATCH_THRESHOLD


def test_words_written_together_are_compared_to_their_end() -> None:
    # Alike for more letters than a word's code holds, and then two different people.
    left, right = "Muhammad Abdurrahman Chowdhury Rafiq", "Muhammad Abdurrahman Chowdhury Salim Uddin"
    evidence = compare_names(left, right)
    assert evidence.contradiction > 0.0
    assert evidence.similarity < NAME_MATCH_THRESHOLD


def test_of_six_words_the_alignment_names_those_that_were_compared() -> None:
    evidence = compare_names("Md Sunita Rekha Purnima Malati Kamala", "Sunita Rekha Purnima Malati Kamala")
    assert [(word.left, word.right) for word in evidence.alignment] == [
        (word, word) for word in ("sunita", "rekha", "purnima", "malati", "kamala")
    ]
    assert evidence.similarity == pytest.approx(1.0)


def test_the_alignment_shows_every_word_once() -> None:
    evidence = compare_names("Sunita Kumari Das", "Sunit Khan")
    assert sorted(filter(None, (word.left for word in evidence.alignment))) == ["das", "kumari", "sunita"]
    assert sorted(filter(None, (word.right for word in evidence.alignment))) == ["khan", "sunit"]
    assert {word.reason for word in evidence.alignment if not word.right} == {"only on the left"}
    turned = compare_names("Sunit Khan", "Sunita Kumari Das")
    assert {word.reason for word in turned.alignment if not word.left} == {"only on the right"}


@pytest.mark.parametrize(
    ("left", "right"),
    [("Karim", "Karima"), ("Sunil", "Sunila"), ("शमीम", "शमीमा"), ("নাসিম", "নাসিমা"), ("Raj", "Raju")],
)
def test_a_vowel_more_at_the_end_is_another_name_in_one_script(left: str, right: str) -> None:
    assert name_similarity(left, right) < NAME_MATCH_THRESHOLD
    assert name_similarity(right, left) < NAME_MATCH_THRESHOLD


def test_the_last_vowel_of_some_scripts_is_not_written() -> None:
    assert name_similarity("ವರುಣ್ ಗೌಡ", "ವರುಣ ಗೌಡ") > name_similarity("वरुण गौड़", "वरुणा गौड़")


@pytest.mark.parametrize(
    ("left", "right", "pair"),
    [
        ("Jian Ming Li", "Li Jianming", ("jian ming", "jianming")),
        ("Abdul Rahman Chowdhury", "Chowdhury Abdurrahman", ("abdul rahman", "abdurrahman")),
        ("Ram Kumar Das", "Ramkumar Das", ("ram kumar", "ramkumar")),
    ],
)
def test_two_words_inside_a_name_are_one_word_of_the_other(left: str, right: str, pair: tuple[str, str]) -> None:
    evidence = compare_names(left, right)
    assert evidence.similarity > 0.9
    assert evidence.contradiction == evidence.omission == 0.0
    assert pair in {(word.left, word.right) for word in evidence.alignment}
    turned = compare_names(right, left)
    assert pair[::-1] in {(word.left, word.right) for word in turned.alignment}


def test_a_common_family_name_contradicts_and_a_courtesy_does_not() -> None:
    assert compare_names("Rahima Khatun", "Rahima Begum").contradiction == 0.0
    for left, right in [("Kamala Rao", "Kamala Reddy"), ("Wajid Khan", "Wajid Sheikh"), ("Sita Das", "Sita Dey")]:
        evidence = compare_names(left, right)
        assert evidence.contradiction > 0.0
        assert evidence.similarity < NAME_MATCH_THRESHOLD


def test_a_pet_form_is_close_to_its_formal_name() -> None:
    evidence = compare_names("Rabi Biswas", "Rabindranath Biswas")
    assert evidence.contradiction == 0.0
    assert NAME_MATCH_THRESHOLD <= evidence.similarity < name_similarity("Rabindra Biswas", "Rabindro Biswas")
    assert name_similarity("Rabi", "Rabindranath") < NAME_MATCH_THRESHOLD


def test_a_known_language_decides_what_is_a_title() -> None:
    assert compare_names("Ko Aung", "Aung", lang_a="my").omission == 0.0
    assert compare_names("Ko Aung", "Aung", lang_a="bn").omission > 0.0
    assert compare_names("Aung", "Ko Aung", lang_b="bn").omission > 0.0


@pytest.mark.parametrize("nobody", ["", "   ", "123", "😀"])
def test_nobody_is_like_no_one(nobody: str) -> None:
    for evidence in (compare_names(nobody, "Sunita"), compare_names("Sunita", nobody), compare_names(nobody, nobody)):
        assert evidence.similarity == 0.0
        assert evidence.agreement == 0.0


def test_no_pairs() -> None:
    none = np.zeros(0, dtype=np.int64)
    assert compare_batch(NameTable.build(["Ram"]), none, none).similarity.shape == (0,)


def test_rarity_counts_the_words_that_agree_by_region() -> None:
    table = NameTable.build(["Ram Das", "Ram Khan", "R Das", "Abdul Rahman", "Abdurrahman"])
    bits = np.zeros((2, len(table.vocabulary)), dtype=np.float32)
    bits[0] = 3.0
    bits[1] = 5.0
    left, right = np.array([0, 0, 0, 0, 3]), np.array([0, 0, 1, 2, 4])
    region = np.array([0, 1, 1, 0, 1])

    def asked(tokens: np.ndarray, regions: np.ndarray) -> np.ndarray:
        return bits[regions, tokens]

    rarity = compare_batch(table, left, right, asked, region).rarity
    assert rarity[:4].tolist() == pytest.approx([6.0, 10.0, 5.0, 3.0])
    assert 0.84 * 5.0 <= rarity[4] <= 5.0
    np.testing.assert_allclose(
        compare_batch(table, left, right, asked).rarity, compare_batch(table, left, right, asked, region * 0).rarity
    )
    assert not compare_batch(table, left, right).rarity.any()


def test_how_rare_words_are_is_asked_of_names_only_that_agree() -> None:
    table = NameTable.build(["Ram Das", "Ram Khan", "Sunita Mondal"])
    words: list[str] = []

    def asked(tokens: np.ndarray, _regions: np.ndarray) -> np.ndarray:
        words.extend(table.vocabulary[token] for token in tokens.tolist())
        return np.ones(len(tokens), dtype=np.float32)

    rarity = compare_batch(table, np.array([0, 0]), np.array([1, 2]), asked).rarity
    assert rarity[0] > 0.0 == rarity[1]
    assert set(words) == set(words_of_names(table, [0, 1]))


def words_of_names(table: NameTable, names: list[int]) -> list[str]:
    return [table.vocabulary[token] for token in table.tokens[names].ravel().tolist() if token >= 0]
