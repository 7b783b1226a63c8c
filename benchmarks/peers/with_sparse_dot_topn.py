"""How far do letter 3-grams go? TF-IDF of names and district, and the best 20 products of sparse rows."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
from sklearn.feature_extraction.text import TfidfVectorizer
from sparse_dot_topn import sp_matmul_topn

from benchmarks.peers.pairs import ScoredIds, read_table
from benchmarks.stages import Stages

_EACH = 20
_READ = ("given", "surname", "nickname", "father_given", "father_surname", "district")


def rescues(left: Path, right: Path) -> ScoredIds:
    """Rank reports (left) for each rescued person (right) by the 3-grams of name, father's name and district."""
    stages = Stages()
    with stages("read"):
        tables = [read_table(path) for path in (left, right)]
        texts = [[" ".join(row[column] for column in _READ if row[column]) for row in rows] for rows in tables]
    with stages("vectors"):
        # Single precision, as its documentation advises: the products are limited by memory.
        vectorizer = TfidfVectorizer(analyzer="char_wb", ngram_range=(3, 3), dtype=np.float32)
        stored = vectorizer.fit_transform(texts[0]).T.tocsr()
        asked = vectorizer.transform(texts[1])
    with stages("compare"):
        found = sp_matmul_topn(asked, stored, top_n=_EACH, sort=True, n_threads=os.cpu_count()).tocoo()
    return ScoredIds(
        [tables[0][n]["id"] for n in found.col],
        [tables[1][n]["id"] for n in found.row],
        found.data.astype(np.float64),
        stages.taken,
    )
