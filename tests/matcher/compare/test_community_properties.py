"""The comparison of communities against plain sets; a form of another script or spelling changes nothing."""

from __future__ import annotations

from random import Random

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from made_people import known_names, level, person

from matcher.columns import RecordColumns
from matcher.compare.community import COMMUNITY, KINDS, understood
from matcher.comparison import NULL
from matcher.names.phonetics import encode_tokens, token_similarities
from matcher.names.weighing import SAME_WORD
from matcher.reference import alternatives, read_table

CONTEXT = known_names()
ROWS = {row["canonical"]: row for row in read_table("communities.tsv") if row["of"] in KINDS}
NAMES = ("Santal", "Munda", "Naga", "Angami", "Ao", "Rohingya", "Bengali", "Dalit", "Musahar", "Dom", "OBC", "Yadav",
         "Muslim", "Hindu", "Christian")  # fmt: skip
UNKNOWN = ("Zakhring", "Zakhrin", "Miju")
answers = st.lists(st.sampled_from([*NAMES, *UNKNOWN, "unknown", "-"]), max_size=4, unique=True).map(tuple)


def meant(answer: tuple[str, ...]) -> set[str]:
    """Return the rows that an answer names, without the broader of two."""
    rows = {name for name in answer if name in ROWS}
    return rows - {other for name in rows for other in alternatives(ROWS[name]["beside"])}


def alike(one: str, other: str) -> bool:
    """Tell whether two words that no row has sound alike."""
    (a,), (b,) = understood((one,)).unknown, understood((other,)).unknown
    return bool(token_similarities(encode_tokens([a, b]), np.array([0]), np.array([1]))[0] >= SAME_WORD)


def oracle(left: tuple[str, ...], right: tuple[str, ...]) -> int:
    for kind in KINDS:
        a, b = ({name for name in meant(answer) if ROWS[name]["of"] == kind} for answer in (left, right))
        same = bool(a & b)
        differ = any(
            x != y and y not in alternatives(ROWS[x]["beside"]) and x not in alternatives(ROWS[y]["beside"])
            for x in a
            for y in b
        )
        if kind == "people":
            strange = [[word for word in answer if word in UNKNOWN] for answer in (left, right)]
            same = same or any(alike(x, y) for x in strange[0] for y in strange[1])
            differ = differ or bool(strange[0] and strange[1])
        if same or differ:
            return 0 if same else 1
    return NULL


@settings(max_examples=60, deadline=None)
@given(st.lists(answers, min_size=1, max_size=8))
def test_every_pair_is_what_plain_sets_say(said: list[tuple[str, ...]]) -> None:
    columns = RecordColumns.build([person(community=answer) for answer in said])
    n = len(said)
    i, j = np.repeat(np.arange(n), n), np.tile(np.arange(n), n)
    found = COMMUNITY.assign(columns, i, j, CONTEXT)
    assert found.levels.tolist() == [oracle(said[a], said[b]) for a, b in zip(i, j, strict=True)]
    assert not found.rarity.any()


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(sorted(ROWS)), st.sampled_from(sorted(ROWS)), st.data())
def test_another_form_says_the_same(one: str, other: str, data: st.DataObject) -> None:
    row = ROWS[one]
    form = data.draw(st.sampled_from([one, *alternatives(row["latin"]), *alternatives(row["native"])]))
    right = person(community=(other,))
    assert level(COMMUNITY, person(community=(form,)), right) == level(COMMUNITY, person(community=(one,)), right)
    assert level(COMMUNITY, person(community=(form,)), person(community=(one,))) == 0


@settings(max_examples=60, deadline=None)
@given(answers, answers, st.randoms(use_true_random=False))
def test_order_and_repetition_do_not_matter(left: tuple[str, ...], right: tuple[str, ...], random: Random) -> None:
    mixed = list(left)
    random.shuffle(mixed)
    there = level(COMMUNITY, person(community=left), person(community=right))
    assert level(COMMUNITY, person(community=(*mixed, *mixed)), person(community=right)) == there
