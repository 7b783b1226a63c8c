"""Are words written together what they would be written apart, and does the quick look never rule out a join?"""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from name_cases import folded_words, names

from matcher.names.joinable import joinable
from matcher.names.joining import (
    JOINED_SAME,
    Letters,
    Wholes,
    joined_similarities,
    whole_similarities,
    written_together,
)
from matcher.names.pairs import Field
from matcher.names.phonetics import MAX_TOKEN, encode_tokens
from matcher.names.table import NameTable

short_words = st.text("abdeghikmnoprstuyN", min_size=1, max_size=7)


@st.composite
def three_words(draw: st.DrawFn) -> tuple[str, str, str]:
    """Two words and one that is often nearly both written together."""
    one, two = draw(short_words), draw(short_words)
    together = one + two
    at = draw(st.integers(0, len(together)))
    changed = draw(st.sampled_from([together, one[:-1] + two, together[:at] + together[at + 1 :], draw(short_words)]))
    return one, two, draw(st.just(changed) | st.just(changed.replace("a", "o")) | short_words) or "a"


@given(st.lists(three_words(), min_size=1, max_size=6))
@settings(deadline=None)
def test_no_join_is_ruled_out(triples: list[tuple[str, str, str]]) -> None:
    codes = encode_tokens([word for triple in triples for word in triple])
    one, two, other = np.arange(len(codes)).reshape(-1, 3).T
    letters = Letters.of(codes)
    value, _ = joined_similarities(codes, one, two, other)
    may_be = letters.together(one, two).may_be(letters, slice(None), other)
    assert may_be[value >= JOINED_SAME].all()


def _one_by_one(name: list[str]) -> str:
    """Write folded words together, each behind what stands already: the slow truth."""
    text = ""
    for word in name:
        last, first = text[-1:], word[:1]
        if last and last == first:
            text = text[:-1]
        elif last == "m" and first in "tdkgcj":
            text = f"{text[:-1]}n"
        elif last == "n" and first in "pbf":
            text = f"{text[:-1]}m"
        elif last == "n" and first == "g":
            text = f"{text[:-1]}N"
        text += word
    return text


@given(st.lists(st.lists(folded_words, max_size=5), min_size=1, max_size=5))
@settings(deadline=None)
def test_names_written_as_one_word(parts: list[list[str]]) -> None:
    words = [word for name in parts for word in name]
    tokens = np.full((5, len(parts)), -1, dtype=np.intp)
    number = 0
    for column, name in enumerate(parts):
        tokens[: len(name), column] = np.arange(number, number + len(name))
        number += len(name)
    wholes = Wholes.of(encode_tokens(words), tokens)
    together = [_one_by_one(name) for name in parts]
    assert [written_together(name) for name in parts] == together
    np.testing.assert_array_equal(wholes.codes, encode_tokens(together))
    assert all(cut for cut, word in zip(wholes.cut.tolist(), together, strict=True) if len(word) > MAX_TOKEN)
    left, right = np.divmod(np.arange(len(parts) ** 2), len(parts))
    same = whole_similarities(wholes, wholes, left, right) >= JOINED_SAME
    assert wholes.may_be(wholes, left, right)[same].all()


@given(st.lists(names, min_size=1, max_size=4), st.lists(names, min_size=1, max_size=4))
@settings(deadline=None, max_examples=40)
def test_names_that_are_explained_by_joining_are_joinable(left: list[str], right: list[str]) -> None:
    table = NameTable.build([*left, *right])
    sides = [np.array([table.ids[name] for name in side]) for side in (left, right)]
    field = Field.of(table, *sides)
    may_join = joinable(field)
    rows, columns = np.divmod(np.arange(may_join.size), may_join.shape[1])
    found, whole = field.explain(field.left.names[rows], field.right.names[columns], field.asked_grids)
    assert may_join.ravel()[whole | (found.joined != 0)].all()
