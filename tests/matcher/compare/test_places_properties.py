"""Origin against plain Python over resolved places; a place agrees with itself; neither side is special."""

from __future__ import annotations

from functools import cache

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from made_people import PLACES, known_names, people, person

from matcher.columns import RecordColumns
from matcher.compare.places import ADDRESS, ORIGIN, REMEMBERED
from matcher.comparison import NULL
from matcher.names.phonetics import encode_tokens, token_similarities
from matcher.person import PersonRecord, Place
from matcher.places import Gazetteer
from matcher.texts import parse_text

CONTEXT = known_names()


def alike(a: str, b: str) -> float:
    """Return the better of sound and, for long words, typing."""
    words = ["".join(token.folded for token in parse_text(text)) for text in (a, b)]
    sound = float(token_similarities(encode_tokens(words), np.array([0]), np.array([1]))[0])
    longest = max(map(len, words))
    typing = 1 - edits(*words) / longest if min(map(len, words)) >= 7 else 0.0
    return max(sound, float(np.float32(typing)))


def edits(a: str, b: str) -> int:
    """Return how many letters are to be put in, left out, changed or exchanged with their neighbour (by recursion)."""

    @cache
    def cost(m: int, n: int) -> int:
        if not m or not n:
            return m + n
        steps = [cost(m - 1, n) + 1, cost(m, n - 1) + 1, cost(m - 1, n - 1) + (a[m - 1] != b[n - 1])]
        if m > 1 and n > 1 and a[m - 1] == b[n - 2] and a[m - 2] == b[n - 1]:
            steps.append(cost(m - 2, n - 2) + 1)
        return min(steps)

    return cost(len(a), len(b))


def origin_oracle(left: Place, right: Place) -> int:
    a, b = Gazetteer.load().resolve(left), Gazetteer.load().resolve(right)
    paths = [one.path.split("/") if one.path else [] for one in (a, b)]
    depth = min(len(paths[0]), len(paths[1]), 4)
    shared = sum(paths[0][: n + 1] == paths[1][: n + 1] for n in range(depth))
    level = {0: 9, 1: 7, 2: 5, 3: 3, 4: 2}[shared]
    comparable = depth > 0
    narrower = shared < depth
    if a.district and b.district:
        comparable = comparable or alike(a.district, b.district) >= 0.8
        if alike(a.district, b.district) >= 0.8:
            level = min(level, 3)
        else:
            narrower = True
    if a.state and b.state:
        comparable = True
        if alike(a.state, b.state) >= 0.8:
            level = min(level, 5)
        else:
            narrower = True
    if a.village and b.village:
        comparable = True
        contradicted = any(shared <= n < depth for n in (1, 2))
        if not contradicted and alike(a.village, b.village) >= 0.8:
            level = 0 if alike(a.village, b.village) >= 0.93 else 1
        narrower = narrower or alike(a.village, b.village) < 0.8
    if narrower and level in (3, 5, 7):
        level += 1
    return level if comparable else NULL


def test_every_pair_of_places_against_plain_python() -> None:
    columns = RecordColumns.build(person(origin=place) for place in PLACES)
    n = len(PLACES)
    i, j = np.repeat(np.arange(n), n), np.tile(np.arange(n), n)
    found = ORIGIN.assign(columns, i, j, CONTEXT).levels.tolist()
    assert found == [origin_oracle(PLACES[a], PLACES[b]) for a, b in zip(i, j, strict=True)]


texts = st.none() | st.sampled_from(["IN", "Nepal", "West Bengal", "24 Pgs (S)", "Kolkata", "Gosaba", "Nowhere", "😀"])


@settings(max_examples=80, deadline=None)
@given(st.lists(st.builds(Place, texts, texts, texts, texts), min_size=2, max_size=4))
def test_any_places_against_plain_python(places: list[Place]) -> None:
    columns = RecordColumns.build(person(origin=place) for place in places)
    i, j = np.arange(len(places) - 1), np.arange(1, len(places))
    found = ORIGIN.assign(columns, i, j, CONTEXT).levels.tolist()
    assert found == [origin_oracle(places[a], places[b]) for a, b in zip(i, j, strict=True)]


@settings(max_examples=20, deadline=None)
@given(st.lists(people(with_faces=False), min_size=2, max_size=4))
def test_either_way_round_and_each_with_itself(records: list[PersonRecord]) -> None:
    columns = RecordColumns.build(records)
    n = len(records)
    i, j = np.repeat(np.arange(n), n), np.tile(np.arange(n), n)
    for comparison in (ORIGIN, REMEMBERED, ADDRESS):
        there, back = comparison.assign(columns, i, j, CONTEXT), comparison.assign(columns, j, i, CONTEXT)
        assert there.levels.tolist() == back.levels.tolist(), comparison.name
    same = ORIGIN.assign(columns, np.arange(n), np.arange(n), CONTEXT).levels
    for record, level in zip(records, same, strict=True):
        assert level == NULL or level <= 7
        assert (level == 0) == (record.origin.village is not None)
    for record, level in zip(records, ADDRESS.assign(columns, np.arange(n), np.arange(n), CONTEXT).levels, strict=True):
        assert level == (NULL if record.address in (None, "😀", "-") else 0)
