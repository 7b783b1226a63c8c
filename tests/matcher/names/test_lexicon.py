"""Is what is kept of words what reading them anew would give, also when there are too many, and with many threads?"""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from matcher.names import NameEncoder
from matcher.names.encoder import _KnownSums
from matcher.names.features import BUCKETS, SOUNDED
from matcher.names.grammar import read_words
from matcher.names.grammar_tables import Kind
from matcher.names.lexicon import Lexicon
from matcher.names.reading import read_names

MANY = [f"name{letter}" for letter in "abcdefgh"]


@pytest.fixture(autouse=True)
def anew() -> Iterator[None]:
    Lexicon.forget()
    yield
    Lexicon.forget()


def forms(lexicon: Lexicon, row: int) -> list[tuple[str, float, bool]]:
    sounds = lexicon.sounds.values[lexicon.begins.values[row] : lexicon.begins.values[row + 1]]
    return [
        (lexicon.forms[lexicon.folds.values[n]], float(lexicon.weights.values[n]), bool(lexicon.initials.values[n]))
        for n in sounds
    ]


def read(word: str) -> list[tuple[str, float, bool]]:
    return [(token.folded, float(np.float32(token.weight)), token.initial) for token in read_words([word])[0]]


def test_a_word_is_kept_as_it_is_read() -> None:
    words = ["sunita", "এম", "daw", "အောင်ကျော်", "এবিএম", "md", "x"]
    lexicon, rows = Lexicon.knowing(words)
    assert [forms(lexicon, row) for row in lexicon.rows_of(words)] == [read(word) for word in words]
    assert lexicon.kinds.values[lexicon.rows_of(words)[:3]].tolist() == [Kind.NONE, Kind.INITIAL, Kind.TITLE]
    again, same = Lexicon.knowing(words[::-1])
    assert again is lexicon
    assert same.tolist() == rows.tolist()[::-1]


def test_a_word_as_typed_may_be_several_or_none() -> None:
    lexicon, rows = Lexicon.knowing(["N.K.", "Ram,", "123", "ram", "s/o"])
    begins = lexicon.typed_begins.values
    found = [
        [lexicon.words[n] for n in lexicon.typed_words.values[begins[row] : begins[row + 1]]] for row in rows.tolist()
    ]
    assert found == [["n", "k"], ["ram"], [], ["ram"], ["s", "o"]]
    assert lexicon.typed_unusual.values[rows].tolist() == [False, False, False, False, True]


def test_an_initial_has_a_row_of_its_own() -> None:
    lexicon, _ = Lexicon.knowing(["এম"])
    row = lexicon.row_of_initial("এম")
    assert forms(lexicon, row) == [("m", pytest.approx(0.3), True)]
    assert lexicon.row_of_initial("এম") == row
    assert lexicon.words[int(lexicon.texts.values[row])] == "এম"


def test_too_many_words_begin_anew_and_serve_who_holds_them() -> None:
    first, rows = Lexicon.knowing(["sunita", "rani"], limit=4)
    same, _ = Lexicon.knowing(["sunita", "rita"], limit=4)
    assert same is first
    later, _ = Lexicon.knowing(MANY, limit=4)
    assert later is not first
    assert len(later.words) == len(MANY)
    assert [first.words[row] for row in first.typed_words.values[rows]] == ["sunita", "rani"]


def test_many_threads_read_as_one_does() -> None:
    batches = [[f"{given}{n} {family} {n % 7}" for given in ("Ram", "সুনীতা")] for n in range(300) for family in MANY[:3]]
    expected = [read_names(batch).weights.tolist() for batch in batches]
    tokens = [[read.vocabulary[t] for t in read.tokens] for read in map(read_names, batches)]
    Lexicon.forget()
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(read_names, batches))
    assert [read.weights.tolist() for read in found] == expected
    assert [[read.vocabulary[t] for t in read.tokens] for read in found] == tokens


def test_sums_are_kept_until_there_are_too_many() -> None:
    table = np.random.default_rng(5).integers(-300, 300, (BUCKETS, 8), dtype=np.int16)
    kept, once = _KnownSums(table, SOUNDED, limit=4), _KnownSums(table, SOUNDED)
    for words in (["ram", "sita"], ["sita", "gita", "ram"], MANY, ["ram"], ["ram", "ram", ""]):
        np.testing.assert_array_equal(kept(words), once(words))
    assert len(kept._rows) <= len(MANY)


def test_encoding_after_forgetting_gives_the_same() -> None:
    encoder = NameEncoder.load()
    names = ["Sunita Mondal", "သန်းဌေး", "AKM Rahim", ""]
    before = encoder.encode(names)
    encoder.forget()
    Lexicon.forget()
    np.testing.assert_array_equal(encoder.encode(names), before)
