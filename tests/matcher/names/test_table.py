"""Are names as arrays the names that went in?"""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from name_cases import names

from matcher.names.grammar import NameToken, parse_name
from matcher.names.phonetics import encode_tokens
from matcher.names.table import MAX_TOKENS, NameTable, strongest_words


def weighing(*weights: float) -> tuple[NameToken, ...]:
    return tuple(NameToken(f"w{i}", f"w{i}", f"w{i}", weight) for i, weight in enumerate(weights))


def test_repeated_names_take_one_row() -> None:
    table = NameTable.build(["Ram Das", "Sita Das", "Ram Das"])
    assert len(table) == 2
    assert table.ids == {"Ram Das": 0, "Sita Das": 1}
    assert table.tokens[0, 1] == table.tokens[1, 1]


def test_a_name_without_words_has_an_empty_row() -> None:
    table = NameTable.build(["", "123"])
    assert (table.tokens == -1).all()
    assert not table.weights.any()


def test_no_names() -> None:
    table = NameTable.build([])
    assert len(table) == 0
    assert table.tokens.shape == (0, MAX_TOKENS)


def test_of_many_words_the_strongest_stay_in_their_order() -> None:
    kept = strongest_words(weighing(0.1, 1.0, 0.2, 1.0, 1.0, 0.3, 1.0))
    assert [token.text for token in kept] == ["w1", "w3", "w4", "w5", "w6"]
    assert [token.text for token in strongest_words(weighing(*[1.0] * 9))] == ["w0", "w1", "w2", "w3", "w4"]


def test_another_parser_may_be_given() -> None:
    table = NameTable.build(["anything"], parse=lambda text: (NameToken(text, "x", "x", 0.5, initial=True),))
    assert table.vocabulary == ("x",)
    assert table.initials[0, 0]


@given(st.lists(names, max_size=6))
@settings(deadline=None, max_examples=60)
def test_rows_hold_what_the_parser_found(texts: list[str]) -> None:
    table = NameTable.build(texts)
    np.testing.assert_array_equal(table.codes, encode_tokens(list(table.vocabulary)))
    for row, name in enumerate(table.names):
        parsed = strongest_words(parse_name(name))
        assert len(parsed) <= MAX_TOKENS
        present = table.tokens[row] >= 0
        assert present.tolist() == [column < len(parsed) for column in range(MAX_TOKENS)]
        assert [table.vocabulary[code] for code in table.tokens[row, present]] == [token.folded for token in parsed]
        np.testing.assert_allclose(table.weights[row, present], [token.weight for token in parsed])
        assert table.initials[row, present].tolist() == [token.initial for token in parsed]
