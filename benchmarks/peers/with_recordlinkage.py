"""How does recordlinkage do it? Blocks, string comparisons cut at a threshold, and its ECM classifier, unsupervised."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import recordlinkage
from recordlinkage.index import Block

from benchmarks.peers.pairs import ScoredIds

_BLOCKS = ("given_name", "surname", "date_of_birth", "postcode")
_ALIKE = 0.85  # of Jaro-Winkler: the threshold of its documentation
_LEAST = 0.001


def febrl4(left: Path, right: Path) -> ScoredIds:
    """Link FEBRL 4: pairs that share a name, the date of birth or the postcode; nine features; ECM."""
    first, second = (pd.read_csv(path, dtype=str, index_col="rec_id") for path in (left, right))
    indexer = recordlinkage.Index([Block(column) for column in _BLOCKS])
    pairs = indexer.index(first, second)
    compare = recordlinkage.Compare()
    for column in ("given_name", "surname", "address_1", "address_2", "suburb"):
        compare.string(column, column, method="jarowinkler", threshold=_ALIKE, label=column)
    for column in ("date_of_birth", "postcode", "state", "street_number"):
        compare.exact(column, column, label=column)
    features = compare.compute(pairs, first, second)
    classifier = recordlinkage.ECMClassifier()
    classifier.fit(features)
    probability = classifier.prob(features).to_numpy(dtype=np.float64)
    kept = np.flatnonzero(probability >= _LEAST)
    chosen = features.index[kept]
    return ScoredIds(
        chosen.get_level_values(0).tolist(), chosen.get_level_values(1).tolist(), np.asarray(probability[kept])
    )
