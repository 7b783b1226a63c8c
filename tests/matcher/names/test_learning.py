"""Does learning see the n-grams that encoding sums, and does it pull spellings together?"""

from __future__ import annotations

import numpy as np
import pytest

from matcher.names.encoder import NameEncoder, unit_rows
from matcher.names.features import BUCKETS
from matcher.names.learning import Concept, Settings, _beside, _Corpus, _draw, _neighbours, learn

CONCEPTS = [
    Concept("bn", ("সুনীতা", "सुनीता"), ("Sunita", "Suneeta")),
    Concept("bn", ("মণ্ডল",), ("Mondal", "Mandal")),
    Concept("bn", ("রহিম",), ("Rahim",)),
    Concept("bn", ("শেখ আলী",), ("Sheikh Ali",)),
    Concept("my", ("အောင်ကျော်မိုး",), ("Aung Kyaw Moe",), whole=True),
    Concept("my", ("ခင်ခင်",), ("Khin Khin",)),
    Concept("ne", ("राम बहादुर",), ("Ram Bahadur",), whole=True),
]


def test_a_bag_sums_to_what_the_encoder_gives() -> None:
    corpus = _Corpus(CONCEPTS, Settings(misspellings=0))
    encoder = NameEncoder(np.random.default_rng(1).standard_normal((BUCKETS, 8), dtype=np.float32), "any")
    table = encoder.table
    texts = [text for concept in CONCEPTS for text in (*concept.latin, *concept.native)]
    spelled = list(dict.fromkeys(texts))
    pieces, weights, starts = corpus.bags(np.arange(len(spelled))[:, None])
    sums = np.add.reduceat(table[pieces] * weights[:, None], starts, axis=0)
    numbers = {text: n for n, text in enumerate(_texts(CONCEPTS))}
    expected = encoder.encode(spelled)
    np.testing.assert_allclose(unit_rows(sums)[[numbers[text] for text in spelled]], expected, atol=1e-4)


def test_words_put_together_are_joined_as_in_one_name() -> None:
    corpus = _Corpus(CONCEPTS, Settings(misspellings=0))
    encoder = NameEncoder(np.random.default_rng(1).standard_normal((BUCKETS, 8), dtype=np.float32), "any")
    table = encoder.table
    numbers = {text: n for n, text in enumerate(_texts(CONCEPTS))}
    pieces, weights, starts = corpus.bags(np.array([[numbers["সুনীতা"], numbers["মণ্ডল"], -1]]))
    summed = unit_rows(np.add.reduceat(table[pieces] * weights[:, None], starts, axis=0))
    np.testing.assert_allclose(summed, encoder.encode(["সুনীতা মণ্ডল"]), atol=1e-4)


def _texts(concepts: list[Concept]) -> list[str]:
    """The order in which the corpus numbers spellings: of each concept the Latin ones, then the native ones."""
    return list(dict.fromkeys(text for concept in concepts for text in (*concept.latin, *concept.native)))


def test_a_batch_has_partners_of_equal_length_and_whole_names_stay_alone() -> None:
    settings = Settings(batch=400, swapped=0.0, omitted=0.0, misspellings=0)
    corpus = _Corpus(CONCEPTS, settings)
    left, right = _draw(corpus, settings, np.random.default_rng(2))
    assert left.shape == right.shape == (400, settings.longest)
    np.testing.assert_array_equal(left >= 0, right >= 0)
    assert (left[:, 0] >= 0).all()
    whole = np.isin(right[:, 0], [_texts(CONCEPTS).index("Ram Bahadur"), _texts(CONCEPTS).index("Aung Kyaw Moe")])
    assert whole.any()
    assert (right[whole, 1:] < 0).all()


def test_a_word_left_out_leaves_the_others_in_order() -> None:
    settings = Settings(batch=400, swapped=0.0, omitted=1.0, misspellings=0, clean=1.0)
    corpus = _Corpus(CONCEPTS, settings)
    left, right = _draw(corpus, settings, np.random.default_rng(2))
    shorter = (left >= 0).sum(axis=1) > (right >= 0).sum(axis=1)
    assert shorter.any()
    assert ((right[shorter, :2] >= 0).all(axis=1)).all()
    assert (right[shorter, 2] < 0).all()


def test_a_name_stands_beside_one_that_is_nearly_the_same() -> None:
    rng = np.random.default_rng(4)
    table = _Corpus(CONCEPTS, Settings(misspellings=0)).tables[0]
    words, concept = rng.integers(1, 3, 400), rng.integers(0, len(table.native), (400, 3))
    words[table.whole[concept[:, 0]]] = 1
    before = concept.copy()
    _beside(words, concept, table, Settings(near=0.5, longer=0.0), rng)
    np.testing.assert_array_equal(concept[::2], before[::2])
    np.testing.assert_array_equal(words[1::2], words[::2])
    used = np.arange(3)[None, :] < words[::2, None]
    differ = (concept[1::2] != concept[::2]) & used
    assert (differ.sum(axis=1) <= 1).all()
    assert differ.any(axis=1).mean() > 0.8
    _beside(words, concept, table, Settings(near=0.5, longer=1.0), rng)
    longer = words[1::2] == words[::2] + 1
    np.testing.assert_array_equal(longer, ~table.whole[concept[::2, 0]])
    np.testing.assert_array_equal(concept[1::2], concept[::2])


def test_neighbours_are_other_sounds_that_begin_alike() -> None:
    sounds = ["sita", "sunita", "gita", "sunil", "sunita"]
    near = _neighbours(sounds)
    assert all(sounds[row] != sound for sound, rows in zip(sounds, near, strict=True) for row in rows)
    assert sounds[near[1][list(near[1]).index(3)]] == "sunil"
    assert (_neighbours(["sita"]) == 0).all()


def test_learning_pulls_spellings_together_and_repeats() -> None:
    pytest.importorskip("torch", reason="the training extra is not installed")
    settings = Settings(steps=30, batch=64, misspellings=1)
    said: list[int] = []
    table = learn(CONCEPTS, settings, lambda step, _loss: said.append(step))
    np.testing.assert_array_equal(table, learn(CONCEPTS, settings))
    before = NameEncoder(learn(CONCEPTS, Settings(steps=1, batch=64, misspellings=1)), "before")
    after = NameEncoder(table, "after")

    def gap(encoder: NameEncoder) -> float:
        native, latin, other = encoder.encode(["সুনীতা", "Suneeta", "Rahim"])
        return float(native @ latin - native @ other)

    assert gap(after) > gap(before)
