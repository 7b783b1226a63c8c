"""The smoothed frequencies against a plain count of the same names, and what holds of them for every population.

The plain count knows one made-up table, and compares every word with every other to find the near spellings.
"""

from __future__ import annotations

import math

import numpy as np
from hypothesis import example, given, settings
from hypothesis import strategies as st
from name_cases import names

from matcher.names.frequency import NameFrequencies
from matcher.names.grammar import parse_name
from matcher.names.phonetics import encode_tokens, token_similarities
from matcher.names.prior import NamePrior

areas = st.sampled_from(["", "IN", "IN/WB", "IN/WB/MALDA", "IN/AS", "MM", "MM/SHN"])
populations = st.lists(st.tuples(names, areas), max_size=8)
WORDS = ["sunita", "suneta", "sonita", "abdul", "abdol", "das", "raman", "roman", "unheard", "e"]
SHARES = {"sunita": 0.05, "das": 0.3, "raman": 2.0**-12, "karim": 0.004}
TABLE = NamePrior.of({"IN/WB": SHARES})
NO_TABLES = NamePrior.of({})


def counted(population: list[tuple[str, str]], prior: NamePrior | None = None) -> NameFrequencies:
    frequencies = NameFrequencies() if prior is None else NameFrequencies(prior=prior)
    for name, area in population:
        frequencies.add(name, area)
    return frequencies


def words_of(name: str) -> set[str]:
    return {token.folded for token in parse_name(name) if not token.initial}


def plain_frequency(population: list[tuple[str, str]], word: str, area: str, table: bool) -> float:
    """Count every name anew for each step from everywhere to the state."""
    listed = min(max(SHARES.get(word, 0.0), 2.0**-11), 2.0**-4) if table else 0.0
    mean = min(SHARES.get(word, 0.0), 2.0**-4) if table else 0.0
    known_above = mean if mean > 2.0**-9 else 0.0
    frequency = 0.0
    for depth, step in enumerate(["", *("/".join(area.split("/")[:n]) for n in (1, 2) if len(area.split("/")) >= n)]):
        there = [name for name, place in population if not step or f"{place}/".startswith(f"{step}/")]
        expected = {"": known_above or 2.0**-9, "IN": known_above, "IN/WB": listed}.get(step, 0.0)
        above, below = float(sum(word in words_of(name) for name in there)), float(len(there))
        if expected:
            above, below = above + 300 * expected, below + 300
        if depth:
            above, below = above + 150 * frequency, below + 150
        frequency = above / below
    return frequency


def plain_bits(population: list[tuple[str, str]], word: str, area: str, table: bool) -> float:
    every = [found for name, _ in population for found in words_of(name)]
    lenders = {found for found in every if every.count(found) >= 3} | (set(SHARES) if table else set())
    others = sorted(lenders - {word})
    codes = encode_tokens([word, *others])
    alike = token_similarities(codes, np.zeros(len(others), np.int64), np.arange(1, len(others) + 1))
    near = [other for other, similarity in zip(others, alike, strict=True) if similarity >= 0.9]
    frequency = max(plain_frequency(population, spelling, area, table) for spelling in (word, *near))
    return min(max(-math.log2(frequency), 0.0), 13.0)


@given(populations, areas, st.booleans())
@example([("Suneta", "IN/WB")] * 3 + [("Rina", "IN")], "IN", True)
@example([("Abdol", "IN")] * 4 + [("Rina", "IN")], "IN/WB", False)
@settings(deadline=None, max_examples=40)
def test_bits_meet_the_plain_count(population: list[tuple[str, str]], area: str, table: bool) -> None:
    found = counted(population, TABLE if table else NO_TABLES).bits(WORDS, [area] * len(WORDS))
    expected = [plain_bits(population, word, area, table) for word in WORDS]
    np.testing.assert_allclose(found, expected, rtol=1e-5)


def test_nearly_every_near_pair_of_listed_words_is_found() -> None:
    prior = NamePrior.load()
    # Words that begin with other letters are hardly ever near: some letters that may be exchanged are enough.
    sample = sorted({word for block in prior.blocks.values() for word in block if word[0] in "bfpsc"})
    a, b = np.triu_indices(len(sample), 1)
    near = np.flatnonzero(token_similarities(encode_tokens(sample), a, b) >= 0.9)
    share = 2.0**-5
    missed = 0
    for k in near.tolist():
        # One word listed, the other not: the other is common only by being near.
        one, other = sample[a[k]], sample[b[k]]
        listed = NameFrequencies(prior=NamePrior.of({"IN/WB": {one: share}}))
        own, lent = listed.bits([one, other], ["IN/WB"] * 2)
        missed += bool(own != lent)
    assert len(near) >= 150
    assert missed <= 0.03 * len(near)


@given(populations, populations, areas)
@settings(deadline=None, max_examples=40)
def test_asking_changes_no_answer(first: list[tuple[str, str]], then: list[tuple[str, str]], area: str) -> None:
    asked = NameFrequencies()
    for name, place in [*first, *then]:
        asked.bits(WORDS, [area] * len(WORDS))
        asked.add(name, place)
    for name, place in first:
        asked.bits(WORDS, [area] * len(WORDS))
        asked.subtract(name, place)
    expected = counted(then).bits(WORDS, [area] * len(WORDS))
    np.testing.assert_allclose(asked.bits(WORDS, [area] * len(WORDS)), expected, rtol=1e-6)
    for word, bits in zip(WORDS, expected, strict=True):
        assert asked.bits([word], [area])[0] == np.float32(bits)


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


@given(populations, populations)
@settings(deadline=None, max_examples=40)
def test_many_at_once_are_counted_as_one_by_one(stay: list[tuple[str, str]], leave: list[tuple[str, str]]) -> None:
    every = [*stay, *leave]
    frequencies = NameFrequencies()
    frequencies.add_all([name for name, _ in every], [area for _, area in every])
    assert frequencies == counted(every)
    frequencies.subtract_all([name for name, _ in leave], [area for _, area in leave])
    left = {region: counts for region, counts in frequencies.regions.items() if counts.names}
    assert left == counted(stay).regions


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
    # Without tables no other spelling of Gopal is commoner than it is.
    frequencies = counted([("Gopal", "IN/WB"), *population], NO_TABLES)
    word = [parse_name("Gopal")[0].folded]
    before = float(frequencies.bits(word, [area])[0])
    frequencies.add("Gopal", area)
    assert 0.0 <= float(frequencies.bits(word, [area])[0]) <= before + 1e-6
    assert before <= 13.0
