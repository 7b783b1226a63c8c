"""The smoothed frequencies against a plain count of the same names, and what holds of them for every population."""

from __future__ import annotations

import math

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from name_cases import names

from matcher.names.frequency import NameFrequencies
from matcher.names.grammar import parse_name

areas = st.sampled_from(["", "IN", "IN/WB", "IN/WB/MALDA", "IN/AS", "MM", "MM/SHN"])
populations = st.lists(st.tuples(names, areas), max_size=8)
WORDS = ["sunita", "abdul", "das", "raman", "unheard"]


def counted(population: list[tuple[str, str]]) -> NameFrequencies:
    frequencies = NameFrequencies()
    for name, area in population:
        frequencies.add(name, area)
    return frequencies


def plain_bits(population: list[tuple[str, str]], word: str, area: str) -> float:
    """Count every name anew for each step from everywhere to the state."""
    frequency = 300 / 512 / (len(population) + 300)
    steps = [""] + ["/".join(area.split("/")[:n]) for n in (1, 2) if area and len(area.split("/")) >= n]
    for depth, step in enumerate(steps):
        there = [name for name, place in population if not step or f"{place}/".startswith(f"{step}/")]
        if depth and not there:
            continue
        own = sum(any(t.folded == word and not t.initial for t in parse_name(name)) for name in there)
        frequency = (
            (own + 300 / 512) / (len(there) + 300) if depth == 0 else (own + 150 * frequency) / (len(there) + 150)
        )
    return min(max(-math.log2(frequency), 0.0), 13.0)


@given(populations, areas)
@settings(deadline=None, max_examples=40)
def test_bits_meet_the_plain_count(population: list[tuple[str, str]], area: str) -> None:
    found = counted(population).bits(WORDS, [area] * len(WORDS))
    expected = [plain_bits(population, word, area) for word in WORDS]
    np.testing.assert_allclose(found, expected, rtol=1e-5)


@given(populations, populations, areas)
@settings(deadline=None, max_examples=40)
def test_what_is_added_and_taken_away_leaves_no_trace(
    stay: list[tuple[str, str]], leave: list[tuple[str, str]], area: str
) -> None:
    frequencies = counted([*stay, *leave])
    for name, place in leave:
        frequencies.subtract(name, place)
    places = [area] * len(WORDS)
    np.testing.assert_allclose(frequencies.bits(WORDS, places), counted(stay).bits(WORDS, places), rtol=1e-6)
    assert frequencies.names == len(stay)


@given(populations, areas)
@settings(deadline=None, max_examples=40)
def test_order_does_not_count(population: list[tuple[str, str]], area: str) -> None:
    places = [area] * len(WORDS)
    np.testing.assert_array_equal(
        counted(population).bits(WORDS, places), counted(population[::-1]).bits(WORDS, places)
    )


@given(populations, areas)
@settings(deadline=None, max_examples=40)
def test_one_more_of_a_name_never_makes_it_rarer(population: list[tuple[str, str]], area: str) -> None:
    frequencies = counted([("Gopal", "IN/WB"), *population])
    word = [parse_name("Gopal")[0].folded]
    before = float(frequencies.bits(word, [area])[0])
    frequencies.add("Gopal", area)
    assert 0.0 <= float(frequencies.bits(word, [area])[0]) <= before + 1e-6
    assert before <= 13.0
