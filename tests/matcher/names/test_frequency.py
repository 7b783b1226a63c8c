"""How rare is a word, here and everywhere?"""

from __future__ import annotations

import numpy as np
import pytest

from matcher.names.frequency import EVERYWHERE, NameFrequencies, region_of
from matcher.names.grammar import parse_name


def word(name: str) -> str:
    return parse_name(name)[0].folded


@pytest.mark.parametrize(
    ("area", "region"), [("IN/WB/24PGS/X", "IN/WB"), ("IN/WB", "IN/WB"), ("IN", "IN"), ("", ""), ("/", "/")]
)
def test_region_of(area: str, region: str) -> None:
    assert region_of(area) == region


def test_nothing_counted() -> None:
    frequencies = NameFrequencies()
    assert frequencies.names == 0
    assert frequencies.bits(["sunita"], [EVERYWHERE]).tolist() == [9.0]
    assert frequencies.bits([], []).shape == (0,)


def test_the_common_say_less_than_the_rare() -> None:
    frequencies = NameFrequencies()
    for _ in range(9_999):
        frequencies.add("Sunita Mondal")
    frequencies.add("Balaiamlang Mondal")
    sunita, rare, unseen = frequencies.bits([word("Sunita"), word("Balaiamlang"), "xyz"], [EVERYWHERE] * 3)
    assert sunita < 0.1 < 5.0 < rare < unseen
    assert frequencies.names == 10_000


def test_a_new_deployment_takes_no_word_for_common() -> None:
    frequencies = NameFrequencies()
    frequencies.add("Sunita Mondal", "IN/WB")
    assert frequencies.bits([word("Sunita")], ["IN/WB"])[0] > 5.0


def test_spellings_share_their_count() -> None:
    frequencies = NameFrequencies()
    for spelling in ("Sunita", "Suneeta", "সুনীতা", "सुनीता"):
        frequencies.add(spelling)
    assert frequencies.regions[EVERYWHERE].words[word("Sunita")] == 4


def test_initials_and_repetitions_are_not_counted() -> None:
    frequencies = NameFrequencies()
    frequencies.add("S. Su Su")
    assert dict(frequencies.regions[EVERYWHERE].words) == {word("Su"): 1}


def test_what_is_common_in_one_state_is_rare_in_another() -> None:
    frequencies = NameFrequencies()
    for _ in range(300):
        frequencies.add("Sunita", "IN/WB/KOLKATA")
        frequencies.add("Lalduhawma", "IN/MZ")
        frequencies.add("Khin", "MM")
    bits = frequencies.bits([word("Lalduhawma")] * 4, ["IN/MZ/AIZAWL", "IN/WB", "IN", "MM"])
    assert bits[0] < bits[2] < bits[1]
    assert bits[2] < bits[3]


def test_an_area_without_reports_leans_on_its_country() -> None:
    frequencies = NameFrequencies()
    frequencies.add("Sunita", "IN/WB")
    frequencies.add("Rina", "IN")
    words = [word("Sunita")] * 2
    new, country = frequencies.bits(words, ["IN/GA", "IN"])
    assert new == country


def test_taking_away_what_was_never_there_leaves_nothing_below_zero() -> None:
    frequencies = NameFrequencies()
    frequencies.subtract("Sunita", "IN/WB")
    assert frequencies.names == 0
    assert not frequencies.regions[EVERYWHERE].words
    assert np.isfinite(frequencies.bits([word("Sunita")], ["IN/WB"])).all()


def test_words_and_areas_come_in_pairs() -> None:
    with pytest.raises(ValueError, match=r"shorter|longer"):
        NameFrequencies().bits(["a", "b"], [""])
