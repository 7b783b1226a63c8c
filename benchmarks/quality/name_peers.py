"""How alike do this project and other open tools find two names? One function a method, from two columns to scores.

The others see names in ASCII (`anyascii`), the usual way to hand them a foreign script; logic-v2 does its own.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Sequence
from functools import lru_cache
from importlib import import_module
from itertools import permutations

import numpy as np
from anyascii import anyascii
from jellyfish import jaro_winkler_similarity
from rapidfuzz import fuzz
from rapidfuzz.process import cpdist

from matcher.evaluation import Floats
from matcher.names import NameEncoder
from matcher.names.alignment import compare_batch
from matcher.names.table import NameTable

OURS = "Sandhan"


def ours(left: Sequence[str], right: Sequence[str]) -> Floats:
    """Return `name_similarity` of each pair, by the batch comparison."""
    table = NameTable.build([*left, *right])
    ids = [np.array([table.ids[name] for name in side], dtype=np.int64) for side in (left, right)]
    return compare_batch(table, ids[0], ids[1]).similarity.astype(np.float64)


def encoder_cosine(left: Sequence[str], right: Sequence[str]) -> Floats:
    """Return the inner product of the retrieval vectors of each pair."""
    encoder = NameEncoder.load()
    return np.asarray(np.einsum("ij,ij->i", encoder.encode(left), encoder.encode(right)), dtype=np.float64)


def token_sort(left: Sequence[str], right: Sequence[str]) -> Floats:
    """Return rapidfuzz's token_sort_ratio of the names in ASCII."""
    scores = cpdist([_plain(n) for n in left], [_plain(n) for n in right], scorer=fuzz.token_sort_ratio)
    return np.asarray(scores, dtype=np.float64) / 100


def jaro_winkler(left: Sequence[str], right: Sequence[str]) -> Floats:
    """Return the Jaro-Winkler similarity of the names' ASCII words under their best alignment."""
    return np.array([_best_alignment(_plain(a).split(), _plain(b).split()) for a, b in zip(left, right, strict=True)])


def ngram_cosine(left: Sequence[str], right: Sequence[str]) -> Floats:
    """Return the TF-IDF cosine of the character 2- to 4-grams of the names in ASCII."""
    counts = {name: _grams(_plain(name)) for name in (*left, *right)}
    seen = Counter(gram for grams in counts.values() for gram in grams)
    idf = {gram: math.log((1 + len(counts)) / (1 + often)) + 1 for gram, often in seen.items()}
    vectors = {name: {gram: n * idf[gram] for gram, n in grams.items()} for name, grams in counts.items()}
    norms = {name: math.sqrt(sum(x * x for x in vector.values())) or 1.0 for name, vector in vectors.items()}
    return np.array(
        [
            sum(x * vectors[b].get(gram, 0.0) for gram, x in vectors[a].items()) / (norms[a] * norms[b])
            for a, b in zip(left, right, strict=True)
        ]
    )


def logic_v2(left: Sequence[str], right: Sequence[str]) -> Floats | None:
    """Return nomenklatura's logic-v2 score of two people with these names; None where it is not installed."""
    try:
        model = import_module("followthemoney").model
        logic = import_module("nomenklatura.matching").LogicV2
    except ImportError:
        return None
    config = logic.default_config()

    # It remembers what it read of an entity by its id: one for each name.
    people = {
        name: model.get_proxy({"id": f"name-{number}", "schema": "Person", "properties": {"name": [name]}})
        for number, name in enumerate(dict.fromkeys([*left, *right]))
    }
    return np.array(
        [logic.compare(people[a], people[b], config).score for a, b in zip(left, right, strict=True)],
        dtype=np.float64,
    )


METHODS: dict[str, Callable[[Sequence[str], Sequence[str]], Floats | None]] = {
    OURS: ours,
    "Sandhan, vectors alone": encoder_cosine,
    "anyascii + token_sort_ratio": token_sort,
    "anyascii + Jaro-Winkler": jaro_winkler,
    "anyascii + n-gram TF-IDF": ngram_cosine,
    "nomenklatura logic-v2": logic_v2,
}


@lru_cache(maxsize=65536)
def _plain(name: str) -> str:
    return " ".join("".join(c if c.isalpha() else " " for c in anyascii(name).lower()).split())


def _grams(text: str) -> Counter[str]:
    padded = f" {text} "
    return Counter(padded[i : i + n] for n in (2, 3, 4) for i in range(len(padded) - n + 1))


def _best_alignment(a: Sequence[str], b: Sequence[str]) -> float:
    """Return twice the best sum of similarities over the number of words: a word that one side lacks costs half."""
    few, many = sorted((a[:6], b[:6]), key=len)
    if not few:
        return 0.0
    grid = [[jaro_winkler_similarity(x, y) for y in many] for x in few]
    best = max(sum(grid[i][j] for i, j in enumerate(order)) for order in permutations(range(len(many)), len(few)))
    return 2 * best / (len(few) + len(many))
