"""`sandhan evaluate names`: the recall it prints is that of the whole table of similarities, pool and all."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from api.commands import evaluate
from matcher.evaluation import ranks_of_truth, recall_at
from matcher.names.encoder import NameEncoder

PAIRS = (
    ("সুনীতা মণ্ডল", "Sunita Mandal", "bn"),
    ("সুনীতা মণ্ডল", "Sunita Mondal", "bn"),
    ("রিতা দাস", "Rita Das", "bn"),
    ("सीता राय", "Sita Rai", "hi"),
)
POOL = ("Sita Ray", "Rita Das", "Sunita Mondol", "রীতা দাস", "Sita Ray", "Gita Rai")


@pytest.fixture
def files(tmp_path: Path) -> tuple[str, str]:
    pairs, pool = tmp_path / "pairs.tsv", tmp_path / "pool.txt"
    pairs.write_text("native_script\tlatin\tlang\n" + "".join("\t".join(row) + "\n" for row in PAIRS), "utf-8")
    pool.write_text("".join(f"{name}\t7\n" for name in POOL) + "\n", "utf-8")
    return str(pairs), str(pool)


@pytest.mark.parametrize("with_pool", [True, False])
def test_recall_is_that_of_all_candidates_at_once(files: tuple[str, str], with_pool: bool) -> None:
    arguments = ["names", "--pairs", files[0], "--json", *(["--pool", files[1]] if with_pool else [])]
    result = CliRunner().invoke(evaluate.app, arguments)
    assert result.exit_code == 0, result.output
    found = json.loads(result.stdout)
    encoder = NameEncoder.load()
    assert found["encoder"] == encoder.encoder_id
    for lang, count in (("bn", 3), ("hi", 1)):
        assert found["languages"][lang]["pairs"] == count
        sides = [[row[side] for row in PAIRS if row[2] == lang] for side in (0, 1)]
        for way, queries, targets in (("native_to_latin", *sides), ("latin_to_native", *sides[::-1])):
            candidates = list(dict.fromkeys((*targets, *(POOL if with_pool else ()))))
            similarities = encoder.encode(queries) @ encoder.encode(candidates).T
            truth = np.array([candidates.index(target) for target in targets])
            assert found["languages"][lang][way] == recall_at(ranks_of_truth(similarities, truth), (1, 10, 50))


def test_a_missing_column_is_named(tmp_path: Path) -> None:
    path = tmp_path / "pairs.tsv"
    path.write_text("native_script\tlatin\nx\ty\n", "utf-8")
    result = CliRunner().invoke(evaluate.app, ["names", "--pairs", str(path)])
    assert result.exit_code != 0
    assert "lang" in result.output
